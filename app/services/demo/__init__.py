"""A demo community, made up from start to end, and bulk data for load."""

from __future__ import annotations

from app.services.demo.load import load
from app.services.demo.seed import logins, seed

__all__ = ["load", "logins", "seed"]
