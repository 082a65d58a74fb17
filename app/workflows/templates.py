"""Placeholders in notices: names out of a fixed list in braces, and nothing else.

No expression, no attribute, no format: whatever an administrator writes, it is text.
"""

from __future__ import annotations

import re

from app.workflows import registry

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def unknown(text: str) -> list[str]:
    """The names in braces that nothing is known by, in the order in which they stand."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in registry.TEMPLATES]


def is_paired(text: str) -> bool:
    """Whether every brace belongs to a placeholder."""
    return not set("{}") & set(_PLACEHOLDER.sub("", text))
