"""Forms that were sent: each is saved once, however often the button was pressed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant


class Submission(Base):
    """``token`` came with the form; the second row of the same one is refused by the key."""

    __tablename__ = "submission"

    token: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    at: Mapped[Instant] = mapped_column(index=True)

    def __str__(self) -> str:
        return self.token
