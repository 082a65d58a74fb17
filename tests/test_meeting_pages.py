"""The pages of a meeting through the test client: who sees what, and what a form answers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock
from app import models as m
from app.services import edge
from tests.assembly import DUE, FOUR, Assembly
from tests.visitor import Visitor


@pytest.fixture
def assembly(session, cast, now) -> Assembly:
    return Assembly(session, cast, now)


class Client:
    """A signed-in visitor; ``data`` is a form."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor

    def get(self, path: str):
        return self.visitor.open(path)

    def post(self, path: str, data=None):
        return self.visitor.open(path, method="POST", data=data or {})


@pytest.fixture
def visit(app, assembly):
    """Sign in as somebody of the cast."""

    def sign_in(name: str) -> Client:
        assembly.session.commit()
        return Client(Visitor(app).sign_in(name))

    return sign_in


def count(assembly: Assembly, model: type, *where) -> int:
    return assembly.session.scalar(sa.select(sa.func.count()).select_from(model).where(*where))


def room(assembly: Assembly, tab: str = "", item: int | None = None) -> str:
    path = f"/meetings/{assembly.meeting_id}"
    return f"{path}?tab={tab}" + (f"&item={item}" if item else "") if tab else path


# --- seeing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["", "check-in", "agenda", "positions", "decision", "nonsense"])
@pytest.mark.parametrize("who", ["facilitator", "council", "property", "admin"])
def test_those_who_take_part_see_every_part_of_the_room(assembly, visit, tab, who):
    assembly.begin()
    assembly.says("property", "disagree", "没有电容量")
    page = visit(who).get(room(assembly, tab))
    assert page.status_code == 200
    assert "电动车充电桩协调会" in page.text
    assert "达到法定人数" in page.text


def test_each_part_of_the_room_has_a_title_of_its_own(assembly, visit):
    assembly.begin()
    client = visit("facilitator")
    for tab, word in (("check-in", "签到"), ("agenda", "议程"), ("decision", "决议")):
        title = re.search(r"<title>(.*?) · ", client.get(room(assembly, tab)).text)
        assert title is not None
        assert title[1] == word


def test_outsiders_find_no_meeting_at_any_address(assembly, visit):
    assembly.begin()
    item, seat = assembly.item().id, assembly.seats("council")[0].id
    client = visit("outsider")
    base = f"/meetings/{assembly.meeting_id}"
    for path in (base, f"{base}/minutes", f"{base}?tab=positions"):
        assert client.get(path).status_code == 404
    for path, data in (
        ("check-in", {"seat": seat}),
        ("check-out", {"seat": seat}),
        ("arrive", {"party": 1, "name": "某人"}),
        ("items", {"title": "x"}),
        ("time", {"scheduled_at": "2027-01-01T10:00"}),
        ("parties", {"party": 1}),
        (f"items/{item}/position", {"party": 1, "stance": "agree", "seat": seat}),
        (f"items/{item}/adjourn", {"why": "x"}),
        ("step/close", {"expected": "1"}),
    ):
        assert client.post(f"{base}/{path}", data=data).status_code == 404, path
    owner = assembly.cast.parties["property"].id
    decide = {"text": "x", "owner": owner, "due_on": DUE.isoformat()}
    assert client.post(f"{base}/items/{item}/decide", data=decide).status_code == 404
    assert "电动车充电桩协调会" not in client.get("/meetings/").text
    assert assembly.seats("council")[0].present


def test_who_is_not_signed_in_is_asked_to_sign_in(assembly, client):
    assembly.call()
    answer = client.get(room(assembly))
    assert answer.status_code == 302
    assert "/login" in answer.headers["Location"]


def test_a_council_member_is_offered_no_recording(assembly, visit):
    assembly.begin()
    page = visit("council").get(room(assembly, "positions"))
    assert 'name="stance"' not in page.text
    assert "尚未表态" in page.text


