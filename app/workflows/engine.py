"""The engine: which buttons there are, who may press them now, and what pressing one does.

Nothing happens here: a decision is returned as a value, and the caller writes it. One plain
``Machine`` per version decides which state follows. It is given no callbacks at all (the library
would import and call a text) and moves a throw-away carrier, so that nothing is kept per case.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from transitions import Machine

from app.workflows import conditions, forms, reasons, steps
from app.workflows.conditions import Fact, Facts
from app.workflows.index import Index, Look
from app.workflows.outcomes import (
    Actor,
    Assign,
    Choice,
    ClockMove,
    ClockState,
    Outcome,
    Reason,
    Refused,
)
from app.workflows.spec import Workflow
from app.workflows.terms import Condition

__all__ = [
    "OPENING",
    "Actor",
    "Assign",
    "Choice",
    "ClockMove",
    "ClockState",
    "Compiled",
    "Fact",
    "Facts",
    "Outcome",
    "Reason",
    "Refused",
    "choices",
    "compile_",
    "opening",
    "plan",
]

OPENING = "open"
"""The event under which a case's beginning is recorded."""


# the library tells of every entering and leaving: two lines for each decision, saying nothing
logging.getLogger("transitions").setLevel(logging.WARNING)


class _Carrier:
    """What the machine moves."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


class Compiled(Index):
    """A version made ready: its look-ups and its machine, read by any number of threads."""

    __slots__ = ("machine", "zone")

    def __init__(self, spec: Workflow, zone: ZoneInfo) -> None:
        super().__init__(spec)
        self.zone = zone
        self.machine = Machine(
            model=None,
            states=list(self.states),
            initial=spec.start,
            auto_transitions=False,
            transitions=[
                # the prefix keeps events apart from names that the library reserves
                {"trigger": f"on:{key}", "source": state, "dest": t.target}
                for state, leaving in self.leaving.items()
                for key, t in leaving.items()
            ],
        )

    def follow(self, state: str, event: str) -> str:
        """The state after ``event``, which the caller has found to be allowed."""
        carrier = _Carrier(state)
        self.machine.events[f"on:{event}"].trigger(carrier)
        return carrier.state


def compile_(spec: Workflow, zone: ZoneInfo = forms.CHINA) -> Compiled:
    """Make a version ready, once. Raises ValueError when a name leads nowhere (the checker says
    where and why); every other fault is taken as it is written."""
    states = {state.key for state in spec.states}
    fields = {field.key for field in spec.fields}
    named = {spec.start}
    asked = {item.field for item in spec.intake}
    for transition in spec.transitions:
        named.update(spec.sources(transition), [transition.target or spec.start])
        asked.update(item.field for item in transition.form)
    if wrong := (named - states) | (asked - fields):
        raise ValueError(f"{spec.key}: no such state or field: {', '.join(sorted(wrong))}")
    return Compiled(spec, zone)


def _unmet(
    compiled: Compiled, condition: Condition | None, look: Look, later: frozenset[str]
) -> tuple[Reason, ...]:
    if condition is None or conditions.holds(condition, look, later) is not False:
        return ()
    verdict = conditions.evaluate(condition, look, names=compiled.names.get, later=later)
    texts = conditions.failures(verdict, condition)
    return tuple(Reason("condition", text) for text in texts)


def plan(  # noqa: PLR0913 - one decision with all its inputs by name
    compiled: Compiled,
    state: str,
    event: str,
    *,
    actor: Actor,
    facts: Facts,
    data: Mapping[str, Any],
    form: Mapping[str, Any],
    clocks: Mapping[str, ClockState],
) -> Outcome | Refused:
    """Decide one step: is there such a button, may this person press it, is the form right, do
    the conditions hold with what was filled in; then what follows from it."""
    transition = compiled.leaving.get(state, {}).get(event)
    if transition is None:
        return Refused((reasons.missing(compiled.spec, compiled.states.get(state), event),))
    refused = reasons.who(transition, actor)
    if refused is not None:
        return Refused((refused,))
    changed: dict[str, Any] = {}
    if transition.form or form:
        cleaned = forms.clean(compiled.fields, transition.form, form, zone=compiled.zone)
        if cleaned.problems:
            return _refused(cleaned)
        changed = cleaned.values
    look = Look(compiled, facts, {**data, **changed}, {})
    unmet = _unmet(compiled, transition.when, look, frozenset())
    if unmet:
        return Refused(unmet)
    path = (state, compiled.follow(state, event))
    return steps.after(compiled, transition, path, actor, steps.Change(look, data, changed, clocks))


def _refused(cleaned: forms.Cleaned) -> Refused:
    return Refused(tuple(Reason("form", flaw.text, flaw.field) for flaw in cleaned.problems))


def opening(
    compiled: Compiled,
    *,
    actor: Actor,
    facts: Facts,
    form: Mapping[str, Any],
) -> Outcome | Refused:
    """Decide how a case begins: who may, the form of the opening, the first clocks."""
    refused = reasons.opener(compiled.spec, actor)
    if refused is not None:
        return Refused((refused,))
    cleaned = forms.clean(compiled.fields, compiled.spec.intake, form, zone=compiled.zone)
    if cleaned.problems:
        return _refused(cleaned)
    state = compiled.states[compiled.spec.start]
    look = Look(compiled, facts, cleaned.values, {})
    return Outcome(
        event=OPENING,
        transition=None,
        source=None,
        target=state.key,
        ended=state.kind.ended,
        data=dict(cleaned.values),
        changed=dict(cleaned.values),
        notices=tuple(compiled.notices[key] for key in compiled.spec.notify),
        moves=steps.entered(compiled, state, look, {}),
        visible_to=state.visible_to,
    )


def choices(
    compiled: Compiled,
    state: str,
    *,
    actor: Actor,
    facts: Facts,
    data: Mapping[str, Any] | None = None,
) -> tuple[Choice, ...]:
    """Every transition from that state in the file's order, allowed or with the reasons.

    A condition on a field that the button's own form fills doesn't make the button grey. Facts
    are asked only for buttons that the actor may press. Without ``data``, ``facts`` is asked for
    ``field.*`` too.
    """
    look = Look(compiled, facts, data, {})
    found = []
    for transition in compiled.leaving.get(state, {}).values():
        refused = reasons.who(transition, actor)
        if refused is not None:
            found.append(Choice(transition, allowed=False, reasons=(refused,)))
            continue
        later = frozenset(f"field.{item.field}" for item in transition.form)
        unmet = _unmet(compiled, transition.when, look, later)
        found.append(Choice(transition, allowed=not unmet, reasons=unmet))
    return tuple(found)
