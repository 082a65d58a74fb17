"""The four figures as a page draws them: big numbers, a bar, and the mark of the threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.services.tally import Figure, Tally
from app.views import labels

NAMES: dict[str, Any] = {
    "participation_area": _l("Took part, by area"),
    "participation_heads": _l("Took part, by owners"),
    "approval_area": _l("Agreed, by area"),
    "approval_heads": _l("Agreed, by owners"),
}
WIDTH = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """``fill`` and ``mark`` are whole parts of WIDTH, for drawing only; what counts is in
    ``figure``."""

    key: str
    figure: Figure

    @property
    def name(self) -> str:
        return str(NAMES[self.key])

    @property
    def text(self) -> str:
        return labels.localized(self.figure.text)

    @property
    def passed(self) -> bool:
        return self.figure.passed

    @property
    def numerator(self) -> str:
        return self.figure.amount(self.figure.numerator)

    @property
    def denominator(self) -> str:
        return self.figure.amount(self.figure.denominator)

    @property
    def missing(self) -> str:
        return self.figure.amount(self.figure.missing)

    @property
    def in_heads(self) -> bool:
        return self.figure.kind == "heads"

    @property
    def sign(self) -> str:
        return "≥" if self.figure.threshold.inclusive else ">"

    @property
    def threshold(self) -> str:
        return f"{self.sign} {self.figure.threshold}"

    @property
    def fill(self) -> int:
        if self.figure.denominator <= 0:
            return 0
        return self.figure.numerator * WIDTH // self.figure.denominator

    @property
    def mark(self) -> int:
        threshold = self.figure.threshold
        return threshold.part * WIDTH // threshold.whole

    @property
    def percent(self) -> str:
        """Rounded down to two places, so that what is short never looks reached."""
        if self.figure.denominator <= 0:
            return "–"
        hundredths = self.figure.numerator * 10000 // self.figure.denominator
        return f"{hundredths // 100}.{hundredths % 100:02d}%"


def bars(counted: Tally | None) -> list[Bar]:
    return [] if counted is None else [Bar(key, f) for key, f in counted.figures().items()]
