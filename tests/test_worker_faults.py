"""Sweep and workers as real processes: killed, cut off, restarted. No notice is lost or doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

import config
from app import channels
from app import models as m
from app.channels.email import message_id
from app.services import audit
from tests import watched
from tests.mailbox import Mailbox
from tests.servers import Servers
from tests.site import Site

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

SENDER = "sifang@example.org"


@pytest.fixture(scope="module")
def site(
    servers: Servers, settings: config.Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with Mailbox() as mailbox:
        running = Site(
            servers, tmp_path_factory.mktemp("site"), mailbox, servers.name("sifang_faults")
        )
        try:
            running.run("sweep", "work", "work")
            yield running
        finally:
            running.close()


def rows(site: Site, name: str, count: int, channel: str) -> list[dict[str, Any]]:
    now = datetime.now(UTC)  # noqa: TID251  the processes live in the present
    with Session(site.engine) as session:
        user = session.scalar(sa.select(User.id).where(User.username == "grid"))
    return [
        {
            "user_id": user,
            "address": "grid@example.org" if channel == "email" else "",
            "channel": channel,
            "key": "told",
            "subject": {"zh": f"{name} {number}"},
            "body": {"zh": "请处理。"},
            "dedupe": f"{name}:{number}:{channel}",
            "created_at": now,
            "next_at": now,
        }
        for number in range(count)
    ]


def sent(site: Site, name: str) -> int:
    query = "SELECT count(*) FROM notice WHERE status = 'sent' AND dedupe LIKE :like"
    return site.count(query, like=f"{name}:%")


def mails(site: Site, name: str) -> Counter[str]:
    """How often each mail of that name came, by its message id."""
    return Counter(
        mail["Message-ID"] for mail in site.mailbox.mails if mail["Subject"].startswith(name)
    )


def ids(name: str, count: int) -> set[str]:
    return {message_id(f"{name}:{number}:email", SENDER) for number in range(count)}


def test_a_deadline_fires_and_is_seen_in_the_bell_and_by_mail(site):
    now = datetime.now(UTC)  # noqa: TID251
    channels.use(site.mailbox.url, SENDER)
    with Session(site.engine) as session, session.begin():
        watched.publish(session, now)
        place = session.scalars(sa.select(m.Place).where(m.Place.name == "翠微南里")).one()
        began = now - timedelta(hours=24, seconds=-1)
        case = watched.begin(session, place.id, began)
    channels.use(None, "")
    late = "SELECT count(*) FROM notice WHERE key = 'late' AND status = 'sent'"
    site.wait(lambda: site.count(late) == 4)
    with Session(site.engine) as session:
        assert list(audit.verify(session)) == []
        lag = session.scalar(
            sa.select(m.Notice.sent_at - m.Clock.due_at)
            .join(m.Clock, m.Clock.case_id == m.Notice.case_id)
            .where(m.Clock.key == "reply", m.Notice.channel == "inapp", m.Notice.key == "late")
            .limit(1)
        )
    assert lag < timedelta(seconds=20), "soon, also while the processes still start"
    mail = next(mail for mail in site.mailbox.mails if "超期" in mail["Subject"])
    assert mail["Subject"] == f"{case.number} 超期"
    assert f"/cases/{case.id}" in mail.get_content()


def test_killed_workers_and_a_flushed_redis_lose_and_double_nothing(site):
    kills, count = 3, 120
    site.mailbox.delay = 0.01
    site.write([*rows(site, "kill", count, "email"), *rows(site, "kill", 400, "inapp")])
    site.connect_redis().lpush("sifang:poke", "1")
    for number in range(1, kills + 1):
        site.wait(lambda part=number: len(mails(site, "kill")) >= part * count // 6)
        site.kill("work")
        site.connect_redis().flushall()
        site.run("work")
    site.wait(lambda: sent(site, "kill") == count + 400)
    site.mailbox.delay = 0.0
    came = mails(site, "kill")
    assert set(came) == ids("kill", count), "every one arrives"
    doubled = sum(came.values()) - count
    assert doubled <= kills, "only the one that was being handed over may come twice, as itself"
    bell = "SELECT count(*) FROM notice WHERE channel = 'inapp' AND status = 'sent'"
    assert site.count(f"{bell} AND dedupe LIKE 'kill:%'") == 400


def test_a_killed_sweep_is_followed_by_another(site):
    site.kill("sweep")
    site.write(rows(site, "sweep", 20, "inapp"))
    site.run("sweep", "sweep")
    site.wait(lambda: sent(site, "sweep") == 20)
    assert site.count("SELECT count(*) FROM notice WHERE dedupe LIKE 'sweep:%'") == 20


def test_redis_stopped_and_started_again_empty(site):
    site.stop_redis()
    site.write([*rows(site, "redis", 20, "inapp"), *rows(site, "redis", 20, "email")])
    site.wait(lambda: sent(site, "redis") == 20)
    site.start_redis()
    site.wait(lambda: sent(site, "redis") == 40)
    assert mails(site, "redis") == Counter(ids("redis", 20))


def test_the_database_restarted(site):
    site.mailbox.delay = 0.02
    site.write(rows(site, "base", 60, "email"))
    site.wait(lambda: len(mails(site, "base")) >= 10)
    site.cut_connections(0.5)
    site.wait(lambda: sent(site, "base") == 60)
    site.mailbox.delay = 0.0
    assert mails(site, "base") == Counter(ids("base", 60)), "what was under way is written later"


def test_asked_to_stop_they_finish_what_they_hold_and_leave(site):
    site.mailbox.delay = 0.1
    site.write(rows(site, "stop", 100, "email"))
    site.wait(lambda: len(mails(site, "stop")) >= 5)
    for code, seconds in [*site.end("sweep"), *site.end("work")]:
        assert code == 0, site.said()
        assert seconds < 20
    held = "SELECT count(*) FROM notice WHERE status = 'sending'"
    assert site.count(held) == 0
    assert mails(site, "stop").total() == sent(site, "stop") < 100
    site.mailbox.delay = 0.0
    site.run("work", "sweep")
    site.wait(lambda: sent(site, "stop") == 100)
    assert mails(site, "stop") == Counter(ids("stop", 100))
