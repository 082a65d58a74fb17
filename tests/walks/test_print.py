"""What comes out of the printer: the page, and nothing of the site around it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

FRAME = ".topbar, .tabs, .crumbs, .page-foot, .page-actions, .skip-link, .btn, .offers, .pager"


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize(
    "path", ["/work/", "/grievances/", "/grievances/new", "/ledgers/cases/list/"]
)
def test_only_the_page_itself_is_printed(enter, site, path, phone):
    page = enter("secretary", phone=phone)
    page.goto(site.url + path)
    assert page.locator(FRAME).filter(visible=True).count() > 0
    page.emulate_media(media="print")
    assert page.locator("main").is_visible()
    assert page.locator(FRAME).filter(visible=True).count() == 0
