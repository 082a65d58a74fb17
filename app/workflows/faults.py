"""What is wrong with a file, said for people: path, line and a text in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from app.workflows.spec import Label


@dataclass(frozen=True, slots=True)
class Fault:
    path: str
    line: int
    text: Label


class FaultError(Exception):
    """Carries the faults up to where the file's name is known."""

    def __init__(self, found: tuple[Fault, ...]) -> None:
        super().__init__(found)
        self.found = found


def single(line: int, zh: str, en: str, *, path: str = "") -> FaultError:
    return FaultError((Fault(path, line, Label(zh=short(zh), en=short(en))),))


def short(text: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text)
    return printable if len(printable) <= 500 else f"{printable[:499]}…"
