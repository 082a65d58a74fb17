"""A change of history behind the application's back is found and named."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import config
from app import models as m
from app.services import audit, cases, chain, deadlines
from app.services.actors import SYSTEM
from tests import watched
from tests.conftest import NOW
from tests.servers import Servers

HOUR = timedelta(hours=1)
COLUMNS = ", ".join((*chain.SEALED, "before", "hash"))


@dataclass
class Ledger:
    """A copy of a database with three cases of four steps, sealed after each case but the last;
    ``superuser`` is somebody whom no trigger stops."""

    superuser: psycopg.Connection
    session: Session
    numbers: list[str]
    ids: list[int]

    def change(self, statement: str, *values: object) -> None:
        self.superuser.execute(statement, values)

    def faults(self) -> list[tuple[str, int, str]]:
        self.session.rollback()
        return [(f.number, f.seq, f.code) for f in audit.verify(self.session)]

    def rewrite(self, index: int, first: int) -> None:
        """Make a case's chain fit again from a step on, as somebody would who knows how."""
        rows = self.superuser.execute(
            "SELECT * FROM event WHERE case_id = %s ORDER BY seq", [self.ids[index]]
        )
        names = [column.name for column in rows.description or ()]
        before = b""
        for row in (dict(zip(names, values, strict=True)) for values in rows.fetchall()):
            if row["seq"] >= first:
                digest = chain.seal(row, before)
                update = "UPDATE event SET before = %s, hash = %s WHERE id = %s"
                self.change(update, before, digest, row["id"])
                row["hash"] = digest
            before = bytes(row["hash"])
        self.change('UPDATE "case" SET head = %s WHERE id = %s', before, self.ids[index])


def begin(session: Session, *, sealed: bool) -> Any:
    place = session.scalars(sa.select(m.Place).where(m.Place.name == "翠微南里")).one()
    case = watched.begin(session, place.id, NOW)
    for hours in (12, 24):
        deadlines.sweep(session, NOW + hours * HOUR)
    cases.fire(session, case.id, "escalate", actor=SYSTEM, now=NOW + 25 * HOUR)
    if sealed:
        audit.anchor(session, NOW)
    session.commit()
    return case


@pytest.fixture(scope="module")
def written(servers: Servers, settings: config.Settings) -> Iterator[tuple[str, list[Any]]]:
    name = servers.name("sifang_audit")
    engine = sa.create_engine(servers.create_database(name, "template_sifang"))
    with Session(engine) as session:
        watched.publish(session, NOW)
        session.commit()
        found = [begin(session, sealed=sealed) for sealed in (True, True, False)]
    engine.dispose()
    yield name, found
    servers.drop_database(name)


@pytest.fixture
def ledger(servers: Servers, written: tuple[str, list[Any]]) -> Iterator[Ledger]:
    template, found = written
    name = servers.name("sifang_audited")
    engine = sa.create_engine(servers.create_database(name, template))
    with servers.connect(name) as superuser, Session(engine) as session:
        for table in ("event", "anchor", '"case"', "clock", "notice"):
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield Ledger(superuser, session, [c.number for c in found], [c.id for c in found])
    engine.dispose()
    servers.drop_database(name)


