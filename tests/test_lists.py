"""Lists: filters, order, pages, parts; the same for ledgers and work lists."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.services import saved
from app.views.admin import LEDGERS
from app.views.lists import cases as case_lists
from tests import world
from tests.cast import Cast
from tests.raising import Matter
from tests.shelf import WORK, chips, titles
from tests.visitor import Visitor

Make = Callable[..., Matter]
FORMS = ("/grievances/new", "/meetings/new", "/consultations/new")
PARTIAL = {"HX-Request": "true", "HX-Target": "list"}


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> Make:
    def begin(title: str = "盼装长椅", **form: str) -> Matter:
        matter = Matter(session, cast, now).begin(title=title, **form)
        session.commit()
        return matter

    return begin


@pytest.fixture
def staff(app: Flask, session: Session) -> Visitor:
    return Visitor(app).sign_in("staff")


# --- filters ------------------------------------------------------------------------------------


def test_each_filter_narrows_the_list_and_is_a_chip_that_takes_it_away(
    staff: Visitor, make: Make, cast: Cast
) -> None:
    bench, leak = make("盼装长椅"), make("顶楼漏水", category="leak")
    leak.press("staff", "accept")
    building = cast.places["building"].id
    for argument, value, words, expected in (
        ("f_category", "leak", "类别：漏水", ["顶楼漏水"]),
        ("f_state", "accepted", "状态：", ["顶楼漏水"]),
        ("f_place", str(cast.places["hongmian"].id), "", []),
        ("f_place", str(building), "场所：", ["顶楼漏水", "盼装长椅"]),
        ("q", "长椅", "“长椅”", ["盼装长椅"]),
    ):
        staff.get("/grievances/", **{argument: value})
        if not expected or argument == "f_place":
            continue
        assert titles(staff) == expected, argument
        [(text, url)] = chips(staff).items()
        assert text.startswith(words)
        staff.get(url)
        assert titles(staff) == ["顶楼漏水", "盼装长椅"], argument
    assert bench.id != leak.id


def test_a_list_of_several_pages_says_how_many_there_are_in_all(
    staff: Visitor, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(27):
        make(f"第{number}件")
    staff.get("/grievances/")
    assert "共 27 条" in staff.text
    staff.get("/grievances/", page=2)
    assert "共 27 条" in staff.text
    monkeypatch.setattr(case_lists, "COUNTED", 20)
    staff.get("/grievances/")
    assert "超过 20 条" in staff.text


def test_a_place_holds_all_that_lies_below_it_and_another_s_place_is_refused(
    staff: Visitor, make: Make, cast: Cast
) -> None:
    make()
    staff.get("/grievances/", f_place=cast.places["cuiwei"].id)
    assert titles(staff) == ["盼装长椅"]
    staff.get("/grievances/", f_place=cast.places["far_compound"].id)
    assert "筛选条件“场所”没有看懂" in staff.text or "“场所”" in staff.text
    assert titles(staff) == ["盼装长椅"], "left out, not widened beyond the scope"
    staff.get("/grievances/", **{"f_place-text": "翠微社区"})
    assert "场所：" in "".join(chips(staff)), "without script the words are looked up"


def test_days_are_local_and_both_ends_count(
    staff: Visitor, make: Make, session: Session, now: datetime
) -> None:
    late, early = make("深夜"), make("清晨")
    midnight = datetime.fromisoformat("2026-11-20T00:00:00+08:00")
    for matter, at in ((late, midnight - timedelta(minutes=1)), (early, midnight)):
        case = sa.update(m.Case).where(m.Case.id == matter.id)
        session.execute(case.values(opened_at=at))
    session.commit()
    staff.get("/grievances/", f_opened="2026-11-20", f_opened_until="2026-11-20")
    assert titles(staff) == ["清晨"]
    staff.get("/grievances/", f_opened_until="2026-11-19")
    assert titles(staff) == ["深夜"]
    for nonsense in ("2026-13-01", "gestern", "0000-00-00", "9999-12-31", "٢٠٢٦-١١-٢٠"):
        assert staff.get("/grievances/", f_opened=nonsense).status_code == 200, nonsense


def test_what_is_in_somebody_s_hands_is_found_by_their_name(
    staff: Visitor, make: Make, cast: Cast
) -> None:
    make("在办").press("staff", "accept").press("secretary", "reply", reply="好").press(
        "grid", "take_on"
    )
    make("无人")
    staff.get("/grievances/", f_assignee=cast.users["grid"].id)
    assert titles(staff) == ["在办"]
    staff.get("/all-cases/", f_assignee=cast.users["outsider"].id)
    assert set(titles(staff)) == {"在办", "无人"}, "a stranger's name is left out"


def test_a_quick_filter_leaves_the_others_and_is_off_when_pressed_again(
    staff: Visitor, make: Make
) -> None:
    make("急", urgency="urgent", category="leak"), make("不急", category="leak")
    staff.get("/grievances/", f_category="leak", urgent="1")
    assert titles(staff) == ["急"]
    on = re.search(r'href="([^"]+)" aria-current="true">紧急', staff.text)
    assert on
    staff.get(html.unescape(on[1]))
    assert titles(staff) == ["不急", "急"]
    assert "类别：漏水" in chips(staff)


@pytest.mark.parametrize("key", WORK)
def test_a_work_list_takes_few_statements_whatever_it_is_asked(
    app: Flask, session: Session, cast: Cast, now: datetime, key: str
) -> None:
    world.fill(session, cast, now)
    for name in ("secretary", "admin"):
        visitor = Visitor(app).sign_in(name)
        viewer = cast.viewer(name)
        saved.save(session, viewer, key, "我的", {"q": "长椅"})
        session.commit()
        visitor.get(WORK[key])
        more = {
            "f_place": cast.places["cuiwei"].id,
            "f_assignee": cast.users["grid"].id,
            "f_opened": "2026-01-01",
            "f_category": "leak",
            "kind": "open",
            "order": "due_at",
            "size": "100",
        }
        for query in ({}, more):
            answer = visitor.get(WORK[key], **query)
            assert answer.status_code == 200
            assert len(visitor.statements) <= 12, "\n".join(visitor.statements)


@pytest.mark.parametrize("key", WORK)
@pytest.mark.parametrize(
    "query",
    [
        "f_place=x&f_assignee=-1&kind=nonsense&order=;drop&size=7&page=-3&view=abc",
        "_external=1&_scheme=javascript&_anchor=x&endpoint=y&values=z",
        "f_opened=%00&f_opened_until=1&q=%00&columns=a,b&tab=x&leg=%27",
        "view=99999999999999999999&f_place=99999999999999999999&f_assignee=9223372036854775807",
    ],
)
def test_an_address_that_makes_no_sense_is_a_list_all_the_same(
    staff: Visitor, make: Make, key: str, query: str
) -> None:
    make()
    assert staff.get(f"{WORK[key]}?{query}").status_code == 200
    assert "javascript:" not in staff.text


# --- order, pages, parts ------------------------------------------------------------------------


def test_the_order_is_chosen_from_a_select_and_kept_on_the_next_page(
    staff: Visitor, make: Make
) -> None:
    for number in range(27):
        make(f"第{number}件")
    staff.get("/grievances/", order="id")
    assert titles(staff)[0] == "第0件"
    assert '<option value="id" selected>' in staff.text
    next_ = re.search(r'href="([^"]+)" rel="next"', staff.text)
    assert next_
    staff.get(html.unescape(next_[1]))
    assert titles(staff) == ["第25件", "第26件"]
    staff.get("/grievances/", order="due_at")
    assert len(titles(staff)) == 25
    staff.get("/grievances/", size="50")
    assert len(titles(staff)) == 27


def test_the_page_size_is_remembered_for_a_person_and_a_list(
    app: Flask, staff: Visitor, make: Make
) -> None:
    for number in range(27):
        make(f"第{number}件")
    answer = staff.post("/lists/grievances/choose", size="50", query="kind=open&page=2&size=25")
    assert answer.headers["Location"] == "/grievances/?kind=open"
    staff.get("/grievances/")
    assert len(titles(staff)) == 27
    staff.get("/all-cases/")
    assert len(titles(staff)) == 25, "another list"
    other = Visitor(app).sign_in("secretary")
    other.get("/grievances/")
    assert len(titles(other)) == 25, "another person"
    staff.post("/lists/grievances/choose", size="5000", query="")
    staff.get("/grievances/")
    assert len(titles(staff)) == 27, "no such size: nothing is changed"


def test_htmx_gets_the_list_alone_and_history_the_whole_page(staff: Visitor, make: Make) -> None:
    make()
    answer = staff.open("/grievances/?kind=open", headers=PARTIAL)
    assert staff.text.startswith("<title>居民诉求")
    assert 'id="list"' in staff.text
    assert "<html" not in staff.text
    assert "HX-Target" in answer.headers["Vary"]
    staff.open("/grievances/", headers={**PARTIAL, "HX-History-Restore-Request": "true"})
    assert "<html" in staff.text
    staff.open("/ledgers/places/list/?f_kind=building", headers=PARTIAL)
    assert "<html" not in staff.text
    assert "4号楼" in staff.text


def test_an_empty_list_says_what_to_do(app: Flask, staff: Visitor) -> None:
    staff.get("/grievances/")
    assert "登记第一件" in staff.text
    staff.get("/grievances/", q="没有的")
    assert "登记第一件" not in staff.text
    assert ">查看全部</a>" in staff.text
    council = Visitor(app).sign_in("council")
    council.get("/grievances/")
    assert "登记第一件" not in council.text


# --- searching selects --------------------------------------------------------------------------


def test_no_page_holds_all_rows_of_a_related_table(
    app: Flask, session: Session, cast: Cast, now: datetime
) -> None:
    """Neither a filter nor a form: with a hundred and fifty of everything, each page names few."""
    world.fill(session, cast, now)
    place = cast.places["entrance"].id
    parties = [
        m.Party(place_id=cast.places["cuiwei"].id, kind=m.PartyKind.OTHER, name=f"单位甲{n}")
        for n in range(150)
    ]
    people = [m.Person(place_id=place, name=f"居民甲{n}") for n in range(150)]
    places = [
        m.Place(
            parent_id=cast.places["cuiwei"].id,
            kind=m.PlaceKind.COMPOUND,
            name=f"小区甲{n}",
            path=f"{cast.places['cuiwei'].path}9{n:04}/",
        )
        for n in range(150)
    ]
    session.add_all([*parties, *people, *places])
    session.commit()
    paths = [*WORK.values()]
    for group in LEDGERS:
        for view in group.views:
            paths += [f"{view.route_base}/list/"]
            paths += [f"{view.route_base}/add"] if "add" in view.abilities else []
    assert long_choices(Visitor(app).sign_in("admin"), paths) == []
    assert long_choices(Visitor(app).sign_in("secretary"), [*WORK.values(), *FORMS]) == []


def long_choices(visitor: Visitor, paths: list[str]) -> list[tuple[str, str]]:
    """The drop-downs of more than sixty choices, with the page of each."""
    found = []
    for path in paths:
        assert visitor.get(path).status_code == 200, path
        selects = re.findall(r"<select.*?</select>", visitor.text, re.DOTALL)
        found += [(path, each[:200]) for each in selects if each.count("<option") > 60]
    return found
