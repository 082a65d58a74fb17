"""Placeholders in notices: names out of a fixed list in braces, and nothing else.

No expression, no attribute, no format: whatever an administrator writes, it is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from app.workflows import registry
from app.workflows.spec import Label, Workflow

LANGUAGES = ("zh", "en")
Names = Mapping[str, Mapping[str, str]]
"""The value of each name, by language."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"\{(\w+)\}")


def unknown(text: str) -> list[str]:
    """The names in braces that nothing is known by, in the order in which they stand."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in registry.TEMPLATES]


def is_paired(text: str) -> bool:
    """Whether every brace belongs to a placeholder."""
    return not set("{}") & set(_PLACEHOLDER.sub("", text))


def render(text: Label, names: Names) -> dict[str, str]:
    """``text`` in both languages. Unknown names stay as they are written (the checker refuses them
    before that)."""
    return {language: _rendered(text.text(language), language, names) for language in LANGUAGES}


def _rendered(text: str, language: str, names: Names) -> str:
    parts = list(_parts(text))
    for index in range(1, len(parts), 2):
        known = names.get(parts[index])
        parts[index] = f"{{{parts[index]}}}" if known is None else known[language]
    return "".join(parts)


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str, ...]:
    """Words and names by turns."""
    return tuple(_NAME.split(text))


def names(  # noqa: PLR0913  each is one placeholder
    spec: Workflow,
    state: str,
    *,
    number: str,
    title: str,
    place: str,
    due: str,
    actor: dict[str, str] | None,
    link: str,
) -> dict[str, dict[str, str]]:
    """The value of each of the registry's TEMPLATES; ``actor`` None: the system."""
    label = next((s.label for s in spec.states if s.key == state), None)
    return {
        "number": _both(number),
        "title": _both(title),
        "place": _both(place),
        "state": {"zh": label.text("zh"), "en": label.text("en")} if label else _both(""),
        "due": _both(due),
        "actor": {"zh": "系统", "en": "the system"} if actor is None else actor,
        "link": _both(link),
    }


def _both(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}
