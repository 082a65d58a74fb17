"""The names that a workflow file may use, with what people read about them.

A name here selects code in ``app/services``; a name without code, or code without a name, fails a
test. Files can only ever choose from these lists, so nothing in a file is run.
"""

from __future__ import annotations

import re

from app.permissions import LABELS
from app.workflows.entries import EffectName, Entry, FactName, SourceName, ValueType, label, table
from app.workflows.spec import RESIDENT, SYSTEM, FieldType, Label, Workflow

MEETING = frozenset({"meeting"})
CONSULTATION = frozenset({"consultation"})
GRIEVANCE = frozenset({"grievance"})
_YES_NO, _NUMBER = ValueType.YES_NO, ValueType.NUMBER

LEGS = table(
    Entry(name, label(zh, en), label(help_zh, help_en))
    for name, zh, en, help_zh, help_en in (
        (
            "case",
            "一般事项",
            "Plain case",
            "只有流程和表单。",
            "Nothing but the workflow and form.",
        ),
        (
            "grievance",
            "居民诉求",
            "Grievance",
            "带有诉求人、查询链接和星级评价。",
            "With the resident who raised it, a tracking link and stars.",
        ),
        (
            "meeting",
            "四方联席会议",
            "Four-party meeting",
            "带有参会方、签到、议题、各方表态和决议。",
            "With parties, check-in, agenda, positions and decisions.",
        ),
        (
            "consultation",
            "改造协商",
            "Renovation consultation",
            "带有房屋、业主、方案、意见和《民法典》第二百七十八条的计算。",
            "With units, owners, schemes, opinions and the count of article 278.",
        ),
    )
)

FACTS = table(
    FactName(name, label(zh, en), label(help_zh, help_en), type_, legs)
    for name, type_, legs, zh, en, help_zh, help_en in (
        (
            "children.all_closed",
            _YES_NO,
            frozenset[str](),
            "子事项全部结束",
            "all child cases ended",
            "所有子事项都已结束（没有子事项时也成立）。",
            "Every child case has ended; holds when there is none.",
        ),
        (
            "children.count",
            _NUMBER,
            frozenset[str](),
            "子事项数",
            "number of child cases",
            "已产生的子事项数，不论结束与否。",
            "How many child cases there are, ended or not.",
        ),
        (
            "attachments.count",
            _NUMBER,
            frozenset[str](),
            "附件数",
            "number of attachments",
            "事项上的照片和文件数。",
            "How many photos and files the case holds.",
        ),
        (
            "assignee.set",
            _YES_NO,
            frozenset[str](),
            "已有承办人",
            "has an assignee",
            "已指定承办人。",
            "A person is in charge of the case.",
        ),
        (
            "party.set",
            _YES_NO,
            frozenset[str](),
            "已有责任单位",
            "has a responsible party",
            "已指定责任单位。",
            "A party is responsible for the case.",
        ),
        (
            "case.reopened",
            _NUMBER,
            frozenset[str](),
            "重新办理次数",
            "times reopened",
            "办结后重新办理的次数：已停止的时限每次重新开始，计一次。",
            "How often work began again: a step that starts a stopped clock anew counts as one.",
        ),
        (
            "rating.stars",
            _NUMBER,
            GRIEVANCE,
            "居民评价星级",
            "stars given",
            "居民给出的星级（1 至 5），未评价时为空。",
            "The resident's stars, 1 to 5; empty before the rating.",
        ),
        (
            "quorum.met",
            _YES_NO,
            MEETING,
            "达到法定人数",
            "quorum met",
            "按方和按人数的到会要求都已满足。",
            "Both the quorum by party and the quorum by head are met.",
        ),
        (
            "quorum.parties",
            _YES_NO,
            MEETING,
            "到会方数足够",
            "quorum by party",
            "要求到会的各方都有人签到。",
            "Enough of the parties have somebody checked in.",
        ),
        (
            "quorum.heads",
            _YES_NO,
            MEETING,
            "到会人数足够",
            "quorum by head",
            "签到人数达到会议规则的要求。",
            "Enough members have checked in.",
        ),
        (
            "agenda.count",
            _NUMBER,
            MEETING,
            "议题数",
            "agenda items",
            "会议的议题数。",
            "How many items the agenda has.",
        ),
        (
            "agenda.open",
            _NUMBER,
            MEETING,
            "未议决的议题数",
            "open agenda items",
            "既没有决议、也没有延期再议的议题数。",
            "Items that have neither a decision nor were put off.",
        ),
        (
            "agenda.decided",
            _NUMBER,
            MEETING,
            "已议决的议题数",
            "decided agenda items",
            "已有决议的议题数。",
            "Items that have a decision.",
        ),
        (
            "scheme.present",
            _YES_NO,
            CONSULTATION,
            "已有方案",
            "scheme present",
            "至少有一个可供表决的方案。",
            "At least one scheme is there to decide on.",
        ),
        (
            "roll.units",
            _NUMBER,
            CONSULTATION,
            "名册户数",
            "units on the roll",
            "表决名册中的专有部分（户）数。",
            "How many exclusive units the roll counts.",
        ),
        (
            "roll.frozen",
            _YES_NO,
            CONSULTATION,
            "名册已锁定",
            "roll frozen",
            "名册及面积、人数权重已锁定。",
            "The roll and its weights are fixed.",
        ),
        (
            "consent.participation",
            _YES_NO,
            CONSULTATION,
            "参与表决达到要求",
            "participation reached",
            "参与表决的面积和人数都达到要求。",
            "Enough of the area and enough of the owners took part.",
        ),
        (
            "consent.participation_area",
            _NUMBER,
            CONSULTATION,
            "参与面积占比",
            "participation by area",
            "参与表决的专有部分面积占比，精确分数（0 至 1）。",
            "Share of the area that took part, an exact fraction from 0 to 1.",
        ),
        (
            "consent.participation_heads",
            _NUMBER,
            CONSULTATION,
            "参与人数占比",
            "participation by head",
            "参与表决的业主人数占比，精确分数（0 至 1）。",
            "Share of the owners who took part, an exact fraction from 0 to 1.",
        ),
        (
            "consent.approval_area",
            _NUMBER,
            CONSULTATION,
            "同意面积占比",
            "approval by area",
            "同意的面积占参与面积的比例，精确分数（0 至 1）。",
            "Share of the participating area that agreed, an exact fraction from 0 to 1.",
        ),
        (
            "consent.approval_heads",
            _NUMBER,
            CONSULTATION,
            "同意人数占比",
            "approval by head",
            "同意的人数占参与人数的比例，精确分数（0 至 1）。",
            "Share of the participating owners who agreed, an exact fraction from 0 to 1.",
        ),
        (
            "consent.passed",
            _YES_NO,
            CONSULTATION,
            "表决通过",
            "consent reached",
            "参与和同意的面积、人数四项都达到规则集的要求。",
            "All four figures reach what the rule set asks for.",
        ),
        (
            "consent.frozen",
            _YES_NO,
            CONSULTATION,
            "结果已锁定",
            "result frozen",
            "结果连同计算依据已锁定。",
            "The result is fixed together with its inputs.",
        ),
    )
)

