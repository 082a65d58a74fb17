"""Registers out of spreadsheets: upload, look at what was found, then import as a job."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from flask import (
    Blueprint,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from sqlalchemy.orm import aliased
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.errors import InvalidError, Problem, RefusedError
from app.extensions import db
from app.models import Job, JobState, Place, PlaceKind
from app.services import households, imports, jobs, sheets
from app.services.imports import REGISTERS, Register
from app.services.jobs import Order
from app.services.scope import places_below
from app.transaction import unit_of_work
from app.views import access, labels
from app.views.fields import clean

pages = Blueprint("imports", __name__, url_prefix="/imports")
SHOWN = 20
_NEEDED = {households.HOUSEHOLDS.key: ("UnitView", "OwnerView")}
"""Ledgers that one must be allowed to add to."""
Answer = str | Response | tuple[str, int]


def may_import(key: str) -> bool:
    """Whether this person may import the register ``key``."""
    return key in _NEEDED and all(access.may("can_add", view) for view in _NEEDED[key])


def _register(key: str) -> Register:
    if key not in REGISTERS:
        abort(404)
    if not may_import(key):
        abort(403)
    return REGISTERS[key]


@pages.get("/<key>")
def new(key: str) -> str:
    found = _register(key)
    only = _places("")
    place = only[0] if len(only) == 1 else None
    return _page(found, (), str(place[0]) if place else "", place[1] if place else "")


def _page(found: Register, problems: tuple[Problem, ...], place: str, words: str) -> str:
    return render_template(
        "jobs/import.html",
        register=found,
        problems={each.field: each.text for each in problems},
        place=place,
        words=words,
        most=current_app.extensions["settings"].upload_megabytes,
    )


@pages.post("/<key>")
def upload(key: str) -> Answer:
    """Keep the file and have it looked at; nothing is imported yet."""
    found = _register(key)
    sent = request.files.get("file")
    place, words = request.form.get("place", ""), clean(request.form.get("place-text"))[:100]
    try:
        chosen = _chosen(place, words)
        job_id = _start_check(found, chosen, sent)
    except InvalidError as error:
        return _page(found, error.problems, place, words), 422
    return redirect(url_for("jobs.show", job_id=job_id))


def _start_check(found: Register, place: tuple[int, str], sent: FileStorage | None) -> int:
    if sent is None or not sent.filename:
        text = {"zh": "请先选择文件。", "en": "Choose a file first."}
        raise InvalidError(Problem(text, "file"))
    name = clean(sent.filename)[:200]
    parameters = {"register": found.key, "place_id": place[0], "file": name}
    label = {
        "zh": f"检查：{found.label['zh']}，{place[1]}",
        "en": f"Check: {found.label['en']}, {place[1]}",
    }
    with unit_of_work(db.session()) as session:
        order = Order("check", parameters, label, place[0])
        job = jobs.start(session, order, owner_id=_me(), now=access.now())
        imports.keep(jobs.folder(_files(), job.id), sent.stream)
        return job.id


@pages.post("/of/<int(max=9223372036854775807):job_id>")
def run(job_id: int) -> Response:
    """Import what was looked at: all of it, or the good rows when its owner says so."""
    checked = jobs.own(db.session(), job_id, access.viewer())
    if checked.kind != "check" or checked.state is not JobState.DONE:
        abort(404)
    found = _register(checked.parameters["register"])
    good_only = request.form.get("rows") == "good"
    if checked.result.get("bad") and not good_only:
        raise RefusedError(
            Problem(
                {
                    "zh": "文件里有问题行。请改好后重新上传，或选择只导入没有问题的行。",
                    "en": "The file has faults. Mend them and upload it again, or choose to "
                    "import the good rows only.",
                }
            )
        )
    with unit_of_work(db.session()) as session:
        job = _start_import(session, checked, found, good_only=good_only)
        number = job.id
    return redirect(url_for("jobs.show", job_id=number))


def _start_import(
    session: sa.orm.Session, checked: Job, found: Register, *, good_only: bool
) -> Job:
    label = {
        "zh": checked.label["zh"].replace("检查：", "导入：", 1),
        "en": checked.label["en"].replace("Check:", "Import:", 1),
    }
    parameters = {**checked.parameters, "good_only": good_only, "check": checked.id}
    order = Order("import", parameters, label, checked.place_id)
    job = jobs.start(session, order, owner_id=_me(), now=access.now())
    imports.hand_on(jobs.folder(_files(), 0).parent, checked, job)
    return job


@pages.get("/<key>/template")
def template(key: str) -> Response:
    """An empty form with the headings, a note on each and lists to choose from."""
    found, language = _register(key), labels.language()
    columns = [
        (
            f"{each.label[language]}{'*' if each.required else ''}",
            (each.help or {}).get(language, ""),
        )
        for each in found.fields
    ]
    choices = {at: each.choices for at, each in enumerate(found.fields) if each.choices}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.xlsx"
        sheets.template(path, columns, choices)
        content = BytesIO(path.read_bytes())
    name = f"{found.label[language]}.xlsx"
    return send_file(content, mimetype=sheets.TYPE, as_attachment=True, download_name=name)


@pages.get("/<key>/places")
def places(key: str) -> Response:
    """What the searching box asks."""
    _register(key)
    found = _places(request.args.get("q", "")[:100])
    more = len(found) > SHOWN
    note = _("More was found: type more words.") if more else _("Nothing was found.")
    results = [{"id": str(place_id), "text": text} for place_id, text in found[:SHOWN]]
    return jsonify(results=results, more=more, note=note)


def _places(words: str, place_id: int | None = None) -> list[tuple[int, str]]:
    """Compounds at or below the places of this person, by name or key."""
    viewer = access.viewer()
    above = aliased(Place)
    query = sa.select(Place.id, Place.name, above.name).outerjoin(
        above, above.id == Place.parent_id
    )
    query = query.where(Place.kind == PlaceKind.COMPOUND)
    if not viewer.everywhere:
        query = query.where(places_below(viewer))
    if place_id is not None:
        query = query.where(Place.id == place_id)
    for word in clean(words).split()[:5]:
        query = query.where(Place.name.icontains(word, autoescape=True))
    rows = db.session.execute(query.order_by(Place.name, Place.id).limit(SHOWN + 1))
    return [(key, f"{name} · {parent}" if parent else name) for key, name, parent in rows]


def _chosen(place: str, words: str) -> tuple[int, str]:
    """The compound that was chosen, or the one that the typed words mean."""
    known = place.isascii() and place.isdecimal() and len(place) < 19
    found = _places("", int(place)) if known else _places(words.split(" · ")[0]) if words else []
    if len(found) != 1:
        text = {
            "zh": "请选择小区：输入名称，再从列表里选。",
            "en": "Choose the compound: type its name and pick it from the list.",
        }
        raise InvalidError(Problem(text, "place"))
    return found[0][0], found[0][1].split(" · ")[0]


def _me() -> int:
    user_id = access.viewer().user_id
    if user_id is None:
        abort(401)
    return user_id


def _files() -> Path:
    folder: Path = current_app.extensions["settings"].files_dir
    return folder
