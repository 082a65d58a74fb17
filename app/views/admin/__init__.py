"""The ledgers: generated screens for every entity, grouped as the menu shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    label: Any
    views: tuple[type[Any], ...]


LEDGERS: tuple[Group, ...] = ()
