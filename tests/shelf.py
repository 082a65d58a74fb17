"""What stands in a list, for the tests of lists."""

from __future__ import annotations

import html
import re

from tests.visitor import Visitor

WORK = {
    "grievances": "/grievances/",
    "meetings": "/meetings/",
    "consultations": "/consultations/",
    "allcases": "/all-cases/",
    "work": "/work/",
}


def titles(visitor: Visitor) -> list[str]:
    return re.findall(r'class="row-title">([^<]+)<', visitor.text)


def headings(visitor: Visitor) -> list[str]:
    head = visitor.text.split("<thead>")[1].split("</thead>")[0]
    words = re.sub(r"<[^>]+>", " ", head).split()
    return [html.unescape(word) for word in words]


def chips(visitor: Visitor) -> dict[str, str]:
    """What narrows the list: words, and the address without it."""
    found = re.findall(r'class="chip chip-set"[^>]*href="([^"]+)">([^<]+)<', visitor.text)
    return {html.unescape(words): html.unescape(url) for url, words in found}


def save(visitor: Visitor, key: str, name: str, query: str, **more: str) -> int:
    answer = visitor.post(f"/lists/{key}/save", name=name, query=query, **more)
    assert answer.status_code == 302, visitor.text
    return int(answer.headers["Location"].rpartition("view=")[2])
