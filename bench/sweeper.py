"""A sweeping process of the bench: ``python -m bench.sweeper ADDRESS``. A line with an instant on
its input makes it sweep until nothing is due then; it answers with how many clocks it has fired."""

from __future__ import annotations

import gc
import sys
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services import deadlines


def sweep(session: Session, now: datetime) -> int:
    fired = 0
    while True:
        with session.begin():
            swept = deadlines.sweep(session, now)
        if not swept.due:
            return fired
        fired += swept.due


def main(address: str) -> None:
    engine = sa.create_engine(address.replace("postgresql://", "postgresql+psycopg://", 1))
    with Session(engine) as session:
        session.execute(sa.text("SELECT 1"))
        session.rollback()
        gc.collect()
        gc.freeze()
        print("ready", flush=True)
        for line in sys.stdin:
            print(sweep(session, datetime.fromisoformat(line.strip())), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
