"""One tree of errors.

An error carries a code, arguments and, where the text comes from a workflow, the text in both
languages. Nothing here is translated: the view does that, in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; ``field`` names the input, ``text`` says it in zh and en."""

    text: dict[str, str]
    field: str | None = None


class SifangError(Exception):
    """Base of all errors that a user may see. ``problems`` says each thing that is wrong."""

    status: ClassVar[int] = 400

    def __init__(self, *problems: Problem, **data: Any) -> None:
        super().__init__("; ".join(p.text.get("en", "") for p in problems) or type(self).__name__)
        self.problems = problems
        self.data = data


class InvalidError(SifangError):
    """The input is wrong: shown beside the field, nothing saved (HTTP 422)."""

    status = 422


class RefusedError(SifangError):
    """The workflow's rules don't allow it now; the problems say why (HTTP 409)."""

    status = 409


class ConflictError(SifangError):
    """Somebody else was faster; the reader is told what happened (HTTP 409)."""

    status = 409


class ForbiddenError(SifangError):
    """This person may not do that (HTTP 403)."""

    status = 403


class MissingError(SifangError):
    """Not there, or not visible for this person: the two look alike on purpose (HTTP 404)."""

    status = 404
