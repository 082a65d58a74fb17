"""Leg one: who raised a matter, how, the link by which they follow it, and their stars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem
from app.models import PlaceKind, Source
from app.permissions import Role
from app.services import attachments, candidates, cases, definitions, edge
from app.services.actors import Viewer, hashed
from app.services.attachments import Kept
from app.services.cases import Opened, Opening
from app.services.providers import Seed, Step, leg
from app.services.scope import places_below
from app.workflows import forms
from app.workflows.engine import Compiled
from app.workflows.spec import FieldSpec, FieldType, FormField, Label, Option

WORKFLOW = "grievance"
OPEN_TO_RESIDENTS = (PlaceKind.COMMUNITY, PlaceKind.GRID, PlaceKind.COMPOUND, PlaceKind.BUILDING)
REGISTRARS = frozenset(
    {Role.SECRETARY, Role.COMMITTEE_STAFF, Role.GRID_WORKER, Role.SUBDISTRICT, Role.PROPERTY_STAFF}
)
_MATTER = 40

REPORTER = FieldSpec(
    key="reporter", label=Label(zh="联系人", en="Name"), type=FieldType.TEXT, max_length=50
)
PHONE = FieldSpec(
    key="phone",
    label=Label(zh="联系电话", en="Telephone"),
    type=FieldType.PHONE,
    help=Label(zh="只有办理的人能看到全部号码。", en="Only those who handle it see all of it."),
)
ADDRESS = FieldSpec(
    key="address",
    label=Label(zh="具体地址", en="Address"),
    type=FieldType.TEXT,
    max_length=200,
    help=Label(zh="如：4号楼1单元门口", en="e.g. building 4, in front of entrance 1"),
)
SOURCE = FieldSpec(
    key="source",
    label=Label(zh="来源", en="How it came in"),
    type=FieldType.CHOICE,
    options=tuple(
        Option(key=key, label=Label(zh=zh, en=en))
        for key, zh, en in (
            (Source.PHONE, "电话", "Telephone"),
            (Source.VISIT, "来访", "Visit"),
            (Source.CHAT, "微信群", "Chat group"),
            (Source.PATROL, "巡查发现", "Patrol"),
            (Source.PROPERTY, "物业上报", "From the property company"),
            (Source.HOTLINE, "12345 热线", "12345 hotline"),
        )
    ),
)
BY_STAFF = (
    FormField(field="source", required=True),
    FormField(field="reporter"),
    FormField(field="phone"),
    FormField(field="address"),
)
BY_RESIDENT = (
    FormField(field="reporter", required=True),
    FormField(field="phone", required=True),
    FormField(field="address"),
)
EXTRA = {spec.key: spec for spec in (REPORTER, PHONE, ADDRESS, SOURCE)}


@dataclass(frozen=True, slots=True)
class Report:
    """What is registered. ``token`` came with the form, so that sent twice it opens one case;
    ``files`` are (field of the intake, file)."""

    place_id: int | None
    title: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    person_id: int | None = None
    token: str = ""
    files: Sequence[tuple[str, Kept]] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    """``fresh`` is False when the same form had been sent before."""

    id: int
    number: str
    token: str
    fresh: bool = True


def intake(session: Session) -> Compiled:
    """The workflow that new grievances begin on. Raises MissingError when none is published."""
    return definitions.compiled(session, definitions.current(session, WORKFLOW).version_id)


def register(session: Session, report: Report, *, actor: Viewer, now: datetime) -> Registered:
    """Open a grievance; flushes. A resident needs a name and a number to be called back on.

    Raises InvalidError with every problem of the whole form at once, RefusedError and MissingError
    as ``cases.open_case`` does. A token that has a case already returns that case.
    """
    before = _earlier(session, report.token)
    if before is not None:
        return before
    compiled = intake(session)
    place = _place(session, report.place_id, actor)
    names = [name for name, _ in report.files]
    ids = attachments.reserve(session, len(names))
    form = {**report.form, **_by_field(names, ids)}
    title = report.title.strip() or _headline(compiled, form)
    extra, problems = _checked(session, compiled, report, actor, form)
    if place is None:
        problems.append(_no_place())
    if not 1 <= len(title) <= 200:
        problems.append(_no_title())
    if problems or place is None:
        raise InvalidError(*problems)
    opening = Opening(
        key=WORKFLOW,
        title=title,
        place_id=place.id,
        form=form,
        extra=extra,
        tracked=True,
        token=report.token,
        words=f"{extra.get('address') or ''} {place.name}",
    )
    try:
        with session.begin_nested():
            opened = cases.open_case(session, opening, actor=actor, now=now)
            files = [(i, name, kept) for i, (name, kept) in zip(ids, report.files, strict=True)]
            attachments.attach(session, opened.id, files, actor=actor, now=now)
    except IntegrityError:
        raced = _earlier(session, report.token)
        if raced is None:
            raise
        return raced
    return Registered(opened.id, opened.number, _token(opened))


def _token(opened: Opened) -> str:
    assert opened.token is not None
    return opened.token


def _earlier(session: Session, token: str) -> Registered | None:
    if not token:
        return None
    row = session.execute(
        sa.select(m.Case.id, m.Case.number).where(m.Case.token == hashed(token))
    ).one_or_none()
    return None if row is None else Registered(row.id, row.number, token, fresh=False)


def _place(session: Session, place_id: int | None, actor: Viewer) -> m.Place | None:
    """Where it is: staff choose below their own places, residents what is open to all."""
    if place_id is None:
        return None
    query = sa.select(m.Place).where(m.Place.id == place_id)
    if actor.kind == "resident":
        query = query.where(m.Place.kind.in_(OPEN_TO_RESIDENTS))
    elif not actor.everywhere:
        query = query.where(places_below(actor))
    found: m.Place | None = session.scalar(query)
    return found


def _by_field(names: list[str], ids: list[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, id_ in zip(names, ids, strict=True):
        found.setdefault(name, []).append(id_)
    return found


def _headline(compiled: Compiled, form: Mapping[str, Any]) -> str:
    """A title out of the matter itself: residents are not asked for one."""
    for item in compiled.spec.intake:
        text = form.get(item.field)
        if compiled.fields[item.field].type is FieldType.LONG_TEXT and isinstance(text, str):
            line = " ".join(text.split())
            return line if len(line) <= _MATTER else f"{line[: _MATTER - 1]}…"
    return ""


def _checked(
    session: Session,
    compiled: Compiled,
    report: Report,
    actor: Viewer,
    form: Mapping[str, Any],
) -> tuple[dict[str, Any], list[Problem]]:
    """The leg's own values, and every problem of both halves of the form."""
    asked = BY_RESIDENT if actor.kind == "resident" else BY_STAFF
    own = forms.clean(EXTRA, asked, report.extra)
    case = forms.clean(compiled.fields, compiled.spec.intake, form, zone=edge.timezone())
    problems = [
        Problem({"zh": flaw.text.zh, "en": flaw.text.text("en")}, flaw.field)
        for flaw in (*own.problems, *case.problems)
    ]
    if actor.kind != "resident":
        problems += candidates.strangers(session, actor, compiled.fields, case.values)
    extra = dict(own.values)
    if actor.kind == "resident":
        extra["source"] = Source.WEB
    extra["person_id"] = _person(session, report.person_id, actor)
    return extra, problems


