"""The rows of a draft, written from a spec: a row that is there already keeps its id."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, Problem
from app.workflows.spec import Workflow

_LABELS = frozenset({"label", "help", "confirm", "body"})
_NAMES = ("label_zh", "label_en")


@dataclass(frozen=True, slots=True)
class _Part:
    model: type[Any]
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Names in a file that are other columns here."""


PARTS: dict[str, _Part] = {
    "fields": _Part(m.DraftField),
    "states": _Part(m.DraftState),
    "transitions": _Part(m.DraftTransition, {"from": "source", "to": "target"}),
    "deadlines": _Part(m.DraftDeadline),
    "notices": _Part(m.DraftNotice, {"subject": "label"}),
    "children": _Part(m.DraftChild, {"workflow": "child_workflow"}),
    "tests": _Part(m.DraftTest),
}
"""By the name of the list in a file, which is also the relationship of the draft."""


def write(session: Session, row: m.Workflow, workflow: Workflow) -> None:
    """Make the rows of ``row`` say what ``workflow`` says; flushes.

    Raises InvalidError for what rows can't hold: a key twice in one list, a name that is too long.
    """
    data = workflow.model_dump(mode="json", by_alias=True)
    problems = [*_long(m.Workflow, "", dict(zip(_NAMES, _texts(data["label"]), strict=True)))]
    for name, part in PARTS.items():
        problems += _unfit(name, part, data[name])
    if problems:
        raise InvalidError(*problems)
    row.label_zh, row.label_en = _texts(data["label"])
    row.help_zh, row.help_en = _texts(data["help"])
    row.leg, row.start = data["leg"], data["start"]
    row.intake, row.openers, row.notify = data["intake"], data["openers"], data["notify"]
    row.vary = workflow.model_dump(mode="json", exclude_defaults=True).get("vary", {})
    for name, part in PARTS.items():
        _write(row, name, part, data[name])
    session.flush()


def _write(row: m.Workflow, name: str, part: _Part, items: list[dict[str, Any]]) -> None:
    """One key may occur several times: the first stays the first. What a unique key needs comes
    about by matching on it: a key never moves from one row to another."""
    waiting: dict[str, list[Any]] = defaultdict(list)
    for old in getattr(row, name):
        waiting[old.key].append(old)
    rows = []
    for position, item in enumerate(items):
        found = waiting[item["key"]]
        one = found.pop(0) if found else part.model()
        columns = {**_blank(part), **_columns(part, item), "position": position}
        for column, value in columns.items():
            if getattr(one, column) != value:
                setattr(one, column, value)
        rows.append(one)
    setattr(row, name, rows)


def _unfit(name: str, part: _Part, items: list[dict[str, Any]]) -> Iterator[Problem]:
    seen = Counter(item["key"] for item in items) if name != "transitions" else Counter[str]()
    for index, item in enumerate(items):
        if seen[item["key"]] > 1:
            key = item["key"]
            text = {
                "zh": f"标识“{key}”用了 {seen[key]} 次，请改成不同的标识。",
                "en": f"The key “{key}” is used {seen[key]} times: give each a key of its own.",
            }
            yield Problem(text, f"{name}[{index}].key")
        yield from _long(part.model, f"{name}[{index}]", _columns(part, item))


def _long(model: type[Any], where: str, columns: dict[str, Any]) -> Iterator[Problem]:
    for name, value in columns.items():
        column = model.__table__.columns.get(name)
        most = getattr(column.type, "length", None) if column is not None else None
        if most is None or not isinstance(value, str) or len(value) <= most:
            continue
        text = {
            "zh": f"“{value[:30]}…”太长，最多 {most} 个字，请写短一些。",
            "en": f"“{value[:30]}…” is too long: at most {most} characters, make it shorter.",
        }
        yield Problem(text, f"{where}.{name.removesuffix('_zh').removesuffix('_en')}".lstrip("."))


def _blank(part: _Part) -> dict[str, Any]:
    """What a row holds that says nothing: an old one has to forget what it said."""
    found: dict[str, Any] = {}
    for column in part.model.__table__.columns:
        default = column.default
        if default is None or column.primary_key:
            continue
        found[column.key] = default.arg(None) if default.is_callable else default.arg
    return found


def _columns(part: _Part, item: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for key, value in item.items():
        name = part.renamed.get(key, key)
        if name in _LABELS:
            if hasattr(part.model, f"{name}_zh"):
                columns[f"{name}_zh"], columns[f"{name}_en"] = _texts(value)
        elif name == "source":
            columns[name] = [value] if isinstance(value, str) else value
        elif value is not None:
            columns[name] = value
    return columns


def _texts(label: dict[str, str] | None) -> tuple[str, str]:
    return (label["zh"], label["en"]) if label else ("", "")
