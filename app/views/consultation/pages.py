"""The pages of one consultation: board, schemes, figures."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import SifangError
from app.extensions import db
from app.services import boards, climb, edge, results, rolls, standings
from app.services import schemes as versions
from app.services.boards import House
from app.services.opinions import EVENT as RECORD
from app.services.opinions import VOICES
from app.services.schemes import EVENT as ADD_SCHEME
from app.services.schemes import Draft
from app.transaction import unit_of_work
from app.views import access
from app.views.consultation import frame
from app.views.consultation.figures import bars

ID = "<int(max=9223372036854775807):case_id>"
pages = Blueprint("consultations", __name__, url_prefix="/consultations")
Answer = str | Response | tuple[str, int]
DUE_SHOWN = 30


@pages.get(f"/{ID}/board")
def board(case_id: int) -> str:
    """The picture: one building at a time, floors × flats, coloured by stance."""
    shown = frame.load(case_id)
    standing = standings.standing(db.session(), case_id)
    scheme_id = standing.scheme.id if standing.scheme else None
    houses = boards.houses(db.session(), case_id, scheme_id)
    return render_template(
        "consultation/board.html",
        shown=shown,
        standing=standing,
        bars=bars(standing.counted),
        houses=houses,
        house=_chosen(houses),
        due=_due(houses),
        stances=frame.STANCES,
        voices=VOICES,
        open=boards.OPEN,
        record=frame.choice(shown, RECORD),
        chips=frame.chips(case_id, "board"),
        today=edge.today(access.now()),
    )


def _chosen(houses: list[House]) -> House | None:
    """The building asked for, else the first where somebody is still to be asked."""
    wanted = request.args.get("building", "")
    named = next((house for house in houses if str(house.id) == wanted), None)
    return named or next((h for h in houses if h.left), houses[0] if houses else None)


def _due(houses: list[House]) -> list[boards.Flat]:
    """Flats whose next visit was planned for today or earlier, and which are still open."""
    today = edge.today(access.now())
    found = [
        flat
        for house in houses
        for flat in house.flats
        if flat.next_visit is not None and flat.next_visit <= today and flat.stance in boards.OPEN
    ]
    return sorted(found, key=lambda flat: (flat.next_visit or today, flat.unit_id))[:DUE_SHOWN]


@pages.get(f"/{ID}/schemes")
def schemes(case_id: int) -> Answer:
    return _schemes(case_id, {}, {})


@pages.post(f"/{ID}/schemes")
def add_scheme(case_id: int) -> Answer:
    form = request.form
    seen = form.get("seen", "")
    draft = Draft(
        form.get("title", ""),
        form.get("text", ""),
        int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else 0,
    )
    try:
        with unit_of_work(db.session()):
            scheme = versions.add(
                db.session(), case_id, draft, actor=access.viewer(), now=access.now()
            )
            number = scheme.version
    except SifangError as error:
        if error.status in (403, 404):
            raise
        body = _schemes(case_id, frame.by_field(error), form.to_dict())
        return body, error.status
    flash(_("Version %(number)s of the scheme is on the table.", number=number), "success")
    return redirect(url_for("consultations.schemes", case_id=case_id))


def _schemes(case_id: int, problems: dict[str, str], typed: dict[str, str]) -> str:
    shown = frame.load(case_id)
    standing = standings.standing(db.session(), case_id)
    took_part = standing.counted.participation_heads.numerator if standing.counted else 0
    return render_template(
        "consultation/schemes.html",
        shown=shown,
        standing=standing,
        found=versions.listed(db.session(), case_id),
        add=frame.choice(shown, ADD_SCHEME),
        took_part=took_part,
        problems=problems,
        typed=typed,
        chips=frame.chips(case_id, "schemes"),
    )


@pages.get(f"/{ID}/result")
def result(case_id: int) -> str:
    """The figures with numerators, denominators, thresholds and their basis, for print too; a
    frozen result is counted again before it is shown."""
    shown = frame.load(case_id)
    standing = standings.standing(db.session(), case_id)
    points, heads = climb.climb(db.session(), standing.consultation)
    return render_template(
        "consultation/result.html",
        shown=shown,
        standing=standing,
        rule=standing.consultation.rule,
        bars=bars(standing.counted),
        voices=VOICES,
        size=rolls.size(db.session(), standing.consultation),
        recount=results.recount(db.session(), case_id) if standing.frozen else None,
        points=points,
        heads=heads,
        chips=frame.chips(case_id, "result"),
        now=access.now(),
    )
