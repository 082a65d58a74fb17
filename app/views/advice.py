"""Hints for administrators in words, each with the page where it is put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.extensions import db
from app.services import hints
from app.services.hints import Hint
from app.views import access, labels

_WHERE = {
    "stale": "deliveries.index",
    "dead": "deliveries.index",
    "calendar": "calendar.holidays",
    "unpublished": "definitions.index",
    "no_places": "PlaceView.list",
    "no_secretary": "StaffView.list",
    "no_place": "StaffView.list",
}


def shown() -> list[dict[str, str]]:
    """Each with ``head``, ``text`` and ``url``, most pressing first."""
    return [_one(hint) for hint in hints.hints(db.session(), access.now())]


def listed(names: Sequence[str]) -> str:
    return ("、" if labels.language() == "zh" else ", ").join(names)


def _one(hint: Hint) -> dict[str, str]:
    names = listed(hint.names)
    if hint.count > len(hint.names) > 0:
        names = _("%(names)s and %(count)s more", names=names, count=hint.count - len(hint.names))
    return {"head": _head(hint), "text": _text(hint.key, names), "url": url_for(_WHERE[hint.key])}


def _head(hint: Hint) -> Any:
    n = hint.count
    match hint.key:
        case "stale":
            return ngettext(
                "%(num)s deadline is not watched", "%(num)s deadlines are not watched", n
            )
        case "dead":
            return ngettext(
                "%(num)s message was not delivered", "%(num)s messages were not delivered", n
            )
        case "calendar":
            return _("The holidays of %(year)s are not known yet", year=n)
        case "unpublished":
            return ngettext(
                "%(num)s workflow is not published", "%(num)s workflows are not published", n
            )
        case "no_places":
            return _("There is no community yet")
        case "no_secretary":
            return ngettext(
                "%(num)s community has no secretary", "%(num)s communities have no secretary", n
            )
        case _:
            return ngettext("%(num)s login sees nothing", "%(num)s logins see nothing", n)


def _text(key: str, names: str) -> Any:
    match key:
        case "stale":
            return _("No sweep is running: start the worker.")
        case "dead":
            return _("Look at what the channel answered, and send them again.")
        case "calendar":
            return _("Due times that reach into it may move. Import them once announced.")
        case "unpublished":
            return _("Nobody can begin such a case yet: %(names)s", names=names)
        case "no_places":
            return _("Enter the places; all work hangs on them.")
        case "no_secretary":
            return _("Nobody there replies to residents: %(names)s", names=names)
        case _:
            return _("Give them a role and a place: %(names)s", names=names)
