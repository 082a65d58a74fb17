"""Which browser on which device, in words: what a browser calls itself is for machines."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

BROWSERS: tuple[tuple[str, Any], ...] = (
    ("wxwork", _l("WeCom")),
    ("MicroMessenger", _l("WeChat")),
    ("DingTalk", _l("DingTalk")),
    ("Lark", _l("Feishu")),
    ("HuaweiBrowser", _l("Huawei Browser")),
    ("MiuiBrowser", _l("Xiaomi Browser")),
    ("HeyTapBrowser", _l("OPPO Browser")),
    ("VivoBrowser", _l("vivo Browser")),
    ("QQBrowser", _l("QQ Browser")),
    ("UCBrowser", _l("UC Browser")),
    ("360SE", _l("360 Browser")),
    ("QihooBrowser", _l("360 Browser")),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
"""By what stands in the name; the more special ones first, since all call themselves Safari."""
DEVICES: tuple[tuple[str, Any], ...] = (
    ("OpenHarmony", _l("HarmonyOS device")),
    ("HarmonyOS", _l("HarmonyOS device")),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", _l("Android device")),
    ("Windows", _l("Windows computer")),
    ("Macintosh", _l("Mac computer")),
    ("Linux", _l("Linux computer")),
)


def named(text: str) -> str:
    """``WeChat · Android device``."""
    found = [next((word for mark, word in of if mark in text), None) for of in (BROWSERS, DEVICES)]
    words = " · ".join(str(word) for word in found if word is not None)
    return words or str(_("Unknown browser"))
