"""What the designer's script sends, read within bounds; and the draft as it gets it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from flask import abort, request

from app.workflows import files, nodes
from app.workflows.spec import Workflow

LARGEST = 4 * files.LARGEST
"""Of one request: the draft, what it was before, and where its states stand."""
_FARTHEST = 1_000_000


def lean(spec: Workflow) -> dict[str, Any]:
    """A draft as plain data: what has its default is left out."""
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def body() -> dict[str, Any]:
    """The request's JSON object; 400 or 413 for anything else."""
    if (request.content_length or 0) > LARGEST:
        abort(413)
    try:
        found = json.loads(request.get_data())
    except (ValueError, RecursionError):
        abort(400)
    if not isinstance(found, dict) or not shallow(found, nodes.DEEPEST + 2):
        abort(400)
    return found


def shallow(value: Any, most: int) -> bool:
    """Whether it is nested less deep than that."""
    layer = [value]
    for _ in range(most):
        layer = [inner for one in layer for inner in _inner(one)]
        if not layer:
            return True
    return False


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def positions(value: Any) -> dict[str, tuple[float, float]] | None:
    """Where the states stand; what is no place is left out."""
    if not isinstance(value, dict):
        return None
    found = {}
    for key, at in value.items():
        if isinstance(at, list) and len(at) == 2 and all(_number(each) for each in at):
            found[key] = (at[0], at[1])
    return found


def _number(value: Any) -> bool:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    return fits and math.isfinite(value) and abs(value) <= _FARTHEST
