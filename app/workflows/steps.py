"""What follows from a step that is allowed: data, people in charge, children, notices, clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.workflows import conditions, moves, registry
from app.workflows.index import Index, Look
from app.workflows.outcomes import Actor, Assign, ClockMove, ClockState, Outcome
from app.workflows.spec import (
    Condition,
    Deadline,
    Duration,
    Effect,
    FieldType,
    State,
    Transition,
)


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
    deadlines, clocks = index.spec.deadlines, change.clocks
    look = Look(index, change.look.facts, data, {})
    decide = deciding(look)
    stays = transition.target is None
    rescheduled = moves.rescheduling(
        deadlines,
        state if stays else None,
        clocks=clocks,
        change=moves.Change(change.before, data),
        decide=decide,
    )
    entering = () if stays else entered(index, state, look, clocks)
    varied: tuple[ClockMove, ...] = ()
    if index.varying:
        earlier = deciding(Look(index, change.look.facts, change.before, {}))
        over = {move.key for move in entering if move.action == "stop"}
        varied = tuple(
            move
            for move in moves.varying(
                deadlines, clocks=clocks, before=earlier.within, after=decide.within
            )
            if move.key not in over
        )
    pressed: Iterable[ClockMove] = ()
    if transition.key in index.pressed:
        pressed = moves.pressing(
            deadlines, transition.key, state, clocks=clocks, data=data, decide=decide
        )
    return (*rescheduled, *varied, *entering, *pressed)


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
            index.spec.deadlines, state, clocks=clocks, data=look.data or {}, decide=deciding(look)
        )
    )


def deciding(look: Look) -> moves.Decide:
    """What the conditions of deadlines say of a case."""

    def holds(condition: Condition | None) -> bool:
        return condition is None or conditions.holds(condition, look) is True

    def within(deadline: Deadline) -> Duration | None:
        if not deadline.variants:
            return None
        found = (variant.within for variant in deadline.variants if holds(variant.when))
        return next(found, deadline.within)

    return moves.Decide(lambda deadline: holds(deadline.when), within)
