"""The first page after signing in: what is mine, today's meetings, how we are doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.sqla.models import User
from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from app import models as m
from app.extensions import db
from app.permissions import Role
from app.services import calendars, desk, edge, hints, today
from app.services.actors import Viewer, full_name
from app.services.figures import (
    PARTY_ROLES,
    READERS,
    By,
    Group,
    Kind,
    Load,
    Span,
    Within,
    curve,
    grouped,
    spread,
    standing,
    versus,
)
from app.services.filters import Filter
from app.services.grievances import REGISTRARS
from app.services.today import Gathering
from app.views import access, advice, rates, times
from app.views.desk import Card, card
from app.views.rates import Tile

TOP = 5
COMPARED = 8
LEADERS = frozenset({Role.ADMIN, Role.SUBDISTRICT, Role.SECRETARY, Role.COMMITTEE_STAFF})
"""They compare places with each other, and open the reports."""

WIDE = frozenset({Role.ADMIN, Role.SUBDISTRICT})
"""Their area may hold a million cases, which take seconds to count: the page doesn't wait."""
_WORDS = {"names": rates.NAMES, "percent": rates.percent, "exact": rates.exact}


@dataclass(frozen=True, slots=True)
class Mine:
    """The most urgent of what waits for this person, but for what the page shows elsewhere."""

    cards: Sequence[Card]
    count: str
    late: int
    idle: bool


@dataclass(frozen=True, slots=True)
class Meetings:
    """Today's; without one the next (``today`` is False)."""

    rows: Sequence[Gathering]
    today: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A place compared with its neighbours."""

    group: Group
    load: Load


@dataclass(frozen=True, slots=True)
class Figures:
    """``party``: about what this person's party was given."""

    party: bool
    load: Load
    tiles: Sequence[Tile]
    chart: dict[str, Any]
    quiet: bool
    rows: Sequence[Row] = ()


class HomeView(BaseView):
    """``/``: everybody's own. A part that has nothing to show isn't there."""

    route_base = ""
    default_view = "index"
    base_permissions: list[str] = []

    @expose("/")
    def index(self) -> str:
        viewer = access.viewer()
        if not _settled(viewer):
            return render_template(
                "home/lost.html", viewer=viewer, helpers=advice.listed(_helpers())
            )
        admin = Role.ADMIN in viewer.roles
        later = bool(viewer.roles & WIDE)
        meetings = _meetings(viewer)
        mine = _mine(viewer, {each.id for each in meetings.rows})
        return render_template(
            "home/index.html",
            day=_day(),
            mine=mine,
            meetings=meetings,
            later=later,
            figures=None if later else _figures(viewer),
            consultations=_consultations(viewer),
            hints=advice.shown() if admin else [],
            admin=admin,
            workflows=_workflows() if Role.WORKFLOW_ADMIN in viewer.roles else [],
            facilitator=Role.FACILITATOR in viewer.roles,
            may_register=bool(viewer.roles & REGISTRARS),
            may_report=_may_report(viewer),
            clock=lambda at: edge.shown(at)[11:],
            shown_at=edge.shown,
            when=lambda at: times.moment(at, access.now()),
            **_WORDS,
        )

    @expose("/home/figures")
    def figures(self) -> str:
        """How it goes in a wide area: a part of the page that comes after it."""
        viewer = access.viewer()
        found = _figures(viewer) if _settled(viewer) else None
        if found is None:
            abort(404)
        may_report = _may_report(viewer)
        return render_template("home/figures.html", figures=found, may_report=may_report, **_WORDS)


def _may_report(viewer: Viewer) -> bool:
    return bool(viewer.roles & (LEADERS | PARTY_ROLES))


def _settled(viewer: Viewer) -> bool:
    return bool(viewer.roles) and (bool(viewer.places) or bool(viewer.roles & hints.PLACELESS))


def _helpers() -> list[str]:
    """Whom to ask: the administrators by name."""
    session = db.session()
    query = sa.select(User).where(User.active, User.roles.any(name=Role.ADMIN.value))
    return [full_name(person) for person in session.scalars(query.order_by(User.id).limit(3))]


def _day() -> str:
    """The date as people say it, and whether it is a working day where the weekday misleads."""
    day: date = edge.today(access.now())
    text = str(format_date(day, "full"))
    working = calendars.book(db.session()).base.is_working(day)
    if working and day.weekday() >= 5:
        return str(_("%(date)s (a working day)", date=text))
    if not working and day.weekday() < 5:
        return str(_("%(date)s (a holiday)", date=text))
    return text


def _mine(viewer: Viewer, elsewhere: set[int]) -> Mine:
    rows = desk.work(db.session(), viewer).mine
    now = access.now()
    late = sum(1 for row in rows if row.due_at is not None and row.due_at <= now)
    count = f"{desk.MOST}+" if len(rows) >= desk.MOST else str(len(rows))
    top = [row for row in rows if row.id not in elsewhere][:TOP]
    return Mine([card(row) for row in top], count, late, idle=not rows)


def _meetings(viewer: Viewer) -> Meetings:
    rows, now_on = today.meetings(db.session(), viewer, access.now())
    return Meetings(rows, now_on)


def _figures(viewer: Viewer) -> Figures | None:
    within = within_of(viewer)
    if within is None:
        return None
    session, now = db.session(), access.now()
    day = edge.today(now)
    month = Span.around(Kind.MONTH, day)
    this, last = versus(session, viewer, within, month, now)
    days = curve(session, viewer, within, Span.last_days(7, day), now)
    compares = bool(viewer.roles & LEADERS)
    return Figures(
        party=within.of_parties,
        load=standing(session, viewer, within, now),
        tiles=rates.tiles(this, last, against=_("last month"), parts=within.of_parties),
        chart=rates.curve_chart(days),
        quiet=not any(d.opened or d.closed or d.overdue for d in days),
        rows=_compared(viewer, within, month) if compares else (),
    )


def within_of(viewer: Viewer) -> Within | None:
    """The matters whose figures are this person's; None: they answer for none."""
    if viewer.roles & READERS:
        return Within()
    if viewer.roles & PARTY_ROLES and viewer.parties:
        return Within(parties=viewer.parties)
    return None


def _compared(viewer: Viewer, within: Within, month: Span) -> list[Row]:
    """The places below, those with most overdue first; nothing when there is only one."""
    session, now = db.session(), access.now()
    loads = spread(session, viewer, within, now, by=By.PLACE)
    groups = grouped(session, viewer, within, month, now, by=By.PLACE)
    rows = [Row(group, loads.get(group.id, Load())) for group in groups if group.id]
    if len(rows) < 2:
        return []
    rows.sort(key=lambda row: (-row.load.overdue, -row.load.open, row.group.name))
    return rows[:COMPARED]


def _consultations(viewer: Viewer) -> list[Card]:
    """What council members are asked about: consultations that are under way."""
    if Role.COUNCIL_MEMBER not in viewer.roles:
        return []
    wanted = Filter(leg="consultation", kind="open", top=True)
    found = desk.listed(db.session(), viewer, wanted, page=1, now=access.now())
    return [card(row) for row in found.rows[:3]]


def _workflows() -> Sequence[m.Workflow]:
    query = sa.select(m.Workflow).options(joinedload(m.Workflow.current)).order_by(m.Workflow.key)
    return db.session.scalars(query).all()
