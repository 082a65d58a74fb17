"""A consultation on the screens: opened, voting, and a visit sent by its form."""

from __future__ import annotations

from datetime import timedelta

from app import clock
from app import models as m
from app.models import Consultation
from app.services import cases
from tests.estate import Estate
from tests.visitor import Visitor

NEW = {
    "workflow": "consultation",
    "title": "1单元加装电梯",
    "rule_set": "special",
    "field-matter": "在1单元北侧加装一部电梯。",
    "field-background": "",
}


def opened(estate: Estate, staff: Visitor, *, place: str = "building", **form: str) -> int:
    given = NEW | {"scope_id": str(estate.cast.places[place].id)} | form
    answer = staff.post("/consultations/new", **given)
    assert answer.status_code == 302, staff.text
    estate.case_id = estate.session.query(Consultation.case_id).one().case_id
    return estate.case_id


def voting(estate: Estate, staff: Visitor, **form: str) -> int:
    """Opened, a scheme on the table, the roll frozen: the way of the library."""
    case_id = opened(estate, staff, **form)
    estate.propose("一部电梯，低层不出资", case_id=case_id)
    for event, filled in (
        ("publish_scheme", {}),
        ("open_round", {"answer_by": (estate.now.date() + timedelta(days=30)).isoformat()}),
    ):
        cases.fire(
            estate.session,
            case_id,
            event,
            actor=estate.cast.viewer("staff"),
            now=clock.now(),
            form=filled,
        )
    estate.session.commit()
    return case_id


def send(visitor: Visitor, case_id: int, unit: m.Unit, **form: str):
    """Fill in the visit form that is drawn now, and send it."""
    path = f"/consultations/{case_id}/units/{unit.id}"
    visitor.get(path)
    drawn = {"seen": visitor.hidden("seen"), "scheme": visitor.hidden("scheme")}
    return visitor.post(path, **(drawn | form))
