"""A play as its page shows it: where it stands, who may do what, what is known."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from app.errors import Problem
from app.views import times
from app.views.designing import annals, blanks
from app.views.designing.annals import Told, when
from app.views.designing.blanks import named, said
from app.views.designing.tokens import Kept
from app.views.dossier import Grey, Offer, Opened
from app.views.pictures import Picture
from app.views.steps import Day
from app.views.times import Bar
from app.workflows import registry, stage
from app.workflows.engine import Choice, Compiled
from app.workflows.entries import ValueType
from app.workflows.play import Play
from app.workflows.registry import ROLES, SOURCES
from app.workflows.scenes import Scene
from app.workflows.spec import SYSTEM
from app.workflows.tide import coming


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody to be played; ``open`` is how many buttons they may press now."""

    role: str
    label: str
    open: int
    now: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A fact to be set by hand. ``kind`` is ``yes_no``, ``number`` or ``text``."""

    name: str
    label: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Kin:
    """Children of one key."""

    key: str
    label: str
    running: int
    ended: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Everything that the page of a play shows."""

    begun: bool
    ended: bool
    state: str
    kind: str
    when: str
    next: str
    parts: list[Part]
    player: str
    bars: list[Bar]
    offers: list[Offer]
    unmet: list[tuple[str, Grey]]
    foreign: list[tuple[str, Grey]]
    facts: list[Known]
    children: list[Kin]
    told: list[Told]
    days: list[Day]
    picture: Picture


def of(play: Play, kept: Kept, opened: Opened) -> Rehearsal:
    at, compiled = play.stage, play.compiled
    state = compiled.states[at.state] if at.state else None
    unmet, foreign = _greys(play, kept)
    upcoming = coming(at)
    return Rehearsal(
        begun=bool(state),
        ended=at.ended,
        state=said(state.label) if state else str(_("not opened yet")),
        kind=state.kind.value if state else "waiting",
        when=when(at.now),
        next="" if upcoming is None else when(max(upcoming, at.now)),
        parts=_parts(play, kept),
        player=said(ROLES[kept.player]),
        bars=times.ticking(compiled.spec, at.last().values(), at.now),
        offers=_offers(play, kept, opened),
        unmet=unmet,
        foreign=foreign,
        facts=facts(play),
        children=_children(play),
        told=annals.told(play),
        days=annals.days(play),
        picture=annals.picture(play),
    )


def relations(kept: Kept) -> tuple[()] | None:
    return () if kept.stranger else None


def _parts(play: Play, kept: Kept) -> list[Part]:
    found = []
    openers = play.openers()
    for role, label in ROLES.items():
        if play.stage.state:
            open_ = sum(c.allowed for c in play.choices(play.actor(role, relations(kept))))
        else:
            open_ = int(role in openers)
        found.append(Part(role, named(label), open_, role == kept.player))
    return found


def _choices(play: Play, kept: Kept) -> tuple[Choice, ...]:
    return play.choices(play.actor(kept.player, relations(kept)))


def _offers(play: Play, kept: Kept, opened: Opened) -> list[Offer]:
    compiled, data = play.compiled, play.stage.data
    if not play.stage.state:
        if kept.player not in play.openers():
            return []
        form = blanks.drawn(compiled, compiled.spec.intake, "open", data, opened)
        label = _("Open a case as %(role)s", role=said(ROLES[kept.player]))
        return [Offer("open", label, "", True, form, open=True)]
    allowed = [choice.transition for choice in _choices(play, kept) if choice.allowed]
    found = [
        Offer(
            key=t.key,
            label=said(t.label),
            confirm=said(t.confirm) if t.confirm else "",
            primary=t.primary,
            inputs=blanks.drawn(compiled, t.form, t.key, data, opened),
            open=t.key == opened.event,
        )
        for t in allowed
    ]
    return sorted(found, key=lambda offer: not offer.primary)


def _greys(play: Play, kept: Kept) -> tuple[list[tuple[str, Grey]], list[tuple[str, Grey]]]:
    """Those whose conditions don't hold, and those that are for others, each with its key."""
    unmet: list[tuple[str, Grey]] = []
    foreign: list[tuple[str, Grey]] = []
    for choice in _choices(play, kept):
        if choice.allowed:
            continue
        reasons = tuple(said(reason.text) for reason in choice.reasons)
        where = foreign if choice.reasons[0].code == "who" else unmet
        where.append((choice.transition.key, Grey(said(choice.transition.label), reasons)))
    return unmet, foreign


def facts(play: Play) -> list[Known]:
    found = []
    for name in stage.settable(play.compiled):
        known = SOURCES.get(name) or registry.fact(name, play.compiled.spec)
        type_ = getattr(known, "type", ValueType.NUMBER)
        kinds = {ValueType.YES_NO: "yes_no", ValueType.NUMBER: "number"}
        value = play.stage.hand.get(name, 1 if name in SOURCES else play.stage.unset(name))
        label = named(known.label) if known else name
        if name in SOURCES:
            label = _("%(source)s: how many", source=label)
        found.append(Known(name, label, kinds.get(type_, "text"), _shown(value)))
    return found


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _children(play: Play) -> list[Kin]:
    found = []
    for child in play.compiled.spec.children:
        mine = [kid for kid in play.stage.kids if kid.key == child.key]
        running = sum(not kid.ended for kid in mine)
        if mine:
            found.append(Kin(child.key, said(child.label), running, len(mine) - running))
    return found


def problems(scene: Scene) -> tuple[Problem, ...]:
    return tuple(Problem(reason.text.both(), reason.field) for reason in scene.refused)


def first_player(compiled: Compiled) -> str:
    """Who begins: the first who may open a case."""
    return next((role for role in compiled.spec.openers if role in ROLES), SYSTEM)
