"""Browsers in words: nobody in a community reads what they call themselves."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from app.views import browsers

WECHAT = (
    "Mozilla/5.0 (Linux; Android 12; HarmonyOS; TAS-AL00) AppleWebKit/537.36 Chrome/114.0 "
    "Mobile Safari/537.36 MicroMessenger/8.0.47"
)
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126 Safari/537.36 Edg/1"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1"


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        (WECHAT, "微信 · 鸿蒙手机或平板", "WeChat · HarmonyOS device"),
        (EDGE, "Edge · Windows 电脑", "Edge · Windows computer"),
        (IPHONE, "Safari · iPhone", "Safari · iPhone"),
        ("curl/8.5.0", "未知浏览器", "Unknown browser"),
        ("", "未知浏览器", "Unknown browser"),
    ],
)
def test_a_browser_is_named_with_its_device(app: Flask, text: str, zh: str, en: str) -> None:
    with app.test_request_context():
        with force_locale("zh"):
            assert browsers.named(text) == zh
        with force_locale("en"):
            assert browsers.named(text) == en
