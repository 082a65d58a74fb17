"""A whole running site (web, worker, sweep) and a real Chromium to walk through it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect, sync_playwright

import config
from app.host import web
from tests import browser as browsers
from tests.cast import PASSWORD
from tests.conftest import build
from tests.servers import Servers
from tests.walks import towns

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "var" / "screenshots"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}

expect.set_options(timeout=30_000)  # as long as pages wait for everything else


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    engine: sa.Engine

    def ask(self, statement: str, **values: object) -> list[sa.Row[tuple[object, ...]]]:
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(statement), values))

    def change(self, statement: str) -> None:
        """Reach behind the application, e.g. to let time pass."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=browsers.find(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Web, one worker and the sweep on a database of their own that holds the cast. Whoever leaves
    much behind in it takes ``alone`` instead: the files that come after find it as they need it."""
    with alone(servers, tmp_path_factory.mktemp("site"), "walks", slot=1) as running:
        yield running


@contextmanager
def alone(servers: Servers, folder: Path, name: str, *, slot: int = 2) -> Iterator[Site]:
    """A site with the cast that nobody else walks through."""
    settings = _settings(folder, servers.redis(slot))
    url = servers.copy(name, lambda url: build(replace(settings, database_url=url)), "sifang")
    with _serve(replace(settings, database_url=url), folder) as running:
        yield running


@pytest.fixture(scope="session")
def town(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same with the demo in it, so that no screen is empty. Its photos lie where all workers
    of the run find them: the database is built once for all of them."""
    files = servers.folder / "town"
    files.mkdir(exist_ok=True)
    settings = _settings(files, servers.redis(1))
    url = servers.copy("screens", lambda url: towns.build(replace(settings, database_url=url)))
    with _serve(replace(settings, database_url=url), tmp_path_factory.mktemp("town")) as running:
        yield running


def _settings(var: Path, redis_url: str) -> config.Settings:
    base = config.load({"SIFANG_VAR": str(var), "SECRET_KEY": "walk-" * 8})
    return replace(base, redis_url=redis_url, testing=True)


@contextmanager
def _serve(settings: config.Settings, logs: Path) -> Iterator[Site]:
    listening = socket.create_server(("127.0.0.1", 0))  # ours from now on, so that nobody takes it
    port = listening.getsockname()[1]
    url = str(settings.database_url)
    environment = {
        "DATABASE_URL": url.replace("+psycopg", ""),
        "REDIS_URL": str(settings.redis_url),
        "SIFANG_VAR": str(settings.var_dir),
        "SECRET_KEY": settings.secret_key,
        "SWEEP_SECONDS": "0.2",
        "PORT": str(port),
        "SIFANG_TESTING": "true",
    }
    bind = f"fd://{listening.fileno()}"
    programs = (
        ("web", *web.command(settings, bind)),
        ("worker", sys.executable, "-m", "worker.main", "work"),
        ("sweep", sys.executable, "-m", "worker.main", "sweep"),
    )
    with ExitStack() as stack:
        for kind, *command in programs:
            log = stack.enter_context((logs / f"{kind}.log").open("wb"))
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=config.environment(environment),
                pass_fds=(listening.fileno(),) if kind == "web" else (),
            )
            stack.callback(_stop, process)
        listening.close()
        _wait(port, logs / "web.log")
        engine = sa.create_engine(url)
        stack.callback(engine.dispose)
        yield Site(f"http://127.0.0.1:{port}", engine)


def _wait(port: int, log: Path) -> None:
    """Until the site answers a request, not just holds the port."""
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/login/", timeout=30):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the site doesn't start:\n{log.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


Enter = Callable[..., Page]


Cookies = list[Any]


@pytest.fixture(scope="session")
def signed() -> dict[tuple[str, str], Cookies]:
    """What the browser of each person keeps, by site and login: one signs in once."""
    return {}


@pytest.fixture
def enter(chromium: Browser, site: Site, signed: dict[tuple[str, str], Cookies]) -> Iterator[Enter]:
    """``enter("secretary")`` gives that person's signed-in page; ``enter(None)`` a stranger's.

    A page fails the test on a script error, a console error or a request that leaves the site.
    """
    faults: list[str] = []
    with ExitStack() as stack:

        def open_(login: str | None, *, phone: bool = False, language: str = "zh") -> Page:
            context = chromium.new_context(
                viewport=PHONE if phone else DESK, locale="zh-CN", device_scale_factor=1
            )
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(30_000)
            page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
            page.on("request", lambda request: _must_stay(request.url, site.url, faults))
            context.add_cookies(signed.get((site.url, login or ""), []))
            page.goto(f"{site.url}/work/" if login else f"{site.url}/")
            if login is not None and "/login" in page.url:  # or signed out since
                page.fill("#username", login)
                page.fill("#password", PASSWORD)
                page.click("main form button")
                page.wait_for_url(lambda url: "/login" not in url)
                signed[site.url, login] = context.cookies()
            return page

        yield open_
        assert faults == []


def _must_stay(url: str, home: str, faults: list[str]) -> None:
    if not url.startswith((home, "data:", "blob:")):
        faults.append(f"a request left the site: {url}")


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """With ``--shoot``, keep a picture under var/screenshots (ignored by git): the whole page at
    the desk, on the phone what the hand holds. ``make pictures`` takes the best of them into
    docs/images."""
    wanted = request.config.getoption("--shoot")
    SHOTS.mkdir(parents=True, exist_ok=True)

    def keep(page: Page, name: str) -> None:
        if wanted:
            whole = page.viewport_size == DESK
            page.screenshot(path=SHOTS / f"{name}.png", full_page=whole)

    return keep
