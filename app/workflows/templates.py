"""Placeholders in notices: names out of a fixed list in braces, and nothing else.

No expression, no attribute, no format: whatever an administrator writes, it is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring as _quoted

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


def document(text: Label, names: Names) -> str:
    """The same as JSON, which takes half as long as to render first and to encode then."""
    pattern, wanted = _document(*[text.text(language) for language in LANGUAGES])
    return pattern % tuple(
        [
            _quoted(names[name][language] if name in names else f"{{{name}}}")[1:-1]
            for name, language in wanted
        ]
    )


@lru_cache(maxsize=4096)
def _document(*texts: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A format of JSON, and the names that stand in it with the language of each."""
    parts: list[str] = []
    wanted: list[tuple[str, str]] = []
    for language, text in zip(LANGUAGES, texts, strict=True):
        pattern, names = _pattern(text)
        parts.append(f"{_quoted(language)}: {_quoted(pattern)}")
        wanted += [(name, language) for name in names]
    return f"{{{', '.join(parts)}}}", tuple(wanted)


def _rendered(text: str, language: str, names: Names) -> str:
    pattern, wanted = _pattern(text)
    try:
        return pattern % tuple([names[name][language] for name in wanted])
    except KeyError:
        return pattern % tuple(
            [names[name][language] if name in names else f"{{{name}}}" for name in wanted]
        )


@lru_cache(maxsize=4096)
def _pattern(text: str) -> tuple[str, tuple[str, ...]]:
    """The text as a format, and the names that stand in it."""
    words = _NAME.split(text)
    wanted = tuple(words[1::2])
    return "%s".join(word.replace("%", "%%") for word in words[::2]), wanted


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
