"""What people try who are not meant to: markup in every text, ids of others, forged addresses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app import models as m
from app.services import edge, links
from tests import world
from tests.assembly import Assembly
from tests.cast import Cast
from tests.estate import Estate
from tests.raising import Matter
from tests.test_routes import PUBLIC, address, keys_of, rules
from tests.visitor import Visitor

TAG = "<b id=xss onclick=alert(1)>'\"&{{7*7}}"


@pytest.fixture
def filled(session: Session, cast: Cast, now) -> Session:
    world.fill(session, cast, now)
    return session


# --- markup ---------------------------------------------------------------------------------------


@pytest.fixture
def tagged(session: Session, cast: Cast, now, monkeypatch) -> Session:
    """Markup wherever somebody may write something."""
    monkeypatch.setattr(world, "MARK", TAG)
    for place in cast.places.values():
        place.name = f"{TAG}{place.id}"
    for party in cast.parties.values():
        party.name = f"{TAG}{party.id}"
    for user in cast.users.values():
        user.first_name = TAG
    session.flush()
    world.fill(session, cast, now)
    draft = session.query(m.Workflow).filter_by(key="meeting").one()
    draft.label = {"zh": TAG, "en": TAG}
    session.commit()
    return session


def test_what_people_write_is_never_taken_for_markup(app: Flask, tagged, cast):
    visitor = Visitor(app).sign_in("admin")
    shown = 0
    for method, _rule, path in _ways(app, tagged, cast):
        if method != "GET":
            continue
        with visitor.open(path) as answer:
            assert answer.status_code < 500, path
        assert answer.mimetype != "text/html" or "<b id=xss" not in visitor.text, path
        if answer.mimetype == "text/html":
            shown += "&lt;b id=xss" in visitor.text
    assert shown > 20


def _ways(app: Flask, session: Session, cast: Cast) -> Iterator[tuple[str, str, str]]:
    """Every route that asks for a login, with the keys of a case of its leg."""
    keys = keys_of(session, cast)
    first = {
        "/meetings": session.scalars(sa.select(m.Meeting.case_id)).first(),
        "/consultations": session.scalars(sa.select(m.Consultation.case_id)).first(),
    }
    for rule, method in rules(app):
        if rule.rule in PUBLIC:
            continue
        start = "/" + rule.rule.split("/")[1]
        for case_id in {
            first.get(start, keys["case_id"]),
            *(first.values() if start == "/cases" else ()),
        }:
            yield method, rule.rule, address(rule, {**keys, "case_id": case_id})


def test_markup_reaches_no_resident_either(app: Flask, tagged, cast):
    case_id = tagged.scalars(sa.select(m.Grievance.case_id)).first()
    secretary = cast.viewer("secretary")
    token = links.renew(tagged, case_id, actor=secretary, now=clock.now())
    tagged.commit()
    visitor = Visitor(app)
    for path in (f"/r/t/{token}", "/r/", f"/r/new?place={cast.places['compound'].id}"):
        assert visitor.get(path).status_code == 200
        assert "<b id=xss" not in visitor.text, path
        assert "&lt;b id=xss" in visitor.text, path


# --- those of the place who are not of the staff --------------------------------------------------


@pytest.mark.parametrize("person", ["property", "outsider"])
def test_no_page_shows_others_what_only_the_community_s_staff_may_know(app, filled, cast, person):
    secrets = (
        f"{world.MARK}长椅",
        f"{world.MARK}业主",
        f"{world.MARK}居民",
        "13912345678",
        "13700000000",
    )
    visitor = Visitor(app).sign_in(person)
    for method, rule, path in _ways(app, filled, cast):
        with visitor.open(path, method=method) as answer:
            assert answer.status_code < 500, (method, rule)
        assert not [word for word in secrets if word in visitor.text], (method, rule)
        if "outsider" in person:
            assert world.MARK not in visitor.text, (method, rule)


# --- ids of others in forms -----------------------------------------------------------------------


def test_a_meeting_takes_nothing_of_another_place_or_meeting(app: Flask, session, cast, now):
    here, there = Assembly(session, cast, now), Assembly(session, cast, now)
    here.begin(title="甲会")
    there.begin(title="乙会")
    session.commit()
    seat = session.scalars(
        sa.select(m.Attendance.id).filter_by(meeting_id=there.meeting_id)
    ).first()
    item = session.scalars(
        sa.select(m.AgendaItem.id).filter_by(meeting_id=there.meeting_id)
    ).first()
    own = session.scalars(sa.select(m.AgendaItem.id).filter_by(meeting_id=here.meeting_id)).first()
    far = cast.parties["hongmian_property"].id
    stranger = cast.users["outsider_property"].id
    before = session.scalar(sa.select(sa.func.count(m.Event.id)))
    visitor = Visitor(app).sign_in("facilitator")
    home = f"/meetings/{here.meeting_id}"
    due = edge.today(clock.now() + timedelta(days=60)).isoformat()
    tries = (
        (f"{home}/check-in", {"seat": seat}),
        (f"{home}/check-out", {"seat": seat}),
        (f"{home}/arrive", {"party": far, "name": "某人"}),
        (f"{home}/parties", {"party": far}),
        (
            f"{home}/items/{item}/position",
            {"party": cast.parties["property"].id, "stance": "agree", "seat": seat},
        ),
        (f"{home}/items/{own}/position", {"party": far, "stance": "agree", "seat": seat}),
        (
            f"{home}/items/{own}/position",
            {"party": cast.parties["property"].id, "stance": "agree", "seat": seat},
        ),
        (f"{home}/items/{item}/adjourn", {"why": "改日"}),
        (f"{home}/items/{item}/decide", {"text": "办", "owner": str(far), "due_on": due}),
        (f"{home}/items/{own}/decide", {"text": "办", "owner": str(far), "due_on": due}),
        (
            f"{home}/items/{own}/decide",
            {
                "text": "办",
                "owner": f"{cast.parties['property'].id}:{stranger}",
                "due_on": due,
            },
        ),
        (f"/cases/{here.meeting_id}/decide", {"expected": "1"}),
        (f"{home}/step/decide", {"expected": "1"}),
    )
    for path, form in tries:
        status = visitor.post(path, **form).status_code
        assert status in (403, 404, 409, 422), (path, form, status)
    assert session.scalar(sa.select(sa.func.count(m.Event.id))) == before


def test_a_consultation_takes_nothing_of_another(app: Flask, session, cast, now):
    estate = Estate(session, cast, now)
    estate.publish()
    (unit, *_) = estate.units(2)
    (other,) = estate.units(1, place="entrance2")
    first = estate.start("local_opinion", place="entrance")
    estate.case_id = 0
    second = estate.start("local_opinion", place="entrance2")
    session.commit()
    schemes = dict(session.execute(sa.select(m.Scheme.consultation_id, m.Scheme.id)).all())
    visitor = Visitor(app).sign_in("staff")
    grievance = Matter(session, cast, now).begin(title="长椅")
    session.commit()
    tries = (
        (
            f"/consultations/{first}/units/{other.id}",
            {"voice": "agree", "seen": "0", "scheme": schemes[first]},
        ),
        (
            f"/consultations/{first}/units/{unit.id}",
            {"voice": "agree", "seen": "0", "scheme": schemes[second]},
        ),
        (f"/consultations/{grievance.id}/units/{unit.id}", {"voice": "agree", "seen": "0"}),
        (f"/consultations/{grievance.id}/schemes", {"title": "方案", "text": "文字"}),
        (f"/cases/{first}/record_opinion", {"expected": "1"}),
        (
            "/consultations/new",
            {
                "title": "x",
                "scope_id": cast.places["far_compound"].id,
                "rule_set": "ordinary",
                "field-matter": "x",
            },
        ),
        (
            "/grievances/new",
            {
                "field-title": "x",
                "field-place_id": cast.places["far_compound"].id,
                "field-category": "other",
                "field-description": "x",
                "field-source": "phone",
            },
        ),
    )
    for path, form in tries:
        status = visitor.post(path, **form).status_code
        assert status in (403, 404, 409, 422), (path, form, status)
    assert session.query(m.Opinion).count() == 0


def test_a_lost_link_and_the_links_of_others_open_nothing(app: Flask, session, cast, now):
    secretary = cast.viewer("secretary")
    first, second = (Matter(session, cast, now).begin(title=title) for title in ("甲", "乙"))
    old = links.renew(session, first.id, actor=secretary, now=now)
    new = links.renew(session, first.id, actor=secretary, now=now)
    session.add(
        m.Attachment(
            id=900_001,
            case_id=second.id,
            field="photos",
            name="乙.jpg",
            media_type="image/jpeg",
            size=1,
            sha256="0" * 64,
            path="00/no",
        )
    )
    session.commit()
    visitor = Visitor(app)
    assert visitor.get(f"/r/t/{new}").status_code == 200
    for path in (
        f"/r/t/{old}",
        f"/r/t/{new}x",
        f"/r/t/{new}/files/900001",
        f"/r/t/{new}/files/900001/preview",
        "/r/t/None",
        "/r/t/%00",
    ):
        assert visitor.get(path).status_code == 404, path
    assert visitor.post(f"/r/t/{old}/urge", expected="1").status_code == 404
    for event in ("accept", "close", "assign", "record_opinion", "rate"):
        assert visitor.post(f"/r/t/{new}/{event}", expected="2").status_code in (409, 422), event
