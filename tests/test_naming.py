"""Names in the order in which people count them."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app import models as m
from app.services import grievances, places
from app.services.boards import natural
from tests.cast import Cast


@pytest.mark.parametrize(
    "names",
    [
        ["2号楼", "10号楼"],
        ["望潮一园", "望潮二园", "望潮三园", "望潮九园", "望潮十园", "望潮十一园"],
        ["甲", "甲²", "甲乙"],
    ],
)
def test_numbers_are_counted_in_figures_and_in_characters(names: list[str]) -> None:
    assert sorted(names[1:] + names[:1], key=natural) == names


def test_a_resident_finds_the_compounds_in_their_order(session: Session, cast: Cast) -> None:
    community = session.get(m.Place, cast.places["compound"].parent_id)
    for name in ("翠微三园", "翠微十园", "翠微一园", "翠微二园"):
        places.add(session, m.PlaceKind.COMPOUND, name, community)
    session.flush()
    found = [name.rpartition(" · ")[2] for _id, name in grievances.doors(session, "园")]
    assert found == ["翠微一园", "翠微二园", "翠微三园", "翠微十园"]
