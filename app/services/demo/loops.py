"""Single grievances as they are written down in ``stories/loops.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from app.services.demo.days import Days
from app.services.demo.stage import Beat, Matter, Stage

FILE = Path(__file__).parent / "stories" / "loops.yaml"


def play(stage: Stage, days: Days) -> dict[str, Matter]:
    """All of them, by key."""
    return {
        story["key"]: _story(stage, days, story)
        for story in yaml.safe_load(FILE.read_text("utf-8"))
    }


def _story(stage: Stage, days: Days, story: Mapping[str, Any]) -> Matter:
    matter = Matter(
        **{
            name: story[name]
            for name in ("place", "title", "text", "category", "address", "source", "by", "urgent")
            if name in story
        },
        photo=story.get("photo", ""),
    )
    beats = [
        _beat(stage, days, key, form or {})
        for beat in story.get("beats", ())
        for key, form in beat.items()
    ]
    return stage.tell(matter, _begin(days, story), beats)


def _begin(days: Days, story: Mapping[str, Any]) -> datetime:
    if "ago" in story:
        return days.ago(minutes=int(story["ago"].removesuffix(" min")))
    return _moment(days, *story["at"].split())


def _moment(days: Days, back: str, clock: str) -> datetime:
    return days.at(int(back), clock)


def _beat(stage: Stage, days: Days, key: str, form: Mapping[str, Any]) -> Beat:
    back, clock, who, event, *rest = key.split()
    values = {name: value for name, value in form.items() if name != "photo"}
    if "bodies" in values:
        values["bodies"] = stage.bodies(*values["bodies"])
    return Beat(
        _moment(days, back, clock),
        who,
        event,
        values,
        of=rest[0].removeprefix("@") if rest else "",
        photo=tuple(form["photo"]) if "photo" in form else None,
    )
