"""The fixed cast: two communities under one subdistrict, and who works there.

Cuiwei (翠微) is where the tests happen; Hongmian (红棉) next door is where the outsiders are. Every
person is made up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.models import Party, PartyKind, Place, PlaceKind, Staff
from app.permissions import Role
from app.services import actors, places
from app.services.actors import Viewer

PASSWORD = "Sifang-2026!"
_HASH = generate_password_hash(PASSWORD, method="scrypt:1024:8:1")
"""Cheap on purpose: hundreds of logins are made in a test run."""
SINCE = date(2026, 1, 1)

# username: role, family name, given name, place, party
PEOPLE: dict[str, tuple[Role, str, str, str, str | None]] = {
    "admin": (Role.ADMIN, "管", "理员", "district", None),
    "designer": (Role.WORKFLOW_ADMIN, "程", "设计", "district", None),
    "street": (Role.SUBDISTRICT, "街", "道人", "subdistrict", None),
    "secretary": (Role.SECRETARY, "舒", "记", "cuiwei", "party_org"),
    "staff": (Role.COMMITTEE_STAFF, "居", "小委", "cuiwei", "committee"),
    "grid": (Role.GRID_WORKER, "葛", "网格", "grid", "committee"),
    "property": (Role.PROPERTY_STAFF, "吴", "业", "cuiwei", "property"),
    "council": (Role.COUNCIL_MEMBER, "易", "事会", "cuiwei", "council"),
    "facilitator": (Role.FACILITATOR, "祝", "持人", "cuiwei", "committee"),
    "outsider": (Role.SECRETARY, "温", "旁人", "hongmian", "hongmian_org"),
    "outsider_property": (Role.PROPERTY_STAFF, "郑", "外包", "hongmian", "hongmian_property"),
}


_TREE: dict[str, tuple[PlaceKind, str, str | None]] = {
    "district": (PlaceKind.DISTRICT, "河畔区", None),
    "subdistrict": (PlaceKind.SUBDISTRICT, "云桥街道", "district"),
    "cuiwei": (PlaceKind.COMMUNITY, "翠微社区", "subdistrict"),
    "hongmian": (PlaceKind.COMMUNITY, "红棉社区", "subdistrict"),
    "grid": (PlaceKind.GRID, "第一网格", "cuiwei"),
    "compound": (PlaceKind.COMPOUND, "翠微南里", "grid"),
    "building": (PlaceKind.BUILDING, "4号楼", "compound"),
    "entrance": (PlaceKind.ENTRANCE, "1单元", "building"),
    "entrance2": (PlaceKind.ENTRANCE, "2单元", "building"),
    "far_compound": (PlaceKind.COMPOUND, "红棉东里", "hongmian"),
}
PLACES = {key: name for key, (_, name, _) in _TREE.items()}

_PARTIES: dict[str, tuple[str, PartyKind, str]] = {
    "party_org": ("cuiwei", PartyKind.PARTY_ORG, "翠微社区党委"),
    "committee": ("cuiwei", PartyKind.COMMITTEE, "翠微社区居委会"),
    "council": ("cuiwei", PartyKind.COUNCIL, "翠微居民议事会"),
    "property": ("cuiwei", PartyKind.PROPERTY, "翠微物业公司"),
    "water": ("cuiwei", PartyKind.OTHER, "自来水公司"),
    "hongmian_org": ("hongmian", PartyKind.PARTY_ORG, "红棉社区党委"),
    "hongmian_property": ("hongmian", PartyKind.PROPERTY, "红棉物业公司"),
}
PARTIES = {key: name for key, (_, _, name) in _PARTIES.items()}


@dataclass(slots=True)
class Cast:
    """Places, parties and people by short names."""

    session: Session
    places: dict[str, Place] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def viewer(self, name: str) -> Viewer:
        return actors.viewer(self.session, self.users[name], today=date(2026, 11, 21))


def settle(session: Session) -> Cast:
    """Write the cast; flushes."""
    cast = Cast(session)
    _places(cast)
    _parties(cast)
    roles = {row.name: row for row in session.query(RoleRow)}
    for name, (role, family, given, place, party) in PEOPLE.items():
        if role not in roles:
            roles[role] = RoleRow(name=role)
            session.add(roles[role])
        user = User(
            username=name,
            first_name=given,
            last_name=family,
            email=f"{name}@example.org",
            active=True,
            password=_HASH,
        )
        user.roles = [roles[role]]
        session.add(user)
        session.flush()
        session.add(
            Staff(
                user_id=user.id,
                place_id=cast.places[place].id,
                party_id=cast.parties[party].id if party else None,
                since=SINCE,
            )
        )
        cast.users[name] = user
    session.flush()
    return cast


def _places(cast: Cast) -> None:
    for key, (kind, name, parent) in _TREE.items():
        above = cast.places[parent] if parent else None
        cast.places[key] = places.add(cast.session, kind, name, above)


def _parties(cast: Cast) -> None:
    for key, (place, kind, name) in _PARTIES.items():
        party = Party(place_id=cast.places[place].id, kind=kind, name=name)
        cast.session.add(party)
        cast.parties[key] = party
    cast.session.flush()


def found(session: Session) -> Cast:
    """The cast that ``settle`` wrote earlier, loaded into this session."""
    cast = Cast(session)
    people = {user.username: user for user in session.query(User)}
    cast.users = {name: people[name] for name in PEOPLE}
    by_name = {place.name: place for place in session.query(Place)}
    cast.places = {key: by_name[name] for key, name in PLACES.items()}
    parties = {party.name: party for party in session.query(Party)}
    cast.parties = {key: parties[name] for key, name in PARTIES.items()}
    return cast
