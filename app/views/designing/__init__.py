"""A workflow's own pages, below ``/workflows/<id>``: each module adds to the one blueprint, and a
line to ``templates/definitions/tabs.html``."""

from __future__ import annotations

from app.views.designing import (
    beginning,
    drawing,
    importing,
    limits,
    moving,
    outlook,
    overview,
    places,
    playing,
    traffic,
    varying,
    versions,
)
from app.views.designing.frame import pages

__all__ = [
    "beginning",
    "drawing",
    "importing",
    "limits",
    "moving",
    "outlook",
    "overview",
    "pages",
    "places",
    "playing",
    "traffic",
    "varying",
    "versions",
]
