"""Moving a case from one version of its workflow to another: a plan, and what it would do.

The plan is only proposed: a person may choose another state for each, and for the clocks of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.workflows.spec import FieldSpec, Label, State, Workflow

Rule = Literal["keep", "restart", "shift"]
"""For a clock that is in both versions and whose rule has changed: ``keep`` its old due time,
``restart`` it at the migration, or ``shift``: the new rule from the old start."""
Fate = Literal["keep", "restart", "shift", "stop", "start"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where cases of a state go. ``target`` None: nobody can tell, a person has to choose."""

    target: str | None
    reason: Label


@dataclass(frozen=True, slots=True)
class Tick:
    """What happens to a clock."""

    key: str
    fate: Fate
    reason: Label


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a case. ``lost`` are values that the new version has no field for or
    doesn't take; they stay in the case's history. ``refused``: why it can't be migrated."""

    target: str | None
    data: Mapping[str, Any]
    lost: Mapping[str, Label]
    clocks: tuple[Tick, ...]
    refused: Label | None = None


def propose(before: Workflow, after: Workflow) -> dict[str, Proposal]:
    """For each state: the one with its key, else its label, else the one whose neighbours are most
    alike. An end goes to an end of its kind only, what is no end to no end."""
    found: dict[str, Proposal] = {}
    states = {state.key: state for state in after.states}
    labels: dict[str, list[State]] = {}
    for state in after.states:
        labels.setdefault(state.label.zh, []).append(state)
    near = _neighbours(after)
    old = _neighbours(before)
    for state in before.states:
        same = states.get(state.key)
        alike = [one for one in labels.get(state.label.zh, ()) if _fits(state, one)]
        if same is not None and _fits(state, same):
            found[state.key] = Proposal(same.key, Label(zh="标识相同", en="the same key"))
        elif len(alike) == 1:
            found[state.key] = Proposal(alike[0].key, Label(zh="名称相同", en="the same label"))
        else:
            found[state.key] = _nearest(state, old[state.key], near, states)
    return found


def _fits(one: State, other: State) -> bool:
    if one.kind.ended or other.kind.ended:
        return one.kind is other.kind
    return True


_Near = frozenset[tuple[str, str, str]]


def _neighbours(spec: Workflow) -> dict[str, _Near]:
    """By state: the steps out of it and into it with the states beyond."""
    found: dict[str, set[tuple[str, str, str]]] = {state.key: set() for state in spec.states}
    for step in spec.transitions:
        for source in spec.sources(step):
            target = step.target or source
            found.setdefault(source, set()).add(("out", step.key, target))
            found.setdefault(target, set()).add(("in", step.key, source))
    return {key: frozenset(near) for key, near in found.items()}


def _nearest(
    state: State, mine: _Near, near: Mapping[str, _Near], states: Mapping[str, State]
) -> Proposal:
    weights = {
        key: len({n[:2] for n in mine} & {n[:2] for n in near[key]}) + len(mine & near[key])
        for key, one in states.items()
        if _fits(state, one)
    }
    best = max(weights.values(), default=0)
    first = [key for key, weight in weights.items() if weight == best]
    if best and len(first) == 1:
        return Proposal(
            first[0], Label(zh="前后的操作最相近", en="its steps in and out are most alike")
        )
    return Proposal(None, Label(zh="没有相近的状态，请选择", en="nothing is alike: choose a state"))


def preview(
    versions: tuple[Workflow, Workflow],
    mapping: Mapping[str, str | None],
    *,
    state: str,
    data: Mapping[str, Any],
    running: frozenset[str],
    rule: Rule = "shift",
) -> Preview:
    """What would become of a case in ``state`` with that data and those clocks running (or
    paused), from the first of ``versions`` to the second."""
    before, after = versions
    states = {one.key: one for one in after.states}
    target = mapping.get(state)
    if target is None or target not in states:
        text = Label(zh=f"状态 {state} 没有对应的新状态", en=f"no new state is given for {state}")
        return Preview(None, dict(data), {}, (), text)
    kept, lost = _data(before, after, data)
    return Preview(target, kept, lost, _clocks(before, after, states[target], running, rule))


def _data(
    before: Workflow, after: Workflow, data: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Label]]:
    old = {field.key: field for field in before.fields}
    new = {field.key: field for field in after.fields}
    kept: dict[str, Any] = {}
    lost: dict[str, Label] = {}
    for key, value in data.items():
        reason = _unfit(old.get(key), new.get(key), value)
        if reason is None:
            kept[key] = value
        else:
            lost[key] = reason
    return kept, lost


def _unfit(old: FieldSpec | None, new: FieldSpec | None, value: Any) -> Label | None:
    """Why the new version doesn't take the value; what is no field of either is left alone."""
    if new is None:
        return None if old is None else Label(zh="新版没有这个字段", en="the field is gone")
    if value is None:
        return None
    if old is not None and old.type is not new.type:
        return Label(zh="字段类型变了", en="the field has another type")
    options = {option.key for option in new.options}
    chosen = value if isinstance(value, list | tuple) else [value]
    if options and not options.issuperset(chosen):
        return Label(zh="新版没有这个选项", en="the option is gone")
    if isinstance(value, str) and len(value) > new.max_length:
        return Label(zh="新版容不下这么长的文字", en="the text is too long")
    return None


def _clocks(
    before: Workflow, after: Workflow, target: State, running: frozenset[str], rule: Rule
) -> tuple[Tick, ...]:
    old = {deadline.key: deadline for deadline in before.deadlines}
    new = {deadline.key: deadline for deadline in after.deadlines}
    found: list[Tick] = []
    for key in sorted(running):
        if key not in new:
            found.append(Tick(key, "stop", Label(zh="新版没有这个时限", en="the deadline is gone")))
        elif target.kind.ended or target.key in new[key].stop:
            found.append(Tick(key, "stop", Label(zh="新状态停止计时", en="the new state stops it")))
        elif key in old and _measure(old[key]) == _measure(new[key]):
            found.append(Tick(key, "keep", Label(zh="时限没有变化", en="its time is the same")))
        else:
            found.append(Tick(key, rule, Label(zh="时限有变化", en="its time has changed")))
    for key, deadline in new.items():
        begins = target.key in deadline.start and target.key not in deadline.stop
        if begins and key not in running and not target.kind.ended:
            found.append(
                Tick(key, "start", Label(zh="新状态开始计时", en="the new state starts it"))
            )
    return tuple(found)


def _measure(deadline: Any) -> Any:
    """What says how long it takes."""
    return deadline.within, deadline.until, deadline.variants
