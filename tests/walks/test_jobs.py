"""Long work in a real browser: watched, left and come back to, downloaded, imported; also without
script."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import PASSWORD
from tests.walks.conftest import alone
from tests.walks.steps import look_up, sideways

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(servers, tmp_path_factory):
    """Thousands of homes are imported here: more than the other walks can have among theirs."""
    with alone(servers, tmp_path_factory.mktemp("jobs"), "jobs") as running:
        yield running


HEAD = ["楼栋", "单元", "房号", "建筑面积", "业主", "电话"]


def register(folder: Path, count: int, *bad: list[object]) -> str:
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    for number in range(count):
        row = ["77号楼", number // 10 + 1, f"{number:03}", 60.5, f"业主{number}", f"139{number:08}"]
        book.active.append(row)
    for row in bad:
        book.active.append(row)
    path = folder / "房屋.xlsx"
    book.save(path)
    return str(path)


def upload(page: Page, site, path: str) -> None:
    page.goto(f"{site.url}/imports/households")
    box = page.get_by_role("combobox", name="小区")
    box.fill("")
    look_up(box, "翠微南")
    page.get_by_role("option").first.click()
    page.set_input_files("#file", path)
    page.get_by_role("button", name="上传并检查").click()


def test_a_register_is_checked_mended_and_imported(enter, site, shoot, tmp_path):
    page = enter("secretary", phone=True)
    upload(page, site, register(tmp_path, 30, ["77", "1", "900", "八十", "", ""]))
    expect(page.locator(".job").get_by_role("status")).to_have_text(
        "共 31 行：30 行可以导入，1 行有问题。"
    )
    expect(page.locator(".findings li")).to_contain_text("第 32 行")
    expect(page.locator(".findings li")).to_contain_text("“八十”不是面积")
    assert not sideways(page)
    shoot(page, "import-checked-phone")
    page.get_by_role("link", name="上传改好的文件").click()
    upload(page, site, register(tmp_path, 30))
    page.get_by_role("button", name="导入全部 30 行").click()
    expect(page.locator(".job").get_by_role("status")).to_have_text(
        "已导入 30 行；0 行没有变化；0 行未导入。"
    )
    found = site.ask(
        "SELECT count(*) FROM unit JOIN place ON place.id = place_id "
        "JOIN place up ON up.id = place.parent_id WHERE up.name = '77号楼'"
    )
    assert found[0][0] == 30
    assert not sideways(page)


def test_a_running_job_is_watched_left_and_come_back_to(enter, site, shoot, tmp_path):
    page = enter("secretary")
    upload(page, site, register(tmp_path, 2000))
    page.wait_for_url("**/jobs/*")
    address = page.url
    expect(page.get_by_role("button", name="导入全部 2000 行")).to_be_visible(timeout=60_000)
    page.goto(f"{site.url}/jobs/")
    expect(page.locator(".row-item.job").first).to_contain_text("检查：房屋台账，翠微南里")
    shoot(page, "jobs-desk")
    page.goto(address)
    page.get_by_role("button", name="导入全部 2000 行").click()
    page.wait_for_url(lambda url: url != address)
    page.get_by_role("button", name="取消任务").click(timeout=60_000)
    expect(page.locator(".job .state")).to_have_text("已取消", timeout=60_000)
    before = site.ask("SELECT count(*) FROM unit WHERE label = '1999'")
    assert before[0][0] == 0, "all or nothing"
    page.get_by_role("button", name="继续").click()
    expect(page.locator(".job").get_by_role("status")).to_contain_text("已导入", timeout=120_000)


def test_a_list_is_taken_away_as_a_workbook(enter, site, tmp_path):
    page = enter("secretary")
    page.goto(f"{site.url}/ledgers/residents/list/")
    if not page.locator("table.cards tbody tr").count():
        page.goto(f"{site.url}/ledgers/places/list/")
    with page.expect_download() as download:
        page.get_by_role("link", name="导出").click()
    path = tmp_path / "list.xlsx"
    download.value.save_as(path)
    assert download.value.suggested_filename.endswith(".xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[1] == "关于本文件"
    assert book.worksheets[0].max_row > 1


def test_without_script_a_job_is_watched_by_refreshing(chromium: Browser, site, tmp_path):
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{site.url}/login/")
    page.fill("#username", "staff")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.goto(f"{site.url}/imports/households")
    page.fill("#place", "翠微南里")
    page.set_input_files("#file", register(tmp_path, 20))
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url("**/jobs/*")
    for _ in range(200):
        refresh = page.get_by_role("link", name="刷新")
        if not refresh.count():
            break
        page.wait_for_timeout(300)
        refresh.click()
    expect(page.locator("[role=status]")).to_contain_text("共 20 行")
    context.close()
