"""The embedded servers: any place, any former death, nothing lost that was acknowledged."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis as Client

from app.host import sockets
from app.host.postgres import Postgres
from app.host.process import HostError, Program, kill_group, stop, wait_until
from app.host.redis import Redis
from tests.receiver import wait


@contextmanager
def running(program: Program) -> Iterator[subprocess.Popen[bytes]]:
    process = program.start(subprocess.DEVNULL)
    try:
        assert program.ready is not None
        assert wait_until(program.ready, process, 20), f"{program.name} does not start"
        yield process
    finally:
        stop(process, program.stop_signal, 4)


def crash(process: subprocess.Popen[bytes]) -> None:
    """Kill the server and its own children, as the kernel does when memory runs out."""
    children = psutil.Process(process.pid).children()
    process.kill()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    process.wait()


def writes(process: psutil.Process) -> bool:
    """Whether it may still do something: the dead whom nobody has buried don't count."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


ODD = ["a folder", 'it\'s "quoted", 100% & $HOME', "四方平台", "x" * 120, "-e"]


@pytest.mark.parametrize("name", ODD)
def test_postgres_lives_in_any_folder(tmp_path: Path, name: str) -> None:
    postgres = Postgres(tmp_path / name / "postgres", durable=False)
    with running(postgres.program()), psycopg.connect(postgres.provide()) as connection:
        row = connection.execute(
            "SELECT current_user, upper('ä'), '四' < '方', current_setting('jit')"
        ).fetchone()
    assert row == ("sifang", "Ä", True, "off")
    if postgres.sockets != postgres.home:
        shutil.rmtree(postgres.sockets)


@pytest.mark.parametrize("name", ODD)
def test_redis_lives_in_any_folder(tmp_path: Path, name: str) -> None:
    redis = Redis(tmp_path / name / "redis")
    with running(redis.program()), Client.from_url(redis.url) as client:
        client.set("key", "value")
    assert b"value" in (tmp_path / name / "redis" / "appendonly.aof").read_bytes()
    if redis.address.parent != redis.home:
        shutil.rmtree(redis.address.parent)


@pytest.fixture
def postgres(tmp_path: Path) -> Postgres:
    return Postgres(tmp_path / "postgres")


def count(postgres: Postgres) -> int:
    with psycopg.connect(postgres.url()) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.faults
def test_a_killed_postgres_has_every_committed_row(postgres: Postgres) -> None:
    program = postgres.program()
    with (
        running(program) as process,
        psycopg.connect(postgres.provide(), autocommit=True) as connection,
    ):
        connection.execute("CREATE TABLE kept (n int)")
        for number in range(50):
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        crash(process)
    with running(program):
        assert count(postgres) == 50


@pytest.mark.faults
def test_a_postgres_that_still_runs_is_ended_before_the_next_starts(postgres: Postgres) -> None:
    program = postgres.program()
    with running(program) as former:
        postgres.provide()
        with running(program) as latter:
            assert former.wait(30) == 0
            assert latter.poll() is None


@pytest.mark.faults
def test_children_of_a_killed_postmaster_are_gone_before_the_next_starts(
    postgres: Postgres,
) -> None:
    program = postgres.program()
    with running(program) as former:
        children = psutil.Process(former.pid).children()
        former.kill()
        former.wait()
        with running(program):
            assert [child for child in children if writes(child)] == []


@pytest.mark.parametrize("stranger", ["ours", "gone", "garbage"])
def test_a_stale_number_in_the_lock_file_stops_nothing(postgres: Postgres, stranger: str) -> None:
    program = postgres.program()
    with running(program):
        lines = (postgres.data / "postmaster.pid").read_text().splitlines()
    lines[0] = {"ours": str(os.getpid()), "gone": str(2**22 + 1), "garbage": "?"}[stranger]
    (postgres.data / "postmaster.pid").write_text("\n".join(lines) + "\n")
    (postgres.sockets / ".s.PGSQL.5432.lock").write_text("\n".join(lines) + "\n")
    with running(program):
        assert postgres.provide()


