"""What a column of a ledger is, from the mapped model: its kind decides field, filter and look."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import RelationshipProperty, joinedload, load_only, selectinload

from app.models import Place
from app.models.base import UTCDateTime


class Kind(enum.StrEnum):
    TEXT = "text"
    LONG = "long"
    NUMBER = "number"
    DECIMAL = "decimal"
    FLAG = "flag"
    ENUM = "enum"
    DATE = "date"
    INSTANT = "instant"
    KEYS = "keys"
    JSON = "json"
    BYTES = "bytes"
    ONE = "one"
    MANY = "many"
    DERIVED = "derived"
    """A property of the model or a method of the view: shown, never stored."""


@dataclass(frozen=True)
class Column:
    """``name`` may be a path over to-one relations, e.g. ``case.number``."""

    name: str
    model: type[Any]
    kind: Kind
    attribute: Any
    target: Any = None
    required: bool = False
    choices: Any = None
    length: int | None = None
    scale: int | None = None
    usual: Any = None
    """What a new row holds unless something else is said."""

    @property
    def leaf(self) -> str:
        return self.name.rpartition(".")[2]


@lru_cache(maxsize=1024)
def column(model: Any, name: str) -> Column:
    """The column ``name`` of ``model``. A name that is no mapped column is derived."""
    owner = model
    *path, leaf = name.split(".")
    for step in path:
        owner = sa.inspect(owner).relationships[step].mapper.class_
    mapper = sa.inspect(owner)
    if leaf in mapper.relationships:
        return _relation(name, owner, mapper.relationships[leaf])
    if leaf in mapper.columns:
        return _stored(name, owner, mapper.columns[leaf], getattr(owner, leaf))
    return Column(name, owner, Kind.DERIVED, None)


def _relation(name: str, owner: type[Any], relation: RelationshipProperty[Any]) -> Column:
    many = bool(relation.uselist)
    local = [] if many else [c for c in relation.local_columns if c.foreign_keys]
    return Column(
        name,
        owner,
        Kind.MANY if many else Kind.ONE,
        getattr(owner, relation.key),
        target=relation.mapper.class_,
        required=bool(local) and not any(c.nullable for c in local),
    )


def _stored(name: str, owner: type[Any], stored: sa.Column[Any], attribute: Any) -> Column:
    kind = _kind(stored.type)
    given = stored.default is not None or stored.server_default is not None
    return Column(
        name,
        owner,
        kind,
        attribute,
        required=not stored.nullable and not given and kind is not Kind.FLAG,
        choices=stored.type.enum_class if isinstance(stored.type, sa.Enum) else None,
        length=getattr(stored.type, "length", None),
        scale=getattr(stored.type, "scale", None),
        usual=_usual(stored.default),
    )


def _usual(default: Any) -> Any:
    """The default when it is a plain value, none that the database or a function makes."""
    return default.arg if default is not None and default.is_scalar else None


_KINDS: tuple[tuple[type[Any], Kind], ...] = (
    (sa.Enum, Kind.ENUM),
    (sa.Boolean, Kind.FLAG),
    (sa.Integer, Kind.NUMBER),
    (sa.Numeric, Kind.DECIMAL),
    (UTCDateTime, Kind.INSTANT),
    (sa.DateTime, Kind.INSTANT),
    (sa.Date, Kind.DATE),
    (ARRAY, Kind.KEYS),
    (JSONB, Kind.JSON),
    (sa.LargeBinary, Kind.BYTES),
    (BYTEA, Kind.BYTES),
    (sa.Text, Kind.LONG),
    (sa.String, Kind.TEXT),
)


def _kind(stored: Any) -> Kind:
    return next((kind for of, kind in _KINDS if isinstance(stored, of)), Kind.TEXT)


def value(item: Any, name: str) -> Any:
    """What ``item`` holds under the path; None where a relation on the way is empty."""
    found = item
    for step in name.split("."):
        if found is None:
            return None
        found = getattr(found, step)
        if callable(found):
            found = found()
    return found


def loads(model: Any, names: tuple[str, ...]) -> list[Any]:
    """Loader options so that showing these columns asks nothing more for each row."""
    wanted: dict[tuple[str, ...], list[Any]] = {}
    many: list[Any] = []
    for name in names:
        path, leaf = _relations(model, name)
        if path:
            wanted.setdefault(path, []).extend([leaf] if leaf is not None else [])
        known = column(model, name)
        if known.kind is Kind.MANY and not path:
            many.append(selectinload(known.attribute))
    return many + [_option(model, path, leaves) for path, leaves in wanted.items()]


def _relations(model: Any, name: str) -> tuple[tuple[str, ...], Any]:
    """The to-one relations that lead to the column, and the column's attribute behind them."""
    owner = model
    path: list[str] = []
    for step in name.split("."):
        mapper = sa.inspect(owner)
        relation = mapper.relationships.get(step)
        if relation is None or relation.uselist:
            return tuple(path), getattr(owner, step) if step in mapper.columns else None
        path.append(step)
        owner = relation.mapper.class_
    return tuple(path), None


def _option(model: Any, path: tuple[str, ...], leaves: list[Any]) -> Any:
    owner: Any = model
    option: Any = None
    for step in path:
        attribute = getattr(owner, step)
        option = joinedload(attribute) if option is None else option.joinedload(attribute)
        owner = attribute.property.mapper.class_
    if owner is Place:  # named with the building and the compound that it is in
        return option.joinedload(Place.parent).joinedload(Place.parent)
    lean = LEAN.get(owner)
    return option.options(load_only(*lean, *leaves)) if option and lean else option


LEAN: dict[type[Any], tuple[Any, ...]] = {}
"""Columns that suffice to name a row of a wide table; app.views.finding fills it."""
