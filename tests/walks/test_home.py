"""Home and reports in a real browser: charts under the content security policy, in both modes."""

from __future__ import annotations

import pytest

from tests.walks.steps import sideways
from tests.walks.test_grievance import raise_it

pytestmark = pytest.mark.browser


def test_the_secretary_s_home_draws_its_week(enter, shoot, site):
    page = enter("secretary")
    page.goto(f"{site.url}/")
    assert page.locator("h1").inner_text() == "首页"
    assert page.locator(".rate").count() == 3
    shoot(page, "home-secretary")


def test_charts_are_drawn_and_again_when_the_mode_changes(enter, shoot, site, tmp_path):
    raise_it(enter(None), site, tmp_path)
    refused = []
    page = enter("secretary")
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(f"{site.url}/reports/?period=week")
    chart = page.locator(".chart-draw.is-drawn svg").first
    chart.wait_for()
    before = chart.inner_html()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "old => document.querySelector('.chart-draw svg').innerHTML !== old", arg=before
    )
    shoot(page, "reports-dark")
    page.get_by_text("查看数据表").first.click()
    assert page.locator(".chart table").first.is_visible()
    assert refused == [], "the security policy refuses nothing that a chart does"


def test_on_a_phone_neither_scrolls_sideways(enter, shoot, site):
    page = enter("secretary", phone=True)
    for path, name in (("/", "home"), ("/reports/", "reports")):
        page.goto(f"{site.url}{path}")
        page.wait_for_timeout(300)
        assert not sideways(page), path
        shoot(page, f"{name}-phone")
