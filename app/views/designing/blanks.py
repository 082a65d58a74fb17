"""The forms of a play: people by their roles, parties and places by number, files by how many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.services.candidates import Candidate, Candidates
from app.views import inputs, labels
from app.views.dossier import Opened
from app.views.inputs import Pairs
from app.workflows import cast
from app.workflows.engine import Compiled
from app.workflows.registry import ROLES
from app.workflows.spec import FieldSpec, FieldType, FormField, Label, Option

PARTIES = range(1, 6)
PLACES = range(1, 4)
_FILES = {"one": 1, "two": 2, "three": 3}


def said(label: Label) -> str:
    return label.text(labels.language())


def named(label: Label) -> str:
    """As a heading or a label has it: English names of roles and facts begin small."""
    text = said(label)
    return text[:1].upper() + text[1:]


def pairs(compiled: Compiled, form: Iterable[FormField]) -> Pairs:
    """The fields of a form as a play asks for them: files only by their number."""
    found = inputs.pairs(compiled.fields, form)
    return [(_counted(spec) if _is_files(spec) else spec, needed) for spec, needed in found]


def filled(
    compiled: Compiled, form: Iterable[FormField], given: Mapping[str, Any]
) -> dict[str, Any]:
    """What was sent, as a move of a play has it: nothing empty, people by their roles."""
    found: dict[str, Any] = {}
    for spec, _needed in inputs.pairs(compiled.fields, form):
        value = given.get(spec.key)
        if value in (None, "", []):
            continue
        if _is_files(spec):
            value = tuple(range(1, _FILES.get(str(value), 1) + 1))
        elif spec.type is FieldType.PERSON:
            value = cast.role(int(value)) if str(value).isdecimal() else value
        found[spec.key] = tuple(value) if isinstance(value, list) else value
    return found


def drawn(
    compiled: Compiled,
    form: Iterable[FormField],
    prefix: str,
    data: Mapping[str, Any],
    opened: Opened,
) -> tuple[inputs.Input, ...]:
    mine = opened.event == prefix
    return tuple(
        inputs.draw(
            pairs(compiled, form),
            prefix=prefix,
            present={k: v for k, v in data.items() if not _is_files(compiled.fields[k])},
            given=opened.given if mine else None,
            problems=opened.problems if mine else (),
            offered=offered(),
        )
    )


def _is_files(spec: FieldSpec) -> bool:
    return spec.type is FieldType.FILES


def _counted(spec: FieldSpec) -> FieldSpec:
    options = tuple(
        Option(key=key, label=Label(zh=f"{n} 个文件", en=f"{n} file{'s' * (n > 1)}"))
        for key, n in _FILES.items()
    )
    return spec.model_copy(update={"type": FieldType.CHOICE, "options": options})


def offered() -> dict[str, Candidates]:
    people = [(n, ROLES[role]) for n, role in enumerate(cast.STAFF, 1)]
    parties = [(n, cast.party(n)) for n in PARTIES]
    places = [(n, Label(zh=f"地点 {n}", en=f"place {n}")) for n in PLACES]
    return {
        kind: Candidates(tuple(Candidate(n, said(label)) for n, label in some), more=False)
        for kind, some in (("person", people), ("party", parties), ("place", places))
    }
