"""A sweeping process of the bench: ``python -m bench.sweeper ADDRESS``.

A line with an instant and a number makes it fire that many clocks; it answers with how many it has
fired, and with the seconds of processor time that this took it and its server process.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services import deadlines
from app.services.claims import Front
from worker import heap


def sweep(session: Session, now: datetime, most: int, front: Front) -> int:
    """As worker.schedule.Sweep goes about it."""
    fired = 0
    while fired < most:
        limit = min(deadlines.BATCH, most - fired)
        with session.begin():
            swept = deadlines.sweep(session, now, limit=limit, front=front)
        if front.done:
            break
        fired += swept.due
    return fired


def spent(server: int) -> float:
    """Processor time of this process and, where the system tells, of its server process."""
    own = time.process_time()
    stat = Path(f"/proc/{server}/stat")
    if not stat.exists():
        return own
    figures = stat.read_text().rpartition(")")[2].split()
    return own + (int(figures[11]) + int(figures[12])) / os.sysconf("SC_CLK_TCK")


def main(address: str) -> None:
    engine = sa.create_engine(address.replace("postgresql://", "postgresql+psycopg://", 1))
    with Session(engine) as session:
        server = session.scalar(sa.text("SELECT pg_backend_pid()")) or 0
        session.rollback()
        heap.settle()
        front = Front()
        print("ready", flush=True)
        for line in sys.stdin:
            at, most = line.split()
            before = spent(server)
            fired = sweep(session, datetime.fromisoformat(at), int(most), front)
            print(fired, spent(server) - before, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
