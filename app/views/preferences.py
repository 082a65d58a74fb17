"""What one wants to be told, by which channel and when."""

from __future__ import annotations

from datetime import time
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.errors import InvalidError, Problem
from app.extensions import db
from app.models import Mode
from app.services import preferences
from app.services.preferences import CHANNELS, MODES, TOPICS, Wishes
from app.transaction import unit_of_work
from app.views import access, labels
from app.views.deliveries import channels

pages = Blueprint("preferences", __name__, url_prefix="/account/notices")
WORDS: dict[str, Any] = {
    "": _l("As usual"),
    **labels.ENUMS[Mode],
}


@pages.get("/")
def index() -> str:
    return _page(preferences.of(db.session(), _user_id()))


def _user_id() -> int:
    user_id = access.viewer().user_id
    if user_id is None:
        abort(401)
    return user_id


def _page(wishes: Wishes, problems: tuple[Problem, ...] = ()) -> str:
    return render_template(
        "deliveries/wishes.html",
        wishes=wishes,
        topics=TOPICS,
        ways=CHANNELS,
        channels=channels(),
        offered={way: _offered(way) for way in CHANNELS},
        wrong={problem.field: problem.text for problem in problems},
    )


def _offered(way: str) -> list[tuple[str, Any]]:
    return [("", WORDS[""]), *((mode.value, WORDS[mode]) for mode in MODES[way])]


@pages.post("/")
def save() -> Response | tuple[str, int]:
    wishes, wrong = _sent()
    if wrong:
        return _page(wishes, tuple(wrong)), 422
    try:
        with unit_of_work(db.session()) as session:
            preferences.save(session, _user_id(), wishes)
    except InvalidError as error:
        return _page(wishes, error.problems), 422
    flash(_("Saved. It holds for every notice from now on."), "success")
    return redirect(url_for("preferences.index"))


def _sent() -> tuple[Wishes, list[Problem]]:
    wrong: list[Problem] = []
    modes = {}
    for topic in TOPICS:
        for way in CHANNELS:
            chosen = request.form.get(f"{topic}-{way}", "")
            if chosen in {mode.value for mode in MODES[way]}:
                modes[topic, way] = Mode(chosen)
    times = {name: _time(name, wrong) for name in ("quiet_from", "quiet_until", "digest_at")}
    wishes = Wishes(
        modes,
        "".join(request.form.get("phone", "").split()).replace("-", "")[:30],
        times["quiet_from"],
        times["quiet_until"],
        "urgent_anyway" in request.form,
        times["digest_at"] or time(18),
    )
    return wishes, wrong


def _time(name: str, wrong: list[Problem]) -> time | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        words = {"zh": "请按 22:00 的样子填写时间。", "en": "A time looks like 22:00."}
        wrong.append(Problem(words, name))
        return None
