"""The kinds of channels that are set up on a screen, each as often as wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.channels.protocol import Channel
from app.channels.relay import Relay
from app.channels.robots import DingTalk, Feishu, WeCom
from app.channels.settings import Field, Values
from app.channels.sms import Sms
from app.channels.webhook import Webhook

Windows = tuple[tuple[int, float], ...]
"""So many messages within so many seconds at most."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``personal``: each message has a person's address; else it goes to whoever is listening.
    ``make`` raises InvalidError when the values will not do."""

    fields: tuple[Field, ...]
    make: Callable[[Values], Channel]
    windows: Windows = ()
    personal: bool = False


KINDS: dict[str, Kind] = {
    "sms": Kind(Sms.fields, Sms, personal=True),
    "wecom": Kind(WeCom.fields, WeCom, ((20, 60.0),)),
    "dingtalk": Kind(DingTalk.fields, DingTalk, ((20, 60.0),)),
    "feishu": Kind(Feishu.fields, Feishu, ((5, 1.0), (100, 60.0))),
    "webhook": Kind(Webhook.fields, Webhook),
    "apprise": Kind(Relay.fields, Relay),
}
