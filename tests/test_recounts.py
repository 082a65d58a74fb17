"""The calendar changed: what is said of it, what moves, what is written, and nothing sent twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from app import models as m
from app.cli.calendars import calendars as command
from app.errors import InvalidError
from app.services import adjustments, audit, calendars, cases, counted, deadlines, recounts
from app.services.actors import SYSTEM
from app.services.adjustments import Day, Why
from app.workflows import almanac
from app.workflows.almanac import AlmanacError
from tests import extended

HOLIDAYS = Path(__file__).parent / "data" / "holidays_2026.json"
FLOOD = date(2026, 11, 23)

ICS = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270101
DTEND;VALUE=DATE:20270104
SUMMARY:元旦（休）
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270109
SUMMARY:元旦 补
 班
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270214
SUMMARY:情人节
END:VEVENT
END:VCALENDAR
"""
JSON = """{"year": 2027, "papers": ["https://example.org"], "days": [
  {"name": "元旦", "date": "2027-01-01", "isOffDay": true},
  {"name": "元旦", "date": "2027-01-02", "isOffDay": true},
  {"name": "元旦", "date": "2027-01-09", "isOffDay": false}]}"""


def day(number: int, hour: int = 10, minute: int = 30) -> datetime:
    """In November 2026, local time; the 19th is a Thursday."""
    return datetime(2026, 11, number, hour - 8, minute, tzinfo=UTC)


@pytest.fixture
def why(now) -> Why:
    return Why(SYSTEM, now, "洪水")


@pytest.fixture
def case(session, cast, now):
    extended.publish(session, now)
    return extended.begin(session, cast.places["compound"].id, now)


def clock(session, case) -> m.Clock:
    return session.scalars(
        sa.select(m.Clock)
        .where(m.Clock.case_id == case.id, m.Clock.key == "all")
        .execution_options(populate_existing=True)
    ).one()


def flood(session, why, place_id: int | None = None) -> None:
    adjustments.set_days(session, [Day(FLOOD, place_id, (), "洪水")], why)


def recount(session, at: datetime) -> recounts.Batch:
    return recounts.batch(session, 0, "洪水停工", actor=SYSTEM, now=at)


class TestAlmanac:
    def test_reads_what_the_state_council_announced(self):
        found = almanac.read(HOLIDAYS.read_text("utf-8"))
        shipped = calendars.current()
        assert found.year == 2026
        for at, (working, _) in found.days.items():
            assert shipped.is_working(at) is working

    @pytest.mark.parametrize("text", [JSON, ICS])
    def test_reads_both_forms(self, text):
        found = almanac.read(text)
        assert found.year == 2027
        assert found.days[date(2027, 1, 2)][0] is False
        assert found.days[date(2027, 1, 9)][0] is True
        assert date(2027, 2, 14) not in found.days

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ('{"year": 2027, "papers": [], "days": []}', "not announced"),
            ("BEGIN:VCALENDAR\nEND:VCALENDAR", "no all-day event"),
            ("hello", "can't be read"),
            ("[1]", "can't be read"),
            (JSON.replace("2027-01-02", "2031-01-02"), "no place"),
            (JSON.replace("2027-01-02", "2027-13-02"), "can't be read"),
        ],
    )
    def test_says_what_is_wrong(self, text, word):
        with pytest.raises(AlmanacError, match=word):
            almanac.read(text)


@pytest.mark.parametrize(
    ("changed", "zh", "en"),
    [
        ({"due_at": 26}, "到期时间为 2026-11-26 10:30", "due 2026-11-26 10:30"),
        ({"due_at": None}, "到期时间为 —", "due open"),
        ({"next_at": 24}, "下次提醒为 2026-11-24 10:30", "next reminder 2026-11-24 10:30"),
        ({"provisional": True}, "到期时间为暂定", "due time provisional"),
        ({"breached_at": None}, "超期记录已更正", "its being late corrected"),
    ],
)
def test_the_history_says_what_differs(changed, zh, en):
    columns = {"due_at": day(25), "next_at": day(23), "provisional": False, "breached_at": day(25)}
    row = SimpleNamespace(**columns)
    columns |= {name: day(at) if type(at) is int else at for name, at in changed.items()}
    moved = SimpleNamespace(before=row.due_at, after=columns["due_at"])
    one: Any = SimpleNamespace(row=row, columns=columns, moved=moved)
    assert counted.what(one) == (zh, en)


