"""Where a play stands: the case as it would be in the database, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from app.workflows import registry, rounds
from app.workflows.calendar import Calendar
from app.workflows.conditions import Fact, number_of
from app.workflows.engine import Compiled
from app.workflows.entries import ValueType
from app.workflows.outcomes import ClockState
from app.workflows.rounds import At
from app.workflows.spec import Child, FieldType, Label
from app.workflows.trials import Related, Value

MOST_ITEMS = 50
"""Of a source: so many children come of it at most."""

_DERIVED = frozenset(
    {"children.all_closed", "children.count", "assignee.set", "party.set", "case.reopened"}
)
_BY_FAMILY = ("field.", "deadline.", "children.")


@dataclass(frozen=True, slots=True)
class Kid:
    """A child case; ``ended`` is empty as long as it runs."""

    key: str
    ref: str
    ended: Literal["", "done", "cancelled"] = ""


@dataclass(slots=True)
class Stage:
    """``state`` is empty before the case is opened. ``rows`` are the clocks in all their rounds,
    never changed in place: a copy of the stage needs a copy of its lists only."""

    compiled: Compiled
    calendar: Calendar
    zone: ZoneInfo
    now: datetime
    state: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    hand: dict[str, Any] = field(default_factory=dict)
    """Facts, and sizes of sources, that were set by hand."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    kids: list[Kid] = field(default_factory=list)
    party: int | None = None
    assignee: int | None = None
    creator: int | None = None
    reopened: int = 0
    files: int = 0

    @property
    def at(self) -> At:
        return At(self.now, self.calendar, self.zone)

    @property
    def ended(self) -> bool:
        return bool(self.state) and self.compiled.states[self.state].kind.ended

    def last(self) -> dict[str, dict[str, Any]]:
        return rounds.newest(self.rows)

    def late(self) -> tuple[str, ...]:
        """The deadlines that are overdue and not done with."""
        return tuple(
            key
            for key, row in self.last().items()
            if row["breached_at"] is not None and row["status"] != ClockState.STOPPED
        )

    def related(self, person: int | None) -> tuple[Related, ...]:
        """What somebody is to the case by what has happened. Everybody on the staff is taken for a
        member of the responsible party, once there is one."""
        if person is None:
            return ()
        found: list[Related] = []
        if self.assignee == person:
            found.append("assignee")
        if self.creator == person:
            found.append("creator")
        if self.party is not None:
            found.append("party")
        return tuple(found)

    # --- facts ------------------------------------------------------------------------------

    def facts(self, form: Mapping[str, Any]) -> Callable[[str], Fact]:
        """The facts as one step sees them that fills in ``form``."""

        def get(name: str) -> Fact:
            return self._fact(name, form)

        return get

    def _fact(self, name: str, form: Mapping[str, Any]) -> Fact:
        if name in self.hand:
            return self.hand_fact(name)
        family, _, rest = name.partition(".")
        key, _, word = rest.rpartition(".")
        if family == "deadline":
            return rounds.fact(self.compiled.deadlines.get(key), self.last().get(key), word)
        if family == "children":
            return self._children(key, word)
        known: dict[str, Callable[[], Any]] = {
            "assignee.set": lambda: self.assignee is not None,
            "party.set": lambda: self.party is not None,
            "case.reopened": lambda: self.reopened,
            "attachments.count": lambda: self.files,
            "rating.stars": lambda: self._stars({**self.data, **form}),
        }
        return Fact(known[name]()) if name in known else Fact(self.unset(name))

    def hand_fact(self, name: str) -> Fact:
        value, known = self.hand[name], registry.fact(name, self.compiled.spec)
        number = known is not None and known.type is ValueType.NUMBER
        return Fact(number_of(value) if number and value is not None else value)

    def unset(self, name: str) -> Any:
        """What a fact of the database is taken for until it is set."""
        known = registry.fact(name, self.compiled.spec)
        nothing = {ValueType.YES_NO: False, ValueType.NUMBER: 0, ValueType.TEXT: ""}
        return None if known is None else nothing.get(known.type)

    def _children(self, key: str, word: str) -> Fact:
        mine = [kid for kid in self.kids if not key or kid.key == key]
        running = sum(not kid.ended for kid in mine)
        values: dict[str, Any] = {
            "all_closed": running == 0,
            "all_done": all(kid.ended == "done" for kid in mine),
            "count": len(mine),
            "open": running,
        }
        return Fact(values.get(word))

    def _stars(self, data: Mapping[str, Any]) -> int | None:
        for spec in self.compiled.spec.fields:
            value = data.get(spec.key) if spec.type is FieldType.RATING else None
            if value is not None and str(value).isdecimal():
                return int(value)
        return None

    # --- children ---------------------------------------------------------------------------

    def spawned(self, child: Child) -> list[Kid]:
        """The children that ``child`` brings forth now: none for which there is one already that
        wasn't cancelled."""
        there = {kid.ref for kid in self.kids if kid.key == child.key and kid.ended != "cancelled"}
        return [Kid(child.key, ref) for ref in self._refs(child) if ref not in there]

    def _refs(self, child: Child) -> list[str]:
        key = registry.field_key(child.per)
        if key is None:
            size = self.hand.get(child.per, 1)
            return [f"{child.per}:{n + 1}" for n in range(int(size))]
        value = self.data.get(key)
        items = value if isinstance(value, list) else [value]
        return [f"{key}:{item}" for item in items if item]


