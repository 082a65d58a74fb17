"""How a person wants to see a list: saved views, and what they last chose."""

from __future__ import annotations

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Flag, Id, Json, KeyText, user_reference


class SavedView(Base):
    """Filters, order, columns and page size of one list under a name. It holds what stands in the
    list's address and nothing else: it never widens what somebody may see.

    The row without a name is what its owner last chose for the list: page size, columns, and under
    ``view`` the id of the view that the list opens with.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        sa.UniqueConstraint("owner_id", "list_key", "name"),
        sa.Index("ix_saved_view_shared", "list_key", postgresql_where=sa.text("shared")),
    )

    id: Mapped[Id]
    owner_id: Mapped[int] = user_reference(ondelete="CASCADE", index=False)
    list_key: Mapped[KeyText]
    name: Mapped[str] = mapped_column(sa.String(40), default="", server_default="")
    query: Mapped[Json]
    shared: Mapped[Flag]
    """Offered to everybody who may see the list; only administrators share."""

    owner: Mapped[User] = relationship(User)

    def __str__(self) -> str:
        return self.name
