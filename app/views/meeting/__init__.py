"""Four-party meetings: the list, calling one, the room, the minutes, a part of the case page."""

from __future__ import annotations

from app.views.meeting import convening, recording, room
from app.views.meeting.routes import pages

__all__ = ["convening", "pages", "recording", "room"]