def refusal(compiled: Compiled, name: str, value: Value) -> Label | None:
    """Why a fact can't be set to that by hand; None: it can."""
    if name in registry.SOURCES:
        whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_ITEMS
        return (
            None
            if whole
            else Label(
                zh=f"“{name}”应为 0 到 {MOST_ITEMS} 的整数",
                en=f"“{name}” should be a whole number from 0 to {MOST_ITEMS}",
            )
        )
    known = registry.fact(name, compiled.spec)
    if known is None:
        return Label(zh=f"没有名为“{name}”的事实", en=f"there is no fact “{name}”")
    if derives(name):
        return Label(
            zh=f"“{known.label.zh}”由演练自己得出，不能手工设定",
            en=f"“{known.label.text('en')}” follows from the play and can't be set by hand",
        )
    if value is None or _fits(known.type, value):
        return None
    return Label(
        zh=f"“{known.label.zh}”应为{_TYPES[known.type].zh}",
        en=f"“{known.label.text('en')}” should be {_TYPES[known.type].en}",
    )


def derives(name: str) -> bool:
    """Whether the play itself says what a fact is."""
    return name in _DERIVED or name.startswith(_BY_FAMILY)


def settable(compiled: Compiled) -> list[str]:
    """The facts that conditions of the workflow ask and that no play can know, in the order in
    which they are first asked; then the sources of its children."""
    spec = compiled.spec
    asked = [name for name in compiled.names if refusal(compiled, name, None) is None]
    sources = [child.per for child in spec.children if child.per in registry.SOURCES]
    return list(dict.fromkeys([*sorted(asked), *sources]))


def _fits(type_: ValueType, value: Value) -> bool:
    if type_ is ValueType.YES_NO:
        return isinstance(value, bool)
    if type_ is ValueType.NUMBER:
        return number_of(value) is not None
    if type_ is ValueType.SEVERAL:
        return isinstance(value, tuple)
    return isinstance(value, str | int) and not isinstance(value, bool)


_TYPES = {
    ValueType.YES_NO: Label(zh="是或否（true、false）", en="true or false"),
    ValueType.NUMBER: Label(zh="数字", en="a number"),
    ValueType.TEXT: Label(zh="文字", en="a text"),
    ValueType.MOMENT: Label(zh="日期或时间", en="a date or time"),
    ValueType.ONE: Label(zh="一个值", en="one value"),
    ValueType.SEVERAL: Label(zh="列表", en="a list"),
}
