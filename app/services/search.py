"""Search in Chinese without an extension: every text is kept as its character bigrams."""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import TSQUERY


def bigrams(*texts: str) -> list[str]:
    """The distinct pairs of neighbouring letters and digits, full width folded, lower case; a run
    of one character stands alone. Sorted, as ``array_to_tsvector`` keeps them."""
    found: set[str] = set()
    for text in texts:
        for run in _runs(text):
            found.update(run[i : i + 2] for i in range(len(run) - 1))
            if len(run) == 1:
                found.add(run)
    return sorted(found)


def _runs(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(char if char.isalnum() else " " for char in folded).split()


def matching(column: Any, words: str) -> ColumnElement[bool] | None:
    """The condition that ``column`` (a bigram tsvector) holds every pair of ``words``.

    None when there is nothing to search for. A word of one character matches nothing by itself
    and is left out. The GIN index narrows; the caller rechecks with LIKE where order matters.
    """
    pairs = [pair for pair in bigrams(words) if len(pair) == 2]
    if not pairs:
        return None
    quoted = " & ".join("'" + pair.replace("\\", "\\\\").replace("'", "''") + "'" for pair in pairs)
    found: ColumnElement[bool] = column.op("@@")(sa.cast(quoted, TSQUERY))
    return found
