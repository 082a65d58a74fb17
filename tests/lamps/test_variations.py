"""Places that have a workflow their own way: within which limits, by whom, for which cases."""

from __future__ import annotations

import pytest

from app import models as m
from app.errors import ConflictError, ForbiddenError, InvalidError, MissingError, RefusedError
from app.security.grants import GRANTS
from app.services import definitions, publications, variations, versions, wardens
from app.services.actors import SYSTEM
from app.workflows.spec import Workflow
from tests import lamps


def test_a_published_variation_holds_for_cases_of_its_place_and_below_only(ground):
    ground.save()
    assert lamps.word(ground.spec()) == "已登记", "saved is not published"
    version = ground.publish()
    assert (version.number, version.based_on.number) == (1, 1)
    assert version.place_id == ground.cast.places["cuiwei"].id
    for place in ("cuiwei", "grid", "compound", "entrance"):
        assert lamps.word(ground.spec(place)) == "等待派工", place
    for place in ("subdistrict", "hongmian", "far_compound"):
        assert lamps.word(ground.spec(place)) == "已登记", place
    case = lamps.open_case(ground.session, ground.cast, ground.now)
    stored = ground.session.get(m.Case, case.id)
    assert stored.version_id == version.id
    assert stored.state_label["zh"] == "等待派工"


def test_the_nearest_place_decides(ground):
    ground.save(
        {"labels": {"states.reported": {"zh": "街道字样"}}}, by="designer", place="subdistrict"
    )
    ground.publish(by="designer", place="subdistrict")
    assert lamps.word(ground.spec("far_compound")) == "街道字样"
    ground.save()
    ground.publish()
    assert lamps.word(ground.spec()) == "等待派工"
    assert lamps.word(ground.spec("far_compound")) == "街道字样"
    variations.withdraw(
        ground.session, ground.row, ground.cast.places["cuiwei"], made=ground.made()
    )
    assert lamps.word(ground.spec()) == "街道字样"


@pytest.mark.parametrize(
    ("by", "place"),
    [
        ("secretary", "hongmian"),
        ("outsider", "cuiwei"),
        ("outsider", "compound"),
        ("secretary", "subdistrict"),
        ("secretary", "district"),
    ],
)
def test_nobody_varies_for_a_place_of_others_or_above(ground, by, place):
    with pytest.raises(ForbiddenError):
        ground.save(by=by, place=place)
    ground.save(by="admin", place=place)
    with pytest.raises(ForbiddenError):
        ground.publish(by=by, place=place)
    ground.publish(by="admin", place=place)
    with pytest.raises(ForbiddenError):
        variations.withdraw(
            ground.session, ground.row, ground.cast.places[place], made=ground.made(by)
        )


def test_what_goes_beyond_the_limits_is_refused_by_field(ground):
    wish = {"roles": {"begin": ["PropertyStaff"]}, "times": {"mend": "9 working days"}}
    with pytest.raises(InvalidError) as caught:
        ground.save(wish)
    assert [p.field for p in caught.value.problems] == ["roles.begin", "times.mend"]


def test_the_second_of_two_editors_is_told_of_the_first(ground):
    ground.save()
    with pytest.raises(ConflictError, match="saved other changes"):
        ground.save(by="admin")
    ground.save(by="admin", expected=1)
    with pytest.raises(ConflictError):
        ground.publish()


def test_nothing_different_is_nothing_to_publish(ground):
    ground.save({"times": {"mend": "3 working days"}})
    with pytest.raises(RefusedError, match="Nothing differs"):
        ground.publish()
    with pytest.raises(RefusedError, match="No variation"):
        variations.withdraw(
            ground.session, ground.row, ground.cast.places["cuiwei"], made=ground.made()
        )


def test_a_template_that_lets_nothing_or_is_retired_cannot_be_varied(ground):
    ground.template(lamps.spec(vary=None))
    with pytest.raises(RefusedError, match="vary nothing"):
        ground.save()
    versions.retire(ground.session, ground.made("designer"))
    with pytest.raises(RefusedError, match="in force"):
        ground.save()


def test_a_workflow_of_another_place_cannot_be_varied_here(ground):
    ground.row.place = ground.cast.places["hongmian"]
    with pytest.raises(MissingError):
        ground.save()


# --- who sees, who may ---------------------------------------------------------------------------


def test_next_door_neither_sees_the_variation_nor_its_versions(ground):
    ground.save()
    ground.publish()
    session, row = ground.session, ground.row
    place = ground.cast.places["cuiwei"].id
    for who, count in (("secretary", 1), ("designer", 1), ("street", 1), ("outsider", 0)):
        viewer = ground.cast.viewer(who)
        assert len(variations.listed(session, viewer, row.id)) == count, who
        assert len(versions.listed(session, viewer, row, place)) == count, who
        assert len(publications.history(session, viewer, row.id, place)) == count, who
        if not count:
            with pytest.raises(MissingError):
                versions.side(session, viewer, row, f"1@{place}")


def test_those_who_are_told_are_those_who_may_vary():
    may = {role for role, names in GRANTS["VariationView"].items() if "can_vary" in names}
    assert may == {*wardens.ROLES, "Admin"}


def test_a_version_of_a_place_is_a_whole_workflow(ground):
    ground.save()
    version = ground.publish()
    spec = Workflow.model_validate(version.spec)
    assert versions.side(ground.session, SYSTEM, ground.row, versions.name_of(version)).spec == spec


def test_the_form_before_a_place_is_chosen_is_that_of_where_one_works(ground):
    ground.save()
    ground.publish()
    for who, said in (("staff", "等待派工"), ("outsider", "已登记"), ("designer", "已登记")):
        found = definitions.near(ground.session, lamps.KEY, ground.cast.viewer(who))
        assert lamps.word(found.spec) == said, who