EFFECTS = table(
    EffectName(name, label(zh, en), label(help_zh, help_en), legs)
    for name, legs, zh, en, help_zh, help_en in (
        (
            "roll.freeze",
            CONSULTATION,
            "锁定表决名册",
            "Freeze the roll",
            "记下此刻的房屋、业主、面积和人数权重，之后的变动不影响本轮。",
            "Keeps units, owners and weights as they are now; later changes don't count.",
        ),
        (
            "result.freeze",
            CONSULTATION,
            "锁定表决结果",
            "Freeze the result",
            "把四项数字连同计算依据存档，可随时重算核对。",
            "Stores the four figures with their inputs, to be recomputed at any time.",
        ),
        (
            "round.open",
            CONSULTATION,
            "开始新一轮",
            "Begin another round",
            "结果未通过时继续征求意见：轮次加一，上一轮的结果留在历史记录里。",
            "Goes on asking after a result: counts up the round; the last result stays in history.",
        ),
        (
            "rating.request",
            GRIEVANCE,
            "请居民评价",
            "Ask for a rating",
            "居民的查询链接开始请其评星。",
            "The resident's tracking link asks for stars from now on.",
        ),
        (
            "rating.record",
            GRIEVANCE,
            "记入评价",
            "Keep the rating",
            "把居民填写的星级和评语记到诉求上，供三率统计。",
            "Keeps the stars and words of the resident with the grievance, for the three rates.",
        ),
    )
)

SOURCES = table(
    (
        SourceName(
            "decisions",
            label("会议决议", "Decisions of the meeting"),
            label(
                "每项已通过、尚无后续事项的决议产生一个子事项。",
                "One child for each accepted decision that has no follow-up yet.",
            ),
            MEETING,
            ("decision", "owner", "owner_party", "due_date"),
        ),
        SourceName(
            "entrances",
            label("楼门（单元）", "Entrances"),
            label(
                "协商范围内每个楼门（单元）产生一个子事项。",
                "One child for each entrance below the consultation's place.",
            ),
            CONSULTATION,
        ),
    )
)

CHANNELS = table(
    (
        Entry(
            "inapp",
            label("站内消息", "In-app bell"),
            label("显示在右上角的铃铛里。", "Shown under the bell on every page."),
        ),
        Entry(
            "email",
            label("电子邮件", "E-mail"),
            label("发到登录用户的邮箱。", "Sent to the address of the login."),
        ),
    )
)

