"""A workflow that is stored, published, written, mailed and imported again says what it said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app import models as m
from app.cli.workflows import workflows
from app.services import definitions, drafts
from app.services.actors import SYSTEM
from app.workflows import files
from app.workflows.spec import Workflow
from app.workflows.terms import Spec
from tests import strategies
from tests.conftest import NOW

STORED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
UNIQUE = ("fields", "states", "deadlines", "notices", "children", "tests")
"""Parts of which a draft holds one row a key; the checker calls it a fault."""


def once(spec: Workflow) -> Workflow:
    """The spec without what a draft's rows have no place for."""
    parts: dict[str, Any] = {
        name: tuple({part.key: part for part in getattr(spec, name)}.values()) for name in UNIQUE
    }
    parts["transitions"] = tuple(t for t in spec.transitions if t.source)
    parts["notices"] = tuple(n for n in parts["notices"] if n.channels)
    return Workflow.model_validate(spec.model_copy(update=parts).model_dump())


storable = strategies.any_specs.map(once)


@pytest.fixture(autouse=True)
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random specs are full of faults, which publishing would refuse."""
    monkeypatch.setattr(definitions, "findings", lambda *_, **__: [])


@pytest.fixture
def fresh(session: Session) -> Iterator[Session]:
    """Each example begins with what the database held before."""
    yield session
    session.rollback()


def published(session: Session, spec: Workflow) -> m.WorkflowVersion:
    row = drafts.store(session, spec)
    version = definitions.publish(session, row, actor=SYSTEM, now=NOW)
    session.expire_all()
    return version


def same(found: Workflow, spec: Workflow) -> bool:
    """Equal, and not only as True equals 1."""
    return found == spec and files.checksum(found) == files.checksum(spec)


# --- through the rows of the draft ------------------------------------------------------------


@STORED
@given(spec=storable)
def test_the_rows_of_a_draft_amount_to_what_was_stored(session: Session, spec: Workflow) -> None:
    with session.begin_nested() as undo:
        row = drafts.store(session, spec)
        session.flush()
        session.expire_all()
        assert same(drafts.spec(row), spec)
        assert same(files.parse(drafts.document(row), "x"), spec)
        undo.rollback()


@STORED
@given(spec=storable, other=storable)
def test_storing_over_a_draft_leaves_nothing_of_it(
    session: Session, spec: Workflow, other: Workflow
) -> None:
    with session.begin_nested() as undo:
        drafts.store(session, other.model_copy(update={"key": spec.key}))
        row = drafts.store(session, spec)
        session.expire_all()
        assert same(drafts.spec(row), spec)
        undo.rollback()


# --- through a published version --------------------------------------------------------------


@STORED
@given(spec=storable)
def test_a_version_is_equal_to_what_was_published(session: Session, spec: Workflow) -> None:
    with session.begin_nested() as undo:
        version = published(session, spec)
        assert version.checksum == files.checksum(spec)
        assert same(Workflow.model_validate(version.spec), spec)
        undo.rollback()


@STORED
@given(spec=storable)
def test_a_version_read_back_as_a_file_and_imported_elsewhere_is_equal(
    session: Session, spec: Workflow
) -> None:
    """Another database, as far as this workflow goes, and another key in the same one."""
    with session.begin_nested() as undo:
        version = Workflow.model_validate(published(session, spec).spec)
        texts = (files.write(version, schema="workflow.schema.json"), files.write_json(version))
        undo.rollback()
    session.expire_all()
    for text in texts:
        with session.begin_nested() as undo:
            again = published(session, files.read(text))
            assert again.checksum == files.checksum(spec)
            assert same(Workflow.model_validate(again.spec), spec)
            renamed = files.read(text).model_copy(update={"key": "elsewhere"})
            twin = Workflow.model_validate(published(session, renamed).spec)
            assert same(twin.model_copy(update={"key": spec.key}), spec)
            undo.rollback()
        session.expire_all()


@settings(STORED, max_examples=6)
@given(spec=storable)
def test_the_commands_write_and_read_the_same(
    app: Any, session: Session, tmp_path_factory: Any, spec: Workflow
) -> None:
    folder = tmp_path_factory.mktemp("exchange")
    run = app.test_cli_runner()
    spec = spec.model_copy(update={"key": f"x{files.checksum(spec)[:12]}"})
    first = published(session, spec)
    for form in ("yaml", "json"):
        file = folder / f"back.{form}"
        words = ["export", spec.key, "--format", form, "--output", str(file)]
        answer = run.invoke(workflows, words)
        assert answer.exit_code == 0, answer.output
        assert same(files.load(file), spec)
        answer = run.invoke(workflows, ["import", "--publish", "--json", str(file)])
        assert answer.exit_code == 0, answer.output
        (told,) = json.loads(answer.output)
        assert (told["changes"], told["version"]) == ([], 1)
    count = sa.select(sa.func.count()).where(m.WorkflowVersion.workflow_id == first.workflow_id)
    assert session.scalar(count) == 1


# --- the strategy itself ----------------------------------------------------------------------


def _models(of: type[BaseModel], found: set[type[Spec]]) -> set[type[Spec]]:
    """Every part that a workflow may have."""
    if issubclass(of, Spec) and of not in found:
        found.add(of)
        for field in of.model_fields.values():
            for part in _named(field.annotation):
                _models(part, found)
    return found


def _named(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _named(inner)


def _said(value: Any, found: set[tuple[str, str]]) -> None:
    """Which fields have more than their default somewhere in it."""
    if isinstance(value, Spec):
        for name, field in type(value).model_fields.items():
            inner = getattr(value, name)
            if field.is_required() or inner != field.default:
                found.add((type(value).__name__, name))
            _said(inner, found)
    elif isinstance(value, tuple):
        for inner in value:
            _said(inner, found)


def test_every_field_of_a_spec_is_generated() -> None:
    """Whoever adds a field to the format adds it to ``strategies.any_specs``."""
    said: set[tuple[str, str]] = set()

    @settings(max_examples=250, deadline=None, derandomize=True, database=None)
    @given(spec=storable)
    def collect(spec: Workflow) -> None:
        _said(spec, said)

    collect()
    every = {
        (part.__name__, name) for part in _models(Workflow, set()) for name in part.model_fields
    }
    assert every - said == {("Workflow", "format")}, "there is but one format"
