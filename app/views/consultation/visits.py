"""Door to door: the form for one flat, made for a phone in a stairwell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.errors import InvalidError, MissingError, Problem, SifangError
from app.extensions import db
from app.models import RollUnit
from app.services import boards, edge, opinions, schemes
from app.services.boards import Flat
from app.services.opinions import VOICES, Visit
from app.transaction import unit_of_work
from app.views import access, inputs, labels
from app.views.consultation import frame
from app.views.consultation.pages import ID, Answer, pages
from app.views.inputs import Given
from app.workflows.spec import FieldSpec, FieldType, Label

SHEET = (
    (
        FieldSpec(
            key="sheet",
            label=Label(zh="签名表照片", en="Photo of the signed sheet"),
            type=FieldType.FILES,
        ),
        False,
    ),
)
DOOR = f"/{ID}/units/<int(max=9223372036854775807):unit_id>"


@dataclass(frozen=True, slots=True)
class Door:
    """A flat of the roll, and the head that it belongs to."""

    unit: RollUnit
    siblings: list[RollUnit]
    """Other units of the same head: one vote for all of them."""


@pages.get(DOOR)
def visit(case_id: int, unit_id: int) -> str:
    return _page(case_id, unit_id, {}, {})


@pages.post(DOOR)
def record(case_id: int, unit_id: int) -> Answer:
    sheet = inputs.read(db.session(), None, SHEET)
    try:
        given = _given(unit_id, sheet)
        with unit_of_work(db.session()):
            recorded = opinions.record(
                db.session(), case_id, given, actor=access.viewer(), now=access.now()
            )
    except SifangError as error:
        if error.status in (403, 404):
            raise
        body = _page(case_id, unit_id, frame.by_field(error), request.form.to_dict(), sheet)
        return body, error.status
    label = _door(case_id, unit_id).unit.label
    voice = labels.localized(VOICES[given.voice])
    if recorded.replayed:
        flash(_("It was recorded already: %(where)s, %(voice)s", where=label, voice=voice), "info")
    else:
        flash(_("Recorded: %(where)s, %(voice)s", where=label, voice=voice), "success")
    return _onwards(case_id, unit_id)


def _given(unit_id: int, sheet: Given) -> Visit:
    form = request.form
    if sheet.problems:
        raise InvalidError(*sheet.problems)
    scheme = form.get("scheme", "")
    return Visit(
        unit_id=unit_id,
        voice=form.get("voice", ""),
        household=form.get("household", ""),
        reason=form.get("reason", "").replace("\r\n", "\n"),
        next_visit=_day(form.get("next_visit", "")),
        seen=frame.whole(form.get("seen", "0"), ""),
        scheme_id=frame.whole(scheme, "") if scheme else None,
        # one that is taken anew stands for the one that was kept from the refused form
        sheet=sheet.files[-1][1] if sheet.files else None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        said = {"zh": "请选择一个日期，例如 2026-11-30。", "en": "Choose a date, e.g. 2026-11-30."}
        raise InvalidError(Problem(said, "next_visit")) from None


def _onwards(case_id: int, unit_id: int) -> Response:
    """Back to the picture, or to the next flat of the entrance that is still to be asked."""
    session = db.session()
    scheme = schemes.current(session, case_id)
    flats = boards.flats(session, case_id, scheme.id if scheme else None)
    here = next(flat for flat in flats if flat.unit_id == unit_id)
    if request.form.get("then") == "next":
        following = _next(flats, here)
        if following is not None:
            return redirect(
                url_for("consultations.visit", case_id=case_id, unit_id=following.unit_id)
            )
    address = url_for("consultations.board", case_id=case_id, building=here.building[0])
    return redirect(f"{address}#flat-{unit_id}")


def _next(flats: list[Flat], here: Flat) -> Flat | None:
    """People walk an entrance from the top down: first what lies below, then from the top again."""
    order = sorted(
        (flat for flat in flats if flat.entrance == here.entrance),
        key=lambda flat: (-flat.floor, boards.natural(flat.label)),
    )
    start = order.index(here)
    walk = [*order[start + 1 :], *order[:start]]
    return next((flat for flat in walk if flat.stance in boards.OPEN), None)


def _door(case_id: int, unit_id: int) -> Door:
    rows = list(
        db.session.scalars(
            sa.select(RollUnit)
            .where(
                RollUnit.consultation_id == case_id,
                RollUnit.head_id
                == sa.select(RollUnit.head_id)
                .where(RollUnit.consultation_id == case_id, RollUnit.unit_id == unit_id)
                .scalar_subquery(),
            )
            .options(joinedload(RollUnit.head), joinedload(RollUnit.unit))
            .order_by(RollUnit.id)
            .limit(500)
        )
    )
    unit = next((row for row in rows if row.unit_id == unit_id), None)
    if unit is None:
        raise MissingError(
            Problem(
                {
                    "zh": "这一户不在本次协商的名册上。",
                    "en": "This unit is not on the roll of this consultation.",
                }
            )
        )
    return Door(unit, [row for row in rows if row is not unit])


def _page(
    case_id: int,
    unit_id: int,
    problems: dict[str, str],
    typed: dict[str, str],
    sheet: Given | None = None,
) -> str:
    shown = frame.load(case_id)
    door = _door(case_id, unit_id)
    session = db.session()
    history = opinions.history(session, case_id, door.unit.head_id)
    scheme = schemes.current(session, case_id)
    vote = next((one for one in history if one.latest and one.counts), None)
    return render_template(
        "consultation/visit.html",
        shown=shown,
        door=door,
        scheme=scheme,
        history=history,
        vote=vote,
        vote_stands=vote is not None and vote.scheme_id == (scheme.id if scheme else None),
        voices=VOICES,
        stances=frame.STANCES,
        record=frame.choice(shown, opinions.EVENT),
        names=frame.knows_names(access.viewer()),
        problems=problems,
        typed=typed,
        kept=inputs.draw(SHEET, prefix="visit", given=sheet)[0].kept[-1:],
        today=edge.today(access.now()),
        last=edge.today(access.now()) + opinions.FARTHEST_VISIT,
    )
