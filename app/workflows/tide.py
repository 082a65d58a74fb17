"""Time in a play: what falls due is worked off in the order in which the sweep does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.workflows import cast, rounds
from app.workflows.acting import Acting
from app.workflows.clocks import Count, Entry
from app.workflows.rounds import Reached
from app.workflows.scenes import no
from app.workflows.spec import SYSTEM, Label
from app.workflows.stage import Stage

MOST_STEPS = 200
"""So much may fall due while time is moved on once: a workflow that never comes to rest is told."""
SYSTEM_ACTOR = cast.actor(SYSTEM)


def coming(stage: Stage) -> datetime | None:
    """When something falls due next; None: no clock is running."""
    instants = (row["next_at"] for row in stage.rows)
    return min((at for at in instants if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Tide:
    act: Acting

    def advance(self, until: datetime) -> None:
        """Move time on, from one thing that falls due to the next."""
        steps = len(self.act.history)
        while (at := coming(self.act.stage)) is not None and at <= until:
            self.act.stage.now = max(self.act.stage.now, at)
            self._sweep()
            if len(self.act.history) - steps > MOST_STEPS:
                raise no(
                    f"时限接连触发超过 {MOST_STEPS} 次，请检查到期后执行的操作是否又使时限重新开始",
                    f"more than {MOST_STEPS} things fall due one after the other: see whether what "
                    "a deadline fires starts it again",
                )
        self.act.stage.now = until

    def _sweep(self) -> None:
        """All that is due at this instant: what only tells somebody first, then what presses a
        button, one clock after the other."""
        loud: list[tuple[str, int]] = []
        now = self.act.stage.now
        due = [row for row in self.act.stage.rows if row["next_at"] is not None]
        for row in sorted((r for r in due if r["next_at"] <= now), key=lambda r: r["next_at"]):
            count, reached = self._reached(row)
            if any(one.level is not None and one.level.fire for one in reached):
                loud.append((row["key"], row["round"]))
            else:
                for one in reached:
                    self._come(row, count, one)
                self._wind(row, count, reached)
        for key, number in loud:
            self._work(key, number)

    def _work(self, key: str, number: int) -> None:
        """One clock whose levels press buttons: each looked at anew, for a button may stop it."""
        for _ in range(MOST_STEPS):
            row = next(r for r in self.act.stage.rows if (r["key"], r["round"]) == (key, number))
            if row["next_at"] is None or row["next_at"] > self.act.stage.now:
                return
            count, reached = self._reached(row)
            first = reached[:1]
            self._wind(row, count, first)
            if not first:
                return
            self._come(row, count, first[0])

    def _reached(self, row: Mapping[str, Any]) -> tuple[Count | None, tuple[Reached, ...]]:
        self.act.pay(30)
        rule = self.act.compiled.deadlines[row["key"]]
        log = [Entry.read(kept) for kept in row["log"]]
        count = Count.of(rule, log, self.act.stage.calendar)
        if count is None:
            return None, ()
        late, fired = row["breached_at"] is not None, int(row["next_level"])
        found = rounds.reached(count, count.due().at, fired, self.act.stage.now, breached=late)
        return count, found

    def _wind(
        self, row: Mapping[str, Any], count: Count | None, reached: tuple[Reached, ...]
    ) -> None:
        due = None if count is None else count.due_at()
        fired = int(row["next_level"]) + sum(one.index is not None for one in reached)
        late = row["breached_at"]
        if late is None and due is not None and due <= self.act.stage.now:
            late = due
        ahead = None if count is None else rounds.coming(count, fired, breached=late is not None)
        self.act.put(
            {**row, "due_at": due, "next_level": fired, "next_at": ahead, "breached_at": late}
        )

    def _come(self, row: Mapping[str, Any], count: Count | None, one: Reached) -> None:
        """Tell of a moment that has come, and press its button."""
        rule = self.act.compiled.deadlines[row["key"]]
        keys = () if one.level is None else one.level.notify
        text = rounds.words(rule, one.level)
        self.act.note("level", rule.key, Label(zh=text["zh"], en=text["en"]), SYSTEM)
        due = None if count is None else count.due_at()
        self.act.tell((self.act.compiled.notices[key] for key in keys), SYSTEM_ACTOR, due)
        if one.level is not None and one.level.fire:
            place = len(self.act.history) - 1
            refused = self.act.fire(one.level.fire, SYSTEM_ACTOR, SYSTEM, {})
            if refused is not None:
                self.act.history[place] = replace(self.act.history[place], why=refused.reasons)
