"""Names that a file uses: roles, notices, fields, effects, channels, recipients, placeholders."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from app.workflows import registry, templates
from app.workflows.checks.findings import Finding, error, nearby, say, warning
from app.workflows.checks.graph import Graph
from app.workflows.spec import RESIDENT, SYSTEM, FieldType, Transition, Workflow

_OWNERS = (FieldType.PERSON, FieldType.PARTY)
_ADDRESSED = (FieldType.PERSON, FieldType.PARTY, FieldType.PARTIES)
_STAFF = [role for role in registry.ROLES if role not in (RESIDENT, SYSTEM)]


def check(graph: Graph) -> Iterator[Finding]:
    spec = graph.spec
    if spec.leg not in registry.LEGS:
        yield _unknown("unknown_leg", "leg", ("类型", "leg"), spec.leg, registry.LEGS)
    yield from _roles(spec)
    yield from _fields(spec)
    yield from _effects(spec)
    yield from _keys(spec)
    yield from _recipients(spec)
    yield from _templates(spec)
    yield from _states(graph)
    yield from _unused(spec)


def _unknown(
    code: str, path: str, kind: tuple[str, str], name: str, known: Collection[str]
) -> Finding:
    text = say(f"{path}：没有名为 {name} 的{kind[0]}", f"{path}: there is no {kind[1]} {name}")
    return error(code, path, text, nearby(name, known))


def _roles(spec: Workflow) -> Iterator[Finding]:
    for path, role in roles_used(spec):
        if role not in registry.ROLES:
            yield _unknown("unknown_role", path, ("角色", "role"), role, registry.ROLES)


def roles_used(spec: Workflow) -> Iterator[tuple[str, str]]:
    """Every role with its path; not those of recipients, which allow no pseudo roles."""
    yield from ((f"openers[{i}]", role) for i, role in enumerate(spec.openers))
    for i, state in enumerate(spec.states):
        yield from ((f"states[{i}].visible_to", role) for role in state.visible_to)
    for i, transition in enumerate(spec.transitions):
        yield from ((f"transitions[{i}].roles", role) for role in transition.roles)


def _fields(spec: Workflow) -> Iterator[Finding]:
    known = {field.key for field in spec.fields}
    for path, key in _fields_used(spec):
        if key not in known:
            yield _unknown("unknown_field", path, ("字段", "field"), key, known)
    for i, field in enumerate(spec.fields):
        chosen = field.type in (FieldType.CHOICE, FieldType.CHOICES)
        if chosen and not field.options:
            text = say(f"字段 {field.key} 没有选项", f"field {field.key} has no options")
            hint = say("在 options 中列出选项。", "List them under options.")
            yield error("no_options", f"fields[{i}].options", text, hint)
        elif field.options and not chosen:
            text = say(
                f"字段 {field.key} 不是选择类型，选项不起作用",
                f"field {field.key} is no choice, so its options do nothing",
            )
            hint = say("类型改为 choice 或 choices。", "Make its type choice or choices.")
            yield warning("idle_options", f"fields[{i}].options", text, hint)


def _fields_used(spec: Workflow) -> Iterator[tuple[str, str]]:
    yield from ((f"intake[{i}].field", item.field) for i, item in enumerate(spec.intake))
    for i, transition in enumerate(spec.transitions):
        form = enumerate(transition.form)
        yield from ((f"transitions[{i}].form[{j}].field", item.field) for j, item in form)
        for j, effect in enumerate(transition.effects):
            yield from ((f"transitions[{i}].effects[{j}].set", key) for key in effect.set or {})
    for i, deadline in enumerate(spec.deadlines):
        if deadline.until is not None:
            yield f"deadlines[{i}].until", deadline.until
    for i, child in enumerate(spec.children):
        yield from ((f"children[{i}].carry", key) for key in child.carry)


def _effects(spec: Workflow) -> Iterator[Finding]:
    for i, transition in enumerate(spec.transitions):
        for j, effect in enumerate(transition.effects):
            path = f"transitions[{i}].effects[{j}]"
            if effect.run is not None:
                yield from _run(spec, f"{path}.run", effect.run)
            elif effect.assign is not None:
                yield from _assign(spec, f"{path}.assign", effect.assign)


def _run(spec: Workflow, path: str, name: str) -> Iterator[Finding]:
    found = registry.EFFECTS.get(name)
    if found is None:
        yield _unknown("unknown_effect", path, ("动作", "effect"), name, registry.EFFECTS)
    elif found.legs and spec.leg not in found.legs:
        yield _of_other_leg("unknown_effect", path, name, found.legs)


def _of_other_leg(code: str, path: str, name: str, legs: Collection[str]) -> Finding:
    where = ", ".join(sorted(legs))
    text = say(f"{path}：{name} 只用于 {where} 类流程", f"{path}: {name} is for {where} only")
    hint = say("换一个名称，或改 leg。", "Use another name, or change the leg.")
    return error(code, path, text, hint)


def _assign(spec: Workflow, path: str, name: str) -> Iterator[Finding]:
    if name in ("actor", "nobody"):
        return
    key = registry.field_key(name)
    owners = [f"field.{field.key}" for field in spec.fields if field.type in _OWNERS]
    if key is None or name not in owners:
        names = ["actor", "nobody", *owners]
        yield _unknown("unknown_assignee", path, ("指派对象", "assignee"), name, names)


def _keys(spec: Workflow) -> Iterator[Finding]:
    notices = {notice.key for notice in spec.notices}
    children = {child.key for child in spec.children}
    for path, key in notices_used(spec):
        if key not in notices:
            yield _unknown("unknown_notice", path, ("通知", "notice"), key, notices)
    for i, transition in enumerate(spec.transitions):
        for key in transition.spawn:
            if key not in children:
                path = f"transitions[{i}].spawn"
                yield _unknown("unknown_child", path, ("子事项", "child"), key, children)
    events = {transition.key for transition in spec.transitions}
    for path, event in fired(spec):
        if event not in events:
            yield _unknown("unknown_event", path, ("操作", "step"), event, events)


def notices_used(spec: Workflow) -> Iterator[tuple[str, str]]:
    yield from ((f"notify[{i}]", key) for i, key in enumerate(spec.notify))
    for i, transition in enumerate(spec.transitions):
        yield from ((f"transitions[{i}].notify", key) for key in transition.notify)
    for i, deadline in enumerate(spec.deadlines):
        for j, level in enumerate(deadline.levels):
            yield from ((f"deadlines[{i}].levels[{j}].notify", key) for key in level.notify)


def fired(spec: Workflow) -> Iterator[tuple[str, str]]:
    """The events that the system fires, with the path that says so."""
    for i, deadline in enumerate(spec.deadlines):
        for j, level in enumerate(deadline.levels):
            if level.fire is not None:
                yield f"deadlines[{i}].levels[{j}].fire", level.fire
    for i, child in enumerate(spec.children):
        if child.when_all_closed is not None:
            yield f"children[{i}].when_all_closed", child.when_all_closed


def _recipients(spec: Workflow) -> Iterator[Finding]:
    fields = [f"field.{field.key}" for field in spec.fields if field.type in _ADDRESSED]
    for i, notice in enumerate(spec.notices):
        for j, channel in enumerate(notice.channels):
            if channel not in registry.CHANNELS:
                path = f"notices[{i}].channels[{j}]"
                known = registry.CHANNELS
                yield _unknown("unknown_channel", path, ("渠道", "channel"), channel, known)
        for j, to in enumerate(notice.to):
            path = f"notices[{i}].to[{j}]"
            kind, colon, role = to.partition(":")
            if colon and kind in ("role", "above"):
                if role not in _STAFF:
                    yield _unknown("unknown_role", path, ("角色", "role"), role, _STAFF)
            elif to not in registry.RECIPIENTS and to not in fields:
                names = [*registry.RECIPIENTS, *fields, "role:…", "above:…"]
                yield _unknown("unknown_recipient", path, ("收件人", "recipient"), to, names)


def _templates(spec: Workflow) -> Iterator[Finding]:
    for i, notice in enumerate(spec.notices):
        for word, label in (("subject", notice.subject), ("body", notice.body)):
            for language in ("zh", "en"):
                path, text = f"notices[{i}].{word}.{language}", getattr(label, language)
                for name in templates.unknown(text):
                    kind = ("占位符", "placeholder")
                    known = registry.TEMPLATES
                    yield _unknown("unknown_placeholder", path, kind, f"{{{name}}}", known)
                if not templates.is_paired(text):
                    wrong = say(f"{path}：花括号不成对", f"{path}: braces don't match")
                    hint = say("占位符写成 {title} 的样子。", "A placeholder looks like {title}.")
                    yield error("bad_template", path, wrong, hint)


def _states(graph: Graph) -> Iterator[Finding]:
    for i, deadline in enumerate(graph.spec.deadlines):
        for word in ("start", "stop", "pause"):
            for key in getattr(deadline, word):
                if key not in graph.states:
                    path = f"deadlines[{i}].{word}"
                    known = graph.states
                    yield _unknown("unknown_state", path, ("状态", "state"), key, known)


def _unused(spec: Workflow) -> Iterator[Finding]:
    sent = {key for _, key in notices_used(spec)}
    spawned = {key for transition in spec.transitions for key in transition.spawn}
    idle = [(f"notices[{i}]", n.key) for i, n in enumerate(spec.notices) if n.key not in sent]
    idle += [(f"children[{i}]", c.key) for i, c in enumerate(spec.children) if c.key not in spawned]
    filled = {item.field for item in spec.intake}
    for transition in spec.transitions:
        filled |= filled_by(transition)
    idle += [(f"fields[{i}]", f.key) for i, f in enumerate(spec.fields) if f.key not in filled]
    for path, key in idle:
        text = say(f"{path}（{key}）没有用到", f"{path} ({key}) is never used")
        hint = say("在表单或操作中使用它，或删去它。", "Use it in a form or step, or remove it.")
        yield warning("unused", path, text, hint)


def filled_by(transition: Transition) -> set[str]:
    """The fields that its form or effects may fill; whose buttons, is another matter."""
    found = {item.field for item in transition.form}
    for effect in transition.effects:
        found |= set(effect.set or {})
    return found
