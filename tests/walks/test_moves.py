"""Running cases moved to another version in a real browser: chosen, looked at, run, undone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests import cast as casting
from tests import migrants
from tests.walks import looks
from tests.walks.conftest import Site
from tests.walks.steps import sideways

pytestmark = pytest.mark.browser
CASES = 12


def prepared(site: Site) -> tuple[int, int]:
    """The workflow's id, and that of a case in a state that is called otherwise now."""
    now = datetime.now(UTC)  # noqa: TID251  the site lives in the present
    with Session(site.engine) as session, session.begin():
        cast = casting.found(session)
        row = migrants.publish(session, now, migrants.FIRST)
        place, actor = cast.places["compound"].id, cast.viewer("secretary")
        ways = ((), ("begin",), ("begin", "rest"))
        ids = [
            migrants.begin(session, place, now, actor, ways[n % 3], where="东门", kind="lamp")
            for n in range(CASES)
        ]
        migrants.publish(session, now, migrants.second())
        return row.id, ids[1]


def looked_at(page: Page) -> None:
    """In both widths and lights: it fits, can be read and pressed."""
    page.wait_for_load_state()
    assert list(looks.inspect(page, "zh", looks.LOOKS, lambda _look: None)) == []


def ended(page: Page) -> None:
    page.wait_for_url("**/jobs/*")
    expect(page.locator("#job [role=status]")).to_be_visible(timeout=60_000)


def test_moved_and_undone(enter, site, shoot):
    workflow, case = prepared(site)
    page = enter("admin")
    page.goto(f"{site.url}/workflows/{workflow}/moves")
    shoot(page, "moves")
    page.locator("main .move-versions").locator("xpath=..").locator("summary").click()
    looked_at(page)
    page.locator("main form[method=post] .btn-primary").click()
    expect(page.locator(".field-error")).to_contain_text("请写明原因")
    page.get_by_label("从现在起重新计时").check()
    page.locator("#reason").fill("新办法施行")
    page.locator("main form[method=post] .btn-primary").click()
    expect(page.locator(".figures")).to_contain_text("个可以转")
    shoot(page, "moves-preview")
    looked_at(page)
    page.get_by_role("button", name="返回修改").click()
    expect(page.get_by_label("从现在起重新计时")).to_be_checked()
    expect(page.locator("#reason")).to_have_value("新办法施行")
    page.get_by_label("按新时限，从原起点算").check()
    page.locator("main form[method=post] .btn-primary").click()
    page.locator("button[name=run]").click()
    ended(page)
    expect(page.locator("#job")).to_contain_text(f"已转 {CASES} 个")
    shoot(page, "moves-job")
    looked_at(page)
    page.goto(f"{site.url}/cases/{case}")
    expect(page.locator(".timeline").first).to_contain_text("从流程第 1 版转到第 2 版")
    shoot(page, "moves-case")
    page.goto(f"{site.url}/workflows/{workflow}/moves")
    page.locator(".move-name").first.click()
    expect(page.locator(".rows .row-item")).to_have_count(CASES)
    shoot(page, "moves-result")
    looked_at(page)
    page.get_by_role("button", name="撤销这次转版").click()
    ended(page)
    expect(page.locator("#job")).to_contain_text(f"已恢复 {CASES} 个")


def test_on_a_phone_nothing_is_out_of_reach(enter, site, shoot):
    page = enter("admin", phone=True)
    workflow, _case = prepared(site)
    page.goto(f"{site.url}/workflows/{workflow}/moves")
    assert not sideways(page)
    shoot(page, "moves-phone")
    page.locator("#reason").fill("新办法施行")
    page.locator("main form[method=post] .btn-primary").click()
    expect(page.locator(".figures")).to_be_visible()
    assert not sideways(page)
    shoot(page, "moves-preview-phone")
