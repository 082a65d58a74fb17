"""The draft of a workflow: rows that people edit, and the typed spec that they amount to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from app import models as m
from app.workflows import files
from app.workflows.spec import Workflow

_LABELS = ("label", "help", "confirm", "body")


def spec(row: m.Workflow) -> Workflow:
    """The draft as a spec. Raises files.FileError (path and text of each fault, no lines) when
    the rows don't make one."""
    return files.parse(document(row), f"{row.key}")


def document(row: m.Workflow) -> dict[str, Any]:
    """The draft as the plain document that a file would hold; not validated."""
    return _lean(
        {
            "key": row.key,
            "label": _label(row, "label"),
            "leg": row.leg,
            "help": _label(row, "help"),
            "start": row.start,
            "intake": row.intake,
            "openers": row.openers,
            "notify": row.notify,
            "fields": [_field(f) for f in row.fields],
            "states": [_state(s) for s in row.states],
            "transitions": [_transition(t) for t in row.transitions],
            "deadlines": [_deadline(d) for d in row.deadlines],
            "notices": [_notice(n) for n in row.notices],
            "children": [_child(c) for c in row.children],
        }
    )


def _field(row: m.DraftField) -> dict[str, Any]:
    return _lean(
        {
            **_head(row),
            "type": row.type,
            "options": row.options,
            "help": _label(row, "help"),
            "max_length": row.max_length,
            "public": row.public,
        }
    )


def _state(row: m.DraftState) -> dict[str, Any]:
    help_ = _label(row, "help")
    return _lean({**_head(row), "kind": row.kind, "help": help_, "visible_to": row.visible_to})


def _deadline(row: m.DraftDeadline) -> dict[str, Any]:
    return _lean(
        {
            **_head(row),
            "start": row.start,
            "stop": row.stop,
            "pause": row.pause,
            "within": row.within,
            "until": row.until,
            "starts_on": row.starts_on,
            "stops_on": row.stops_on,
            "variants": row.variants,
            "when": row.when,
            "extension": row.extension,
            "levels": row.levels,
        }
    )


def _notice(row: m.DraftNotice) -> dict[str, Any]:
    return _lean(
        {
            "key": row.key,
            "to": row.to,
            "channels": row.channels,
            "subject": _label(row, "label"),
            "body": _label(row, "body"),
        }
    )


def _child(row: m.DraftChild) -> dict[str, Any]:
    return _lean(
        {
            **_head(row),
            "workflow": row.child_workflow,
            "per": row.per,
            "carry": row.carry,
            "when_all_closed": row.when_all_closed,
        }
    )


def _transition(row: m.DraftTransition) -> dict[str, Any]:
    return _lean(
        {
            **_head(row),
            "from": "*" if row.source == ["*"] else row.source,
            "to": row.target,
            "roles": row.roles,
            "relations": row.relations,
            "when": row.when,
            "form": row.form,
            "effects": row.effects,
            "spawn": row.spawn,
            "notify": row.notify,
            "confirm": _label(row, "confirm"),
            "bulk": row.bulk,
            "primary": row.primary,
        }
    )


def _head(row: Any) -> dict[str, Any]:
    return {"key": row.key, "label": _label(row, "label")}


def _label(row: Any, name: str) -> dict[str, str]:
    """Empty when neither language says anything."""
    texts = {"zh": getattr(row, f"{name}_zh"), "en": getattr(row, f"{name}_en")}
    return texts if any(texts.values()) else {}


def _lean(row: dict[str, Any]) -> dict[str, Any]:
    """Without the cells that are empty: nothing was said there. Not recursive: inside a condition
    an empty value or a false one means something."""
    return {key: item for key, item in row.items() if item not in ("", None, [], {}, False)}


def store(session: Session, workflow: Workflow) -> m.Workflow:
    """Write ``workflow`` as the draft of its key, in place of what was there; flushes."""
    row = session.query(m.Workflow).filter_by(key=workflow.key).one_or_none()
    if row is None:
        row = m.Workflow(key=workflow.key)
        session.add(row)
    data = workflow.model_dump(mode="json", by_alias=True)
    row.label_zh, row.label_en = _texts(data["label"])
    row.help_zh, row.help_en = _texts(data["help"])
    row.leg, row.start = data["leg"], data["start"]
    row.intake, row.openers, row.notify = data["intake"], data["openers"], data["notify"]
    row.draft_version = (row.draft_version or 0) + 1
    for name in ("fields", "states", "transitions", "deadlines", "notices", "children"):
        setattr(row, name, [])
    session.flush()
    row.fields = _rows(m.DraftField, data["fields"])
    row.states = _rows(m.DraftState, data["states"])
    row.transitions = _rows(
        m.DraftTransition, data["transitions"], {"from": "source", "to": "target"}
    )
    row.deadlines = _rows(m.DraftDeadline, data["deadlines"])
    row.notices = _rows(m.DraftNotice, data["notices"], {"subject": "label"})
    row.children = _rows(m.DraftChild, data["children"], {"workflow": "child_workflow"})
    session.flush()
    return row


def _rows(
    model: type[Any], items: Iterable[dict[str, Any]], renamed: dict[str, str] | None = None
) -> list[Any]:
    return [
        model(position=position, **_columns(model, item, renamed or {}))
        for position, item in enumerate(items)
    ]


def _columns(model: type[Any], item: dict[str, Any], renamed: dict[str, str]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for key, value in item.items():
        name = renamed.get(key, key)
        if name in _LABELS:
            if hasattr(model, f"{name}_zh"):
                columns[f"{name}_zh"], columns[f"{name}_en"] = _texts(value)
        elif name == "source":
            columns[name] = [value] if isinstance(value, str) else value
        elif value is not None:
            columns[name] = value
    return columns


def _texts(label: dict[str, str] | None) -> tuple[str, str]:
    return (label["zh"], label["en"]) if label else ("", "")
