"""What comes of the moves of a play: values that are equal for equal plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.workflows.addressees import Sent
from app.workflows.outcomes import ClockState, Reason
from app.workflows.spec import Label
from app.workflows.trials import Move


@dataclass(frozen=True, slots=True)
class Scenery:
    """What notices say of the case beside what is played."""

    number: str = "0000"
    title: str = "—"
    place: str = "—"
    link: str = "—"


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the play's history. ``by`` is a role; ``why`` says what was refused to a deadline
    or to the last child."""

    at: datetime
    kind: Literal["opened", "moved", "noted", "level", "ended", "set"]
    event: str
    label: Label
    by: str
    source: str
    target: str
    form: Mapping[str, Any]
    runs: tuple[str, ...] = ()
    spawned: tuple[tuple[str, int], ...] = ()
    why: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticking:
    """A deadline as it stands; ``late`` once it is overdue or was when it stopped."""

    key: str
    status: ClockState
    due: datetime | None
    next: datetime | None
    late: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What came of a move: equal for equal plays. ``refused`` says why nothing did."""

    move: Move
    at: datetime
    state: str
    refused: tuple[Reason, ...] = ()
    history: tuple[Happening, ...] = ()
    notices: tuple[Sent, ...] = ()
    clocks: tuple[Ticking, ...] = ()
    overdue: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """The notices that reach somebody, each once."""
        return tuple(dict.fromkeys(sent.key for sent in self.notices if sent.to))


class NoError(Exception):
    """The move can't be made."""

    def __init__(self, *why: Reason) -> None:
        super().__init__(*why)
        self.why = why


def no(zh: str, en: str) -> NoError:
    return NoError(Reason("play", Label(zh=zh, en=en)))
