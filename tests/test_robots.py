"""Robots, text messages, webhooks, Apprise: what goes out, and what each kind of answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.channels import KINDS, ChannelError, Message, UnreachableError, guard, text
from app.channels.kinds import Kind
from app.errors import InvalidError
from tests.receiver import Receiver, Said, Taken

LINK = "https://sifang.test/cases/7"
MESSAGE = Message(
    key="7:3:assigned:12:wecom",
    address="13800005678",
    language="zh",
    subject="待办：4号楼漏水",
    body=f"请在 2026-11-20 10:30 前处理。\n\n{LINK}\n",
    at=datetime(2026, 11, 19, 2, 30, tzinfo=UTC),
    link=LINK,
    topic="assigned",
)
LONG = replace(MESSAGE, body=f"{'漏水' * 20_000}\n\n{LINK}\n")
ROBOTS = ("wecom", "dingtalk", "feishu")
SECRET = "SEC-of-the-robot-0123"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    guard.allow((ipaddress.ip_network("127.0.0.0/8"),))
    with Receiver() as running:
        yield running
    guard.allow(())


def fine(kind: str) -> Said:
    return Said({"code": 0, "msg": "success"} if kind == "feishu" else {"errcode": 0})


def wrong(kind: str, code: int, status: int = 200) -> Said:
    names = ("code", "msg") if kind == "feishu" else ("errcode", "errmsg")
    return Said(dict(zip(names, (code, "no"), strict=True)), status)


def outcome(kind: str, values: dict[str, str], *messages: Message) -> list[ChannelError | None]:
    """What became of each message of one batch."""
    found: list[ChannelError | None] = []
    with KINDS[kind].make(values).open() as send:
        for message in messages:
            try:
                send(message)
            except ChannelError as error:
                found.append(error)
            else:
                found.append(None)
    return found


def content(kind: str, taken: Taken) -> str:
    said = taken.json["content" if kind == "feishu" else "text"]
    return str(said["text" if kind == "feishu" else "content"])


@pytest.mark.parametrize("kind", ROBOTS)
class TestRobot:
    def test_subject_and_body_go_out_as_text_over_one_connection(self, receiver, kind):
        receiver.says(fine(kind))
        assert outcome(kind, {"url": receiver.url}, *[MESSAGE] * 3) == [None] * 3
        assert (receiver.connections, len(receiver.taken)) == (1, 3)
        assert content(kind, receiver.taken[0]).splitlines()[0] == MESSAGE.subject
        assert receiver.taken[0].path.startswith("/robot?key=k")

    def test_an_error_in_the_body_is_no_success_though_http_says_200(self, receiver, kind):
        receiver.says(wrong(kind, 99), fine(kind))
        error, after = outcome(kind, {"url": receiver.url}, MESSAGE, MESSAGE)
        assert error is not None
        assert "99: no" in error.message
        assert not error.permanent
        assert after is None, "it may be about this one alone"

    def test_what_is_wrong_with_the_setting_up_stops_the_batch(self, receiver, kind):
        code = {"wecom": 93000, "dingtalk": 310000, "feishu": 19021}[kind]
        receiver.says(wrong(kind, code))
        (error,) = outcome(kind, {"url": receiver.url}, MESSAGE)
        assert isinstance(error, UnreachableError)
        assert not error.permanent

    def test_too_many_is_tried_again_when_the_robot_listens_again(self, receiver, kind):
        code = {"wecom": 45009, "dingtalk": 130101, "feishu": 11232}[kind]
        receiver.says(wrong(kind, code))
        (error,) = outcome(kind, {"url": receiver.url}, MESSAGE)
        assert isinstance(error, UnreachableError)
        assert error.pause == {"wecom": 60, "dingtalk": 600, "feishu": 10}[kind]

    def test_a_text_that_is_never_taken_is_final(self, receiver, kind):
        code = {"wecom": 40058, "dingtalk": 40035, "feishu": 11246}[kind]
        receiver.says(wrong(kind, code), fine(kind))
        error, after = outcome(kind, {"url": receiver.url}, MESSAGE, MESSAGE)
        assert error is not None
        assert error.permanent
        assert after is None

    @pytest.mark.parametrize(
        "said",
        [
            Said("<html>", 200), Said("[]", 200), Said("", 200), Said({"ok": True}, 200),
            Said("x", 404), Said("x", 500), Said("x", 302, {"Location": "http://127.0.0.1/"}),
            Said(b"x" * 200_000, 200), Said(hangs_up=True),
        ],
    )  # fmt: skip
    def test_what_is_no_robot_s_answer_is_tried_again(self, receiver, kind, said):
        receiver.says(said)
        (error,) = outcome(kind, {"url": receiver.url}, MESSAGE)
        assert isinstance(error, UnreachableError)
        assert not error.permanent

    def test_a_long_text_is_cut_in_bytes_and_keeps_its_link(self, receiver, kind):
        receiver.says(fine(kind))
        assert outcome(kind, {"url": receiver.url}, LONG) == [None]
        said = content(kind, receiver.taken[0])
        most = {"wecom": 2048, "dingtalk": 20_000, "feishu": 20_000}[kind]
        assert most * 0.7 < len(said.encode()) <= most
        assert len(receiver.taken[0].body) <= 20_480
        assert said.endswith(f"…\n{LINK}")
        assert "\ufffd" not in said

    def test_without_its_address_it_is_refused(self, receiver, kind):
        with pytest.raises(InvalidError):
            KINDS[kind].make({})

    def test_a_private_address_is_refused(self, kind):
        with pytest.raises(InvalidError, match="PRIVATE_NETWORKS"):
            KINDS[kind].make({"url": "http://10.0.0.1/robot"})


def test_dingtalk_is_signed_in_the_address(receiver):
    assert outcome("dingtalk", {"url": receiver.url, "secret": SECRET}, MESSAGE) == [None]
    asked = parse_qs(urlsplit(receiver.taken[0].path).query)
    at = asked["timestamp"][0]
    expected = hmac.digest(SECRET.encode(), f"{at}\n{SECRET}".encode(), hashlib.sha256)
    assert base64.b64decode(asked["sign"][0]) == expected
    assert asked["key"] == ["k"]
    assert len(at) == 13


def test_feishu_is_signed_in_the_body(receiver):
    receiver.says(fine("feishu"))
    assert outcome("feishu", {"url": receiver.url, "secret": SECRET}, MESSAGE) == [None]
    said = receiver.taken[0].json
    expected = hmac.digest(f"{said['timestamp']}\n{SECRET}".encode(), b"", hashlib.sha256)
    assert base64.b64decode(said["sign"]) == expected
    assert len(said["timestamp"]) == 10


class TestText:
    @pytest.mark.parametrize("most", range(60, 90))
    def test_no_character_is_cut_in_two(self, most):
        found = text.fitting(replace(MESSAGE, body=f"漏a水𠮷。{LINK} 后"), most)
        assert len(found.encode()) <= most
        assert "\ufffd" not in found

    def test_what_fits_is_left_alone(self):
        assert text.fitting(MESSAGE, 2048) == f"{MESSAGE.subject}\n{MESSAGE.body.strip()}"


class TestWebhook:
    SECRET = "0123456789abcdef-secret"

    def values(self, receiver: Receiver, **more: str) -> dict[str, str]:
        return {"url": receiver.url, "secret": self.SECRET, **more}

    @staticmethod
    def verified(taken: Taken, secret: bytes, now: float) -> str:
        """As docs/channels.md tells receivers to do it."""
        headers = {name.lower(): value for name, value in taken.headers.items()}
        identity, at = headers["webhook-id"], headers["webhook-timestamp"]
        assert abs(now - int(at)) < 300
        content = f"{identity}.{at}.".encode() + taken.body
        expected = base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
        signatures = [each.partition(",")[2] for each in headers["webhook-signature"].split()]
        assert any(hmac.compare_digest(expected, each) for each in signatures)
        return identity

    def test_it_is_signed_over_id_time_and_body(self, receiver):
        receiver.says(Said("", 204))
        assert outcome("webhook", self.values(receiver), MESSAGE, MESSAGE) == [None, None]
        now = datetime.now(UTC).timestamp()  # noqa: TID251
        first, second = (
            self.verified(taken, self.SECRET.encode(), now) for taken in receiver.taken
        )
        assert first == second, "another attempt bears the same id"
        assert receiver.taken[0].json["data"]["link"] == LINK
        assert receiver.taken[0].json["type"] == "notice.assigned"

    def test_while_a_secret_is_changed_both_sign(self, receiver):
        old = base64.b64encode(b"k" * 24).decode()
        receiver.says(Said("", 200))
        values = self.values(receiver, old_secret=f"whsec_{old}")
        assert outcome("webhook", values, MESSAGE) == [None]
        now = datetime.now(UTC).timestamp()  # noqa: TID251
        for key in (self.SECRET.encode(), b"k" * 24):
            self.verified(receiver.taken[0], key, now)

    @pytest.mark.parametrize(
        ("status", "permanent", "stops"),
        [
            (400, True, False), (413, True, False), (422, True, False), (401, False, True),
            (403, False, True), (404, False, True), (410, False, True), (500, False, True),
            (503, False, True), (301, False, True), (307, False, True),
        ],
    )  # fmt: skip
    def test_a_refusal_is_final_only_when_the_message_is_at_fault(
        self, receiver, status, permanent, stops
    ):
        receiver.says(Said("no", status, {"Location": "http://127.0.0.1:1/"}))
        (error,) = outcome("webhook", self.values(receiver), MESSAGE)
        assert error is not None
        assert (error.permanent, isinstance(error, UnreachableError)) == (permanent, stops)
        assert str(status) in error.message

    def test_the_receiver_says_how_long_to_wait(self, receiver):
        receiver.says(Said("", 429, {"Retry-After": "120"}))
        (error,) = outcome("webhook", self.values(receiver), MESSAGE)
        assert error is not None
        assert error.pause == 120

    @pytest.mark.parametrize("secret", ["", "short", "whsec_???", "whsec_YWJj"])
    def test_a_missing_or_weak_secret_is_refused(self, receiver, secret):
        with pytest.raises(InvalidError) as caught:
            KINDS["webhook"].make(self.values(receiver) | {"secret": secret})
        assert caught.value.problems[0].field == "secret"


class TestSms:
    @staticmethod
    def values(receiver: Receiver, **given: str) -> dict[str, str]:
        defaults = {each.name: each.default for each in KINDS["sms"].fields}
        return {**defaults, "url": receiver.url, "secret": "k3y", "code": "code", **given}

    def test_the_request_is_the_template_filled_in(self, receiver):
        receiver.says(Said({"code": 0}))
        tricky = replace(MESSAGE, subject='"}, {secret} {"', body=LINK)
        assert outcome("sms", self.values(receiver), tricky) == [None]
        assert receiver.taken[0].json == {
            "mobile": "13800005678",
            "content": f'"}}, {{secret}} {{"\n{LINK}',
            "apikey": "k3y",
        }

    @pytest.mark.parametrize("format_", ["form", "query"])
    def test_as_a_form_or_in_the_address(self, receiver, format_):
        receiver.says(Said({"code": "0"}))
        assert outcome("sms", self.values(receiver, format=format_), MESSAGE) == [None]
        (taken,) = receiver.taken
        query = taken.body.decode() if format_ == "form" else urlsplit(taken.path).query
        found = parse_qs(query)
        assert (found["mobile"], found["apikey"]) == (["13800005678"], ["k3y"])
        assert taken.method == ("POST" if format_ == "form" else "GET")

    def test_the_secret_may_stand_in_a_header(self, receiver):
        receiver.says(Said({"data": {"status": "OK"}}))
        values = self.values(
            receiver,
            headers='{"Authorization": "Bearer {secret}", "X-Id": "{subject}"}',
            code="data.status",
            success="OK",
        )
        assert outcome("sms", values, replace(MESSAGE, subject="a\r\nX: y")) == [None]
        headers = receiver.taken[0].headers
        assert (headers["Authorization"], headers["X-Id"]) == ("Bearer k3y", "a X: y")
        assert "X" not in headers

    @pytest.mark.parametrize(
        ("said", "permanent", "stops"),
        [
            (Said({"code": 7}), False, False),
            (Said({"code": 21}), True, False),
            (Said({"code": 33}), False, True),
            (Said({"other": 0}), False, True),
            (Said("OK"), False, True),
            (Said({"code": 0}, 500), False, False),
            (Said("gone", 502), False, True),
        ],
    )
    def test_the_body_decides(self, receiver, said, permanent, stops):
        receiver.says(said)
        values = self.values(receiver, never="21, 22", busy="33")
        (error,) = outcome("sms", values, MESSAGE)
        assert error is not None
        assert (error.permanent, isinstance(error, UnreachableError)) == (permanent, stops)

    @pytest.mark.parametrize("number", ["", "abc", "138 0000 5678", "1;2", "+"])
    def test_what_is_no_number_never_reaches_the_provider(self, receiver, number):
        (error,) = outcome("sms", self.values(receiver), replace(MESSAGE, address=number))
        assert error is not None
        assert error.permanent
        assert receiver.taken == []

    def test_a_long_text_is_cut(self, receiver):
        receiver.says(Said({"code": 0}))
        outcome("sms", self.values(receiver, length="200"), LONG)
        said = receiver.taken[0].json["content"]
        assert len(said.encode()) <= 200
        assert said.endswith(LINK)

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"request": '{"to": "{phone}", "text": "{text}", "x": "{name}"}'}, "request"),
            ({"request": '{"to": "{phone}"}'}, "request"),
            ({"request": "{phone} {text}"}, "request"),
            ({"request": '["{phone}", "{text}"]'}, "request"),
            ({"headers": '{"X": "{os.environ}"}'}, "headers"),
            ({"secret": ""}, "secret"),
            ({"length": "7"}, "length"),
            ({"format": "xml"}, "format"),
            ({"success": ""}, "success"),
            ({"url": "http://192.168.1.1/sms"}, "url"),
        ],
    )
    def test_wrong_settings_are_refused_with_the_field(self, receiver, given, field):
        with pytest.raises(InvalidError) as caught:
            KINDS["sms"].make(self.values(receiver, **given))
        assert caught.value.problems[0].field == field


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own imports
class TestApprise:
    def url(self, receiver: Receiver) -> str:
        return f"json://127.0.0.1:{receiver.port}/hook"

    def test_it_is_sent_without_a_pause(self, receiver):
        receiver.says(Said("", 200))
        began = datetime.now(UTC)  # noqa: TID251
        assert outcome("apprise", {"url": self.url(receiver)}, *[MESSAGE] * 3) == [None] * 3
        assert (datetime.now(UTC) - began).total_seconds() < 5  # noqa: TID251
        assert MESSAGE.subject in json.loads(receiver.taken[0].body)["message"]

    def test_a_refusal_is_told(self, receiver):
        receiver.says(Said("", 500))
        (error,) = outcome("apprise", {"url": self.url(receiver)}, MESSAGE)
        assert error is not None
        assert "500" in error.message

    def test_a_private_address_is_refused_on_saving_and_on_sending(self, receiver):
        channel = KINDS["apprise"].make({"url": self.url(receiver)})
        guard.allow(())
        with pytest.raises(InvalidError, match="PRIVATE_NETWORKS"):
            KINDS["apprise"].make({"url": self.url(receiver)})
        with channel.open() as send, pytest.raises(UnreachableError, match="forbidden"):
            send(MESSAGE)
        assert receiver.taken == []

    @pytest.mark.parametrize("url", ["wecombot://k", "dingtalk://k", "feishu://k", "dbus://", "x"])
    def test_what_others_do_better_is_refused(self, url):
        with pytest.raises(InvalidError):
            KINDS["apprise"].make({"url": url})


def test_every_kind_tells_what_it_needs_in_both_languages():
    for name, kind in KINDS.items():
        assert isinstance(kind, Kind)
        for each in kind.fields:
            words: Any = (each.label, each.help)
            assert all(set(text) == {"zh", "en"} for text in words), (name, each.name)
        assert any(each.secret for each in kind.fields), name
