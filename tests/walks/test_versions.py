"""Versions and places in a real browser: import, publish, compare, roll back, retire; a community
words the template its own way and hears when it can't follow."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from playwright.sync_api import Page, expect

from app.workflows import files
from app.workflows.spec import Workflow
from tests import lamps
from tests.walks.steps import sideways

pytestmark = pytest.mark.browser


def spec(key: str, **changed: object) -> Workflow:
    label = {"zh": f"路灯报修 {key}", "en": f"Broken lamp {key}"}
    return lamps.spec(key=key, label=label, **changed)


def with_a_check(key: str) -> Workflow:
    """One more state on the way."""
    document = deepcopy(lamps.LAMP)
    states, steps = document["states"], document["transitions"]
    states.insert(1, {"key": "checked", "label": {"zh": "已核实", "en": "Checked"}})
    check = {**steps[0], "key": "check", "label": {"zh": "核实", "en": "Check"}, "to": "checked"}
    steps[0]["from"] = "checked"
    return spec(key, states=states, transitions=[check, *steps])


def send(page: Page, site, workflow: Workflow) -> None:
    """Choose the file on the list of workflows and ask what it would change."""
    page.goto(f"{site.url}/workflows/")
    text = files.write(workflow).encode()
    page.set_input_files(
        "#file", files=[{"name": "lamp.yaml", "mimeType": "application/yaml", "buffer": text}]
    )
    page.get_by_role("button", name="查看会改变什么").click()


def publish(page: Page, site, workflow: Workflow, note: str) -> None:
    send(page, site, workflow)
    page.get_by_role("button", name="设为草稿").click()
    page.fill("#note", note)
    page.get_by_role("button", name="发布这份草稿").click()
    expect(page.get_by_role("status").first).to_contain_text("新的事项按此办理")


def test_a_workflow_is_imported_compared_rolled_back_and_retired(enter, site, shoot):
    page = enter("designer")
    publish(page, site, spec("walk"), "第一版")
    send(page, site, with_a_check("walk"))
    changes = page.locator(".changes li")
    expect(changes).to_have_count(3)
    expect(page.locator(".picture-state.is-added")).to_contain_text("已核实")
    shoot(page, "versions-import")
    page.get_by_role("button", name="设为草稿").click()
    page.get_by_role("link", name="与第 1 版有什么差别？").click()
    expect(page.locator("svg.picture text", has_text="+ 核实")).to_be_visible()
    expect(page.locator("svg.picture text", has_text="− 开始维修")).to_be_visible()
    shoot(page, "versions-compare")
    page.get_by_role("link", name="概览").click()
    page.fill("#note", "先核实再维修")
    page.get_by_role("button", name="发布这份草稿").click()
    page.get_by_role("link", name="版本", exact=True).click()
    expect(page.locator(".version.is-current h2")).to_have_text("第 2 版")
    first = page.locator(".version").nth(1)
    first.get_by_text("重新发布", exact=True).click()
    first.get_by_role("textbox").fill("核实太慢")
    first.get_by_role("button", name="重新发布第 1 版").click()
    expect(page.locator(".version.is-current h2")).to_have_text("第 1 版")
    expect(page.locator(".record li").first).to_contain_text("核实太慢")
    shoot(page, "versions")
    page.get_by_text("停用这个流程").click()
    page.get_by_role("button", name="停用", exact=True).click()
    expect(page.locator("main .flash-warn")).to_contain_text("不能登记新事项")
    page.get_by_role("button", name="恢复").click()
    expect(page.locator(".version.is-current h2")).to_have_text("第 1 版")
    kinds = site.ask(
        "SELECT kind FROM publication p JOIN workflow w ON w.id = p.workflow_id "
        "WHERE w.key = 'walk' ORDER BY p.id"
    )
    assert [kind for (kind,) in kinds] == [
        "published",
        "published",
        "restored",
        "retired",
        "revived",
    ]


def test_a_community_words_the_template_its_own_way_and_hears_of_what_it_cannot_follow(
    enter, site, shoot
):
    designer = enter("designer")
    publish(designer, site, spec("local"), "模板")
    ((key,),) = site.ask("SELECT id FROM workflow WHERE key = 'local'")
    page = enter("secretary", phone=True)
    page.goto(f"{site.url}/workflows/{key}/places")
    page.get_by_role("link", name="翠微社区").click()
    page.get_by_role("link", name="为翠微社区调整").click()
    page.get_by_label("维修").first.fill("9")
    page.get_by_role("button", name="保存并查看差别").click()
    assert page.url.endswith("/edit"), "the browser itself keeps to the limits"
    page.get_by_label("维修").first.fill("5")
    page.get_by_label("网格员").check()
    page.locator("summary", has_text="状态").click()
    page.get_by_label("已登记").first.fill("等待派工")
    assert not sideways(page)
    shoot(page, "places-vary-phone")
    page.get_by_role("button", name="保存并查看差别").click()
    expect(page.locator(".changes li")).to_have_count(3)
    assert not sideways(page)
    shoot(page, "places-difference-phone")
    page.get_by_role("button", name="为翠微社区发布").click()
    expect(page.get_by_text("本地第 1 版，依据上级流程第 1 版")).to_be_visible()
    (row,) = site.ask(
        "SELECT v.spec FROM workflow_version v JOIN place p ON p.id = v.place_id "
        f"WHERE p.name = '翠微社区' AND v.workflow_id = {key}"
    )
    own = row[0] if isinstance(row[0], dict) else json.loads(row[0])
    assert own["states"][0]["label"]["zh"] == "等待派工"
    assert own["deadlines"][0]["within"] == "5 working days"
    place = page.url
    outsider = enter("outsider")
    assert outsider.goto(place).status == 404
    publish(designer, site, spec("local", vary={"labels": True}), "时限和角色统一")
    designer.goto(f"{site.url}/workflows/{key}/places")
    expect(designer.get_by_text("未跟上上级流程")).to_be_visible()
    shoot(designer, "places")
    page.goto(f"{site.url}/notices/")
    page.get_by_role("link", name="没有跟上").first.click()
    expect(page.locator("main .flash-warn")).to_contain_text("不允许调整时限")
    assert page.url == place
