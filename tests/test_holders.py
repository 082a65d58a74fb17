"""Who would hold each role of a workflow where: the table, and the checker's warnings from it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy.orm import Session

from app.models import Place, PlaceKind, Staff
from app.services import definitions, holders, places, recipients
from app.services.holders import Held
from app.workflows.spec import Workflow
from tests.cast import Cast
from tests.matters import MATTER

ROLES = ["Secretary", "CommitteeStaff", "GridWorker", "Subdistrict", "Facilitator"]


def workflow(roles: list[str]) -> Workflow:
    """A workflow that needs these roles and no others."""
    return Workflow.model_validate(
        {
            "key": "small",
            "label": "小",
            "start": "a",
            "openers": ["Resident"],
            "states": [{"key": "a", "label": "甲"}, {"key": "z", "label": "完", "kind": "done"}],
            "transitions": [{"key": "t", "label": "办", "from": "a", "to": "z", "roles": roles}],
        }
    )


def table(session: Session, cast: Cast, now: datetime, who: str = "admin") -> dict[str, Held]:
    found = holders.table(session, cast.viewer(who), workflow(ROLES), now)
    return {held.role: held for held in found}


def said(held: Held) -> dict[str, tuple[str, set[str]]]:
    """Each community with how the role is held there, and by whom."""
    return {
        place: (spot.way, {holder.name for holder in spot.holders})
        for spot in held.spots
        for place in spot.places
    }


def test_who_holds_a_role_where(session: Session, cast: Cast, now: datetime) -> None:
    found = table(session, cast, now)
    assert list(found) == ROLES
    assert said(found["Secretary"]) == {
        "翠微社区": ("here", {"舒记"}),
        "红棉社区": ("here", {"温旁人"}),
    }
    assert said(found["CommitteeStaff"]) == {
        "翠微社区": ("here", {"居小委"}),
        "红棉社区": ("nobody", set()),
    }
    assert said(found["GridWorker"])["翠微社区"] == ("here", {"葛网格"}), "in a part of it"
    assert said(found["Subdistrict"]) == {
        "翠微社区": ("above", {"街道人"}),
        "红棉社区": ("above", {"街道人"}),
    }
    assert (found["Facilitator"].here, found["Facilitator"].above) == (1, 0)
    assert found["Facilitator"].vacant == ("红棉社区",)


def test_communities_with_the_same_answer_are_told_together(
    session: Session, cast: Cast, now: datetime
) -> None:
    for number in range(30):
        places.add(session, PlaceKind.COMMUNITY, f"第{number:02}社区", cast.places["subdistrict"])
    found = table(session, cast, now)
    assert [len(spot.places) for spot in found["Subdistrict"].spots] == [32]
    assert [spot.way for spot in found["Secretary"].spots] == ["nobody", "here", "here"]
    assert len(found["Secretary"].vacant) == 30


@pytest.mark.parametrize("how", ["left", "not yet", "inactive"])
def test_who_has_gone_or_not_come_holds_nothing(
    session: Session, cast: Cast, now: datetime, how: str
) -> None:
    user = cast.users["secretary"]
    binding = session.scalars(sa.select(Staff).where(Staff.user_id == user.id)).one()
    if how == "left":
        binding.until = date(2026, 11, 18)
    elif how == "not yet":
        binding.since = date(2026, 11, 20)
    else:
        user.active = False
    session.flush()
    found = table(session, cast, now)["Secretary"]
    assert found.vacant == ("翠微社区",)
    assert holders.vacancies(session, now)("Secretary") == ["翠微社区"]


def test_who_leaves_today_still_holds_it(session: Session, cast: Cast, now: datetime) -> None:
    user = cast.users["secretary"]
    session.scalars(sa.select(Staff).where(Staff.user_id == user.id)).one().until = now.date()
    session.flush()
    assert table(session, cast, now)["Secretary"].vacant == ()


def test_the_checker_warns_of_the_gaps_of_the_table(
    session: Session, cast: Cast, now: datetime
) -> None:
    spec = workflow(ROLES)
    warned = {
        f.text.zh.split("“")[1].split("”")[0]: f.text.zh
        for f in definitions.findings(session, spec)
        if f.code == "no_holder"
    }
    gaps = {held.role for held in table(session, cast, now).values() if held.vacant}
    assert gaps == {"CommitteeStaff", "GridWorker", "Facilitator"}
    assert len(warned) == len(gaps)
    assert all("红棉社区" in text for text in warned.values())


def test_the_table_names_whom_notices_find(session: Session, cast: Cast, now: datetime) -> None:
    """In a community itself, the answer is that of ``recipients``."""
    for role, held in table(session, cast, now).items():
        for place in ("cuiwei", "hongmian"):
            way, names = said(held)[cast.places[place].name]
            rows = session.execute(recipients.staff(now).where(RoleRow.name == role)).all()
            path = session.get_one(Place, cast.places[place].id).path
            on_the_way = [row for row in rows if path.startswith(row.path)]
            nearest = max((len(row.path) for row in on_the_way), default=0)
            found = {row.user_id for row in on_the_way if len(row.path) == nearest}
            if way == "nobody":
                assert not found
            elif found:
                assert len(names) >= len(found)


def test_one_sees_names_of_ones_own_places(session: Session, cast: Cast, now: datetime) -> None:
    found = table(session, cast, now, "secretary")
    assert set(said(found["Secretary"])) == {"翠微社区"}, "no other community is told of"
    assert said(found["Subdistrict"]) == {"翠微社区": ("above", {""})}
    assert found["Subdistrict"].spots[0].holders[0].place == "云桥街道"
    street = table(session, cast, now, "street")
    assert set(said(street["Secretary"])) == {"翠微社区", "红棉社区"}


def test_notices_need_holders_too(session: Session, cast: Cast, now: datetime) -> None:
    spec = Workflow.model_validate(MATTER)
    roles = [held.role for held in holders.table(session, cast.viewer("admin"), spec, now)]
    assert "Resident" not in roles
    assert "System" not in roles
    assert len(roles) == len(set(roles)) >= 2
