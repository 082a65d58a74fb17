"""A play between two requests: a signed value in the page's forms, nothing on the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer
from pydantic import ValidationError

from app.workflows.spec import SYSTEM
from app.workflows.trials import MOST_MOVES, Move

NAME = "expected"
"""As the forms of cases call what was seen: theirs are drawn here too."""


@dataclass(frozen=True, slots=True)
class Kept:
    """``draft`` is the version of the draft that was played; ``refused`` are the indices of moves
    that it refused. ``stranger``: whoever plays has nothing to do with the case."""

    draft: int
    begins: str
    player: str = SYSTEM
    stranger: bool = False
    moves: tuple[Move, ...] = ()
    refused: frozenset[int] = frozenset()

    @property
    def full(self) -> bool:
        return len(self.moves) >= MOST_MOVES


def write(kept: Kept) -> str:
    moves = [move.model_dump(mode="json", by_alias=True) for move in kept.moves]
    found: list[Any] = [
        kept.draft,
        kept.begins,
        kept.player,
        kept.stranger,
        moves,
        sorted(kept.refused),
    ]
    text: str = _signer().dumps(found)
    return text


def read() -> Kept | None:
    """The play that this request brings along; None: it brings none that can be read."""
    try:
        draft, begins, player, stranger, moves, refused = _signer().loads(
            request.form.get(NAME, "")
        )
        return Kept(
            draft,
            begins,
            player,
            stranger,
            tuple(Move.model_validate(move) for move in moves),
            frozenset(refused),
        )
    except (BadData, ValidationError, TypeError, ValueError):
        return None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="play")
