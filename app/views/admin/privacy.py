"""Telephone numbers: masked everywhere, shown one at a time on demand, each time on the record."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder.actions import action
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.extensions import db
from app.models import AccessKind
from app.security import sessions
from app.views import access


class Masked:
    """Adds the button that shows a number; for ledgers with a column ``phone``."""

    @action(
        "reveal",
        _l("Show the telephone number"),
        _l("Show the number in full? That you looked is recorded."),
        icon="eye",
        multiple=False,
    )
    def reveal(self, item: Any) -> str:
        sessions.record(
            db.session(),
            AccessKind.REVEAL,
            now=access.now(),
            user=current_user,
            address=request.remote_addr or "",
            detail={"ledger": type(self).__name__, "row": str(self.key(item))},  # type: ignore[attr-defined]
        )
        number = item.phone or _("none")
        return str(_("Telephone of %(name)s: %(number)s", name=str(item), number=number))
