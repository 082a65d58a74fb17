"""What somebody searches for, taken apart: a number, a telephone, words, an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from app.services import addresses

LONGEST = 100
YEARS = 6
"""A figure alone stands for the numbers of the last years."""
LETTERS = "GMCS"
TAIL = 4
"""Fewer digits of a telephone fit too many people, and are more likely a number's figure."""
_WORDS = 4
_NUMBER = re.compile(r"([a-z])?(?:(\d{4})-)?(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, taken apart. ``digits``: nothing but a figure or a telephone."""

    text: str
    words: tuple[str, ...]
    digits: str
    numbers: tuple[str, ...]
    exact: bool
    """The whole number of one case."""


def asked(text: str, now: datetime) -> Asked:
    folded = addresses.folded(text)[:LONGEST]
    plain = re.sub(r"[\s-]", "", folded)
    figure = plain.removeprefix("+86")
    digits = figure if figure.isascii() and figure.isdecimal() else ""
    found = _NUMBER.fullmatch(folded.replace(" ", ""))
    numbers: tuple[str, ...] = ()
    if found is not None and found[3].isascii() and int(found[3]):
        letters = (found[1] or LETTERS).upper()
        years = [found[2]] if found[2] else range(now.year, now.year - YEARS, -1)
        numbers = tuple(f"{each}{year}-{int(found[3]):06d}" for year in years for each in letters)
    words = tuple(folded.split()[:_WORDS])
    return Asked(folded, words, digits, numbers, exact=len(numbers) == 1)


def ends(phone: Any, digits: str) -> ColumnElement[bool]:
    """By the last four, which have an index, and then by all that was typed."""
    tail = sa.func.right(phone, sa.literal_column(str(TAIL))) == digits[-TAIL:]
    return sa.and_(tail, sa.func.right(phone, len(digits)) == digits)
