"""What a place may have otherwise than its template: never more than the template lets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.workflows import files, variation
from app.workflows.check import check
from app.workflows.compare import compare
from app.workflows.leeway import Leeway
from app.workflows.spec import Workflow
from app.workflows.variation import Changes, Words
from tests import lamps

SPEC = lamps.spec()


def changes(**given: Any) -> Changes:
    return Changes.model_validate(given)


def paths(spec: Workflow, wanted: Changes) -> list[str]:
    return [fault.path for fault in variation.faults(spec, wanted)]


def test_words_roles_and_times_are_put_over_the_template() -> None:
    wanted = changes(
        labels={"states.reported": {"zh": "等待派工"}, "workflow": {"en": "Dark lamp"}},
        roles={"begin": ["GridWorker", "Secretary"]},
        times={"mend": "5 working days"},
    )
    made = variation.apply(SPEC, wanted)
    assert made.states[0].label.both() == {"zh": "等待派工", "en": "Reported"}
    assert made.label.both() == {"zh": "路灯报修", "en": "Dark lamp"}
    assert made.transitions[0].roles == ("GridWorker", "Secretary")
    assert str(made.deadlines[0].within) == "5 working days"
    assert {(c.part, c.key, c.what) for c in compare(SPEC, made)} == {
        ("workflow", "lamp", "label"),
        ("states", "reported", "label"),
        ("transitions", "begin", "roles"),
        ("deadlines", "mend", "within"),
    }


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"labels": {"states.gone": {"zh": "无"}}}, "labels.states.gone"),
        ({"labels": {"notices.told": {"zh": "无"}}}, "labels.notices.told"),
        ({"roles": {"begin": ["PropertyStaff"]}}, "roles.begin"),
        ({"roles": {"begin": ["CommitteeStaff", "System"]}}, "roles.begin"),
        ({"roles": {"begin": []}}, "roles.begin"),
        ({"roles": {"mend": ["PropertyStaff"]}}, "roles.mend"),
        ({"roles": {"nothing": ["Secretary"]}}, "roles.nothing"),
        ({"times": {"mend": "6 working days"}}, "times.mend"),
        ({"times": {"mend": "0 working days"}}, "times.mend"),
        ({"times": {"mend": "3 days"}}, "times.mend"),
        ({"times": {"nothing": "3 days"}}, "times.nothing"),
    ],
)
def test_what_the_template_does_not_let_is_named_and_not_applied(
    wanted: dict[str, Any], path: str
) -> None:
    assert paths(SPEC, changes(**wanted)) == [path]
    with pytest.raises(ValueError, match=r"."):
        variation.apply(SPEC, changes(**wanted))


def test_without_leave_nothing_may_be_varied() -> None:
    closed = lamps.spec(vary=None)
    wanted = changes(
        labels={"workflow": {"zh": "别的"}},
        roles={"begin": ["Secretary"]},
        times={"mend": "2 working days"},
    )
    assert paths(closed, wanted) == ["labels.workflow", "roles.begin", "times.mend"]
    assert variation.wordings(closed) == variation.casts(closed) == variation.spans(closed) == ()


def test_what_says_the_same_as_the_template_is_left_out() -> None:
    wanted = changes(
        labels={"states.reported": {"zh": "已登记", "en": "New"}, "workflow": {"zh": "路灯报修"}},
        roles={"begin": ["CommitteeStaff"]},
        times={"mend": "3 working days"},
    )
    assert variation.lean(SPEC, wanted) == changes(labels={"states.reported": {"en": "New"}})


@pytest.mark.parametrize(
    "document",
    [
        {"labels": {"workflow": {"zh": "长" * 201}}},
        {"labels": {"workflow": {"zh": "a\x00b"}}},
        {"labels": {"workflow": {"fr": "lampe"}}},
        {"times": {"mend": "soon"}},
        {"roles": {"not a key": ["Secretary"]}},
        {"steps": {}},
    ],
)
def test_changes_are_read_strictly(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Changes.model_validate(document)


# --- in the file ---------------------------------------------------------------------------------


def test_the_limits_are_part_of_the_file_and_come_back_equal() -> None:
    assert files.read(files.write(SPEC)) == SPEC
    assert files.parse({**lamps.LAMP, "vary": {}}, "x").vary is None
    assert "vary" not in files.write(lamps.spec(vary={"labels": False}))


@pytest.mark.parametrize(
    ("vary", "code"),
    [
        ({"roles": [{"transition": "begn", "among": ["Secretary"]}]}, "unknown_event"),
        ({"roles": [{"transition": "begin", "among": ["Secretry"]}]}, "unknown_role"),
        ({"roles": [{"transition": "begin", "among": ["System"]}]}, "unknown_role"),
        ({"roles": [{"transition": "begin", "among": "Secretary"}]}, "outside_leeway"),
        ({"roles": [lamps.LAMP["vary"]["roles"][0]] * 2}, "same_key_twice"),
        ({"times": [{"deadline": "men", "least": "1 day", "most": "2 days"}]}, "unknown_deadline"),
        ({"times": [{"deadline": "mend", "least": "1 day", "most": "5 days"}]}, "other_unit"),
        (
            {"times": [{"deadline": "mend", "least": "4 working days", "most": "5 working days"}]},
            "outside_leeway",
        ),
        ({"times": [lamps.LAMP["vary"]["times"][0]] * 2}, "same_key_twice"),
    ],
)
def test_the_checker_finds_limits_that_name_nothing_or_that_the_template_breaks(
    vary: dict[str, Any], code: str
) -> None:
    assert code in [f.code for f in check(lamps.spec(vary=vary)) if f.path.startswith("vary.")]


def test_sound_limits_have_no_findings() -> None:
    assert [f for f in check(SPEC) if f.path.startswith("vary")] == []


@pytest.mark.parametrize(
    "limit",
    [
        {"least": "1 day", "most": "5 working days"},
        {"least": "3 days", "most": "2 days"},
    ],
)
def test_limits_need_one_unit_and_an_order(limit: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Leeway.model_validate({"times": [{"deadline": "mend", **limit}]})


# --- whatever is asked for -----------------------------------------------------------------------

NAMES = [
    "workflow",
    *(f"states.{s.key}" for s in SPEC.states),
    *(f"transitions.{t.key}" for t in SPEC.transitions),
    "fields.spot",
    "deadlines.mend",
    "notices.told",
    "states.none",
]
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
roles = st.sampled_from(["Secretary", "CommitteeStaff", "GridWorker", "System", "Nobody", ""])
wishes = st.builds(
    lambda labels, roles, times: Changes.model_construct(
        labels={k: Words(zh=zh.strip(), en=en.strip()) for k, (zh, en) in labels.items()},
        roles={k: tuple(v) for k, v in roles.items()},
        times=changes(times=times).times,
    ),
    st.dictionaries(st.sampled_from(NAMES), st.tuples(texts, texts), max_size=4),
    st.dictionaries(st.sampled_from(["begin", "mend", "none"]), st.lists(roles, max_size=3)),
    st.dictionaries(
        st.sampled_from(["mend", "none"]),
        st.builds(
            lambda n, unit: f"{n} {unit}",
            st.integers(0, 9),
            st.sampled_from(["working days", "days"]),
        ),
    ),
)


@given(wishes)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_is_asked_the_limits_hold_and_nothing_else_changes(wanted: Changes) -> None:
    if variation.faults(SPEC, wanted):
        with pytest.raises(ValueError, match=r"."):
            variation.apply(SPEC, wanted)
        return
    made = variation.apply(SPEC, wanted)
    for change in compare(SPEC, made):
        assert change.kind == "changed"
        assert change.part in ("workflow", *variation.PARTS)
        assert change.what in ("label", "roles", "within")
    assert set(made.transitions[0].roles) <= {"CommitteeStaff", "GridWorker", "Secretary"}
    assert made.transitions[0].roles
    assert made.transitions[1].roles == SPEC.transitions[1].roles
    assert made.deadlines[0].within is not None
    assert 1 <= made.deadlines[0].within.amount <= 5
    assert [f for f in check(made) if f.level == "error"] == []
    assert Workflow.model_validate(made.model_dump(mode="json", by_alias=True)) == made
    assert variation.apply(SPEC, variation.lean(SPEC, wanted)) == _in_order(made, wanted)


def _in_order(made: Workflow, wanted: Changes) -> Workflow:
    """Roles that are only in another order are the template's."""
    given = wanted.roles.get("begin")
    if given is None or frozenset(given) != frozenset(SPEC.transitions[0].roles):
        return made
    first = made.transitions[0].model_copy(update={"roles": SPEC.transitions[0].roles})
    return made.model_copy(update={"transitions": (first, *made.transitions[1:])})
