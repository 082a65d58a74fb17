"""A place varies a workflow on the screen: what it is offered, what comes of it, and who may."""

from __future__ import annotations

import re

import pytest

from app import models as m
from app.services import definitions, drafts
from app.services.actors import SYSTEM
from tests import lamps
from tests.visitor import Visitor


@pytest.fixture
def secretary(app, row):
    return Visitor(app).sign_in("secretary").speak("en")


@pytest.fixture
def page(row, cast):
    return f"/workflows/{row.id}/places/{cast.places['cuiwei'].id}"


WISH = {
    "labels.states.reported.zh": "等待派工",
    "labels.states.reported.en": "Waiting",
    "roles.begin": ["CommitteeStaff", "GridWorker"],
    "times.mend": "5",
}


def varied(visitor, page, **changed):
    """Save and publish."""
    visitor.get(f"{page}/edit")
    form = {**WISH, **changed, "expected": visitor.hidden("expected")}
    assert visitor.post(f"{page}/edit", **form).status_code == 302, visitor.text[-2000:]
    visitor.get(page)
    return visitor.post(f"{page}/publish", expected=visitor.hidden("expected"), note="ours")


def test_the_form_offers_what_the_limits_let_with_the_template_s_values(secretary, page):
    secretary.get(f"{page}/edit")
    names = set(re.findall(r'name="((?:labels|roles|times)\.[^"]*)"', secretary.text))
    assert {n for n in names if n.startswith("roles")} == {"roles.begin"}
    assert {n for n in names if n.startswith("times")} == {"times.mend"}
    assert "labels.states.reported.zh" in names
    assert "labels.workflow.en" in names
    assert 'placeholder="已登记"' in secretary.text
    assert "Template: 3 working days. From 1 to 5." in secretary.text
    assert 'value="PropertyStaff"' not in secretary.text
    assert 'value="GridWorker"' in secretary.text


def test_saved_shown_published_and_in_force(secretary, session, cast, row, page, now):
    answer = varied(secretary, page)
    assert answer.status_code == 302
    secretary.get(page)
    for said in ("Version 1 of this place", "等待派工", "5 working days", "ours", "舒记"):
        assert said in secretary.text, said
    case = lamps.open_case(session, cast, now)
    assert session.get(m.Case, case.id).state_label["zh"] == "等待派工"
    secretary.get(f"/workflows/{row.id}/places")
    assert "翠微社区" in secretary.text
    assert "version 1, made from version 1" in secretary.text
    name = f"1@{cast.places['cuiwei'].id}"
    assert secretary.get(f"/workflows/{row.id}/versions/{name}").status_code == 200
    assert "Waiting" in secretary.text


def test_what_is_saved_is_not_in_force_before_it_is_published(secretary, session, row, page):
    secretary.get(f"{page}/edit")
    secretary.post(f"{page}/edit", **WISH, expected="0")
    secretary.get(page)
    assert "not in force yet" in secretary.text
    assert session.query(m.WorkflowVersion).filter_by(workflow_id=row.id).count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"times.mend": "9"}, "between 1 working day and 5 working days"),
        ({"times.mend": "zwei"}, "Give a whole number"),
        ({"labels.states.reported.zh": "长" * 300}, "Too long"),
        ({"roles.begin": []}, "at least one role"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    secretary, session, row, page, wrong, said
):
    form = {**WISH, **wrong, "expected": "0"}
    assert secretary.post(f"{page}/edit", **form).status_code == 422
    assert said in secretary.text
    assert 'value="Waiting"' in secretary.text
    assert session.query(m.Variation).count() == 0


def test_what_nobody_offered_is_ignored(secretary, session, page):
    """Roles beyond the limits, and steps and fields that the template keeps for itself."""
    form = {**WISH, "roles.mend": ["GridWorker"], "labels.notices.told.zh": "x", "expected": "0"}
    form["roles.begin"] = ["GridWorker", "System", "Admin"]
    assert secretary.post(f"{page}/edit", **form).status_code == 302
    changes = session.query(m.Variation).one().changes
    assert changes["roles"] == {"begin": ["GridWorker"]}
    assert set(changes["labels"]) == {"states.reported"}


def test_the_second_editor_is_told_and_keeps_what_was_typed(secretary, page):
    secretary.get(f"{page}/edit")
    assert secretary.post(f"{page}/edit", **WISH, expected="0").status_code == 302
    answer = secretary.post(f"{page}/edit", **{**WISH, "times.mend": "4"}, expected="0")
    assert answer.status_code == 409
    assert "saved other changes" in secretary.text
    assert 'value="4"' in secretary.text


def test_a_variation_is_withdrawn(secretary, session, cast, row, page, now):
    varied(secretary, page)
    assert secretary.post(f"{page}/withdraw", note="again as all").status_code == 302
    secretary.get(page)
    assert "again as all" in secretary.text
    case = lamps.open_case(session, cast, now)
    assert session.get(m.Case, case.id).state_label["zh"] == "已登记"


