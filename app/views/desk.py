"""My work, the bell, and the list of all cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import models as m
from app.extensions import db
from app.services import edge, entry, outbox
from app.services.desk import Row
from app.services.grievances import REGISTRARS
from app.transaction import unit_of_work
from app.views import access, labels, times
from app.views.lists import frame
from app.views.lists.cases import CaseList
from app.views.lists.work import Work

pages = Blueprint("work", __name__, url_prefix="/work")
bell = Blueprint("bell", __name__, url_prefix="/notices")
ledger = Blueprint("allcases", __name__, url_prefix="/all-cases")
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Card:
    """A case in a list."""

    id: int
    number: str
    title: str
    place: str
    leg: str
    state: str
    kind: str
    who: str
    left: times.Left | None


def card(row: Row) -> Card:
    """A row of ``services.desk`` as the lists draw it."""
    family, given = row.last_name or "", row.first_name or ""
    latin = (family + given).isascii()
    person = f"{given} {family}".strip() if latin else f"{family}{given}"
    party = row.party if row.party and row.party not in row.title else ""
    ended = row.closed_at is not None
    return Card(
        id=row.id,
        number=row.number,
        title=row.title,
        place=row.place,
        leg=row.leg,
        state=labels.localized(row.state_label),
        kind=row.state_kind,
        who=" · ".join(part for part in (party, person) if part),
        left=None if ended else times.left(row.due_at, access.now(), began=row.opened_at),
    )


@pages.get("/", endpoint="index")
def work() -> Response:
    """What lies on this person's desk, by time left; ``?tab=others`` is what waits for others."""
    found = frame.open_(Work())
    return frame.render(
        "desk/work.html",
        found,
        cards=[card(row) for row in found.page.rows],
        others=bool(found.query.value("tab")),
        narrowed=any(each.on for each in found.query.filters if each.name not in ("tab", "leg")),
        piles=found.page.data,
        may_register=bool(access.viewer().roles & REGISTRARS),
        may_open=bool(entry.openable(db.session(), access.viewer())),
    )


@ledger.get("/", endpoint="index")
def everything() -> Response:
    """Every case that this person may see, whatever its leg."""
    return listed(CaseList())


def listed(listing: CaseList, **more: Any) -> Response:
    """A list of cases with search, filters, order and views from the address."""
    found = frame.open_(listing)
    cards = [card(row) for row in found.page.rows]
    return frame.render("case/list.html", found, cards=cards, **more)


# --- the bell ---------------------------------------------------------------------------------


@bell.get("/", endpoint="index")
def notices() -> str:
    """This person's notices, newest first."""
    rows = db.session.scalars(
        sa.select(m.Notice)
        .where(
            m.Notice.user_id == access.viewer().user_id,
            m.Notice.channel == "inapp",
            m.Notice.status == m.NoticeStatus.SENT,
        )
        .order_by(m.Notice.id.desc())
        .limit(SHOWN)
    ).all()
    return render_template("desk/notices.html", notices=rows, without_link=_without_link)


def _without_link(notice: m.Notice) -> str:
    """The text without the address of the case: the heading leads there already."""
    link = edge.address(f"/cases/{notice.case_id}")
    return labels.localized(notice.body).replace(link, "").strip()


@bell.post("/read")
def read() -> Response:
    """Everything up to ``upto`` has been read; newer ones came while the page was open."""
    upto = request.form.get("upto", "")
    viewer = access.viewer()
    if viewer.user_id is not None and upto.isascii() and upto.isdecimal() and len(upto) < 19:
        with unit_of_work(db.session()):
            outbox.mark_read(db.session(), viewer.user_id, access.now(), upto=int(upto))
    return redirect(url_for("bell.index"))
