"""The one way a case begins and moves, on a small workflow of parent and children."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import models as m
from app.errors import ConflictError, InvalidError, MissingError, RefusedError
from app.services import cases, definitions, drafts
from app.services.actors import SYSTEM, resident
from app.services.cases import Opened, Opening
from app.services.scope import visible
from app.workflows.spec import Workflow
from tests.cast import Cast

CHILD = {
    "key": "errand",
    "label": {"zh": "分办"},
    "start": "given",
    "states": [
        {"key": "given", "label": {"zh": "已交办"}},
        {"key": "done", "label": {"zh": "已办完"}, "kind": "done"},
        {"key": "dropped", "label": {"zh": "已取消"}, "kind": "cancelled"},
    ],
    "transitions": [
        {
            "key": "finish",
            "label": {"zh": "办完"},
            "from": "given",
            "to": "done",
            "roles": ["PropertyStaff", "CommitteeStaff"],
            "relations": ["party"],
        },
        {
            "key": "drop",
            "label": {"zh": "取消"},
            "from": "given",
            "to": "dropped",
            "roles": ["Secretary"],
        },
    ],
}
PARENT = {
    "key": "matter",
    "label": {"zh": "事项"},
    "start": "raised",
    "openers": ["CommitteeStaff", "Resident"],
    "fields": [
        {"key": "bodies", "label": {"zh": "责任单位"}, "type": "parties"},
        {"key": "note", "label": {"zh": "说明"}, "max_length": 20},
    ],
    "states": [
        {"key": "raised", "label": {"zh": "已登记"}},
        {"key": "given", "label": {"zh": "已交办"}},
        {"key": "secret", "label": {"zh": "内部核查"}, "visible_to": ["Secretary"]},
        {"key": "done", "label": {"zh": "已办结"}, "kind": "done"},
    ],
    "transitions": [
        {
            "key": "assign",
            "label": {"zh": "交办"},
            "from": "raised",
            "to": "given",
            "roles": ["Secretary"],
            "form": [{"field": "bodies", "required": True}, {"field": "note"}],
            "spawn": ["errands"],
            "notify": ["told"],
        },
        {
            "key": "again",
            "label": {"zh": "重办"},
            "from": "given",
            "to": "raised",
            "roles": ["Secretary"],
        },
        {
            "key": "look",
            "label": {"zh": "核查"},
            "from": "given",
            "to": "secret",
            "roles": ["Secretary"],
        },
        {
            "key": "close",
            "label": {"zh": "办结"},
            "from": ["given", "secret"],
            "to": "done",
            "when": {"fact": "children.all_closed"},
        },
    ],
    "deadlines": [
        {
            "key": "reply",
            "label": {"zh": "首次答复"},
            "start": ["raised"],
            "stop": ["given"],
            "within": "24 hours",
            "levels": [{"at": "50 %", "notify": ["told"]}, {"at": "breach", "notify": ["told"]}],
        }
    ],
    "notices": [
        {
            "key": "told",
            "to": ["role:Secretary", "role:CommitteeStaff", "above:Subdistrict"],
            "channels": ["inapp"],
            "subject": {"zh": "{number} 已由{actor}交办", "en": "{number} assigned by {actor}"},
            "body": {"zh": "{title}，{place}，{link}"},
        }
    ],
    "children": [
        {
            "key": "errands",
            "label": {"zh": "分办"},
            "workflow": "errand",
            "per": "field.bodies",
            "when_all_closed": "close",
        }
    ],
}


@pytest.fixture
def matter(session: Session, cast: Cast, now: datetime) -> Callable[..., Opened]:
    for spec in (CHILD, PARENT):
        row = drafts.store(session, Workflow.model_validate(spec))
        definitions.publish(session, row, actor=SYSTEM, now=now)

    def open_(**given: Any) -> Opened:
        opening = Opening("matter", "4号楼前围栏没有恢复", cast.places["compound"].id, **given)
        return cases.open_case(session, opening, actor=cast.viewer("staff"), now=now)

    return open_


def assign(session: Session, cast: Cast, case: Opened, now: datetime, *parties: str) -> Any:
    form = {"bodies": [cast.parties[name].id for name in parties]}
    return cases.fire(
        session, case.id, "assign", actor=cast.viewer("secretary"), now=now, form=form
    )


def state(session: Session, case_id: int) -> str:
    return session.scalars(sa.select(m.Case.state).where(m.Case.id == case_id)).one()


def test_a_draft_stored_and_read_back_is_the_same_workflow(session, matter):
    row = session.query(m.Workflow).filter_by(key="matter").one()
    assert drafts.spec(row) == Workflow.model_validate(PARENT)


def test_publishing_the_same_draft_again_makes_no_new_version(session, matter, now):
    row = session.query(m.Workflow).filter_by(key="matter").one()
    first = row.current_id
    assert definitions.publish(session, row, actor=SYSTEM, now=now).id == first


def test_a_case_runs_on_the_version_it_began_on(session, cast, matter, now):
    before = matter()
    row = session.query(m.Workflow).filter_by(key="matter").one()
    row.states[0].label_zh = "新登记"
    definitions.publish(session, row, actor=SYSTEM, now=now)
    shown = cases.choices(session, before.id, actor=cast.viewer("secretary"), now=now)
    assert shown.compiled.states["raised"].label.zh == "已登记"
    after = cases.choices(session, matter().id, actor=cast.viewer("secretary"), now=now)
    assert after.compiled.states["raised"].label.zh == "新登记"


def test_only_so_many_versions_are_kept_ready(session, monkeypatch):
    monkeypatch.setattr(definitions, "KEPT", 2)
    monkeypatch.setattr(definitions, "_compiled", {})
    versions = session.scalars(sa.select(m.Workflow.current_id).limit(3)).all()
    first, *_ = [definitions.compiled(session, version) for version in versions]
    assert list(definitions._compiled[session.get_bind().engine]) == versions[1:]
    assert definitions.compiled(session, versions[0]).spec == first.spec


def test_opening_writes_one_event_one_clock_and_the_words_to_find_it_by(session, matter, now):
    case = matter()
    event = session.query(m.Event).filter_by(case_id=case.id).one()
    clock = session.query(m.Clock).filter_by(case_id=case.id).one()
    assert (event.kind, event.seq, event.target) == ("opened", 1, "raised")
    assert clock.due_at == now + timedelta(hours=24)
    assert clock.next_at == now + timedelta(hours=12)
    words = session.scalar(
        sa.text('SELECT words::text FROM "case" WHERE id = :id'), {"id": case.id}
    )
    assert "'围栏'" in words


def test_a_blank_title_is_refused_by_name(session, cast, matter, now):
    opening = Opening("matter", "   ", cast.places["compound"].id)
    with pytest.raises(InvalidError) as refused:
        cases.open_case(session, opening, actor=cast.viewer("staff"), now=now)
    assert refused.value.problems[0].field == "title"


def test_who_is_no_opener_can_not_open(session, cast, matter, now):
    opening = Opening("matter", "路灯", cast.places["compound"].id)
    with pytest.raises(RefusedError):
        cases.open_case(session, opening, actor=cast.viewer("council"), now=now)


def test_assigning_brings_one_child_for_each_body_and_tells_everybody_but_the_actor(
    session, cast, matter, now
):
    case = matter()
    fired = assign(session, cast, case, now, "property", "committee")
    children = session.query(m.Case).filter_by(parent_id=case.id).all()
    assert {child.party_id for child in children} == {
        cast.parties["property"].id,
        cast.parties["committee"].id,
    }
    assert fired.children == tuple(sorted(child.id for child in children))
    told = {notice.user.username for notice in session.query(m.Notice).filter_by(case_id=case.id)}
    assert told == {"staff", "street"}


def test_the_notice_speaks_both_languages(session, cast, matter, now):
    case = matter()
    assign(session, cast, case, now, "property")
    notice = session.query(m.Notice).filter_by(case_id=case.id).first()
    assert notice.subject["zh"] == f"{case.number} 已由舒记交办"
    assert notice.subject["en"] == f"{case.number} assigned by 舒记"


def test_the_parent_closes_only_when_both_bodies_have_finished(session, cast, matter, now):
    case = matter()
    first, second = assign(session, cast, case, now, "property", "committee").children
    by_party = {c.party_id: c.id for c in session.query(m.Case).filter_by(parent_id=case.id)}
    cases.fire(
        session,
        by_party[cast.parties["property"].id],
        "finish",
        actor=cast.viewer("property"),
        now=now,
    )
    assert state(session, case.id) == "given"
    cases.fire(
        session,
        by_party[cast.parties["committee"].id],
        "finish",
        actor=cast.viewer("staff"),
        now=now,
    )
    assert state(session, case.id) == "done"
    assert {first, second} == set(by_party.values())


def test_assigning_again_brings_no_second_child_for_the_same_body(session, cast, matter, now):
    case = matter()
    assign(session, cast, case, now, "property")
    cases.fire(session, case.id, "again", actor=cast.viewer("secretary"), now=now)
    assert assign(session, cast, case, now, "property", "water").children != ()
    refs = [c.child_ref for c in session.query(m.Case).filter_by(parent_id=case.id)]
    assert len(refs) == len(set(refs)) == 2


def test_a_cancelled_child_may_come_again(session, cast, matter, now):
    case = matter()
    child = assign(session, cast, case, now, "property", "water").children[0]
    cases.fire(session, child, "drop", actor=cast.viewer("secretary"), now=now)
    cases.fire(session, case.id, "again", actor=cast.viewer("secretary"), now=now)
    assert len(assign(session, cast, case, now, "property", "water").children) == 1


def test_coming_back_starts_a_new_round_of_the_clock(session, cast, matter, now):
    case = matter()
    assign(session, cast, case, now, "property")
    later = now + timedelta(hours=30)
    cases.fire(session, case.id, "again", actor=cast.viewer("secretary"), now=later)
    clocks = session.query(m.Clock).filter_by(case_id=case.id).order_by(m.Clock.round).all()
    assert [(c.round, c.status.value) for c in clocks] == [(1, "stopped"), (2, "running")]
    assert clocks[1].due_at == later + timedelta(hours=24)


def test_a_clock_stopped_after_its_time_is_breached_at_its_due_time(session, cast, matter, now):
    case = matter()
    cases.fire(
        session,
        case.id,
        "assign",
        actor=cast.viewer("secretary"),
        now=now + timedelta(hours=25),
        form={"bodies": [cast.parties["property"].id]},
    )
    clock = session.query(m.Clock).filter_by(case_id=case.id).one()
    assert clock.breached_at == now + timedelta(hours=24)


@pytest.mark.parametrize("name", ["staff", "grid", "street", "facilitator"])
def test_the_wrong_role_is_told_who_may(session, cast, matter, now, name):
    case = matter()
    with pytest.raises(RefusedError) as refused:
        cases.fire(session, case.id, "assign", actor=cast.viewer(name), now=now)
    assert "社区书记" in refused.value.problems[0].text["zh"]


@pytest.mark.parametrize(
    "name", ["outsider", "outsider_property", "property", "council", "designer"]
)
def test_for_those_outside_the_scope_the_case_is_not_there(session, cast, matter, now, name):
    case = matter()
    with pytest.raises(MissingError):
        cases.fire(session, case.id, "assign", actor=cast.viewer(name), now=now)


def test_a_body_sees_its_child_and_the_matter_above_it(session, cast, matter, now):
    case = matter()
    children = assign(session, cast, case, now, "property", "water").children
    eyes = cast.viewer("property")
    assert cases.choices(session, case.id, actor=eyes, now=now).choices
    seen = session.scalars(sa.select(m.Case.id).where(visible(eyes, m.Case)))
    assert len(set(seen) & set(children)) == 1


def test_a_state_shown_to_the_secretary_alone_hides_the_case_from_staff(session, cast, matter, now):
    case = matter()
    assign(session, cast, case, now, "property")
    cases.fire(session, case.id, "look", actor=cast.viewer("secretary"), now=now)
    with pytest.raises(MissingError):
        cases.choices(session, case.id, actor=cast.viewer("staff"), now=now)
    assert cases.choices(session, case.id, actor=cast.viewer("secretary"), now=now)


def test_a_required_field_left_empty_is_named_and_nothing_is_saved(session, cast, matter, now):
    case = matter()
    with pytest.raises(InvalidError) as refused:
        cases.fire(session, case.id, "assign", actor=cast.viewer("secretary"), now=now, form={})
    assert refused.value.problems[0].field == "bodies"
    assert session.query(m.Event).filter_by(case_id=case.id).count() == 1


def test_a_stale_page_is_told_what_happened_and_makes_no_second_event(session, cast, matter, now):
    case = matter()
    seen = cases.choices(session, case.id, actor=cast.viewer("secretary"), now=now).case.row_version
    assign(session, cast, case, now, "property")
    with pytest.raises(ConflictError) as refused:
        cases.fire(
            session,
            case.id,
            "assign",
            actor=cast.viewer("secretary"),
            now=now,
            form={"bodies": [cast.parties["property"].id]},
            expected=seen,
        )
    assert "舒记" in refused.value.problems[0].text["zh"]
    assert "交办" in refused.value.problems[0].text["zh"]
    assert session.query(m.Event).filter_by(case_id=case.id).count() == 2


def test_a_resident_sees_the_one_case_of_the_token(session, matter, now):
    case = matter(tracked=True)
    other = matter(tracked=True)
    assert cases.choices(session, case.id, actor=resident(case.token), now=now).case.id == case.id
    with pytest.raises(MissingError):
        cases.choices(session, other.id, actor=resident(case.token), now=now)
    with pytest.raises(MissingError):
        cases.choices(session, case.id, actor=resident("guessed"), now=now)


def test_the_database_refuses_to_change_history(session, matter):
    case = matter()
    for statement in (
        "UPDATE event SET actor_name = 'x' WHERE case_id = :id",
        "DELETE FROM event WHERE case_id = :id",
        "TRUNCATE event CASCADE",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), session.begin_nested():
            session.execute(sa.text(statement), {"id": case.id} if ":id" in statement else {})