class TestChanges:
    def test_a_flood_day_counts_for_its_place_and_below_only(self, session, cast, why):
        place = cast.places["compound"]
        above = int(place.path.split("/")[-3])
        flood(session, why, above)
        book = calendars.book(session)
        assert not book.at(session, place.id).is_working(FLOOD)
        assert book.base.is_working(FLOOD)

    def test_what_is_said_nearest_counts(self, session, cast, why):
        place = cast.places["compound"]
        flood(session, why)
        half = (calendars.segments([["09:00", "10:00"]]))[0]
        adjustments.set_days(session, [Day(FLOOD, place.id, (half,))], why)
        book = calendars.book(session)
        assert book.at(session, place.id).segments(FLOOD) == (half,)
        assert book.base.segments(FLOOD) == ()
        adjustments.set_days(session, [Day(FLOOD, place.id, None)], why)
        assert calendars.book(session).at(session, place.id).segments(FLOOD) == ()

    def test_hours_hold_from_their_day_on(self, session, why):
        early = calendars.segments([["08:00", "12:00"]])
        adjustments.set_hours(session, FLOOD, dict.fromkeys(range(6), early), early, why)
        base = calendars.book(session).base
        assert len(base.segments(FLOOD - timedelta(3))) == 2
        assert base.segments(FLOOD) == early
        assert base.is_working(date(2026, 11, 28)), "a Saturday"

    def test_an_imported_year_is_no_longer_provisional(self, session, why, now):
        assert calendars.book(session).base.provisional(now, datetime(2027, 1, 5, tzinfo=UTC))
        assert adjustments.unannounced(session, now) == 2027
        assert adjustments.read_year(session, JSON, why)[0] == 2027
        base = calendars.book(session).base
        assert not base.provisional(now, datetime(2027, 1, 5, tzinfo=UTC))
        assert base.is_working(date(2027, 1, 9))
        assert adjustments.unannounced(session, now) is None

    def test_in_october_nobody_has_to_worry_yet(self, session):
        assert adjustments.unannounced(session, datetime(2026, 10, 31, tzinfo=UTC)) is None

    @pytest.mark.parametrize(
        ("week", "words"),
        [({}, "Wrong"), ({0: ()}, "Wrong"), ({0: [["12:00", "09:00"]]}, "Wrong")],
    )
    def test_a_calendar_without_a_working_minute_is_refused(self, session, why, week, words):
        kept = {n: calendars.segments(found) for n, found in week.items()}
        with pytest.raises(InvalidError) as refused:
            adjustments.set_hours(session, FLOOD, kept, (), why)
        assert words in refused.value.problems[0].text["en"]

    def test_nor_one_in_which_every_day_is_off(self, session, why, now):
        days = [Day(now.date() + timedelta(n), None, ()) for n in range(400)]
        with pytest.raises(InvalidError) as refused:
            adjustments.set_days(session, days, why)
        assert "not one working minute" in refused.value.problems[0].text["en"]

    def test_a_reason_is_needed_and_kept(self, session, why, now):
        with pytest.raises(InvalidError):
            flood(session, Why(SYSTEM, now, " "))
        session.rollback()
        flood(session, why)
        change = session.scalars(sa.select(m.CalendarChange)).one()
        assert (change.reason, change.actor_name) == ("洪水", "system")

    def test_administrators_are_told_once_a_month(self, session, why, now):
        assert adjustments.warn(session, now) > 0
        assert adjustments.warn(session, now + timedelta(days=3)) == 0
        assert adjustments.warn(session, datetime(2026, 12, 1, tzinfo=UTC)) > 0
        adjustments.read_year(session, JSON, why)
        assert adjustments.warn(session, datetime(2027, 1, 1, tzinfo=UTC)) == 0


