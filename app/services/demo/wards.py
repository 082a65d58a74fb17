"""Generated communities for load: places, parties and logins of many at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User, assoc_user_role
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.models import Party, PartyKind, Place, PlaceKind, Staff
from app.permissions import Role
from app.services import actors
from app.services.demo import names
from app.services.demo.town import DOMAIN, PASSWORD, Town
from app.services.demo.tree import Spot, Tree

SUBDISTRICT = 20
"""Communities of one subdistrict."""
COMPOUNDS, BUILDINGS = 3, 8
ROLES = {
    "shuji": (Role.SECRETARY, "org"),
    "juwei": (Role.COMMITTEE_STAFF, "committee"),
    "wangge": (Role.GRID_WORKER, "committee"),
    "wuye": (Role.PROPERTY_STAFF, "property"),
}
PARTIES = {
    "org": (PartyKind.PARTY_ORG, "党委"),
    "committee": (PartyKind.COMMITTEE, "居委会"),
    "property": (PartyKind.PROPERTY, "物业公司"),
}


@dataclass(slots=True)
class Ward:
    """A generated community: what cases name, by short keys."""

    key: str
    houses: list[Spot] = field(default_factory=list)
    people: dict[str, tuple[int, str]] = field(default_factory=dict)
    parties: dict[str, tuple[int, str]] = field(default_factory=dict)


def build(session: Session, count: int, today: date) -> tuple[list[Ward], Town]:
    """So many communities in a district of their own, and the first of them as a town."""
    tree = Tree()
    number = session.scalar(
        sa.select(sa.func.count()).where(
            Place.kind == PlaceKind.DISTRICT, Place.parent_id.is_(None)
        )
    )
    tree.add("d", PlaceKind.DISTRICT, f"负载{(number or 0) + 1}区", None)
    wards = [_plan(tree, index) for index in range(count)]
    tree.plant(session)
    for ward in wards:
        ward.houses = [
            spot
            for compound in range(COMPOUNDS)
            for spot in (
                tree.spots[f"{ward.key}/c{compound}/{house}"] for house in range(1, BUILDINGS + 1)
            )
        ]
    _parties(session, wards, tree)
    users = _people(session, wards, tree, today)
    first = wards[0]
    town = Town(tree, {key: party[0] for key, party in first.parties.items()})
    town.people = {
        login: actors.viewer(session, session.get_one(User, users[first.key, login]), today=today)
        for login in ROLES
    }
    return wards, town


def _plan(tree: Tree, index: int) -> Ward:
    street = f"d/s{index // SUBDISTRICT}"
    if street not in tree.nodes:
        name = f"第{index // SUBDISTRICT + 1}街道"
        tree.add(street, PlaceKind.SUBDISTRICT, name, "d")
    key = tree.add(f"{street}/{index}", PlaceKind.COMMUNITY, f"第{index + 1}社区", street)
    for compound in range(COMPOUNDS):
        name = f"{'东南西'[compound]}里"
        tree.houses(tree.add(f"{key}/c{compound}", PlaceKind.COMPOUND, name, key), BUILDINGS, 0)
    return Ward(key)


def _parties(session: Session, wards: list[Ward], tree: Tree) -> None:
    rows = [
        {"place_id": tree.spots[w.key].id, "kind": kind, "name": f"{tree.spots[w.key].name}{name}"}
        for w in wards
        for kind, name in PARTIES.values()
    ]
    ids = session.scalars(
        sa.insert(Party).returning(Party.id, sort_by_parameter_order=True), rows
    ).all()
    pairs = zip(ids, (str(row["name"]) for row in rows), strict=True)
    for ward in wards:
        ward.parties = {key: next(pairs) for key in PARTIES}


def _people(
    session: Session, wards: list[Ward], tree: Tree, today: date
) -> dict[tuple[str, str], int]:
    """Logins such as ``l7-3-shuji``: of the district with id 7, the fourth community."""
    root, secret = tree.spots["d"].id, generate_password_hash(PASSWORD)
    posts = [(ward, login) for ward in wards for login in ROLES]
    rows = []
    for index, (ward, login) in enumerate(posts):
        family, given = names.person(index)
        username = f"l{root}-{ward.key.rpartition('/')[2]}-{login}"
        row = {"first_name": given, "last_name": family, "username": username, "active": True}
        rows.append({**row, "email": f"{username}@{DOMAIN}", "password": secret})
    ids = session.scalars(
        sa.insert(User).returning(User.id, sort_by_parameter_order=True), rows
    ).all()
    roles = {row.name: row.id for row in session.scalars(sa.select(RoleRow))}
    session.execute(
        sa.insert(assoc_user_role),
        [
            {"user_id": user_id, "role_id": roles[ROLES[login][0]]}
            for user_id, (_, login) in zip(ids, posts, strict=True)
        ],
    )
    for index, (user_id, (ward, login)) in enumerate(zip(ids, posts, strict=True)):
        ward.people[login] = (user_id, names.full(index))
    session.execute(
        sa.insert(Staff),
        [
            {
                "user_id": user_id,
                "place_id": tree.spots[ward.key].id,
                "party_id": ward.parties[ROLES[login][1]][0],
                "since": today - timedelta(days=800),
            }
            for user_id, (ward, login) in zip(ids, posts, strict=True)
        ],
    )
    return {(ward.key, login): id_ for id_, (ward, login) in zip(ids, posts, strict=True)}
