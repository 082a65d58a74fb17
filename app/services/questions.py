"""What is asked of somebody who registers a grievance, beside the workflow's own form."""

from __future__ import annotations

from app.models import Source
from app.workflows.spec import FieldSpec, FieldType, FormField, Label, Option

TITLE = FieldSpec(
    key="title", label=Label(zh="事由", en="What it is about"), type=FieldType.TEXT, max_length=200
)
PLACE = FieldSpec(key="place_id", label=Label(zh="小区或地点", en="Place"), type=FieldType.PLACE)
REPORTER = FieldSpec(
    key="reporter", label=Label(zh="联系人", en="Name"), type=FieldType.TEXT, max_length=50
)
PHONE = FieldSpec(
    key="phone",
    label=Label(zh="联系电话", en="Telephone"),
    type=FieldType.PHONE,
    help=Label(zh="只有办理的人能看到全部号码。", en="Only those who handle it see all of it."),
)
ADDRESS = FieldSpec(
    key="address",
    label=Label(zh="具体地址", en="Address"),
    type=FieldType.TEXT,
    max_length=200,
    help=Label(zh="如：4号楼1单元门口", en="e.g. building 4, in front of entrance 1"),
)
EMAIL = FieldSpec(
    key="email", label=Label(zh="电子邮箱", en="E-mail"), type=FieldType.TEXT, max_length=200
)
MESSAGES = FieldSpec(
    key="messages",
    label=Label(zh="用短信或邮件告知办理进展", en="Tell of progress by message"),
    type=FieldType.YES_NO,
)
SOURCE = FieldSpec(
    key="source",
    label=Label(zh="来源", en="How it came in"),
    type=FieldType.CHOICE,
    options=tuple(
        Option(key=key, label=Label(zh=zh, en=en))
        for key, zh, en in (
            (Source.PHONE, "电话", "Telephone"),
            (Source.VISIT, "来访", "Visit"),
            (Source.CHAT, "微信群", "Chat group"),
            (Source.PATROL, "巡查发现", "Patrol"),
            (Source.PROPERTY, "物业上报", "From the property company"),
            (Source.HOTLINE, "12345 热线", "12345 hotline"),
        )
    ),
)
BY_STAFF = (
    FormField(field="source", required=True),
    FormField(field="reporter"),
    FormField(field="phone"),
    FormField(field="email"),
    FormField(field="messages"),
    FormField(field="address"),
)
BY_RESIDENT = (
    FormField(field="reporter", required=True),
    FormField(field="phone", required=True),
    FormField(field="email"),
    FormField(field="messages"),
    FormField(field="address"),
)
EXTRA = {spec.key: spec for spec in (REPORTER, PHONE, EMAIL, MESSAGES, ADDRESS, SOURCE)}
