"""YAML as nodes that know their lines: parsed safely, looked up by path, turned into values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import yaml

from app.workflows import faults

DEEPEST = 40
MOST = 50_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


def parse(text: str) -> yaml.Node:
    """The one document of the text. Raises FaultError."""
    try:
        _scan(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _syntax(error) from None
    except (yaml.YAMLError, ValueError) as error:
        at = text[: getattr(error, "position", 0) or 0].count("\n") + 1
        raise faults.single(
            at, "含有不允许的字符", "holds characters that are not allowed"
        ) from None
    if root is None:
        raise faults.single(1, "文件是空的", "the file is empty")
    _unique(root)
    return root


def _syntax(error: yaml.MarkedYAMLError) -> faults.FaultError:
    mark = error.problem_mark or error.context_mark
    at = mark.line + 1 if mark else 1
    what = " ".join(part for part in (error.context, error.problem) if part)
    return faults.single(at, f"不是有效的 YAML：{what}", f"not valid YAML: {what}")


def _scan(text: str) -> None:
    """Refuse what a workflow file never needs, before anything is built from it."""
    depth = documents = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        at = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise faults.single(
                at,
                "不允许使用锚点和别名（& 和 *），请把内容写全",
                "anchors and aliases are not allowed: write the text out",
            )
        if getattr(event, "tag", None):
            raise faults.single(
                at,
                "不允许使用标签（!），请删去，只写文字",
                "tags (!) are not allowed: remove them, plain text is enough",
            )
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise faults.single(
                    at,
                    "一个文件只能有一个流程，请拆成几个文件",
                    "one file holds one workflow: split it",
                )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST or count > MOST:
            raise faults.single(
                at,
                f"嵌套过深（最多 {DEEPEST} 层）或内容过多（最多 {MOST} 项），请精简或拆成几个流程",
                f"nested too deep (at most {DEEPEST}), or too much in one file (at most {MOST} "
                "entries): make it smaller, or several workflows",
            )


def _unique(node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _unique(item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            at = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise faults.single(at, "键必须是文字", "a key must be a text")
            if key.value in seen:
                name = key.value[:60]
                text = f"“{name}”出现了两次，请删去一个", f"“{name}” is given twice: remove one"
                raise faults.single(at, *text, path=name)
            seen.add(key.value)
            _unique(value)


def plain(node: yaml.Node) -> Any:
    """The node as values of JSON."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    text: str = node.value
    if getattr(node, "style", None):  # quoted or a block: text whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE.fullmatch(text) else text


def of(document: Any) -> yaml.Node:
    """A document that is no file (rows of a draft) as nodes; they have no lines."""
    return yaml.SafeDumper(StringIO()).represent_data(document)


def line(node: yaml.Node) -> int:
    """The line in the file, from 1; 0 for a document that is no file."""
    return node.start_mark.line + 1 if node.start_mark else 0


def steps(path: str) -> list[str | int]:
    """``transitions[3].to`` as its parts."""
    return [int(part) if part.isdecimal() else part for part in re.findall(r"[^.\[\]]+", path)]


def nearest(root: yaml.Node, path: Sequence[str | int]) -> yaml.Node:
    """The node at the path, or the last one on the way. Parts that lead nowhere are passed over:
    pydantic puts the names of alternatives between them."""
    node = root
    for part in path:
        node = child(node, part) or node
    return node


def child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        found: yaml.Node | None = node.value[part] if part < len(node.value) else None
        return found
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    return None
