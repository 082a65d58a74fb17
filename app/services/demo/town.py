"""The demo's town: one subdistrict, four communities, and who works there. All of it is made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.models import Account, Party, PartyKind, PlaceKind, Staff
from app.permissions import LABELS, Role
from app.services import actors, edge
from app.services.actors import Viewer
from app.services.demo.tree import Tree

PASSWORD = "sifang-demo"  # noqa: S105  it is printed at every start and in the README

DOMAIN = "demo.invalid"
"""Mail to it reaches nobody."""
STREET = "柳溪街道"
MAIN = "yuyin"
COURT = "xinglin"


@dataclass(frozen=True, slots=True)
class Estate:
    """A compound: its grid, and how many buildings of how many entrances it has."""

    key: str
    name: str
    grid: int
    buildings: int
    entrances: int


COMMUNITIES: dict[str, tuple[str, tuple[Estate, ...]]] = {
    MAIN: (
        "榆荫社区",
        (
            Estate("main", "榆荫里", 1, 28, 4),
            Estate("east", "榆荫东里", 1, 3, 3),
            Estate("west", "榆荫西里", 2, 3, 3),
            Estate("bank", "银行宿舍", 3, 2, 2),
            Estate("school", "师范家属院", 3, 2, 3),
            Estate("mill", "面粉厂宿舍", 3, 1, 4),
        ),
    ),
    COURT: (
        "杏林社区",
        (
            Estate("court", "七号大院", 1, 3, 2),
            Estate("north", "杏林北里", 1, 12, 4),
            Estate("south", "杏林南里", 2, 10, 4),
            Estate("garden", "药圃小区", 2, 8, 3),
            Estate("lane", "井儿胡同", 3, 4, 1),
            Estate("rail", "铁路宿舍", 3, 6, 3),
        ),
    ),
    "wangchao": (
        "望潮社区",
        tuple(
            Estate(f"e{n}", f"望潮{name}园", 1 + n // 3, 5 + n % 3, 3)
            for n, name in enumerate("一二三四五六七八九十")
        ),
    ),
    "shiqiao": (
        "石桥社区",
        tuple(
            Estate(f"e{n}", f"石桥{name}里", 1 + n // 4, 6, 3)
            for n, name in enumerate("东南西北中外")
        ),
    ),
}
"""By key: name and compounds. The first one is the newcomer's; it is written in full."""

_PARTIES: dict[str, tuple[PartyKind, str]] = {
    "org": (PartyKind.PARTY_ORG, "{0}社区党委"),
    "committee": (PartyKind.COMMITTEE, "{0}社区居委会"),
    "council": (PartyKind.COUNCIL, "{0}居民议事会"),
    "property": (PartyKind.PROPERTY, "{0}物业服务中心"),
}
_UNITS: dict[str, str] = {
    "water": "柳溪自来水公司",
    "power": "柳溪供电所",
    "drain": "柳溪排水管理所",
    "builder": "榆荫里改造施工单位",
    "fire": "柳溪消防救援站",
}
"""Outside bodies: they belong to the subdistrict."""


@dataclass(frozen=True, slots=True)
class Post:
    """A login of the demo: who, in which role, where, for which party."""

    login: str
    role: Role
    family: str
    given: str
    place: str
    party: str | None
    title: str


def _posts(community: str, number: int) -> list[Post]:
    """The logins of a community; those of the first one have no number."""
    name = COMMUNITIES[community][0].removesuffix("社区")
    mark = "" if number == 1 else str(number)
    grid = f"{community}/grid1"
    rows = (
        ("shuji", Role.SECRETARY, "书记", community, "org", f"{name}社区书记"),
        ("juwei", Role.COMMITTEE_STAFF, "居委", community, "committee", "居委会工作人员"),
        ("wangge", Role.GRID_WORKER, "网格", grid, "committee", "第一网格网格员"),
        ("wuye", Role.PROPERTY_STAFF, "物业", community, "property", "物业项目经理"),
        ("yishi", Role.COUNCIL_MEMBER, "议事", community, "council", "议事会成员"),
        ("zhuchi", Role.FACILITATOR, "主持", community, "committee", "会议主持人"),
    )
    families = ("林", "苏", "秦", "罗")[number - 1]
    return [
        Post(f"{login}{mark}", role, families, given, place, f"{community}/{party}", title)
        for login, role, given, place, party, title in rows
    ]


