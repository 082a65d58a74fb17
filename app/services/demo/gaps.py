"""Gaps in rows that were read back: what differs from case to case, cut out under a name."""

from __future__ import annotations

import re
from typing import Any

from app.models import NoticeStatus
from app.services.demo.wards import Ward

TITLE = "\ue010title\ue010"
_TEXT, _NUMBER = "\ue000{}\ue001", "\ue002{}\ue003"
_GAP = re.compile('"?\ue002(\\w+)\ue003"?|\ue000(\\w+)\ue001')

Row = dict[str, Any]


class Gaps:
    """Puts gaps where a value belongs to the case, its people or its place."""

    def __init__(self, ward: Ward, rows: dict[str, list[Row]]) -> None:
        self.rows = rows
        self.cases = {row["id"]: index for index, row in enumerate(rows["case"])}
        self.clocks = {row["id"]: index for index, row in enumerate(rows["clock"])}
        self.users = {id_: key for key, (id_, _) in ward.people.items()}
        self.parties = {id_: key for key, (id_, _) in ward.parties.items()}
        place = rows["case"][0]["place_id"]
        self.words = {
            TITLE: _TEXT.format("title"),
            **{row["number"]: _TEXT.format(f"n{i}") for i, row in enumerate(rows["case"])},
            **{f"/cases/{id_}": f"/cases/{_TEXT.format(f'c{i}')}" for id_, i in self.cases.items()},
            **{name: _TEXT.format(f"pn_{key}") for key, (_, name) in ward.parties.items()},
            **{name: _TEXT.format(f"un_{key}") for key, (_, name) in ward.people.items()},
            **{spot.name: _TEXT.format("pn") for spot in ward.houses if spot.id == place},
        }

    def cut(self) -> dict[str, list[Row]]:
        for row in self.rows["case"]:
            index = self.cases[row["id"]]
            parent = row["parent_id"]
            row.update(
                id=_NUMBER.format(f"c{index}"),
                parent_id=None if parent is None else _NUMBER.format(f"c{self.cases[parent]}"),
                child_ref=self._reference(row["child_ref"]),
                place_id=_NUMBER.format("pl"),
                party_id=self._party(row["party_id"]),
                assignee_id=self._user(row["assignee_id"]),
                creator_id=self._user(row["creator_id"]),
                data=self._json(row["data"]),
                token=None if row["token"] is None else _TEXT.format("token"),
                head=_TEXT.format(f"h{index}_{row['seq']}"),
                words=_TEXT.format(f"w{index}"),
                title=self._say(row["title"]),
                number=_TEXT.format(f"n{index}"),
                demo=True,
                letter=row["number"][0],
            )
        for name in ("grievance", "event", "clock", "notice"):
            for row in self.rows[name]:
                row["case"] = self.cases[row["case_id"]]
                row["case_id"] = _NUMBER.format(f"c{row['case']}")
        for row in self.rows["grievance"]:
            gaps = {key: _TEXT.format(key) for key in ("reporter", "phone", "address")}
            row.update(gaps)
        for row in self.rows["event"]:
            case, seq = row["case"], row["seq"]
            row.update(
                before=_TEXT.format(f"h{case}_{seq - 1}"),
                hash=_TEXT.format(f"h{case}_{seq}"),
                actor_id=self._user(row["actor_id"]),
                actor_name=self._say(row["actor_name"]),
                data=self._json(row["data"]),
            )
        for index, row in enumerate(self.rows["clock"]):
            row["id"] = _NUMBER.format(f"k{index}")
        for row in self.rows["notice"]:
            row.update(
                dedupe=self._dedupe(row["dedupe"]),
                user_id=self._user(row["user_id"]),
                subject=self._json(row["subject"]),
                body=self._json(row["body"]),
                status=NoticeStatus.SENT,
                next_at=None,
                attempts=1,
            )
        return self.rows

    def _dedupe(self, key: str) -> str:
        """``case:seq:notice:user:channel``, or ``clock:id:level@version:notice:user:channel``."""
        parts = key.split(":")
        if parts[0] == "clock":
            parts[1] = _TEXT.format(f"k{self.clocks[int(parts[1])]}")
        else:
            parts[0] = _TEXT.format(f"c{self.cases[int(parts[0])]}")
        parts[-2] = _TEXT.format(f"u_{self.users[int(parts[-2])]}")
        return ":".join(parts)

    def _reference(self, ref: str) -> str:
        kind, _, number = ref.partition(":")
        return f"party:{_TEXT.format(f'p_{self.parties[int(number)]}')}" if kind == "party" else ref

    def _user(self, user_id: int | None) -> str | None:
        return None if user_id is None else _NUMBER.format(f"u_{self.users[user_id]}")

    def _party(self, party_id: int | None) -> str | None:
        return None if party_id is None else _NUMBER.format(f"p_{self.parties[party_id]}")

    def _say(self, text: str) -> str:
        for word, gap in self.words.items():
            text = text.replace(word, gap)
        return text

    def _json(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            if set(value) == {"to", "id"}:
                known = self._party if value["to"] == "party" else self._user
                return {"to": value["to"], "id": known(value["id"])}
            return {name: self._json(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._json(item, key) for item in value]
        if isinstance(value, str):
            return self._say(value)
        if key == "bodies":
            return self._party(value)
        if key == "children":
            return _NUMBER.format(f"c{self.cases[value]}")
        return value


def named(text: str) -> str:
    """The text for ``%``, each gap a name in it."""
    return _GAP.sub(lambda found: f"%({found[1] or found[2]})s", text.replace("%", "%%"))
