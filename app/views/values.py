"""What was filled in, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app import models as m
from app.services import edge, privacy
from app.services.candidates import KINDS, Key
from app.views import labels
from app.workflows.spec import FieldSpec, FieldType


@dataclass(frozen=True, slots=True)
class Value:
    """A field with its value; ``kind`` is ``text``, ``stars`` or ``files``."""

    label: str
    kind: str
    text: str = ""
    stars: int = 0
    files: tuple[m.Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """What the values of a page are read with. ``full`` shows whole telephone numbers."""

    names: Mapping[Key, str]
    files: Mapping[int, m.Attachment]
    full: bool = False


def keys(fields: Mapping[str, FieldSpec], datas: Iterable[Mapping[str, Any]]) -> set[Key]:
    """Everybody and everything that these values name, to be asked for at once."""
    found: set[Key] = set()
    for data in datas:
        for key, value in data.items():
            kind = KINDS.get(fields[key].type) if key in fields else None
            if kind is not None:
                found |= {(kind, item) for item in _items(value) if isinstance(item, int)}
    return found


def of_form(
    fields: Mapping[str, FieldSpec], data: Mapping[str, Any], sight: Sight, *, public: bool = False
) -> list[Value]:
    """The filled fields of ``data`` in the workflow's order; with ``public`` only those that the
    resident may read."""
    shown = []
    for key, spec in fields.items():
        value = data.get(key)
        if value in (None, "", []) or (public and not spec.public):
            continue
        shown.append(_value(spec, value, sight))
    return [value for value in shown if value.kind != "files" or value.files]


def _value(spec: FieldSpec, value: Any, sight: Sight) -> Value:
    label = labels.localized(spec.label.model_dump())
    if spec.type is FieldType.FILES:
        files = tuple(sight.files[item] for item in _items(value) if item in sight.files)
        return Value(label, "files", files=files)
    if spec.type is FieldType.RATING and str(value).isdecimal():
        return Value(label, "stars", stars=int(value))
    return Value(label, "text", _text(spec, value, sight))


def _text(spec: FieldSpec, value: Any, sight: Sight) -> str:
    if spec.type in (FieldType.CHOICE, FieldType.CHOICES):
        options = {o.key: labels.localized(o.label.model_dump()) for o in spec.options}
        return _joined(options.get(str(item), str(item)) for item in _items(value))
    if spec.type in KINDS:
        kind = KINDS[spec.type]
        return _joined(sight.names.get((kind, item), f"#{item}") for item in _items(value))
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if spec.type is FieldType.DATETIME:
        return edge.shown(datetime.fromisoformat(str(value)))
    if spec.type is FieldType.PHONE:
        return str(value) if sight.full else privacy.masked(str(value))
    return f"¥ {value}" if spec.type is FieldType.MONEY else str(value)


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _joined(texts: Iterable[str]) -> str:
    return ("、" if labels.language() == "zh" else ", ").join(texts)
