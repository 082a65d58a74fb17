"""Notices as they are handed to a channel: whom to, in which language, with which link."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User

from app import models as m
from app.channels import Message
from app.services import edge, links


def asked(taken: sa.CTE) -> sa.Select[Any]:
    """The notices with what is needed of those who are told."""
    language = sa.func.coalesce(sa.func.nullif(m.Account.language, ""), edge.language())
    sms = taken.c.channel == "sms"
    theirs = sa.case(
        (taken.c.resident & sms, m.Grievance.phone),
        (taken.c.resident, m.Grievance.email),
        (sms, m.Account.phone),
        else_=User.email,
    )
    return (
        sa.select(
            taken,
            language.label("language"),
            sa.func.coalesce(sa.func.nullif(taken.c.address, ""), theirs, "").label("whereto"),
            m.Case.token,
        )
        .outerjoin(User, User.id == taken.c.user_id)
        .outerjoin(m.Account, m.Account.user_id == taken.c.user_id)
        .outerjoin(m.Case, sa.and_(taken.c.resident, m.Case.id == taken.c.case_id))
        .outerjoin(m.Grievance, sa.and_(taken.c.resident, m.Grievance.case_id == taken.c.case_id))
        .order_by(taken.c.id)
    )


def message(row: Any) -> Message:
    """A row of ``asked`` in its reader's language."""
    language = row.language if row.language in ("zh", "en") else "zh"
    body = str(row.body.get(language) or row.body.get("zh", ""))
    link = inner = _inner(row)
    if row.resident and row.token:  # of the pages for staff they can open none
        link = edge.address(links.path(row.case_id, row.token))
        body = re.sub(rf"{re.escape(inner)}(?![0-9])", lambda _: link, body)
    if link and link not in body:
        body = f"{body.rstrip()}\n\n{link}\n"
    return Message(
        key=row.dedupe,
        address=row.whereto,
        language=language,
        subject=str(row.subject.get(language) or row.subject.get("zh", "")),
        body=body,
        at=row.created_at,
        link=link,
        topic=row.key,
    )


def _inner(row: Any) -> str:
    if row.path:
        return edge.address(row.path)
    return edge.address(f"/cases/{row.case_id}") if row.case_id else ""
