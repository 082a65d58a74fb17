"""Who is one head: the folding of units and owners, against the cases of article 9."""

from __future__ import annotations

import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.services import rolls
from app.services.rolls import DEVELOPER, Dwelling, Holder

AREA = Decimal("88.80")


def unit(number: int, *holders: Holder, area: Decimal = AREA) -> Dwelling:
    return Dwelling(number, str(100 + number), area, holders)


def owner(number: int, **options: object) -> Holder:
    return Holder(number, f"业主{number}", **options)  # type: ignore[arg-type]


def test_each_owner_of_one_unit_is_one_head() -> None:
    found = rolls.heads([unit(1, owner(1)), unit(2, owner(2))])
    assert [head.owners for head in found] == ["1", "2"]


def test_an_owner_with_several_units_counts_once_with_all_their_area() -> None:
    found = rolls.heads([unit(1, owner(1)), unit(2, owner(1)), unit(3, owner(2))])
    assert len(found) == 2
    assert found[0].area == 2 * AREA


def test_the_developers_unsold_units_count_once_together() -> None:
    developer = owner(9, developer=True)
    found = rolls.heads([unit(n, developer) for n in range(1, 31)] + [unit(99, owner(1))])
    assert [head.owners for head in found] == ["1", DEVELOPER]
    assert found[1].area == 30 * AREA


def test_co_owners_of_a_unit_are_one_head() -> None:
    (head,) = rolls.heads([unit(1, owner(1), owner(2))])
    assert head.owners == "1+2"
    assert head.name == "业主1、业主2"


def test_the_same_co_owners_of_two_units_are_still_one_head() -> None:
    found = rolls.heads([unit(1, owner(1), owner(2)), unit(2, owner(2), owner(1))])
    assert len(found) == 1


def test_an_owner_alone_and_together_with_another_are_two_heads() -> None:
    found = rolls.heads([unit(1, owner(1)), unit(2, owner(1), owner(2))])
    assert [head.owners for head in found] == ["1", "1+2"]


def test_two_records_of_one_person_are_one_owner() -> None:
    found = rolls.heads([unit(1, owner(1, person_id=7)), unit(2, owner(2, person_id=7))])
    assert [head.owners for head in found] == ["1"]


def test_a_unit_without_an_owner_on_record_is_a_head_of_its_own() -> None:
    found = rolls.heads([unit(1), unit(2)])
    assert [head.owners for head in found] == ["unit:1", "unit:2"]


def test_very_many_co_owners_still_make_a_key_that_fits() -> None:
    (head,) = rolls.heads([unit(1, *(owner(10**9 + n) for n in range(80)))])
    assert len(head.owners) <= rolls.LONGEST_KEY
    assert len(head.name) <= 200


holders = st.builds(
    Holder,
    st.integers(1, 12),
    st.just("业主"),
    st.booleans(),
    st.none() | st.integers(1, 4),
)


@st.composite
def estates(draw: st.DrawFn) -> list[Dwelling]:
    """Units whose owners are consistent: one id is always the same owner."""
    people = {h.id: h for h in draw(st.lists(holders, max_size=12))}
    chosen = st.lists(st.sampled_from(sorted(people)), max_size=3, unique=True)
    areas = st.integers(1, 10**6).map(lambda cents: Decimal(cents).scaleb(-2))
    return [
        unit(n, *(people[i] for i in (draw(chosen) if people else [])), area=draw(areas))
        for n in range(1, draw(st.integers(0, 20)) + 1)
    ]


def by_hand(units: list[Dwelling]) -> int:
    """Heads counted another way: units that share their owners are joined pair by pair."""

    def who(one: Dwelling) -> object:
        if not one.holders:
            return ("unit", one.id)
        if all(h.developer for h in one.holders):
            return "developer"
        return frozenset(("person", h.person_id) if h.person_id else h.id for h in one.holders)

    joined = 0
    for i, one in enumerate(units):
        joined += any(who(other) == who(one) for other in units[:i])
    return len(units) - joined


@given(estates())
def test_the_number_of_heads_equals_a_count_by_hand(units: list[Dwelling]) -> None:
    assert len(rolls.heads(units)) == by_hand(units)


@given(estates(), st.randoms(use_true_random=False))
def test_no_unit_and_no_area_is_lost_whatever_the_order(units: list[Dwelling], chance) -> None:
    shuffled = list(units)
    random.Random(chance.random()).shuffle(shuffled)
    found = rolls.heads(shuffled)
    assert found == rolls.heads(units)
    assert sorted(u.id for head in found for u in head.units) == sorted(u.id for u in units)
    assert sum((head.area for head in found), Decimal(0)) == sum(
        (u.area for u in units), Decimal(0)
    )
