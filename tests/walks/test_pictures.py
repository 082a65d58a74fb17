"""The pictures of docs/screens.md: ``make pictures`` copies them from var/screenshots/docs."""

from __future__ import annotations

import pytest

from tests.walks.conftest import SHOTS
from tests.walks.looks import WIDTHS
from tests.walks.walkers import walking

pytestmark = [pytest.mark.browser, pytest.mark.screens]

HERE = "IN (SELECT id FROM \"case\" WHERE title LIKE '%榆荫%')"
CASES = {
    "reopened": "SELECT id FROM \"case\" WHERE leg = 'grievance' AND state = 'reopen_asked'",
    "vote": "SELECT case_id FROM consultation WHERE frozen_at IS NOT NULL AND result IS NULL "
    f"AND case_id {HERE}",
    "result": f"SELECT case_id FROM consultation WHERE result IS NOT NULL AND case_id {HERE}",
    "meeting": "SELECT max(meeting_id) FROM decision JOIN agenda_item ON item_id = agenda_item.id "
    f"WHERE meeting_id {HERE}",
}
PICTURES = (
    ("home-phone-light", "shuji", "/"),
    ("home-desk-light", "shuji", "/"),
    ("work-phone-dark", "wangge", "/work/"),
    ("case-phone-light", "shuji", "/cases/{reopened}"),
    ("case-desk-dark", "shuji", "/cases/{reopened}"),
    ("board-phone-light", "wangge", "/consultations/{vote}/board"),
    ("board-desk-dark", "shuji", "/consultations/{vote}/board"),
    ("meeting-phone-light", "zhuchi", "/meetings/{meeting}?tab=decision"),
    ("result-desk-light", "shuji", "/consultations/{result}/result"),
    ("reports-desk-light", "jiedao", "/reports/"),
    ("resident-phone-light", None, "/r/"),
)


@pytest.mark.parametrize(("name", "login", "path"), PICTURES, ids=[p[0] for p in PICTURES])
def test_a_picture(chromium, town, name, login, path):
    keys = {key: town.ask(query)[0][0] for key, query in CASES.items() if f"{{{key}}}" in path}
    _, width, mode = name.split("-")
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    with walking(chromium, town, login, scale=2 if width == "phone" else 1) as walker:
        page = walker.page
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=mode, reduced_motion="reduce")
        page.goto(town.url + path.format(**keys))
        folder = SHOTS / "docs"
        folder.mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(500)  # charts draw themselves after the page
        page.screenshot(path=folder / f"{name}.png")
    assert walker.faults == []
