"""Cases of workflows that need no leg: which ones a person may open, and opening one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, InvalidError, MissingError, Problem
from app.services import attachments, candidates, cases, definitions, edge
from app.services.actors import Viewer
from app.services.attachments import Kept
from app.services.cases import Opened, Opening
from app.services.scope import places_below
from app.workflows import forms
from app.workflows.engine import Compiled
from app.workflows.spec import FieldSpec, FieldType, Label

LEG = "case"
TITLE = FieldSpec(key="title", label=Label(zh="事由", en="What is it about?"), max_length=200)
PLACE = FieldSpec(key="place_id", label=Label(zh="小区或地点", en="Place"), type=FieldType.PLACE)


@dataclass(frozen=True, slots=True)
class Openable:
    id: int
    compiled: Compiled


@dataclass(frozen=True, slots=True)
class Entry:
    """What was filled in. ``token`` came with the form, so that sent twice it opens one case;
    ``files`` are (field of the intake, file); ``wrong`` is what was found wrong while reading."""

    title: str
    place_id: int | None
    form: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[tuple[str, Kept]] = ()
    wrong: tuple[Problem, ...] = ()
    token: str = ""


def openable(session: Session, viewer: Viewer) -> list[Openable]:
    """Workflows in force, without a leg, whose cases this person may open; one small statement."""
    rows = session.execute(
        sa.select(m.Workflow.id, m.Workflow.current_id, m.Place.path)
        .outerjoin(m.Place, m.Place.id == m.Workflow.place_id)
        .where(m.Workflow.leg == LEG, m.Workflow.current_id.is_not(None))
        .order_by(m.Workflow.key)
    )
    found = [
        Openable(row.id, definitions.compiled(session, row.current_id))
        for row in rows
        if _holds(row.path, viewer)
    ]
    return [
        each
        for each in found
        if each.compiled.spec.leg == LEG and viewer.roles & set(each.compiled.spec.openers)
    ]


def _holds(owner: str | None, viewer: Viewer) -> bool:
    """Whether the workflow is used anywhere that this person works."""
    if owner is None or viewer.everywhere:
        return True
    return any(path.startswith(owner) or owner.startswith(path) for path in viewer.places)


def choose(session: Session, viewer: Viewer, workflow_id: int) -> Openable:
    """Raises MissingError when it isn't this person's to open."""
    for each in openable(session, viewer):
        if each.id == workflow_id:
            return each
    text = {
        "zh": "没有这个流程，或者您的角色不能登记这类事项。",
        "en": "There is no such workflow, or your roles can't open its cases.",
    }
    raise MissingError(Problem(text))


def register(
    session: Session, chosen: Openable, entry: Entry, *, actor: Viewer, now: datetime
) -> Opened:
    """Open the case; flushes. Raises InvalidError with every problem of the form at once, and
    ConflictError when the same form was saved already."""
    place = _place(session, entry.place_id, actor)
    if wrong := _problems(session, chosen, entry, actor, there=place is not None):
        raise InvalidError(*wrong)
    assert place is not None
    _once(session, entry.token, now)
    ids = attachments.reserve(session, len(entry.files))
    form: dict[str, Any] = dict(entry.form)
    for (name, _kept), id_ in zip(entry.files, ids, strict=True):
        form[name] = [*form.get(name, ()), id_]
    opening = Opening(chosen.compiled.spec.key, entry.title, place.id, form=form, words=place.name)
    opened = cases.open_case(session, opening, actor=actor, now=now)
    files = [(id_, name, kept) for id_, (name, kept) in zip(ids, entry.files, strict=True)]
    attachments.attach(session, opened.id, files, actor=actor, now=now)
    return opened


def _problems(
    session: Session, chosen: Openable, entry: Entry, actor: Viewer, *, there: bool
) -> tuple[Problem, ...]:
    compiled = chosen.compiled
    form: dict[str, Any] = dict(entry.form)
    for index, (name, _kept) in enumerate(entry.files, 1):
        form[name] = [*form.get(name, ()), index]
    cleaned = forms.clean(compiled.fields, compiled.spec.intake, form, zone=edge.timezone())
    found = [
        Problem({"zh": flaw.text.zh, "en": flaw.text.text("en")}, flaw.field)
        for flaw in cleaned.problems
    ]
    found += candidates.strangers(session, actor, compiled.fields, cleaned.values)
    if not there:
        text = {"zh": "请选择小区或地点。", "en": "Choose the place."}
        found.insert(0, Problem(text, "place_id"))
    if not 1 <= len(entry.title.strip()) <= 200:
        text = {"zh": "请用 1 到 200 个字写明事由。", "en": "Say it in 1 to 200 characters."}
        found.insert(0, Problem(text, "title"))
    return (*entry.wrong, *found)


def _place(session: Session, place_id: int | None, actor: Viewer) -> m.Place | None:
    if place_id is None:
        return None
    query = sa.select(m.Place).where(m.Place.id == place_id)
    if not actor.everywhere:
        query = query.where(places_below(actor))
    found: m.Place | None = session.scalar(query)
    return found


def _once(session: Session, token: str, now: datetime) -> None:
    if not token:
        return
    session.execute(sa.delete(m.Submission).where(m.Submission.at < now - timedelta(days=2)))
    try:
        with session.begin_nested():
            session.add(m.Submission(token=token, at=now))
    except IntegrityError:
        text = {
            "zh": "这份登记已经保存过，没有重复登记。请在“我的工作”里查看。",
            "en": "This was registered already: nothing was saved twice. Look under My work.",
        }
        raise ConflictError(Problem(text)) from None
