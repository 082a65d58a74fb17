"""Signing in, in a real browser."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_the_secretary_signs_in_and_sees_the_navigation_in_chinese(enter, shoot):
    page = enter("secretary")
    shoot(page, "home-desk")
    assert page.get_by_text("舒记").first.is_visible()


def test_the_same_on_a_phone_does_not_scroll_sideways(enter, shoot):
    page = enter("secretary", phone=True)
    shoot(page, "home-phone")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
