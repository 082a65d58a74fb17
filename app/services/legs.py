"""The legs, so that importing this module registers every one's facts, effects and sources."""

from __future__ import annotations

from app.services import (
    agenda,
    attendance,
    consultations,
    floor,
    grievances,
    invitations,
    ratings,
)

LEGS = (agenda, attendance, consultations, floor, grievances, invitations, ratings)
