"""Reports: periods, places, categories, parties; and who may read them."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app.services.figures import Kind, Rate, Rates, Span
from app.views import rates
from tests.cast import Cast
from tests.raising import Matter
from tests.visitor import Visitor


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=30))


@pytest.fixture
def matter(session: Session, cast: Cast, now: datetime) -> Matter:
    """Answered in time, given to the property company, which has taken it on."""
    found = Matter(session, cast, now).begin(category="lift").press("staff", "accept")
    found.press("secretary", "reply", reply="好")
    bodies = [cast.parties["property"].id]
    found.press("secretary", "assign", bodies=bodies, instruction="请办")
    found.press("property", "take_on", found.duties()[0].id)
    session.commit()
    return found


def page(app: Flask, login: str, **query: object) -> str:
    visitor = Visitor(app).sign_in(login).speak("en")
    assert visitor.get("/reports/", **query).status_code == 200, visitor.text[-800:]
    return visitor.text


@pytest.mark.parametrize("login", ["admin", "street", "secretary", "staff", "property"])
def test_those_who_answer_for_numbers_read_them(app: Flask, matter: Matter, login: str) -> None:
    text = page(app, login)
    assert "1 / 1" in text
    assert "November 2026" in text
    assert ">Reports<" in text


@pytest.mark.parametrize("login", ["grid", "council", "facilitator", "designer"])
def test_the_others_do_not(app: Flask, session: Session, login: str) -> None:
    visitor = Visitor(app).sign_in(login).speak("en")
    assert visitor.get("/reports/").status_code == 403
    assert visitor.get("/reports/excel").status_code == 403
    visitor.get("/account/")
    assert 'href="/reports/"' not in visitor.text


def test_an_outsider_counts_nothing_of_next_door(app: Flask, cast: Cast, matter: Matter) -> None:
    for login in ("outsider", "outsider_property"):
        for query in (
            {},
            {"place": cast.places["compound"].id},
            {"party": cast.parties["property"].id},
            {"by": "party"},
        ):
            text = page(app, login, **query)
            assert "1 / 1" not in text, (login, query)
            assert "翠微" not in text, (login, query)


@pytest.mark.parametrize("by", ["place", "category", "party"])
@pytest.mark.parametrize("period", ["week", "month", "quarter", "year", "custom"])
def test_every_period_by_every_table(app: Flask, matter: Matter, period: str, by: str) -> None:
    text = page(app, "secretary", period=period, by=by)
    name = {"place": "翠微南里", "category": "Lift", "party": "翠微物业公司"}[by]
    row = text[text.index("<tbody>", text.index('id="report-table"')) :]
    assert name in row


def test_narrowed_to_category_place_and_party(app: Flask, cast: Cast, matter: Matter) -> None:
    assert "1 / 1" in page(app, "secretary", category="lift")
    assert "Nothing was decided" in page(app, "secretary", category="leak")
    assert "1 / 1" in page(app, "secretary", place=cast.places["compound"].id)
    assert "Nothing was decided" in page(app, "secretary", place=cast.places["entrance2"].id)
    text = page(app, "secretary", party=cast.parties["property"].id)
    assert "Taken on within its time" in text
    assert "1 / 1" in text
    assert "Nothing was decided" in page(app, "secretary", party=cast.parties["water"].id)


def test_without_script_the_words_of_a_place_are_enough(app: Flask, matter: Matter) -> None:
    assert 'value="翠微南里"' in page(app, "secretary", **{"place-text": "翠微南里"})
    text = page(app, "secretary", **{"place-text": "没有的地方"})
    assert "“没有的地方” fits nothing" in text


@pytest.mark.parametrize("by", ["place", "category"])
def test_the_overdue_ones_of_a_row_are_a_link_away(
    app: Flask, session: Session, cast: Cast, matter: Matter, by: str
) -> None:
    late = Matter(session, cast, matter.now - timedelta(days=2))
    late.begin(title="这件超期", category="leak").press("staff", "accept")
    session.commit()
    visitor = Visitor(app).sign_in("secretary").speak("en")
    visitor.get("/reports/", by=by)
    links = re.findall(r'<a class="is-late" href="([^"]+)">(\d+)</a>', visitor.text)
    assert links
    for address, count in links:
        visitor.get(html.unescape(address))
        assert visitor.text.count('class="row-title"') == int(count), address
        assert ("这件超期" in visitor.text) == ("lift" not in address)


@pytest.mark.parametrize(
    "query",
    [
        {"period": "x", "day": "2026-99-99", "by": "x", "category": "x"},
        {"place": "9" * 30, "party": "-1"},
        {"period": "custom", "from": "2026-12-01", "to": "2026-01-01"},
        {"period": "custom", "from": "0001-01-01", "to": "9999-12-31"},
        {"period": "year", "day": "2000-01-01"},
        {"place-text": "%_\x00", "party-text": "'"},
    ],
)
def test_nonsense_in_the_address_is_no_error(
    app: Flask, matter: Matter, query: dict[str, str]
) -> None:
    assert "<h1>" in page(app, "secretary", **query)


def test_the_workbook_has_numerators_and_denominators(app: Flask, matter: Matter) -> None:
    visitor = Visitor(app).sign_in("secretary")
    answer = visitor.get("/reports/excel", by="category")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        text = "".join(
            book.read(name).decode() for name in book.namelist() if name.endswith(".xml")
        )
    assert "响应率：分子" in text
    assert "电梯" in text
    assert "舒记" in text, "who made it"


# --- words --------------------------------------------------------------------------------------


def test_a_hundred_percent_means_all(app: Flask) -> None:
    assert rates.percent(Rate(1999, 2000).share) == "99.9%"
    assert rates.percent(Rate(2000, 2000).share) == "100%"
    assert rates.percent(Rate(2, 3).share) == "66.6%"
    assert rates.percent(Rate().share) == "–"


def test_the_change_is_said_in_words_from_the_exact_fractions(app: Flask) -> None:
    with app.test_request_context():
        for earlier, look in ((Rate(1, 2), "up"), (Rate(4, 4), "down"), (Rate(3, 4), "same")):
            now = Rates(response=Rate(6, 8))
            tile = rates.tiles(now, Rates(response=earlier), against="x")[0]
            assert tile.look == look
            assert f"{earlier.good} / {earlier.all}" in tile.change
        assert rates.tiles(now, Rates(), against="x")[0].look == ""


def test_charts_keep_the_gap_where_nothing_was_counted(app: Flask) -> None:
    with app.test_request_context():
        steps = [(date(2026, 11, 2), Rates(response=Rate(1, 3))), (date(2026, 11, 9), Rates())]
        line = rates.trend_chart(steps, "week")["series"][0]
        assert line["values"] == [33.3, None]
        assert line["exact"] == ["1 / 3", ""]


def test_a_trend_has_few_points() -> None:
    day = date(2026, 3, 1)
    counts = [len(Span.around(kind, day).steps()) for kind in (Kind.WEEK, Kind.MONTH, Kind.YEAR)]
    assert counts == [7, 6, 12]
