"""What follows from a step that is allowed: data, people in charge, children, notices, clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.workflows import conditions, moves, registry
from app.workflows.index import Index, Look
from app.workflows.outcomes import Actor, Assign, ClockMove, ClockState, Outcome
from app.workflows.spec import Effect, FieldType, State, Transition


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
    changed = dict(change.form)
    for effect in transition.effects:
        changed.update(effect.set or {})
    data = {**change.before, **changed}
    state = index.states[target]
    return Outcome(
        event=transition.key,
        transition=transition,
        source=source,
        target=target,
        ended=state.kind.ended,
        data=data,
        changed=changed,
        assign=tuple(
            assign
            for effect in transition.effects
            for assign in _assigned(index, effect, actor, data)
        ),
        runs=tuple(effect.run for effect in transition.effects if effect.run is not None),
        spawn=tuple(index.children[key] for key in transition.spawn),
        notices=tuple(index.notices[key] for key in transition.notify),
        moves=_moved(index, transition, state, data, change),
        visible_to=state.visible_to,
    )


def _moved(
    index: Index, transition: Transition, state: State, data: dict[str, Any], change: Change
) -> tuple[ClockMove, ...]:
    if not index.spec.deadlines:
        return ()
    look = Look(index, change.look.facts, data, {})
    stays = transition.target is None
    rescheduled = moves.rescheduling(
        index.spec.deadlines,
        state if stays else None,
        clocks=change.clocks,
        change=moves.Change(change.before, data),
        holds=_holding(look),
    )
    return (*rescheduled, *(() if stays else entered(index, state, look, change.clocks)))


def _assigned(index: Index, effect: Effect, actor: Actor, data: Mapping[str, Any]) -> list[Assign]:
    if effect.assign is None:
        return []
    if effect.assign == "nobody":
        return [Assign("person", None)]
    if effect.assign == "actor":
        return [Assign("person", actor.id)] if actor.kind == "user" else []
    key = registry.field_key(effect.assign)
    field = index.fields.get(key or "")
    if key is None or field is None or data.get(key) is None:
        return []
    return [Assign("party" if field.type is FieldType.PARTY else "person", data[key])]


def entered(
    index: Index, state: State, look: Look, clocks: Mapping[str, ClockState]
) -> tuple[ClockMove, ...]:
    """What coming into ``state`` does to the clocks."""
    return tuple(
        moves.entering(
            index.spec.deadlines, state, clocks=clocks, data=look.data or {}, holds=_holding(look)
        )
    )


def _holding(look: Look) -> moves.Holds:
    return lambda deadline: deadline.when is None or conditions.holds(deadline.when, look) is True
