"""Facts and literal values: do they exist, and do operator, type and value fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from app.workflows import registry
from app.workflows.checks.findings import Finding, error, listed, nearby, say
from app.workflows.checks.graph import Graph
from app.workflows.conditions import number_of
from app.workflows.entries import FactName, ValueType
from app.workflows.spec import Condition, FieldSpec, FieldType, Op, Scalar, Test, Workflow
from app.workflows.terms import All, AnyOf, Not

_ORDER = (Op.LT, Op.LE, Op.GT, Op.GE)
FITTING = {
    ValueType.YES_NO: (Op.EQ, Op.NE),
    ValueType.NUMBER: (Op.EQ, Op.NE, Op.IN, *_ORDER),
    ValueType.TEXT: (Op.EQ, Op.NE, Op.IN, Op.CONTAINS),
    ValueType.MOMENT: (Op.EQ, Op.NE, *_ORDER),
    ValueType.ONE: (Op.EQ, Op.NE, Op.IN),
    ValueType.SEVERAL: (Op.EQ, Op.NE, Op.CONTAINS),
}


def check(graph: Graph) -> Iterator[Finding]:
    spec = graph.spec
    for i, transition in enumerate(spec.transitions):
        if transition.when is not None:
            for path, test in located(transition.when, f"transitions[{i}].when"):
                yield from _test(spec, path, test)
        for j, effect in enumerate(transition.effects):
            for key, value in (effect.set or {}).items():
                yield from _set(spec, f"transitions[{i}].effects[{j}].set.{key}", key, value)
    for i, deadline in enumerate(spec.deadlines):
        rules = [(f"deadlines[{i}].when", deadline.when)]
        rules += [
            (f"deadlines[{i}].variants[{j}].when", variant.when)
            for j, variant in enumerate(deadline.variants)
        ]
        for where, condition in rules:
            for path, test in located(condition, where) if condition is not None else ():
                yield from _test(spec, path, test)


def located(condition: Condition, path: str) -> Iterator[tuple[str, Test]]:
    """Every test of a condition with its path in the file."""
    if isinstance(condition, Test):
        yield path, condition
    elif isinstance(condition, Not):
        yield from located(condition.negated, f"{path}.not")
    else:
        word = "all" if isinstance(condition, All) else "any"
        parts = condition.any if isinstance(condition, AnyOf) else condition.all
        for index, part in enumerate(parts):
            yield from located(part, f"{path}.{word}[{index}]")


def _test(spec: Workflow, path: str, test: Test) -> Iterator[Finding]:
    fact = registry.fact(test.fact, spec)
    if fact is None:
        yield _no_fact(spec, path, test.fact)
        return
    if test.op not in FITTING[fact.type]:
        allowed = listed(op.value for op in FITTING[fact.type])
        text = say(
            f"{path}：“{fact.label.zh}”不能用 {test.op} 比较",
            f"{path}: {test.op} does not fit “{fact.label.text('en')}”",
        )
        yield error("bad_operator", f"{path}.op", text, say(f"可用：{allowed}", f"Use: {allowed}"))
        return
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    if isinstance(test.value, tuple) is not (test.op is Op.IN) or not values:
        text = say(
            f"{path}：in 要一个列表，其他比较要一个值",
            f"{path}: “in” takes a list, every other operator one value",
        )
        hint = say("例如 value: [a, b]。", "For example value: [a, b].")
        yield error("bad_value", f"{path}.value", text, hint)
        return
    for value in values:
        if not _fits(fact, test.op, value):
            yield _bad_value(f"{path}.value", fact, value)


def _no_fact(spec: Workflow, path: str, name: str) -> Finding:
    known = registry.FACTS.get(name)
    if known is not None:
        legs = listed(sorted(known.legs))
        text = say(f"{path}：{name} 只用于 {legs} 类流程", f"{path}: {name} is for {legs} only")
        hint = say("换一个事实，或改 leg。", "Use another fact, or change the leg.")
        return error("unknown_fact", f"{path}.fact", text, hint)
    text = say(f"{path}：没有名为 {name} 的事实", f"{path}: there is no fact {name}")
    names = [n for n, fact in registry.FACTS.items() if not fact.legs or spec.leg in fact.legs]
    names += [f"field.{field.key}" for field in spec.fields]
    for family in registry.FAMILIES[1:]:
        owners = spec.deadlines if family.startswith("deadline") else spec.children
        names += [family.replace("<key>", owner.key) for owner in owners]
    return error("unknown_fact", f"{path}.fact", text, nearby(name, names))


def _bad_value(path: str, fact: FactName, value: object) -> Finding:
    text = say(
        f"{path}：“{fact.label.zh}”的值不会是 {str(value)[:60]}",
        f"{path}: “{fact.label.text('en')}” is never {str(value)[:60]}",
    )
    kinds = {
        ValueType.YES_NO: ("true 或 false", "true or false"),
        ValueType.NUMBER: ("数字或分数，如 3、0.5、2/3", "a number or fraction: 3, 0.5, 2/3"),
        ValueType.MOMENT: ("日期，如 2026-03-05", "a date: 2026-03-05"),
    }
    zh, en = kinds.get(fact.type, ("文字", "a text"))
    if fact.options:
        zh = en = listed(fact.options, most=12)
    return error("bad_value", path, text, say(f"应为{zh}", f"It should be {en}"))


def _fits(fact: FactName, op: Op, value: Scalar) -> bool:
    if value is None:
        return op in (Op.EQ, Op.NE)
    if fact.type is ValueType.YES_NO:
        return isinstance(value, bool)
    if fact.type is ValueType.NUMBER:
        return number_of(value) is not None
    if fact.type is ValueType.SEVERAL and op is not Op.CONTAINS:
        return False
    if fact.type in (ValueType.ONE, ValueType.SEVERAL):
        if fact.options is not None:
            return isinstance(value, str) and value in fact.options
        return isinstance(value, int) and not isinstance(value, bool)
    if fact.type is ValueType.MOMENT:
        return isinstance(value, str) and _is_moment(value)
    return isinstance(value, str)


def _is_moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _set(spec: Workflow, path: str, key: str, value: Scalar) -> Iterator[Finding]:
    field = next((field for field in spec.fields if field.key == key), None)
    if field is None or value is None or _settable(field, value):
        return
    text = say(
        f"{path}：字段“{field.label.zh}”不能设为 {str(value)[:60]}",
        f"{path}: field “{field.label.text('en')}” can't be set to {str(value)[:60]}",
    )
    hint = say(f"值应符合类型 {field.type}。", f"The value must be of type {field.type}.")
    yield error("bad_value", path, text, hint)


def _settable(field: FieldSpec, value: Scalar) -> bool:
    if field.type is FieldType.YES_NO:
        return isinstance(value, bool)
    if field.type in (FieldType.NUMBER, FieldType.MONEY):
        return number_of(value) is not None and "/" not in str(value)
    if field.type is FieldType.RATING:
        return not isinstance(value, bool) and value in (1, 2, 3, 4, 5)
    if field.type is FieldType.CHOICE:
        return value in [option.key for option in field.options]
    if field.type in (FieldType.PERSON, FieldType.PARTY, FieldType.PLACE):
        return isinstance(value, int) and not isinstance(value, bool)
    if field.type is FieldType.DATE:
        return isinstance(value, str) and _is_date(value)
    if field.type is FieldType.DATETIME:
        return isinstance(value, str) and _is_moment(value)
    if field.type in (FieldType.CHOICES, FieldType.PARTIES, FieldType.FILES):
        return False
    return isinstance(value, str)


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
