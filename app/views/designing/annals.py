"""What has happened in a play, and what it would have sent, for its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _

from app.views import labels, pictures, steps, times, values
from app.views.designing.blanks import offered, said
from app.views.designing.frame import joined
from app.views.pictures import Picture
from app.views.steps import Day, Step
from app.views.values import Sight
from app.workflows import proof, registry
from app.workflows.engine import Compiled
from app.workflows.play import Play
from app.workflows.registry import CHANNELS, ROLES
from app.workflows.scenes import Happening, Scene
from app.workflows.spec import SYSTEM
from app.workflows.way import Move as Leg

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that would be sent; ``silent`` are those it names and doesn't reach."""

    when: str
    subject: str
    body: str
    to: tuple[tuple[str, str], ...]
    silent: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a test would expect of a step."""

    step: str
    refused: bool
    state: str
    told: str
    overdue: str


def wanted(play: Play) -> list[Wanted]:
    """What is expected of each step when the play is kept."""
    compiled = play.compiled
    found = []
    for scene in play.scenes:
        expect = proof.expected(scene)
        state = compiled.states.get(expect.state or "")
        found.append(
            Wanted(
                step=titled(compiled, scene),
                refused=bool(expect.refused),
                state=said(state.label) if state else "",
                told=joined(
                    said(proof.subject(compiled.notices[key])) for key in expect.told or ()
                ),
                overdue=joined(said(compiled.deadlines[key].label) for key in expect.overdue or ()),
            )
        )
    return found


def when(at: datetime) -> str:
    """With the weekday and the year: a play has no today."""
    return f"{times.day(at, _LONG_AGO)} {times.clock(at)}"


def told(play: Play) -> list[Told]:
    """All that would have been sent, newest first."""
    return [one for scene in reversed(play.scenes) for one in _told(scene)]


def days(play: Play) -> list[Day]:
    """What has happened, newest first."""
    return steps.days(_history(play), play.stage.now)


def _told(scene: Scene) -> list[Told]:
    lang, between = labels.language(), "、" if labels.language() == "zh" else ", "
    return [
        Told(
            when=when(sent.at),
            subject=sent.subject[lang],
            body=sent.body[lang],
            to=tuple(
                (said(to.words), between.join(said(CHANNELS[c].label) for c in to.channels))
                for to in sent.to
            ),
            silent=between.join(said(words) for words in sent.silent),
        )
        for sent in reversed(scene.notices)
    ]


def _history(play: Play) -> list[Step]:
    """Newest first."""
    sight = Sight(_names(), {}, full=True)
    found: list[Step] = []
    for scene in play.scenes:
        if scene.refused:
            found.append(_refused(play, scene))
        elif scene.move.kind == "wait" and not scene.history:
            found.append(_passed(scene))
        found += [_one(play, happening, sight) for happening in scene.history]
    return found[::-1]


def _names() -> dict[tuple[str, int], str]:
    return {(kind, c.id): c.text for kind, found in offered().items() for c in found.items}


def _one(play: Play, happened: Happening, sight: Sight) -> Step:
    states = play.compiled.states
    moved = happened.target != happened.source and happened.target in states
    looks = {"opened": "now", "moved": "moved", "level": "soon"}
    late = happened.kind == "level" and happened.event in play.stage.late()
    notes = [said(reason.text) for reason in happened.why]
    notes += [said(registry.EFFECTS[name].label) for name in happened.runs]
    notes += [_spawned(play, key, count) for key, count in happened.spawned if count]
    label = said(happened.label)
    form = happened.form
    if happened.kind == "set":
        label = _("Set by hand: %(fact)s", fact=label)
        notes += [values_of(value) for value in form.values()]
        form = {}
    elif happened.kind == "ended":
        label = _("A child has ended: %(child)s", child=label)
    return Step(
        label=label,
        who=_who(happened),
        at=happened.at,
        time=times.clock(happened.at),
        target=said(states[happened.target].label) if moved else "",
        values=tuple(values.of_form(play.compiled.fields, form, sight)),
        look="late" if late or happened.why else looks.get(happened.kind, ""),
        note=" · ".join(notes),
    )


def _who(happened: Happening) -> str:
    if happened.kind in ("set", "ended"):
        return str(_("You"))
    return str(_("The system")) if happened.by == SYSTEM else said(ROLES[happened.by])


def values_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _spawned(play: Play, key: str, count: int) -> str:
    name = said(play.compiled.children[key].label)
    return str(_("%(child)s × %(count)s", child=name, count=count))


def _refused(play: Play, scene: Scene) -> Step:
    return Step(
        label=_("Refused: %(step)s", step=titled(play.compiled, scene)),
        who=said(ROLES.get(player_of(scene), ROLES[SYSTEM])),
        at=scene.at,
        time=times.clock(scene.at),
        target="",
        values=(),
        look="late",
        note=" · ".join(said(reason.text) for reason in scene.refused),
    )


def _passed(scene: Scene) -> Step:
    return Step(_("Time passes"), _("You"), scene.at, times.clock(scene.at), "", ())


def player_of(scene: Scene) -> str:
    return scene.move.open or scene.move.player or SYSTEM


def titled(compiled: Compiled, scene: Scene) -> str:
    """What a move is called on the page."""
    move = scene.move
    if move.press is not None:
        transitions = compiled.spec.transitions
        return next((said(t.label) for t in transitions if t.key == move.press), move.press)
    words = {
        "open": _("Open a case"),
        "set": _("Set facts"),
        "wait": _("Move time on"),
        "end": _("End a child"),
    }
    return str(words[move.kind])


def picture(play: Play) -> Picture:
    spec = play.compiled.spec
    if not play.stage.state:
        return pictures.of_workflow(spec)
    moves = [
        Leg(h.source or None, h.target, h.at, h.event)
        for scene in play.scenes
        for h in scene.history
        if h.kind in ("opened", "moved")
    ]
    return pictures.of_moves(spec, moves, play.stage.state)
