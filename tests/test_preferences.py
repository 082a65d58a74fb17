"""What people wish to be told: channels by kind of notice, quiet hours, the daily digest; and
residents, who are told by message when they want to be."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import channels
from app import models as m
from app.channels import KINDS, guard
from app.errors import InvalidError
from app.models import Mode
from app.services import deliveries, digests, gateways, grievances, links, outbox, preferences
from app.services.gateways import Setup
from app.services.grievances import Report
from app.services.preferences import Verdict, Wishes, judge, next_time, quiet_end
from tests.mailbox import Mailbox
from tests.raising import EXTRA, FORM, Matter
from tests.receiver import Receiver, Said
from tests.visitor import Visitor
from worker import tasks

LEASE = timedelta(seconds=60)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NIGHT = datetime(2026, 11, 19, 15, 30, tzinfo=UTC)
"""23:30 in Shanghai."""


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as running:
        channels.use(running.url, "四方 <sifang@example.org>")
        yield running
        channels.use(None, "")


@pytest.fixture
def sms(session, cast, now) -> Iterator[Receiver]:
    """A provider of text messages for everywhere."""
    guard.allow((ipaddress.ip_network("127.0.0.0/8"),))
    with Receiver() as running:
        running.says(Said({"code": 0}))
        values = {field.name: field.default for field in KINDS["sms"].fields}
        setup = Setup("短信", {**values, "url": running.url, "secret": "k"})
        gateways.create(session, "sms", setup, actor=cast.viewer("admin"), now=now)
        yield running
    guard.allow(())


@pytest.fixture
def case(session, cast, now) -> m.Case:
    return Matter(session, cast, now).begin().row()


@pytest.fixture
def write(session, cast, now) -> Any:
    made = iter(range(1000))

    def _write(case: m.Case | None = None, channel: str = "email", **given: Any) -> int:
        row = {
            "user_id": cast.users["grid"].id,
            "channel": channel,
            "key": "told",
            "subject": {"zh": "待办", "en": "To do"},
            "body": {"zh": "请处理。", "en": "Please see to it."},
            "dedupe": f"test:{next(made)}:{channel}",
            "created_at": now,
            "next_at": LONG_AGO,
            "case_id": case and case.id,
            **given,
        }
        outbox.write(session, [row])
        return session.scalar(sa.select(m.Notice.id).where(m.Notice.dedupe == row["dedupe"]))

    return _write


def wish(session, cast, **given: Any) -> None:
    modes = {tuple(key.split("_")): mode for key, mode in given.pop("modes", {}).items()}
    preferences.save(session, cast.users["grid"].id, Wishes(modes, **given))


def notice(session, notice_id: int) -> m.Notice:
    return session.get_one(m.Notice, notice_id, populate_existing=True)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-19T{text}+08:00").astimezone(UTC)


class TestQuiet:
    @pytest.mark.parametrize(
        ("at", "begin", "end", "until"),
        [
            ("23:30", "22:00", "07:00", "2026-11-20 07:00"),
            ("06:59", "22:00", "07:00", "2026-11-19 07:00"),
            ("07:00", "22:00", "07:00", None),
            ("21:59", "22:00", "07:00", None),
            ("22:00", "22:00", "07:00", "2026-11-20 07:00"),
            ("13:00", "12:30", "14:00", "2026-11-19 14:00"),
            ("12:00", "12:30", "14:00", None),
            ("23:59", "22:00", "00:00", "2026-11-20 00:00"),
        ],
    )
    def test_it_ends_in_the_morning(self, at, begin, end, until):
        found = quiet_end(local(at), time.fromisoformat(begin), time.fromisoformat(end))
        shown = found and found.astimezone(preferences.edge.timezone()).strftime("%Y-%m-%d %H:%M")
        assert shown == until

    def test_the_next_time_is_today_or_tomorrow(self):
        assert next_time(local("10:00"), time(18)) == local("18:00")
        assert next_time(local("18:00"), time(18)) == local("18:00") + timedelta(days=1)

    @pytest.mark.parametrize(("urgent", "anyway", "goes"), [(1, 1, 1), (1, 0, 0), (0, 1, 0)])
    def test_urgent_ones_may_break_it(self, urgent, anyway, goes):
        row = SimpleNamespace(
            resident=False, user_id=1, mode=None, channel="email", urgent=bool(urgent),
            urgent_anyway=bool(anyway), quiet_from=time(22), quiet_until=time(7),
        )  # fmt: skip
        assert (judge(row, NIGHT) == preferences.GO) is bool(goes)


class TestWishes:
    def test_without_any_a_notice_goes_as_the_workflow_says(self, session, write, case, now):
        notice_id = write(case)
        assert [c.id for c in deliveries.claim(session, [notice_id], now, LEASE)] == [notice_id]

    def test_what_is_not_wanted_is_muted_and_not_lost(self, session, cast, write, case, now):
        wish(session, cast, modes={"grievance_email": Mode.NEVER})
        muted, other = write(case), write()
        claims = deliveries.claim(session, [muted, other], now, LEASE)
        assert [claim.id for claim in claims] == [other]
        row = notice(session, muted)
        assert (row.status, row.next_at, row.attempts) == ("muted", None, 0)
        assert "wants none" in row.error

    def test_a_clock_s_notices_are_a_kind_of_their_own(self, session, cast, write, case, now):
        wish(session, cast, modes={"deadline_email": Mode.NEVER})
        clock = write(case, dedupe="clock:7:0:told:1:email")
        claims = deliveries.claim(session, [clock, write(case)], now, LEASE)
        assert len(claims) == 1
        assert notice(session, clock).status == "muted"

    def test_in_the_quiet_hours_it_waits_until_the_morning(self, session, cast, write, case):
        wish(session, cast, quiet_from=time(22), quiet_until=time(7))
        notice_id = write(case)
        assert deliveries.claim(session, [notice_id], NIGHT, LEASE) == []
        row = notice(session, notice_id)
        assert (row.status, row.next_at) == ("waiting", local("07:00") + timedelta(days=1))
        assert deliveries.claim(session, [notice_id], row.next_at, LEASE)

    def test_an_urgent_matter_breaks_them(self, session, cast, write, now):
        wish(session, cast, quiet_from=time(22), quiet_until=time(7))
        urgent = Matter(session, cast, now).begin(urgency="urgent").row()
        assert deliveries.claim(session, [write(urgent)], NIGHT, LEASE)

    def test_wanted_by_mail_though_the_workflow_has_only_the_bell(
        self, session, cast, write, case, mailbox, now
    ):
        wish(session, cast, modes={"grievance_email": Mode.NOW})
        shown = [write(case, "inapp") for _ in range(3)]
        already = write(case, dedupe="test:1:email")
        assert deliveries.show(session, [*shown, write(None, "inapp")], now) == 4
        mails = session.scalars(sa.select(m.Notice).filter_by(channel="email")).all()
        assert {mail.dedupe for mail in mails} == {"test:0:email", "test:1:email", "test:2:email"}
        assert already in [mail.id for mail in mails]
        tasks.deliver("email", [mail.id for mail in mails])
        assert [mail["To"] for mail in mailbox.mails] == ["grid@example.org"] * 3

    def test_by_text_message_to_the_number_left(self, session, cast, write, case, sms, now):
        wish(session, cast, phone="13800001111", modes={"grievance_sms": Mode.NOW})
        deliveries.show(session, [write(case, "inapp")], now)
        row = session.scalars(sa.select(m.Notice).filter_by(channel="sms")).one()
        tasks.deliver(f"sms:{row.gateway_id}", [row.id])
        assert sms.taken[0].json["mobile"] == "13800001111"
        assert "请处理" in sms.taken[0].json["content"]

    @pytest.mark.parametrize(
        ("wishes", "field"),
        [
            (Wishes(phone="139 0000"), "phone"),
            (Wishes(quiet_from=time(22)), "quiet_from"),
            (Wishes(quiet_from=time(7), quiet_until=time(7)), "quiet_until"),
            (Wishes({("weather", "email"): Mode.NOW}), "weather-email"),
            (Wishes({("meeting", "sms"): Mode.DIGEST}), "meeting-sms"),
        ],
    )
    def test_impossible_wishes_are_refused(self, session, cast, wishes, field):
        with pytest.raises(InvalidError) as caught:
            preferences.save(session, cast.users["grid"].id, wishes)
        assert [problem.field for problem in caught.value.problems] == [field]

    def test_they_are_kept(self, session, cast):
        given = Wishes({("meeting", "email"): Mode.DIGEST}, "13900000000", time(22), time(7), False)
        preferences.save(session, cast.users["grid"].id, given)
        assert preferences.of(session, cast.users["grid"].id) == given
        preferences.save(session, cast.users["grid"].id, Wishes())
        assert preferences.of(session, cast.users["grid"].id) == Wishes()


class TestDigest:
    def test_all_of_a_day_in_one_mail(self, session, cast, write, case, mailbox, now):
        wish(session, cast, modes={"grievance_email": Mode.DIGEST}, digest_at=time(18))
        ids = [write(case) for _ in range(3)]
        assert deliveries.claim(session, ids, now, LEASE) == []
        evening = local("18:00")
        assert {notice(session, i).next_at for i in ids} == {evening}
        before = deliveries.waiting(session, evening - timedelta(seconds=1), 10)
        assert "email+digest" not in before
        assert deliveries.waiting(session, evening, 10)["email+digest"] == ids
        assert digests.gather(session, ids[:1], evening) == 1
        assert digests.gather(session, ids[1:], evening) == 0, "one for all of them"
        digest = session.scalars(sa.select(m.Notice).filter_by(key="digest")).one()
        assert {notice(session, i).digest_id for i in ids} == {digest.id}
        assert {notice(session, i).status for i in ids} == {"included"}
        tasks.deliver("email", [digest.id])
        (mail,) = mailbox.mails
        assert mail["Subject"] == "今日消息汇总（3 条）"
        assert mail.get_content().count(f"/cases/{case.id}") == 3

    def test_by_the_job_that_the_sweep_makes(self, session, cast, write, case, now):
        wish(session, cast, modes={"grievance_email": Mode.DIGEST})
        ids = [write(case, digest=True) for _ in range(2)]
        tasks.deliver("email+digest", ids)
        assert {notice(session, i).status for i in ids} == {"included"}

    def test_urgent_ones_are_told_at_once(self, session, cast, write, now):
        wish(session, cast, modes={"grievance_email": Mode.DIGEST})
        urgent = Matter(session, cast, now).begin(urgency="urgent").row()
        assert len(deliveries.claim(session, [write(urgent)], now, LEASE)) == 1


class TestResident:
    @pytest.fixture
    def matter(self, session, cast, mailbox, sms, now) -> Matter:
        matter = Matter(session, cast, now).begin()
        row = session.get_one(m.Grievance, matter.id)
        row.email, row.messages = "qian@example.org", True
        session.flush()
        matter.press("staff", "accept").press("secretary", "reply", reply="已收到，马上办。")
        return matter

    @staticmethod
    def rows(session) -> dict[str, m.Notice]:
        query = sa.select(m.Notice).filter_by(key="answered", resident=True)
        return {row.channel: row for row in session.scalars(query)}

    def test_they_are_told_by_mail_and_text_message_with_their_own_link(
        self, app: Flask, session, matter, mailbox, sms
    ):
        rows = self.rows(session)
        assert set(rows) == {"email", "sms"}
        tasks.deliver("email", [rows["email"].id])
        tasks.deliver(f"sms:{rows['sms'].gateway_id}", [rows["sms"].id])
        (mail,) = mailbox.mails
        assert mail["To"] == "qian@example.org"
        assert sms.taken[0].json["mobile"] == "13812345678"
        for text in (mail.get_content(), sms.taken[0].json["content"]):
            assert f"/cases/{matter.id}" not in text
            path = re.search(r"/r/t/[\w.-]+", text)
            assert path is not None
            visitor = Visitor(app)
            assert visitor.get(path[0]).status_code == 200
            assert matter.row().number in visitor.text

    def test_they_say_so_when_they_raise_it(self, session, cast, now):
        extra = {**EXTRA, "email": "qian@example.org", "messages": True}
        report = Report(cast.places["building"].id, "路灯不亮", FORM, extra)
        done = grievances.register(session, report, actor=cast.viewer("staff"), now=now)
        row = session.get_one(m.Grievance, done.id)
        assert (row.email, row.messages) == ("qian@example.org", True)
        wrong = replace(report, extra={**extra, "email": "qian"})
        with pytest.raises(InvalidError) as caught:
            grievances.register(session, wrong, actor=cast.viewer("staff"), now=now)
        assert [problem.field for problem in caught.value.problems] == ["email"]

    def test_no_address_is_kept_in_the_outbox(self, session, matter):
        assert {row.address for row in self.rows(session).values()} == {""}

    def test_without_consent_nothing_goes_out(self, session, matter, mailbox):
        session.get_one(m.Grievance, matter.id).messages = False
        session.flush()
        row = self.rows(session)["email"]
        tasks.deliver("email", [row.id])
        row = notice(session, row.id)
        assert (row.status, mailbox.mails) == ("muted", [])
        assert "not agreed" in row.error

    def test_without_an_address_nothing_goes_out(self, session, matter, mailbox):
        session.get_one(m.Grievance, matter.id).email = ""
        session.flush()
        row = self.rows(session)["email"]
        tasks.deliver("email", [row.id])
        assert notice(session, row.id).status == "muted"

    def test_a_new_link_ends_those_of_messages_too(self, app: Flask, session, cast, matter, now):
        old = links.path(matter.id, matter.row().token)
        links.renew(session, matter.id, actor=cast.viewer("secretary"), now=now)
        session.commit()
        assert Visitor(app).get(old).status_code == 404
        assert Visitor(app).get(links.path(matter.id, matter.row().token)).status_code == 200

    @pytest.mark.parametrize("token", ["1.", ".x", "1.x", "99999999999999999999.x", "1.é", "x.1"])
    def test_a_made_up_link_opens_nothing(self, app: Flask, matter, token):
        assert Visitor(app).get(f"/r/t/{token}").status_code == 404


def test_a_verdict_is_what_it_says():
    assert Verdict() == preferences.GO
