"""Somebody with a browser who looks at one page after the other and notes what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from app.services.demo import town as demo
from tests.walks.conftest import SHOTS, Site
from tests.walks.looks import Look, inspect
from tests.walks.screens import Answer, Screen


class Walker:
    """Somebody with a browser: ``faults`` gathers what is wrong, each with the page it is on."""

    def __init__(self, context: BrowserContext, site: Site, login: str | None) -> None:
        self.site, self.login, self.context = site, login, context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.faults: list[str] = []
        self.here = ""
        self.page.on("pageerror", lambda error: self._fault(f"script error: {error}"))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self._must_stay(request.url))

    def _fault(self, words: str) -> None:
        self.faults.append(f"{self.here}: {words}")

    def _heard(self, message: ConsoleMessage) -> None:
        # The browser reports the page's own 403 or 404 there too.
        if message.type == "error" and message.location.get("url") != self.page.url:
            self._fault(f"console: {message.text}")

    def _must_stay(self, url: str) -> None:
        if not url.startswith((self.site.url, "data:", "blob:")):
            self._fault(f"a request left the site: {url}")

    def enter(self) -> None:
        self.page.goto(f"{self.site.url}/login/")
        if self.login is not None:
            self.page.fill("#username", self.login)
            self.page.fill("#password", demo.PASSWORD)
            self.page.click("main form button")
            self.page.wait_for_url(lambda url: "/login" not in url)

    def speak(self, language: str) -> None:
        token = self.page.locator("meta[name=csrf-token]").get_attribute("content") or ""
        form = {"csrf_token": token, "language": language, "next": "/account/"}
        answer = self.context.request.post(f"{self.site.url}/account/language", form=form)
        assert answer.ok, answer.status

    def get(self, path: str) -> Answer:
        answer = self.context.request.get(self.site.url + path)
        kind = answer.headers.get("content-type", "")
        text = answer.text() if kind.startswith("text/html") else ""
        return Answer(answer.url.removeprefix(self.site.url), answer.status, text)

    def look(
        self, screen: Screen, language: str, looks: tuple[Look, ...], *, shots: bool, thorough: bool
    ) -> None:
        self.here = f"{self.login or 'resident'} {language} {screen.name} {screen.path}"
        self.page.goto(self.site.url + screen.path)

        def keep(look: Look) -> None:
            if shots:
                folder = SHOTS / (self.login or "resident") / language
                name = re.sub(r"[^\w.-]+", "_", screen.name)
                path = folder / f"{name}-{look.width}-{look.mode}.png"
                self.page.screenshot(path=path, full_page=True)

        for fault in inspect(self.page, language, looks, keep, thorough=thorough):
            self._fault(fault)


@contextmanager
def walking(
    chromium: Browser, site: Site, login: str | None, *, scale: int = 1
) -> Iterator[Walker]:
    context = chromium.new_context(locale="zh-CN", device_scale_factor=scale)
    try:
        walker = Walker(context, site, login)
        walker.enter()
        yield walker
    finally:
        context.close()
