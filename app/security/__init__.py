"""Who may: logins, their sessions, and the roles as code."""

from __future__ import annotations

from app.security.grants import GRANTS, allowed_by_code
from app.security.manager import SecurityManager
from app.security.sync import sync

__all__ = ["GRANTS", "SecurityManager", "allowed_by_code", "sync"]
