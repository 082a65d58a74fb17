"""What the page of a case says: each thing once, the history by day, the way, its relatives."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.cast import Cast
from tests.raising import Matter
from tests.visitor import Visitor

SignIn = Callable[[str], Visitor]


@pytest.fixture
def sign_in(app: Flask, session: Session) -> SignIn:
    return lambda name: Visitor(app).sign_in(name)


@pytest.fixture
def matter(session: Session, cast: Cast, now: datetime) -> Matter:
    return Matter(session, cast, now).begin()


def part(text: str, id_: str) -> str:
    """The card with that id."""
    return text.split(f'id="{id_}"')[1].split("</section>")[0]


def test_the_page_says_nothing_twice(sign_in: SignIn, matter: Matter) -> None:
    matter.press("staff", "accept").press("secretary", "reply", reply="今天就去看。")
    secretary = sign_in("secretary")
    secretary.get(f"/cases/{matter.id}")
    main = secretary.text.split("<main")[1]
    assert main.count("老人没有地方坐") == 1, "what it is about stands among the facts"
    assert main.count("今天就去看。") == 1, "what was done stands where it was done"
    assert "老人没有地方坐" not in part(main, "history")
    assert "今天就去看。" in part(main, "history")


def test_a_step_that_changes_a_fact_says_so(sign_in: SignIn, matter: Matter) -> None:
    matter.press("staff", "accept", category="noise")
    secretary = sign_in("secretary")
    secretary.get(f"/cases/{matter.id}")
    history = part(secretary.text, "history")
    assert "噪音" in history.split("登记")[0]
    assert "设施" in history.split("登记")[1], "and what it was before stays with the opening"


def test_the_history_is_read_from_either_end_by_day(
    sign_in: SignIn, matter: Matter, now: datetime
) -> None:
    matter.now = now + timedelta(days=3)
    matter.press("staff", "accept")
    staff = sign_in("staff")
    staff.get(f"/cases/{matter.id}")
    newest = part(staff.text, "history")
    assert newest.index("受理") < newest.index("登记")
    assert newest.count('class="timeline-day"') == 2
    assert "?order=oldest#history" in newest
    staff.get(f"/cases/{matter.id}?order=oldest")
    oldest = part(staff.text, "history")
    assert oldest.rindex("登记") < oldest.rindex("已受理")


def test_a_press_tells_what_has_become_of_the_case(sign_in: SignIn, matter: Matter) -> None:
    staff = sign_in("staff")
    staff.get(f"/cases/{matter.id}")
    seen = staff.hidden("expected")
    assert staff.post(f"/cases/{matter.id}/accept", expected=seen).status_code == 302
    staff.get(f"/cases/{matter.id}")
    assert "已完成：受理。现在的状态：已受理。" in staff.text


def test_a_clock_that_stands_still_says_so(sign_in: SignIn, matter: Matter) -> None:
    matter.press("staff", "accept").press("secretary", "suspend", wait_reason="等天晴")
    secretary = sign_in("secretary")
    secretary.get(f"/cases/{matter.id}")
    head = secretary.text.split('class="card-body clocks"')[1].split("</section>")[0]
    assert "等待期间不计时" in head
    assert head.count("<progress") == 1, "the first reply still runs"


def test_the_picture_shows_the_way_and_the_next_steps(sign_in: SignIn, matter: Matter) -> None:
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    secretary = sign_in("secretary")
    secretary.get(f"/cases/{matter.id}")
    drawn = ET.fromstring(_svg(part(secretary.text, "way").split("picture-frame")[1]))
    assert drawn.get("role") == "img"
    states = {g.get("data-state"): g.get("class") for g in drawn.iter() if g.get("data-state")}
    assert states["replied"].endswith("is-now")
    assert states["reported"].endswith("is-taken")
    assert set(states) == {
        "reported",
        "accepted",
        "replied",
        "assigned",
        "in_progress",
        "suspended",
        "withdrawn",
    }


def _svg(text: str) -> str:
    return "<svg" + text.split("<svg", 1)[1].split("</svg>")[0] + "</svg>"


def test_the_whole_workflow_is_a_page_or_a_part_of_one(sign_in: SignIn, matter: Matter) -> None:
    secretary = sign_in("secretary")
    for page in ("way", "told"):
        secretary.get(f"/cases/{matter.id}/{page}")
        assert "<html" in secretary.text
        answer = secretary.client.get(f"/cases/{matter.id}/{page}", headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "<html" not in answer.text
        outsider = sign_in("outsider")
        assert outsider.get(f"/cases/{matter.id}/{page}").status_code == 404
    assert 'aria-current="step"' in secretary.get(f"/cases/{matter.id}/way").text
    assert "待受理" in secretary.text


def test_parts_say_how_long_they_have(sign_in: SignIn, matter: Matter) -> None:
    matter.press("staff", "accept").press("secretary", "reply", reply="好")
    body = matter.cast.parties["property"].id
    matter.press("secretary", "assign", bodies=[body], instruction="请办")
    secretary = sign_in("secretary")
    secretary.get(f"/cases/{matter.id}")
    relatives = secretary.text.split('class="relatives"')[1].split("</ul>")[0]
    assert "超期" in relatives
    [duty] = matter.duties()
    secretary.get(f"/cases/{duty.id}")
    assert "所属事项" in secretary.text
    assert "盼装长椅" in secretary.text.split('class="relatives"')[1].split("</ul>")[0]
