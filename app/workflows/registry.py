"""The names that a workflow file may use, with what people read about them.

A name here selects code in ``app/services``; a name without code, or code without a name, fails a
test. Files can only ever choose from these lists, so nothing in a file is run.
"""

from __future__ import annotations

import re

from app.permissions import LABELS
from app.workflows.entries import EffectName, FactName, SourceName, ValueType, label, plain, table
from app.workflows.facts import CONSULTATION, EVERY, FACTS, GRIEVANCE, MEETING
from app.workflows.messages import CHANNELS, RECIPIENTS, TEMPLATES
from app.workflows.spec import RESIDENT, SYSTEM, FieldType, Label, Workflow

__all__ = [
    "CHANNELS",
    "CHILDREN_FACTS",
    "DEADLINE_FACTS",
    "EFFECTS",
    "FACTS",
    "FAMILIES",
    "LEGS",
    "RECIPIENTS",
    "ROLES",
    "SOURCES",
    "TEMPLATES",
    "VALUES",
    "fact",
    "field_key",
]

LEGS = plain(
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

EFFECTS = table(
    EffectName(name, label(zh, en), label(help_zh, help_en), legs)
    for name, legs, zh, en, help_zh, help_en in (
        (
            "case.reopen",
            EVERY,
            "计为重新办理",
            "Count as reopened",
            "重新办理次数加一。",
            "The case counts as reopened once more.",
        ),
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

ROLES: dict[str, Label] = {
    **{str(name): label(text["zh"], text["en"]) for name, text in LABELS.items()},
    RESIDENT: label("诉求人", "the resident"),
    SYSTEM: label("系统", "the system"),
}

DEADLINE_FACTS: dict[str, tuple[ValueType, Label]] = {
    "met": (ValueType.YES_NO, label("按时完成", "met")),
    "breached": (ValueType.YES_NO, label("已超期", "breached")),
    "running": (ValueType.YES_NO, label("正在计时", "running")),
    "asked": (ValueType.YES_NO, label("有待批的延期申请", "has an extension to be decided")),
    "extendable": (ValueType.YES_NO, label("可以申请延期", "may be extended")),
    "extensions": (ValueType.NUMBER, label("延期次数", "extensions")),
}
CHILDREN_FACTS: dict[str, tuple[ValueType, Label]] = {
    "all_closed": (ValueType.YES_NO, label("全部结束", "all ended")),
    "all_done": (ValueType.YES_NO, label("全部办成", "all done")),
    "count": (ValueType.NUMBER, label("数量", "count")),
    "open": (ValueType.NUMBER, label("未结束数", "still open")),
}
FAMILIES = (
    "field.<key>",
    *(f"deadline.<key>.{word}" for word in DEADLINE_FACTS),
    *(f"children.<key>.{word}" for word in CHILDREN_FACTS),
)
VALUES = {
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
    type_ = VALUES.get(field.type, ValueType.TEXT)
    return FactName(name, field.label, field.help or field.label, type_, options=options)


def _deadline(name: str, key: str, word: str, spec: Workflow) -> FactName | None:
    owner = next((deadline for deadline in spec.deadlines if deadline.key == key), None)
    if owner is None or word not in DEADLINE_FACTS:
        return None
    type_, what = DEADLINE_FACTS[word]
    text = _of(owner.label, what)
    return FactName(name, text, text, type_)


def _child(name: str, key: str, word: str, spec: Workflow) -> FactName | None:
    owner = next((child for child in spec.children if child.key == key), None)
    if owner is None or word not in CHILDREN_FACTS:
        return None
    type_, what = CHILDREN_FACTS[word]
    text = _of(owner.label, what)
    return FactName(name, text, text, type_)


def _of(owner: Label, what: Label) -> Label:
    return label(f"“{owner.zh}”{what.zh}", f"“{owner.text('en')}” {what.text('en')}")
