"""The blueprint that the modules of this package add their pages to."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("meetings", __name__, url_prefix="/meetings")
ID = "<int(max=9223372036854775807):case_id>"
ITEM = "<int(max=9223372036854775807):item_id>"