POSTS: tuple[Post, ...] = (
    *_posts(MAIN, 1),
    Post("jiedao", Role.SUBDISTRICT, "柳", "街道", "street", None, "街道平安建设办"),
    Post("liucheng", Role.WORKFLOW_ADMIN, "程", "流程", "district", None, "流程管理员"),
    Post("admin", Role.ADMIN, "管", "理员", "district", None, "系统管理员"),
    Post("shigong", Role.PROPERTY_STAFF, "石", "施工", MAIN, "builder", "施工单位负责人"),
    Post("shuisi", Role.PROPERTY_STAFF, "江", "水司", "street", "water", "自来水公司联络员"),
    Post("gongdian", Role.PROPERTY_STAFF, "雷", "供电", "street", "power", "供电所联络员"),
    Post("paishui", Role.PROPERTY_STAFF, "沟", "排水", "street", "drain", "排水所联络员"),
    *(post for n, key in enumerate(COMMUNITIES, 1) if n > 1 for post in _posts(key, n)),
)
"""Most useful first: the nine roles as they look at the first community."""

SINCE = timedelta(days=400)
"""The bindings are older than every matter of the demo."""


@dataclass(frozen=True, slots=True)
class Login:
    login: str
    password: str
    role: dict[str, str]
    place: str


@dataclass(slots=True)
class Town:
    tree: Tree
    parties: dict[str, int] = field(default_factory=dict)
    people: dict[str, Viewer] = field(default_factory=dict)

    def place(self, key: str) -> int:
        return self.tree.spots[key].id


def logins() -> list[Login]:
    """Who can log in, most useful first."""
    names = {"district": "澄湖区", "street": STREET, **{k: c[0] for k, c in COMMUNITIES.items()}}
    return [
        Login(post.login, PASSWORD, LABELS[post.role], names[post.place.split("/")[0]])
        for post in POSTS
    ]


def build(session: Session, now: datetime) -> Town:
    """Places, parties, logins; flushes."""
    town = Town(_tree())
    town.tree.plant(session)
    _parties(session, town)
    _people(session, town, edge.today(now))
    return town


def _tree() -> Tree:
    tree = Tree()
    tree.add("district", PlaceKind.DISTRICT, "澄湖区", None)
    tree.add("street", PlaceKind.SUBDISTRICT, STREET, "district")
    for key, (name, estates) in COMMUNITIES.items():
        tree.add(key, PlaceKind.COMMUNITY, name, "street")
        for number in sorted({estate.grid for estate in estates}):
            grid = f"第{'一二三四五'[number - 1]}网格"
            tree.add(f"{key}/grid{number}", PlaceKind.GRID, grid, key)
        for estate in estates:
            compound = f"{key}/{estate.key}"
            tree.add(compound, PlaceKind.COMPOUND, estate.name, f"{key}/grid{estate.grid}")
            tree.houses(compound, estate.buildings, estate.entrances)
    return tree


def _parties(session: Session, town: Town) -> None:
    rows: dict[str, Party] = {}
    for key, (name, _) in COMMUNITIES.items():
        for party, (kind, words) in _PARTIES.items():
            rows[f"{key}/{party}"] = Party(
                place_id=town.place(key),
                kind=kind,
                name=words.format(name.removesuffix("社区")),
            )
    for unit, name in _UNITS.items():
        rows[unit] = Party(place_id=town.place("street"), kind=PartyKind.OTHER, name=name)
    session.add_all(rows.values())
    session.flush()
    town.parties = {key: row.id for key, row in rows.items()}


def _people(session: Session, town: Town, today: date) -> None:
    known = {row.name: row for row in session.scalars(sa.select(RoleRow))}
    # one costly hash for all of them: the password is public anyway
    secret = generate_password_hash(PASSWORD)
    users = {}
    for post in POSTS:
        user = User(
            username=post.login,
            first_name=post.given,
            last_name=post.family,
            email=f"{post.login}@{DOMAIN}",
            active=True,
            password=secret,
        )
        role = known.setdefault(post.role, RoleRow(name=post.role.value))
        user.roles = [role]
        users[post.login] = user
    session.add_all(users.values())
    session.flush()
    for post in POSTS:
        user = users[post.login]
        session.add(Account(user_id=user.id))
        session.add(
            Staff(
                user_id=user.id,
                place_id=town.place(post.place),
                party_id=town.parties[post.party] if post.party else None,
                title=post.title,
                since=today - SINCE,
            )
        )
    session.flush()
    town.people = {
        login: actors.viewer(session, user, today=today) for login, user in users.items()
    }
