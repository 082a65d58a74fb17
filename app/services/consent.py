"""What a consultation's workflow may ask: the registry's facts ``roll.*``, ``consent.*``."""

from __future__ import annotations

from collections.abc import Callable

from app.services import edge, rolls, tally
from app.services.providers import Step, fact
from app.services.results import NAMES
from app.services.standings import of_step
from app.services.tally import Tally
from app.workflows.engine import Fact
from app.workflows.spec import Label


def _label(zh: str, en: str) -> Label:
    return Label(zh=zh, en=en)


_NO_ROLL = _label("名册尚未锁定", "the roll isn't frozen yet")


@fact("scheme.present")
def _scheme(step: Step) -> Fact:
    scheme = of_step(step).scheme
    if scheme is None:
        return Fact(value=False, detail=_label("还没有方案", "there is no scheme yet"))
    text = f"第 {scheme.version} 版：{scheme.title}", f"version {scheme.version}: {scheme.title}"
    return Fact(value=True, detail=_label(*text))


@fact("roll.units")
def _units(step: Step) -> Fact:
    return Fact(rolls.count(step.session, of_step(step).consultation))


@fact("roll.frozen")
def _frozen(step: Step) -> Fact:
    at = of_step(step).consultation.frozen_at
    if at is None:
        return Fact(value=False, detail=_NO_ROLL)
    text = f"锁定于 {edge.shown(at)}", f"frozen at {edge.shown(at)}"
    return Fact(value=True, detail=_label(*text))


@fact("consent.frozen")
def _result(step: Step) -> Fact:
    at = of_step(step).consultation.result_at
    if at is None:
        return Fact(value=False)
    text = f"锁定于 {edge.shown(at)}", f"frozen at {edge.shown(at)}"
    return Fact(value=True, detail=_label(*text))


def _figure(name: str) -> Callable[[Step], Fact]:
    def code(step: Step) -> Fact:
        counted = of_step(step).counted
        if counted is None:
            return Fact(None, _NO_ROLL)
        figure = counted.figures()[name]
        return Fact(figure.share, _label(figure.text["zh"], figure.text["en"]))

    return code


for _name in tally.FIGURES:
    fact(f"consent.{_name}")(_figure(_name))


@fact("consent.participation")
def _participation(step: Step) -> Fact:
    counted = of_step(step).counted
    if counted is None:
        return Fact(value=False, detail=_NO_ROLL)
    return Fact(counted.participation, explained(counted, tally.FIGURES[:2]))


@fact("consent.passed")
def _passed(step: Step) -> Fact:
    counted = of_step(step).counted
    if counted is None:
        return Fact(value=False, detail=_NO_ROLL)
    return Fact(counted.passed, explained(counted, tally.FIGURES))


def explained(counted: Tally, names: tuple[str, ...]) -> Label:
    """The figures in words, each with its name."""
    figures = counted.figures()
    return _label(
        "；".join(f"{NAMES[name]['zh']} {figures[name].text['zh']}" for name in names),
        "; ".join(f"{NAMES[name]['en']} {figures[name].text['en']}" for name in names),
    )
