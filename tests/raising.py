"""Short hands for tests of grievances: register, press, look."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.services import cases, grievances
from app.services.actors import Viewer, resident
from app.services.grievances import Registered, Report
from tests.cast import Cast

FORM = {"category": "facilities", "description": "19号楼前没有长椅，老人没有地方坐。"}
EXTRA = {"source": "phone", "reporter": "钱大妈", "phone": "13812345678", "address": "19号楼前"}


class Matter:
    """One grievance, moved by people of the cast; ``form`` values as the engine takes them."""

    def __init__(self, session: Session, cast: Cast, now: datetime) -> None:
        self.session, self.cast, self.now = session, cast, now
        self.registered: Registered | None = None

    def begin(self, by: str = "staff", **changes: Any) -> Matter:
        report = Report(
            place_id=self.cast.places["building"].id,
            title=changes.pop("title", "盼装长椅"),
            form={**FORM, **changes},
            extra=EXTRA,
        )
        actor = self.who(by)
        self.registered = grievances.register(self.session, report, actor=actor, now=self.now)
        return self

    @property
    def id(self) -> int:
        assert self.registered is not None
        return self.registered.id

    @property
    def token(self) -> str:
        assert self.registered is not None
        return self.registered.token

    def who(self, name: str) -> Viewer:
        if name == "resident":
            return resident("" if self.registered is None else self.token)
        return self.cast.viewer(name)

    def press(self, by: str, event: str, case_id: int | None = None, **form: Any) -> Matter:
        cases.fire(
            self.session, case_id or self.id, event, actor=self.who(by), now=self.now, form=form
        )
        return self

    def row(self, case_id: int | None = None) -> m.Case:
        self.session.expire_all()
        return self.session.get_one(m.Case, case_id or self.id)

    @property
    def state(self) -> str:
        return self.row().state

    def duties(self) -> list[m.Case]:
        query = sa.select(m.Case).where(m.Case.parent_id == self.id).order_by(m.Case.id)
        return list(self.session.scalars(query))

    def events(self) -> list[str]:
        query = sa.select(m.Event.event).where(m.Event.case_id == self.id).order_by(m.Event.seq)
        return list(self.session.scalars(query))

    def resolved_by_community(self) -> Matter:
        """Up to the point where the resident is asked for stars."""
        self.press("staff", "accept").press("secretary", "reply", reply="已收到，马上办。")
        self.press("grid", "take_on")
        self.press("grid", "report_result", result_kind="fixed", result="长椅已装好。")
        self.press("staff", "call_back", callback="satisfied")
        return self.press("secretary", "close")
