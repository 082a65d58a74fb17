"""Versions of a workflow: what is in force and since when, an earlier one again, retired."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app import models as m
from app.errors import InvalidError, MissingError, RefusedError
from app.models import Place, PlaceKind, PublicationKind
from app.services import cases, definitions, drafts, publications, reach, versions
from app.services.actors import SYSTEM, Viewer
from app.services.publications import Made
from app.workflows import registry
from app.workflows.spec import Workflow
from tests import lamps


@pytest.fixture
def made(row, cast, now):
    return Made(row, cast.viewer("designer"), now + timedelta(hours=1), "因为")


def kinds(session, row):
    return [each.kind for each in publications.history(session, SYSTEM, row.id)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE workflow_version SET note = 'x'",
        "UPDATE workflow_version SET spec = '{}'",
        "DELETE FROM workflow_version",
        "TRUNCATE workflow_version CASCADE",
        "UPDATE publication SET note = 'x'",
        "DELETE FROM publication",
        "TRUNCATE publication",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_published(session, row, statement):
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.text(statement))


def test_each_publication_is_kept_with_author_date_and_note(session, row, cast, now):
    drafts.store(session, lamps.renamed("新登记"))
    later = now + timedelta(days=1)
    definitions.publish(session, row, actor=cast.viewer("designer"), now=later, note="改名")
    latest, first = publications.history(session, SYSTEM, row.id)
    assert (first.kind, first.version.number, first.by_id) == (PublicationKind.PUBLISHED, 1, None)
    assert (latest.version.number, latest.note, latest.at) == (2, "改名", later)
    assert latest.by_id == cast.users["designer"].id


def test_an_earlier_version_holds_again_and_keeps_its_number(session, row, cast, made, now):
    before = lamps.open_case(session, cast, now)
    lamps.publish(session, now, lamps.renamed("新登记"))
    versions.restore(session, 1, made)
    first = lamps.version(session, row, 1)
    assert row.current_id == first.id
    assert session.query(m.WorkflowVersion).filter_by(workflow_id=row.id).count() == 2
    again = lamps.open_case(session, cast, now)
    ids = {session.get(m.Case, case.id).version_id for case in (before, again)}
    assert ids == {first.id}
    assert kinds(session, row)[0] is PublicationKind.RESTORED


def test_restoring_the_version_in_force_or_none_is_refused(session, row, made):
    with pytest.raises(RefusedError, match="in force"):
        versions.restore(session, 1, made)
    with pytest.raises(MissingError):
        versions.restore(session, 9, made)


def test_an_earlier_version_is_checked_anew(session, row, made, now, monkeypatch):
    """What it names may be gone by now."""
    lamps.publish(session, now, lamps.renamed("新登记"))
    monkeypatch.delitem(registry.ROLES, "PropertyStaff")
    with pytest.raises(InvalidError, match="PropertyStaff"):
        versions.restore(session, 1, made)


def test_who_opens_a_retired_workflow_is_told_so_and_running_cases_go_on(
    session, row, cast, made, now
):
    case = lamps.open_case(session, cast, now)
    versions.retire(session, made)
    assert row.retired_at == made.now
    with pytest.raises(MissingError) as caught:
        lamps.open_case(session, cast, now)
    text = caught.value.problems[0].text
    assert "停用" in text["zh"]
    assert "retired" in text["en"]
    cases.fire(session, case.id, "begin", actor=cast.viewer("staff"), now=now)
    assert session.get(m.Case, case.id).state == "mending"
    with pytest.raises(RefusedError):
        versions.retire(session, made)


def test_a_retired_workflow_comes_back_with_the_version_it_had(session, row, cast, made, now):
    lamps.publish(session, now, lamps.renamed("新登记"))
    versions.restore(session, 1, made)
    versions.retire(session, made)
    assert versions.revive(session, made).number == 1
    assert row.retired_at is None
    lamps.open_case(session, cast, now)
    assert kinds(session, row)[:2] == [PublicationKind.REVIVED, PublicationKind.RETIRED]
    with pytest.raises(RefusedError):
        versions.revive(session, made)


def test_what_other_workflows_bring_forth_cannot_be_retired(session, row, made, now):
    child = {"key": "lamps", "label": "路灯", "workflow": "lamp", "per": "field.bodies"}
    parent = lamps.spec(
        key="round",
        label={"zh": "巡查", "en": "Round"},
        fields=[{"key": "bodies", "label": "单位", "type": "parties"}],
        intake=[{"field": "bodies", "required": True}],
        children=[child],
        vary=None,
    )
    first = parent.transitions[0].model_copy(update={"spawn": ("lamps",)})
    parent = parent.model_copy(update={"transitions": (first, *parent.transitions[1:])})
    lamps.publish(session, now, Workflow.model_validate(parent.model_dump(by_alias=True)))
    with pytest.raises(RefusedError, match="Round"):
        versions.retire(session, made)


def test_a_draft_of_a_retired_workflow_may_be_published(session, row, cast, made, now):
    versions.retire(session, made)
    definitions.publish(session, row, actor=SYSTEM, now=now)
    assert row.retired_at is None
    assert row.current.number == 2


def test_versions_tell_how_many_cases_run_on_them(session, row, cast, made, now):
    lamps.open_case(session, cast, now)
    done = lamps.open_case(session, cast, now)
    cases.fire(session, done.id, "begin", actor=cast.viewer("staff"), now=now)
    cases.fire(session, done.id, "mend", actor=cast.viewer("staff"), now=now)
    lamps.publish(session, now, lamps.renamed("新登记"))
    lines = versions.listed(session, SYSTEM, row)
    assert [(line.version.number, line.running, line.current) for line in lines] == [
        (2, 0, True),
        (1, 1, False),
    ]


@pytest.mark.parametrize("name", ["9", "x", "", "-1", "1@", "1@9999", "²", "1" * 30])
def test_a_version_that_is_not_there_is_missing(session, row, name):
    if name == "1@":
        assert versions.side(session, SYSTEM, row, name).version.number == 1
        return
    with pytest.raises(MissingError):
        versions.side(session, SYSTEM, row, name)


# --- whose it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "whole", "subdistrict", "community"),
    [
        ("admin", True, True, True),
        ("designer", True, True, True),  # bound to the district, which is all there is
        ("street", False, True, True),
        ("secretary", False, False, True),
        ("outsider", False, False, False),
    ],
)
def test_a_scope_covers_what_lies_below_its_places(
    session, cast, who, whole, subdistrict, community
):
    viewer = cast.viewer(who)
    places = None, cast.places["subdistrict"], cast.places["cuiwei"]
    assert [reach.covers(session, viewer, place) for place in places] == [
        whole,
        subdistrict,
        community,
    ]


def test_with_a_second_district_one_of_them_is_not_the_whole(session, cast):
    session.add(Place(kind=PlaceKind.DISTRICT, name="山前区", path="/999999/", id=999999))
    session.flush()
    assert not reach.covers(session, cast.viewer("designer"), None)
    assert reach.home(session, cast.viewer("designer")) == cast.places["district"]


def test_who_was_never_bound_works_for_all_and_whose_bindings_ended_for_nothing(session, cast):
    user = cast.users["designer"]
    free = Viewer(kind="user", name="", user_id=user.id, roles=frozenset({"WorkflowAdmin"}))
    assert not reach.covers(session, free, None), "bound once, and not any more"
    session.execute(sa.delete(m.Staff).where(m.Staff.user_id == user.id))
    assert reach.covers(session, free, None)
    assert reach.covers(session, free, cast.places["cuiwei"])


def test_a_workflow_of_a_place_is_used_there_only(session, row, cast, now):
    row.place = cast.places["cuiwei"]
    session.flush()
    lamps.open_case(session, cast, now)
    with pytest.raises(MissingError) as caught:
        lamps.open_case(session, cast, now, place="far_compound", by="outsider")
    assert "翠微社区" in caught.value.problems[0].text["zh"]
