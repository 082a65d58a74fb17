"""Signed calls to another program, after the Standard Webhooks specification.

The receiver checks ``webhook-signature`` against the HMAC-SHA256 of ``id.timestamp.body``, refuses
a timestamp more than five minutes off, and drops an id that it has seen: docs/channels.md shows
how in ten lines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager

from app import clock
from app.channels import guard, wire
from app.channels.protocol import Message, Send
from app.channels.settings import Values, complete, field, refusal
from app.channels.wire import Client

PREFIX = "whsec_"
LEAST = 16

FIELDS = (
    field(
        "url",
        "接收地址",
        "Address",
        (
            "接收方程序的网址；默认不能是内网地址。",
            "Of the receiving program; by default not in a private network.",
        ),
    ),
    field(
        "secret",
        "签名密钥",
        "Signing secret",
        (
            f"至少 {LEAST} 个字符，或 {PREFIX} 开头的 Base64。",
            f"At least {LEAST} characters, or base64 after {PREFIX}.",
        ),
        secret=True,
    ),
    field(
        "old_secret",
        "旧签名密钥",
        "Previous secret",
        (
            "更换密钥期间填写：两个签名同时发送。",
            "While the secret is being changed: both signatures are sent.",
        ),
        secret=True,
        required=False,
    ),
)


class Webhook:
    inside = False
    fields = FIELDS

    def __init__(self, values: Values, seconds: float = wire.SECONDS) -> None:
        """Raises InvalidError when the values will not do."""
        complete(FIELDS, values)
        guard.refuse(values["url"], "url")
        self._keys = [
            _key(name, values[name]) for name in ("secret", "old_secret") if values.get(name)
        ]
        self._client = Client(values["url"], seconds)

    @contextmanager
    def open(self) -> Iterator[Send]:
        yield self._send

    def _send(self, message: Message) -> None:
        body = payload(message)
        headers = signed(identity(message), int(clock.now().timestamp()), body, self._keys)
        wire.judge(self._client.post(body, {"Content-Type": "application/json", **headers}))


def _key(name: str, secret: str) -> bytes:
    if secret.startswith(PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            key = b""
    else:
        key = secret.encode()
    if len(key) < LEAST:
        raise refusal(
            name,
            f"签名密钥太短或不是有效的 Base64，至少 {LEAST} 个字节。",
            f"The secret is too short or no base64; it has at least {LEAST} bytes.",
        )
    return key


def identity(message: Message) -> str:
    """The same for every attempt of a notice: by it the receiver drops a repetition."""
    return f"msg_{hashlib.sha256(message.key.encode()).hexdigest()[:32]}"


def payload(message: Message) -> bytes:
    found = {
        "type": f"notice.{message.topic}",
        "timestamp": message.at.isoformat(),
        "data": {
            "language": message.language,
            "subject": message.subject,
            "text": message.body,
            "link": message.link,
        },
    }
    return json.dumps(found, ensure_ascii=False).encode()


def signed(identity_: str, at: int, body: bytes, keys: list[bytes]) -> dict[str, str]:
    """The three headers; one signature for each key."""
    content = f"{identity_}.{at}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys
    ]
    return {
        "webhook-id": identity_,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }
