"""Numbers written in Chinese characters, below one hundred million."""

from __future__ import annotations

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_STEPS = {"十": 10, "百": 100, "千": 1000}


def read(text: str) -> int | None:
    """``三十五`` is 35, ``一千一百九十九`` 1199, ``两万零五`` 20005; None if it is no number."""
    total = section = digit = 0
    last_step = 10**5
    pending = False
    for sign in text:
        if sign in _DIGITS:
            if pending and digit:
                return None
            digit, pending = _DIGITS[sign], True
        elif sign in _STEPS:
            step = _STEPS[sign]
            if step >= last_step or (pending and not digit):
                return None
            section += (digit or 1) * step
            digit, pending, last_step = 0, False, step
        elif sign == "万" and not total:
            total, section, digit, pending, last_step = (
                (section + digit) * 10_000,
                0,
                0,
                False,
                10**5,
            )
            if not total:
                return None
        else:
            return None
    return total + section + digit if text else None
