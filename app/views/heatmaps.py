"""A workflow's figures as its picture and as rows of tables, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from app.services.traffic import Spot, Times, Traffic, Used
from app.views import labels, times
from app.workflows import graph, heat, layout, picture
from app.workflows.heat import Figures
from app.workflows.spec import Transition, Workflow

_NOTE = 88
"""Room in a box for its figure."""
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the legend: the look, and from which figure to which."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    svg: Markup
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class StateRow:
    """``url`` is the list of the cases that are in it; ``old``: the shown version has no such
    state."""

    text: str
    kind: str
    ended: bool
    now: int
    waits: str
    passed: str
    median: str
    p90: str
    url: str
    old: bool = False


@dataclass(frozen=True, slots=True)
class StepRow:
    source: str
    text: str
    target: str
    often: str
    share: str
    median: str
    p90: str


class Names:
    """The words of the version that is shown; keys that it doesn't know stand for themselves."""

    def __init__(self, spec: Workflow) -> None:
        language = labels.language()
        self.spec = spec
        self.states = {s.key: s.label.text(language) for s in spec.states}
        self.buttons: dict[str, str] = {}
        for step in spec.transitions:
            self.buttons.setdefault(step.key, step.label.text(language))

    def state(self, key: str) -> str:
        return self.states.get(key, key)

    def button(self, key: str) -> str:
        return self.buttons.get(key, key)

    def all_states(self, found: Traffic) -> list[str]:
        """Those of the version in its order, then what older versions had beside them."""
        return [*self.states, *(key for key in found.spots if key not in self.states)]

    def all_steps(self, found: Traffic) -> list[tuple[str, str, str]]:
        """Likewise."""
        known = dict.fromkeys(_ways(self.spec, self.spec.transitions))
        known.update(dict.fromkeys((u.source, u.target, u.event) for u in found.steps))
        return list(known)


def _ways(spec: Workflow, steps: Iterable[Transition]) -> list[tuple[str, str, str]]:
    return [
        (source, step.target or source, step.key) for step in steps for source in spec.sources(step)
    ]


def number(count: int, *, exact: bool = True) -> str:
    """``12,345``; of what was drawn from more, about how many: ``≈ 12,000``."""
    if exact:
        return f"{count:,}"
    digits = max(len(str(count)) - 2, 0)
    return f"≈ {round(count, -digits):,}"


def _often(found: Traffic, count: int) -> str:
    if not found.sampled:
        return number(count)
    return number(round(count * found.cases / found.read), exact=False) if count else "0"


def _short(found: Traffic, count: float) -> str:
    """For the picture: at most five characters or so."""
    total = round(count * found.cases / found.read) if found.sampled and found.read else int(count)
    for unit, size in (("M", 1_000_000), ("k", 10_000)):
        if total >= size:
            return f"{total / (1_000_000 if unit == 'M' else 1000):.0f}{unit}"
    return str(total)


def _took(delta: timedelta | None) -> str:
    if delta is None:
        return "–"
    if delta < timedelta(minutes=1):
        return str(_("under 1 min"))
    return times.span(delta)


def hours(of: Times) -> tuple[float | None, float | None]:
    """Median and ninth tenth in hours, for a workbook."""
    found = [
        None if t is None else round(t.total_seconds() / _HOUR, 2) for t in (of.median, of.p90)
    ]
    return found[0], found[1]


# --- the picture --------------------------------------------------------------------------------


def drawn(spec: Workflow, found: Traffic, by: str) -> Picture:
    """``by`` is ``now`` (how many cases are there, how often each step was taken) or ``time``
    (medians)."""
    plain = graph.of(spec, labels.language())
    figures = _timed(found) if by == "time" else _counted(found)

    def shown(value: float) -> str:
        if by == "time":
            return _took(timedelta(seconds=value)) if value else "–"
        return _short(found, value)

    def here(value: float) -> str:
        return shown(value) if by == "time" else f"{value:,.0f}"

    svg = picture.draw(
        layout.of(heat.told(plain, figures, shown), aside=dict.fromkeys(figures.states, _NOTE)),
        title=_("Figures on the picture"),
        about=_("The same figures are in the tables."),
        marks=heat.marks(plain, figures, here),
        name="heat",
    )
    keys = tuple(
        Key(b.level, _range(here(b.least), here(b.most))) for b in heat.bands(figures.states)
    )
    return Picture(Markup(svg), keys)  # noqa: S704  it escapes all that it is given


