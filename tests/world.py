"""Something in every table, all of it in Cuiwei, for tests that walk the screens."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from app import models as m
from tests.assembly import Assembly
from tests.cast import Cast
from tests.estate import Estate
from tests.raising import Matter

MARK = "翠微暗号"
"""Stands in the words of everything that an outsider must not see."""


def fill(session: Session, cast: Cast, now: datetime) -> None:
    """A grievance with a duty and a file, a meeting with a decision, a vote under way; commits."""
    matter = Matter(session, cast, now).begin(title=f"{MARK}长椅")
    matter.press("staff", "accept")
    _files_and_notices(session, cast, matter.id, now)
    _job(session, cast, now)
    _move(session, matter.id, now)
    assembly = Assembly(session, cast, now)
    assembly.begin(title=f"{MARK}协调会")
    assembly.all_agree()
    assembly.decides(text=f"{MARK}决议")
    estate = Estate(session, cast, now)
    estate.publish()
    owner = estate.owner(f"{MARK}业主", phone="13912345678")
    units = estate.units(2, owners=[owner])
    estate.start("local_opinion")
    estate.says(units[0], "agree", reason=MARK)
    entrance = cast.places["entrance"].id
    session.add(m.Person(place_id=entrance, name=f"{MARK}居民", phone="13700000000"))
    session.add(m.Anchor(at=now, first_event_id=1, last_event_id=2, events=2, hash=b"\x01" * 32))
    _calendar(session, now)
    session.commit()


def _calendar(session: Session, now: datetime) -> None:
    """Hours, a day of its own, an imported year, and who changed it."""
    week = {str(day): [["09:00", "12:00"], ["13:30", "17:30"]] for day in range(5)}
    session.add(m.CalendarHours(since=date(2027, 5, 1), week=week, makeup=week["0"], note=MARK))
    session.add(m.CalendarDay(day=date(2027, 6, 1), segments=[], name=MARK))
    session.add(m.CalendarYear(year=2028, papers=[MARK]))
    said = {"zh": MARK, "en": MARK}
    session.add(m.CalendarChange(at=now, text=said, reason=MARK, actor_name=MARK))


def _move(session: Session, case_id: int, now: datetime) -> None:
    """A case that was not moved to another version."""
    case = session.get_one(m.Case, case_id)
    made = m.Migration(
        workflow_id=case.workflow_id,
        target_id=case.version_id,
        mapping={"1": {"new": None}},
        clocks=m.ClockRule.KEEP,
        reason="换版",
        running=1,
        at=now,
        actor_name="程设计",
    )
    session.add(made)
    session.flush()
    said = {"zh": MARK, "en": MARK}
    refused = m.MoveOutcome.REFUSED
    session.add(
        m.Migrated(migration_id=made.id, case_id=case_id, outcome=refused, text=said, at=now)
    )


def _job(session: Session, cast: Cast, now: datetime) -> None:
    """A file that was checked, with a finding."""
    said = {"zh": MARK, "en": MARK}
    job = m.Job(
        kind="check",
        label=said,
        message=said,
        owner_id=cast.users["secretary"].id,
        parameters={"register": "households", "place_id": cast.places["compound"].id},
        state=m.JobState.DONE,
        done=2,
        total=2,
        result={"rows": 2, "bad": 1, "fresh": 1, "same": 0},
        created_at=now,
        started_at=now,
        ended_at=now,
    )
    session.add(job)
    session.flush()
    failed = m.JobOutcome.FAILED
    session.add(m.JobItem(job_id=job.id, number=2, name=MARK, outcome=failed, text=said))


def _files_and_notices(session: Session, cast: Cast, case_id: int, now: datetime) -> None:
    session.add(
        m.Attachment(
            case_id=case_id,
            name=f"{MARK}.jpg",
            media_type="image/jpeg",
            size=3,
            sha256="0" * 64,
            path="00/none",
        )
    )
    session.add(
        m.Notice(
            case_id=case_id,
            user_id=cast.users["secretary"].id,
            channel="inapp",
            key="test",
            subject={"zh": MARK, "en": MARK},
            body={"zh": MARK, "en": MARK},
            dedupe="world",
            status=m.NoticeStatus.SENT,
            created_at=now,
            sent_at=now,
        )
    )
    session.flush()
