"""What a deadline of a workflow file is: how long, from when to when, and who hears of it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from app.workflows.spans import Duration, LevelAt
from app.workflows.terms import Condition, Key, Label, Spec, listed


class Level(Spec):
    at: LevelAt
    notify: tuple[Key, ...] = ()
    fire: Key | None = None


class Variant(Spec):
    """Another length of time where a condition holds."""

    when: Condition
    within: Duration


class Extension(Spec):
    """Time on request. ``ask``, ``grant`` and ``refuse`` are buttons of the workflow; who may press
    them, what they fill in and whom they tell is theirs. They are open only as long as the clock
    runs and fewer than ``most`` extensions were granted."""

    ask: Key
    grant: Key
    refuse: Key
    by: Duration
    """How much one extension adds; with ``field``, how much at most."""
    field: Key | None = None
    """A number field that says how many of the same unit."""
    most: int = Field(default=1, ge=1, le=20)

    @property
    def events(self) -> tuple[str, str, str]:
        return self.ask, self.grant, self.refuse


class Deadline(Spec):
    """A clock. It starts on entering a state of ``start`` and stops on entering one of ``stop`` or
    any end; it pauses while the case is in a state of ``pause``. Left once and entered again after
    it had stopped, it starts a new round. Buttons named in ``starts_on`` and ``stops_on`` start and
    stop it too, whether or not they move the case.

    The first of ``variants`` whose condition holds gives the time in place of ``within``: decided
    when the clock starts, and again whenever a step changes what the conditions ask."""

    key: Key
    label: Label
    start: tuple[Key, ...] = ()
    stop: tuple[Key, ...] = ()
    pause: tuple[Key, ...] = ()
    starts_on: tuple[Key, ...] = ()
    stops_on: tuple[Key, ...] = ()
    within: Duration | None = None
    until: Key | None = None
    """A field of type date or datetime that holds the due time; instead of ``within``."""
    variants: tuple[Variant, ...] = ()
    when: Condition | None = None
    extension: Extension | None = None
    levels: tuple[Level, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_state(cls, value: Any) -> Any:
        return listed(value, "start", "stop", "pause", "starts_on", "stops_on")

    @model_validator(mode="after")
    def _whole(self) -> Deadline:
        if (self.within is None) == (self.until is None):
            raise ValueError("give exactly one of: within, until")
        if self.until is not None and (self.variants or self.extension is not None):
            raise ValueError("variants and extension need within; until has a field that changes")
        if not self.start and not self.starts_on:
            raise ValueError("give start, starts_on, or both")
        return self
