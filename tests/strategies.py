"""Hypothesis strategies for workflow specs: sound ones to run, and any that the model accepts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from app.workflows.spec import Op, StateKind, Unit, Workflow

ROLES = ("Secretary", "CommitteeStaff", "Resident", "System")
RELATIONS = ("assignee", "creator", "party")
FIELDS: list[dict[str, Any]] = [
    {"key": "n", "label": "数", "type": "number"},
    {"key": "flag", "label": "是否", "type": "yes_no"},
    {
        "key": "kind",
        "label": "种类",
        "type": "choice",
        "options": [{"key": "a", "label": "甲"}, {"key": "b", "label": "乙"}],
    },
    {"key": "words", "label": "文字", "type": "text"},
    {"key": "due", "label": "期限", "type": "date"},
    {"key": "owner", "label": "负责人", "type": "person"},
]
NUMBERS = ("field.n", "children.count", "attachments.count")
FLAGS = ("field.flag", "children.all_closed", "assignee.set")
TEXTS = ("field.kind", "field.words")
FACTS = (*NUMBERS, *FLAGS, *TEXTS)

letters = st.sampled_from(["a", "b", "c", "d", "e", "受理", "办结", "_x", "on", "null", "y"])
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12
).filter(lambda text: bool(text.strip()))
labels = st.one_of(texts, st.builds(lambda zh, en: {"zh": zh, "en": en}, texts, texts))
scalars = st.one_of(
    st.booleans(), st.integers(-5, 5), st.none(), texts, st.sampled_from(["0.5", "2/3", "true"])
)


def durations(units: tuple[Unit, ...] = tuple(Unit), most: int = 9) -> st.SearchStrategy[str]:
    return st.builds(
        lambda amount, unit: f"{amount} {unit}", st.integers(0, most), st.sampled_from(units)
    )


levels = st.one_of(
    st.integers(1, 99).map(lambda n: f"{n} %"),
    st.just("breach"),
    durations().map(lambda span: f"breach + {span}"),
)


# --- conditions ---------------------------------------------------------------------------------


def _joined(tests: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=5,
    )


_numbers = st.one_of(st.integers(-3, 6), st.sampled_from(["0.5", "2/3", "3.0"]))
_orders = st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE])
_fitting = st.one_of(
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op.value, "value": value},
        st.sampled_from(NUMBERS),
        _orders,
        _numbers,
    ),
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op.value, "value": value},
        st.sampled_from(FLAGS),
        st.sampled_from([Op.EQ, Op.NE]),
        st.booleans(),
    ),
    st.builds(
        lambda fact, value: {"fact": fact, "op": "in", "value": value},
        st.sampled_from(TEXTS),
        st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3),
    ),
    st.builds(
        lambda op, value: {"fact": "field.words", "op": op.value, "value": value},
        st.sampled_from([Op.EQ, Op.NE, Op.CONTAINS]),
        st.sampled_from(["a", "ab", "三"]),
    ),
)
sound_conditions = _joined(_fitting)
any_conditions = _joined(
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op.value, "value": value},
        st.one_of(st.sampled_from(FACTS), texts, letters.map(lambda key: f"field.{key}")),
        st.sampled_from(list(Op)),
        st.one_of(scalars, st.lists(scalars, max_size=3)),
    )
)


# --- sound specs --------------------------------------------------------------------------------


def _subset(items: list[str], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(items), min_size=least, max_size=3, unique=True)


@st.composite
def sound_specs(draw: st.DrawFn) -> Workflow:
    """Specs whose names all lead somewhere; whether their graph is sensible is another matter."""
    count = draw(st.integers(1, 5))
    keys = [f"s{i}" for i in range(count)]
    kinds = draw(st.lists(st.sampled_from(["open", "waiting"]), min_size=count, max_size=count))
    states = [{"key": k, "label": k, "kind": kind} for k, kind in zip(keys, kinds, strict=True)]
    states += [{"key": "good", "label": "成", "kind": "done"}]
    states += [{"key": "bad", "label": "废", "kind": "cancelled"}]
    all_keys = [*keys, "good", "bad"]
    transitions = draw(st.lists(_transition(keys, all_keys), min_size=1, max_size=8))
    deadlines = draw(st.lists(_deadline(keys, all_keys), min_size=1, max_size=3))
    for index, deadline in enumerate(deadlines):
        deadline["key"] = f"d{index}"
    intake = draw(_form())
    return Workflow.model_validate(
        {
            "key": "random",
            "label": "随机",
            "start": "s0",
            "fields": FIELDS,
            "openers": ["Secretary", "Resident"],
            "intake": intake,
            "states": states,
            "transitions": transitions,
            "deadlines": deadlines,
        }
    )


def _form() -> st.SearchStrategy[list[dict[str, Any]]]:
    names = [field["key"] for field in FIELDS]
    return st.lists(st.sampled_from(names), max_size=3, unique=True).flatmap(
        lambda chosen: st.tuples(*(st.booleans() for _ in chosen)).map(
            lambda needed: [
                {"field": name, "required": need} for name, need in zip(chosen, needed, strict=True)
            ]
        )
    )


_effects = st.sampled_from(
    [
        {"set": {"flag": True}},
        {"set": {"kind": "a", "n": 4}},
        {"set": {"due": "2026-05-06"}},
        {"assign": "actor"},
        {"assign": "nobody"},
        {"assign": "field.owner"},
    ]
)


def _transition(keys: list[str], all_keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "key": st.sampled_from(["go", "back", "state", "stop", "trigger"]),
            "label": st.just("去"),
            "from": st.one_of(st.just("*"), _subset(keys, 1)),
            "to": st.one_of(st.none(), st.sampled_from(all_keys)),
            "roles": st.one_of(
                st.just(["Secretary"]), st.lists(st.sampled_from(ROLES), max_size=3, unique=True)
            ),
            "relations": st.one_of(st.just([]), st.lists(st.sampled_from(RELATIONS), max_size=2)),
            "when": st.one_of(st.none(), sound_conditions),
            "form": _form(),
            "effects": st.lists(_effects, max_size=2),
        }
    )


def _deadline(keys: list[str], all_keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "label": st.just("时限"),
            "start": st.one_of(st.just(["s0"]), st.just(keys), _subset(all_keys, 1)),
            "stop": _subset(all_keys),
            "pause": _subset(all_keys),
            "when": st.one_of(st.none(), sound_conditions),
        }
    ).flatmap(
        lambda made: st.one_of(
            durations(most=5).map(lambda span: {**made, "within": span}),
            st.just({**made, "until": "due"}),
        )
    )


# --- whatever the model accepts -----------------------------------------------------------------

_names = st.one_of(letters, letters.map(lambda key: f"field.{key}"), texts)
_keys = st.lists(letters, max_size=3)
_any_form = st.lists(
    st.fixed_dictionaries({"field": letters, "required": st.booleans()}), max_size=3
)
_any_effect = st.one_of(
    st.dictionaries(letters, scalars, max_size=2).map(lambda values: {"set": values}),
    _names.map(lambda name: {"assign": name}),
    st.one_of(_names, st.just("roll.freeze")).map(lambda name: {"run": name}),
)
_any_field = st.fixed_dictionaries(
    {
        "key": letters,
        "label": labels,
        "type": st.sampled_from(["text", "number", "choice", "date", "parties", "person", "files"]),
        "options": st.lists(st.fixed_dictionaries({"key": letters, "label": labels}), max_size=2),
        "help": st.one_of(st.none(), labels),
        "max_length": st.sampled_from([2000, 2000, 1, 20_000]),
        "public": st.booleans(),
    }
)
_any_transition = st.fixed_dictionaries(
    {
        "key": letters,
        "label": labels,
        "from": st.one_of(st.just("*"), _keys),
        "to": st.one_of(st.none(), letters),
        "roles": st.lists(st.one_of(st.sampled_from(ROLES), texts), max_size=2),
        "relations": st.lists(st.sampled_from(RELATIONS), max_size=2),
        "when": st.one_of(st.none(), any_conditions),
        "form": _any_form,
        "effects": st.lists(_any_effect, max_size=2),
        "spawn": _keys,
        "notify": _keys,
        "confirm": st.one_of(st.none(), labels),
        "bulk": st.booleans(),
        "primary": st.booleans(),
    }
)
_any_extension = st.fixed_dictionaries(
    {
        "ask": letters,
        "grant": letters,
        "refuse": letters,
        "by": durations(),
        "field": st.one_of(st.none(), letters),
        "most": st.sampled_from([1, 1, 2, 20]),
    }
)
_within = st.fixed_dictionaries(
    {"within": durations()},
    optional={
        "variants": st.lists(
            st.fixed_dictionaries({"when": any_conditions, "within": durations()}), max_size=2
        ),
        "extension": _any_extension,
    },
)
_any_deadline = st.builds(
    lambda base, rule: {**base, **rule},
    st.fixed_dictionaries(
        {
            "key": letters,
            "label": labels,
            "start": st.lists(letters, min_size=1, max_size=2),
            "starts_on": _keys,
            "stops_on": _keys,
            "stop": _keys,
            "pause": _keys,
            "when": st.one_of(st.none(), any_conditions),
            "levels": st.lists(
                st.fixed_dictionaries(
                    {"at": levels, "notify": _keys, "fire": st.one_of(st.none(), letters)}
                ),
                max_size=3,
            ),
        }
    ),
    st.one_of(_within, letters.map(lambda k: {"until": k})),
)
_any_notice = st.fixed_dictionaries(
    {
        "key": letters,
        "to": st.lists(
            st.one_of(_names, st.sampled_from(["assignee", "role:Secretary", "above:x", "role:"])),
            min_size=1,
            max_size=2,
        ),
        "channels": st.lists(st.one_of(st.just("inapp"), texts), max_size=2),
        "subject": labels,
        "body": st.one_of(labels, st.sampled_from(["{title}", "{nope}", "{", "{{title}}"])),
    }
)
_any_child = st.fixed_dictionaries(
    {
        "key": letters,
        "label": labels,
        "workflow": letters,
        "per": st.one_of(_names, st.just("decisions")),
        "carry": _keys,
        "when_all_closed": st.one_of(st.none(), letters),
    }
)
# tests of a workflow, and what places may vary of it
_values = st.dictionaries(_names, st.one_of(scalars, st.lists(scalars, max_size=2)), max_size=2)
_any_expect = st.fixed_dictionaries(
    {},
    optional={
        "state": letters,
        "refused": st.one_of(st.booleans(), st.just("超期")),
        "told": _keys,
        "overdue": _keys,
    },
)
_expecting = {"expect": _any_expect}
_any_move = st.one_of(
    st.fixed_dictionaries(
        {"open": _names},
        optional={
            "party": st.integers(1, 99),
            "assignee": st.sampled_from(ROLES),
            "form": _values,
            **_expecting,
        },
    ),
    st.fixed_dictionaries(
        {"press": letters},
        optional={
            "as": st.sampled_from(ROLES),
            "relations": st.lists(st.sampled_from(RELATIONS), max_size=2),
            "form": _values,
            **_expecting,
        },
    ),
    st.fixed_dictionaries({"set": _values}, optional=_expecting),
    st.fixed_dictionaries({"wait": st.one_of(st.just("next"), durations())}, optional=_expecting),
    st.fixed_dictionaries(
        {"end": letters},
        optional={"how": st.sampled_from(["done", "cancelled"]), "every": st.booleans()},
    ),
)
_any_test = st.fixed_dictionaries(
    {"key": letters, "label": labels, "moves": st.lists(_any_move, min_size=1, max_size=3)},
    optional={"begins": st.just("2026-05-04 14:30")},
)
_any_leeway = st.fixed_dictionaries(
    {
        "labels": st.booleans(),
        "roles": st.lists(
            st.fixed_dictionaries(
                {
                    "transition": letters,
                    "among": st.lists(st.sampled_from(ROLES), min_size=1, max_size=2),
                }
            ),
            max_size=2,
        ),
        "times": st.lists(
            st.builds(
                lambda key, unit, least, more: {
                    "deadline": key,
                    "least": f"{least} {unit}",
                    "most": f"{least + more} {unit}",
                },
                letters,
                st.sampled_from(Unit),
                st.integers(0, 5),
                st.integers(0, 5),
            ),
            max_size=2,
        ),
    }
)
any_specs = st.fixed_dictionaries(
    {
        "key": letters,
        "label": labels,
        "help": st.one_of(st.none(), labels),
        "leg": st.sampled_from(["case", "grievance", "meeting", "consultation", "other"]),
        "start": letters,
        "fields": st.lists(_any_field, max_size=3),
        "intake": _any_form,
        "openers": st.lists(st.one_of(st.sampled_from(ROLES), texts), max_size=2),
        "notify": _keys,
        "states": st.lists(
            st.fixed_dictionaries(
                {
                    "key": letters,
                    "label": labels,
                    "kind": st.sampled_from(list(StateKind)),
                    "help": st.one_of(st.none(), labels),
                    "visible_to": st.lists(st.one_of(st.sampled_from(ROLES), texts), max_size=2),
                }
            ),
            min_size=1,
            max_size=5,
        ),
        "transitions": st.lists(_any_transition, max_size=5),
        "deadlines": st.lists(_any_deadline, max_size=2),
        "notices": st.lists(_any_notice, max_size=2),
        "children": st.lists(_any_child, max_size=2),
        "tests": st.lists(_any_test, max_size=2),
        "vary": st.one_of(st.none(), _any_leeway),
    }
).map(Workflow.model_validate)


@st.composite
def graphs(draw: st.DrawFn) -> Workflow:
    """Small workflows in which nothing but the graph can be wrong."""
    keys = ["s0", "s1", "s2", "s3", "end"]
    targets = st.sampled_from([*keys, "nowhere"]) if draw(st.booleans()) else st.sampled_from(keys)
    kinds = {"end": "done", "s3": draw(st.sampled_from(["open", "done"]))}
    count = draw(st.integers(1, 7))
    return Workflow.model_validate(
        {
            "key": "g",
            "label": "图",
            "start": "s0",
            "openers": ["Secretary"],
            "states": [{"key": k, "label": k, "kind": kinds.get(k, "open")} for k in keys],
            "transitions": [
                {
                    "key": f"t{i}",
                    "label": f"t{i}",
                    "from": draw(st.lists(st.sampled_from(keys[:4]), min_size=1, max_size=2)),
                    "to": draw(targets),
                    "roles": ["Secretary"],
                }
                for i in range(count)
            ],
        }
    )
