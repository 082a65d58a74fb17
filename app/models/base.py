"""The declarative base and the column types that every model shares."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from flask_appbuilder import Model
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import mapped_column

Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(sa.TypeDecorator[datetime]):
    """``timestamptz``; naive values are refused, what comes back is aware and in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime")
        return value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


def enum_by_value(kind: type[enum.Enum]) -> sa.Enum:
    """Stored as text by value under a named CHECK: a new value needs no ALTER TYPE."""
    return sa.Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        name=kind.__name__.lower(),
        length=40,
    )


class Base(Model):
    """Our models; a second class on one table raises instead of being merged silently."""

    __abstract__ = True
    __table_args__: Any = {"extend_existing": False}


Id = Annotated[int, mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)]
Text = Annotated[str, mapped_column(sa.Text)]
Short = Annotated[str, mapped_column(sa.String(200))]
KeyText = Annotated[str, mapped_column(sa.String(60))]
Instant = Annotated[datetime, mapped_column(UTCDateTime)]
Json = Annotated[dict[str, Any], mapped_column(JSONB, default=dict, server_default=sa.text("'{}'"))]
JsonList = Annotated[list[Any], mapped_column(JSONB, default=list, server_default=sa.text("'[]'"))]
Keys = Annotated[list[str], mapped_column(ARRAY(sa.Text), default=list, server_default="{}")]
Flag = Annotated[bool, mapped_column(sa.Boolean, default=False, server_default=sa.false())]
Area = Annotated[Any, mapped_column(sa.Numeric(12, 2))]
Created = Annotated[datetime, mapped_column(UTCDateTime, server_default=sa.func.now())]


def reference(
    target: str, *, ondelete: str = "RESTRICT", index: bool = True, **options: Any
) -> Any:
    """A foreign key column, indexed: an unindexed one is the costliest fault of large ledgers."""
    return mapped_column(
        sa.BigInteger, sa.ForeignKey(target, ondelete=ondelete), index=index, **options
    )


def user_reference(*, ondelete: str = "RESTRICT", index: bool = True, **options: Any) -> Any:
    """A foreign key to FAB's user table, whose key is a plain integer."""
    return mapped_column(
        sa.Integer, sa.ForeignKey("ab_user.id", ondelete=ondelete), index=index, **options
    )
