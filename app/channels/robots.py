"""Robots of chat groups: WeCom 企业微信, DingTalk 钉钉, Feishu 飞书.

All three answer HTTP 200 to nearly everything; whether a message was taken stands in the body.
Their addresses carry the key, so the whole address is a secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import quote_plus

from app import clock
from app.channels import guard, text, wire
from app.channels.protocol import ChannelError, Message, Send, UnreachableError
from app.channels.settings import Field, Values, complete, field
from app.channels.wire import Answer, Client

_URL = field(
    "url",
    "Webhook 地址",
    "Webhook address",
    ("群机器人设置页中的完整地址。", "The whole address from the robot's page."),
    secret=True,
)
_SECRET = field(
    "secret",
    "加签密钥",
    "Signing secret",
    ("安全设置选了“加签”才需填写。", "Only when the robot's security is “signature”."),
    secret=True,
    required=False,
)
_JSON = {"Content-Type": "application/json; charset=utf-8"}


class _Robot:
    """``busy`` are answers to too many messages and how long to wait; ``never`` those that this
    very text will always get; ``setup`` those that every text gets until somebody mends what is set
    up here or there. All others are tried again."""

    inside = False
    fields: ClassVar[tuple[Field, ...]] = (_URL,)
    most: ClassVar[int]
    code: ClassVar[str] = "errcode"
    words: ClassVar[str] = "errmsg"
    busy: ClassVar[Mapping[int, float]] = {}
    never: ClassVar[frozenset[int]] = frozenset()
    setup: ClassVar[frozenset[int]] = frozenset()

    def __init__(self, values: Values, seconds: float = wire.SECONDS) -> None:
        """Raises InvalidError when the values will not do."""
        complete(self.fields, values)
        guard.refuse(values["url"], "url")
        self._secret = values.get("secret", "")
        self._client = Client(values["url"], seconds)

    @contextmanager
    def open(self) -> Iterator[Send]:
        yield self._send

    def _send(self, message: Message) -> None:
        body = json.dumps(self._body(text.fitting(message, self.most)), ensure_ascii=False)
        self._judge(self._client.post(body.encode(), _JSON, query=self._query()))

    def _body(self, content: str) -> dict[str, Any]:
        return {"msgtype": "text", "text": {"content": content}}

    def _query(self) -> str:
        return ""

    def _judge(self, answer: Answer) -> None:
        found = _object(answer.body)
        code = None if found is None else found.get(self.code)
        if found is None or not isinstance(code, int):
            wire.judge(answer)
            raise UnreachableError(f"this is no robot's answer: {wire.words(answer.body)}")
        if code == 0 and 200 <= answer.status < 300:
            return
        said = f"{self.code} {code}: {str(found.get(self.words, ''))[:300]}"
        if code in self.busy or answer.status == 429:
            raise UnreachableError(said, pause=answer.patience or self.busy.get(code, 60.0))
        if code in self.never:
            raise ChannelError(said, permanent=True)
        if code in self.setup or answer.status >= 300:
            raise UnreachableError(said)
        raise ChannelError(said)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


class WeCom(_Robot):
    """20 messages a minute; a text of at most 2,048 bytes."""

    most = 2048
    busy = {45009: 60.0, 45033: 5.0}
    never = frozenset({40008, 40058, 44004, 45002})
    setup = frozenset({40001, 93000, 93008, 93017})


class DingTalk(_Robot):
    """20 messages a minute, else silence for ten; a text of at most 20,000 bytes."""

    fields = (_URL, _SECRET)
    most = 18_000
    busy = {130101: 600.0, 130102: 600.0, 660026: 600.0, 90030: 600.0, 410100: 600.0, -1: 30.0}
    never = frozenset({40035, 43004, 50002, 50003})
    setup = frozenset({300001, 300005, 310000, 400013, 400101, 400102, 400105, 400106})

    def _query(self) -> str:
        if not self._secret:
            return ""
        at = str(int(clock.now().timestamp() * 1000))
        sign = hmac.digest(self._secret.encode(), f"{at}\n{self._secret}".encode(), hashlib.sha256)
        return f"timestamp={at}&sign={quote_plus(base64.b64encode(sign).decode())}"


class Feishu(_Robot):
    """5 messages a second and 100 a minute; a request of at most 20 KB."""

    fields = (_URL, _SECRET)
    most = 16_000
    code, words = "code", "msg"
    busy = {11232: 10.0, 11233: 10.0, 11247: 60.0, 230020: 10.0, 99991400: 60.0}
    never = frozenset({11246})
    setup = frozenset(range(19000, 19100))

    def _body(self, content: str) -> dict[str, Any]:
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": content}}
        if self._secret:
            at = str(int(clock.now().timestamp()))
            sign = hmac.digest(f"{at}\n{self._secret}".encode(), b"", hashlib.sha256)
            body |= {"timestamp": at, "sign": base64.b64encode(sign).decode()}
        return body
