"""The one output of many processes: each line under the coloured name of whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO

import config

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
LONGEST = 64 * 1024
"""A line without an end is passed on in pieces of this many bytes."""


@dataclass
class Log:
    """Writes to ``stream``; with colours only where a person reads it at a terminal."""

    stream: IO[str]
    width: int = 8
    coloured: bool = field(init=False)
    _names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.coloured = self.stream.isatty() and config.allows_colour()

    def write(self, name: str, text: str) -> None:
        """One or more lines said by ``name``."""
        prefix = self._prefix(name)
        self.stream.write("".join(f"{prefix}{line}\n" for line in text.splitlines()))
        self.stream.flush()

    def say(self, text: str) -> None:
        """Something for the person at the terminal, without a name before it."""
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def _prefix(self, name: str) -> str:
        if name not in self._names:
            self._names.append(name)
        padded = f"{name:<{self.width}}"
        if not self.coloured:
            return f"{padded} | "
        colour = COLOURS[self._names.index(name) % len(COLOURS)]
        return f"\x1b[{colour}m{padded} |\x1b[0m "


@dataclass
class Lines:
    """Cuts what a pipe brings into whole lines."""

    _rest: bytes = b""

    def feed(self, data: bytes) -> list[str]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST:
            whole, self._rest = [*whole, self._rest], b""
        return [_readable(line) for line in whole]

    def end(self) -> list[str]:
        rest, self._rest = self._rest, b""
        return [_readable(rest)] if rest else []


def _readable(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
