"""Clocks taken over into another version: what their log says afterwards, and when they are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.workflows import rounds, transfer
from app.workflows.calendar import china
from app.workflows.clocks import Entry
from app.workflows.moves import Decide
from app.workflows.outcomes import ClockState
from app.workflows.rounds import At
from app.workflows.spec import Deadline, State
from app.workflows.transfer import Place, Rule, Turned

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
NOW = START + timedelta(days=4)
CALENDAR = china("Asia/Shanghai")
ALWAYS = Decide(lambda _deadline: True, lambda _deadline: None)


def deadline(**more: Any) -> Deadline:
    found = {"key": "all", "label": "期限", "start": "doing", **more}
    if not {"within", "until"} & more.keys():
        found["within"] = "10 days"
    return Deadline.model_validate(found)


def state(key: str = "doing", kind: str = "open") -> State:
    return State.model_validate({"key": key, "label": key, "kind": kind})


def moved(
    old: Deadline,
    new: Deadline | None,
    rule: Rule = "shift",
    *,
    log: tuple[Entry, ...] = (Entry(START, "start"),),
    target: State | None = None,
    data: dict[str, Any] | None = None,
    decide: Decide = ALWAYS,
    fired: int = 0,
    late: datetime | None = None,
) -> list[Turned]:
    """What becomes of the one clock of a case that stands in ``doing``."""
    known = {"all": new} if new else {}
    place = Place({"all": old}, known, "doing", target or state())
    row = rounds.derive(old, log, CALENDAR, fired=fired, breached_at=late)
    last = {"all": {"id": 1, "key": "all", "round": 1, "started_at": START, **row}}
    states = {"all": ClockState(row["status"])}
    ticks = transfer.ticks(place, states, rule, data or {}, decide)
    return [transfer.turned(place, last, tick, At(NOW, CALENDAR, ZONE)) for tick in ticks]


def due(found: list[Turned]) -> datetime | None:
    (one,) = found
    at: datetime | None = one.row["due_at"]
    return at


DAYS = timedelta(days=1)
BY_DATE = {"day": "2026-11-20"}
AT_DATE = datetime(2026, 11, 20, 15, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("keep", START + 10 * DAYS), ("shift", START + 6 * DAYS), ("restart", NOW + 6 * DAYS)],
)
def test_the_rule_decides_where_the_time_has_changed(rule: Rule, expected: datetime) -> None:
    assert due(moved(deadline(), deadline(within="6 days"), rule)) == expected


@pytest.mark.parametrize(
    ("rule", "expected"), [("keep", START + 10 * DAYS), ("shift", AT_DATE), ("restart", AT_DATE)]
)
def test_from_a_length_to_a_date(rule: Rule, expected: datetime) -> None:
    assert due(moved(deadline(), deadline(until="day"), rule, data=BY_DATE)) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("keep", AT_DATE), ("shift", START + 6 * DAYS), ("restart", NOW + 6 * DAYS)],
)
def test_from_a_date_to_a_length(rule: Rule, expected: datetime) -> None:
    log = (Entry(START, "start", until=AT_DATE),)
    found = moved(deadline(until="day"), deadline(within="6 days"), rule, log=log, data=BY_DATE)
    assert due(found) == expected


def test_a_kept_date_can_still_be_extended_and_a_kept_length_gives_way_to_a_date() -> None:
    log = (Entry(START, "start", until=AT_DATE),)
    (one,) = moved(deadline(until="day"), deadline(within="6 days"), "keep", log=log)
    more = [Entry.read(kept) for kept in one.row["log"]]
    two_days = deadline(within="2 days").within
    granted = [*more, Entry(NOW + DAYS, "extend", by=two_days)]
    found = rounds.derive(deadline(within="6 days"), granted, CALENDAR, fired=0, breached_at=None)
    assert found["due_at"] == AT_DATE + 2 * DAYS
    (other,) = moved(deadline(), deadline(until="day"), "keep", data=BY_DATE)
    log_ = [*map(Entry.read, other.row["log"]), Entry(NOW + DAYS, "extend", until=AT_DATE)]
    found = rounds.derive(deadline(until="day"), log_, CALENDAR, fired=0, breached_at=None)
    assert found["due_at"] == AT_DATE


def test_without_a_date_there_is_no_clock() -> None:
    (one,) = moved(deadline(), deadline(until="day"))
    assert (one.tick.fate, one.row["status"]) == ("stop", "stopped")


def test_pauses_and_extensions_count_when_it_is_shifted() -> None:
    day = deadline(within="1 days").within
    log = (
        Entry(START, "start"),
        Entry(START + DAYS, "pause"),
        Entry(START + 3 * DAYS, "resume"),
        Entry(START + 3 * DAYS, "extend", by=day),
    )
    assert due(moved(deadline(), deadline(within="6 days"), log=log)) == START + 9 * DAYS


def test_the_time_of_a_variant_gives_way_to_the_new_one() -> None:
    log = (Entry(START, "start", within=deadline(within="3 days").within),)
    assert due(moved(deadline(), deadline(within="6 days"), log=log)) == START + 6 * DAYS
    three = deadline(within="3 days").within
    chosen = Decide(lambda _deadline: True, lambda _deadline: three)
    assert due(moved(deadline(), deadline(within="6 days"), decide=chosen)) == START + 3 * DAYS


def test_what_is_equal_goes_on_under_every_rule() -> None:
    for rule in ("keep", "shift", "restart"):
        (one,) = moved(deadline(), deadline(label="另名"), rule)
        assert (one.tick.fate, len(one.row["log"])) == ("keep", 1)
        assert one.row["label"]["zh"] == "另名"


@pytest.mark.parametrize(
    ("new", "target", "decide", "why"),
    [
        (None, None, ALWAYS, "no such deadline"),
        (deadline(stop="doing"), None, ALWAYS, "the new state stops it"),
        (deadline(), state("over", "done"), ALWAYS, "the new state stops it"),
        (deadline(), None, Decide(lambda _d: False, lambda _d: None), "doesn't hold"),
    ],
)
def test_it_stops(new: Any, target: Any, decide: Decide, why: str) -> None:
    (one,) = moved(deadline(), new, target=target, decide=decide)
    assert one.tick.fate == "stop"
    assert why in one.tick.reason.en
    assert one.row["stopped_at"] == NOW


def test_it_pauses_and_goes_on_as_the_new_state_says() -> None:
    (one,) = moved(deadline(), deadline(pause="doing"))
    assert (one.row["status"], one.row["due_at"]) == ("paused", None)
    log = (Entry(START, "start"), Entry(START + DAYS, "pause"))
    (other,) = moved(deadline(pause="doing"), deadline(), log=log)
    assert (other.row["status"], other.row["due_at"]) == ("running", START + 13 * DAYS)


def test_what_was_late_is_late_by_the_new_time_or_not_at_all() -> None:
    late = START + 2 * DAYS
    old = deadline(within="2 days")
    (one,) = moved(old, deadline(within="9 days"), late=late)
    assert one.row["breached_at"] is None
    (one,) = moved(old, deadline(within="3 days"), late=late)
    assert one.row["breached_at"] == START + 3 * DAYS
    (one,) = moved(old, deadline(within="9 days"), "keep", late=late)
    assert one.row["breached_at"] == late
    log = (Entry(START, "start"), Entry(late + DAYS, "extend", by=deadline().within))
    (one,) = moved(old, deadline(within="9 days"), late=late, log=log)
    assert one.row["breached_at"] == late, "time granted afterwards doesn't undo it"


def test_a_round_that_is_over_is_not_begun_again_where_it_ran() -> None:
    log = (Entry(START, "start"), Entry(START + DAYS, "stop"))
    assert moved(deadline(), deadline(), log=log) == []
    (one,) = moved(deadline(start="new"), deadline(), log=log)
    assert (one.tick.fate, one.row["round"]) == ("start", 2)


def test_what_comes_at_once_is_counted() -> None:
    levels = [{"at": "50 %", "notify": ["x"]}, {"at": "breach", "notify": ["x"]}]
    (one,) = moved(deadline(levels=levels), deadline(within="3 days", levels=levels))
    assert one.at_once == 2
    (one,) = moved(deadline(levels=levels), deadline(within="3 days", levels=levels), fired=1)
    assert (one.at_once, one.row["next_level"]) == (1, 1)