class TestRecount:
    def test_moves_what_differs_and_says_why(self, session, case, why, now):
        before = clock(session, case).due_at
        flood(session, why)
        found = recount(session, now)
        assert [(one.before, one.after) for one in found.moved] == [(before, day(27))]
        assert clock(session, case).due_at == day(27)
        assert session.get(m.Case, case.id, populate_existing=True).due_at == day(27)
        event = session.scalars(sa.select(m.Event).filter_by(kind="corrected")).one()
        assert event.data["reason"] == "洪水停工"
        assert event.label["en"].endswith("counted anew, due 2026-11-27 10:30")
        assert list(audit.verify(session)) == []

    def test_twice_it_writes_nothing(self, session, case, why, now):
        flood(session, why)
        recount(session, now)
        assert recount(session, now).moved == ()
        assert session.scalar(sa.select(sa.func.count()).where(m.Event.kind == "corrected")) == 1

    def test_preview_says_who_turns_late_and_writes_nothing(self, session, case, why, now):
        on = calendars.segments([["09:00", "18:00"]])
        weekend = [Day(date(2026, 11, n), None, on) for n in (21, 22)]
        adjustments.set_days(session, weekend, why)
        found = recounts.preview(session, day(25, 12))
        assert (found.looked, found.moved, found.overdue) == (1, 1, 1)
        assert (found.listed[0].before, found.listed[0].after) == (day(26), day(24))
        assert clock(session, case).due_at == day(26)

    def test_what_was_sent_is_not_sent_again(self, session, case, why):
        deadlines.sweep(session, day(26, 11))
        assert session.scalar(sa.select(sa.func.count()).select_from(m.Notice)) > 0
        sent = session.scalar(sa.select(sa.func.count()).select_from(m.Notice))
        flood(session, why)
        found = recount(session, day(26, 12))
        assert [one.relieved for one in found.moved] == [True]
        assert clock(session, case).breached_at is None
        deadlines.sweep(session, day(27, 11))
        late = clock(session, case)
        assert (late.breached_at, late.next_at) == (day(27), None)
        assert session.scalar(sa.select(sa.func.count()).select_from(m.Notice)) == sent

    def test_time_granted_after_the_breach_does_not_undo_it(self, session, case, cast, why):
        deadlines.sweep(session, day(26, 11))
        actor = cast.viewer("secretary")
        for event, form in (("ask", {"days": 5, "why": "等"}), ("grant", {})):
            cases.fire(session, case.id, event, actor=actor, now=day(26, 12), form=form)
        flood(session, why)
        recount(session, day(26, 13))
        assert clock(session, case).breached_at == day(26)

    def test_what_is_over_stays_as_it_was(self, session, case, cast, why, now):
        actor = cast.viewer("secretary")
        cases.fire(session, case.id, "finish", actor=actor, now=now + timedelta(hours=1))
        flood(session, why)
        assert recount(session, now).looked == 0

    def test_the_next_step_counts_on_the_new_calendar(self, session, case, cast, why):
        flood(session, why)
        actor = cast.viewer("secretary")
        cases.fire(session, case.id, "rest", actor=actor, now=day(20))
        cases.fire(session, case.id, "go_on", actor=actor, now=day(20))
        assert clock(session, case).due_at == day(27)

    def test_the_sweep_counts_on_the_new_calendar(self, session, case, why):
        flood(session, why)
        assert deadlines.sweep(session, day(26, 11)).levels == 0
        assert clock(session, case).next_at == day(27)


class TestCommand:
    @pytest.fixture
    def run(self, app: Any, session: Any) -> Any:
        runner = app.test_cli_runner()
        return lambda *words: runner.invoke(command, [str(word) for word in words])

    def test_says_what_is_missing(self, run):
        answer = run("status")
        assert answer.exit_code == 0
        assert "2026: 248" in answer.output

    def test_a_day_is_tried_first_and_then_written(self, run, session, case):
        session.commit()
        answer = run("day", FLOOD, "off", "--reason", "洪水", "--dry-run")
        assert answer.exit_code == 0, answer.output
        assert "1" in answer.output
        assert session.scalar(sa.select(sa.func.count()).select_from(m.CalendarChange)) == 0
        assert clock(session, case).due_at == day(26)
        assert run("day", FLOOD, "off", "--reason", "洪水").exit_code == 0
        assert clock(session, case).due_at == day(27)

    def test_a_year_is_read_from_a_file(self, run, tmp_path):
        path = tmp_path / "2027.json"
        path.write_text(JSON, "utf-8")
        assert run("import", path, "--reason", "国务院通知").exit_code == 0
        assert '"missing": null' in run("status", "--json").output

    @pytest.mark.parametrize("week", ["sometimes", "1-5 9-12", "1-5 12:00-09:00"])
    def test_hours_that_make_no_sense_are_refused(self, run, week):
        assert run("hours", "2027-01-01", week, "--reason", "冬季").exit_code == 1

    def test_says_what_is_wrong_in_the_language_of_the_site(self, session, why):
        with pytest.raises(InvalidError) as raised:
            adjustments.set_hours(session, date(2027, 1, 1), {}, (), why)
        (problem,) = raised.value.problems
        assert problem.text["zh"] == "工作时间有误：一周里没有一天有工作时间。"
        assert problem.text["en"] == "Wrong working hours: no weekday has working time."
