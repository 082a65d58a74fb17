"""The columns of the household register, and the words that their cells may hold."""

from __future__ import annotations

from app.models import AreaSource, OwnerKind
from app.services.tables import Field

SOURCES = {
    "产权登记": AreaSource.REGISTERED,
    "登记": AreaSource.REGISTERED,
    "实测": AreaSource.SURVEYED,
    "测绘": AreaSource.SURVEYED,
    "合同": AreaSource.CONTRACT,
    **{each.value: each for each in AreaSource},
}
KINDS = {
    "自然人": OwnerKind.PERSON,
    "个人": OwnerKind.PERSON,
    "单位": OwnerKind.ORGANISATION,
    "企业": OwnerKind.ORGANISATION,
    "开发商": OwnerKind.DEVELOPER,
    "建设单位": OwnerKind.DEVELOPER,
    **{each.value: each for each in OwnerKind},
}

FIELDS = (
    Field(
        "building",
        {"zh": "楼栋", "en": "Building"},
        required=True,
        help={"zh": "例如：4号楼。只写数字 4 也可以。", "en": "For example 4号楼, or just 4."},
        aliases=("楼号", "幢", "栋"),
    ),
    Field(
        "entrance",
        {"zh": "单元", "en": "Entrance"},
        help={"zh": "没有单元的楼可以不填。", "en": "Left empty where a building has none."},
        aliases=("门洞",),
    ),
    Field(
        "unit",
        {"zh": "房号", "en": "Unit"},
        required=True,
        help={"zh": "例如：501", "en": "For example 501"},
        aliases=("室号", "房间号", "室"),
    ),
    Field(
        "area",
        {"zh": "建筑面积", "en": "Area"},
        required=True,
        help={"zh": "专有部分面积，平方米，最多两位小数。", "en": "In m², at most two decimals."},
        aliases=("面积", "专有部分面积"),
    ),
    Field(
        "source",
        {"zh": "面积来源", "en": "Source of the area"},
        help={
            "zh": "产权登记、实测或合同；不填按产权登记。",
            "en": "registered, surveyed or contract; empty: registered.",
        },
        choices=("产权登记", "实测", "合同"),
    ),
    Field("floor", {"zh": "楼层", "en": "Floor"}, aliases=("层",)),
    Field(
        "households",
        {"zh": "户数", "en": "Households"},
        help={"zh": "合住户大于 1。", "en": "More than 1 for a shared flat."},
    ),
    Field(
        "owners",
        {"zh": "业主", "en": "Owners"},
        help={
            "zh": "共有人用顿号隔开：张三、李四。",
            "en": "Several co-owners separated by commas.",
        },
        aliases=("业主姓名", "产权人", "姓名"),
    ),
    Field(
        "kind",
        {"zh": "业主类型", "en": "Kind of owner"},
        help={
            "zh": "自然人、单位或开发商；不填按自然人。",
            "en": "person, organisation or developer; empty: person.",
        },
        choices=("自然人", "单位", "开发商"),
    ),
    Field(
        "phone",
        {"zh": "电话", "en": "Telephone"},
        help={
            "zh": "与业主一一对应，用顿号隔开。同名同电话的算同一位业主。",
            "en": "In the order of the owners. The same name and number is one owner.",
        },
        aliases=("联系电话", "手机", "手机号"),
    ),
)