class TestRefusal:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE event SET label = '{}'",
            "DELETE FROM event",
            "TRUNCATE event",
            "UPDATE anchor SET events = 0",
            "DELETE FROM anchor",
        ],
    )
    def test_the_database_itself_refuses_changes(self, ledger, statement):
        for table in ("event", "anchor"):
            ledger.change(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            ledger.session.execute(sa.text(statement))


class TestVerify:
    def test_an_untouched_history_is_whole(self, ledger):
        assert ledger.faults() == []

    @pytest.mark.parametrize(
        "change",
        [
            'label = \'{"zh": "办结"}\'',
            "actor_name = '别人'",
            "at = at + interval '1 microsecond'",
            "data = data || '{\"note\": 1}'",
            "target = 'done'",
            "kind = 'noted'",
        ],
    )
    def test_a_changed_row_is_named_whatever_was_changed(self, ledger, change):
        where = "WHERE case_id = %s AND seq = 2"
        ledger.change(f"UPDATE event SET {change} {where}", ledger.ids[0])
        assert ledger.faults() == [(ledger.numbers[0], 2, "changed")]

    def test_a_rewritten_row_no_longer_leads_to_the_next(self, ledger):
        where = "WHERE case_id = %s AND seq = 2"
        ledger.change(f"UPDATE event SET actor_name = '别人' {where}", ledger.ids[2])
        row = ledger.superuser.execute(
            f"SELECT {COLUMNS} FROM event {where}", [ledger.ids[2]]
        ).fetchone()
        names = COLUMNS.split(", ")
        event = dict(zip(names, row, strict=True))
        digest = chain.seal(event, bytes(event["before"]))
        ledger.change(f"UPDATE event SET hash = %s {where}", digest, ledger.ids[2])
        assert ledger.faults() == [(ledger.numbers[2], 3, "broken")]

    def test_a_case_rewritten_to_its_end_breaks_the_anchor(self, ledger):
        where = "WHERE case_id = %s AND seq = 2"
        ledger.change(f"UPDATE event SET actor_name = '别人' {where}", ledger.ids[0])
        ledger.rewrite(0, 2)
        assert ledger.faults() == [("#1", 0, "anchor")]

    def test_a_removed_row_is_missed(self, ledger):
        ledger.change("DELETE FROM event WHERE case_id = %s AND seq = 3", ledger.ids[2])
        assert ledger.faults() == [(ledger.numbers[2], 3, "missing")]

    def test_the_newest_rows_of_a_case_are_missed(self, ledger):
        ledger.change("DELETE FROM event WHERE case_id = %s AND seq > 3", ledger.ids[2])
        assert ledger.faults() == [(ledger.numbers[2], 4, "missing")]

    def test_a_whole_history_is_missed(self, ledger):
        ledger.change("DELETE FROM event WHERE case_id = %s", ledger.ids[2])
        assert ledger.faults() == [(ledger.numbers[2], 1, "missing")]

    def test_newest_rows_taken_out_with_the_cases_memory_of_them_break_the_anchor(self, ledger):
        where = "WHERE case_id = %s"
        ledger.change(f"DELETE FROM event {where} AND seq > 3", ledger.ids[1])
        last = f"SELECT hash FROM event {where} AND seq = 3"
        ledger.change(
            f'UPDATE "case" SET seq = 3, state = %s, head = ({last}) WHERE id = %s',
            "raised",
            ledger.ids[1],
            ledger.ids[1],
        )
        assert ledger.faults() == [("#2", 0, "anchor")]

    def test_a_case_gone_with_all_its_rows_breaks_the_anchor(self, ledger):
        for table, column in (("notice", "case_id"), ("clock", "case_id"), ("event", "case_id")):
            ledger.change(f"DELETE FROM {table} WHERE {column} = %s", ledger.ids[0])
        ledger.change('DELETE FROM "case" WHERE id = %s', ledger.ids[0])
        assert ledger.faults() == [("#1", 0, "anchor")]

    def test_a_history_whose_case_is_gone_is_named(self, ledger):
        ledger.change('DELETE FROM "case" WHERE id = %s', ledger.ids[2])
        assert ledger.faults() == [(f"id {ledger.ids[2]}", 0, "missing")]

    def test_a_row_put_at_the_end_is_named(self, ledger):
        self.insert(ledger, 2, 5)
        assert ledger.faults() == [(ledger.numbers[2], 5, "inserted")]

    def test_a_row_put_in_the_middle_of_the_sealed_past_is_named(self, ledger):
        """With an id of its own between two sealed ones, as a thorough forger would."""
        ledger.change("UPDATE event SET id = -id WHERE id = 1")
        assert ("#1", 0, "anchor") in ledger.faults()

    def test_a_row_put_between_two_others_is_named(self, ledger):
        ledger.change("UPDATE event SET seq = 5 WHERE case_id = %s AND seq = 4", ledger.ids[2])
        self.insert(ledger, 2, 4)
        assert ledger.faults() == [
            (ledger.numbers[2], 4, "broken"),
            (ledger.numbers[2], 5, "changed"),
            (ledger.numbers[2], 5, "inserted"),
        ]

    @staticmethod
    def insert(ledger: Ledger, index: int, seq: int) -> None:
        """A copy of the case's newest row, sealed as well as can be."""
        row = ledger.superuser.execute(
            f"SELECT {COLUMNS} FROM event WHERE case_id = %s ORDER BY seq DESC LIMIT 1",
            [ledger.ids[index]],
        ).fetchone()
        event = {**dict(zip(COLUMNS.split(", "), row, strict=True)), "seq": seq}
        event["before"] = event["hash"]
        event["hash"] = chain.seal(event, event["before"])
        values = [psycopg.types.json.Jsonb(v) if isinstance(v, dict) else v for v in event.values()]
        marks = ", ".join(["%s"] * len(values))
        ledger.change(f"INSERT INTO event ({COLUMNS}) VALUES ({marks})", *values)

    def test_a_state_that_no_step_led_to_is_named(self, ledger):
        ledger.change("UPDATE \"case\" SET state = 'done' WHERE id = %s", ledger.ids[1])
        assert ledger.faults() == [(ledger.numbers[1], 4, "state")]

    def test_an_anchor_taken_out_breaks_the_next(self, ledger):
        ledger.change("DELETE FROM anchor WHERE id = 1")
        assert ledger.faults() == [("#2", 0, "anchor")]

    def test_every_fault_is_told_in_both_languages(self, ledger):
        ledger.change("DELETE FROM event WHERE case_id = %s AND seq = 3", ledger.ids[0])
        ledger.change("UPDATE event SET actor_name = '别人' WHERE case_id = %s", ledger.ids[1])
        ledger.session.rollback()
        for fault in audit.verify(ledger.session):
            assert fault.text["zh"]
            assert fault.text["en"].isascii() or "“" in fault.text["en"] or "–" in fault.text["en"]

    def test_it_reads_in_batches(self, ledger, monkeypatch):
        monkeypatch.setattr(audit, "_ROWS", 2)
        ledger.change("DELETE FROM event WHERE case_id = %s AND seq = 3", ledger.ids[2])
        assert ledger.faults() == [(ledger.numbers[2], 3, "missing")]


class TestAnchor:
    def test_seals_what_has_come_since_the_last_one(self, ledger):
        first, second = ledger.session.scalars(sa.select(m.Anchor).order_by(m.Anchor.id))
        made = audit.anchor(ledger.session, NOW)
        assert made is not None
        assert (first.events, second.events, made.events) == (4, 4, 4)
        assert second.first_event_id == first.last_event_id + 1
        assert audit.anchor(ledger.session, NOW) is None, "nothing new"
        ledger.session.commit()
        ledger.change("DELETE FROM event WHERE id = %s", made.last_event_id)
        assert ("#3", 0, "anchor") in ledger.faults()

    def test_waits_for_events_that_are_about_to_be_committed(self, ledger, monkeypatch):
        """Their ids may be lower than those that are already there."""
        monkeypatch.setattr(audit, "_PATIENCE", timedelta(seconds=30))
        ledger.change("ALTER TABLE event ENABLE TRIGGER ALL")
        slow = Session(ledger.session.get_bind())
        begun, done = threading.Event(), threading.Event()

        def write() -> None:
            case = watched.begin(slow, 1, NOW)
            slow.flush()
            begun.set()
            done.wait(30)
            slow.commit()
            assert case

        writer = threading.Thread(target=write)
        writer.start()
        assert begun.wait(30)
        begin(ledger.session, sealed=False)
        threading.Timer(0.2, done.set).start()
        made = audit.anchor(ledger.session, NOW)
        writer.join()
        slow.close()
        newest = ledger.session.scalar(sa.select(sa.func.max(m.Event.id)))
        assert made is not None
        assert made.last_event_id == newest
        assert made.events == 9
        ledger.session.commit()
        assert ledger.faults() == []

    def test_gives_way_to_a_writer_who_takes_long(self, ledger, monkeypatch):
        monkeypatch.setattr(audit, "_PATIENCE", timedelta(milliseconds=50))
        with Session(ledger.session.get_bind()) as slow:
            watched.begin(slow, 1, NOW)
            slow.flush()
            assert audit.anchor(ledger.session, NOW) is None
            slow.rollback()
        assert audit.anchor(ledger.session, NOW) is not None

    def test_keeps_nobody_out_while_it_counts(self, ledger):
        assert audit.anchor(ledger.session, NOW) is not None
        with Session(ledger.session.get_bind()) as other:
            other.execute(sa.text("SET lock_timeout = '1s'"))
            watched.begin(other, 1, NOW)
            other.commit()

    def test_is_made_by_one_at_a_time(self, ledger):
        assert audit.anchor(ledger.session, NOW) is not None
        with Session(ledger.session.get_bind()) as other:
            assert audit.anchor(other, NOW) is None

    def test_is_due_after_a_while(self, ledger):
        assert not audit.is_older(ledger.session, NOW - HOUR)
        assert audit.is_older(ledger.session, NOW + HOUR)
