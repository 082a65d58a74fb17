"""More than the workflow says: mail and text messages for those who want them where it tells by the
bell alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import models as m
from app.models import Mode
from app.services import direct, preferences

_notice, _case = m.Notice.__table__, m.Case.__table__
_account, _wish = m.Account.__table__, m.Preference.__table__

_EAGER = sa.select(_wish.c.user_id).where(
    _wish.c.user_id == sa.any_(sa.bindparam("people", type_=sa.ARRAY(sa.Integer))),
    _wish.c.mode != sa.literal_column("'never'", sa.Text),
)


def write(
    session: Session, shown: Mapping[int, Sequence[int]], now: datetime, *, mail: bool
) -> None:
    """Write rows for those who want by mail or text message what was told by the bell alone:
    notices just ``shown``, by person. Their dedupe keys are those that the workflow's own rows
    have, so nothing is told twice. Flushes."""
    text, values = _eager()
    found = {row[0] for row in direct.run(session, text, {**values, "people": list(shown)})}
    ids = [notice_id for user_id in found for notice_id in shown[user_id]]
    if ids:
        session.connection().execute(_more(ids, now, mail=mail))


@lru_cache(maxsize=1)
def _eager() -> tuple[str, dict[str, Any]]:
    return direct.compiled(_EAGER)


def _more(ids: Sequence[int], now: datetime, *, mail: bool) -> sa.Insert:
    shown = _notice.alias("shown")
    channel = _wish.c.channel
    gateway = _gateway_of(_case)
    stem = sa.func.regexp_replace(shown.c.dedupe, ":inapp$", "")
    chosen = (
        sa.select(
            shown.c.case_id,
            shown.c.user_id,
            shown.c.path,
            shown.c.key,
            shown.c.subject,
            shown.c.body,
            channel,
            sa.case((channel == "sms", gateway.c.id)),
            stem + ":" + channel,
            shown.c.created_at,
            sa.literal(now, _notice.c.next_at.type),
        )
        .outerjoin(_case, _case.c.id == shown.c.case_id)
        .join(_wish, _wish.c.user_id == shown.c.user_id)
        .join(User, User.id == shown.c.user_id)
        .outerjoin(_account, _account.c.user_id == shown.c.user_id)
        .outerjoin(gateway, channel == "sms")
        .where(
            shown.c.id == sa.any_(sa.literal(list(ids), sa.ARRAY(sa.BigInteger))),
            _wish.c.topic == preferences.topic(shown, _case),
            _wish.c.mode != Mode.NEVER,
            User.active.is_(True),
            sa.or_(
                sa.and_(channel == "email", sa.literal(mail), User.email != ""),
                sa.and_(channel == "sms", gateway.c.id.is_not(None), _account.c.phone != ""),
            ),
        )
    )
    columns = ["case_id", "user_id", "path", "key", "subject", "body", "channel", "gateway_id"]
    columns += ["dedupe", "created_at", "next_at"]
    fresh = insert(_notice).from_select(columns, chosen, include_defaults=False)
    return fresh.on_conflict_do_nothing(index_elements=["dedupe"])


def _gateway_of(case: Any) -> Any:
    """The provider of text messages nearest to the case's place, for each row of a join."""
    gateway, place, spot = m.Gateway.__table__, m.Place.__table__, m.Place.__table__.alias("spot")
    return (
        sa.select(gateway.c.id)
        .outerjoin(place, place.c.id == gateway.c.place_id)
        .outerjoin(spot, spot.c.id == case.c.place_id)
        .where(
            gateway.c.kind == "sms",
            gateway.c.active,
            sa.or_(gateway.c.place_id.is_(None), sa.func.starts_with(spot.c.path, place.c.path)),
        )
        .correlate(case)
        .order_by(sa.func.length(place.c.path).desc().nulls_last(), gateway.c.id)
        .limit(1)
        .lateral("gateway")
    )
