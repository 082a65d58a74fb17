"""Flask-AppBuilder's own holes, each closed: numbered as they were found on 5.3."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder import MasterDetailView
from flask_appbuilder.charts.views import BaseChartView
from flask_appbuilder.security.sqla.models import User
from flask_appbuilder.views import CompactCRUDMixin
from sqlalchemy.orm import Session

from app.models import (
    AccessEvent,
    AccessKind,
    Notice,
    NoticeStatus,
    Person,
    Place,
    Unit,
)
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW
from tests.visitor import Visitor


@pytest.fixture
def visitor(app: Flask, session: Session) -> Visitor:
    return Visitor(app)


@pytest.fixture
def resident(session: Session, cast: Cast) -> Person:
    """Somebody who lives in Cuiwei."""
    person = Person(place_id=cast.places["entrance"].id, name="蔡阿姨", phone="13800135678")
    session.add(person)
    session.commit()
    return person


@pytest.fixture
def unit(session: Session, cast: Cast) -> Unit:
    unit = Unit(place_id=cast.places["entrance"].id, label="101", area="68.50")
    session.add(unit)
    session.commit()
    return unit


def dead_notice(session: Session, user: User) -> Notice:
    notice = Notice(
        user_id=user.id,
        channel="email",
        key="late",
        subject={"zh": "催办", "en": "Chase"},
        body={"zh": "催办", "en": "Chase"},
        dedupe=f"test:{user.id}",
        status=NoticeStatus.DEAD,
        created_at=NOW,
        attempts=9,
        error="550",
    )
    session.add(notice)
    session.commit()
    return notice


# --- 1: actions load rows without the scope -----------------------------------------------------


def test_01_an_action_on_a_row_out_of_scope_finds_nothing(
    visitor: Visitor, session: Session, resident: Person
) -> None:
    visitor.sign_in("outsider")
    answer = visitor.post(f"/ledgers/residents/action/reveal/{resident.id}")
    assert answer.status_code == 404
    assert "13800135678" not in visitor.text
    shown = sa.select(AccessEvent).where(AccessEvent.kind == AccessKind.REVEAL)
    assert session.scalar(shown) is None


def test_01_a_bulk_action_with_one_foreign_row_does_nothing(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    mine = dead_notice(session, cast.users["designer"])
    visitor.sign_in("outsider")
    answer = visitor.post("/ledgers/notices/action_post", action="retry", rowid=[mine.id])
    assert answer.status_code == 403  # the role has no such button at all
    visitor.sign_out()
    visitor.sign_in("admin")
    answer = visitor.post("/ledgers/notices/action_post", action="retry", rowid=[mine.id, 999999])
    assert answer.status_code == 404
    session.expire_all()
    assert mine.status is NoticeStatus.DEAD


# --- 2: master-detail views leak ----------------------------------------------------------------


def test_02_leaking_kinds_of_views_are_not_used(app: Flask) -> None:
    leaking = (MasterDetailView, CompactCRUDMixin, BaseChartView)
    views = app.extensions["appbuilder"].baseviews
    assert [view for view in views if isinstance(view, leaking)] == []


# --- 3: related views without a permission check ------------------------------------------------


def test_03_related_rows_need_the_permission_to_list_them(visitor: Visitor) -> None:
    visitor.sign_in("secretary")
    assert visitor.get("/ledgers/draft-states/list/").status_code == 403
    assert visitor.get("/ledgers/workflows/show/1").status_code == 200
    assert "draft-states" not in visitor.text
    visitor.sign_out()
    visitor.sign_in("designer")
    visitor.get("/ledgers/workflows/show/1")
    assert "draft-states" in visitor.text


# --- 4: dropdowns show everything ---------------------------------------------------------------


def test_04_a_form_holds_no_rows_of_related_tables(visitor: Visitor, resident: Person) -> None:
    visitor.sign_in("secretary")
    visitor.get("/ledgers/owners/add")
    assert resident.name not in visitor.text


def test_04_a_lookup_gives_only_what_is_visible(visitor: Visitor, resident: Person) -> None:
    visitor.sign_in("secretary")
    found = visitor.get("/lookup/OwnerView/person", q="蔡").get_json()
    assert [row["text"] for row in found["results"]] == ["蔡阿姨"]
    visitor.sign_out()
    visitor.sign_in("outsider")
    assert visitor.get("/lookup/OwnerView/person", q="蔡").get_json()["results"] == []


def test_04_a_lookup_is_refused_for_other_columns_and_roles(visitor: Visitor) -> None:
    visitor.sign_in("council")
    assert visitor.get("/lookup/OwnerView/person").status_code == 403
    assert visitor.get("/lookup/PlaceView/name").status_code == 404
    assert visitor.get("/lookup/Nothing/name").status_code == 404
    assert visitor.get("/lookup/AuthView/login").status_code == 404


# --- 5: columns that the form doesn't have ------------------------------------------------------


def test_05_values_for_columns_outside_of_the_form_are_ignored(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    visitor.sign_in("secretary")
    answer = visitor.post(
        "/ledgers/residents/add",
        name="新居民",
        place=cast.places["entrance"].id,
        demo="y",
        id=4711,
        once="one",
    )
    assert answer.status_code == 302
    made = session.scalar(sa.select(Person).where(Person.name == "新居民"))
    assert made is not None
    assert (made.demo, made.id == 4711) == (False, False)


def test_05_a_relation_to_a_row_out_of_scope_is_refused(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    visitor.sign_in("secretary")
    answer = visitor.post(
        "/ledgers/residents/add", name="外人", place=cast.places["far_compound"].id, once="one"
    )
    assert answer.status_code == 422
    assert "不在您的查看范围内" in visitor.text
    assert session.scalar(sa.select(Person).where(Person.name == "外人")) is None


def test_05_seeing_the_way_up_is_not_being_at_home_there(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    visitor.sign_in("secretary")
    answer = visitor.post(
        "/ledgers/places/add",
        name="自家街道",
        kind="subdistrict",
        parent=cast.places["district"].id,
        once="one",
    )
    assert answer.status_code == 422
    assert session.scalar(sa.select(Place).where(Place.name == "自家街道")) is None
    answer = visitor.get(f"/ledgers/places/edit/{cast.places['subdistrict'].id}")
    assert answer.status_code == 409


# --- 6: prefilled relations ---------------------------------------------------------------------


def test_06_a_relation_in_the_address_is_filled_in_only_when_visible(
    visitor: Visitor, cast: Cast
) -> None:
    visitor.sign_in("secretary")
    visitor.get("/ledgers/residents/add", f_place=cast.places["entrance"].id)
    assert visitor.hidden("place") == str(cast.places["entrance"].id)
    foreign = cast.places["far_compound"].id
    visitor.get("/ledgers/residents/add", f_place=foreign, _flt_0_place=foreign)
    assert visitor.hidden("place") == ""
    assert "红棉东里" not in visitor.text


# --- 7: order by any column ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", [{"order": "password"}, {"order": "-email"}, {"_oc_UserView": "owner.password"}]
)
def test_07_only_listed_columns_order(visitor: Visitor, query: dict[str, str]) -> None:
    visitor.sign_in("admin")
    assert visitor.get("/ledgers/users/list/", **query).status_code == 200
    orders = [text.split("ORDER BY")[1] for text in visitor.statements if "ORDER BY" in text]
    assert not [text for text in orders if "password" in text or "email" in text]


# --- 8: unbounded pages -------------------------------------------------------------------------


def test_08_a_page_holds_at_most_a_hundred_rows(
    visitor: Visitor, session: Session, cast: Cast
) -> None:
    place = cast.places["entrance"].id
    session.add_all(Person(place_id=place, name=f"居民{n}", phone="") for n in range(130))
    session.commit()
    visitor.sign_in("secretary")
    for query in ({"size": "10000"}, {"psize_PersonView": "10000"}, {"size": "100"}):
        assert visitor.get("/ledgers/residents/list/", **query).status_code == 200
        assert visitor.text.count("<tr>") <= 101
        assert len(visitor.statements) <= 12


# --- 9: unanchored role patterns ----------------------------------------------------------------


def test_09_a_role_pattern_matches_whole_names_only(app: Flask) -> None:
    manager = app.extensions["appbuilder"].sm

    class Role:
        name = "Guest"

    manager._builtin_roles = {"Guest": [["Case", "can_list"]]}
    try:
        assert manager._has_access_builtin_roles(Role, "can_list", "Case")
        assert not manager._has_access_builtin_roles(Role, "can_list", "CaseSecretView")
        assert not manager._has_access_builtin_roles(Role, "can_list_all", "Case")
    finally:
        manager._builtin_roles = {}


# --- 10: downloads ------------------------------------------------------------------------------


def test_10_no_ledger_serves_files_by_name(app: Flask, visitor: Visitor) -> None:
    assert not [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.endswith(".download") and "filename" in rule.arguments
    ]
    visitor.sign_in("admin")
    assert visitor.get("/ledgers/attachments/download/secret_key").status_code == 404


# --- 11: CSRF -----------------------------------------------------------------------------------


@pytest.fixture
def guarded(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    yield
    app.config["WTF_CSRF_ENABLED"] = False


def test_11_a_post_without_its_token_is_refused(
    visitor: Visitor, session: Session, unit: Unit, guarded: None
) -> None:
    visitor.get("/login/")
    token = visitor.hidden("csrf_token")
    visitor.post("/login/", username="secretary", password=PASSWORD, csrf_token=token)
    for path in (f"/ledgers/units/delete/{unit.id}", "/ledgers/units/add", "/account/password"):
        assert visitor.post(path, name="x").status_code == 400, path
        assert "表单已失效" in visitor.text
    assert visitor.post("/logout/").status_code == 400
    assert session.get(Unit, unit.id) is not None


def test_11_a_get_never_changes_anything(visitor: Visitor, session: Session, unit: Unit) -> None:
    visitor.sign_in("secretary")
    assert visitor.get(f"/ledgers/units/delete/{unit.id}").status_code == 200
    session.expire_all()
    assert session.get(Unit, unit.id) is not None
    key = unit.id
    assert visitor.post(f"/ledgers/units/delete/{key}").status_code == 302
    session.expire_all()
    assert session.scalar(sa.select(Unit.id).where(Unit.id == key)) is None
