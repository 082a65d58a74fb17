"""Notices are written here, in the transaction that causes them, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import channels
from app import models as m
from app.services import edge, gateways
from app.services.providers import Step
from app.services.recipients import Recipient, resolve
from app.workflows import registry, spec, templates
from app.workflows.spec import Label, Notice
from app.workflows.templates import LANGUAGES, Names, render

__all__ = ["enqueue", "mark_read", "names_of", "prepare", "render", "write"]

RESIDENT = "resident"
Wording = Callable[[Label, Names], Any]


def enqueue(step: Step, notices: Iterable[Notice], *, cause: str, due: datetime | None) -> int:
    """Write one row per recipient and channel that is set up; returns how many were new."""
    return write(step.session, prepare(step, notices, cause=cause, due=due))


def prepare(
    step: Step,
    notices: Iterable[Notice],
    *,
    cause: str,
    due: datetime | None,
    wording: Wording = render,
) -> list[dict[str, Any]]:
    """The rows to be written, one per recipient and channel that is set up.

    ``cause`` names what brought them forth (an event of the case, a level of a clock): the same
    cause, notice, recipient and channel is one dedupe key and is never written twice. ``wording``
    says how subject and body shall be: rendered, or as a document for services.ledger.
    """
    rows: list[dict[str, Any]] = []
    names: Names | None = None
    for notice in notices:
        people = resolve(step, notice.to)
        others = [] if _inside(notice) else _others(step, notice, people)
        if people or others:
            names = names or names_of(step, due)
            texts = {
                "subject": wording(notice.subject, names),
                "body": wording(notice.body, names),
            }
            rows += _rows(step, notice, people, texts, cause)
            rows += [{**_plain(step, notice, cause, other), **texts} for other in others]
    return rows


def write(session: Session, rows: list[dict[str, Any]]) -> int:
    """Insert prepared rows, those with a known dedupe key left out."""
    fresh = insert(m.Notice).on_conflict_do_nothing(index_elements=["dedupe"])
    alike: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row in rows:  # one statement takes rows of the same columns
        alike.setdefault(frozenset(row), []).append(row)
    return sum(
        len(session.connection().execute(fresh.returning(m.Notice.id), each).all())
        for each in alike.values()
    )


def _rows(
    step: Step, notice: Notice, people: list[Recipient], texts: dict[str, Any], cause: str
) -> list[dict[str, Any]]:
    """One per recipient and channel: the same words for all of them."""
    return [
        {
            "case_id": step.case.id,
            "user_id": recipient.user_id,
            "address": recipient.email if channel == "email" else "",
            "channel": channel,
            "key": notice.key,
            **texts,
            "dedupe": f"{cause}:{notice.key}:{recipient.user_id}:{channel}",
            "created_at": step.now,
            "next_at": step.now,
        }
        for recipient in people
        for channel in notice.channels
        if channels.is_on(channel) and (channel != "email" or recipient.email)
    ]


def _inside(notice: Notice) -> bool:
    """Whether only people with a login are told, by bell and mail."""
    return RESIDENT not in notice.to and channels.KINDS.keys().isdisjoint(notice.channels)


Other = tuple[str, str, dict[str, Any]]
"""A channel, a word for who is told, and the columns that say so."""


def _others(step: Step, notice: Notice, people: list[Recipient]) -> list[Other]:
    """Who is told beyond the bell and mail of people with a login: by text message, in the groups
    and programs of the place, and the resident."""
    found: list[Other] = []
    resident = RESIDENT in notice.to and step.actor.kind != RESIDENT
    if resident and "email" in notice.channels and channels.is_on("email"):
        found.append(("email", RESIDENT, {"resident": True, "gateway_id": None}))
    for channel in notice.channels:
        if channel not in channels.KINDS:
            continue
        for gateway_id in gateways.nearest(step, channel):
            by: dict[str, Any] = {"gateway_id": gateway_id}
            if not channels.KINDS[channel].personal:
                found.append((channel, f"g{gateway_id}", by))
                continue
            found += [(channel, str(p.user_id), {**by, "user_id": p.user_id}) for p in people]
            if resident:
                found.append((channel, RESIDENT, {**by, "resident": True}))
    return found


def _plain(step: Step, notice: Notice, cause: str, other: Other) -> dict[str, Any]:
    channel, whom, columns = other
    return {
        "case_id": step.case.id,
        "address": "",
        "channel": channel,
        "key": notice.key,
        **columns,
        "dedupe": f"{cause}:{notice.key}:{whom}:{channel}",
        "created_at": step.now,
        "next_at": step.now,
    }


def names_of(step: Step, due: datetime | None) -> dict[str, dict[str, str]]:
    """The value of each of the registry's TEMPLATES, by language."""
    return templates.names(
        step.spec,
        step.case.state,
        number=step.case.number,
        title=step.case.title,
        place=step.case.place_name,
        due=edge.shown(due),
        actor=_actor(step),
        link=edge.address(f"/cases/{step.case.id}"),
    )


def _actor(step: Step) -> dict[str, str] | None:
    """None: the system. A resident whom the tracking link lets in has no name."""
    if step.actor.kind == "system":
        return None
    if step.actor.kind == "resident" and not step.actor.name:
        return registry.ROLES[spec.RESIDENT].both()
    return dict.fromkeys(LANGUAGES, step.actor.name)


def mark_read(session: Session, user_id: int, now: datetime, *, upto: int | None = None) -> None:
    """The bell was opened: everything that this user was shown (up to a notice id) is read."""
    statement = sa.update(m.Notice).where(
        m.Notice.user_id == user_id, m.Notice.channel == "inapp", m.Notice.read_at.is_(None)
    )
    if upto is not None:
        statement = statement.where(m.Notice.id <= upto)
    session.execute(statement.values(read_at=now))
