"""The channels: what goes out, and what a refusal means."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app import channels
from app.channels import ChannelError, Message, UnreachableError
from app.channels.email import Email, Server, message_id
from app.workflows import registry
from tests.mailbox import Mailbox

MESSAGE = Message(
    key="7:3:assigned:12:email",
    address="grid@example.org",
    language="zh",
    subject="待办：4号楼\n漏水",
    body="请在 2026-11-20 10:30 前处理。\n\nhttps://sifang.test/cases/7\n",
    at=datetime(2026, 11, 19, 2, 30, tzinfo=UTC),
)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as running:
        yield running


def channel(url: str, seconds: float = 2.0) -> Email:
    return Email(Server.parse(url), "四方 <sifang@example.org>", seconds)


def outcome(email: Email, *messages: Message) -> list[ChannelError | None]:
    """What became of each message of one batch."""
    found: list[ChannelError | None] = []
    with email.open() as send:
        for message in messages:
            try:
                send(message)
            except ChannelError as error:
                found.append(error)
            else:
                found.append(None)
    return found


class TestMail:
    def test_it_is_plain_text_in_chinese_with_an_id_made_of_the_dedupe_key(self, mailbox):
        assert outcome(channel(mailbox.url), MESSAGE) == [None]
        (mail,) = mailbox.mails
        assert mail["Subject"] == "待办：4号楼 漏水"
        assert mail["From"] == "四方 <sifang@example.org>"
        assert mail["To"] == "grid@example.org"
        assert mail["Date"] == "Thu, 19 Nov 2026 02:30:00 +0000"
        assert mail["Content-Language"] == "zh-CN"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Message-ID"] == message_id(MESSAGE.key, "sifang@example.org")
        assert mail.get_content_type() == "text/plain"
        assert mail.get_content().splitlines() == MESSAGE.body.splitlines()

    def test_another_attempt_bears_the_same_id_and_another_notice_another(self, mailbox):
        other = replace(MESSAGE, key="7:4:assigned:12:email")
        outcome(channel(mailbox.url), MESSAGE, MESSAGE, other)
        first, second, third = (mail["Message-ID"] for mail in mailbox.mails)
        assert first == second != third

    def test_a_batch_takes_one_connection(self, mailbox):
        assert outcome(channel(mailbox.url), *[MESSAGE] * 20) == [None] * 20
        assert (mailbox.connections, len(mailbox.mails)) == (1, 20)

    def test_a_server_that_hangs_up_after_some_mails_gets_a_new_connection(self, mailbox):
        mailbox.limit = 3
        assert outcome(channel(mailbox.url), *[MESSAGE] * 7) == [None] * 7
        assert (mailbox.connections, len(mailbox.mails)) == (3, 7)

    def test_an_address_beyond_ascii_asks_the_server_for_it(self, mailbox):
        assert outcome(channel(mailbox.url), replace(MESSAGE, address="网格@example.org")) != [None]


class TestRefusal:
    @pytest.mark.parametrize("stage", ["rcpt", "data"])
    @pytest.mark.parametrize(("line", "permanent"), [("450 try later", False), ("550 no", True)])
    def test_of_the_recipient_or_the_text_is_final_by_its_number(
        self, mailbox, stage, line, permanent
    ):
        setattr(mailbox, stage, lambda address: line if address.startswith("gone") else None)
        gone = replace(MESSAGE, address="gone@example.org")
        error, after = outcome(channel(mailbox.url), gone, MESSAGE)
        assert error is not None
        assert after is None, "the next one of the batch goes out"
        assert (error.message, error.permanent) == (line, permanent)
        assert not isinstance(error, UnreachableError)

    def test_of_the_sender_is_ours_to_mend_and_stops_the_batch(self, mailbox):
        mailbox.sender = lambda _: "550 who are you"
        (error,) = outcome(channel(mailbox.url), MESSAGE)
        assert isinstance(error, UnreachableError)
        assert not error.permanent

    def test_nobody_listening_is_unreachable(self):
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        (error,) = outcome(channel(f"smtp://127.0.0.1:{port}"), MESSAGE)
        assert isinstance(error, UnreachableError)
        assert "refused" in error.message

    def test_a_server_that_never_answers_is_given_up(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            (error,) = outcome(channel(f"smtp://127.0.0.1:{port}", 0.2), MESSAGE)
        assert isinstance(error, UnreachableError)

    def test_a_server_that_falls_silent_with_the_text_is_given_up(self, mailbox):
        mailbox.delay = 1.0
        (error,) = outcome(channel(mailbox.url, 0.2), MESSAGE)
        assert isinstance(error, UnreachableError)

    @pytest.mark.parametrize("address", ["", "nobody", "a@b\r\nRCPT TO:<x@y>", "a b@c", "@x"])
    def test_what_is_no_address_never_reaches_the_server(self, mailbox, address):
        (error,) = outcome(channel(mailbox.url), replace(MESSAGE, address=address))
        assert error is not None
        assert error.permanent
        assert mailbox.connections == 0

    def test_a_password_is_not_sent_without_encryption(self, mailbox):
        (error,) = outcome(channel(mailbox.url.replace("//", "//user:secret@")), MESSAGE)
        assert isinstance(error, UnreachableError)
        assert "no encryption" in error.message


class TestSettings:
    def test_an_address_is_read_with_its_parts(self):
        assert Server.parse("smtp://a%40b:p%2Fw@mail.test:587?tls=always") == Server(
            "mail.test", 587, implicit=False, tls="always", user="a@b", password="p/w"
        )
        assert Server.parse("smtps://mail.test").port == 465

    @pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://h:port", "smtp://h?tls=maybe"])
    def test_a_bad_address_is_refused(self, url):
        with pytest.raises(ValueError, match=r"must|Port"):
            Server.parse(url)

    def test_a_sender_without_an_address_is_refused(self):
        with pytest.raises(ValueError, match="MAIL_FROM"):
            channels.use("smtp://mail.test", "四方")

    def test_mail_is_off_until_it_is_set_up_and_the_bell_is_always_there(self):
        channels.use(None, "")
        assert channels.is_on("inapp")
        assert not channels.is_on("email")
        with pytest.raises(ChannelError, match="not set up") as caught:
            channels.find("email")
        assert not caught.value.permanent

    def test_every_channel_has_a_name_that_people_read_and_code(self):
        assert set(registry.CHANNELS) == set(channels.NAMES)
