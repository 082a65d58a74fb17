"""Who takes part in a play: one person for each role, by the number that stands for them in data.

The real system knows many holders of a role in many places; a play has one of each, and whoever
acts is told nothing new, as in the real system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.workflows.outcomes import Actor
from app.workflows.registry import ROLES
from app.workflows.spec import RESIDENT, SYSTEM, FieldSpec, FieldType, Label, Relation

STAFF = tuple(role for role in ROLES if role not in (RESIDENT, SYSTEM))
_NUMBERS = {role: number for number, role in enumerate(STAFF, 1)}
_ROLES = {number: role for role, number in _NUMBERS.items()}


def number(role: str) -> int | None:
    """The person who holds a staff role; None for the resident and the system."""
    return _NUMBERS.get(role)


def role(person: Any) -> str | None:
    """The role of a person of the play; None for a number that nobody has."""
    return _ROLES.get(person) if isinstance(person, int) else None


def actor(player: str, relations: Iterable[Relation] = ()) -> Actor:
    """Who presses: the holder of ``player``, which is a role of the registry."""
    if player == SYSTEM:
        return Actor("system", roles=frozenset({SYSTEM}))
    name = ROLES[player].text("zh")
    if player == RESIDENT:
        return Actor("resident", name=name, roles=frozenset({RESIDENT}))
    return Actor("user", _NUMBERS[player], name, frozenset({player}), frozenset(relations))


def titled(who: Actor) -> Label:
    """What somebody is called who is there for one role."""
    return ROLES[next(iter(who.roles))]


def named(person: int) -> Label:
    known = _ROLES.get(person)
    return ROLES[known] if known else Label(zh=f"第 {person} 号人员", en=f"person {person}")


def party(key: int) -> Label:
    return Label(zh=f"责任单位 {key}", en=f"party {key}")


def numbered(fields: Mapping[str, FieldSpec], form: Mapping[str, Any]) -> dict[str, Any]:
    """``form`` as the engine takes it: persons, named by their roles, by their numbers."""
    found: dict[str, Any] = {}
    for key, value in form.items():
        field = fields.get(key)
        person = field is not None and field.type is FieldType.PERSON
        given = list(value) if isinstance(value, tuple) else value
        found[key] = _NUMBERS.get(given, given) if person and isinstance(given, str) else given
    return found