def test_a_template_that_moved_on_flags_the_place_and_tells_its_secretary(
    secretary, session, row, page, now
):
    varied(secretary, page)
    drafts.store(session, lamps.spec(vary={"labels": True}))
    definitions.publish(session, row, actor=SYSTEM, now=now)
    session.commit()
    secretary.get(f"/workflows/{row.id}/places")
    assert "follow the template" in secretary.text
    secretary.get(page)
    assert "lets no place change the roles of step begin" in secretary.text
    notice = session.query(m.Notice).filter_by(key="variation.stuck").one()
    assert notice.path == page
    assert secretary.get(notice.path).status_code == 200


# --- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["outsider", "street", "staff", "grid", "property", "council"])
def test_nobody_else_changes_it(app, session, cast, row, secretary, page, who):
    varied(secretary, page)
    before = session.query(m.Publication).count()
    visitor = Visitor(app).sign_in(who)
    for method, path in (
        ("GET", f"{page}/edit"),
        ("POST", f"{page}/edit"),
        ("POST", f"{page}/publish"),
        ("POST", f"{page}/withdraw"),
    ):
        assert visitor.open(path, method=method).status_code in (403, 404), (who, path)
    assert session.query(m.Publication).count() == before


def test_next_door_reads_nothing_of_it(app, cast, row, secretary, page):
    varied(secretary, page)
    outsider = Visitor(app).sign_in("outsider")
    assert outsider.get(page).status_code == 404
    name = f"1@{cast.places['cuiwei'].id}"
    for path in (f"/versions/{name}", f"/file?version={name}", f"/compare?before={name}"):
        assert outsider.get(f"/workflows/{row.id}{path}").status_code == 404, path
    outsider.get(f"/workflows/{row.id}/places")
    assert "翠微" not in outsider.text
    assert "等待派工" not in outsider.text


def test_a_secretary_varies_for_the_community_and_not_for_the_street(secretary, cast, row):
    street = f"/workflows/{row.id}/places/{cast.places['subdistrict'].id}"
    assert secretary.get(street).status_code == 200
    assert secretary.get(f"{street}/edit").status_code == 403
    assert secretary.post(f"{street}/edit", **WISH, expected="0").status_code == 403


def test_the_workflow_administrator_varies_for_every_place_below(app, row, page):
    designer = Visitor(app).sign_in("designer").speak("en")
    assert varied(designer, page).status_code == 302
    assert designer.get("/ledgers/variations/list/").status_code == 200
    assert designer.get("/ledgers/publications/list/").status_code == 200


# --- the limits -----------------------------------------------------------------------------------


def test_limits_are_set_on_a_screen_and_hold_once_published(designer, session, row):
    path = f"/workflows/{row.id}/places/limits"
    designer.get(path)
    assert 'name="times.mend.least" value="1"' in designer.text
    form = {
        "times.mend.least": "2",
        "times.mend.most": "4",
        "roles.mend": ["PropertyStaff", "System"],
        "expected": designer.hidden("expected"),
    }
    assert designer.post(path, **form).status_code == 302
    session.expire_all()
    assert drafts.spec(row).vary.model_dump(mode="json") == {
        "labels": False,
        "roles": [{"transition": "mend", "among": ["PropertyStaff"]}],
        "times": [{"deadline": "mend", "least": "2 working days", "most": "4 working days"}],
    }
    assert designer.post(path, **form).status_code == 409, "saved over by ourselves"


@pytest.mark.parametrize(
    ("least", "most"), [("4", "5"), ("1", "2"), ("1", ""), ("", "5"), ("x", "5"), ("5", "1")]
)
def test_limits_that_the_template_itself_breaks_are_refused(designer, session, row, least, most):
    path = f"/workflows/{row.id}/places/limits"
    form = {"times.mend.least": least, "times.mend.most": most, "expected": "1"}
    assert designer.post(path, **form).status_code == 422
    assert "field-error" in designer.text
    session.expire_all()
    assert row.vary == lamps.LAMP["vary"]


def test_a_template_without_limits_says_so(app, session, row, cast, now, secretary, page):
    lamps.publish(session, now, lamps.spec(vary=None))
    session.commit()
    secretary.get(f"/workflows/{row.id}/places")
    assert "lets places vary nothing" in secretary.text
    assert secretary.get(f"{page}/edit").status_code == 409
    assert secretary.get(page).status_code == 200


def test_before_publishing_one_sees_which_places_could_not_follow(
    designer, app, session, row, secretary, page
):
    varied(secretary, page)
    drafts.store(session, lamps.spec(vary={"labels": True}))
    session.commit()
    designer.get(f"/workflows/{row.id}")
    assert "1 place couldn" in designer.text
    assert "翠微社区" in designer.text
    outsider = Visitor(app).sign_in("outsider")
    outsider.get(f"/workflows/{row.id}")
    assert "翠微社区" not in outsider.text
    assert session.query(m.Variation).one().problems == []


def test_limits_and_owner_are_in_the_ledger_s_form_too(app, session, cast, row):
    visitor = Visitor(app).sign_in("admin")
    path = f"/ledgers/workflows/edit/{row.id}"
    assert visitor.get(path).status_code == 200
    assert 'name="vary"' in visitor.text
    assert 'name="place"' in visitor.text
    assert "least: 1 working day" in visitor.text