def test_a_meeting_that_is_not_there_is_a_page_of_its_own(visit):
    client = visit("facilitator")
    for path in ("/meetings/999999999", "/meetings/9223372036854775807", "/meetings/x"):
        assert client.get(path).status_code == 404


def test_the_case_page_shows_the_meeting(assembly, visit):
    assembly.begin()
    page = visit("secretary").get(f"/cases/{assembly.meeting_id}")
    assert page.status_code == 200
    assert f"/meetings/{assembly.meeting_id}" in page.text
    assert "社区议事厅" in page.text


# --- calling ------------------------------------------------------------------------------------


def new_form(assembly: Assembly, **changes) -> dict:
    cast = assembly.cast
    parties = [cast.parties[key].id for key in FOUR]
    return {
        "place": cast.places["cuiwei"].id,
        "title": "充电桩协调会",
        "scheduled_at": "2026-11-25T14:30",
        "room": "社区议事厅",
        "field-kind": "joint",
        "party": parties,
        "guest": [f"{cast.parties['council'].id}:{cast.users['council'].id}"],
        f"others-{cast.parties['property'].id}": "吴经理、保安队长\n吴经理",
        "topic-1": "加装充电桩",
        "quorum_parties": "",
        "quorum_heads": "1/2",
        "decision": "consensus",
        "voices": "invited",
        **changes,
    }


def test_a_meeting_is_called_with_local_time_parties_and_items(assembly, visit, cast):
    client = visit("facilitator")
    assert client.get("/meetings/new").status_code == 200
    answer = client.post("/meetings/new", data=new_form(assembly))
    assert answer.status_code == 302
    assembly.meeting_id = int(answer.headers["Location"].rsplit("/", 1)[-1])
    found = assembly.room()
    assert edge.shown(found.scheduled_at) == "2026-11-25 14:30"
    assert [len(bench.seats) for bench in found.benches] == [0, 0, 1, 2]
    assert [item.title for item in found.items] == ["加装充电桩"]
    again = client.post("/meetings/new", data=new_form(assembly))
    assert again.headers["Location"] == answer.headers["Location"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"title": " "}, "请填写标题"),
        ({"title": "长" * 201}, "最多 200 个字"),
        ({"title": "a\x00b"}, "控制字符"),
        ({"scheduled_at": ""}, "请填写“开会时间”"),
        ({"scheduled_at": "明天下午"}, "请填写日期和时间"),
        ({"party": []}, "参会方"),
        ({"quorum_parties": "9"}, "到会方数"),
        ({"quorum_parties": "-1"}, "请填写整数"),
        ({"quorum_heads": "2"}, "请从列表中选择"),
        ({"decision": "dice"}, "请从列表中选择"),
        ({"field-kind": "party"}, "请从中选择"),
        ({"about-2": "只有说明没有标题"}, "请填写议题"),
        ({"place": "999999999"}, "充电桩协调会"),
    ],
)
def test_a_wrong_form_is_answered_422_with_the_message_and_what_was_typed(
    assembly, visit, change, told
):
    before = count(assembly, m.Meeting)
    answer = visit("facilitator").post("/meetings/new", data=new_form(assembly, **change))
    if "place" in change:  # falls back to the person's own community
        assert answer.status_code == 302
        return
    assert answer.status_code == 422
    assert told in answer.text
    assert "社区议事厅" in answer.text
    assert "保安队长" in answer.text
    assert count(assembly, m.Meeting) == before


def test_those_who_may_not_call_a_meeting_are_told_so(assembly, visit):
    client = visit("property")
    assert client.get("/meetings/new").status_code == 403
    assert client.post("/meetings/new", data=new_form(assembly)).status_code == 403
    assert "/meetings/new" not in client.get("/meetings/").text


