"""A place's own version of a template: its words, who presses, how long. Nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from app.workflows.faults import Fault
from app.workflows.leeway import Leeway, RoleLeeway, TimeLeeway
from app.workflows.spans import Duration
from app.workflows.spec import Label, Workflow
from app.workflows.terms import Key, Name, Spec, printable

PARTS = ("states", "transitions", "fields", "deadlines", "children")
"""Parts whose labels a place may word; ``workflow`` is the workflow itself."""
WORKFLOW = "workflow"
LONGEST = 200

_Words = Annotated[
    str, StringConstraints(max_length=LONGEST, strip_whitespace=True), AfterValidator(printable)
]


class Words(Spec):
    """A label's words; what is left empty stays the template's."""

    zh: _Words = ""
    en: _Words = ""

    def over(self, label: Label) -> Label:
        return Label(zh=self.zh or label.zh, en=self.en or label.en)


class Changes(Spec):
    """What a place has otherwise. ``labels`` by part and key (``states.new``), ``roles`` by the
    step's key, ``times`` by the deadline's."""

    labels: dict[str, Words] = Field(default={}, max_length=4000)
    roles: dict[Key, tuple[Name, ...]] = Field(default={}, max_length=500)
    times: dict[Key, Duration] = Field(default={}, max_length=200)

    @property
    def count(self) -> int:
        return len(self.labels) + len(self.roles) + len(self.times)


@dataclass(frozen=True, slots=True)
class Wording:
    """A label that may be worded; ``name`` is what Changes calls it."""

    name: str
    part: str
    label: Label


@dataclass(frozen=True, slots=True)
class Cast:
    """A step whose roles may be chosen; ``roles`` are the template's."""

    key: str
    label: Label
    roles: tuple[str, ...]
    among: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A deadline whose time may be set; ``within`` is the template's."""

    key: str
    label: Label
    within: Duration
    least: int
    most: int


def wordings(spec: Workflow) -> tuple[Wording, ...]:
    """Every label that a place may word, each once; none when the template gives no leave."""
    if not _leeway(spec).labels:
        return ()
    found = {WORKFLOW: Wording(WORKFLOW, WORKFLOW, spec.label)}
    for part in PARTS:
        for thing in getattr(spec, part):
            name = f"{part}.{thing.key}"
            found.setdefault(name, Wording(name, part, thing.label))
    return tuple(found.values())


def casts(spec: Workflow) -> tuple[Cast, ...]:
    steps = {step.key: step for step in reversed(spec.transitions)}
    return tuple(
        Cast(one.transition, steps[one.transition].label, steps[one.transition].roles, one.among)
        for one in _leeway(spec).roles
        if one.transition in steps
    )


def spans(spec: Workflow) -> tuple[Span, ...]:
    known = {deadline.key: deadline for deadline in spec.deadlines}
    return tuple(
        Span(one.deadline, deadline.label, deadline.within, one.least.amount, one.most.amount)
        for one in _leeway(spec).times
        if (deadline := known.get(one.deadline)) is not None
        and deadline.within is not None
        and deadline.within.unit is one.least.unit
    )


def _leeway(spec: Workflow) -> Leeway:
    return spec.vary or Leeway()


# --- what is not allowed ------------------------------------------------------------------------


def faults(spec: Workflow, changes: Changes) -> tuple[Fault, ...]:
    """Every change that the template doesn't allow (any more); ``path`` is as in Changes."""
    return tuple(_faults(spec, changes))


def _faults(spec: Workflow, changes: Changes) -> Iterator[Fault]:
    known = {wording.name for wording in wordings(spec)}
    leeway = _leeway(spec)
    for name in changes.labels:
        if not leeway.labels:
            yield _fault(
                f"labels.{name}",
                f"上级流程不允许调整名称（{name}）",
                f"the template lets no place change labels ({name})",
            )
        elif name not in known:
            yield _fault(
                f"labels.{name}",
                f"上级流程里已没有 {name}，其名称无处可用",
                f"the template has no {name} any more, so its label names nothing",
            )
    among = {one.transition: one for one in leeway.roles}
    for key, roles in changes.roles.items():
        yield from _roles(f"roles.{key}", key, roles, among.get(key))
    limits = {one.deadline: one for one in leeway.times}
    allowed = {span.key for span in spans(spec)}
    for key, within in changes.times.items():
        limit = limits.get(key) if key in allowed else None
        yield from _times(f"times.{key}", key, within, limit)