def _range(least: str, most: str) -> str:
    return least if least == most else f"{least} – {most}"


def _counted(found: Traffic) -> Figures:
    steps = {(u.source, u.target, u.event): float(u.times.count) for u in found.steps}
    return Figures(
        {key: float(spot.now) for key, spot in found.spots.items() if spot.now},
        steps,
        frozenset((source, target) for source, target, _event in steps),
    )


def _timed(found: Traffic) -> Figures:
    used = frozenset((u.source, u.target) for u in found.steps)
    return Figures(
        {key: _seconds(spot.stays) for key, spot in found.spots.items() if spot.stays.count},
        {(u.source, u.target, u.event): _seconds(u.times) for u in found.steps},
        used,
    )


def _seconds(of: Times) -> float:
    return of.median.total_seconds() if of.median else 0.0


# --- the tables ---------------------------------------------------------------------------------


def states(spec: Workflow, found: Traffic, list_url: str, now: datetime) -> list[StateRow]:
    """Every state of the version, and those of older ones in which something is."""
    names = Names(spec)
    kinds = {state.key: state.kind for state in spec.states}
    rows = []
    for key in names.all_states(found):
        spot = found.spots.get(key, Spot())
        kind = kinds.get(key)
        ended = kind is not None and kind.ended
        rows.append(
            StateRow(
                text=names.state(key),
                kind=kind.value if kind else "cancelled",
                ended=ended,
                now=spot.now,
                waits=_took(now - spot.since) if spot.since else "–",
                passed=_often(found, spot.came if ended else spot.stays.count),
                median=_took(spot.stays.median),
                p90=_took(spot.stays.p90),
                url=f"{list_url}?f_state={key}" if list_url and spot.now and kind else "",
                old=kind is None,
            )
        )
    return rows


def steps(spec: Workflow, found: Traffic) -> list[StepRow]:
    """The steps that were taken, the most frequent first."""
    names = Names(spec)
    order = sorted(found.steps, key=lambda used: (-used.times.count, used.source, used.event))
    return [
        StepRow(
            source=names.state(used.source),
            text=names.button(used.event),
            target=names.state(used.target) if used.target != used.source else "",
            often=_often(found, used.times.count),
            share=_share(used),
            median=_took(used.times.median),
            p90=_took(used.times.p90),
        )
        for used in order
    ]


def _share(used: Used) -> str:
    """How many of a step the system took, and on whose behalf."""
    if not used.system:
        return ""
    percent = used.system * 100 // used.times.count
    if used.deadline == used.system:
        return str(_("%(percent)s%% by a deadline", percent=percent))
    if not used.deadline:
        return str(_("%(percent)s%% by the system", percent=percent))
    part = used.deadline * 100 // used.times.count
    return str(_("%(all)s%% by the system, %(part)s%% by a deadline", all=percent, part=part))


def unused(spec: Workflow, found: Traffic) -> list[tuple[str, str]]:
    """Buttons that nobody pressed in any of their states, with where they stand."""
    names, used = Names(spec), {(u.source, u.target, u.event) for u in found.steps}
    return [
        (step.label.text(labels.language()), _standing(names, step))
        for step in spec.transitions
        if not used & set(_ways(spec, [step]))
    ]


def _standing(names: Names, step: Transition) -> str:
    sources = names.spec.sources(step)
    if step.source == "*":
        return str(_("in every state"))
    if len(sources) > 3:
        return str(ngettext("in %(num)s state", "in %(num)s states", len(sources)))
    found: Any = ", " if labels.language() == "en" else "、"
    return str(found.join(names.state(key) for key in sources))