def test_the_next_meeting_proposes_what_is_not_done(assembly, visit):
    assembly.begin()
    assembly.all_agree()
    assembly.decides()
    assembly.all_agree(2)
    assembly.decides(item=2)
    assembly.fire("close")
    client = visit("facilitator")
    page = client.get("/meetings/new").text
    keys = re.findall(r'name="proposal" value="([^"]+)" checked', page)
    assert len(keys) == 2
    answer = client.post("/meetings/new", data=new_form(assembly, proposal=keys))
    assembly.meeting_id = int(answer.headers["Location"].rsplit("/", 1)[-1])
    titles = [item.title for item in assembly.room().items]
    assert titles == ["加装充电桩", "垃圾分类桶站", "加装充电桩"]
    assert "待落实" in client.get(room(assembly, "decision", assembly.item(1).id)).text


# --- recording ----------------------------------------------------------------------------------


def test_a_whole_meeting_is_held_with_forms_alone(assembly, visit):
    assembly.call()
    client, base = visit("facilitator"), f"/meetings/{assembly.meeting_id}"

    def press(event: str) -> None:
        answer = client.post(
            f"{base}/step/{event}", data={"expected": assembly.room().case.row_version}
        )
        assert answer.status_code == 302, answer.text

    press("convene")
    for bench in assembly.room().benches:
        data = {"seat": bench.seats[0].id}
        assert client.post(f"{base}/check-in", data=data).status_code == 302
    press("open_session")
    for item in assembly.room().items:
        for bench in assembly.room().benches:
            data = {
                "party": bench.id,
                "stance": "agree",
                "seat": bench.there[0].id,
                "reason": "",
                "seen": "0",
            }
            answer = client.post(f"{base}/items/{item.id}/position", data=data)
            assert answer.status_code == 302
        owner = f"{assembly.cast.parties['property'].id}:{assembly.cast.users['property'].id}"
        due = edge.today(clock.now() + timedelta(days=60))
        words = f"{due.year}年{due.month}月{due.day}日"
        data = {"text": f"同意{item.title}", "owner": owner, "due_on": words}
        assert client.post(f"{base}/items/{item.id}/decide", data=data).status_code == 302
    press("close")
    page = client.get(f"{base}/minutes").text
    assert "同意加装充电桩" in page
    assert page.count('class="signature"') == 4
    children = count(assembly, m.Case, m.Case.parent_id == assembly.meeting_id)
    assert children == 2


def test_a_double_click_records_once_and_says_so(assembly, visit):
    assembly.call()
    assembly.fire("convene")
    client, seat = visit("facilitator"), assembly.seats("council")[0].id
    path = f"/meetings/{assembly.meeting_id}/check-in"
    for _click in range(2):
        assert client.post(path, data={"seat": seat}).status_code == 302
    assert "没有重复保存" in client.get(room(assembly)).text
    assert count(assembly, m.Event, m.Event.event == "check_in") == 1


def test_a_missing_reason_is_told_at_the_field_and_nothing_is_lost(assembly, visit):
    assembly.begin()
    bench = assembly.room().benches[3]
    data = {"party": bench.id, "stance": "disagree", "seat": bench.there[1].id, "seen": "0"}
    answer = visit("facilitator").post(
        f"/meetings/{assembly.meeting_id}/items/{assembly.item().id}/position", data=data
    )
    assert answer.status_code == 422
    assert "请填写理由" in answer.text
    assert re.search(r'value="disagree" required checked', answer.text)
    assert re.search(rf'value="{bench.there[1].id}" required checked', answer.text)
    assert count(assembly, m.Position) == 0


def test_a_stale_form_is_answered_409_and_keeps_what_was_typed(assembly, visit):
    assembly.begin()
    assembly.says("property", "agree")
    bench = assembly.room().benches[3]
    data = {
        "party": bench.id,
        "stance": "disagree",
        "seat": bench.there[0].id,
        "seen": "0",
        "reason": "没有电容量",
    }
    answer = visit("facilitator").post(
        f"/meetings/{assembly.meeting_id}/items/{assembly.item().id}/position", data=data
    )
    assert answer.status_code == 409
    assert "刚刚记下了" in answer.text
    assert "没有电容量" in answer.text


