"""The draft of a workflow: rows that people edit, and the typed spec that they amount to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, InvalidError, MissingError, Problem
from app.services import edge, pieces
from app.services.actors import Viewer, full_name
from app.workflows import files
from app.workflows.spec import Workflow


def spec(row: m.Workflow) -> Workflow:
    """The draft as a spec. Raises files.FileError (path and text of each fault, no lines) when
    the rows don't make one."""
    return files.parse(document(row), f"{row.key}")


def document(row: m.Workflow) -> dict[str, Any]:
    """The draft as the plain document that a file would hold; not validated."""
    return _lean(
        {
            "key": row.key,
            "label": _label(row, "label"),
            "leg": row.leg,
            "help": _label(row, "help"),
            "start": row.start,
            "intake": row.intake,
            "openers": row.openers,
            "notify": row.notify,
            "fields": [_field(f) for f in row.fields],
            "states": [_state(s) for s in row.states],
            "transitions": [_transition(t) for t in row.transitions],
            "deadlines": [_deadline(d) for d in row.deadlines],
            "notices": [_notice(n) for n in row.notices],
            "children": [_child(c) for c in row.children],
            "vary": row.vary,
            "tests": [_test(t) for t in row.tests],
        }
    )


def _field(row: m.DraftField) -> dict[str, Any]:
    return _lean(
        {
            **_head(row),
            "type": row.type,
            "options": row.options,
            "help": _label(row, "help"),
            "max_length": row.max_length,
            "public": row.public,
        }
    )


def _state(row: m.DraftState) -> dict[str, Any]:
    help_ = _label(row, "help")
    return _lean({**_head(row), "kind": row.kind, "help": help_, "visible_to": row.visible_to})


def _deadline(row: m.DraftDeadline) -> dict[str, Any]:
    return _lean(
        {
            **_head(row),
            "start": row.start,
            "stop": row.stop,
            "pause": row.pause,
            "within": row.within,
            "until": row.until,
            "starts_on": row.starts_on,
            "stops_on": row.stops_on,
            "variants": row.variants,
            "when": row.when,
            "extension": row.extension,
            "levels": row.levels,
        }
    )


def _notice(row: m.DraftNotice) -> dict[str, Any]:
    return _lean(
        {
            "key": row.key,
            "to": row.to,
            "channels": row.channels,
            "subject": _label(row, "label"),
            "body": _label(row, "body"),
        }
    )


def _child(row: m.DraftChild) -> dict[str, Any]:
    return _lean(
        {
            **_head(row),
            "workflow": row.child_workflow,
            "per": row.per,
            "carry": row.carry,
            "when_all_closed": row.when_all_closed,
        }
    )


def _transition(row: m.DraftTransition) -> dict[str, Any]:
    return _lean(
        {
            **_head(row),
            "from": "*" if row.source == ["*"] else row.source,
            "to": row.target,
            "roles": row.roles,
            "relations": row.relations,
            "when": row.when,
            "form": row.form,
            "effects": row.effects,
            "spawn": row.spawn,
            "notify": row.notify,
            "confirm": _label(row, "confirm"),
            "bulk": row.bulk,
            "primary": row.primary,
        }
    )


def _test(row: m.DraftTest) -> dict[str, Any]:
    return _lean({**_head(row), "begins": row.begins, "moves": row.moves})


def _head(row: Any) -> dict[str, Any]:
    return {"key": row.key, "label": _label(row, "label")}


def _label(row: Any, name: str) -> dict[str, str]:
    """Empty when neither language says anything."""
    texts = {"zh": getattr(row, f"{name}_zh"), "en": getattr(row, f"{name}_en")}
    return texts if any(texts.values()) else {}


def _lean(row: dict[str, Any]) -> dict[str, Any]:
    """Without the cells that are empty: nothing was said there. Not recursive: inside a condition
    an empty value or a false one means something."""
    return {key: item for key, item in row.items() if item not in ("", None, [], {}, False)}


def store(
    session: Session,
    workflow: Workflow,
    *,
    actor: Viewer | None = None,
    now: datetime | None = None,
) -> m.Workflow:
    """Write ``workflow`` as the draft of its key, in place of what was there; flushes."""
    row = session.scalar(
        sa.select(m.Workflow).where(m.Workflow.key == workflow.key).with_for_update()
    )
    if row is None:
        row = m.Workflow(key=workflow.key)
        session.add(row)
    pieces.write(session, row, workflow)
    touch(row, actor, now)
    session.flush()
    return row


