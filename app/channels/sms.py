"""Text messages through the HTTP interface of whatever provider a place has.

The request is a template of JSON: its strings may name values in braces, and the values go in
after it was read, so that no text can break out of it. Whether the message was taken stands in the
answer's body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from app.channels import guard, text, wire
from app.channels.protocol import ChannelError, Message, Send, UnreachableError
from app.channels.settings import Values, complete, field, refusal
from app.channels.wire import Answer, Client

NAMES = ("phone", "text", "subject", "id", "secret")
_NAME = re.compile(r"\{([^{}\s:\"]*)\}")
_PHONE = re.compile(r"\+?[0-9]{5,15}")

FIELDS = (
    field("url", "接口地址", "Address of the interface"),
    field(
        "request",
        "请求模板",
        "Request",
        (
            "JSON 对象；可用 {phone} {text} {subject} {id} {secret}。",
            "A JSON object; it may use {phone} {text} {subject} {id} {secret}.",
        ),
        lines=True,
        default='{"mobile": "{phone}", "content": "{text}", "apikey": "{secret}"}',
    ),
    field(
        "format",
        "发送格式",
        "Sent as",
        ("json：请求体；form：表单；query：网址参数。", "json, form, or query of the address."),
        choices=("json", "form", "query"),
        default="json",
    ),
    field(
        "headers",
        "请求头",
        "Headers",
        ('JSON 对象，如 {"Authorization": "Bearer {secret}"}。', "A JSON object."),
        required=False,
        lines=True,
    ),
    field(
        "secret",
        "密钥",
        "Secret",
        ("模板中的 {secret}，加密保存。", "{secret} in the request; kept encrypted."),
        secret=True,
        required=False,
    ),
    field(
        "code",
        "结果字段",
        "Field of the result",
        ("应答中表示结果的字段，如 code 或 data.status。", "Such as code, or data.status."),
        default="code",
    ),
    field(
        "success", "成功值", "Value of success", ("如 0 或 OK。", "Such as 0 or OK."), default="0"
    ),
    field(
        "never",
        "不再重试的值",
        "Values that are final",
        ("用逗号分开，如号码错误。", "Separated by commas, such as “wrong number”."),
        required=False,
    ),
    field(
        "busy",
        "稍后再试的值",
        "Values of too many",
        ("用逗号分开，如超出频率。", "Separated by commas; sent again after a minute."),
        required=False,
    ),
    field(
        "length",
        "最多字节",
        "Most bytes",
        ("超出部分截短并附链接。", "What is longer is cut, with the link kept."),
        default="900",
    ),
)


class Sms:
    inside = False
    fields = FIELDS

    def __init__(self, values: Values, seconds: float = wire.SECONDS) -> None:
        """Raises InvalidError when the values will not do."""
        complete(FIELDS, values)
        guard.refuse(values["url"], "url")
        self._request = _template("request", values["request"], values)
        self._headers = _template("headers", values.get("headers") or "{}", values)
        self._format = values["format"]
        self._secret = values.get("secret", "")
        self._path = tuple(part for part in values["code"].strip().split(".") if part)
        self._success = values["success"].strip()
        self._never, self._busy = _listed(values, "never"), _listed(values, "busy")
        self._most = _length(values["length"])
        self._client = Client(values["url"], seconds)

    @contextmanager
    def open(self) -> Iterator[Send]:
        yield self._send

    def _send(self, message: Message) -> None:
        if not _PHONE.fullmatch(message.address):
            raise ChannelError("not a telephone number", permanent=True)
        found = {
            "phone": message.address,
            "text": text.fitting(message, self._most),
            "subject": message.subject,
            "id": message.key,
            "secret": self._secret,
        }
        request = filled(self._request, found)
        headers = {name: _line(value) for name, value in filled(self._headers, found).items()}
        self._judge(self._call(request, headers))

    def _call(self, request: dict[str, Any], headers: dict[str, str]) -> Answer:
        if self._format == "json":
            body = json.dumps(request, ensure_ascii=False).encode()
            return self._client.post(body, {"Content-Type": "application/json", **headers})
        pairs = urlencode({name: _plain(value) for name, value in request.items()})
        if self._format == "query":
            return self._client.call("GET", self._client.path(pairs), None, headers)
        kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self._client.post(pairs.encode(), {**kind, **headers})

    def _judge(self, answer: Answer) -> None:
        code = _found(answer.body, self._path)
        if code is None:
            wire.judge(answer)
            raise UnreachableError(
                f"the answer has no {'.'.join(self._path)}: {wire.words(answer.body)}"
            )
        if code == self._success and 200 <= answer.status < 300:
            return
        said = f"{'.'.join(self._path)} {code}: {wire.words(answer.body)}"
        if code in self._never:
            raise ChannelError(said, permanent=True)
        if code in self._busy or answer.status == 429:
            raise UnreachableError(said, pause=answer.patience or 60.0)
        raise ChannelError(said)


def _template(name: str, written: str, values: Values) -> dict[str, Any]:
    try:
        found = json.loads(written)
    except ValueError as error:
        raise refusal(name, f"不是有效的 JSON：{error}", f"No valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise refusal(name, "应为 JSON 对象，如 {…}。", "It must be a JSON object, {…}.")
    used = {each for written in _strings(found) for each in _NAME.findall(written)}
    for unknown in sorted(used - set(NAMES)):
        known = "、".join(f"{{{each}}}" for each in NAMES)
        raise refusal(
            name,
            f"没有名为 {{{unknown}}} 的值，可用：{known}。",
            f"There is no {{{unknown}}}; known are {known.replace('、', ', ')}.",
        )
    if "secret" in used and not values.get("secret"):
        raise refusal("secret", "模板用到了 {secret}，请填写密钥。", "The request uses {secret}.")
    if name == "request" and not {"phone", "text"} <= used:
        raise refusal(
            name, "模板必须包含 {phone} 和 {text}。", "It must contain {phone} and {text}."
        )
    return found


def filled(template: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The template with its names replaced, in strings only and once only."""
    found: dict[str, Any] = _walk(
        template, lambda written: _NAME.sub(lambda name: values[name[1]], written)
    )
    return found


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _walk(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_walk(each, change) for each in value]
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(value: Any) -> str:
    """Fit for a header: one line of ASCII."""
    return quote(" ".join(_plain(value).split()), safe=" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _listed(values: Values, name: str) -> frozenset[str]:
    parts = re.split(r"[,，\s]+", values.get(name, ""))
    return frozenset(part for part in parts if part)


def _length(written: str) -> int:
    if not (written.isascii() and written.isdecimal() and 60 <= int(written) <= 5000):
        raise refusal("length", "请填写 60 到 5000 之间的整数。", "A number from 60 to 5000.")
    return int(written)


def _found(body: bytes, path: tuple[str, ...]) -> str | None:
    """The value at ``path`` of the answer, as text; None when there is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    for part in path:
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return None
    return None if isinstance(value, dict | list) else _plain(value)
