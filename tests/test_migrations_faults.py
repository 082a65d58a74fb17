"""Cases moved by real workers while people go on working on them and workers are killed: each is
moved with its event or reported with its reason, once; undone, the untouched ones are as before."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import config
from app import models as m
from app.errors import ConflictError, SifangError
from app.models import MoveOutcome
from app.services import audit, campaigns, cases, transfers
from app.services.actors import Viewer
from app.services.migrations import Plan
from tests import cast as casting
from tests import migrants
from tests.mailbox import Mailbox
from tests.servers import Servers
from tests.site import Site

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1500)]
PEOPLE = 4
PATIENCE = 500.0
"""Seconds; on a machine with nothing else to do a thousand cases take a tenth of that."""
EVENTS = ("note", "note", "note", "begin", "begin", "rest", "go_on", "finish", "withdraw")
WAYS = ((), ("begin",), ("begin", "rest"))


@pytest.fixture
def site(
    servers: Servers, settings: config.Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with Mailbox() as mailbox:
        folder = tmp_path_factory.mktemp("moving")
        running = Site(servers, folder, mailbox, servers.name("sifang_moving"))
        try:
            running.run("sweep", "work", "work")
            yield running
        finally:
            running.close()


def present() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the processes live in the present


@dataclass
class Crowd:
    """People who press whatever button comes to their mind, as fast as the site lets them."""

    site: Site
    actor: Viewer
    ids: list[int]
    pause: float
    pressed: Counter[str] = field(default_factory=Counter)
    faults: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._work, args=(n,)) for n in range(PEOPLE)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self, seed: int) -> None:
        dice = random.Random(seed)
        try:
            with Session(self.site.engine) as session:
                while not self.over.is_set():
                    self._press(session, dice)
                    time.sleep(self.pause)
        except BaseException as fault:  # noqa: BLE001
            self.faults.append(fault)

    def _press(self, session: Session, dice: random.Random) -> None:
        case_id, event = dice.choice(self.ids), dice.choice(EVENTS)
        seen = session.scalar(sa.select(m.Case.row_version).where(m.Case.id == case_id))
        session.rollback()
        time.sleep(dice.random() * 0.02)  # looks at the page
        try:
            cases.fire(session, case_id, event, actor=self.actor, now=present(), expected=seen)
            session.commit()
            self.pressed[event] += 1
        except SifangError as error:
            session.rollback()
            self.pressed["stale" if isinstance(error, ConflictError) else "refused"] += 1


@dataclass
class Town:
    """Both versions, many cases, and the job that moves them."""

    site: Site
    workflow_id: int
    ids: list[int]
    admin: Viewer
    admin_id: int
    secretary: Viewer
    migration_id: int = 0

    @classmethod
    def of(cls, site: Site, count: int) -> Town:
        with Session(site.engine) as session, session.begin():
            cast = casting.found(session)
            secretary = cast.viewer("secretary")
            row = migrants.publish(session, present(), migrants.FIRST)
            place = cast.places["compound"].id
            ids = [
                migrants.begin(session, place, present(), secretary, WAYS[n % 3], kind="lamp")
                for n in range(count)
            ]
            migrants.publish(session, present(), migrants.second())
            return cls(site, row.id, ids, cast.viewer("admin"), cast.users["admin"].id, secretary)

    def start(self) -> int:
        plan = Plan(
            self.workflow_id, "2", {"1": {**migrants.MAPPING, "resting": None}}, "shift", "换版"
        )
        with Session(self.site.engine) as session, session.begin():
            made = campaigns.start(
                session, plan, actor=self.admin, owner_id=self.admin_id, now=present()
            )
            self.migration_id = made.id
            job_id = made.job_id
        assert job_id is not None
        return self._poked(job_id)

    def undo(self) -> int:
        with Session(self.site.engine) as session, session.begin():
            made = campaigns.found(session, self.migration_id, self.admin)
            campaigns.start_undo(
                session, made, actor=self.admin, owner_id=self.admin_id, now=present()
            )
            job_id = made.undo_job_id
        assert job_id is not None
        return self._poked(job_id)

    def _poked(self, job_id: int) -> int:
        self.site.connect_redis().lpush("sifang:poke", "1")
        return job_id

    def done(self, job_id: int) -> int:
        return self.site.count("SELECT done FROM job WHERE id = :id", id=job_id)

    def ended(self, job_id: int) -> bool:
        query = "SELECT count(*) FROM job WHERE id = :id AND state = 'done'"
        return bool(self.site.count(query, id=job_id))

    def results(self, *, undo: bool = False) -> dict[int, m.Migrated]:
        with Session(self.site.engine) as session:
            kept = session.scalars(
                sa.select(m.Migrated).filter_by(migration_id=self.migration_id, undo=undo)
            ).all()
            session.expunge_all()
        assert len({one.case_id for one in kept}) == len(kept)
        return {one.case_id: one for one in kept}


def crash(town: Town, job_id: int, parts: list[int]) -> None:
    """Kill both workers once so many cases are done, and start two others."""
    for part in parts:
        town.site.wait(
            lambda part=part: town.done(job_id) >= part or town.ended(job_id), seconds=PATIENCE
        )
        for _ in range(2):
            town.site.kill("work")
        town.site.run("work", "work")


def moved_while_people_work(town: Town, crashes: list[int], pause: float) -> Crowd:
    crowd = Crowd(town.site, town.secretary, town.ids, pause)
    threads = crowd.begin()
    try:
        job_id = town.start()
        crash(town, job_id, crashes)
        town.site.wait(lambda: town.ended(job_id), seconds=PATIENCE)
    finally:
        crowd.over.set()
        for thread in threads:
            thread.join()
    assert crowd.faults == []
    told = town.site.count("SELECT count(*) FROM job_item WHERE job_id = :id", id=job_id)
    assert told == len(town.results()), "each case is told of once, whoever was killed"
    return crowd


def check_moved(town: Town) -> Counter[MoveOutcome]:
    """Every case has its one event, or its reason; every chain holds."""
    results = town.results()
    with Session(town.site.engine) as session:
        versions = {
            v.id: v.number
            for v in session.scalars(
                sa.select(m.WorkflowVersion).filter_by(workflow_id=town.workflow_id)
            )
        }
        events: dict[int, list[m.Event]] = {}
        for event in session.scalars(sa.select(m.Event).where(m.Event.kind == "migrated")):
            events.setdefault(event.case_id, []).append(event)
        for case in session.scalars(sa.select(m.Case).where(m.Case.id.in_(town.ids))):
            kept, mine = results.get(case.id), events.get(case.id, [])
            if kept is None:
                assert case.closed_at is not None, f"{case.number} was forgotten"
                continue
            if kept.outcome is MoveOutcome.MOVED:
                assert [e.seq for e in mine] == [kept.seq]
                assert versions[case.version_id] == 2
            else:
                assert mine == []
                assert kept.text["zh"]
                assert versions[case.version_id] == 1
        assert list(audit.verify(session)) == []
    return Counter(one.outcome for one in results.values())


def check_undone(town: Town) -> Counter[MoveOutcome]:
    """What nobody has touched since is as it was before the move; the rest is as it is."""
    results = town.results()
    with Session(town.site.engine) as session:
        seqs = dict(
            session.execute(sa.select(m.Case.id, m.Case.seq).where(m.Case.id.in_(town.ids))).all()
        )
        before = {i: transfers.snapshot(session, i) for i in town.ids}
    moved = {i: one for i, one in results.items() if one.outcome is MoveOutcome.MOVED}
    untouched = {i for i, one in moved.items() if seqs[i] == one.seq}
    job_id = town.undo()
    crash(town, job_id, [len(moved) // 2])
    town.site.wait(lambda: town.ended(job_id), seconds=PATIENCE)
    undone = town.results(undo=True)
    assert undone.keys() == moved.keys()
    with Session(town.site.engine) as session:
        for case_id in town.ids:
            now = transfers.snapshot(session, case_id)
            if case_id in untouched:
                assert undone[case_id].outcome is MoveOutcome.MOVED
                assert now == moved[case_id].before
            else:
                assert now == before[case_id]
                assert case_id not in undone or undone[case_id].text["zh"]
        assert list(audit.verify(session)) == []
    return Counter(one.outcome for one in undone.values())


@pytest.mark.parametrize(
    ("count", "crashes", "pause"),
    [
        pytest.param(60, [12], 0.05, id="60"),
        pytest.param(1000, [150, 400, 700], 0.01, id="1000", marks=pytest.mark.long),
    ],
)
def test_moved_while_people_work_and_workers_die(site, count, crashes, pause, record_property):
    town = Town.of(site, count)
    begun = time.monotonic()
    crowd = moved_while_people_work(town, crashes, pause)
    took = time.monotonic() - begun
    moved = check_moved(town)
    undone = check_undone(town)
    figures = {
        "seconds": round(took, 1),
        "pressed": dict(crowd.pressed),
        "moved": {k.value: v for k, v in moved.items()},
        "undone": {k.value: v for k, v in undone.items()},
    }
    record_property("figures", figures)
    print(figures)  # noqa: T201  what it was like, for who asks with -s
    assert moved[MoveOutcome.MOVED] > 0
    assert undone[MoveOutcome.MOVED] > 0
