"""Rule sets: thresholds as data, with their legal or local basis beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import sqlalchemy as sa
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from app.errors import InvalidError, Problem
from app.models import RuleSet
from app.workflows.spec import Key, Label

FOLDER = Path(__file__).parent.parent / "workflows" / "library" / "rules"

APPROVING = frozenset({"agree", "condition"})
"""What a rule set may count as approval; an abstention never is one."""

_FOLDED = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")
_SHARE = re.compile(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*")


def _share(text: str) -> str:
    found = _SHARE.fullmatch(text)
    if found is None or int(found[2]) == 0 or int(found[1]) > int(found[2]):
        raise ValueError("write a fraction between 0 and 1, e.g. 2/3")
    return f"{int(found[1])}/{int(found[2])}"


def _votes(voices: tuple[str, ...]) -> tuple[str, ...]:
    if not voices or not set(voices) <= APPROVING:
        raise ValueError("name agree, or agree and condition")
    return voices


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ThresholdFile(_Strict):
    share: Annotated[str, AfterValidator(_share)]
    inclusive: bool

    @property
    def part(self) -> int:
        return int(self.share.split("/")[0])

    @property
    def whole(self) -> int:
        return int(self.share.split("/")[1])


class RuleFile(_Strict):
    """One rule set file. ``statutory``: the law sets it, so a deploy always restores it."""

    format: Literal[1] = 1
    key: Key
    statutory: bool = False
    label: Label
    basis: Label
    matters: Label
    participation: ThresholdFile
    approval: ThresholdFile
    approving: Annotated[tuple[str, ...], AfterValidator(_votes)] = Field(min_length=1)

    def columns(self) -> dict[str, Any]:
        return {
            "label_zh": _joined(self.label.zh),
            "label_en": self.label.en,
            "basis_zh": _joined(self.basis.zh),
            "basis_en": self.basis.en,
            "matters": f"{_joined(self.matters.zh)}\n{self.matters.en}".strip(),
            "participation": self.participation.part,
            "participation_over": self.participation.whole,
            "participation_inclusive": self.participation.inclusive,
            "approval": self.approval.part,
            "approval_over": self.approval.whole,
            "approval_inclusive": self.approval.inclusive,
            "approving": list(self.approving),
        }


def _joined(chinese: str) -> str:
    """YAML folds a line break into a blank, which Chinese text doesn't have."""
    return _FOLDED.sub("", chinese)


def read(text: str, name: str) -> RuleFile:
    """A rule set out of its file. Raises InvalidError naming file, path and what is wrong."""
    try:
        return RuleFile.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        raise InvalidError(_problem(where, str(getattr(error, "problem", error)))) from error
    except ValidationError as error:
        problems = [
            _problem(f"{name}: {'.'.join(map(str, one['loc'])) or '/'}", one["msg"])
            for one in error.errors()
        ]
        raise InvalidError(*problems) from error


def _problem(where: str, what: str) -> Problem:
    return Problem(
        {"zh": f"规则集文件有误（{where}）：{what}", "en": f"Bad rule set file ({where}): {what}"},
        where,
    )


def shipped() -> list[RuleFile]:
    """The rule sets that come with the product, those of the law first."""
    files = [read(path.read_text("utf-8"), path.name) for path in FOLDER.glob("*.yaml")]
    return sorted(files, key=lambda file: (not file.statutory, file.key))


def load(session: Session) -> int:
    """Make the database hold what ships; returns how many rows it wrote. Run it as often as wanted.

    A statutory rule set is put back to what the law says; an example is written once and is the
    community's own from then on. Consultations whose roll is frozen keep their copy either way.
    """
    known = {row.key: row for row in session.scalars(sa.select(RuleSet))}
    written = 0
    for file in shipped():
        row = known.get(file.key)
        if row is None:
            session.add(RuleSet(key=file.key, **file.columns()))
            written += 1
        elif file.statutory and (changed := _differing(row, file.columns())):
            for name, value in changed.items():
                setattr(row, name, value)
            written += 1
    session.flush()
    return written


def _differing(row: RuleSet, columns: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if getattr(row, name) != value}


def frozen(row: RuleSet) -> dict[str, Any]:
    """The rule set as it is copied into a consultation: all that counting and printing need."""
    return {
        "key": row.key,
        "label": {"zh": row.label_zh, "en": row.label_en or row.label_zh},
        "basis": {"zh": row.basis_zh, "en": row.basis_en or row.basis_zh},
        "participation": [row.participation, row.participation_over],
        "participation_inclusive": row.participation_inclusive,
        "approval": [row.approval, row.approval_over],
        "approval_inclusive": row.approval_inclusive,
        "approving": sorted(row.approving),
    }
