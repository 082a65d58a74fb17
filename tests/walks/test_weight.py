"""What a page costs a phone: bytes of script and style as they really come over the line."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MOST = 150_000


def transferred(page: Page, url: str) -> dict[str, int]:
    """Bytes on the line, headers included, by address of each script and style."""
    sizes: dict[str, int] = {}
    wanted: dict[str, str] = {}
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def answered(event: dict) -> None:
        if event["type"] in ("Script", "Stylesheet"):
            wanted[event["requestId"]] = event["response"]["url"]

    def finished(event: dict) -> None:
        if event["requestId"] in wanted:
            sizes[wanted[event["requestId"]]] = int(event["encodedDataLength"])

    line.on("Network.responseReceived", answered)
    line.on("Network.loadingFinished", finished)
    page.goto(url, wait_until="networkidle")
    line.detach()
    return sizes


@pytest.mark.parametrize(
    ("login", "path"),
    [(None, "/login/"), (None, "/r/"), ("grid", "/work/"), ("secretary", "/grievances/")],
)
def test_a_page_takes_one_style_and_one_script_of_little_weight(enter, site, login, path):
    sizes = transferred(enter(login, phone=True), site.url + path)
    assert len(sizes) == 2, "nothing of charts where none are"
    assert 10_000 < sum(sizes.values()) <= MOST, sizes


def test_even_with_charts_it_stays_little(enter, site):
    sizes = transferred(enter("secretary", phone=True), site.url + "/reports/")
    assert any("/charts." in url for url in sizes)
    assert sum(size for url, size in sizes.items() if "/charts." not in url) <= MOST
    assert sum(sizes.values()) <= 2 * MOST, sizes
