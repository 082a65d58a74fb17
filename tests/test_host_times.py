"""Hosts whose clocks are wrong by five minutes: nothing comes early, nothing comes late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import channels
from app import models as m
from app.services import audit
from tests import watched
from tests.mailbox import Mailbox
from tests.servers import Servers
from tests.site import Site

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

CASES = 6
SOON = timedelta(seconds=20)


@pytest.fixture
def site(
    servers: Servers, settings: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Two hosts: one is five minutes ahead, one five minutes behind."""
    with Mailbox() as mailbox:
        running = Site(servers, tmp_path_factory.mktemp("hosts"), mailbox, servers.name("hosts"))
        try:
            running.run("sweep@300", "work@300", "sweep@-300", "work@-300")
            yield running
        finally:
            running.close()


def present() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the host that is right


def begin(site: Site) -> None:
    """Cases that come due one after the other, two seconds apart."""
    channels.use(site.mailbox.url, "sifang@example.org")
    with Session(site.engine) as session, session.begin():
        now = present()
        watched.publish(session, now)
        place = session.scalars(sa.select(m.Place).where(m.Place.name == "翠微南里")).one()
        for number in range(CASES):
            wait = timedelta(seconds=6 + 2 * number)
            watched.begin(session, place.id, now - timedelta(hours=24) + wait)
    channels.use(None, "")


def test_nothing_comes_early_or_late_where_hosts_are_five_minutes_off(site):
    begin(site)
    clocks = sa.select(m.Clock.case_id, m.Clock.due_at).where(m.Clock.key == "reply")
    with Session(site.engine) as session:
        due = dict(session.execute(clocks).all())
    seen: dict[tuple[int, str], datetime] = {}
    late = sa.select(m.Notice.case_id, m.Notice.dedupe, m.Notice.status).where(
        m.Notice.key == "late"
    )

    def all_seen() -> bool:
        with Session(site.engine) as session:
            for case_id, dedupe, status in session.execute(late):
                assert present() >= due[case_id], "told before it was due"
                if status == "sent":
                    seen.setdefault((case_id, dedupe), present())
        return len(seen) == 4 * CASES

    site.wait(all_seen, 90)
    assert max(at - due[case_id] for (case_id, _), at in seen.items()) < SOON
    with Session(site.engine) as session:
        assert list(audit.verify(session)) == []
        rounds = session.scalars(sa.select(m.Clock.next_level).where(m.Clock.key == "reply"))
        assert set(rounds) == {2}, "half-time and due, each once"
    mails = [mail["Message-ID"] for mail in site.mailbox.mails if "超期" in mail["Subject"]]
    assert len(mails) == len(set(mails))
