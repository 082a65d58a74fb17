"""A play that a request goes on with: what was played is played again, then one more move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from pydantic import ValidationError

from app.errors import InvalidError, Problem
from app.models import Workflow
from app.services import drafts
from app.views.designing import annals, blanks
from app.views.designing.tokens import Kept
from app.views.dossier import Opened
from app.workflows.engine import Compiled, compile_
from app.workflows.play import Play, unplayable
from app.workflows.scenes import Scene, Scenery
from app.workflows.trials import Move, moment


@dataclass(slots=True)
class Run:
    """A play that a request goes on with. ``opened`` is a form to be drawn again, ``wrong`` what
    is said at the top."""

    row: Workflow
    compiled: Compiled
    kept: Kept
    play: Play
    opened: Opened
    wrong: list[str]
    status: int = 200


def compiled_of(row: Workflow) -> tuple[Compiled | None, tuple[Problem, ...]]:
    """The draft made ready, or what is in the way."""
    try:
        compiled = compile_(drafts.spec(row))
    except InvalidError as error:
        return None, error.problems
    except ValueError:
        return None, ()
    return (None, ()) if unplayable(compiled) else (compiled, ())


def begin(compiled: Compiled, begins: str) -> Play:
    """A play in which notices speak of a case that there isn't. Raises ValueError for a time that
    is none."""
    scenery = Scenery(
        number="0001",
        title=blanks.said(compiled.spec.label),
        place=_("(the place)"),
        link=_("(the link)"),
    )
    return Play(compiled, begins=moment(begins), scenery=scenery)


def resumed(row: Workflow, compiled: Compiled, kept: Kept) -> Run:
    """Play all that was played. Of a draft that has changed meanwhile, up to where it breaks."""
    play_ = begin(compiled, kept.begins)
    wrong: list[str] = []
    refused: list[int] = []
    for index, move in enumerate(kept.moves):
        scene = play_.take(move)
        if scene.refused and index not in kept.refused:
            play_.scenes.pop()
            wrong.append(_broken(compiled, scene, index))
            kept = replace(kept, moves=kept.moves[:index])
            break
        if scene.refused:
            refused.append(index)
    kept = replace(kept, draft=row.draft_version, refused=frozenset(refused))
    return Run(row, compiled, kept, play_, Opened(), wrong)


def _broken(compiled: Compiled, scene: Scene, index: int) -> str:
    step = annals.titled(compiled, scene)
    why = " ".join(blanks.said(reason.text) for reason in scene.refused)
    return str(
        _(
            "The draft has changed: step %(number)s, “%(step)s”, is refused now: %(why)s What came "
            "after it was left out.",
            number=index + 1,
            step=step,
            why=f"{why}。" if why[-1:] > "\u2e80" else f"{why}.",
        )
    )


def take(found: Run, document: dict[str, Any], *, record: bool = False) -> Scene | None:
    """Make a move; None and a word about it when it is none. A refusal is a part of the play with
    ``record`` only."""
    if found.kept.full:
        refuse(found, _("A play has at most 100 steps: undo some, or start again."))
        return None
    try:
        move = Move.model_validate(document)
    except ValidationError:
        refuse(found, _("This can't be played: texts have at most 2000 characters here."))
        return None
    scene = found.play.take(move)
    kept = found.kept
    if not scene.refused or record:
        refused = kept.refused | {len(kept.moves)} if scene.refused else kept.refused
        found.kept = replace(kept, moves=(*kept.moves, move), refused=frozenset(refused))
    else:
        found.play.scenes.pop()
    return scene


def refuse(found: Run, *texts: str) -> None:
    found.wrong += texts
    found.status = 422