def test_a_first_start_that_was_killed_begins_again(postgres: Postgres) -> None:
    draft = postgres.home.with_name("postgres.new")
    (draft / "data").mkdir(parents=True)
    (draft / "data" / "half").touch()
    with running(postgres.program()):
        assert postgres.provide()
    assert not draft.exists()


def test_data_of_another_version_is_named(postgres: Postgres) -> None:
    postgres.create()
    (postgres.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(HostError, match="made by PostgreSQL 17, but 18 is installed"):
        postgres.create()


def test_nobody_gets_in_without_the_password(postgres: Postgres) -> None:
    with running(postgres.program()):
        url = postgres.provide().replace(postgres.password(), "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url)
    assert (postgres.home / "password").stat().st_mode & 0o777 == 0o600


if os.geteuid() == 0:

    def test_root_hands_the_server_to_another_account_even_below_a_closed_folder(
        tmp_path: Path,
    ) -> None:
        tmp_path.chmod(0o700)
        postgres = Postgres(tmp_path / "postgres", durable=False)
        with running(postgres.program()) as process:
            assert psutil.Process(process.pid).uids().effective != 0
            assert postgres.provide()
        assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def redis(tmp_path: Path) -> Redis:
    return Redis(tmp_path / "redis")


@pytest.mark.faults
def test_a_killed_redis_has_every_key_that_it_does_not_hold_back(redis: Redis) -> None:
    """It writes before it answers, but for while the disk is busy with what came before: then it
    holds back up to two seconds of what it has answered."""
    program = redis.program()
    with running(program) as process, Client.from_url(redis.url) as client:
        for number in range(50):
            client.set(f"key:{number}", number)
        wait(lambda: client.info("persistence")["aof_buffer_length"] == 0, 30)
        kill_group(process.pid)
        process.wait()
    with running(program), Client.from_url(redis.url) as client:
        assert client.dbsize() == 50


@pytest.mark.parametrize(
    ("spoil", "left"),
    [
        (lambda content: content[:-3], 1),
        (lambda content: content + b"*3\r\n$3\r\nSET\r\n$1\r\nc", 2),
        (lambda content: content + b"garbage" + content, 2),
        (lambda content: b"garbage" + content, 0),
    ],
    ids=["torn", "half a command", "garbage within", "garbage first"],
)
def test_redis_starts_with_what_is_readable_of_a_damaged_file(redis: Redis, spoil, left) -> None:
    program = redis.program()
    with running(program), Client.from_url(redis.url) as client:
        client.set("a", 1)
        client.set("b", 2)
    path = redis.home / "appendonly.aof"
    path.write_bytes(spoil(path.read_bytes()))
    with running(program), Client.from_url(redis.url) as client:
        assert client.dbsize() == left
        client.set("d", 4)
    with running(program), Client.from_url(redis.url) as client:
        assert client.get("d") == b"4"


def test_a_socket_directory_that_somebody_else_laid_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    home = tmp_path / ("x" * 120)
    found = sockets.directory(home, "redis.sock")
    assert found.parent == tmp_path
    assert found == sockets.directory(home, "redis.sock")
    assert found.stat().st_mode & 0o777 == 0o700
    found.chmod(0o755)
    with pytest.raises(HostError, match="is not a private directory"):
        sockets.directory(home, "redis.sock")
    found.rmdir()
    found.symlink_to(tmp_path)
    with pytest.raises(HostError, match="is not a private directory"):
        sockets.directory(home, "redis.sock")


def test_a_program_that_does_not_exist_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    process = Program("absent", ("no-such-program",), stop_signal=signal.SIGTERM).start()
    assert process.wait(30) == 1
    assert "no-such-program: No such file or directory" in capfd.readouterr().err
