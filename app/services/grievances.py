"""Leg one: who raised a matter, how, the link by which they follow it, and their stars."""

from __future__ import annotations

import re
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
from app.services.boards import natural
from app.services.cases import Opened, Opening
from app.services.providers import Seed, Step, leg
from app.services.questions import BY_RESIDENT, BY_STAFF, EXTRA
from app.services.scope import places_below
from app.workflows import forms
from app.workflows.engine import Compiled
from app.workflows.spec import FieldType, FormField

WORKFLOW = "grievance"
OPEN_TO_RESIDENTS = (PlaceKind.COMMUNITY, PlaceKind.GRID, PlaceKind.COMPOUND, PlaceKind.BUILDING)
REGISTRARS = frozenset(
    {Role.SECRETARY, Role.COMMITTEE_STAFF, Role.GRID_WORKER, Role.SUBDISTRICT, Role.PROPERTY_STAFF}
)
DOORS = 30
"""Places to choose from on one page; beyond it residents search."""
_MATTER = 40
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")


@dataclass(frozen=True, slots=True)
class Report:
    """What is registered. ``token`` came with the form, so that sent twice it opens one case;
    ``files`` are (field of the intake, file); ``wrong`` is what was found wrong while reading."""

    place_id: int | None
    title: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    person_id: int | None = None
    token: str = ""
    files: Sequence[tuple[str, Kept]] = ()
    wrong: tuple[Problem, ...] = ()


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
    wrong = _problems(session, report, actor)
    place = _place(session, report.place_id, actor)
    if wrong or place is None:
        raise InvalidError(*wrong)
    names = [name for name, _ in report.files]
    ids = attachments.reserve(session, len(names))
    form = {**report.form, **_by_field(names, ids)}
    extra = _extra(session, report, actor)
    opening = Opening(
        key=WORKFLOW,
        title=_title(intake(session), report),
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


def _title(compiled: Compiled, report: Report) -> str:
    """As given, or out of the matter itself: residents are not asked for a title."""
    if report.title.strip():
        return report.title.strip()
    for item in compiled.spec.intake:
        text = report.form.get(item.field)
        if compiled.fields[item.field].type is FieldType.LONG_TEXT and isinstance(text, str):
            line = " ".join(text.split())
            return line if len(line) <= _MATTER else f"{line[: _MATTER - 1]}…"
    return ""


def _problems(session: Session, report: Report, actor: Viewer) -> tuple[Problem, ...]:
    """Every problem of the whole form, the leg's and the workflow's, at once."""
    compiled = intake(session)
    names = [name for name, _ in report.files]
    form = {**report.form, **_by_field(names, list(range(1, len(names) + 1)))}
    own = forms.clean(EXTRA, _asked(actor), report.extra)
    case = forms.clean(compiled.fields, compiled.spec.intake, form, zone=edge.timezone())
    found = [
        Problem({"zh": flaw.text.zh, "en": flaw.text.text("en")}, flaw.field)
        for flaw in (*case.problems, *own.problems)
    ]
    if (email := own.values.get("email")) and not _EMAIL.fullmatch(email):
        text = {"zh": "请核对邮箱，如 wang@example.com。", "en": "Check the e-mail address."}
        found.append(Problem(text, "email"))
    if actor.kind != "resident":
        found += candidates.strangers(session, actor, compiled.fields, case.values)
    if _place(session, report.place_id, actor) is None:
        text = {"zh": "请选择小区或地点。", "en": "Choose the place."}
        found.insert(0, Problem(text, "place_id"))
    if actor.kind != "resident" and not 1 <= len(_title(compiled, report)) <= 200:
        text = {"zh": "请用 1 到 200 个字写明事由。", "en": "Say it in 1 to 200 characters."}
        found.insert(0, Problem(text, "title"))
    if _unknown(session, report, actor):
        text = {"zh": "没有这位居民，请重新选择。", "en": "There is no such resident."}
        found.append(Problem(text, "person_id"))
    return (*report.wrong, *found)


def _asked(actor: Viewer) -> tuple[FormField, ...]:
    return BY_RESIDENT if actor.kind == "resident" else BY_STAFF


def _extra(session: Session, report: Report, actor: Viewer) -> dict[str, Any]:
    """The leg's own values, checked before. Of a resident on file name and number are known."""
    extra = dict(forms.clean(EXTRA, _asked(actor), report.extra).values)
    if actor.kind == "resident":
        extra["source"] = Source.WEB
    elif report.person_id is not None:
        person = session.get_one(m.Person, report.person_id)
        extra["person_id"] = person.id
        extra["reporter"] = extra.get("reporter") or person.name
        extra["phone"] = extra.get("phone") or person.phone
    return extra


def _unknown(session: Session, report: Report, actor: Viewer) -> bool:
    """Somebody was named who isn't on file, or not for this viewer to see."""
    if report.person_id is None or actor.kind == "resident":
        return False
    return candidates.person(session, actor, report.person_id) is None


def doors(session: Session, words: str) -> list[tuple[int, str]]:
    """Communities and compounds that a resident may name, with the community's name before the
    compound's; the closest first, one more than ``DOORS`` when there are more."""
    community = sa.orm.aliased(m.Place)
    text = sa.func.concat(sa.func.coalesce(community.name + " · ", ""), m.Place.name)
    query = (
        sa.select(m.Place.id, text)
        .outerjoin(
            community,
            sa.and_(
                community.kind == PlaceKind.COMMUNITY,
                community.id != m.Place.id,
                sa.func.starts_with(m.Place.path, community.path),
            ),
        )
        .where(m.Place.kind.in_((PlaceKind.COMMUNITY, PlaceKind.COMPOUND)))
    )
    for word in words.replace("\x00", " ").split()[:5]:
        query = query.where(text.icontains(word, autoescape=True))
    rows = session.execute(query.order_by(text).limit(DOORS + 1))
    return sorted(((row[0], row[1]) for row in rows), key=lambda door: natural(door[1]))


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
            email=extra.get("email") or "",
            messages=bool(extra.get("messages")),
            address=extra.get("address") or "",
        )
    )
    step.session.flush()


def of_case(session: Session, case_id: int) -> m.Grievance | None:
    """The leg's row; who may see the case is the caller's to have asked."""
    return session.get(m.Grievance, case_id)
