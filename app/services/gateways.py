"""Channels that are set up on a screen: kept, found for a place, opened, and held to their limits.

Secrets come in and never go out again: a form shows whether there is one, and an empty field
leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.channels import KINDS, Channel, ChannelError, Message, find
from app.channels.kinds import Windows
from app.channels.veil import Veil
from app.errors import InvalidError, MissingError, Problem
from app.services import edge, vault
from app.services.actors import Viewer
from app.services.providers import Step
from app.services.scope import visible

_gateway = m.Gateway.__table__
_place = m.Place.__table__


@dataclass(frozen=True, slots=True)
class Setup:
    """A channel as a form gives it. ``values`` holds settings and secrets together; a secret that
    is empty stays as it was."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    place_id: int | None = None
    active: bool = True


def listed(session: Session, viewer: Viewer) -> Sequence[m.Gateway]:
    query = sa.select(m.Gateway).where(visible(viewer, m.Gateway))
    loading = query.options(sa.orm.joinedload(m.Gateway.place))
    return session.scalars(loading.order_by(m.Gateway.kind, m.Gateway.name, m.Gateway.id)).all()


def found(session: Session, viewer: Viewer, gateway_id: int) -> m.Gateway:
    """Raises MissingError when it isn't there or not this viewer's to see."""
    query = sa.select(m.Gateway).where(visible(viewer, m.Gateway), m.Gateway.id == gateway_id)
    gateway: m.Gateway | None = session.scalar(query)
    if gateway is None:
        raise MissingError(Problem({"zh": "没有这个渠道。", "en": "There is no such channel."}))
    return gateway


def secrets(gateway: m.Gateway) -> frozenset[str]:
    """The names of the secrets that are set."""
    try:
        return frozenset(vault.unseal(gateway.sealed))
    except vault.SealError:
        return frozenset()


def create(session: Session, kind: str, setup: Setup, *, actor: Viewer, now: datetime) -> m.Gateway:
    """Raises InvalidError with every reason why it will not do; flushes."""
    if kind not in KINDS:
        words = {"zh": "没有这种渠道。", "en": "There is no such kind of channel."}
        raise InvalidError(Problem(words, "kind"))
    gateway = m.Gateway(kind=kind, settings={}, sealed="", recent=[])
    _write(session, gateway, setup, actor=actor, now=now)
    session.add(gateway)
    session.flush()
    return gateway


def change(
    session: Session, gateway: m.Gateway, setup: Setup, *, actor: Viewer, now: datetime
) -> None:
    """Raises InvalidError with every reason why it will not do; flushes."""
    _write(session, gateway, setup, actor=actor, now=now)
    session.flush()


def _write(
    session: Session, gateway: m.Gateway, setup: Setup, *, actor: Viewer, now: datetime
) -> None:
    fields = KINDS[gateway.kind].fields
    try:
        kept = vault.unseal(gateway.sealed)
    except vault.SealError:
        kept = {}  # all of them are asked for again
    hidden = {f.name: setup.values.get(f.name, "").strip() for f in fields if f.secret}
    hidden = {name: value or kept.get(name, "") for name, value in hidden.items()}
    plain = {f.name: setup.values.get(f.name, "").strip() for f in fields if not f.secret}
    problems = [*_problems(session, setup)]
    try:
        KINDS[gateway.kind].make({**plain, **hidden})
    except InvalidError as error:
        problems += error.problems
    if problems:
        raise InvalidError(*problems)
    gateway.name = setup.name.strip()
    gateway.place_id = setup.place_id
    gateway.active = setup.active
    gateway.settings = plain
    gateway.sealed = vault.seal(hidden)
    gateway.changed_at = now
    gateway.changed_by_id = actor.user_id


def _problems(session: Session, setup: Setup) -> list[Problem]:
    problems = []
    if not 1 <= len(setup.name.strip()) <= 100:
        words = {"zh": "名称应为 1 到 100 个字。", "en": "The name has 1 to 100 characters."}
        problems.append(Problem(words, "name"))
    if setup.place_id is not None and session.get(m.Place, setup.place_id) is None:
        words = {"zh": "没有这个地点。", "en": "There is no such place."}
        problems.append(Problem(words, "place_id"))
    return problems


def seal_anew(session: Session) -> tuple[int, list[str]]:
    """Encrypt every secret with the first key; returns how many channels have any, and the names
    of those that none of the keys opens. Flushes."""
    count, lost = 0, []
    query = sa.select(m.Gateway).where(m.Gateway.sealed != "").with_for_update()
    for gateway in session.scalars(query.order_by(m.Gateway.id)):
        try:
            gateway.sealed = vault.renewed(gateway.sealed)
            count += 1
        except vault.SealError:
            lost.append(gateway.name)
    session.flush()
    return count, lost


# --- opening --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Kept:
    """Open channels of this process, each with the state of the row that it was made from: their
    connections outlive a batch."""

    channels: dict[int, tuple[datetime, Channel]] = field(default_factory=dict)


