"""The database of the walk through all screens: the demo, and what it lacks so that no screen is
empty."""

from __future__ import annotations

from datetime import date
from itertools import islice

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

import config
from app import clock
from app import models as m
from app.extensions import db
from app.factory import create_app
from app.services import campaigns, definitions, demo, jobs, passages, variations
from app.services.actors import SYSTEM, hashed
from app.services.jobs import Order
from app.services.migrations import Plan
from app.services.publications import Made
from app.transaction import unit_of_work
from app.workflows.variation import Changes
from tests import lamps
from tests.conftest import build_empty

LINKS = {"assigned": "walk-assigned", "closed": "walk-closed", "resolved": "walk-resolved"}
"""By the state of a grievance: the token of one resident's link. The database knows hashes only."""


def build(settings: config.Settings) -> None:
    build_empty(settings)
    flask = create_app(settings)
    with flask.app_context():
        with unit_of_work(db.session()) as session:
            demo.seed(session, clock.now(), settings.files_dir)
            _add(session)
            _move(session)
            _vary(session)
        db.session.remove()
        db.engine.dispose()


def _move(session: Session) -> None:
    """A few of the duties that run are moved to a version that calls one state otherwise."""
    now = clock.now()
    row = session.scalars(sa.select(m.Workflow).filter_by(key="duty")).one()
    row.states[0].label_zh += "（新）"
    definitions.publish(session, row, actor=SYSTEM, now=now, note="改了一个名称")
    mapping: dict[str, str | None] = {
        state.key: state.key for state in row.states if state.kind not in ("done", "cancelled")
    }
    plan = Plan(row.id, "2", {"1": mapping}, "shift", "改了名称")
    made = campaigns.record(session, plan, actor=SYSTEM, now=now)
    ids, act = passages.moving(session, made)
    for case_id in islice(ids, 5):
        act(session, case_id, SYSTEM, now)


def _vary(session: Session) -> None:
    """A plain workflow, and one community that words it its own way."""
    now = clock.now()
    row = lamps.publish(session, now)
    place = session.scalars(sa.select(m.Place).where(m.Place.name == "榆荫社区")).one()
    changes = Changes.model_validate(lamps.WISH)
    variations.save(session, row, place, changes, expected=0, actor=SYSTEM, now=now)
    variations.publish(session, row, place, expected=1, made=Made(row, SYSTEM, now, ""))


def _add(session: Session) -> None:
    now = clock.now()
    people = dict(session.execute(sa.select(User.username, User.id)).all())
    for login in ("shuji", "admin"):
        order = Order("export", {"list": "PlaceView", "query": {}})
        jobs.start(session, order, owner_id=people[login], now=now)
    session.add(
        m.Gateway(
            kind="wecom",
            name="榆荫社区工作群",
            settings={},
            recent=[],
            changed_at=now,
            changed_by_id=people["admin"],
        )
    )
    day = [["09:00", "12:00"]]
    community = session.scalar(sa.select(m.Place.id).where(m.Place.name == "榆荫社区"))
    session.add_all(
        [
            m.CalendarDay(place_id=community, day=date(2027, 3, 8), segments=day, name="妇女节"),
            m.CalendarHours(since=date(2028, 1, 3), week={"0": day}, makeup=day, note="夏令时间"),
            m.CalendarYear(year=2099, papers=["https://example.org/2099"]),
            m.CalendarChange(at=now, text={"zh": "加一天", "en": "A day"}, reason="社区活动"),
        ]
    )
    for state, token in LINKS.items():
        one = (
            sa.select(m.Case.id).where(m.Case.leg == "grievance", m.Case.state == state).limit(1)
        ).scalar_subquery()
        session.execute(sa.update(m.Case).where(m.Case.id == one).values(token=hashed(token)))
