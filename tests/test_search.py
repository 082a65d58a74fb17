"""The one search: what is found by which words, and by whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.services import addresses, finder, matters
from tests.assembly import Assembly
from tests.cast import Cast
from tests.estate import Estate
from tests.raising import Matter
from tests.visitor import Visitor

Ask = Callable[..., dict[str, list[int]]]


@pytest.fixture
def ask(session: Session, cast: Cast, now: datetime) -> Ask:
    """``ask("secretary", "words")``: the ids by group."""

    def find(name: str, words: str) -> dict[str, list[int]]:
        found = finder.find(session, cast.viewer(name), words, finder.GROUPS, now=now)
        return {each.group: [row.id for row in each.rows] for each in found}

    return find


@pytest.fixture
def matter(session: Session, cast: Cast, now: datetime) -> Matter:
    """At 4号楼 of 翠微南里, with 19号楼前 as the address that was told; 13812345678 called."""
    return Matter(session, cast, now).begin(title="盼装长椅")


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{0}", "{1}", " {0} ", "{2}", "{3}", "Ｇ{4}"])
def test_a_case_is_found_by_its_number_and_by_the_end_of_it(ask, matter, text):
    number = matter.row().number
    figure = str(int(number[6:]))
    forms = (number, figure, number.lower(), number[1:], number[1:])
    assert ask("secretary", text.format(*forms))["cases"] == [matter.id]


def test_a_whole_number_is_a_way_straight_there(session, cast, ask, matter, now):
    number = matter.row().number
    found = finder.find(session, cast.viewer("secretary"), number, finder.GROUPS, now=now)
    hit = finder.exact(found, number, now)
    assert hit is not None
    assert hit.id == matter.id
    assert finder.exact(found, number[6:], now) is None, "a figure may be of several"


# --- telephones -----------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", ["5678", "345678", "13812345678", "138 1234 5678"])
def test_those_who_may_see_numbers_find_by_their_end(session, cast, ask, matter, digits):
    person = m.Person(place_id=cast.places["entrance"].id, name="钱大妈", phone="13812345678")
    session.add(person)
    session.flush()
    for name in ("secretary", "staff", "grid", "admin"):
        found = ask(name, digits)
        assert found["cases"] == [matter.id], name
        assert found["residents"] == [person.id], name


@pytest.mark.parametrize("digits", ["678", "9999", "81234", "13812345679"])
def test_other_digits_find_nobody(ask, matter, digits):
    assert ask("secretary", digits) == {}


def test_a_number_is_no_oracle_for_others(session, cast, ask, matter):
    session.add(m.Person(place_id=cast.places["entrance"].id, name="钱大妈", phone="13812345678"))
    session.flush()
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    matter.press("secretary", "assign", bodies=[cast.parties["property"].id], instruction="请办")
    assert matter.id in ask("property", "盼装长椅")["cases"], "the case itself is theirs to see"
    for name in ("property", "council", "facilitator", "street", "designer", "outsider"):
        assert ask(name, "5678") == {}, name
        assert ask(name, "13812345678") == {}, name


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "4号楼",
        "翠微南里",
        "翠微南里4号楼",
        "翠微南里 4号楼",
        "翠微社区4号楼",
        "翠微 ４号楼",
        "南里4号",
    ],
)
def test_places_are_found_along_the_tree(cast, ask, matter, words):
    found = ask("secretary", words)
    building = cast.places["building"].id
    if addresses.folded(words)[-1] != "里":
        assert found["places"] == [building]
    else:
        assert found["places"][0] == cast.places["compound"].id
    assert found["cases"] == [matter.id], "what lies there is found with the place"


def test_a_door_is_found_by_its_whole_address(session, cast, ask, now):
    report = Matter(session, cast, now).begin(title="灯不亮")
    report.row().place_id = cast.places["entrance2"].id
    person = m.Person(place_id=cast.places["entrance2"].id, name="孙奶奶", phone="")
    session.add(person)
    session.flush()
    found = ask("grid", "翠微南里4号楼2单元")
    assert found["places"] == [cast.places["entrance2"].id]
    assert found["cases"] == [report.id]
    assert found["residents"] == [person.id]
    assert ask("grid", "翠微南里4号楼1单元").get("cases") is None
    assert "places" not in ask("grid", "翠微南里14号楼")


def test_words_and_an_address_together(ask, matter):
    assert ask("secretary", "翠微南里 长椅")["cases"] == [matter.id]
    assert ask("secretary", "长椅 4号楼")["cases"] == [matter.id]
    assert "cases" not in ask("secretary", "翠微南里 路灯")
    assert "cases" not in ask("secretary", "红棉东里 长椅")


# --- words ----------------------------------------------------------------------------------------


def test_meetings_and_consultations_have_their_own_groups(session, cast, ask, now):
    meeting = Assembly(session, cast, now)
    meeting.begin(title="楼道堆物协调会")
    estate = Estate(session, cast, now)
    estate.publish()
    estate.units(2, owners=[estate.owner("赵业主")])
    estate.start("local_opinion")
    title = session.get_one(m.Case, estate.case_id).title
    assert ask("secretary", "堆物协调")["meetings"] == [meeting.meeting_id]
    assert ask("council", "堆物协调")["meetings"] == [meeting.meeting_id]
    assert ask("secretary", title)["consultations"] == [estate.case_id]


def test_common_words_bring_the_newest_and_rare_ones_all(session, cast, ask, now, monkeypatch):
    monkeypatch.setattr(matters, "_ENOUGH", 3)
    made = [Matter(session, cast, now).begin(title=f"屋顶渗水 {n}").id for n in range(12)]
    assert ask("secretary", "渗水")["cases"] == sorted(made, reverse=True)[: finder.SHOWN]
    assert ask("secretary", "渗水 7")["cases"], "the single figure narrows nothing"


def test_people_are_found_by_name_and_by_where_they_live(session, cast, ask):
    wang = m.Person(place_id=cast.places["entrance"].id, name="王桂芳", phone="13912345678")
    other = m.Person(place_id=cast.places["compound"].id, name="王芳", phone="")
    session.add_all([wang, other])
    session.flush()
    assert set(ask("secretary", "王")["residents"]) == {wang.id, other.id}
    assert ask("secretary", "桂芳")["residents"] == [wang.id]
    assert ask("secretary", "王 4号楼")["residents"] == [wang.id]
    assert ask("street", "桂芳")["residents"] == [wang.id]
    for name in ("property", "council", "outsider"):
        assert "residents" not in ask(name, "桂芳"), name


def test_organisations_staff_users_and_workflows(session, cast, ask):
    assert ask("secretary", "物业")["parties"] == [cast.parties["property"].id]
    assert ask("admin", "葛网格")["users"] == [cast.users["grid"].id]
    assert ask("admin", "facilit")["users"] == [cast.users["facilitator"].id]
    row = session.query(m.Staff).filter_by(user_id=cast.users["grid"].id).one()
    assert ask("secretary", "葛网格")["staff"] == [row.id]
    assert len(ask("designer", "grievance")["workflows"]) == 1


def test_nothing_is_found_next_door(session, cast, ask, matter):
    number = matter.row().number
    for words in (number, number[6:], "盼装长椅", "19号楼", "翠微南里", "13812345678"):
        assert ask("outsider", words) == {}, words


@pytest.mark.parametrize(
    "words", ["", "  ", "%", "_", "'", "\\", "[", "é", "' & | !", "0", "-" * 99]
)
def test_odd_signs_are_looked_for_and_break_nothing(ask, matter, words):
    for name in ("admin", "secretary"):
        found = ask(name, words)
        assert found.keys() <= set(finder.GROUPS)
        assert words.strip() or found == {}
        assert [matter.id] in ask(name, "盼装长椅").values(), "the next question is answered"


# --- the page -------------------------------------------------------------------------------------


@pytest.fixture
def visitor(app: Flask, session: Session, cast: Cast) -> Visitor:
    return Visitor(app).sign_in("secretary").speak("en")


def test_the_empty_page_says_what_one_can_search_by(visitor: Visitor, app: Flask):
    assert visitor.get("/search/").status_code == 200
    assert "You can search by:" in visitor.text
    assert "last 4 digits" in visitor.text
    other = Visitor(app).sign_in("property").speak("en")
    other.get("/search/")
    assert "last 4 digits" not in other.text


def test_hits_lead_to_their_pages(visitor: Visitor, session, cast, matter):
    session.add(m.Person(place_id=cast.places["entrance"].id, name="长椅迷", phone="13912345678"))
    session.commit()
    visitor.get("/search/", q="长椅")
    assert f'href="/cases/{matter.id}"' in visitor.text
    assert "139****5678" in visitor.text
    assert "13912345678" not in visitor.text
    visitor.get("/search/", q="4号楼")
    address = f'href="/ledgers/places/show/{cast.places["building"].id}"'
    assert address in visitor.text
    assert visitor.get(address[6:-1]).status_code == 200


def test_the_whole_number_is_offered_first(visitor: Visitor, matter):
    number = matter.row().number
    visitor.get("/search/", q=number)
    assert f"Open {number}" in visitor.text
    visitor.open(f"/search/?q={number}", headers={"HX-Request": "true", "HX-Target": "search-list"})
    assert visitor.text.count('role="option"') == 1
    assert "<html" not in visitor.text


def test_the_list_under_the_box_comes_alone(visitor: Visitor, matter):
    headers = {"HX-Request": "true", "HX-Target": "search-list"}
    answer = visitor.open("/search/?q=长椅", headers=headers)
    assert "<html" not in visitor.text
    assert f'href="/cases/{matter.id}"' in visitor.text
    assert "HX-Target" in answer.headers["Vary"]
    visitor.open("/search/?q=zzzz", headers=headers)
    assert "Nothing was found for “zzzz”." in visitor.text


def test_screens_are_offered_to_those_who_may_open_them(app: Flask, visitor: Visitor):
    visitor.get("/search/", q="resid")
    assert 'href="/ledgers/residents/list/"' in visitor.text
    other = Visitor(app).sign_in("property").speak("en")
    other.get("/search/", q="resid")
    assert "/ledgers/residents/" not in other.text


@pytest.mark.parametrize(
    ("name", "words", "start"),
    [
        ("admin", "facilitator", "/users/show/"),
        ("admin", "物业", "/ledgers/parties/show/"),
        ("designer", "grievance", "/workflows/"),
        ("secretary", "葛网格", "/ledgers/staff/show/"),
        ("secretary", "王桂芳", "/ledgers/residents/show/"),
        ("property", "翠微南里", "/ledgers/places/show/"),
    ],
)
def test_every_hit_can_be_opened(app: Flask, session, cast, name, words, start):
    session.add(m.Person(place_id=cast.places["entrance"].id, name="王桂芳", phone=""))
    session.commit()
    visitor = Visitor(app).sign_in(name)
    visitor.get("/search/", q=words)
    found = visitor.text[visitor.text.index('id="found"') :]
    links = re.findall(r'class="row-item" href="([^"]+)"', found)
    assert any(start in link for link in links), links
    for link in links:
        assert visitor.get(link).status_code == 200, link


def test_a_search_asks_one_statement_for_a_group(visitor: Visitor, matter):
    for words in ("长椅", "zzz"):  # the first page of a process asks for what it keeps
        visitor.get("/search/", q=words)
    nothing = visitor.statements
    visitor.get("/search/", q="长椅")
    assert len(visitor.statements) == len(nothing), set(visitor.statements) - set(nothing)


def test_marked_up_words_stay_words(visitor: Visitor):
    visitor.get("/search/", q="<b id=xss>")
    assert "<b id=xss" not in visitor.text
    assert "&lt;b id=xss&gt;" in visitor.text
