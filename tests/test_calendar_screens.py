"""The working calendar on the screen: the year, days, hours, holidays, counting anew."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app import models as m
from app.services import adjustments, calendars, edge, kinds, proposals, recounts, years
from app.services.actors import SYSTEM, Viewer
from app.services.adjustments import Day, Why
from app.services.kinds import Work
from tests import extended
from tests.visitor import Visitor

JSON = """{"year": 2027, "papers": ["https://example.org/2027"], "days": [
  {"name": "元旦", "date": "2027-01-01", "isOffDay": true},
  {"name": "元旦", "date": "2027-01-02", "isOffDay": true},
  {"name": "元旦", "date": "2027-01-09", "isOffDay": false}]}"""
THURSDAY = datetime(2026, 11, 19, 2, 30, tzinfo=UTC)


@pytest.fixture
def admin(app: Flask, session, monkeypatch) -> Visitor:
    visitor = Visitor(app).sign_in("admin")
    monkeypatch.setattr(clock, "now", lambda: THURSDAY)
    return visitor


@pytest.fixture
def case(session, cast, now):
    extended.publish(session, now)
    found = extended.begin(session, cast.places["compound"].id, now)
    session.commit()
    return found


def hidden(page: str) -> dict[str, str]:
    """What the preview carries along, the last form of the page."""
    form = page[page.index("calendar-confirm") :]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))


def due(session) -> datetime:
    return session.scalars(
        sa.select(m.Clock.due_at).where(m.Clock.key == "all").order_by(m.Clock.id.desc())
    ).first()


def flood(**given: str) -> dict[str, str]:
    return {"first": "2026-11-23", "what": "off", "name": "洪水", "reason": "洪水停工", **given}


class TestYear:
    @pytest.mark.parametrize("language", ["zh", "en"])
    @pytest.mark.parametrize("year", ["2025", "2026", "2027", "x", "9999"])
    def test_it_is_drawn_in_both_languages(self, admin, language, year):
        admin.speak(language)
        assert admin.get("/calendars/", year=year).status_code == 200
        assert len(re.findall(r'class="day day-[a-z]+[^"]*" href', admin.text)) in (365, 366)

    def test_days_are_told_by_sign_and_words(self, admin, session, cast, now):
        place = cast.places["compound"]
        above = int(place.path.split("/")[-3])
        why = Why(SYSTEM, now, "洪水")
        adjustments.set_days(session, [Day(date(2026, 11, 23), above, (), "洪水")], why)
        session.commit()
        calendars.forget(session)
        here = years.drawn(session, 2026, place.id)
        found = {day.day: day.kind for day in here.days}
        assert found[date(2026, 11, 23)] == "local"
        assert found[date(2026, 10, 1)] == "holiday"
        assert found[date(2026, 10, 10)] == "makeup"
        assert found[date(2026, 11, 21)] == "off"
        assert found[date(2026, 11, 20)] == "work"
        assert here.working == calendars.book(session).at(session, place.id).working_days(2026)
        admin.get("/calendars/", year="2026", place=str(place.id))
        assert "洪水" in admin.text
        admin.get("/calendars/", year="2026")
        assert "洪水，" not in admin.text

    def test_a_year_that_is_not_announced_says_so_and_what_to_do(self, admin):
        admin.get("/calendars/", year="2027")
        assert "2027 年的放假安排还没有公布或导入" in admin.text
        assert "/calendars/holidays" in admin.text
        assert "is-provisional" in admin.text

    def test_from_november_on_home_and_calendar_warn(self, admin, monkeypatch):
        for path in ("/", "/calendars/"):
            admin.get(path)
            assert "2027 年的放假安排还没有公布或导入" in admin.text, path
        monkeypatch.setattr(clock, "now", lambda: THURSDAY - timedelta(30))
        for path in ("/", "/calendars/"):
            admin.get(path)
            assert "2027 年的放假安排" not in admin.text, path

    def test_settings_lead_to_it(self, admin):
        admin.get("/settings/")
        assert 'href="/calendars/"' in admin.text

    @pytest.mark.parametrize("person", ["secretary", "designer", "street", "outsider"])
    def test_it_is_the_administrators(self, app: Flask, session, person):
        visitor = Visitor(app).sign_in(person)
        for path in ("", "days", "hours", "holidays", "recount"):
            assert visitor.get(f"/calendars/{path}").status_code == 403
            if path:
                assert visitor.post(f"/calendars/{path}").status_code == 403
        visitor.get("/settings/")
        assert "/calendars/" not in visitor.text


class TestLedgers:
    @pytest.mark.parametrize("language", ["zh", "en"])
    @pytest.mark.parametrize(
        ("ledger", "said"),
        [
            ("calendar-days", "元旦"),
            ("calendar-hours", "08:30–12:00"),
            ("calendar-years", "2027"),
            ("calendar-changes", "因为"),
        ],
    )
    def test_each_table_can_be_looked_at(self, admin, session, now, ledger, said, language):
        why = Why(SYSTEM, now, "因为")
        morning = ((time(8, 30), time(12)),)
        adjustments.set_days(session, [Day(date(2026, 11, 23), None, (), "洪水")], why)
        adjustments.set_hours(session, date(2026, 12, 1), {0: morning}, morning, why)
        adjustments.read_year(session, JSON, why)
        session.commit()
        admin.speak(language)
        assert admin.get(f"/ledgers/{ledger}/list/").status_code == 200
        assert said in admin.text
        address = re.search(rf"/ledgers/{ledger}/show/\d+", admin.text)
        assert address is not None
        assert admin.get(address[0]).status_code == 200
        assert said in admin.text


class TestDays:
    def test_a_preview_names_cases_and_changes_nothing(self, admin, session, case):
        before = due(session)
        answer = admin.post("/calendars/days", **flood())
        assert answer.status_code == 200, admin.text
        assert case.number in admin.text
        assert edge.shown(before) in admin.text
        assert "2026年11月23日" in admin.text
        assert due(session) == before
        for model in (m.CalendarChange, m.CalendarDay, m.Job):
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == 0

    def test_it_says_so_when_more_run_than_were_tried(
        self, admin, session, cast, case, now, monkeypatch
    ):
        extended.begin(session, cast.places["compound"].id, now)
        session.commit()
        monkeypatch.setattr(recounts, "BATCH", 1)
        monkeypatch.setattr(proposals, "TRIED", 1)
        admin.post("/calendars/days", **flood())
        assert "以上是前 1 个的结果" in admin.text

    def test_all_of_them_are_tried_by_a_job(
        self, admin, session, cast, case, now, monkeypatch, tmp_path
    ):
        other = extended.begin(session, cast.places["compound"].id, now)
        session.commit()
        before = due(session)
        monkeypatch.setattr(recounts, "BATCH", 1)
        monkeypatch.setattr(proposals, "TRIED", 1)
        admin.post("/calendars/days", **flood())
        kept = hidden(admin.text)
        kept.pop("seen")
        answer = admin.post("/calendars/days", **kept, whole="1")
        job = session.scalars(sa.select(m.Job)).one()
        assert (answer.headers["Location"], job.kind) == (f"/jobs/{job.id}", proposals.TRIAL)
        ending = run(session, job, tmp_path, cast.viewer("admin"))
        assert "试算了 2 个时限，2 个会改时间" in ending.message["zh"]
        assert (ending.result["looked"], ending.result["moved"]) == (2, 2)
        assert due(session) == before, "nothing is written"
        for model in (m.CalendarChange, m.CalendarDay):
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == 0
        job.state = m.JobState.DONE
        session.commit()
        assert admin.get(f"/jobs/{job.id}").status_code == 200
        assert f'href="/cases/{other.id}"' in admin.text

    def test_confirmed_it_is_written_and_counted_by_a_job(self, admin, session, case, tmp_path):
        before = due(session)
        admin.post("/calendars/days", **flood())
        answer = admin.post("/calendars/days", **hidden(admin.text))
        job = session.scalars(sa.select(m.Job)).one()
        assert answer.headers["Location"] == f"/jobs/{job.id}"
        assert (job.kind, job.parameters) == (recounts.KIND, {"reason": "洪水停工"})
        change = session.scalars(sa.select(m.CalendarChange)).one()
        assert (change.reason, change.actor_name) == ("洪水停工", "管理员")
        ending = run(session, job, tmp_path)
        assert "1 个改了时间" in ending.message["zh"]
        assert due(session) > before
        event = session.scalars(
            sa.select(m.Event).where(m.Event.case_id == case.id).order_by(m.Event.id.desc())
        ).first()
        assert (event.event, event.data["reason"]) == ("recount", "洪水停工")
        job.state = m.JobState.DONE
        session.commit()
        assert admin.get(f"/jobs/{job.id}").status_code == 200
        assert f'href="/cases/{case.id}"' in admin.text
        assert "改为" in admin.text

    def test_it_says_which_would_turn_overdue(self, admin, session, case, monkeypatch):
        late = due(session)
        admin.post("/calendars/days", **flood())
        admin.post("/calendars/days", **hidden(admin.text))
        recounts.batch(session, 0, "洪水", actor=SYSTEM, now=THURSDAY)
        session.commit()
        monkeypatch.setattr(clock, "now", lambda: late + timedelta(minutes=1))
        admin.sign_in("admin")
        admin.post("/calendars/days", **flood(what="usual"))
        assert "将因此超期" in admin.text

    def test_what_changed_meanwhile_is_shown_again(self, admin, session, case, now):
        admin.post("/calendars/days", **flood())
        kept = hidden(admin.text)
        other = [Day(date(2026, 11, 24), None, ())]
        adjustments.set_days(session, other, Why(SYSTEM, now, "另一件事"))
        session.commit()
        answer = admin.post("/calendars/days", **kept)
        assert answer.status_code == 200
        assert "日历刚被别人改过" in admin.text
        assert session.scalar(sa.select(sa.func.count(m.CalendarChange.id))) == 1
        assert admin.post("/calendars/days", **hidden(admin.text)).status_code == 302

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"first": ""}, "请选择日期"),
            ({"first": "2026-13-01"}, "请选择日期"),
            ({"last": "2026-11-22"}, "不能早于第一天"),
            ({"last": "2027-03-01"}, "一次最多 62 天"),
            ({"reason": ""}, "写明原因"),
            ({"reason": "因" * 201}, "写明原因"),
            ({"place": "999999999"}, "没有这个地点"),
            ({"place-text": "没有的地方"}, "没有这个地点"),
            ({"what": "on", "hours-from": "12:00", "hours-to": "09:00"}, "每段都要填"),
            ({"what": "on", "hours-from": "09:00", "hours-to": ""}, "每段都要填"),
        ],
    )
    def test_what_is_wrong_is_said_beside_its_field(self, admin, session, wrong, said):
        answer = admin.post("/calendars/days", **flood(**wrong))
        assert answer.status_code == 422
        assert said in admin.text
        assert "洪水" in admin.text

    def test_back_leads_to_the_form_as_it_was(self, admin, session):
        admin.post("/calendars/days", **flood(last="2026-11-24"))
        admin.post("/calendars/days", **hidden(admin.text), again="1")
        assert 'value="2026-11-24"' in admin.text
        assert 'value="洪水停工"' in admin.text

    def test_the_place_may_be_typed_and_holds_below(self, admin, session, cast):
        admin.post("/calendars/days", **flood(**{"place-text": "翠微南里"}))
        admin.post("/calendars/days", **hidden(admin.text))
        kept = session.scalars(sa.select(m.CalendarDay)).one()
        assert kept.place_id == cast.places["compound"].id


class TestHours:
    def form(self, **given: object) -> dict[str, object]:
        found: dict[str, object] = {"since": "2026-12-01", "reason": "冬季作息"}
        for day in range(5):
            found[f"day-{day}-from"] = ["08:30", "13:00", "18:00"]
            found[f"day-{day}-to"] = ["12:00", "17:00", "19:30"]
        found["makeup-from"], found["makeup-to"] = ["09:00"], ["12:00"]
        return {**found, **given}

    def test_several_segments_hold_from_a_date_on(self, admin, session):
        assert admin.post("/calendars/hours", **self.form()).status_code == 200
        assert "08:30–12:00、13:00–17:00、18:00–19:30" in admin.text
        kept = self.form(seen=admin.hidden("seen"))
        assert admin.post("/calendars/hours", **kept).status_code == 302
        row = session.scalars(sa.select(m.CalendarHours)).one()
        assert row.week["4"] == [["08:30", "12:00"], ["13:00", "17:00"], ["18:00", "19:30"]]
        assert row.week["5"] == []
        admin.get("/calendars/")
        assert "2026-12-01" in admin.text

    def test_the_preview_carries_every_segment(self, admin, session):
        admin.post("/calendars/hours", **self.form())
        assert admin.text.count('name="day-0-from" value=') == 3

    def test_the_past_stays_as_it_was(self, admin, session):
        assert admin.post("/calendars/hours", **self.form(since="2026-11-18")).status_code == 422
        assert "过去的工作时间不能改" in admin.text

    def test_a_planned_version_is_changed_or_taken_back(self, admin, session):
        admin.post("/calendars/hours", **self.form())
        admin.post("/calendars/hours", **self.form(seen=admin.hidden("seen")))
        admin.get("/calendars/hours", since="2026-12-01")
        assert 'value="19:30"' in admin.text
        asked = {"since": "2026-12-01", "drop": "1", "reason": "取消"}
        admin.post("/calendars/hours", **asked)
        admin.post("/calendars/hours", **asked, seen=admin.hidden("seen"))
        assert session.scalars(sa.select(m.CalendarHours)).all() == []

    @pytest.mark.parametrize("times", [(["12:00"], ["09:00"]), (["x"], ["y"]), (["09:00"], [""])])
    def test_wrong_spans_are_refused_at_their_day(self, admin, session, times):
        wrong = {"day-2-from": times[0], "day-2-to": times[1]}
        assert admin.post("/calendars/hours", **self.form(**wrong)).status_code == 422
        assert 'id="day-2-error"' in admin.text

    def test_a_week_without_work_is_refused(self, admin, session):
        answer = admin.post("/calendars/hours", since="2026-12-01", reason="无")
        assert answer.status_code == 422
        assert "至少要有一天上班" in admin.text


class TestHolidays:
    def upload(self, admin: Visitor, text: str, **given: str):
        data = {"reason": "国办通知", "file": (BytesIO(text.encode()), "2027.json"), **given}
        return admin.open("/calendars/holidays", method="POST", data=data)

    def test_differences_are_shown_before_it_is_taken(self, admin, session):
        assert self.upload(admin, JSON).status_code == 200
        assert "2027年1月9日" in admin.text
        assert session.scalar(sa.select(sa.func.count(m.CalendarYear.id))) == 0
        text = JSON.replace("\n", "")
        kept = {"reason": "国办通知", "text": text, "seen": admin.hidden("seen")}
        assert admin.post("/calendars/holidays", **kept).status_code == 302
        assert session.scalars(sa.select(m.CalendarYear.year)).one() == 2027
        admin.get("/calendars/", year="2027")
        assert "放假安排还没有公布" not in admin.text
        assert "https://example.org/2027" in admin.text

    def test_an_ics_calendar_is_read_and_carried_along(self, admin, session):
        ics = (
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270101\r\n"
            "SUMMARY:元旦（休）\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        assert self.upload(admin, ics).status_code == 200
        assert "2027-01-01" in admin.hidden("text")

    @pytest.mark.parametrize("text", ["hello", "[]", '{"year": 2027, "papers": [], "days": []}'])
    def test_what_cannot_be_read_is_said(self, admin, session, text):
        assert self.upload(admin, text).status_code == 422
        assert 'id="file-error"' in admin.text

    def test_no_file_is_said(self, admin, session):
        assert admin.post("/calendars/holidays", reason="x").status_code == 422
        assert "请先选择文件" in admin.text


class TestRecount:
    def test_nothing_to_move_says_so(self, admin, session, case):
        admin.post("/calendars/recount", reason="核对")
        assert "没有哪一天、哪个时限" in admin.text

    def test_it_is_carried_out_all_the_same(self, admin, session, case):
        admin.post("/calendars/recount", reason="核对")
        answer = admin.post("/calendars/recount", **hidden(admin.text))
        assert answer.status_code == 302
        assert session.scalars(sa.select(m.Job.kind)).one() == recounts.KIND

    def test_a_forged_version_is_refused(self, admin, session):
        assert admin.post("/calendars/recount", reason="x", seen="x").status_code == 400


def run(session, job: m.Job, folder, owner: Viewer = SYSTEM) -> kinds.Ending:
    """The job to its end, as a worker would; what it tells is kept with it."""
    work = Work(
        session=session,
        job_id=job.id,
        kind=job.kind,
        attempts=1,
        owner=owner,
        language="zh",
        parameters=job.parameters,
        cursor={},
        done=0,
        total=None,
        failed=0,
        folder=folder,
        now=THURSDAY,
    )
    steps = kinds.KINDS[job.kind].run(work)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            session.execute(sa.insert(m.JobItem), work.items)
            return end.value
