"""The legs, so that importing this module registers every one's facts, effects and sources; and the
kinds of long work."""

from __future__ import annotations

from app.services import (
    agenda,
    attendance,
    consultations,
    floor,
    grievances,
    invitations,
    passages,
    ratings,
    recounts,
)

LEGS = (
    agenda,
    attendance,
    consultations,
    floor,
    grievances,
    invitations,
    passages,
    ratings,
    recounts,
)
