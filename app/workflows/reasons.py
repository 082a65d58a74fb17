"""Why a button can't be pressed, in words that a person in the community understands."""

from __future__ import annotations

from app.workflows.outcomes import Actor, Reason
from app.workflows.registry import ROLES
from app.workflows.spec import RESIDENT, SYSTEM, Label, Relation, State, Transition, Workflow

_PSEUDO = frozenset({RESIDENT, SYSTEM})
_RELATIONS = {
    Relation.ASSIGNEE: Label(zh="承办人", en="the assignee"),
    Relation.CREATOR: Label(zh="登记人", en="whoever opened it"),
    Relation.PARTY: Label(zh="责任单位人员", en="members of the responsible party"),
}


def who(transition: Transition, actor: Actor) -> Reason | None:
    """Why this actor may not; None if they may."""
    if may(transition, actor):
        return None
    return Reason("who", _only(transition))


def may(transition: Transition, actor: Actor) -> bool:
    """Staff need one of the roles and one of the relations, as far as given. The pseudo roles open
    the door for the resident and the system alone; with neither given only the system may."""
    roles, relations = transition.roles, transition.relations
    if actor.kind == "system":
        return SYSTEM in roles or not (roles or relations)
    if actor.kind == "resident":
        return RESIDENT in roles
    staff = set(roles) - _PSEUDO
    if not staff and not relations:
        return False
    return (not staff or not actor.roles.isdisjoint(staff)) and (
        not relations or not actor.relations.isdisjoint(relations)
    )


def opener(spec: Workflow, actor: Actor) -> Reason | None:
    """Why this actor may not open a case; None if they may. The system always may."""
    held = {RESIDENT} if actor.kind == "resident" else actor.roles - _PSEUDO
    if actor.kind == "system" or not held.isdisjoint(spec.openers):
        return None
    if not spec.openers:
        return Reason("who", Label(zh="此类事项只由系统产生", en="only the system opens these"))
    names = [ROLES.get(role, Label(zh=role)) for role in spec.openers]
    return Reason(
        "who",
        Label(
            zh=f"只有{_chinese(names)}可以登记“{spec.label.zh}”",
            en=f"Only {_english(names)} may open “{spec.label.text('en')}”",
        ),
    )


def missing(spec: Workflow, state: State | None, event: str) -> Reason:
    """Why there is no such button here."""
    label = next((t.label for t in spec.transitions if t.key == event), None)
    if label is None or state is None:
        text = Label(zh="没有这个操作", en="There is no such step")
        return Reason("unknown", text)
    where = state.label
    text = Label(
        zh=f"现在是“{where.zh}”，不能“{label.zh}”",
        en=f"“{label.text('en')}” is not possible in “{where.text('en')}”",
    )
    return Reason("state", text)


def _only(transition: Transition) -> Label:
    label = transition.label
    roles = [ROLES.get(role, Label(zh=role)) for role in transition.roles if role not in _PSEUDO]
    relations = [_RELATIONS[relation] for relation in transition.relations]
    others = [ROLES[role] for role in transition.roles if role in _PSEUDO]
    zh, en = _chinese(roles), _english(roles)
    if roles and relations:
        zh = f"同时是{_chinese(relations)}的{zh}"
        en = f"{en} who are also {_english(relations)}"
    elif relations:
        zh, en = _chinese(relations), _english(relations)
    if others and (roles or relations):
        zh, en = f"{zh}、{_chinese(others)}", f"{en} or {_english(others)}"
    elif others or not (roles or relations):
        others = others or [ROLES[SYSTEM]]
        zh, en = _chinese(others), _english(others)
    return Label(zh=f"只有{zh}可以“{label.zh}”", en=f"Only {en} may press “{label.text('en')}”")


def _chinese(labels: list[Label]) -> str:
    return "、".join(label.zh for label in labels)


def _english(labels: list[Label]) -> str:
    return " or ".join(label.text("en") for label in labels)
