"""What the checker says, and the words that all checks share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Literal, Protocol

from app.workflows.spec import Label, Transition


@dataclass(frozen=True, slots=True)
class Finding:
    """``path`` is the place in the file (``transitions[3].to``); an error blocks publishing."""

    level: Literal["error", "warning"]
    code: str
    path: str
    text: Label
    suggestion: Label


_KNOWN = 300
"""So many names are compared; with more of them a suggestion isn't worth the time."""


class Named(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def label(self) -> Label: ...


def say(zh: str, en: str) -> Label:
    return Label(zh=_cut(zh), en=_cut(en))


def _cut(text: str) -> str:
    return text if len(text) <= 2000 else f"{text[:1999]}…"


def error(code: str, path: str, text: Label, suggestion: Label) -> Finding:
    return Finding("error", code, path, text, suggestion)


def warning(code: str, path: str, text: Label, suggestion: Label) -> Finding:
    return Finding("warning", code, path, text, suggestion)


def named(thing: Named) -> Label:
    """Label and key, as the reader and the file know it."""
    return say(f"“{thing.label.zh}”（{thing.key}）", f"“{thing.label.text('en')}” ({thing.key})")


def button(transition: Transition) -> Label:
    """A transition with where it leaves from: one key may occur several times."""
    name = named(transition)
    where = transition.source if transition.source == "*" else ", ".join(transition.source)
    return say(f"操作{name.zh}，自 {where}", f"step {name.en} from {where}")


def listed(names: Iterable[str], most: int = 6) -> str:
    """The names on one line, cut to the first few."""
    found = list(names)
    return ", ".join(found[:most]) + ("…" if len(found) > most else "")


def nearby(word: str, known: Iterable[str]) -> Label:
    """“Did you mean …”, or the words that there are."""
    names = list(islice((name for name in known if name), _KNOWN))
    close = get_close_matches(word, names, n=1)
    if close:
        return say(f"是不是“{close[0]}”？", f"Did you mean “{close[0]}”?")
    if not names:
        return say("先定义它，或删去这一处。", "Define it first, or remove it here.")
    text = listed(names, most=12)
    return say(f"可用的有：{text}", f"There are: {text}")
