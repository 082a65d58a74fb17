"""Columns as parameters: what goes in comes out, whatever it holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app import models as m
from app.services import columns, direct
from app.workflows.spec import Label
from app.workflows.templates import document, render

_notice = m.Notice.__table__
NAMES = ("case_id", "resident", "key", "subject", "created_at")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
        st.none() | TEXTS | st.sampled_from(["", "NULL", "{}", '"', "\\", 'a\\"b', ",", "\n"]),
        st.none() | st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2),
        st.none()
        | st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    min_size=1,
    max_size=4,
)


def back(session: Session, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    table = columns.given(_notice, NAMES, "row")
    text, _ = direct.compiled(sa.select(*(table.c[name] for name in NAMES)))
    values = columns.parameters(_notice, NAMES, "row", zip(*rows, strict=True))
    return list(direct.run(session, text, values).fetchall())


@given(rows=ROWS)
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_rows_arrive_as_they_were(session: Session, rows: list[tuple[Any, ...]]) -> None:
    assert back(session, rows) == rows


def test_columns_of_rows_that_lack_something() -> None:
    assert columns.of([{"a": 1}, {"b": 2}], ["a", "b"]) == [[1, None], [None, 2]]


@given(words=st.sampled_from(["", "'\"\\", "%s", "{", "{{due}}"]), title=TEXTS)
def test_a_document_says_what_would_be_rendered(words: str, title: str) -> None:
    text = Label(zh=f"{words}{{title}} 100%", en='{title} "{due}" {nobody}')
    names = {"title": {"zh": title, "en": title + "!"}, "due": {"zh": "今", "en": "now"}}
    assert json.loads(document(text, names)) == render(text, names)
