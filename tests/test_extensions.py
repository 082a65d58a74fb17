"""Time by urgency and place, time on request, and clocks that a button starts."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import models as m
from app.errors import RefusedError
from app.services import cases, deadlines
from app.workflows.check import check
from app.workflows.spec import Workflow
from tests import extended

HOUR = timedelta(hours=1)


def day(number: int, hour: int = 10, minute: int = 30) -> datetime:
    """In November 2026, local time; the 19th is a Thursday."""
    return datetime(2026, 11, number, hour - 8, minute, tzinfo=UTC)


@pytest.fixture
def press(session, cast, now) -> Callable[..., m.Clock]:
    """Begin a case, then press buttons; returns the newest clock of a key."""
    extended.publish(session, now)
    opened: list[int] = []

    def _press(event: str = "", key: str = "all", at: datetime = now, **form: Any) -> m.Clock:
        if not opened:
            place = cast.places["compound"].id
            opened.append(extended.begin(session, place, now, **(form if not event else {})).id)
        if event:
            actor = cast.viewer("secretary")
            cases.fire(session, opened[0], event, actor=actor, now=at, form=form)
        return session.scalars(
            sa.select(m.Clock)
            .where(m.Clock.case_id == opened[0], m.Clock.key == key)
            .order_by(m.Clock.round.desc())
            .execution_options(populate_existing=True)
        ).first()

    return _press


class TestVariants:
    def test_without_any_that_holds_the_rule_s_own_time_counts(self, press):
        assert press().due_at == day(26)

    def test_the_first_that_holds_counts_and_is_kept_in_the_log(self, press):
        clock = press(urgency="urgent")
        assert clock.due_at == day(20)
        assert clock.log[0]["within"] == "1 working day"

    def test_by_place_and_the_places_above(self, session, press, cast):
        place = cast.places["compound"]
        first = session.get(m.Place, int(place.path.split("/")[1]))
        first.name = "桃仙大区"
        session.flush()
        assert press().due_at == day(24)

    def test_a_change_counts_from_the_start(self, press):
        press()
        clock = press("triage", at=day(19, 16), urgency="urgent")
        assert clock.due_at == day(20)
        assert [entry["what"] for entry in clock.log] == ["start", "vary"]
        clock = press("triage", at=day(20, 9), urgency="normal")
        assert clock.due_at == day(26)

    def test_a_step_that_changes_nothing_leaves_no_trace(self, press):
        press(urgency="urgent")
        clock = press("triage", urgency="urgent")
        assert [entry["what"] for entry in clock.log] == ["start"]


class TestExtension:
    def test_is_asked_for_granted_and_counted(self, press):
        press()
        asked = press("ask", days=3, why="等材料")
        assert (asked.asked, asked.extended, asked.due_at) == (True, 0, day(26))
        granted = press("grant")
        assert (granted.asked, granted.extended, granted.due_at) == (
            False,
            1,
            datetime(2026, 12, 1, 2, 30, tzinfo=UTC),
        )

    def test_whoever_decides_may_give_less(self, press):
        press()
        press("ask", days=5, why="等材料")
        clock = press("grant", days=1)
        assert clock.due_at == day(27)

    def test_refused_it_moves_nothing_and_may_be_asked_again(self, press):
        press()
        press("ask", days=5, why="等材料")
        clock = press("refuse")
        assert (clock.asked, clock.extended, clock.due_at) == (False, 0, day(26))
        assert press("ask", days=1, why="又等").asked

    def test_nothing_can_be_decided_that_nobody_asked_for(self, press):
        press()
        for event in ("grant", "refuse"):
            with pytest.raises(RefusedError):
                press(event)

    def test_is_limited_in_length_and_number(self, press):
        press()
        with pytest.raises(RefusedError):
            press("ask", days=6, why="太久")
        for _ in range(2):
            press("ask", days=1, why="等材料")
            press("grant")
        with pytest.raises(RefusedError) as refused:
            press("ask", days=1, why="还等")
        assert "已延期 2 次，最多 2 次" in str(refused.value.problems[0].text["zh"])

    def test_one_request_at_a_time(self, press):
        press()
        press("ask", days=1, why="等材料")
        with pytest.raises(RefusedError):
            press("ask", days=1, why="还等")

    def test_one_granted_in_time_is_not_late(self, press, session):
        press()
        press("ask", days=2, why="等材料")
        press("grant", at=day(25))
        assert deadlines.sweep(session, day(26, 12)).levels == 0
        assert deadlines.sweep(session, day(30, 12)).levels == 1


class TestButtonsThatStartAClock:
    def test_a_supervision_has_a_clock_of_its_own(self, press, session):
        press()
        assert press(key="answer") is None
        clock = press("supervise", key="answer", at=day(19, 11))
        assert (clock.status, clock.due_at) == ("running", day(20, 11))
        assert press("answer", key="answer", at=day(20, 9)).status == "stopped"
        again = press("supervise", key="answer", at=day(20, 10))
        assert (again.round, again.due_at) == (2, day(23, 10))

    def test_pressed_again_while_it_runs_it_goes_on(self, press):
        press()
        press("supervise", key="answer", at=day(19, 11))
        clock = press("supervise", key="answer", at=day(19, 15))
        assert (clock.round, clock.due_at) == (1, day(20, 11))

    def test_the_end_of_the_case_stops_it(self, press):
        press()
        press("supervise", key="answer")
        assert press("finish", key="answer").status == "stopped"


def found(change: Callable[[dict[str, Any]], object]) -> set[str]:
    spec = deepcopy(extended.SPEC)
    change(spec)
    return {f.code for f in check(Workflow.model_validate(spec)) if f.level == "error"}


def all_(spec: dict[str, Any]) -> dict[str, Any]:
    deadline: dict[str, Any] = spec["deadlines"][0]
    return deadline


class TestChecker:
    def test_has_nothing_against_it(self):
        assert found(lambda spec: None) == set()

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda s: all_(s)["variants"].append(all_(s)["variants"][0]), "never_applies"),
            (
                lambda s: all_(s).update(when={"fact": "field.urgency", "value": "normal"}),
                "never_holds",
            ),
            (
                lambda s: all_(s).update(
                    when={
                        "all": [
                            {"fact": "field.urgency", "value": "normal"},
                            {"fact": "field.urgency", "op": "ne", "value": "normal"},
                        ]
                    }
                ),
                "never_holds",
            ),
            (lambda s: all_(s)["extension"].update(ask="gone"), "unknown_event"),
            (lambda s: all_(s)["extension"].update(grant="ask"), "clock_conflict"),
            (
                lambda s: all_(s).update(
                    stop=["resting"], pause=[], extension={**all_(s)["extension"], "ask": "go_on"}
                ),
                "never_possible",
            ),
            (lambda s: all_(s)["extension"].update(field="why"), "not_a_number"),
            (lambda s: s["transitions"][1]["form"].pop(0), "cannot_be_filled"),
            (lambda s: s["deadlines"][1].update(starts_on=["gone"]), "unknown_event"),
            (lambda s: s["deadlines"][1].update(stops_on=["supervise"]), "clock_conflict"),
            (lambda s: s["deadlines"][1].update(starts_on=["finish"]), "never_runs"),
            (
                lambda s: all_(s)["variants"][0]["when"].update(value="often"),
                "bad_value",
            ),
        ],
    )
    def test_refuses_what_can_never_happen(self, change, code):
        assert code in found(change)

    def test_one_that_never_starts_is_no_deadline(self):
        with pytest.raises(ValueError, match="give start"):
            found(lambda s: s["deadlines"][1].pop("starts_on"))