def _roles(
    path: str, key: str, roles: tuple[str, ...], limit: RoleLeeway | None
) -> Iterator[Fault]:
    if limit is None:
        yield _fault(
            path,
            f"上级流程不允许调整操作 {key} 的角色",
            f"the template lets no place change the roles of step {key}",
        )
        return
    wrong = [role for role in roles if role not in limit.among]
    if wrong:
        names, offered = ", ".join(wrong), ", ".join(limit.among)
        yield _fault(
            path,
            f"操作 {key} 不能交给 {names}，可选：{offered}",
            f"step {key} can't be given to {names}; there are: {offered}",
        )
    if not roles:
        yield _fault(path, f"操作 {key} 至少要有一个角色", f"step {key} needs at least one role")


def _times(path: str, key: str, within: Duration, limit: TimeLeeway | None) -> Iterator[Fault]:
    if limit is None:
        yield _fault(
            path,
            f"上级流程不允许调整时限 {key}",
            f"the template lets no place change deadline {key}",
        )
    elif (
        within.unit is not limit.least.unit
        or not limit.least.amount <= within.amount <= limit.most.amount
    ):
        yield _fault(
            path,
            f"时限 {key} 须在 {limit.least.text('zh')}到 {limit.most.text('zh')}之间，"
            f"不能是 {within.text('zh')}",
            f"deadline {key} must lie between {limit.least} and {limit.most}, not {within}",
        )


def _fault(path: str, zh: str, en: str) -> Fault:
    return Fault(path, 0, Label(zh=zh, en=en))


# --- what it amounts to -------------------------------------------------------------------------


def apply(spec: Workflow, changes: Changes) -> Workflow:
    """The template with these changes. Raises ValueError for what ``faults`` names."""
    if found := faults(spec, changes):
        raise ValueError("; ".join(fault.text.text("en") for fault in found))
    found_parts = {
        part: tuple(_changed(part, thing, changes) for thing in getattr(spec, part))
        for part in PARTS
    }
    own = changes.labels.get(WORKFLOW)
    label = own.over(spec.label) if own else spec.label
    return spec.model_copy(update={**found_parts, "label": label})


def _changed(part: str, thing: Any, changes: Changes) -> Any:
    update: dict[str, Any] = {}
    words = changes.labels.get(f"{part}.{thing.key}")
    if words is not None:
        update["label"] = words.over(thing.label)
    if part == "transitions" and thing.key in changes.roles:
        update["roles"] = changes.roles[thing.key]
    if part == "deadlines" and thing.key in changes.times:
        update["within"] = changes.times[thing.key]
    return thing.model_copy(update=update) if update else thing


def lean(spec: Workflow, changes: Changes) -> Changes:
    """Without what says the same as the template: there the place follows its updates."""
    labels = {wording.name: wording.label for wording in wordings(spec)}
    roles = {cast.key: cast.roles for cast in casts(spec)}
    times = {span.key: span.within for span in spans(spec)}
    return Changes(
        labels={
            name: found
            for name, words in changes.labels.items()
            if (found := _own(words, labels.get(name))) != Words()
        },
        roles=_unlike(changes.roles, roles, lambda value: frozenset(value)),
        times=_unlike(changes.times, times, lambda value: value),
    )


def _own(words: Words, label: Label | None) -> Words:
    if label is None:
        return words
    return Words(
        zh="" if words.zh == label.zh else words.zh, en="" if words.en == label.en else words.en
    )


def _unlike(found: Mapping[str, Any], known: Mapping[str, Any], by: Any) -> dict[str, Any]:
    return {
        key: value
        for key, value in found.items()
        if key not in known or by(value) != by(known[key])
    }
