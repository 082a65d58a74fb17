"""How much room a text takes, and how it is broken into lines, without knowing the font.

Widths are those of common system fonts, rounded up: a line may end early, never too late.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_NARROW = frozenset("iljtfrI.,:;'|!()[]/ -\"")
_WIDE = frozenset("mwMW@%&")
_ELLIPSIS = "…"


def width(text: str, size: float) -> float:
    """The room that ``text`` takes at that font size."""
    return sum(_share(character) for character in text) * size


def _share(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WFA" or ord(character) > 0x2E7F:
        return 1.03
    if character in _NARROW:
        return 0.36
    if character in _WIDE:
        return 0.95
    return 0.74 if character.isupper() else 0.6


def lines(text: str, size: float, room: float, most: int = 2) -> tuple[str, ...]:
    """``text`` in at most ``most`` lines of ``room``; what doesn't fit ends in an ellipsis."""
    found: list[str] = []
    line = ""
    for word in _words(" ".join(text.split())):
        if not line or width((line + word).rstrip(), size) <= room:
            line += word
        else:
            found.append(line.rstrip())
            line = word.lstrip()
    found.append(line)
    if len(found) > most:
        found = [*found[: most - 1], found[most - 1] + _ELLIPSIS]
    return tuple(_cut(line, size, room) for line in found)


def listed(texts: Sequence[str], size: float, room: float, most: int = 2) -> tuple[str, ...]:
    """Several texts with strokes between them, broken between two of them where that is enough;
    ``+3`` stands for three that find no room."""
    texts = tuple(dict.fromkeys(texts))
    for shown in range(len(texts), 0, -1):
        more = (f"+{len(texts) - shown}",) if shown < len(texts) else ()
        found = _packed((*texts[:shown], *more), size, room)
        if len(found) <= most and all(width(line, size) <= room for line in found):
            return found
    return lines(" / ".join(texts), size, room, most)


def _packed(texts: Sequence[str], size: float, room: float) -> tuple[str, ...]:
    found = [texts[0]]
    for text in texts[1:]:
        longer = f"{found[-1]} / {text}"
        if width(f"{longer} /", size) <= room:
            found[-1] = longer
        else:
            found[-1] += " /"
            found.append(text)
    return tuple(found)


def _words(text: str) -> list[str]:
    """Where a line may be broken: after a blank, and beside every East Asian character."""
    found = [""]
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF"
        closing = character in "，。、；：？！）”》·"
        if wide and not closing and found[-1]:
            found.append("")
        found[-1] += character
        if character == " " or (wide and not closing):
            found.append("")
    return [word for word in found if word]


def _cut(line: str, size: float, room: float) -> str:
    if width(line, size) <= room:
        return line
    line = line.rstrip(_ELLIPSIS)
    while line and width(line + _ELLIPSIS, size) > room:
        line = line[:-1]
    return line + _ELLIPSIS
