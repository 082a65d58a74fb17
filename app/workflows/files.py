"""Workflow files: YAML that people read, write and mail, and the JSON Schema for their editors.

Reading is strict: no tags, anchors or aliases, no key twice, bounded size and depth; every problem
names path and line. Only ``null``, ``true``, ``false`` and whole numbers are more than text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from app.errors import InvalidError, Problem
from app.workflows import complaints, faults, nodes
from app.workflows.faults import Fault
from app.workflows.spec import Duration, Label, LevelAt, Spec, Workflow
from app.workflows.terms import KEY_PATTERN
from app.workflows.trials import Wait

LARGEST = 1_000_000
SCHEMA_NAME = "workflow.schema.json"
"""What an exported file calls its schema: a file beside it, from ``sifang workflows schema``."""
_LARGE = (
    "文件超过 1 MB，不是流程文件；请检查选对了文件，或拆成几个流程",
    "the file is larger than 1 MB: choose the right file, or make it several workflows",
)
_CODED = ("文件不是 UTF-8 编码，请另存为 UTF-8", "the file is not in UTF-8: save it as UTF-8")


class FileError(InvalidError):
    """The file can't be read as a workflow; ``faults`` say where and why."""

    def __init__(self, name: str, found: tuple[Fault, ...]) -> None:
        super().__init__(*(_problem(name, fault) for fault in found))
        self.faults = found


def _problem(name: str, fault: Fault) -> Problem:
    where = f"，{fault.path}" if fault.path else "", f", {fault.path}" if fault.path else ""
    at = (f" 第 {fault.line} 行", f", line {fault.line}") if fault.line else ("", "")
    zh = f"{name}{at[0]}{where[0]}：{fault.text.zh}"
    en = f"{name}{at[1]}{where[1]}: {fault.text.text('en')}"
    return Problem({"zh": zh, "en": en}, field=fault.path or None)


def read(text: str | bytes, name: str = "workflow.yaml") -> Workflow:
    """The workflow in a file. Raises FileError."""
    try:
        decoded = _decoded(text)
        root = nodes.parse(decoded)
    except faults.FaultError as error:
        document = None if len(text) > LARGEST else _json(text)
        if document is None:
            raise FileError(name, error.found) from None
        return parse(document, name)
    return _typed(nodes.plain(root), root, name)


def _json(text: str | bytes) -> dict[str, Any] | None:
    """The document of a JSON file that YAML can't read: other programs write characters beyond the
    first plane as two escapes. None when it is none, or deeper than a workflow may be."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    layer, deep = [document], 0
    while layer and deep <= nodes.DEEPEST:
        layer = [inner for one in layer for inner in _inner(one)]
        deep += 1
    return document if isinstance(document, dict) and not layer else None


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def load(path: Path, name: str = "") -> Workflow:
    """The workflow in the file at ``path``, of which no more is read than a workflow may take.
    Raises FileError, and OSError when there is nothing to be read."""
    with path.open("rb") as stream:
        return read(stream.read(LARGEST + 1), name or str(path))


def parse(document: Mapping[str, Any], name: str) -> Workflow:
    """The workflow that a document (the rows of a draft, JSON) amounts to. Raises FileError, whose
    faults have paths and no lines."""
    return _typed(document, None, name)


def _typed(document: Any, root: yaml.Node | None, name: str) -> Workflow:
    """Without ``root`` its nodes are made when something is wrong: that takes longer than all the
    rest."""
    try:
        return Workflow.model_validate(document)
    except ValidationError as error:
        raise FileError(name, complaints.of(error, root or nodes.of(document))) from None


def line(text: str | bytes, path: str) -> int:
    """The line on which ``path`` (``transitions[3].to``) or its nearest part stands; 1 when the
    file can't be read."""
    try:
        return nodes.line(nodes.nearest(nodes.parse(_decoded(text)), nodes.steps(path)))
    except faults.FaultError:
        return 1


def _decoded(text: str | bytes) -> str:
    if len(text) > LARGEST:
        raise faults.single(1, _LARGE[0], _LARGE[1])
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = text[: error.start].count(b"\n") + 1
        raise faults.single(at, _CODED[0], _CODED[1]) from None


