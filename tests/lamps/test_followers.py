"""A template goes on changing under the places that vary it: they follow, or are told why not."""

from __future__ import annotations

from copy import deepcopy

import pytest
import sqlalchemy as sa

from app import models as m
from app.errors import InvalidError, MissingError
from app.models import PublicationKind
from app.services import publications, versions
from app.services.actors import SYSTEM
from tests import lamps
from tests.lamps import WISH


def test_the_place_gets_the_template_s_updates_with_its_own_words_over_them(ground):
    ground.save()
    ground.publish()
    states = deepcopy(lamps.LAMP["states"])
    states[1]["label"] = {"zh": "抢修中", "en": "Under repair"}
    ground.template(lamps.spec(states=states))
    spec = ground.spec()
    assert (lamps.word(spec), spec.states[1].label.zh) == ("等待派工", "抢修中")
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
    assert lamps.word(ground.spec()) == "等待派工"
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
    assert lamps.word(ground.spec()) == "等待派工"
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
    assert lamps.word(ground.spec()) == "等待派工"


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
