"""What a person does on a page, in words."""

from __future__ import annotations

import struct
import zlib
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
    button.click()
    if not is_form:
        page.wait_for_load_state()
        return
    _confirm(page, form, fields)


def _confirm(page: Page, form: Locator, fields: dict[str, str]) -> None:
    for key, value in fields.items():
        fill(form, key, value)
    form.locator("button.btn-primary").click()
    page.locator("form[data-uploading]").wait_for(state="detached")
    page.wait_for_load_state()


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
