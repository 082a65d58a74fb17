"""Moving a case from one version of its workflow to another: to which state, and with which data.

The mapping is only proposed: a person may choose another state for each. What becomes of the
clocks is ``transfer``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.workflows.spec import FieldSpec, FieldType, Label, State, Workflow


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where cases of a state go. ``target`` None: nobody can tell, a person has to choose."""

    target: str | None
    reason: Label


@dataclass(frozen=True, slots=True)
class Carried:
    """What would become of a case. ``lost`` are values that the new version has no field for or
    doesn't take; they stay in the case's history. ``refused``: why it can't be moved."""

    target: str | None
    data: Mapping[str, Any]
    lost: Mapping[str, Label]
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


def carry(
    versions: tuple[Workflow, Workflow],
    mapping: Mapping[str, str | None],
    *,
    state: str,
    data: Mapping[str, Any],
) -> Carried:
    """Where a case in ``state`` with that data goes, from the first of ``versions`` to the second,
    and what it takes along."""
    before, after = versions
    states = {one.key: one for one in after.states}
    target = mapping.get(state)
    if target is None or target not in states:
        name = next((one.label for one in before.states if one.key == state), Label(zh=state))
        text = Label(
            zh=f"没有为状态“{name.zh}”选择新状态",
            en=f"no new state is chosen for “{name.text('en')}”",
        )
        return Carried(None, dict(data), {}, text)
    return Carried(target, *_data(before, after, data))


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


_WORDS = {FieldType.TEXT, FieldType.LONG_TEXT}


def _unfit(old: FieldSpec | None, new: FieldSpec | None, value: Any) -> Label | None:
    """Why the new version doesn't take the value; what is no field of either is left alone."""
    if new is None:
        return None if old is None else Label(zh="新版没有这个字段", en="the field is gone")
    if value is None:
        return None
    if old is not None and old.type is not new.type and {old.type, new.type} != _WORDS:
        return Label(zh="字段类型变了", en="the field has another type")
    options = {option.key for option in new.options}
    chosen = value if isinstance(value, list | tuple) else [value]
    if options and not options.issuperset(chosen):
        return Label(zh="新版没有这个选项", en="the option is gone")
    if isinstance(value, str) and len(value) > new.max_length:
        return Label(zh="新版容不下这么长的文字", en="the text is too long")
    return None
