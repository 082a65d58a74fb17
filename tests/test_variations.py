"""Places that have a workflow their own way, and a template that goes on changing under them."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import models as m
from app.errors import ConflictError, ForbiddenError, InvalidError, MissingError, RefusedError
from app.models import PublicationKind
from app.security.grants import GRANTS
from app.services import definitions, publications, variations, versions, wardens
from app.services.actors import SYSTEM
from app.services.publications import Made
from app.workflows.spec import Workflow
from app.workflows.variation import Changes
from tests import lamps

WISH = {
    "labels": {"states.reported": {"zh": "等待派工"}},
    "roles": {"begin": ["GridWorker"]},
    "times": {"mend": "5 working days"},
}


@pytest.fixture
def row(session, cast, now):
    return lamps.publish(session, now)


class Ground:
    """The lamp template, and what the people of two communities do with it."""

    def __init__(self, session, cast, now, row):
        self.session, self.cast, self.now, self.row = session, cast, now, row

    def save(self, wish=WISH, *, by="secretary", place="cuiwei", expected=0):
        return variations.save(
            self.session,
            self.row,
            self.cast.places[place],
            Changes.model_validate(wish),
            expected=expected,
            actor=self.cast.viewer(by),
            now=self.now,
        )

    def made(self, by="secretary", note=""):
        return Made(self.row, self.cast.viewer(by), self.now + timedelta(hours=1), note)

    def publish(self, *, by="secretary", place="cuiwei", expected=1):
        return variations.publish(
            self.session,
            self.row,
            self.cast.places[place],
            expected=expected,
            made=self.made(by),
        )

    def template(self, workflow):
        self.now += timedelta(days=1)
        return lamps.publish(self.session, self.now, workflow)

    def spec(self, place="compound"):
        path = self.cast.places[place].path
        found = definitions.current(self.session, lamps.KEY, path)
        return definitions.compiled(self.session, found.version_id).spec

    def own(self, place="cuiwei"):
        self.session.expire_all()
        return variations.found(self.session, self.row.id, self.cast.places[place].id)


@pytest.fixture
def ground(session, cast, now, row):
    return Ground(session, cast, now, row)


def word(spec):
    return spec.states[0].label.zh


def test_a_published_variation_holds_for_cases_of_its_place_and_below_only(ground):
    ground.save()
    assert word(ground.spec()) == "已登记", "saved is not published"
    version = ground.publish()
    assert (version.number, version.based_on.number) == (1, 1)
    assert version.place_id == ground.cast.places["cuiwei"].id
    for place in ("cuiwei", "grid", "compound", "entrance"):
        assert word(ground.spec(place)) == "等待派工", place
    for place in ("subdistrict", "hongmian", "far_compound"):
        assert word(ground.spec(place)) == "已登记", place
    case = lamps.open_case(ground.session, ground.cast, ground.now)
    stored = ground.session.get(m.Case, case.id)
    assert stored.version_id == version.id
    assert stored.state_label["zh"] == "等待派工"


def test_the_nearest_place_decides(ground):
    ground.save(
        {"labels": {"states.reported": {"zh": "街道字样"}}}, by="designer", place="subdistrict"
    )
    ground.publish(by="designer", place="subdistrict")
    assert word(ground.spec("far_compound")) == "街道字样"
    ground.save()
    ground.publish()
    assert word(ground.spec()) == "等待派工"
    assert word(ground.spec("far_compound")) == "街道字样"
    variations.withdraw(
        ground.session, ground.row, ground.cast.places["cuiwei"], made=ground.made()
    )
    assert word(ground.spec()) == "街道字样"


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


# --- following the template ----------------------------------------------------------------------


def test_the_place_gets_the_template_s_updates_with_its_own_words_over_them(ground):
    ground.save()
    ground.publish()
    states = deepcopy(lamps.LAMP["states"])
    states[1]["label"] = {"zh": "抢修中", "en": "Under repair"}
    ground.template(lamps.spec(states=states))
    spec = ground.spec()
    assert (word(spec), spec.states[1].label.zh) == ("等待派工", "抢修中")
    own = ground.own()
    assert own.problems == []
    assert (own.current.number, own.current.based_on.number) == (2, 2)
    kinds = [
        p.kind for p in publications.history(ground.session, SYSTEM, ground.row.id, own.place_id)
    ]
    assert kinds == [PublicationKind.FOLLOWED, PublicationKind.PUBLISHED]


def test_where_it_does_not_fit_the_place_stays_and_its_wardens_are_told(ground):
    ground.save()
    ground.publish()
    vary = {**lamps.LAMP["vary"], "times": [], "roles": []}
    ground.template(lamps.spec(vary=vary))
    own = ground.own()
    assert own.current.number == 1
    assert len(own.problems) == 2
    assert word(ground.spec()) == "等待派工"
    rows = ground.session.scalars(sa.select(m.Notice).where(m.Notice.key == "variation.stuck"))
    notices = {notice.user_id: notice for notice in rows}
    assert set(notices) == {ground.cast.users["secretary"].id}, "and not the one next door"
    notice = notices[ground.cast.users["secretary"].id]
    assert "翠微社区" in notice.subject["zh"]
    assert "mend" in notice.body["en"]
    assert notice.path == f"/workflows/{ground.row.id}/places/{own.place_id}"


def test_a_stuck_place_that_changes_and_publishes_again_follows_again(ground):
    ground.save()
    ground.publish()
    ground.template(lamps.spec(vary={"labels": True}))
    with pytest.raises(InvalidError):
        ground.publish()
    ground.save({"labels": WISH["labels"]}, expected=1)
    version = ground.publish(expected=2)
    assert version.based_on.number == 2
    assert ground.own().problems == []


def test_what_is_saved_and_not_published_is_not_what_follows(ground):
    ground.save()
    ground.publish()
    ground.save({"labels": {"states.reported": {"zh": "还没想好"}}}, expected=1)
    ground.template(lamps.spec(label={"zh": "路灯维修", "en": "Lamps"}))
    assert word(ground.spec()) == "等待派工"
    assert ground.own().changes["labels"]["states.reported"]["zh"] == "还没想好"


def test_changes_that_would_break_the_template_s_new_steps_do_not_follow(ground):
    """The checker looks at what comes out of template and changes together."""
    ground.save({"roles": {"begin": ["GridWorker"]}})
    ground.publish()
    steps = deepcopy(lamps.LAMP["transitions"])
    steps[0]["key"] = "start"
    vary = deepcopy(lamps.LAMP["vary"])
    vary["roles"][0]["transition"] = "start"
    ground.template(lamps.spec(transitions=steps, vary=vary))
    assert "begin" in ground.own().problems[0]["zh"]
    assert [step.key for step in ground.spec().transitions] == ["begin", "mend"]


def test_an_update_that_changes_nothing_here_makes_no_version_here(ground):
    ground.save({"labels": {"states.reported": {"zh": "等待派工", "en": "Waiting"}}})
    ground.publish()
    ground.template(lamps.renamed("新登记"))
    assert ground.own().current.number == 1


def test_rolling_the_template_back_takes_the_places_along(ground):
    ground.save()
    ground.publish()
    ground.template(lamps.spec(label={"zh": "路灯维修", "en": "Lamps"}))
    assert ground.spec().label.zh == "路灯维修"
    versions.restore(ground.session, 1, ground.made("designer"))
    assert ground.spec().label.zh == "路灯报修"
    assert word(ground.spec()) == "等待派工"


def test_a_retired_template_retires_its_places_too(ground):
    ground.save()
    ground.publish()
    versions.retire(ground.session, ground.made("designer"))
    with pytest.raises(MissingError, match="retired"):
        ground.spec()


def test_fifty_places_follow_at_once(ground, session, cast):
    for n in range(50):
        place = m.Place(
            kind=m.PlaceKind.GRID, name=f"网格{n}", parent_id=cast.places["cuiwei"].id, path=""
        )
        session.add(place)
        session.flush()
        place.path = f"{cast.places['cuiwei'].path}{place.id}/"
        cast.places[f"g{n}"] = place
        ground.save(place=f"g{n}")
        ground.publish(place=f"g{n}")
    ground.template(lamps.spec(label={"zh": "路灯维修", "en": "Lamps"}))
    rows = session.scalars(sa.select(m.Variation).where(m.Variation.workflow_id == ground.row.id))
    based = {each.current.based_on.number for each in rows}
    assert based == {2}


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
        assert word(found.spec) == said, who
