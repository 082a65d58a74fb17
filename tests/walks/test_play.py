"""A workflow tried out in a browser: every role, time moved on, kept as a test; phone and desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.walks.conftest import Enter, Site
from tests.walks.steps import sideways

pytestmark = pytest.mark.browser


def begin(page: Page, site: Site) -> None:
    workflow = site.ask("SELECT id FROM workflow WHERE key = 'grievance'")[0][0]
    page.goto(f"{site.url}/workflows/{workflow}/play")
    part(page, "诉求人")
    page.get_by_label("类别").select_option(label="设施")
    page.get_by_label("情况说明").fill("楼前想装长椅")
    page.get_by_role("button", name="开始", exact=True).click()
    state(page, "待受理")


def part(page: Page, role: str) -> None:
    """Choose whom one plays."""
    page.locator("#parts .chip", has_text=role).first.click()
    expect(page.locator("#parts .chip.is-on")).to_contain_text(role)


def step(page: Page, label: str, **fields: str) -> None:
    button = page.locator("#next .offers").get_by_text(label, exact=True)
    button.click()
    form = page.locator(f".step-form[aria-label='{label}']")
    for key, value in fields.items():
        form.locator(f"[name='field-{key}']").fill(value)
    if fields:
        form.locator("button.btn-primary").click()


def state(page: Page, text: str) -> None:
    expect(page.locator(".play-state .state")).to_have_text(text)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_play_in_every_role_becomes_a_test(enter: Enter, site: Site, shoot, phone: bool) -> None:
    kind = "phone" if phone else "desk"
    page = enter("designer", phone=phone)
    begin(page, site)
    shoot(page, f"play-{kind}-opened")
    page.get_by_role("button", name="到下一个时限").click()
    expect(page.locator("#told")).to_contain_text("须在2026-03-03 09:00前回复")
    part(page, "网格员")
    page.locator("#next").get_by_text("别人的按钮").click()
    page.locator("#next .grey button", has_text="回复").first.click()
    expect(page.locator("#history")).to_contain_text("拒绝：回复")
    part(page, "社区书记")
    step(page, "回复", reply="收到，尽快办理")
    state(page, "已回复")
    part(page, "居委会工作人员")
    page.locator("#next .offers").get_by_text("交办", exact=True).click()
    form = page.locator(".step-form[aria-label='交办']")
    form.get_by_label("责任单位 2", exact=True).check()
    form.locator("[name='field-instruction']").fill("请尽快安装")
    form.locator("button.btn-primary").click()
    state(page, "已交办")
    shoot(page, f"play-{kind}-assigned")
    page.get_by_role("button", name="一个办成").click()
    state(page, "待核实")
    page.get_by_role("button", name="撤销", exact=True).click()
    state(page, "已交办")
    page.locator("#keep summary").click()
    name = f"浏览器里走的路 {kind}"
    page.get_by_label("测试的名称").fill(name)
    shoot(page, f"play-{kind}-keeping")
    page.get_by_role("button", name="留作测试").click()
    row = page.locator(".play-test", has_text=name)
    expect(row).to_contain_text("通过")
    assert not sideways(page)
    shoot(page, f"play-{kind}-tests")
    row.get_by_role("link", name="走一遍").click()
    state(page, "已交办")


def test_without_script_it_is_played_all_the_same(chromium, site: Site, enter: Enter) -> None:
    signed = enter("designer")
    cookies = signed.context.cookies()
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    try:
        context.add_cookies(cookies)
        page = context.new_page()
        begin(page, site)
        page.get_by_role("button", name="到下一个时限").click()
        expect(page.locator("#told")).to_contain_text("须在2026-03-03 09:00前回复")
        part(page, "社区书记")
        step(page, "回复", reply="收到")
        state(page, "已回复")
    finally:
        context.close()
