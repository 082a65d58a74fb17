"""What a notice of a workflow file may name: channels, recipients, and what its texts fill in."""

from __future__ import annotations

from app.workflows.entries import plain

CHANNELS = plain(
    (
        "inapp",
        "站内消息",
        "In-app bell",
        "显示在右上角的铃铛里。",
        "Shown under the bell on every page.",
    ),
    (
        "email",
        "电子邮件",
        "E-mail",
        "发到登录用户的邮箱。",
        "Sent to the address of the login.",
    ),
    (
        "sms",
        "短信",
        "Text message",
        "发到本人留下的手机号。",
        "To the person's telephone number.",
    ),
    (
        "wecom",
        "企业微信群",
        "WeCom group",
        "发到本辖区或上级设置的群。",
        "To the group set up for the place, or the nearest above.",
    ),
    (
        "dingtalk",
        "钉钉群",
        "DingTalk group",
        "发到本辖区或上级设置的群。",
        "To the group set up for the place, or the nearest above.",
    ),
    (
        "feishu",
        "飞书群",
        "Feishu group",
        "发到本辖区或上级设置的群。",
        "To the group set up for the place, or the nearest above.",
    ),
    (
        "webhook",
        "对接其他系统",
        "Webhook",
        "发给本辖区或上级设置的其他系统，带签名。",
        "Signed, to another program of the place or the nearest above.",
    ),
    (
        "apprise",
        "其他渠道（Apprise）",
        "Others by Apprise",
        "发到本辖区或上级设置的其他服务。",
        "To another service set up for the place or the nearest above.",
    ),
)

RECIPIENTS = plain(
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
"""Beside these: ``role:<Role>``, ``above:<Role>`` and ``field.<key>``."""

TEMPLATES = plain(
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
