"""Files that are made to do harm: refused in bounded time and memory, at their place, in words.

Each is read and checked in a process of its own whose memory and time the system limits.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.workflows import files
from app.workflows.check import check
from app.workflows.spec import Workflow

HEAD = "key: a\nlabel: a\nstart: s0\n"
ONE = HEAD + "states: [{key: s0, label: x}]\n"
STEP = "transitions: [{key: t, label: t, from: s0, roles: [Secretary], when: %s}]\n"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)

FILES: dict[str, tuple[str, int, str, str]] = {
    "an alias bomb": (LAUGHS, 1, "", "anchors and aliases"),
    "an alias to itself": ("a: &a [*a]\n", 1, "", "anchors and aliases"),
    "a merge key": (HEAD + "states:\n  - <<: *x\n", 5, "", "anchors and aliases"),
    "a tag that runs": (HEAD + "help: !!python/object/apply:os.system [id]\n", 4, "", "tags"),
    "a tag of one's own": (HEAD + "help: !!binary aGVsbG8=\n", 4, "", "tags"),
    "10,000 states": (
        HEAD + "states:\n" + "".join(f"- {{key: s{i}, label: x}}\n" for i in range(10_000)),
        8336, "", "too much in one file",
    ),
    "1,000 states": (
        HEAD + "states:\n" + "".join(f"- {{key: s{i}, label: x}}\n" for i in range(1_000)),
        5, "states", "at most 500 entries",
    ),
    "10,000 faulty states": (
        HEAD + "states:\n" + "".join(f"- {{kay: s{i}}}\n" for i in range(10_000)),
        5, "states[0].kay", "no such entry",
    ),
    "20,000 unknown keys": ("".join(f"k{i}: 1\n" for i in range(20_000)), 1, "k0", "no such entry"),
    "a key given twice": (HEAD + "start: s1\n", 4, "start", "twice"),
    "brackets without end": (HEAD + "states: " + "[" * 500_000, 4, "", "nested too deep"),
    "braces without end": (HEAD + "states: " + "{a: " * 100_000, 4, "", "nested too deep"),
    "a condition 30 deep": (
        ONE + STEP % ("{not: " * 30 + "{fact: x}" + "}" * 30),
        5, "transitions[0].when.not", "nested deeper than 12",
    ),
    "every step from every state": (
        HEAD + "states:\n" + "".join(f"- {{key: s{i}, label: x}}\n" for i in range(500))
        + "transitions:\n"
        + "".join(f"- {{key: t{i}, label: x, from: '*', to: s1}}\n" for i in range(100)),
        1, "", "too many steps in all",
    ),
    "a number of 18 digits": (
        ONE + STEP % f"{{fact: children.count, op: ge, value: {'9' * 18}}}",
        5, "transitions[0].when.value", "too large",
    ),
}  # fmt: skip

CHECKED: dict[str, tuple[str, str, str]] = {
    "a fact like a Python path": (STEP % "{fact: os.system}", "unknown_fact", "os.system"),
    "a fact that is a call": (
        STEP % "{fact: \"__import__('os').system('id')\"}", "unknown_fact", "__import__",
    ),
    "a fact inside a fact": (STEP % "{fact: field.__class__}", "unknown_fact", "field.__class__"),
    "an effect like a Python path": (
        "transitions: [{key: t, label: t, from: s0, effects: [{run: subprocess.run}]}]\n",
        "unknown_effect", "subprocess.run",
    ),
    "a placeholder that looks inside": (
        "notices: [{key: n, to: party, subject: '{title.__class__}', body: x}]\n",
        "unknown_placeholder", "title.__class__",
    ),
    "a child of itself": (
        "children: [{key: c, label: c, workflow: a, per: decisions}]\n", "child_circle", "a → a",
    ),
    "8,000 unknown facts": (
        STEP % ("{any: [" + ", ".join(f"{{fact: field.f{i}}}" for i in range(8_000)) + "]}"),
        "too_many", "too many errors",
    ),
}  # fmt: skip

RUN = """
import json, sys, tracemalloc
from pathlib import Path
from app.workflows import files
from app.workflows.check import check
tracemalloc.start()
try:
    spec = files.load(Path(sys.argv[1]), "x.yaml")
    found = check(spec, known={spec.key: spec})
    said = [{"code": f.code, "path": f.path, "text": f.text.both()} for f in found]
except files.FileError as error:
    said = [{"line": f.line, "path": f.path, "text": f.text.both()} for f in error.faults]
print(json.dumps({"said": said, "peak": tracemalloc.get_traced_memory()[1]}))
"""


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
    resource.setrlimit(resource.RLIMIT_CPU, (40, 40))


def read(path: Path) -> list[dict[str, Any]]:
    """What is said of the file; fails when it takes more than its share."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path)],
        preexec_fn=_limited,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    assert answer["peak"] < 100_000_000
    said: list[dict[str, Any]] = answer["said"]
    return said


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_at_its_place(name: str, tmp_path: Path) -> None:
    text, line, path, words = FILES[name]
    file = tmp_path / "x.yaml"
    file.write_text(text, "utf-8")
    said = read(file)
    assert 1 <= len(said) <= 100
    assert (said[0]["line"], said[0]["path"]) == (line, path), said[0]
    assert any(words in one["text"]["en"] for one in said)
    assert said[0]["text"]["zh"] != said[0]["text"]["en"]
    assert all(len(one["text"]["en"]) <= 500 for one in said)


@pytest.mark.parametrize("name", CHECKED)
def test_a_file_that_reads_well_and_means_harm_is_stopped_by_the_checker(
    name: str, tmp_path: Path
) -> None:
    text, code, words = CHECKED[name]
    file = tmp_path / "x.yaml"
    file.write_text(ONE + text, "utf-8")
    found = [one for one in read(file) if one["code"] == code]
    assert found
    assert words in found[0]["text"]["en"]


def test_of_100_megabytes_one_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    with file.open("wb") as stream:
        stream.truncate(100_000_000)
    (said,) = read(file)
    assert "larger than 1 MB" in said["text"]["en"]


def test_a_file_without_an_end_is_refused() -> None:
    (said,) = read(Path("/dev/zero"))
    assert "larger than 1 MB" in said["text"]["en"]


def test_the_largest_sizes_are_in_the_schema_for_editors() -> None:
    properties = files.schema()["properties"]
    assert properties["states"]["maxItems"] == 500
    assert properties["transitions"]["maxItems"] == 2000


def test_a_workflow_of_the_largest_size_is_still_checked() -> None:
    states = [{"key": f"s{i}", "label": "x"} for i in range(499)]
    steps = [
        {"key": f"t{i}", "label": "x", "from": f"s{i % 499}",
         "to": f"s{(i % 499 + 1 + i // 499) % 499}", "roles": ["Secretary"]}
        for i in range(1998)
    ]  # fmt: skip
    spec = Workflow.model_validate(
        {
            "key": "a",
            "label": "a",
            "start": "s0",
            "states": [*states, {"key": "end", "label": "x", "kind": "done"}],
            "transitions": [
                *steps,
                {"key": "stop", "label": "x", "from": "*", "to": "end", "roles": ["Secretary"]},
            ],
        }
    )
    assert check(spec) == []
