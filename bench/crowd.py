"""A crowd of clocks: many cases with one running deadline each, some of them due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Place, PlaceKind, Staff
from app.permissions import Role
from app.services import cases, definitions, drafts, edge, places
from app.services.actors import SYSTEM
from app.services.cases import Opening
from app.transaction import unit_of_work
from app.workflows.spec import Workflow
from bench import bare
from bench.cluster import Cluster, application

COMMUNITIES = 200
START = datetime(2026, 11, 19, 2, 0, tzinfo=UTC)
"""A Thursday, 10:00 in Shanghai."""
DUE = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
"""When the level at 50 % has come for those that began on the Thursday before 11:00."""
# Those that are not due yet began a day later; theirs comes after the weekend.


def spec() -> Workflow:
    def label(text: str) -> dict[str, str]:
        return {"zh": text, "en": text}

    return Workflow.model_validate(
        {
            "key": "watch",
            "label": label("盯办"),
            "start": "raised",
            "states": [
                {"key": "raised", "label": label("已登记")},
                {"key": "done", "label": label("已办结"), "kind": "done"},
            ],
            "transitions": [
                {
                    "key": "finish",
                    "label": label("办结"),
                    "from": "raised",
                    "to": "done",
                    "roles": [Role.COMMITTEE_STAFF],
                }
            ],
            "deadlines": [
                {
                    "key": "reply",
                    "label": label("答复"),
                    "start": "raised",
                    "within": "3 working days",
                    "levels": [
                        {"at": "50 %", "notify": ["soon"]},
                        {"at": "breach", "notify": ["soon"]},
                        {"at": "breach + 1 working day", "notify": ["soon"]},
                    ],
                },
                {
                    "key": "tick",
                    "label": label("提醒"),
                    "start": "raised",
                    "within": "60 min",
                    "levels": [{"at": "breach", "notify": ["soon"]}],
                },
            ],
            "notices": [
                {
                    "key": "soon",
                    "to": "role:CommitteeStaff",
                    "subject": {"zh": "{number} 须在{due}前答复", "en": "{number} due {due}"},
                    "body": {
                        "zh": "{place}的“{title}”须在{due}前答复。{link}",
                        "en": "“{title}” at {place} is due at {due}. {link}",
                    },
                }
            ],
        }
    )


def lay(session: Session) -> int:
    """Publish the workflow, settle a holder in each community, open one case: its id. Flushes."""
    definitions.publish(session, drafts.store(session, spec()), actor=SYSTEM, now=START)
    role = session.query(RoleRow).filter_by(name=Role.COMMITTEE_STAFF.value).one()
    street = places.add(session, PlaceKind.SUBDISTRICT, "街道", None)
    for number in range(COMMUNITIES):
        community = places.add(session, PlaceKind.COMMUNITY, f"{number} 号社区", street)
        user = User(
            username=f"holder{number}",
            first_name="一",
            last_name="甲",
            email=f"holder{number}@bench.invalid",
            active=True,
            password="-",
        )
        user.roles = [role]
        session.add(user)
        session.flush()
        session.add(Staff(user_id=user.id, place_id=community.id, since=edge.today(START)))
    session.flush()
    opening = Opening("watch", "楼道灯不亮，请派人维修", community.id)
    return cases.open_case(session, opening, actor=SYSTEM, now=START).id


def community(session: Session) -> int:
    """One of the places that have a holder."""
    query = sa.select(Place.id).where(Place.kind == PlaceKind.COMMUNITY).limit(1)
    return session.scalars(query).one()


COPIES = """
INSERT INTO "case" ({columns})
SELECT {values} FROM "case" c, generate_series(1, {count}) n WHERE c.id = {pattern} ORDER BY n
"""
EVENTS = """
INSERT INTO event ({columns})
SELECT {values} FROM event e, "case" c
WHERE e.case_id = {pattern} AND c.id <> {pattern} ORDER BY c.id
"""
CLOCKS = """
INSERT INTO clock ({columns})
SELECT {values} FROM clock k, (SELECT id, shift + id % 3600 * interval '1 second' AS shift FROM
  (SELECT id, CASE WHEN row_number() OVER (ORDER BY md5(id::text)) <= {due} THEN interval '0' ELSE
   interval '1 day' END AS shift FROM "case" WHERE id <> {pattern}) c) c
WHERE k.case_id = {pattern} ORDER BY c.id
"""


def fill(connection: psycopg.Connection, pattern: int, count: int, due: int) -> None:
    """``count`` copies of the case, ``due`` of them, anywhere among the others, due at DUE."""

    def copy(template: str, table: str, **given: str) -> None:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
                " AND column_name <> 'id' ORDER BY ordinal_position",
                (table,),
            )
        ]
        letter = {"case": "c", "event": "e", "clock": "k"}[table]
        values = [given.get(name, f"{letter}.{name}") for name in names]
        text = template.format(
            columns=", ".join(names),
            values=", ".join(values),
            pattern=pattern,
            count=count,
            due=due,
        )
        connection.execute(text)  # type: ignore[call-overload]

    communities = "(SELECT array_agg(id) FROM place WHERE kind = 'community')"
    copy(
        COPIES,
        "case",
        number="'W2026-' || lpad(n::text, 7, '0')",
        place_id=f"({communities})[1 + n % {COMMUNITIES}]",
    )
    copy(EVENTS, "event", case_id="c.id")
    connection.execute("DELETE FROM clock WHERE key <> 'reply'")
    # the later ones pass a weekend: what the level's instant moves by is two days more
    moved = "c.shift + CASE WHEN c.shift >= interval '1 day' THEN interval '2 days' ELSE"
    copy(
        CLOCKS,
        "clock",
        case_id="c.id",
        started_at="k.started_at + c.shift",
        log="jsonb_build_array(jsonb_build_object('what', 'start', 'at', k.started_at + c.shift))",
        due_at=f"k.due_at + {moved} interval '2 days' END - interval '2 days'",
        next_at=f"k.next_at + {moved} interval '0' END",
    )
    connection.execute("DELETE FROM clock WHERE case_id = %s", (pattern,))
    connection.commit()


@contextmanager
def gathered(cluster: Cluster, name: str, count: int, due: int) -> Iterator[sa.Engine]:
    """A database with ``count`` running clocks of which ``due`` are due at DUE."""
    with application(cluster, name):
        with unit_of_work(db.session(), poke=False) as session:
            pattern = lay(session)
        session.close()
        engine = db.engine
        with bare.tables(engine), psycopg.connect(cluster.postgres.url(name)) as connection:
            fill(connection, pattern, count, due)
        with psycopg.connect(cluster.postgres.url(name), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        yield engine
