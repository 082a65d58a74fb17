"""The tests of a draft: a play that is kept becomes one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from app import models as m
from app.errors import InvalidError, MissingError, Problem
from app.services import drafts
from app.services.actors import Viewer
from app.workflows.trials import MOST_TESTS, Move


def keep(  # noqa: PLR0913  what is kept, where, by whom and when
    session: Session,
    row: m.Workflow,
    *,
    name: str,
    begins: str,
    moves: Iterable[Move],
    actor: Viewer,
    now: datetime,
    over: int | None = None,
) -> m.DraftTest:
    """Write a play as a test of the draft, or in place of the test ``over``; flushes.

    Raises InvalidError for a name that is none and for more tests than a workflow may have."""
    label = name.strip()
    if not 1 <= len(label) <= 200:
        raise InvalidError(
            Problem(
                {
                    "zh": "请用 1 到 200 个字为这项测试取名。",
                    "en": "Give the test a name of 1 to 200 characters.",
                },
                "name",
            )
        )
    test = _of(row, over) if over is not None else _fresh(row)
    test.label_zh, test.label_en, test.begins = label, "", begins
    test.moves = [move.model_dump(mode="json", by_alias=True) for move in moves]
    session.flush()
    _valid(session, row)
    drafts.touch(row, actor, now)
    session.flush()
    return test


def remove(
    session: Session, row: m.Workflow, test_id: int, *, actor: Viewer, now: datetime
) -> None:
    """Raises MissingError when the draft has no such test."""
    row.tests.remove(_of(row, test_id))
    drafts.touch(row, actor, now)
    session.flush()


def _of(row: m.Workflow, test_id: int) -> m.DraftTest:
    found = next((test for test in row.tests if test.id == test_id), None)
    if found is None:
        text = {"zh": "没有这项测试，可能已被删除。", "en": "There is no such test any more."}
        raise MissingError(Problem(text))
    return found


def _fresh(row: m.Workflow) -> m.DraftTest:
    if len(row.tests) >= MOST_TESTS:
        text = {
            "zh": f"一个流程最多 {MOST_TESTS} 项测试，请先删去一些。",
            "en": f"A workflow has at most {MOST_TESTS} tests: remove one first.",
        }
        raise InvalidError(Problem(text, "name"))
    known = {test.key for test in row.tests}
    key = next(k for n in range(1, MOST_TESTS + 2) if (k := f"test_{n}") not in known)
    position = max((test.position for test in row.tests), default=-1) + 1
    test = m.DraftTest(key=key, position=position)
    row.tests.append(test)
    return test


def _valid(session: Session, row: m.Workflow) -> None:
    """Refuse what makes the draft unreadable: too many moves in all tests together."""
    session.refresh(row)
    drafts.spec(row)
