"""The test run's own servers: quick to come, shared, and gone when their last user is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis

from tests.servers import ROOT, Servers


@pytest.fixture
def run() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def servers(run: str) -> Iterator[Servers]:
    running = Servers(run)
    yield running
    running.stop()
    assert gone(running.folder)


def gone(folder: Path, seconds: float = 30.0) -> bool:
    """Whether the folder and every process that names it end in time."""
    end = time.monotonic() + seconds
    while (folder.exists() or using(folder)) and time.monotonic() < end:
        time.sleep(0.02)
    return not folder.exists() and not using(folder)


def using(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in part for part in process.info["cmdline"] or [])
    ]


def test_a_database_is_reached_with_the_applications_role(servers: Servers) -> None:
    url = servers.create_database("one").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_user, current_setting('is_superuser')").fetchone()
    assert row == ("sifang", "off")


def test_redis_answers_in_a_database_number_of_the_worker(servers: Servers) -> None:
    with Redis.from_url(servers.redis_url) as redis:
        assert redis.ping()


def test_processes_of_one_run_share_the_servers(servers: Servers, run: str) -> None:
    second = Servers(run)
    with servers.connect("postgres") as one, second.connect("postgres") as other:
        (first_start,) = one.execute("SELECT pg_postmaster_start_time()").fetchone()
        (second_start,) = other.execute("SELECT pg_postmaster_start_time()").fetchone()
    assert first_start == second_start
    second.stop()
    with servers.connect("postgres") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_template_is_built_once_and_copied(servers: Servers) -> None:
    built = []

    def build(url: str) -> None:
        built.append(url)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE here AS SELECT 1 AS n")

    for _ in range(2):
        url = servers.copy("stock", build)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT n FROM here").fetchone() == (1,)
            connection.execute("UPDATE here SET n = 2")
    assert len(built) == 1


@pytest.mark.faults
def test_servers_of_a_killed_run_stop_and_leave_no_file(run: str) -> None:
    script = "import sys, time; from tests.servers import Servers; s = Servers(sys.argv[1]);"
    script += "print(s.folder, flush=True); time.sleep(60)"
    user = subprocess.Popen(
        [sys.executable, "-c", script, run], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with user:
        folder = Path(user.stdout.readline().strip())
        assert len(using(folder)) >= 3, "the keeper, PostgreSQL and Redis"
        user.kill()
    assert gone(folder)


if sys.platform == "linux":  # needs the kernel's signal at a parent's death

    @pytest.mark.faults
    def test_servers_end_with_a_killed_keeper_and_the_next_run_cleans_up(run: str) -> None:
        first = Servers(run)
        (keeper,) = [p for p in using(first.folder) if "tests.servers" in p.cmdline()]
        os.kill(keeper.pid, signal.SIGKILL)
        first.stop()
        end = time.monotonic() + 30
        while using(first.folder) and time.monotonic() < end:
            time.sleep(0.02)
        assert using(first.folder) == []
        other = Servers(run + "x")
        assert not first.folder.exists()
        other.stop()
        assert gone(other.folder)
