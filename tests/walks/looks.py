"""How a page is looked at: in which widths, lights and languages, and what would be a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from config import ROOT

HERE = Path(__file__).parent
LANGUAGES = ("zh", "en")
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
MODES = ("light", "dark")
HTML_LANGUAGE = {"zh": "zh-Hans", "en": "en"}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True, slots=True)
class Look:
    width: str
    mode: str


LOOKS = tuple(Look(width, mode) for width in WIDTHS for mode in MODES)


@cache
def script(name: str) -> str:
    return (HERE / name).read_text("utf-8")


@cache
def axe() -> str:
    path = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    assert path.exists(), "run `make packages`, which installs axe"
    return path.read_text("utf-8")


def inspect(
    page: Page,
    language: str,
    looks: tuple[Look, ...],
    keep: Callable[[Look], None],
    *,
    thorough: bool = True,
) -> Iterator[str]:
    """What is wrong with the page that is open; each look is shown to ``keep``. ``thorough`` asks
    axe and the keyboard too.

    The page is loaded once: width, light and size of the letters change without a request. What
    axe says of anything but colours is the same in both lights, so it is asked once a width.
    """
    told = page.locator("html").get_attribute("lang")
    if told != HTML_LANGUAGE[language]:
        yield f"the page says that its language is {told}"
    if thorough:
        page.evaluate(axe())  # by the browser's debugger: the page's own policy stays in force
    widths: set[str] = set()
    for look in looks:
        width, height = WIDTHS[look.width]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=look.mode, reduced_motion="reduce")
        if thorough:
            rules = ["color-contrast"] if look.width in widths else None
            found = violations(page, rules)
            yield from (f"{look.width} {look.mode}: {fault}" for fault in found)
        if look.width not in widths:
            found = _shape(page, look.width == "phone", keyboard=thorough)
            yield from (f"{look.width}: {fault}" for fault in found)
        widths.add(look.width)
        keep(look)
    yield from _enlarged(page)


def _shape(page: Page, phone: bool, *, keyboard: bool) -> Iterator[str]:
    yield from page.evaluate(script("fits.js"))
    yield from page.evaluate(script("inspect.js"), {"phone": phone})
    if keyboard:
        page.keyboard.press("Tab")
        yield from page.evaluate(script("focus.js"))
        page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")


def violations(page: Page, rules: list[str] | None = None) -> Iterator[str]:
    """What axe finds that is serious or critical; ``rules``: only these."""
    run: dict[str, Any] = {"type": "tag", "values": TAGS}
    if rules is not None:
        run = {"type": "rule", "values": rules}
    options = {
        "runOnly": run,
        "rules": {} if rules else {"target-size": {"enabled": True}},
        "resultTypes": ["violations"],
    }
    found = page.evaluate("options => axe.run(document, options)", options)
    for each in found["violations"]:
        if each["impact"] in ("serious", "critical"):
            for node in each["nodes"][:3]:
                more = "; ".join(check["message"] for check in node["any"][:1])
                yield f"{each['id']}: {node['html'][:120]} {more}"


def _enlarged(page: Page) -> Iterator[str]:
    """200 % zoom with large letters, and the narrowest screen that has to do: 320 px."""
    for width, large in ((640, True), (320, False)):
        page.set_viewport_size({"width": width, "height": 700})
        page.evaluate("on => document.documentElement.classList.toggle('is-large', on)", large)
        yield from (f"{width} px: {fault}" for fault in page.evaluate(script("fits.js")))
    page.set_viewport_size(dict(zip(("width", "height"), WIDTHS["desk"], strict=True)))
