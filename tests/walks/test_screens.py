"""Every screen as every role, at the desk and on the phone, in Chinese and English, light and dark.

``make screens`` walks them all, and first a sample that has each screen once.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import MapAdapter

from app.services.demo import town as demo
from tests.walks import towns
from tests.walks.conftest import SHOTS
from tests.walks.looks import LANGUAGES, LOOKS, Look
from tests.walks.screens import Crawl, Screen
from tests.walks.walkers import Walker, walking

pytestmark = pytest.mark.browser

PEOPLE = (*(post.login for post in demo.POSTS[:9]), None)
"""The nine roles of the demo, and a resident, who has no login."""
RESIDENT = (
    *("/login/", "/r/", "/r/?q=榆荫里", "/nowhere/"),
    *(f"/r/t/{token}" for token in towns.LINKS.values()),
)
"""Where a resident begins: the notice at the gate, and the link that the community sent."""
STARTS = ("/", "/settings/", "/account/", "/nowhere/", "/search/?q=榆荫")


@pytest.fixture(scope="session")
def rules(app: Flask) -> MapAdapter:
    return app.url_map.bind("127.0.0.1")


def crawl(walker: Walker, rules: MapAdapter, most: int = 500) -> list[Screen]:
    kinds: dict[object, str] = {token: state for state, token in towns.LINKS.items()}
    for case_id, leg, closed in walker.site.ask(
        'SELECT id, leg, closed_at IS NOT NULL FROM "case"'
    ):
        kinds[case_id] = f"{leg}{'-closed' if closed else ''}"
    moves = walker.site.ask("SELECT workflow_id, id FROM migration")
    starts = [*STARTS, *(f"/workflows/{row[0]}/moves/{row[1]}" for row in moves)]
    return Crawl(walker.get, rules, kinds, most).follow(starts if walker.login else RESIDENT)


@pytest.mark.screens
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("login", PEOPLE)
def test_every_screen_in_every_look(chromium, town, rules, login, language):
    with walking(chromium, town, login) as walker:
        walker.speak(language)
        for screen in crawl(walker, rules):
            walker.look(screen, language, LOOKS, shots=True, thorough=True)
    _keep(walker.faults, SHOTS / (login or "resident") / language / "faults.json")
    assert walker.faults == []


def _keep(faults: list[str], path: Path) -> None:
    """For reading: pytest shortens long lists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(faults, ensure_ascii=False, indent=1), "utf-8")


SAMPLE = (
    (Look("desk", "light"), Look("phone", "dark")),
    (Look("phone", "light"), Look("desk", "dark")),
)
NO_SCREEN = re.compile(
    r"static|\w+View\.(action|export|download)"  # files, and questions before an action
    r"|\w+\.(lookup|scopes|venues|places|find)"  # answers for searching selects
    r"|(files|public|exports)\.(download|preview)|\w+\.(export|template|file)|monitor\.\w+"
    r"|definitions\.(draw_picture|figures_export|find_place)"  # parts, files, answers
    r"|HomeView\.figures"  # comes after the home page
    r"|RuleSetView\.(edit|delete)"  # nobody may: those of the law are in use
)


@pytest.mark.screens
@pytest.mark.timeout(900)
def test_every_screen_once(chromium, town, rules):
    """Each at both widths. Axe and the keyboard try each kind of screen once; each kind is shown
    in both languages, and each role has its turn."""
    faults: list[str] = []
    tried: set[str] = set()
    shown: set[str] = set()
    for turn, login in enumerate(PEOPLE):
        with walking(chromium, town, login) as walker:
            everything = login in ("shuji", "admin", None)
            screens = crawl(walker, rules, 500 if everything else 6)
            for language in LANGUAGES:
                walker.speak(language)
                for number, screen in enumerate(screens):
                    kind = f"{screen.template} {language}"
                    if number and kind in shown and screen.name in shown:
                        continue
                    shown |= {kind, screen.name}
                    thorough = screen.template not in tried
                    tried.add(screen.template)
                    looks = SAMPLE[(turn + number) % 2]
                    walker.look(screen, language, looks, shots=False, thorough=thorough)
            faults += walker.faults
    _keep(faults, SHOTS / "faults.json")
    assert faults == []
    assert missing(rules, shown) == []


def missing(rules: MapAdapter, shown: set[str]) -> list[str]:
    """What no link leads to, though it is no file and no part of another screen."""
    walked = {name.partition("-")[0] for name in shown}
    return sorted(
        {
            rule.endpoint
            for rule in rules.map.iter_rules()
            if "GET" in (rule.methods or ())
            and rule.endpoint not in walked
            and not NO_SCREEN.fullmatch(rule.endpoint)
        }
    )
