"""Staff open cases of a workflow that an administrator has drawn."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import models as m
from app.services import definitions, drafts
from app.workflows import files
from tests.cast import Cast
from tests.visitor import Visitor

LOAN = """
format: 1
key: loan
label: {zh: 物资借用, en: Loan}
help: 向居民出借工具。
start: asked
openers: [CommitteeStaff]
fields:
  - {key: what, label: 借什么, type: text}
  - {key: count, label: 数量, type: number}
  - {key: photo, label: 照片, type: files}
intake:
  - {field: what, required: true}
  - {field: count}
  - {field: photo}
states:
  - {key: asked, label: 已登记}
  - {key: back, label: 已归还, kind: done}
transitions:
  - {key: return, label: 归还, from: asked, to: back, roles: [CommitteeStaff], primary: true}
"""


@pytest.fixture
def loan(session: Session, cast: Cast, now: datetime) -> m.Workflow:
    row = drafts.store(session, files.read(LOAN))
    definitions.publish(session, row, actor=cast.viewer("admin"), now=now)
    session.commit()
    return row


@pytest.fixture
def staff(app: Flask, loan: m.Workflow) -> Visitor:
    return Visitor(app).sign_in("staff")


def form(cast: Cast, **values: object) -> dict[str, object]:
    place = cast.places["compound"].id
    return {
        "token": "once-1", "field-title": "借梯子", "field-place_id": place,
        "field-what": "人字梯", "field-count": "2", **values,
    }  # fmt: skip


def opened(session: Session) -> m.Case | None:
    session.expire_all()
    return session.scalar(sa.select(m.Case).where(m.Case.title == "借梯子"))


def test_who_may_open_it_finds_it_and_opens_it_once(
    staff: Visitor, session: Session, cast: Cast, loan: m.Workflow
) -> None:
    assert 'href="/cases/new/"' in staff.get("/work/").get_data(as_text=True)
    staff.get("/cases/new/")
    assert "物资借用" in staff.text
    assert "向居民出借工具。" in staff.text
    assert staff.get(f"/cases/new/{loan.id}").status_code == 200
    answer = staff.post(f"/cases/new/{loan.id}", **form(cast))
    assert answer.status_code == 302, staff.text
    case = opened(session)
    assert case is not None
    assert (case.state, case.data) == ("asked", {"what": "人字梯", "count": "2"})
    assert answer.headers["Location"] == f"/cases/{case.id}"
    assert staff.post(f"/cases/new/{loan.id}", **form(cast)).status_code == 409
    assert "没有重复登记" in staff.text
    pressed = staff.post(f"/cases/{case.id}/return", expected=case.row_version)
    assert pressed.status_code == 302, staff.text
    case = opened(session)
    assert case is not None
    assert case.state == "back"


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_opened(
    staff: Visitor, session: Session, cast: Cast, loan: m.Workflow
) -> None:
    wrong = {"field-title": "", "field-place_id": "", "field-what": "", "field-count": "x"}
    assert staff.post(f"/cases/new/{loan.id}", **form(cast, **wrong)).status_code == 422
    for field in ("title", "place_id", "what", "count"):
        row = staff.text.split(f'id="row-new-{field}"')[1].split('class="form-row')[0]
        assert "field-error" in row, field
    assert opened(session) is None


def test_a_place_elsewhere_is_refused(
    staff: Visitor, session: Session, cast: Cast, loan: m.Workflow
) -> None:
    far = {"field-place_id": cast.places["far_compound"].id}
    assert staff.post(f"/cases/new/{loan.id}", **form(cast, **far)).status_code == 422
    assert opened(session) is None


@pytest.mark.parametrize("login", ["grid", "outsider"])
def test_who_may_not_open_it_neither_sees_nor_reaches_it(
    app: Flask, session: Session, cast: Cast, loan: m.Workflow, login: str
) -> None:
    visitor = Visitor(app).sign_in(login)
    visitor.get("/cases/new/")
    assert "物资借用" not in visitor.text
    assert visitor.get(f"/cases/new/{loan.id}").status_code == 404
    assert visitor.post(f"/cases/new/{loan.id}", **form(cast)).status_code == 404
    assert opened(session) is None


def test_what_is_used_elsewhere_only_is_not_offered_here(
    staff: Visitor, session: Session, cast: Cast, loan: m.Workflow
) -> None:
    loan.place = cast.places["hongmian"]
    session.commit()
    staff.get("/cases/new/")
    assert "物资借用" not in staff.text
    assert staff.get(f"/cases/new/{loan.id}").status_code == 404
    loan.place = cast.places["grid"]
    session.commit()
    community = {"field-place_id": cast.places["cuiwei"].id}
    assert staff.post(f"/cases/new/{loan.id}", **form(cast, **community)).status_code == 422
    assert "只用于" in staff.text
    assert staff.post(f"/cases/new/{loan.id}", **form(cast)).status_code == 302
