"""My work, the bell, and the list of all cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import models as m
from app.extensions import db
from app.services import desk, edge, outbox
from app.services.desk import Filter, Row
from app.services.grievances import REGISTRARS
from app.transaction import unit_of_work
from app.views import access, labels, times
from app.workflows.registry import LEGS

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
    ended = row.closed_at is not None
    return Card(
        id=row.id,
        number=row.number,
        title=row.title,
        place=row.place,
        leg=row.leg,
        state=labels.localized(row.state_label),
        kind=row.state_kind,
        who=" · ".join(part for part in (row.party, person) if part),
        left=None if ended else times.left(row.due_at, access.now(), began=row.opened_at),
    )


@pages.get("/", endpoint="index")
def work() -> str:
    """What lies on this person's desk, by time left; ``?tab=others`` is what waits for others."""
    found = desk.work(db.session(), access.viewer())
    others = request.args.get("tab") == "others"
    leg = request.args.get("leg", "")
    rows = found.others if others else found.mine
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.leg] = counts.get(row.leg, 0) + 1
    cards = [card(row) for row in rows if not leg or row.leg == leg]
    return render_template(
        "desk/work.html",
        cards=cards,
        others=others,
        leg=leg if leg in counts else "",
        counts=[(key, leg_name(key), count) for key, count in sorted(counts.items())],
        mine_count=_count(found.mine),
        others_count=_count(found.others),
        may_register=bool(access.viewer().roles & REGISTRARS),
        late=sum(1 for c in cards if c.left is not None and c.left.look == "late"),
    )


def _count(rows: tuple[Any, ...]) -> str:
    return f"{desk.MOST}+" if len(rows) >= desk.MOST else str(len(rows))


def leg_name(leg: str) -> str:
    entry = LEGS.get(leg)
    return leg if entry is None else entry.label.text(labels.language())


@ledger.get("/", endpoint="index")
def everything() -> str:
    """Every case that this person may see, whatever its leg."""
    return listed("", _("All cases"), "allcases.index")


def listed(leg: str, heading: str, endpoint: str, **more: Any) -> str:
    """The list of one leg's cases with search and filters from the address."""
    wanted = Filter(
        leg=leg,
        words=request.args.get("q", "").strip()[:100],
        kind=_one_of("kind", ("open", "waiting", "done", "cancelled")),
        overdue=request.args.get("late") == "1",
        mine=request.args.get("mine") == "1",
        urgent=request.args.get("urgent") == "1",
    )
    number = request.args.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1
    found = desk.listed(db.session(), access.viewer(), wanted, page=page, now=access.now())
    return render_template(
        "case/list.html",
        heading=heading,
        endpoint=endpoint,
        cards=[card(row) for row in found.rows],
        page=found,
        wanted=wanted,
        chips=_chips(endpoint, wanted),
        last=desk.LAST_PAGE,
        page_url=lambda number: url_for(endpoint, **{**request.args, "page": number}),
        **more,
    )


def _one_of(name: str, values: tuple[str, ...]) -> str:
    value = request.args.get(name, "")
    return value if value in values else ""


def _chips(endpoint: str, wanted: Filter) -> list[tuple[str, str, bool]]:
    """Filters as one-press choices: text, address, whether it is on."""

    def to(**chosen: Any) -> str:
        if wanted.words:
            chosen["q"] = wanted.words
        return url_for(endpoint, **chosen)

    plain = not (wanted.kind or wanted.overdue or wanted.mine or wanted.urgent)
    found = [
        (_("All"), to(), plain),
        (_("Not finished"), to(kind="open"), wanted.kind == "open"),
        (_("Overdue"), to(late=1), wanted.overdue),
        (_("Finished"), to(kind="done"), wanted.kind == "done"),
        (_("With me or from me"), to(mine=1), wanted.mine),
    ]
    if wanted.leg == "grievance":
        found.insert(2, (_("Urgent"), to(urgent=1), wanted.urgent))
    return found


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
