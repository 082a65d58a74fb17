"""What is wrong with a draft, each with the part of the picture that it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.errors import Problem
from app.extensions import db
from app.services import definitions
from app.views import labels
from app.workflows import files, nodes
from app.workflows.spec import Label, Workflow

PARTS = frozenset({"states", "transitions", "fields", "deadlines", "notices", "children"})
Findings = list[dict[str, Any]]


def judged(document: object, *, check: bool = True) -> tuple[Workflow | None, Findings]:
    """The document as a workflow (None: it is none) with what the checker says of it."""
    given = document if isinstance(document, dict) else {}
    try:
        spec = files.parse(given, str(given.get("key", "")))
    except files.FileError as error:
        faults = ((fault.path, fault.text) for fault in error.faults)
        return None, [_finding(given, "error", path, text, None) for path, text in faults]
    if not check:
        return spec, []
    found = definitions.findings(db.session(), spec)
    return spec, [_finding(given, f.level, f.path, f.text, f.suggestion) for f in found]


def targets(document: object, problems: Iterable[Problem]) -> Findings:
    """The same for problems that were found while saving."""
    given = document if isinstance(document, dict) else {}
    return [
        _finding(given, "error", problem.field or "", Label(**problem.text), None)
        for problem in problems
    ]


def _finding(
    document: dict[str, Any], level: str, path: str, text: Label, hint: Label | None
) -> dict[str, Any]:
    """``part`` and ``index`` say where it is, ``inner`` the rest of the path; a part of the
    workflow itself has no index."""
    language = labels.language()
    said = text.text(language)
    part, index, inner = _place(path)
    item = _item(document, part, index)
    name = _name(item, language)
    return {
        "level": level,
        "text": said,
        "hint": hint.text(language) if hint else "",
        "part": part,
        "index": index,
        "inner": inner,
        "key": item.get("key", ""),
        "whole": f"“{name}”：{said}"
        if name and language == "zh"
        else f"“{name}”: {said}"
        if name
        else said,
    }


def _place(path: str) -> tuple[str, int | None, str]:
    steps = nodes.steps(path)
    if steps and steps[0] in PARTS:
        if len(steps) > 1 and isinstance(steps[1], int):
            head = f"{steps[0]}[{steps[1]}]"
            return str(steps[0]), steps[1], path.removeprefix(head).lstrip(".")
        return "", None, path
    return "workflow", None, path


def _item(document: dict[str, Any], part: str, index: int | None) -> dict[str, Any]:
    items = document.get(part) if index is not None else None
    item = (
        items[index]
        if isinstance(items, list) and index is not None and index < len(items)
        else None
    )
    return item if isinstance(item, dict) else {}


def _name(item: dict[str, Any], language: str) -> str:
    label = item.get("label") or item.get("subject") or ""
    if isinstance(label, dict):
        label = label.get(language) or label.get("zh") or label.get("en") or ""
    return str(label or item.get("key") or "")
