"""By keys alone: past the navigation, into menus and out of them again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


def focused(page: Page) -> Locator:
    return page.locator(":focus")


def test_the_first_key_offers_to_skip_to_the_content(enter, site):
    page = enter("staff")
    page.goto(site.url + "/work/")
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_class("skip-link")
    expect(focused(page)).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main').contains(document.activeElement)")


@pytest.mark.parametrize(
    ("phone", "selector"), [(False, ".topbar details.menu"), (True, "details.tabs-more")]
)
def test_a_menu_opens_by_keys_and_lets_nobody_out_of_sight(enter, site, phone, selector):
    page = enter("secretary", phone=phone)
    page.goto(site.url + "/work/")
    menu = page.locator(selector)
    summary = menu.locator("summary")
    items = menu.locator(".menu-body :is(a, button, select, input:not([type=hidden]))")
    summary.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    expect(items.first).to_be_focused()
    expect(items.first).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(menu).not_to_have_attribute("open", "")
    assert not page.evaluate(
        "(menu) => menu.contains(document.activeElement)", menu.element_handle()
    )


def test_every_stop_of_the_keys_can_be_seen(enter, site):
    """Forward through the whole page: what has the focus is never hidden behind something."""
    page = enter("staff", phone=True)
    page.goto(site.url + "/grievances/")
    stops: list[str] = []
    while len(stops) < 200:
        page.keyboard.press("Tab")
        found = page.evaluate(STOP)
        for _ in range(50):
            if found in (None, "seen"):
                break
            page.wait_for_timeout(100)  # the page may still be on its way there
            found = page.evaluate(STOP)
        if found is None:
            break
        stops.append(found)
    assert len(stops) > 10
    assert [stop for stop in stops if stop != "seen"] == []


STOP = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const above = document.elementFromPoint(x, y);
  const label = at.labels?.[0];
  const seen = above && (at.contains(above) || above.contains(at) || label?.contains(above));
  return seen ? "seen" : `${at.outerHTML.slice(0, 90)} behind ${above?.outerHTML.slice(0, 60)}`;
}
"""


def test_a_strip_of_filters_follows_the_keys(enter, site):
    """Browsers move a strip to nothing that peeps out of its end."""
    page = enter("grid", phone=True)
    page.goto(site.url + "/work/")
    for chip in page.locator(".list-chips .chip").all():
        chip.focus()
        expect(chip).to_be_in_viewport(ratio=0.99)
