"""Jobs on the screen, and lists exported as workbooks: at once, or as a job for its owner alone."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask, g
from sqlalchemy.orm import Session

from app import models as m
from app.models import AccessKind, Job, JobState
from app.services import jobs
from app.views import exports
from tests import labour, world
from tests.cast import Cast
from tests.visitor import Visitor
from worker import runner


@pytest.fixture
def filled(session: Session, cast: Cast, now: Any) -> Session:
    world.fill(session, cast, now)
    return session


@pytest.fixture
def visitor(app: Flask, filled: Session) -> Visitor:
    return Visitor(app).sign_in("secretary")


def book(visitor: Visitor, path: str) -> openpyxl.Workbook:
    with visitor.open(path) as answer:
        assert answer.status_code == 200, visitor.text
        assert answer.mimetype.endswith("spreadsheetml.sheet")
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        return openpyxl.load_workbook(io.BytesIO(answer.get_data()))


def rows(found: openpyxl.Workbook) -> list[tuple[object, ...]]:
    return list(found.worksheets[0].iter_rows(values_only=True))


def trail(session: Session) -> list[m.AccessEvent]:
    query = sa.select(m.AccessEvent).where(m.AccessEvent.kind == AccessKind.EXPORT)
    return list(session.scalars(query.order_by(m.AccessEvent.id)))


def newest(session: Session) -> Job:
    return session.scalars(sa.select(Job).order_by(Job.id.desc()).limit(1)).one()


class TestExport:
    def test_a_short_list_comes_at_once_typed_and_masked(self, visitor, filled):
        found = rows(book(visitor, "/exports/OwnerView?q=业主"))
        phone = found[0].index("电话")
        assert [row[phone] for row in found[1:]] == ["139****5678"]
        units = rows(book(visitor, "/exports/UnitView"))
        area = [column for column in range(len(units[0])) if isinstance(units[1][column], float)]
        assert area, units

    def test_says_who_made_it_of_what_with_which_filters(self, visitor, filled):
        found = book(visitor, "/exports/UnitView?f_floor=1&q=1")
        about = dict(found["关于本文件"].iter_rows(values_only=True))
        assert about["导出人"] == "舒记"
        assert "楼层: 1" in about["筛选"]
        (event,) = trail(filled)
        assert event.detail["ledger"] == "UnitView"
        assert event.detail["filter"] == {"f_floor": "1", "q": "1"}
        assert event.username == "secretary"

    def test_speaks_the_reader_s_language(self, visitor, filled):
        found = book(visitor.speak("en"), "/exports/OwnerView")
        assert "About this file" in found.sheetnames
        assert "Telephone" in rows(found)[0]

    @pytest.mark.parametrize("key", ["grievances", "meetings", "consultations", "allcases", "work"])
    def test_work_lists_are_exported_too(self, visitor, key):
        found = rows(book(visitor, f"/exports/{key}"))
        assert len(found) >= 1
        assert found[0][0]

    @pytest.mark.parametrize(
        ("name", "key", "status"),
        [
            ("property", "OwnerView", 404),
            ("grid", "UnitView", 403),
            ("secretary", "UserView", 404),
            ("secretary", "NoSuchView", 404),
        ],
    )
    def test_who_may_not_export_gets_no_file(self, app, filled, name, key, status):
        visitor = Visitor(app).sign_in(name)
        assert visitor.get(f"/exports/{key}").status_code == status
        assert visitor.post(f"/exports/{key}").status_code == status
        assert trail(filled) == []

    def test_an_outsider_s_file_holds_nothing_of_others(self, app, filled):
        found = book(Visitor(app).sign_in("outsider"), "/exports/OwnerView")
        assert len(rows(found)) == 1

    def test_a_long_list_is_a_job_for_its_owner_alone(self, app, visitor, filled, monkeypatch):
        monkeypatch.setattr(exports, "DIRECT", 1)
        assert visitor.get("/exports/UnitView?f_floor=1").status_code == 200
        assert "超过 1 行" in visitor.text
        assert trail(filled) == []
        answer = visitor.post("/exports/UnitView", f_floor="1")
        job = filled.get_one(Job, int(answer.headers["Location"].rsplit("/", 1)[1]))
        labour.finish(filled, job)
        assert job.state is JobState.DONE, job.message
        assert job.result["rows"] == job.done == job.total == 2
        assert job.label == {"zh": "导出：专有部分", "en": "Export: Units"}
        found = book(visitor, f"/jobs/{job.id}/file")
        assert len(rows(found)) == 3
        about = dict(found["关于本文件"].iter_rows(values_only=True))
        assert about["导出人"] == "舒记"
        assert [event.detail.get("job") for event in trail(filled)] == [job.id, job.id]
        for name in ("admin", "staff", "outsider"):
            other = Visitor(app).sign_in(name)
            assert other.get(f"/jobs/{job.id}/file").status_code == 404
        assert len(trail(filled)) == 2

    def test_in_the_owner_s_language(self, app, visitor, filled, cast, monkeypatch):
        filled.add(m.Account(user_id=cast.users["secretary"].id, language="en"))
        filled.commit()
        visitor.post("/exports/UnitView")
        job = labour.finish(filled, newest(filled))
        assert "About this file" in book(visitor, f"/jobs/{job.id}/file").sheetnames

    def test_who_lost_the_right_meanwhile_gets_no_file(self, visitor, filled, cast):
        visitor.post("/exports/UnitView")
        cast.users["secretary"].active = False
        filled.commit()
        job = labour.finish(filled, newest(filled))
        assert job.state is JobState.FAILED
        assert job.message["zh"]

    def test_who_lost_the_right_later_gets_no_file_either(self, visitor, filled, cast):
        visitor.post("/exports/UnitView")
        job = labour.finish(filled, newest(filled))
        book(visitor, f"/jobs/{job.id}/file")
        cast.users["secretary"].roles = []
        filled.commit()
        assert visitor.get(f"/jobs/{job.id}/file").status_code in (403, 404)

    def test_a_file_that_is_gone_says_what_to_do(self, visitor, filled, settings):
        visitor.post("/exports/UnitView")
        job = labour.finish(filled, newest(filled))
        (jobs.folder(settings.files_dir, job.id) / "sheet.xlsx").unlink()
        assert visitor.get(f"/jobs/{job.id}/file").status_code == 404
        assert "重新导出" in visitor.text


class TestScreens:
    def test_an_empty_list_says_what_is_shown_here(self, app, filled):
        visitor = Visitor(app).sign_in("staff")
        assert visitor.get("/jobs/").status_code == 200
        assert "没有任务" in visitor.text

    def test_a_running_job_asks_for_itself_every_second(self, visitor, filled, cast, monkeypatch):
        monkeypatch.setattr(runner, "SLICE", 0.02)
        job = labour.order(filled, cast.users["secretary"].id, count=40, seconds=0.01)
        runner.run(job.id)
        visitor.get(f"/jobs/{job.id}")
        assert 'hx-trigger="every 1s"' in visitor.text
        assert f'max="40" value="{job.done}"' in visitor.text
        assert "<noscript>" in visitor.text
        visitor.get("/jobs/")
        assert 'hx-trigger="every 2s"' in visitor.text
        labour.finish(filled, job)
        part = visitor.open(f"/jobs/{job.id}", headers={"HX-Request": "true"})
        assert part.status_code == 200
        assert "<html" not in visitor.text
        assert "hx-trigger" not in visitor.text, "it has ended"
        assert "数完了。" in visitor.text
        assert 'id="job-sign" hx-swap-oob="delete"' in visitor.text, "nothing else is under way"

    def test_a_job_is_cancelled_and_gone_on_with(self, visitor, filled, cast):
        job = labour.order(filled, cast.users["secretary"].id, count=3)
        assert visitor.post(f"/jobs/{job.id}/cancel").status_code == 302
        filled.expire_all()
        assert job.state is JobState.CANCELLED
        assert visitor.post(f"/jobs/{job.id}/cancel").status_code == 409
        visitor.get(f"/jobs/{job.id}")
        assert "继续" in visitor.text
        assert visitor.post(f"/jobs/{job.id}/retry").status_code == 302
        assert labour.finish(filled, job).state is JobState.DONE

    def test_a_failure_says_why_and_which_items(self, visitor, filled, cast):
        job = labour.order(filled, cast.users["secretary"].id, count=30, refuse=25)
        labour.finish(filled, job)
        visitor.get(f"/jobs/{job.id}")
        assert "到此为止。" in visitor.text

    def test_others_see_nothing_the_administrator_everything(self, app, filled, cast):
        job = labour.order(filled, cast.users["secretary"].id, count=3)
        for name in ("staff", "outsider"):
            other = Visitor(app).sign_in(name)
            assert other.get(f"/jobs/{job.id}").status_code == 404
            assert other.post(f"/jobs/{job.id}/cancel").status_code == 404
            assert other.post(f"/jobs/{job.id}/retry").status_code == 404
            other.get("/jobs/")
            assert "数数" not in other.text
        admin = Visitor(app).sign_in("admin")
        admin.get("/jobs/")
        assert "数数" in admin.text
        assert "舒记" in admin.text
        assert admin.get(f"/jobs/{job.id}").status_code == 200

    def test_the_list_asks_no_more_for_more_jobs(self, visitor, filled, cast):
        owner = cast.users["secretary"].id
        labour.finish(filled, labour.order(filled, owner, count=1))
        visitor.get("/jobs/")
        few = len(visitor.statements)
        for _ in range(8):
            labour.finish(filled, labour.order(filled, owner, count=1))
        visitor.get("/jobs/")
        assert len(visitor.statements) <= few

    def test_pages(self, visitor, filled, cast, monkeypatch):
        monkeypatch.setattr(jobs, "PAGE", 2)
        for _ in range(3):
            labour.order(filled, cast.users["secretary"].id, count=1)
        visitor.get("/jobs/")
        assert visitor.text.count("row-item job") == 2
        visitor.get("/jobs/?page=2")
        assert visitor.text.count("row-item job") == 2
        visitor.get("/jobs/?page=3")
        assert visitor.text.count("row-item job") == 0
        for page in ("0", "-1", "x", "99999999999"):
            assert visitor.get("/jobs/", page=page).status_code == 200


def test_the_sign_of_the_frame_is_one_statement(app, filled, cast, visitor):
    owner = cast.users["secretary"].id
    job = labour.order(filled, owner, count=1)

    def draw() -> str:
        with app.test_request_context("/"):
            g._login_user = cast.users["secretary"]
            return app.jinja_env.get_template("jobs/indicator.html").render()

    assert f"/jobs/{job.id}" in draw()
    labour.order(filled, owner, count=1)
    assert 'href="/jobs/"' in draw()
