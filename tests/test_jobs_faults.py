"""Long jobs with real sweeps and workers: killed in the middle, Redis flushed, asked to stop. Each
job ends whole, nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

import config
from app.services import jobs
from app.services.jobs import Order
from tests import labour
from tests.mailbox import Mailbox
from tests.servers import Servers
from tests.site import Site

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def site(
    servers: Servers, settings: config.Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with Mailbox() as mailbox:
        running = Site(
            servers, tmp_path_factory.mktemp("labour"), mailbox, servers.name("sifang_labour")
        )
        try:
            running.run("sweep", "work", "work")
            yield running
        finally:
            running.close()


Begin = Callable[..., int]


@pytest.fixture
def begin(site: Site) -> Begin:
    """Puts a job on the list and wakes the sweep, as the web does."""
    labour.register()

    def begin_(kind: str, **parameters: object) -> int:
        now = datetime.now(UTC)  # noqa: TID251  the processes live in the present
        with Session(site.engine) as session, session.begin():
            owner = session.scalars(sa.select(User.id).where(User.username == "grid")).one()
            order = Order(kind, dict(parameters))
            job_id = jobs.start(session, order, owner_id=owner, now=now).id
        site.connect_redis().lpush("sifang:poke", "1")
        return job_id

    return begin_


def state(site: Site, job_id: int) -> str:
    with site.engine.connect() as connection:
        query = sa.text("SELECT state FROM job WHERE id = :id")
        return str(connection.execute(query, {"id": job_id}).scalar_one())


def number(site: Site, column: str, job_id: int) -> int:
    return site.count(f"SELECT {column} FROM job WHERE id = :id", id=job_id)


def made(site: Site, job_id: int) -> int:
    return site.count("SELECT count(*) FROM place WHERE name LIKE :like", like=f"{job_id}/%")


def told(site: Site, job_id: int) -> int:
    return site.count("SELECT count(*) FROM job_item WHERE job_id = :id", id=job_id)


def test_killed_in_the_middle_it_ends_whole(site, begin):
    job = begin("count", count=300, seconds=0.01)
    for part in (60, 140, 220):
        site.wait(lambda part=part: number(site, "done", job) >= part)
        for name in ("work", "work"):
            site.kill(name)
        site.run("work", "work")
    site.wait(lambda: state(site, job) == "done")
    assert made(site, job) == told(site, job) == 300, "each item once"
    assert number(site, "done", job) == 300
    assert number(site, "claim", job) >= 4, "it was taken up again after each kill"


def test_killed_in_the_middle_what_is_all_or_nothing_is_all(site, begin):
    job = begin("whole", count=120, seconds=0.01)
    site.wait(lambda: number(site, "done", job) >= 20)
    assert made(site, job) == 0, "the bar moves, nothing is committed"
    for _ in range(2):
        site.kill("work")
    assert made(site, job) == 0
    site.run("work", "work")
    site.wait(lambda: state(site, job) == "done")
    assert made(site, job) == 120


def test_a_flushed_redis_and_a_killed_sweep_lose_no_job(site, begin):
    job = begin("count", count=200, seconds=0.01)
    site.wait(lambda: number(site, "done", job) >= 50)
    site.connect_redis().flushall()
    site.kill("sweep")
    site.run("sweep")
    site.wait(lambda: state(site, job) == "done")
    assert made(site, job) == told(site, job) == 200


def test_the_database_restarted(site, begin):
    job = begin("count", count=200, seconds=0.01)
    site.wait(lambda: number(site, "done", job) >= 50)
    site.cut_connections(0.5)
    site.wait(lambda: state(site, job) == "done")
    assert made(site, job) == told(site, job) == 200


def test_notices_go_out_while_jobs_run(site, begin):
    ids = [begin("count", count=150, seconds=0.02) for _ in range(3)]
    site.wait(lambda: any(state(site, job) == "running" for job in ids))
    now = datetime.now(UTC)  # noqa: TID251
    with Session(site.engine) as session:
        user = session.scalar(sa.select(User.id).where(User.username == "grid"))
    notice = {
        "user_id": user,
        "channel": "inapp",
        "key": "told",
        "subject": {"zh": "有事"},
        "body": {"zh": "请处理。"},
        "dedupe": "labour:1:inapp",
        "created_at": now,
        "next_at": now,
    }
    site.write([notice])
    site.connect_redis().lpush("sifang:poke", "1")
    sent = "SELECT count(*) FROM notice WHERE status = 'sent' AND dedupe = 'labour:1:inapp'"
    site.wait(lambda: site.count(sent) == 1)
    assert not all(state(site, job) == "done" for job in ids)
    site.wait(lambda: all(state(site, job) == "done" for job in ids))
    assert [made(site, job) for job in ids] == [150] * 3


def test_asked_to_stop_they_leave_what_they_hold_at_a_safe_point(site, begin):
    job = begin("count", count=300, seconds=0.01)
    site.wait(lambda: number(site, "done", job) >= 50)
    for code, seconds in [*site.end("work"), *site.end("sweep")]:
        assert code == 0, site.said()
        assert seconds < 20
    done = number(site, "done", job)
    assert made(site, job) == done < 300, "what was done is written down"
    site.run("sweep", "work", "work")
    site.wait(lambda: state(site, job) == "done")
    assert made(site, job) == told(site, job) == 300