def begin(session: Session, workflow: Workflow, *, actor: Viewer, now: datetime) -> m.Workflow:
    """Write ``workflow`` as a draft that isn't there yet; flushes. Raises InvalidError when its
    key is taken."""
    taken = session.scalar(sa.select(m.Workflow.id).where(m.Workflow.key == workflow.key))
    if taken is not None:
        text = {
            "zh": f"标识“{workflow.key}”已有流程在用，请换一个。",
            "en": f"There is a workflow “{workflow.key}” already: choose another key.",
        }
        raise InvalidError(Problem(text, "key"))
    return store(session, workflow, actor=actor, now=now)


def touch(row: m.Workflow, actor: Viewer | None, now: datetime | None) -> None:
    """The draft has changed: whoever still looks at the one before is told so when they save."""
    row.draft_version = (row.draft_version or 0) + 1
    row.drafted_by_id = None if actor is None else actor.user_id
    row.drafted_at = now


Positions = Mapping[str, tuple[float, float]]


def save(  # noqa: PLR0913  what is saved, by whom, when, and over what
    session: Session,
    workflow_id: int,
    workflow: Workflow,
    *,
    expected: int,
    actor: Viewer,
    now: datetime,
    positions: Positions | None = None,
) -> m.Workflow:
    """Write ``workflow`` over the draft that has the version ``expected``; flushes. What is equal
    is no change of the draft, wherever its states stand in the picture.

    Raises ConflictError when the draft is another one by now, InvalidError when the workflow has
    the key of another.
    """
    row = locked(session, workflow_id)
    if row.draft_version != expected:
        raise conflict(session, row)
    if workflow.key != row.key:
        raise InvalidError(_renamed(workflow.key, row.key))
    if not _says(row, workflow):
        pieces.write(session, row, workflow)
        touch(row, actor, now)
    if positions is not None:
        known = {state.key for state in workflow.states}
        row.positions = {key: list(at) for key, at in positions.items() if key in known}
    session.flush()
    return row


def locked(session: Session, workflow_id: int) -> m.Workflow:
    """The draft as it is now; nobody else changes it until the transaction ends."""
    row: m.Workflow | None = session.scalar(
        sa.select(m.Workflow)
        .where(m.Workflow.id == workflow_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise MissingError(Problem({"zh": "没有这个流程。", "en": "There is no such workflow."}))
    for name in pieces.PARTS:
        session.expire(row, [name])
    return row


def _says(row: m.Workflow, workflow: Workflow) -> bool:
    try:
        return files.checksum(spec(row)) == files.checksum(workflow)
    except files.FileError:
        return False


def _renamed(new: str, old: str) -> Problem:
    return Problem(
        {
            "zh": f"这是流程“{old}”的草稿，文件里的 key 却是“{new}”。请改回“{old}”；"
            "要做成另一个流程，请在“流程”页导入。",
            "en": f"This is the draft of “{old}”, but its key says “{new}”. Change it back to "
            f"“{old}”; to make another workflow of it, import it under Workflows.",
        },
        "key",
    )


def conflict(session: Session, row: m.Workflow) -> ConflictError:
    """What to tell whoever comes second: who changed the draft, and when."""
    user = None if row.drafted_by_id is None else session.get(User, row.drafted_by_id)
    who = {"zh": full_name(user), "en": full_name(user)} if user else _SOMEBODY
    at = f"{edge.local(row.drafted_at):%m-%d %H:%M}" if row.drafted_at else ""
    return ConflictError(
        Problem(
            {
                "zh": f"{who['zh']}{f'在 {at} ' if at else ''}保存过这份草稿，"
                "您打开的是之前的那一份。还没有保存：请先看看改了什么。",
                "en": f"{who['en']} saved this draft{f' at {at}' if at else ''}: yours is the one "
                "before it. Nothing of yours is saved yet: look first at what has changed.",
            }
        ),
        version=row.draft_version,
    )


_SOMEBODY = {"zh": "别人", "en": "Somebody else"}
