"""The cells of a row of the household register, as they are typed."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from app.services.imports import Finding
from app.services.tables import Line, narrow


class Given:
    """The cells of a row, read one by one; what is wrong goes to ``findings``."""

    def __init__(self, line: Line, findings: list[Finding]) -> None:
        self.line, self.findings = line, findings

    def _cell(self, key: str) -> str:
        return " ".join(narrow(self.line.values.get(key, "")).split())

    def _bad(self, key: str, zh: str, en: str) -> None:
        self.findings.append(Finding({"zh": zh, "en": en}, key))

    def _name(self, key: str, ending: str, *, required: bool) -> str:
        text = self._cell(key)
        if not text and required:
            self._bad(key, "没有填写。", "Is empty.")
        if len(text) > 40:
            self._bad(key, "太长，最多 40 个字。", "Too long: 40 characters at most.")
        return f"{text}{ending}" if text.isdecimal() else text

    def building(self) -> str:
        return self._name("building", "号楼", required=True)

    def entrance(self) -> str:
        return self._name("entrance", "单元", required=False)

    def unit(self) -> str:
        return self._name("unit", "", required=True)

    def area(self) -> Decimal | None:
        text = re.sub(r"(㎡|m2|平方米|平米|,)", "", self._cell("area"), flags=re.IGNORECASE).strip()
        if not text:
            self._bad("area", "没有填写。", "Is empty.")
            return None
        try:
            area = Decimal(text)
        except InvalidOperation:
            area = Decimal("NaN")
        if not area.is_finite() or not 0 < area < 1_000_000:
            self._bad(
                "area",
                f"“{text[:20]}”不是面积。请填大于 0 的数字，单位平方米，例如 88.50。",
                f"“{text[:20]}” is no area. Enter a number of m² above 0, for example 88.50.",
            )
            return None
        if area != round(area, 2):
            self._bad("area", "最多两位小数。", "At most two decimal places.")
            return None
        return area

    def word(self, key: str, words: dict[str, Any], usual: Any) -> Any:
        text = self._cell(key)
        if text and text.lower() not in words:
            offered = "、".join(each for each in words if not each.isascii())
            plain = ", ".join(each for each in words if each.isascii())
            self._bad(key, f"不认识“{text[:20]}”。可以填：{offered}。", f"May be one of: {plain}.")
        return words.get(text.lower(), usual)

    def number(self, key: str, least: int, most: int) -> int | None:
        text = self._cell(key)
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,6}", text) or not least <= int(text) <= most:
            self._bad(
                key,
                f"请填 {least} 到 {most} 的整数。",
                f"Enter a whole number from {least} to {most}.",
            )
            return None
        return int(text)

    def owners(self) -> list[tuple[str, str]]:
        names = [part for part in _split(self._cell("owners")) if part]
        phones = [re.sub(r"[\s()-]", "", part) for part in _split(self._cell("phone"))]
        phones = phones if any(phones) else []
        for phone in phones:
            if phone and not re.fullmatch(r"\+?[0-9]{3,20}", phone):
                self._bad(
                    "phone",
                    f"“{phone[:20]}”不是电话号码，只能有数字。",
                    f"“{phone[:20]}” is no telephone number: digits only.",
                )
        if phones and len(phones) != len(names):
            self._bad(
                "phone",
                f"有 {len(names)} 位业主、{len(phones)} 个电话，对不上。请一一对应，用顿号隔开。",
                f"{len(names)} owners but {len(phones)} numbers: give one for each.",
            )
        if any(len(name) > 100 for name in names):
            self._bad("owners", "姓名太长。", "A name is too long.")
        padded = phones + [""] * (len(names) - len(phones))
        return list(dict.fromkeys(zip(names, padded, strict=False)))


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[、,;/]", text)]
