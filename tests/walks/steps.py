"""What a person does on a page, in words."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page


def press(page: Page, label: str, **fields: str) -> None:
    """Open the button's form, fill it in and confirm; a button without a form acts at once. A form
    that stands open needs no button."""
    form = page.locator(f".step-form[aria-label='{label}']")
    if form.count() and form.is_visible():
        _confirm(page, form, fields)
        return
    button = page.locator("#next .offers").get_by_text(label, exact=True)
    is_form = button.evaluate("node => node.tagName === 'A'")
    if not is_form:
        with leaving(page):
            button.click()
        return
    button.click()
    _confirm(page, form, fields)


def _confirm(page: Page, form: Locator, fields: dict[str, str]) -> None:
    for key, value in fields.items():
        fill(form, key, value)
    with leaving(page):
        form.locator("button.btn-primary").click()


@contextmanager
def leaving(page: Page) -> Iterator[None]:
    """What is done leads to another page, or to the same anew: go on when it is there. The browser
    sends a form after the press, and one with files after it has read them, so that nothing tells
    at once that a page is on its way."""
    page.evaluate("() => { document.documentElement.dataset.old = ''; }")
    yield
    page.locator("html:not([data-old])").wait_for(state="attached")
    page.wait_for_load_state()


def look_up(box: Locator, words: str) -> None:
    """Type into a searching select and wait until what is listed fits."""
    box.press_sequentially(words)
    box.page.locator("[role=listbox][aria-busy]").wait_for(state="detached")


def soon(page: Page, met: Callable[[], object]) -> None:
    """Until it holds, for what Playwright itself can't wait for."""
    for _ in range(300):
        if met():
            return
        page.wait_for_timeout(100)
    assert met()


def until(page: Page, condition: str) -> None:
    """Playwright's own waiting for a condition needs eval, which the pages forbid."""
    soon(page, lambda: page.evaluate(condition))


def fill(form: object, key: str, value: str) -> None:
    """Write, choose or tick what the field's control is."""
    named = form.locator(f"[name='field-{key}']")  # type: ignore[attr-defined]
    kind = named.first.evaluate("node => node.type || node.tagName")
    if kind.startswith("select"):
        named.select_option(label=value)
    elif kind == "checkbox":
        form.get_by_label(value, exact=True).check()  # type: ignore[attr-defined]
    elif kind == "radio":
        form.locator(f"[name='field-{key}'][value='{value}']").check()  # type: ignore[attr-defined]
    elif kind == "file":
        named.set_input_files(value)
    else:
        named.fill(value)


def state(page: Page) -> str:
    return page.locator(".page-lead .state").first.inner_text()


def sideways(page: Page) -> bool:
    """Whether the page scrolls to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def picture(folder: Path, name: str = "现场.png") -> str:
    """A small real PNG with a Chinese name."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\x00" + bytes([200, 60 + y, 40]) * 64 for y in range(64))
    path = folder / name
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return str(path)
