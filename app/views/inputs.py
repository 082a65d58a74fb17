"""Forms out of FieldSpecs: drawn with what is there, read back with nothing lost.

A form's controls are named ``field-<key>``, so that no field of a workflow can be taken for one
of ours. What was typed and what was uploaded comes back with every error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from app.errors import InvalidError, Problem
from app.services import attachments, candidates, edge, sniff
from app.services.actors import Viewer
from app.services.attachments import Kept
from app.services.candidates import KINDS, Candidates
from app.views import labels
from app.workflows.spec import FieldSpec, FieldType, FormField

PREFIX = "field-"
SEVERAL = frozenset({FieldType.CHOICES, FieldType.PARTIES, FieldType.FILES})
KEPT_FROM_BEFORE = frozenset(
    {
        FieldType.NUMBER,
        FieldType.MONEY,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.CHOICE,
        FieldType.CHOICES,
        FieldType.YES_NO,
        FieldType.PERSON,
        FieldType.PARTY,
        FieldType.PARTIES,
        FieldType.PLACE,
    }
)
"""Drawn with the case's present value, so that an empty control means "emptied". Texts, files and
ratings are written anew each time: left empty they change nothing."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was sent. ``values`` goes to the engine; ``typed`` is what to draw again."""

    values: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, Any] = field(default_factory=dict)
    files: tuple[tuple[str, Kept], ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """One row of a form, ready to draw."""

    key: str
    name: str
    id: str
    type: str
    label: str
    help: str
    required: bool
    max_length: int
    value: Any
    typed: str = ""
    errors: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    url: str = ""
    kept: tuple[tuple[str, str], ...] = ()


Pairs = Sequence[tuple[FieldSpec, bool]]
"""Each field of a form with whether it must be filled."""


def pairs(fields: Mapping[str, FieldSpec], form: Iterable[FormField]) -> Pairs:
    return [(fields[item.field], item.required) for item in form]


# --- reading ------------------------------------------------------------------------------------


def read(session: Session, viewer: Viewer | None, form: Pairs) -> Given:
    """What this request sent for ``form``. Uploads are kept at once; ``viewer`` None (a resident)
    may name nobody."""
    values: dict[str, Any] = {}
    typed: dict[str, Any] = {}
    files: list[tuple[str, Kept]] = []
    problems: list[Problem] = []
    for spec, required in form:
        if spec.type is FieldType.FILES:
            kept, wrong = _uploads(spec, pictures=viewer is None)
            files += [(spec.key, item) for item in kept]
            problems += wrong
            if required and not kept and not wrong:
                values[spec.key] = []
            continue
        raw = _raw(spec)
        typed[spec.key] = raw
        if spec.type in KINDS and not raw:
            raw, wrong = _looked_up(session, viewer, spec)
            problems += wrong
            typed[f"{spec.key}-text"] = request.form.get(f"{PREFIX}{spec.key}-text", "")
        if raw or required or spec.type in KEPT_FROM_BEFORE:
            values[spec.key] = raw
    if viewer is not None and not problems:
        problems = candidates.strangers(session, viewer, dict(_keyed(form)), _ids(form, values))
    return Given(values, typed, tuple(files), tuple(problems))


def _keyed(form: Pairs) -> Iterable[tuple[str, FieldSpec]]:
    return ((spec.key, spec) for spec, _required in form)


def _raw(spec: FieldSpec) -> Any:
    name = PREFIX + spec.key
    if spec.type in SEVERAL:
        return [value for value in request.form.getlist(name) if value]
    return request.form.get(name, "").strip()


def _ids(form: Pairs, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that name somebody, as far as they are numbers at all."""
    found = {}
    for spec, _required in form:
        value = values.get(spec.key)
        if spec.type in KINDS and value:
            items = value if isinstance(value, list) else [value]
            found[spec.key] = [i for i in items if str(i).isdecimal() and len(str(i)) < 19]
    return found


def _looked_up(
    session: Session, viewer: Viewer | None, spec: FieldSpec
) -> tuple[Any, list[Problem]]:
    """Without script the words that were typed stand for the one candidate that they fit."""
    words = request.form.get(f"{PREFIX}{spec.key}-text", "").strip()[:100]
    if not words or viewer is None:
        return ([] if spec.type in SEVERAL else ""), []
    kind = KINDS[spec.type]
    found = candidates.find(session, viewer, [kind], words=words)[kind].items
    exact = [item for item in found if item.text.split(" · ")[-1] == words or item.text == words]
    hits = exact if len(exact) == 1 else found
    if len(hits) == 1:
        value = str(hits[0].id)
        return ([value] if spec.type in SEVERAL else value), []
    said = (
        ("找到多个，请写得更具体", "fits several: write more")
        if hits
        else ("没有找到", "fits nothing")
    )
    text = {"zh": f"“{words[:40]}”{said[0]}。", "en": f"“{words[:40]}” {said[1]}."}
    return "", [Problem(text, spec.key)]


def _uploads(spec: FieldSpec, *, pictures: bool) -> tuple[list[Kept], list[Problem]]:
    """What was chosen now or before; ``pictures``: nothing but pictures and PDF."""
    settings = current_app.extensions["settings"]
    name = PREFIX + spec.key
    kept = [found for text in request.form.getlist(f"{name}-kept") if (found := _unsigned(text))]
    problems: list[Problem] = []
    sent = [file for file in request.files.getlist(name) if file.filename]
    if len(kept) + len(sent) > attachments.MOST_FILES:
        most = attachments.MOST_FILES
        text = {"zh": f"最多 {most} 个文件。", "en": f"At most {most} files."}
        return kept[:most], [Problem(text, spec.key)]
    for file in sent:
        try:
            kept.append(
                attachments.keep(
                    settings.files_dir,
                    file.filename or "",
                    file.stream,  # type: ignore[arg-type]
                    most=settings.upload_megabytes * 1024 * 1024,
                    field=spec.key,
                )
            )
        except InvalidError as error:
            problems += error.problems
    if pictures and any(k.media_type not in sniff.IMAGES | {sniff.PDF} for k in kept):
        kept = [k for k in kept if k.media_type in sniff.IMAGES | {sniff.PDF}]
        text = {"zh": "这里只能上传照片和 PDF。", "en": "Only pictures and PDF are taken here."}
        problems.append(Problem(text, spec.key))
    return kept, problems


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="kept-file")


def _signed(kept: Kept) -> str:
    text: str = _signer().dumps([kept.name, kept.media_type, kept.size, kept.sha256])
    return text


def _unsigned(text: str) -> Kept | None:
    try:
        return Kept(*_signer().loads(text))
    except (BadSignature, TypeError):
        return None


# --- drawing ------------------------------------------------------------------------------------


def kinds(form: Pairs) -> set[str]:
    """Which candidates a form needs; asked once for all forms of a page."""
    return {KINDS[spec.type] for spec, _required in form if spec.type in KINDS}


def draw(
    form: Pairs,
    *,
    prefix: str,
    present: Mapping[str, Any] | None = None,
    given: Given | None = None,
    problems: Iterable[Problem] = (),
    offered: Mapping[str, Candidates] | None = None,
) -> list[Input]:
    """The rows of a form. ``prefix`` keeps ids apart on a page with several; ``present`` is the
    case's data, ``given`` what was just sent and refused."""
    wrong: dict[str, list[str]] = {}
    for problem in problems:
        if problem.field is not None:
            wrong.setdefault(problem.field, []).append(labels.localized(problem.text))
    rows = []
    for spec, required in form:
        value = _value(spec, present or {}, given)
        options, url = _options(spec, value, offered or {})
        kept = [] if given is None else [kept for key, kept in given.files if key == spec.key]
        rows.append(
            Input(
                key=spec.key,
                name=PREFIX + spec.key,
                id=f"{prefix}-{spec.key}",
                type=spec.type.value,
                label=labels.localized(spec.label.model_dump()),
                help=labels.localized(spec.help.model_dump()) if spec.help else "",
                required=required,
                max_length=spec.max_length,
                value=value,
                typed="" if given is None else str(given.typed.get(f"{spec.key}-text", "")),
                errors=tuple(wrong.get(spec.key, ())),
                options=options,
                url=url,
                kept=tuple((_signed(item), item.name) for item in kept),
            )
        )
    return rows


def _value(spec: FieldSpec, present: Mapping[str, Any], given: Given | None) -> Any:
    """As the controls want it: texts, or a list of texts."""
    if given is not None and spec.key in given.typed:
        return given.typed[spec.key]
    value = present.get(spec.key) if spec.type in KEPT_FROM_BEFORE else None
    if spec.type in SEVERAL:
        return [str(item) for item in value or []]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if spec.type is FieldType.DATETIME:
        return edge.shown(datetime.fromisoformat(str(value))).replace(" ", "T")
    return str(value)


def _options(
    spec: FieldSpec, value: Any, offered: Mapping[str, Candidates]
) -> tuple[tuple[tuple[str, str], ...], str]:
    """The list to choose from, and the address to search at when it is too long to show."""
    if spec.type in (FieldType.CHOICE, FieldType.CHOICES):
        pairs_ = [(o.key, labels.localized(o.label.model_dump())) for o in spec.options]
        return tuple(pairs_), ""
    if spec.type is FieldType.YES_NO:
        return (("true", _("Yes")), ("false", _("No"))), ""
    if spec.type not in KINDS:
        return (), ""
    kind = KINDS[spec.type]
    found = offered.get(kind, Candidates((), more=False))
    options = tuple((str(item.id), item.text) for item in found.items)
    return options, url_for("cases.lookup", kind=kind) if found.more else ""