_kept = _Kept()


def opened(session: Session, gateway_id: int) -> Channel:
    """The channel of a row. Raises ChannelError when it is switched off or can't be made."""
    row = session.execute(
        sa.select(
            _gateway.c.kind,
            _gateway.c.name,
            _gateway.c.active,
            _gateway.c.settings,
            _gateway.c.sealed,
            _gateway.c.changed_at,
        ).where(_gateway.c.id == gateway_id)
    ).one_or_none()
    if row is None or row.kind not in KINDS:
        raise ChannelError("this channel was removed", permanent=True)
    if not row.active:
        raise ChannelError(f"the channel {row.name} is switched off")
    known = _kept.channels.get(gateway_id)
    if known is not None and known[0] == row.changed_at:
        return known[1]
    try:
        secret = vault.unseal(row.sealed)
        made = Veil(KINDS[row.kind].make({**row.settings, **secret}), tuple(secret.values()))
    except vault.SealError:
        raise ChannelError("its secrets were sealed with a key that is not set here") from None
    except InvalidError as error:
        raise ChannelError(str(error)) from None
    _kept.channels[gateway_id] = (row.changed_at, made)
    return made


def test(session: Session, gateway: m.Gateway | None, *, address: str, now: datetime) -> str:
    """Send a word by it (None: by mail) at once; returns what went wrong, empty for nothing. The
    caller has asked for a ``grant`` and committed."""
    message = Message(
        key=f"test:{gateway.id if gateway else 'email'}:{now.timestamp()}",
        address=address,
        language=edge.language(),
        subject="四方测试消息 Sifang test",
        body="收到这条消息，说明渠道设置正确。\nThis channel works.",
        at=now,
        link=edge.address("/"),
        topic="test",
    )
    try:
        channel = find("email") if gateway is None else opened(session, gateway.id)
        with channel.open() as send:
            send(message)
    except ChannelError as error:
        return error.message
    return ""


# --- which one ------------------------------------------------------------------------------------


def nearest(step: Step, kind: str) -> list[int]:
    """The channels of a kind at the case's place, or at the nearest place above that has any."""
    asked = ("gateways", step.case.place_id)
    if asked not in step.memo:
        step.memo[asked] = _nearest(step.session, step.case.place_id)
    by_kind: dict[str, list[int]] = step.memo[asked]
    return by_kind.get(kind, [])


def _nearest(session: Session, place_id: int) -> dict[str, list[int]]:
    spot = sa.select(_place.c.path).where(_place.c.id == place_id).scalar_subquery()
    depth = sa.func.coalesce(sa.func.length(_place.c.path), 0)
    rows = session.connection().execute(
        sa.select(_gateway.c.kind, _gateway.c.id, depth)
        .outerjoin(_place, _place.c.id == _gateway.c.place_id)
        .where(
            _gateway.c.active,
            sa.or_(_gateway.c.place_id.is_(None), sa.func.starts_with(spot, _place.c.path)),
        )
        .order_by(depth.desc(), _gateway.c.id)
    )
    found_: dict[str, list[int]] = {}
    deepest: dict[str, int] = {}
    for kind, gateway_id, length in rows:
        if deepest.setdefault(kind, length) == length:
            found_.setdefault(kind, []).append(gateway_id)
    return {
        kind: ids[:1] if kind in KINDS and KINDS[kind].personal else ids
        for kind, ids in found_.items()
    }


# --- limits ---------------------------------------------------------------------------------------


def grant(session: Session, gateway_id: int, count: int, now: datetime) -> list[datetime]:
    """When each of ``count`` messages may go out by it, in order. Those that may at once are put
    on its account; the others are to be asked for again. Flushes; one at a time per channel."""
    row = session.execute(
        sa.select(_gateway.c.kind, _gateway.c.recent)
        .where(_gateway.c.id == gateway_id)
        .with_for_update()
    ).one_or_none()
    windows = KINDS[row.kind].windows if row is not None and row.kind in KINDS else ()
    if row is None or not windows:
        return [now] * count
    taken, granted = scheduled([float(at) for at in row.recent], count, windows, now.timestamp())
    if taken:
        kept = (row.recent + taken)[-max(most for most, _seconds in windows) :]
        session.execute(sa.update(_gateway).where(_gateway.c.id == gateway_id).values(recent=kept))
    return [now if at <= now.timestamp() else datetime.fromtimestamp(at, UTC) for at in granted]


def scheduled(
    recent: Sequence[float], count: int, windows: Windows, now: float
) -> tuple[list[float], list[float]]:
    """The instants taken at once, and those of all ``count`` messages, so that no window of so
    many seconds ever holds more than it may."""
    line, granted = list(recent), []
    for _ in range(count):
        at = now
        for most, seconds in windows:
            if len(line) >= most:
                at = max(at, line[-most] + seconds)
        line.append(at)
        granted.append(at)
    return [at for at in granted if at <= now], granted
