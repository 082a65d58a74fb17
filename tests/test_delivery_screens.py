"""The delivery desk, setting channels up, one's own wishes, and what monitors read."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from redis.exceptions import TimeoutError as RedisTimeoutError

from app import channels, queue
from app import models as m
from app.channels import guard
from app.models import Mode, NoticeStatus
from app.services import outbox, preferences
from tests.mailbox import Mailbox
from tests.raising import Matter
from tests.receiver import Receiver, Said
from tests.visitor import Visitor

SECRET = "SEC0123456789abcdef"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    guard.allow((ipaddress.ip_network("127.0.0.0/8"),))
    with Receiver() as running:
        yield running
    guard.allow(())


@pytest.fixture
def admin(app: Flask, session) -> Visitor:
    return Visitor(app).sign_in("admin")


@pytest.fixture
def write(session, cast, now) -> Any:
    made = iter(range(1000))

    def _write(status: str = "dead", **given: Any) -> m.Notice:
        number = next(made)
        row = {
            "user_id": cast.users["grid"].id,
            "channel": "email",
            "key": "told",
            "subject": {"zh": f"通知{number}", "en": f"notice {number}"},
            "body": {"zh": "请处理。"},
            "dedupe": f"test:{number}:email",
            "created_at": now,
            "status": status,
            "error": "550 nobody" if status == "dead" else "",
            "next_at": now if status == "waiting" else None,
            **given,
        }
        outbox.write(session, [row])
        session.commit()
        return session.scalars(sa.select(m.Notice).filter_by(dedupe=row["dedupe"])).one()

    return _write


def status(session, notice: m.Notice) -> str:
    return session.get_one(m.Notice, notice.id, populate_existing=True).status.value


class TestDesk:
    def test_it_shows_what_failed_and_why(self, admin, write):
        write()
        assert admin.get("/deliveries/").status_code == 200
        assert "通知0" in admin.text
        assert "550 nobody" in admin.text

    @pytest.mark.parametrize("tab", ["dead", "waiting", "sent", "muted", "nonsense"])
    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_each_tab_in_both_languages(self, admin, write, tab, language):
        for each in NoticeStatus:
            write(each.value)
        admin.speak(language)
        for channel in ("", "email", "nonsense"):
            answer = admin.get("/deliveries/", tab=tab, channel=channel, page="x")
            assert answer.status_code == 200

    def test_one_or_all_are_sent_again(self, admin, session, write):
        notices = [write() for _ in range(3)]
        admin.post(f"/deliveries/{notices[0].id}/retry")
        assert [status(session, n) for n in notices] == ["waiting", "dead", "dead"]
        admin.post("/deliveries/retry")
        assert {status(session, n) for n in notices} == {"waiting"}
        admin.post(f"/deliveries/{notices[0].id}/retry")
        admin.get("/deliveries/")
        assert "处理过" in admin.text or "meanwhile" in admin.text

    def test_a_waiting_one_is_tried_now_or_never(self, admin, session, write, now):
        first, second = (write("waiting", next_at=now.replace(year=2030)) for _ in range(2))
        admin.post(f"/deliveries/{first.id}/now")
        admin.post(f"/deliveries/{second.id}/give-up")
        assert (status(session, first), status(session, second)) == ("waiting", "dead")
        assert session.get_one(m.Notice, first.id).next_at < now.replace(year=2030)
        assert "given up by" in session.get_one(m.Notice, second.id).error

    @pytest.mark.parametrize("person", ["secretary", "staff", "outsider"])
    def test_it_is_the_administrators(self, app: Flask, session, write, person):
        notice = write()
        visitor = Visitor(app).sign_in(person)
        for path in ("/deliveries/", "/deliveries/channels/", "/deliveries/channels/new/wecom"):
            assert visitor.get(path).status_code == 403
        assert visitor.post(f"/deliveries/{notice.id}/retry").status_code == 403
        assert visitor.post("/deliveries/retry").status_code == 403
        assert status(session, notice) == "dead"


class TestChannels:
    def form(self, receiver: Receiver, **given: str) -> dict[str, str]:
        return {
            "name": "翠微工作群",
            "value-url": receiver.url,
            "value-secret": SECRET,
            "active": "on",
            **given,
        }

    def created(self, admin: Visitor, receiver: Receiver, kind: str = "dingtalk") -> str:
        answer = admin.post(f"/deliveries/channels/new/{kind}", **self.form(receiver))
        assert answer.status_code == 302, admin.text
        return str(answer.headers["Location"])

    @pytest.mark.parametrize("kind", ["sms", "wecom", "dingtalk", "feishu", "webhook", "apprise"])
    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_every_kind_has_a_form(self, admin, kind, language):
        admin.speak(language)
        assert admin.get(f"/deliveries/channels/new/{kind}").status_code == 200

    def test_secrets_are_never_shown_again(self, admin, receiver):
        path = self.created(admin, receiver)
        for address in (path, "/deliveries/channels/"):
            admin.get(address)
            assert "翠微工作群" in admin.text
            assert SECRET not in admin.text
            assert "key=k" not in admin.text
        answer = admin.post(path, name="", **{"value-secret": "another-secret-word"})
        assert answer.status_code == 422
        assert "another-secret-word" not in admin.text, "nor in the form that comes back"

    def test_an_empty_secret_stays_and_the_test_is_sent(self, admin, session, receiver):
        path = self.created(admin, receiver)
        assert admin.post(path, name="改名", active="on").status_code == 302
        assert admin.post(f"{path}/test").status_code == 302
        assert "sign=" in receiver.taken[0].path
        admin.get(path)
        assert "flash-ok" in admin.text

    def test_what_the_other_side_says_is_shown(self, admin, receiver):
        path = self.created(admin, receiver)
        receiver.says(Said({"errcode": 310000, "errmsg": "sign not match"}))
        admin.post(f"{path}/test")
        admin.get(path)
        assert "errcode 310000: sign not match" in admin.text

    def test_a_mail_to_oneself(self, admin):
        admin.post("/deliveries/channels/email/test")
        admin.get("/deliveries/channels/")
        assert "not set up" in admin.text
        with Mailbox() as mailbox:
            channels.use(mailbox.url, "sifang@example.org")
            admin.post("/deliveries/channels/email/test")
            channels.use(None, "")
        assert [mail["To"] for mail in mailbox.mails] == ["admin@example.org"]

    def test_who_was_told_is_seen_on_the_case(self, admin, session, cast, receiver, write, now):
        case = Matter(session, cast, now).begin().row()
        self.created(admin, receiver)
        gateway = session.scalars(sa.select(m.Gateway)).one()
        write("sent", case_id=case.id, user_id=None, gateway_id=gateway.id, channel="dingtalk")
        write("sent", case_id=case.id, user_id=None, resident=True)
        admin.speak("en").get(f"/cases/{case.id}/told")
        assert "翠微工作群" in admin.text
        assert "the resident" in admin.text

    def test_tests_count_against_the_limit(self, admin, receiver):
        path = self.created(admin, receiver)
        for _ in range(21):
            admin.post(f"{path}/test")
        assert len(receiver.taken) == 20

    @pytest.mark.parametrize(
        ("kind", "given", "field"),
        [
            ("webhook", {"value-url": "http://169.254.169.254/"}, "url"),
            ("webhook", {"value-secret": ""}, "secret"),
            ("wecom", {"name": ""}, "name"),
            ("wecom", {"place_id": "999999999999"}, "place_id"),
            ("sms", {"value-request": '{"a": "{phone}{text}{nobody}"}'}, "request"),
        ],
    )
    def test_a_wrong_one_is_refused_beside_its_field(
        self, admin, session, receiver, kind, given, field
    ):
        defaults = {
            "value-request": '{"a": "{phone}{text}"}', "value-format": "json",
            "value-code": "code", "value-success": "0", "value-length": "900",
        }  # fmt: skip
        form = self.form(receiver, **{**defaults, **given})
        answer = admin.post(f"/deliveries/channels/new/{kind}", **form)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in admin.text
        assert session.scalar(sa.select(sa.func.count(m.Gateway.id))) == 0


class TestWishes:
    def test_they_are_saved_and_shown(self, app: Flask, session, cast):
        visitor = Visitor(app).sign_in("grid")
        assert visitor.get("/account/notices/").status_code == 200
        answer = visitor.post(
            "/account/notices/",
            **{
                "deadline-email": "digest", "meeting-sms": "never", "phone": "138 0000-1111",
                "quiet_from": "22:00", "quiet_until": "07:00", "digest_at": "17:30",
            },
        )  # fmt: skip
        assert answer.status_code == 302
        wishes = preferences.of(session, cast.users["grid"].id)
        assert wishes == preferences.Wishes(
            {("deadline", "email"): Mode.DIGEST, ("meeting", "sms"): Mode.NEVER},
            "13800001111",
            time(22),
            time(7),
            urgent_anyway=False,
            digest_at=time(17, 30),
        )
        visitor.get("/account/notices/")
        assert 'value="22:00"' in visitor.text

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ({"quiet_from": "late"}, "quiet_from"),
            ({"quiet_from": "22:00"}, "quiet_from"),
            ({"phone": "call me"}, "phone"),
        ],
    )
    def test_what_will_not_do_comes_back_with_the_reason(self, app: Flask, session, form, field):
        visitor = Visitor(app).sign_in("grid")
        assert visitor.post("/account/notices/", **form).status_code == 422
        assert f'id="{field}-error"' in visitor.text


class TestMonitor:
    def test_it_is_up(self, app: Flask, session):
        answer = Visitor(app).get("/healthz")
        assert answer.status_code == 200
        assert answer.get_json() == {"status": "ok", "database": True, "redis": True}

    def test_one_answer_that_comes_too_late_is_no_outage(self, app: Flask, session, monkeypatch):
        real, said = queue.connection().ping, iter([True])

        def ping() -> bool:
            if next(said, False):
                raise RedisTimeoutError
            return real()

        monkeypatch.setattr(queue.connection(), "ping", ping)
        assert Visitor(app).get("/healthz").get_json()["redis"] is True
        assert next(said, None) is None, "it was late once"

    def test_figures_and_no_names(self, app: Flask, session, cast, write):
        write()
        write("waiting")
        visitor = Visitor(app)
        answer = visitor.get("/metrics")
        assert answer.status_code == 200
        found = dict(re.findall(r"^(sifang_\w+(?:\{[^}]*\})?) (\S+)$", visitor.text, re.M))
        assert found["sifang_notices_dead"] == "1.0"
        assert found['sifang_notices_open{channel="email"}'] == "1.0"
        assert float(found["sifang_notices_lag_seconds"]) > 0
        assert found['sifang_processes{kind="worker"}'] == "0.0"
        assert "grid@example.org" not in visitor.text

    def test_strangers_read_nothing(self, app: Flask, session):
        visitor = Visitor(app)
        away = {"REMOTE_ADDR": "93.184.215.14"}
        assert visitor.open("/metrics", environ_base=away).status_code == 403
        proxied = {"X-Forwarded-For": "93.184.215.14"}
        assert visitor.open("/metrics", headers=proxied).status_code == 403

    def test_with_a_token_only_who_has_it(self, app: Flask, session, settings, monkeypatch):
        given = replace(settings, metrics_token="long-token-0123")
        monkeypatch.setitem(app.extensions, "settings", given)
        visitor = Visitor(app)
        assert visitor.get("/metrics").status_code == 403
        good = {"Authorization": "Bearer long-token-0123"}
        assert visitor.open("/metrics", headers=good).status_code == 200
        bad = {"Authorization": "Bearer long-token-012é"}
        assert visitor.open("/metrics", headers=bad).status_code == 403