def _person(session: Session, person_id: int | None, actor: Viewer) -> int | None:
    """The resident's own row, when staff named one that they may see."""
    if person_id is None or actor.kind == "resident":
        return None
    found = candidates.person(session, actor, person_id)
    if found is None:
        text = {"zh": "没有这位居民，请重新选择。", "en": "There is no such resident."}
        raise InvalidError(Problem(text, "person_id"))
    return found


def _no_place() -> Problem:
    return Problem({"zh": "请选择小区或地点。", "en": "Choose the place."}, "place_id")


def _no_title() -> Problem:
    return Problem(
        {
            "zh": "请用 1 到 200 个字写明事由。",
            "en": "Say in 1 to 200 characters what it is about.",
        },
        "title",
    )


@leg("grievance")
def _begin(step: Step, seed: Seed | None, extra: dict[str, Any]) -> None:
    """The leg's row; as somebody's child it was found by that work, not raised by a person."""
    step.session.add(
        m.Grievance(
            case_id=step.case.id,
            source=Source(extra.get("source") or Source.PATROL),
            person_id=extra.get("person_id"),
            reporter=extra.get("reporter") or "",
            phone=extra.get("phone") or "",
            address=extra.get("address") or "",
        )
    )
    step.session.flush()


def of_case(session: Session, case_id: int) -> m.Grievance | None:
    """The leg's row; who may see the case is the caller's to have asked."""
    return session.get(m.Grievance, case_id)