def test_a_stale_step_is_a_conflict(assembly, visit):
    assembly.call()
    version = assembly.room().case.row_version
    assembly.fire("convene")
    answer = visit("facilitator").post(
        f"/meetings/{assembly.meeting_id}/step/convene", data={"expected": version}
    )
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("path", "data", "told"),
    [
        ("check-in", {}, "请选择人员"),
        ("check-in", {"seat": "１２"}, "请选择人员"),
        ("check-in", {"seat": "9" * 30}, "请选择人员"),
        ("arrive", {"party": "x", "name": "某人"}, "请选择受邀的一方"),
        ("items", {"title": ""}, "请填写议题"),
        ("items", {"title": "x", "number": "G0000-000000"}, "没有编号为"),
        ("items", {"title": "x", "number": "\x00"}, "没有编号为"),
        ("items/{item}/position", {"party": "x", "stance": "agree"}, "请选择受邀的一方"),
        ("items/{item}/position", {"party": "{party}", "stance": "maybe"}, "请选择一种表态"),
        ("items/{item}/position", {"party": "{party}", "stance": "agree"}, "请选择为"),
        ("items/{item}/decide", {"text": "", "owner": "", "due_on": ""}, "请填写决议内容"),
        ("items/{item}/decide", {"text": "x", "owner": "1:x", "due_on": "x"}, "请选择由谁落实"),
        ("items/{item}/adjourn", {}, "请填写延期的原因"),
        ("step/open_session", {}, "页面不完整"),
    ],
)
def test_bad_input_is_422_with_the_message_and_saves_nothing(assembly, visit, path, data, told):
    assembly.begin()
    party = str(assembly.cast.parties["property"].id)
    data = {key: value.replace("{party}", party) for key, value in data.items()}
    path = path.replace("{item}", str(assembly.item().id))
    before = assembly.room().case.row_version
    answer = visit("facilitator").post(f"/meetings/{assembly.meeting_id}/{path}", data=data)
    assert answer.status_code == 422
    assert told in answer.text
    assert assembly.room().case.row_version == before


def test_time_and_parties_are_changed_before_the_meeting(assembly, visit, cast):
    assembly.call()
    client, base = visit("staff"), f"/meetings/{assembly.meeting_id}"
    assert "自来水公司" in client.get(room(assembly, "check-in")).text
    answer = client.post(f"{base}/time", data={"scheduled_at": "2026-12-01T09:00", "room": "物业"})
    assert answer.status_code == 302
    answer = client.post(f"{base}/parties", data={"party": cast.parties["water"].id})
    assert answer.status_code == 302
    assert edge.shown(assembly.room().scheduled_at) == "2026-12-01 09:00"
    assert len(assembly.room().benches) == 5
    answer = client.post(f"{base}/time", data={"scheduled_at": "昨天", "room": "物业"})
    assert answer.status_code == 422
    assert 'value="昨天"' in answer.text


def test_the_room_takes_few_statements(assembly, visit):
    assembly.begin()
    for number in range(12):
        assembly.session.add(
            m.AgendaItem(
                meeting_id=assembly.meeting_id, position=100 + number, title=f"议题{number}"
            )
        )
    assembly.session.flush()
    client = visit("facilitator")
    client.get(room(assembly, "positions"))
    assert client.get(room(assembly, "positions")).status_code == 200
    assert len(client.visitor.statements) <= 20, client.visitor.statements


def test_english_pages_are_english(assembly, visit):
    assembly.begin()
    client = visit("facilitator")
    client.visitor.speak("en")
    page = client.get(room(assembly, "positions")).text
    assert "Record the position" in page
    assert "Quorum" in page


def test_a_list_of_meetings_is_paged_latest_first(assembly, visit, now):
    for day in range(3):
        assembly.call(title=f"第{day}次会议", scheduled_at=now + timedelta(days=day))
    page = visit("facilitator").get("/meetings/").text
    assert page.index("第2次会议") < page.index("第1次会议") < page.index("第0次会议")
    assert "第2次会议" not in visit("facilitator").get("/meetings/?page=2").text
    assert visit("facilitator").get("/meetings/?page=-1").status_code == 200
