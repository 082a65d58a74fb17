"""Channels that are set up on a screen: secrets, places, limits, and whole ways to a robot."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import channels
from app import models as m
from app.channels import ChannelError, guard
from app.cli.channels import channels as channels_command
from app.errors import InvalidError, MissingError
from app.services import definitions, deliveries, gateways, outbox, rows, vault
from app.services.gateways import Setup
from app.services.providers import Step
from app.workflows.spec import Label, Notice
from tests.raising import Matter
from tests.receiver import Receiver, Said
from worker import tasks

MINUTE = timedelta(seconds=60)
LEASE = timedelta(seconds=60)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    guard.allow((ipaddress.ip_network("127.0.0.0/8"),))
    with Receiver() as running:
        yield running
    guard.allow(())


@pytest.fixture
def admin(cast) -> Any:
    return cast.viewer("admin")


@pytest.fixture
def robot(session, admin, receiver, now) -> Any:
    """Set up a robot; ``at`` is a place of the cast."""

    def _robot(kind: str = "wecom", place: m.Place | None = None, **values: str) -> m.Gateway:
        setup = Setup(f"{kind} 群", {"url": receiver.url, **values}, place and place.id)
        return gateways.create(session, kind, setup, actor=admin, now=now)

    return _robot


def write(session, gateway: m.Gateway, count: int, now) -> list[int]:
    rows = [
        {
            "gateway_id": gateway.id,
            "channel": gateway.kind,
            "key": "told",
            "subject": {"zh": f"第 {number} 条"},
            "body": {"zh": "请处理。"},
            "dedupe": f"test:{gateway.id}:{number}",
            "created_at": now,
            "next_at": now,
        }
        for number in range(count)
    ]
    outbox.write(session, rows)
    session.commit()
    mine = sa.select(m.Notice.id).filter_by(gateway_id=gateway.id)
    return list(session.scalars(mine.order_by(m.Notice.id)))


def statuses(session) -> dict[str, int]:
    rows = session.execute(sa.select(m.Notice.status, sa.func.count()).group_by(m.Notice.status))
    return {status.value: count for status, count in rows}


class TestSecrets:
    def test_they_are_not_in_the_database_to_be_read(self, session, robot):
        gateway = robot("dingtalk", secret="SEC0123456789")
        session.commit()
        stored = session.execute(sa.text("SELECT row_to_json(gateway)::text FROM gateway")).scalar()
        assert "SEC0123456789" not in stored
        assert "key=k" not in stored, "the address of a robot is a secret too"
        assert gateways.secrets(gateway) == {"url", "secret"}

    def test_an_empty_field_leaves_a_secret_as_it_is(self, session, robot, admin, now):
        gateway = robot("dingtalk", secret="SEC0123456789")
        before = vault.unseal(gateway.sealed)
        gateways.change(session, gateway, Setup("改名", {}), actor=admin, now=now)
        assert vault.unseal(gateway.sealed) == before
        gateways.change(session, gateway, Setup("改名", {"secret": "new"}), actor=admin, now=now)
        assert vault.unseal(gateway.sealed) == {**before, "secret": "new"}

    def test_a_server_that_repeats_them_does_not_put_them_on_screen(
        self, session, robot, receiver, now
    ):
        key = "0123456789abcdef0123"
        url = f"{receiver.url.partition('?')[0]}?access_token={key}"
        gateway = robot("dingtalk", url=url, secret="SECret")
        receiver.answer = lambda taken: Said({"errcode": 7, "errmsg": f"{taken.path} SECret"})
        said = gateways.test(session, gateway, address="", now=now)
        assert "errcode 7" in said
        assert "access_token=•••" in said
        assert key not in said
        assert "SECret" not in said

    def test_a_key_is_changed_by_putting_a_new_one_in_front(self, settings):
        try:
            vault.use((), "old-secret-key")
            sealed, link = vault.seal({"url": "x"}), vault.signature("case")
            vault.use(("new-key-0123456789",), "old-secret-key")
            assert vault.unseal(sealed) == {"url": "x"}
            assert vault.is_ours("case", link)
            renewed = vault.renewed(sealed)
            vault.use(("new-key-0123456789",), "another")
            assert vault.unseal(renewed) == {"url": "x"}
            assert not vault.is_ours("case", link)
            with pytest.raises(vault.SealError):
                vault.unseal(sealed)
        finally:
            vault.use(settings.encryption_keys, settings.secret_key)

    def test_everything_is_sealed_anew(self, session, robot, settings):
        first, second = robot("wecom"), robot("dingtalk", secret="SEC0123456789")
        session.commit()
        lost = robot("feishu")
        lost.sealed = f"{lost.sealed[:-4]}xxx="
        session.flush()
        before = vault.unseal(second.sealed)
        try:
            vault.use(("new-key-0123456789",), settings.secret_key)
            assert gateways.seal_anew(session) == (2, [lost.name])
            vault.use(("new-key-0123456789",), "another")
            assert vault.unseal(second.sealed) == before
            assert vault.unseal(first.sealed)
        finally:
            vault.use(settings.encryption_keys, settings.secret_key)

    def test_with_a_lost_key_its_notices_wait_with_the_reason(self, session, robot, settings):
        gateway = robot()
        session.commit()
        try:
            vault.use(("another-key-0123456",), "another")
            with pytest.raises(ChannelError, match="key that is not set here") as caught:
                gateways.opened(session, gateway.id)
            assert not caught.value.permanent
            assert gateways.secrets(gateway) == frozenset()
        finally:
            vault.use(settings.encryption_keys, settings.secret_key)


class TestSaving:
    @pytest.mark.parametrize(
        ("kind", "values", "field"),
        [
            ("webhook", {"url": "http://10.0.0.1/", "secret": "0123456789abcdef"}, "url"),
            ("webhook", {"url": "https://localhost/", "secret": "0123456789abcdef"}, "url"),
            ("webhook", {"url": "https://example.org/"}, "secret"),
            ("wecom", {}, "url"),
            ("sms", {"url": "https://example.org/", "request": '{"a": "{who}"}'}, "format"),
            ("pigeon", {}, "kind"),
        ],
    )
    def test_what_will_not_do_is_refused_with_the_reason(
        self, session, admin, now, kind, values, field
    ):
        with pytest.raises(InvalidError) as caught:
            gateways.create(session, kind, Setup("渠道", values), actor=admin, now=now)
        assert field in [problem.field for problem in caught.value.problems]
        assert session.scalar(sa.select(sa.func.count(m.Gateway.id))) == 0

    def test_every_reason_at_once(self, session, admin, now):
        setup = Setup(" ", {"url": "ftp://x"}, place_id=10**9)
        with pytest.raises(InvalidError) as caught:
            gateways.create(session, "wecom", setup, actor=admin, now=now)
        assert [p.field for p in caught.value.problems] == ["name", "place_id", "url"]

    def test_only_administrators_see_them(self, session, robot, cast):
        gateway = robot()
        assert gateways.listed(session, cast.viewer("secretary")) == []
        with pytest.raises(MissingError):
            gateways.found(session, cast.viewer("secretary"), gateway.id)


class TestLimits:
    def test_no_minute_ever_holds_more_than_it_may(self):
        recent: list[float] = []
        for step in range(600):
            now = step * 0.7
            taken, granted = gateways.scheduled(recent[-100:], 3, ((5, 1.0), (100, 60.0)), now)
            assert granted == sorted(granted)
            recent += taken
        for at in recent:
            assert sum(at <= other < at + 1 for other in recent) <= 5
            assert sum(at <= other < at + 60 for other in recent) <= 100
        assert len(recent) > 600, "and it uses what it may"

    def test_what_is_over_the_limit_waits_and_costs_no_attempt(self, session, robot, now):
        gateway = robot()
        ids = write(session, gateway, 50, now)
        claims = deliveries.claim(session, ids, now, LEASE, gateway_id=gateway.id)
        assert len(claims) == 20
        rest = session.execute(
            sa.select(m.Notice.next_at, m.Notice.attempts, sa.func.count())
            .where(m.Notice.status == "waiting")
            .group_by(m.Notice.next_at, m.Notice.attempts)
            .order_by(m.Notice.next_at)
        ).all()
        assert rest == [(now + MINUTE, 0, 20), (now + 2 * MINUTE, 0, 10)]
        assert deliveries.claim(session, ids, now + MINUTE / 2, LEASE, gateway_id=gateway.id) == []
        later = deliveries.claim(session, ids, now + MINUTE, LEASE, gateway_id=gateway.id)
        assert len(later) == 20

    def test_a_robot_that_says_too_many_is_left_alone_for_as_long_as_it_says(
        self, session, robot, receiver, now
    ):
        gateway = robot()
        answers = [Said({"errcode": 0})] * 3 + [Said({"errcode": 45009, "errmsg": "freq"})]
        receiver.says(*answers)
        tasks.deliver(f"wecom:{gateway.id}", write(session, gateway, 10, now))
        assert len(receiver.taken) == 4
        assert statuses(session) == {"sent": 3, "waiting": 7}
        rows = session.execute(
            sa.select(m.Notice.attempts, sa.func.count())
            .where(m.Notice.status == "waiting")
            .group_by(m.Notice.attempts)
            .order_by(m.Notice.attempts)
        ).all()
        assert rows == [(0, 6), (1, 1)], "what was not tried costs nothing"
        soonest = session.scalar(sa.select(sa.func.min(m.Notice.next_at)))
        assert soonest > deliveries.instant(session) + timedelta(seconds=50)


class TestSending:
    def test_a_batch_goes_out_over_one_connection_and_the_next_over_the_same(
        self, session, robot, receiver, now
    ):
        gateway = robot()
        lane = f"wecom:{gateway.id}"
        ids = write(session, gateway, 12, now)
        assert deliveries.waiting(session, now, 100) == {lane: ids}
        tasks.deliver(lane, ids[:6])
        tasks.deliver(lane, ids[6:])
        assert (len(receiver.taken), receiver.connections) == (12, 1)
        assert statuses(session) == {"sent": 12}

    def test_an_error_in_the_body_is_a_failure_with_its_reason(self, session, robot, receiver, now):
        gateway = robot()
        receiver.says(Said({"errcode": 93000, "errmsg": "invalid webhook url"}))
        tasks.deliver(f"wecom:{gateway.id}", write(session, gateway, 2, now))
        rows = session.scalars(sa.select(m.Notice)).all()
        assert {row.error for row in rows} == {"errcode 93000: invalid webhook url"}
        assert {row.status for row in rows} == {"waiting"}
        assert len(receiver.taken) == 1, "the rest of the batch would fare no better"

    def test_one_that_is_never_taken_does_not_hold_up_the_others(
        self, session, robot, receiver, now
    ):
        gateway = robot("webhook", secret="0123456789abcdef")
        ids = write(session, gateway, 6, now)
        receiver.answer = lambda taken: Said("", 500 if "第 0 条" in taken.body.decode() else 204)
        for _ in range(25):
            tasks.deliver(f"webhook:{gateway.id}", ids)
            session.execute(sa.update(m.Notice).where(m.Notice.id.in_(ids)).values(next_at=now))
            session.commit()
        assert statuses(session) == {"sent": 5, "waiting": 1}

    def test_after_a_change_of_the_settings_the_new_ones_hold(
        self, session, robot, receiver, admin, now
    ):
        gateway = robot()
        tasks.deliver(f"wecom:{gateway.id}", write(session, gateway, 1, now))
        setup = Setup("群", {"url": receiver.url.replace("key=k", "key=new")})
        gateways.change(session, gateway, setup, actor=admin, now=now + MINUTE)
        session.commit()
        assert gateways.test(session, gateway, address="", now=now) == ""
        assert [taken.path for taken in receiver.taken] == ["/robot?key=k", "/robot?key=new"]

    def test_switched_off_or_removed_says_so(self, session, robot, admin, now):
        gateway = robot()
        gateways.change(session, gateway, Setup("群", {}, active=False), actor=admin, now=now)
        with pytest.raises(ChannelError, match="switched off"):
            gateways.opened(session, gateway.id)
        with pytest.raises(ChannelError, match="removed") as caught:
            gateways.opened(session, gateway.id + 1)
        assert caught.value.permanent


class TestPlace:
    @pytest.fixture
    def step(self, session, cast, now) -> Step:
        matter = Matter(session, cast, now).begin()
        case = rows.load(session, matter.id, cast.viewer("staff"))
        spec = definitions.compiled(session, case.version_id).spec
        return Step(session, spec, case, cast.viewer("staff"), now)

    def test_the_nearest_place_that_has_one_is_told(self, session, step, robot, cast):
        everywhere = robot("wecom")
        assert gateways.nearest(step, "wecom") == [everywhere.id]
        street = robot("wecom", cast.places["cuiwei"])
        other = robot("wecom", cast.places["hongmian"])
        step.memo.clear()
        assert gateways.nearest(step, "wecom") == [street.id]
        two = [robot("wecom", cast.places["compound"]).id for _ in range(2)]
        step.memo.clear()
        assert gateways.nearest(step, "wecom") == two
        assert other.id not in two
        assert gateways.nearest(step, "feishu") == []

    def test_a_workflow_s_notice_goes_to_the_group_once(self, session, step, robot, cast):
        gateway = robot("wecom", cast.places["cuiwei"])
        notice = Notice(
            key="told",
            to=("role:Secretary",),
            channels=("inapp", "wecom"),
            subject=Label(zh="{number} 待办", en="{number}"),
            body=Label(zh="{title} {link}", en="{title} {link}"),
        )
        before = session.scalar(sa.select(sa.func.count(m.Notice.id)))
        assert outbox.enqueue(step, [notice], cause="x", due=None) == 2
        assert outbox.enqueue(step, [notice], cause="x", due=None) == 0
        assert session.scalar(sa.select(sa.func.count(m.Notice.id))) == before + 2
        row = session.scalar(sa.select(m.Notice).where(m.Notice.channel == "wecom"))
        assert (row.gateway_id, row.user_id) == (gateway.id, None)
        assert step.case.number in row.subject["zh"]

    def test_without_a_group_nothing_is_written_for_it(self, session, step):
        notice = Notice(
            key="told",
            to=("role:Secretary",),
            channels=("wecom",),
            subject=Label(zh="待办", en=""),
            body=Label(zh="看", en=""),
        )
        assert outbox.enqueue(step, [notice], cause="x", due=None) == 0


def test_every_kind_that_is_set_up_on_a_screen_is_a_name_of_workflow_files():
    assert set(channels.KINDS) < set(channels.NAMES)


class TestCommand:
    def test_it_lists_without_secrets_and_seals(self, app, session, robot):
        robot("dingtalk", secret="SEC0123456789")
        session.commit()
        runner = app.test_cli_runner()
        listed = runner.invoke(channels_command, ["list", "--json"])
        assert listed.exit_code == 0
        assert json.loads(listed.output)[0]["secrets"] == ["secret", "url"]
        assert "SEC0123456789" not in listed.output
        sealed = runner.invoke(channels_command, ["seal", "--json"])
        assert json.loads(sealed.output) == {"sealed": 1, "lost": []}
