"""What the names of recipients alone tell: what has to be known of a case to find them."""

from __future__ import annotations

from functools import lru_cache

ADMINISTRATORS = "administrators"
"""Of the system, wherever they are; workflow files don't name them."""


@lru_cache(maxsize=1024)
def of_place(names: tuple[str, ...]) -> bool:
    """Whether the case's place alone says who they are."""
    return all(name.startswith(("role:", "above:")) or name == ADMINISTRATORS for name in names)


@lru_cache(maxsize=1024)
def of_form(names: tuple[str, ...]) -> bool:
    """Whether the form data of the case are asked."""
    return any(name.startswith("field.") for name in names)