RECIPIENTS = table(
    Entry(name, label(zh, en), label(help_zh, help_en))
    for name, zh, en, help_zh, help_en in (
        ("assignee", "承办人", "assignee", "办理此事项的人。", "The person in charge of the case."),
        ("creator", "登记人", "creator", "登记此事项的人。", "The person who opened the case."),
        (
            "party",
            "责任单位",
            "responsible party",
            "责任单位在该辖区的全部人员。",
            "Everybody who acts for the responsible party in that place.",
        ),
        (
            "invited",
            "参会各方",
            "invited parties",
            "会议通知到的各方及参会人员。",
            "The people of every party that the meeting is held with.",
        ),
        (
            "resident",
            "诉求人",
            "resident",
            "提出诉求的居民（通过查询链接和留下的邮箱）。",
            "The resident who raised it, by the tracking link and the address left.",
        ),
    )
)
"""Beside these: ``role:<Role>``, ``above:<Role>`` and ``field.<key>``."""

TEMPLATES = table(
    Entry(name, label(zh, en), label(help_zh, help_en))
    for name, zh, en, help_zh, help_en in (
        ("number", "编号", "number", "事项编号。", "The number of the case."),
        ("title", "标题", "title", "事项标题。", "The title of the case."),
        ("state", "状态", "state", "当前状态的名称。", "The label of the present state."),
        ("place", "地点", "place", "事项所在地点。", "The place of the case."),
        (
            "due",
            "时限",
            "due time",
            "所涉时限的到期时间；没有时限时为空。",
            "When the deadline that it is about is due; empty without one.",
        ),
        (
            "actor",
            "操作人",
            "actor",
            "执行操作的人；系统操作时为“系统”。",
            "Who acted; “system” for deadlines.",
        ),
        ("link", "链接", "link", "打开事项的地址。", "The address of the case page."),
    )
)

ROLES: dict[str, Label] = {
    **{str(name): label(text["zh"], text["en"]) for name, text in LABELS.items()},
    RESIDENT: label("诉求人", "the resident"),
    SYSTEM: label("系统", "the system"),
}

_DEADLINE_FACTS = {
    "met": label("按时完成", "met"),
    "breached": label("已超期", "breached"),
    "running": label("计时中", "running"),
}
_CHILDREN_FACTS = {
    "all_closed": (_YES_NO, label("全部结束", "all ended")),
    "all_done": (_YES_NO, label("全部办成", "all done")),
    "count": (_NUMBER, label("数量", "count")),
    "open": (_NUMBER, label("未结束数", "still open")),
}
FAMILIES = (
    "field.<key>",
    *(f"deadline.<key>.{word}" for word in _DEADLINE_FACTS),
    *(f"children.<key>.{word}" for word in _CHILDREN_FACTS),
)
_VALUES = {
    FieldType.NUMBER: ValueType.NUMBER,
    FieldType.MONEY: ValueType.NUMBER,
    FieldType.RATING: ValueType.NUMBER,
    FieldType.DATE: ValueType.MOMENT,
    FieldType.DATETIME: ValueType.MOMENT,
    FieldType.CHOICE: ValueType.ONE,
    FieldType.PERSON: ValueType.ONE,
    FieldType.PARTY: ValueType.ONE,
    FieldType.PLACE: ValueType.ONE,
    FieldType.CHOICES: ValueType.SEVERAL,
    FieldType.PARTIES: ValueType.SEVERAL,
    FieldType.FILES: ValueType.SEVERAL,
    FieldType.YES_NO: ValueType.YES_NO,
}
_FAMILY = re.compile(r"(deadline|children)\.(\w+)\.(\w+)")


def field_key(name: str) -> str | None:
    """The key in ``field.<key>``; None for any other name."""
    return name.removeprefix("field.") if name.startswith("field.") else None


def fact(name: str, spec: Workflow) -> FactName | None:
    """The fact of that name for cases of ``spec``; None when there is none."""
    known = FACTS.get(name)
    if known is not None:
        return known if not known.legs or spec.leg in known.legs else None
    key = field_key(name)
    if key is not None:
        return _field(name, key, spec)
    found = _FAMILY.fullmatch(name)
    if found is None:
        return None
    family, key, word = found.groups()
    return (
        _deadline(name, key, word, spec) if family == "deadline" else _child(name, key, word, spec)
    )


def _field(name: str, key: str, spec: Workflow) -> FactName | None:
    field = next((field for field in spec.fields if field.key == key), None)
    if field is None:
        return None
    options = {option.key: option.label for option in field.options} or None
    type_ = _VALUES.get(field.type, ValueType.TEXT)
    return FactName(name, field.label, field.help or field.label, type_, options=options)


def _deadline(name: str, key: str, word: str, spec: Workflow) -> FactName | None:
    owner = next((deadline for deadline in spec.deadlines if deadline.key == key), None)
    if owner is None or word not in _DEADLINE_FACTS:
        return None
    text = _of(owner.label, _DEADLINE_FACTS[word])
    return FactName(name, text, text)


def _child(name: str, key: str, word: str, spec: Workflow) -> FactName | None:
    owner = next((child for child in spec.children if child.key == key), None)
    if owner is None or word not in _CHILDREN_FACTS:
        return None
    type_, what = _CHILDREN_FACTS[word]
    text = _of(owner.label, what)
    return FactName(name, text, text, type_)


def _of(owner: Label, what: Label) -> Label:
    return label(f"“{owner.zh}”{what.zh}", f"“{owner.text('en')}” {what.text('en')}")