def library() -> dict[str, Workflow]:
    """The workflows that ship, by key."""
    folder = resources.files("app.workflows") / "library"
    found = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            spec = read(file.read_bytes(), file.name)
            found[spec.key] = spec
    return found


def checksum(spec: Workflow) -> str:
    """SHA-256 (hex) of what the spec says, whatever the file looked like."""
    said = spec.model_dump(mode="json")
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# --- writing ----------------------------------------------------------------------------------


_SINGLE = frozenset({"from", "start", "stop", "pause", "to", "channels"})
_WIDE = 96


class _Dumper(yaml.SafeDumper):
    """Leaves on one line where they are short; long texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _mapping(dumper: _Dumper, value: dict[str, Any]) -> yaml.MappingNode:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", value.items())
    node.flow_style = _short(value)
    return node


def _sequence(dumper: _Dumper, value: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=_short(value))


def _short(value: Any) -> bool:
    """Whether it goes on one line: no lists of mappings, no long or many texts."""
    if isinstance(value, dict) and not {"key", "levels"}.isdisjoint(value):
        return set(value) == {"key", "label"}
    text = json.dumps(value, ensure_ascii=False)
    wide = sum(2 if ord(c) > 0x2E80 else 1 for c in text)
    return wide <= _WIDE and "\\n" not in text


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)


def write(spec: Workflow, *, schema: str = "") -> str:
    """The file of a spec: what has its default is left out; ``read`` gives the same spec back.
    ``schema`` is the address of the JSON Schema that an editor is to complete it by."""
    lean = _lean(spec)
    dumped: str = yaml.dump(
        lean, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000, indent=2
    )
    return f"# yaml-language-server: $schema={schema}\n{dumped}" if schema else dumped


def _lean(value: Any) -> Any:
    if isinstance(value, Label):
        return {"zh": value.zh, "en": value.en} if value.en else value.zh
    if isinstance(value, Spec):
        return _lean_spec(value)
    if isinstance(value, tuple):
        return [_lean(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _lean(item) for key, item in value.items()}
    return value


def _lean_spec(spec: Spec) -> Any:
    if isinstance(spec, Duration | LevelAt | Wait):
        return str(spec)
    found: dict[str, Any] = {}
    for name, field in type(spec).model_fields.items():
        value, word = getattr(spec, name), field.alias or name
        if not field.is_required() and _same(value, field.default) and name != "format":
            continue
        lean = _lean(value)
        if word in _SINGLE and isinstance(lean, list) and len(lean) == 1:
            lean = lean[0]
        found[word] = lean
    return found


def _same(value: Any, default: Any) -> bool:
    """Equal and of one type: a condition's 1 is not its default, true."""
    return type(value) is type(default) and bool(value == default)


# --- the schema -------------------------------------------------------------------------------


_KEY = r"^[^\s\d!-/:-@\[-^`{-~][^\s!-/:-@\[-^`{-~]{0,59}$"
"""Keys for editors, in whose regular expressions a word has no Chinese characters."""


def schema() -> dict[str, Any]:
    """The JSON Schema of a workflow file, short forms included."""
    made: dict[str, Any] = Workflow.model_json_schema(by_alias=True)
    for part in (made, *made["$defs"].values()):
        properties = part.get("properties", {})
        for word in _SINGLE & set(properties):
            if "array" in json.dumps(properties[word]):
                properties[word] = {"anyOf": [{"type": "string"}, properties[word]]}
    label = made["$defs"]["Label"]
    made["$defs"]["Label"] = {"anyOf": [{"type": "string"}, label], "title": "Label"}
    value = made["$defs"]["Test"]["properties"]["value"]
    value["anyOf"].append({"type": "number"})
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "Workflow file"
    _replace(made, "pattern", KEY_PATTERN, _KEY)
    return made


_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML doesn't take as it stands, or takes for the end of a line."""


def write_json(spec: Workflow) -> str:
    """The workflow as JSON, which is YAML too: ``read`` takes both."""
    lean = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = json.dumps(lean, ensure_ascii=False, indent=2)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _replace(node: Any, word: str, old: str, new: str) -> None:
    if isinstance(node, dict):
        if node.get(word) == old:
            node[word] = new
        for inner in node.values():
            _replace(inner, word, old, new)
    elif isinstance(node, list):
        for inner in node:
            _replace(inner, word, old, new)
