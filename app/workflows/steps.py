"""What follows from a step that is allowed: data, people in charge, children, notices, clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.workflows import conditions, moves, registry
from app.workflows.index import Index, Look
from app.workflows.outcomes import Actor, Assign, ClockMove, ClockState, Outcome
from app.workflows.spec import Effect, FieldType, Transition


@dataclass(frozen=True, slots=True)
class Change:
    """What a step starts from; ``form`` is what was filled in."""

    look: Look
    before: Mapping[str, Any]
    form: dict[str, Any]
    clocks: Mapping[str, ClockState]


def after(
    index: Index,
    transition: Transition,
    path: tuple[str, str],
    actor: Actor,
    change: Change,
) -> Outcome:
    source, target = path
    changed, assign, runs = dict(change.form), [], []
    for effect in transition.effects:
        if effect.set is not None:
            changed.update(effect.set)
        elif effect.run is not None:
            runs.append(effect.run)
    data = {**change.before, **changed}
    for effect in transition.effects:
        if effect.assign is not None:
            assign += _assigned(index, effect, actor, data)
    look = Look(index, change.look.facts, data, {})
    state = index.states[target]
    ticks = list(
        moves.extending(
            index.spec.deadlines, clocks=change.clocks, changed=changed, before=change.before
        )
    )
    if transition.target is not None:
        ticks += entered(index, target, look, change.clocks)
    return Outcome(
        event=transition.key,
        transition=transition,
        source=source,
        target=target,
        ended=state.kind.ended,
        data=data,
        changed=changed,
        assign=tuple(assign),
        runs=tuple(runs),
        spawn=tuple(index.children[key] for key in transition.spawn),
        notices=tuple(index.notices[key] for key in transition.notify),
        moves=tuple(ticks),
        visible_to=state.visible_to,
    )


def _assigned(index: Index, effect: Effect, actor: Actor, data: Mapping[str, Any]) -> list[Assign]:
    if effect.assign == "nobody":
        return [Assign("person", None)]
    if effect.assign == "actor":
        return [Assign("person", actor.id)] if actor.kind == "user" else []
    key = registry.field_key(effect.assign or "")
    field = index.fields.get(key or "")
    if key is None or field is None or data.get(key) is None:
        return []
    return [Assign("party" if field.type is FieldType.PARTY else "person", data[key])]


def entered(
    index: Index, target: str, look: Look, clocks: Mapping[str, ClockState]
) -> list[ClockMove]:
    return list(
        moves.entering(
            index.spec.deadlines,
            index.states[target],
            clocks=clocks,
            data=look.data or {},
            holds=lambda deadline: (
                deadline.when is None or conditions.holds(deadline.when, look) is True
            ),
        )
    )
