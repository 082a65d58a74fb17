"""Mail servers and webhooks that are slow, refuse, hang or come and go, while the processes that
call them are killed: every notice is delivered once for its key, or dead with its reason."""

from __future__ import annotations

import ipaddress
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app.channels import guard
from app.channels.email import message_id
from app.services import gateways, vault
from app.services.actors import SYSTEM
from app.services.gateways import Setup
from tests.mailbox import Mailbox
from tests.receiver import Receiver, Said, Taken
from tests.servers import Servers
from tests.site import Site

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

SENDER = "sifang@example.org"
SECRET = "0123456789abcdef-secret"


@pytest.fixture(scope="module")
def site(
    servers: Servers, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    guard.allow((ipaddress.ip_network("127.0.0.0/8"),))
    vault.use((), "test-" * 8)
    with Mailbox() as mailbox:
        folder = tmp_path_factory.mktemp("site")
        running = Site(servers, folder, mailbox, servers.name("sifang_channels"))
        try:
            running.run("sweep", "work", "work")
            yield running
        finally:
            running.close()
            guard.allow(())
            vault.use(settings.encryption_keys, settings.secret_key)


@pytest.fixture
def mailbox(site: Site) -> Iterator[Mailbox]:
    box = site.mailbox
    box.mails.clear()
    yield box
    box.delay, box.rcpt, box.data = 0.0, lambda _: None, lambda _: None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        running.says(Said("", 204))
        yield running


def mails(site: Site, name: str, count: int) -> None:
    now = datetime.now(UTC)  # noqa: TID251  the processes live in the present
    with Session(site.engine) as session:
        user = session.scalar(sa.select(User.id).where(User.username == "grid"))
    site.write(
        {
            "user_id": user,
            "address": "grid@example.org",
            "channel": "email",
            "key": "told",
            "subject": {"zh": f"{name} {number}"},
            "body": {"zh": "请处理。"},
            "dedupe": f"{name}:{number}:email",
            "created_at": now,
            "next_at": now,
        }
        for number in range(count)
    )
    site.hurry()


def calls(site: Site, name: str, url: str, count: int) -> None:
    """Notices for a webhook of their own."""
    now = datetime.now(UTC)  # noqa: TID251
    with Session(site.engine) as session, session.begin():
        setup = Setup(name, {"url": url, "secret": SECRET})
        gateway_id = gateways.create(session, "webhook", setup, actor=SYSTEM, now=now).id
    site.write(
        {
            "gateway_id": gateway_id,
            "channel": "webhook",
            "key": "told",
            "subject": {"zh": f"{name} {number}"},
            "body": {"zh": "请处理。"},
            "dedupe": f"{name}:{number}:webhook",
            "created_at": now,
            "next_at": now,
        }
        for number in range(count)
    )
    site.hurry()


def figures(site: Site, name: str) -> Counter[str]:
    """How many of that name are in which status."""
    query = sa.text("SELECT status, count(*) FROM notice WHERE dedupe LIKE :like GROUP BY status")
    with site.engine.connect() as connection:
        return Counter(dict(connection.execute(query, {"like": f"{name}:%"}).all()))


def came(box: Mailbox, name: str) -> Counter[str]:
    return Counter(m["Message-ID"] for m in box.mails if m["Subject"].startswith(f"{name} "))


def ids(name: str, count: int) -> Counter[str]:
    return Counter(message_id(f"{name}:{number}:email", SENDER) for number in range(count))


def test_a_mail_server_that_is_away_and_comes_back(site, mailbox):
    mailbox.__exit__()
    mails(site, "away", 20)
    said = "SELECT count(*) FROM notice WHERE dedupe LIKE 'away:%' AND error LIKE '%reached%'"
    site.wait(lambda: site.count(said) == 20)
    assert figures(site, "away") == {"waiting": 20}
    mailbox.__enter__()
    site.hurry()
    site.wait(lambda: figures(site, "away") == {"sent": 20})
    assert came(mailbox, "away") == ids("away", 20)


def test_4xx_and_then_5xx_is_dead_with_the_last_words(site, mailbox):
    asked: Counter[str] = Counter()

    def answer(address: str) -> str:
        asked[address] += 1
        return "451 busy, try later" if asked[address] <= 12 else "550 no such user"

    mailbox.rcpt = answer
    mails(site, "moody", 12)
    tried = "SELECT count(*) FROM notice WHERE dedupe LIKE 'moody:%' AND error LIKE '451%'"
    site.wait(lambda: site.count(tried) == 12)
    site.hurry()
    site.wait(lambda: figures(site, "moody") == {"dead": 12})
    why = "SELECT count(*) FROM notice WHERE dedupe LIKE 'moody:%' AND error = '550 no such user'"
    assert site.count(why) == 12
    assert came(mailbox, "moody") == {}


def test_a_slow_mail_server_holds_up_nobody_else(site, mailbox, receiver):
    mailbox.delay = 0.5
    mails(site, "slow", 12)
    calls(site, "quick", receiver.url, 30)
    site.wait(lambda: figures(site, "quick") == {"sent": 30})
    site.wait(lambda: figures(site, "slow") == {"sent": 12})
    assert came(mailbox, "slow") == ids("slow", 12)


def test_workers_killed_in_the_middle_of_calling_a_webhook(site, receiver):
    kills, count = 3, 90

    def slowly(_: Taken) -> Said:
        time.sleep(0.02)
        return Said("", 204)

    receiver.answer = slowly
    calls(site, "hook", receiver.url, count)
    for number in range(1, kills + 1):
        site.wait(lambda part=number: len(receiver.taken) >= part * count // 6)
        site.kill("work")
        site.run("work")
    site.wait(lambda: figures(site, "hook") == {"sent": count})
    seen = Counter(taken.headers["webhook-id"] for taken in receiver.taken)
    assert len(seen) == count, "every one arrives"
    assert seen.total() - count <= kills, "what comes twice bears the id of the first time"


def test_a_webhook_that_misbehaves_in_every_way_gets_each_in_the_end(site, receiver):
    moods = [Said("", 500), Said("", 503, {"Retry-After": "1"}), Said(hangs_up=True), Said("", 302)]
    count, answers = 8, iter(moods)
    receiver.answer = lambda _: next(answers, Said("", 204))
    calls(site, "mad", receiver.url, count)
    for _ in range(len(moods)):
        before = len(receiver.taken)
        site.hurry()
        site.wait(lambda b=before: len(receiver.taken) > b or figures(site, "mad")["sent"] == count)
    deadline = time.monotonic() + 30
    while figures(site, "mad") != {"sent": count}:
        assert time.monotonic() < deadline, site.said()
        site.hurry()
        time.sleep(0.2)
    taken = {t.headers["webhook-id"] for t in receiver.taken}
    assert len(taken) == count


@pytest.mark.long
def test_a_mail_server_that_hangs(site, mailbox):
    """The lease here is shorter than the patience with a mail server: the job is ended with it."""
    mailbox.delay = 8.0
    mails(site, "hang", 4)
    tried = "SELECT count(*) FROM notice WHERE dedupe LIKE 'hang:%' AND attempts > 1"
    site.wait(lambda: site.count(tried) > 0, 90)
    assert figures(site, "hang")["sent"] == 0
    mailbox.delay = 0.0
    site.wait(lambda: figures(site, "hang") == {"sent": 4}, 90)
    assert set(came(mailbox, "hang")) == set(ids("hang", 4))


@pytest.mark.long
def test_minutes_of_everything_at_once(site, mailbox, receiver):
    """Kills, an empty Redis, cut connections, a mail server with moods: in the end every notice is
    sent or dead with a reason, and what is sent has arrived."""
    chance = random.Random(7)
    count, kills = 600, 0

    def moody(_: str) -> str | None:
        return chance.choices([None, "451 later", "550 never"], [90, 7, 3])[0]

    mailbox.rcpt, mailbox.delay = moody, 0.005
    receiver.answer = lambda _: chance.choice([Said("", 204)] * 9 + [Said("", 500)])
    mails(site, "chaos", count)
    calls(site, "chaos-hook", receiver.url, count)
    end = time.monotonic() + 90
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.5, 2.0))
        site.hurry()
        what = chance.choice(["work", "sweep", "flush", "cut", "redis"])
        if what in ("work", "sweep"):
            site.kill(what)
            site.run(what)
            kills += what == "work"
        elif what == "flush":
            site.connect_redis().flushall()
        elif what == "cut":
            site.cut_connections(0.3)
        else:
            site.stop_redis()
            time.sleep(0.5)
            site.start_redis()
    mailbox.rcpt = lambda _: None
    receiver.says(Said("", 204))
    last = time.monotonic() + 120
    open_ = ("waiting", "sending")
    while any(figures(site, n)[s] for n in ("chaos", "chaos-hook") for s in open_):
        assert time.monotonic() < last, site.said()[-4000:]
        site.hurry()
        time.sleep(0.5)
    told, hooked = figures(site, "chaos"), figures(site, "chaos-hook")
    assert told.total() == count
    assert hooked == {"sent": count}
    assert site.count("SELECT count(*) FROM notice WHERE status = 'dead' AND error = ''") == 0
    arrived = came(mailbox, "chaos")
    assert len(arrived) >= told["sent"]
    assert arrived.total() - len(arrived) <= kills + 5, "killed or cut while handing over"
    assert len({t.headers["webhook-id"] for t in receiver.taken}) == count
