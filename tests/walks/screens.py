"""Every screen that somebody can reach by following links, one address of each.

Nobody keeps the list: a new screen is in it as soon as a page links to it. Screens are told apart
by their endpoint, the tab that is asked for, and for a case by its leg and whether it is closed.
"""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

LINK = re.compile(r"<a\b[^>]*?\shref=\"([^\"]*)\"[^>]*>")
TELLING = ("tab", "error")
"""Arguments of an address that make it another screen."""
TRIES = 4
"""Addresses asked for one screen, until one of them is a page that this person may see."""
GENERATED = re.compile(r"^\w+View\.(list|show|add|edit|delete)$")


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    status: int
    text: str

    @property
    def is_page(self) -> bool:
        return "<html" in self.text[:600]


Get = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Screen:
    name: str
    path: str
    status: int

    @property
    def endpoint(self) -> str:
        return self.name.partition("-")[0]

    @property
    def template(self) -> str:
        """The kind of screen: the generated ones are one kind each of list, show, add and edit."""
        found = GENERATED.match(self.endpoint)
        return found[1] if found else self.name


@dataclass(slots=True)
class Crawl:
    """One person's way through the site. ``kinds`` tells of the key of a case, or of a resident's
    link, what kind it is."""

    get: Get
    rules: MapAdapter
    kinds: dict[object, str]
    most: int = 500
    screens: dict[str, Screen] = field(default_factory=dict)
    _tried: dict[str, int] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def follow(self, starts: Iterable[str]) -> list[Screen]:
        """The screens from ``starts`` on, in the order in which they are met."""
        queue = deque(starts)
        while queue and len(self.screens) < self.most:
            path = queue.popleft()
            name = self._name(path)
            if path in self._seen or name is None or name in self.screens:
                continue
            if self._tried.get(name, 0) >= TRIES:
                continue
            self._seen.add(path)
            self._tried[name] = self._tried.get(name, 0) + 1
            queue.extend(self._take(self.get(path), name))
        return list(self.screens.values())

    def _take(self, answer: Answer, name: str) -> Iterator[str]:
        if not answer.is_page:
            return
        bad = answer.status >= 400
        name = f"error-{answer.status}" if bad else self._name(answer.url) or name
        self.screens.setdefault(name, Screen(name, answer.url, answer.status))
        yield from links(answer.text)

    def _name(self, path: str) -> str | None:
        """The screen that ``path`` leads to; None when no link of ours goes there."""
        parts = urlsplit(path)
        try:
            endpoint, values = self.rules.match(parts.path, method="GET")
        except HTTPException:
            return f"nowhere-{parts.path}" if parts.path.startswith("/nowhere") else None
        if endpoint == "static":
            return None
        marks = [value for key, (value, *_) in parse_qs(parts.query).items() if key in TELLING]
        if endpoint.startswith(("cases.", "public.")):
            marks[:0] = [self.kinds.get(value, "") for value in values.values()]
        if "q" in parse_qs(parts.query):
            marks.append("found")
        return "-".join([endpoint, *filter(None, marks)])


def links(text: str) -> Iterator[str]:
    """The addresses of this site that a page links to, without those for download."""
    for match in LINK.finditer(text):
        address = html.unescape(match[1]).partition("#")[0]
        if address.startswith("/") and " download" not in match[0]:
            yield address
