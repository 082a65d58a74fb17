"""Flask-AppBuilder's own holes, each closed: numbered as they were found on 5.3; from 12 on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session

from app.factory import create_app
from app.models import (
    AccessEvent,
    AccessKind,
    LoginSession,
    Place,
    RuleSet,
    Unit,
)
from config import Settings
from tests.cast import PASSWORD, Cast
from tests.visitor import Visitor


@pytest.fixture
def visitor(app: Flask, session: Session) -> Visitor:
    return Visitor(app)


@pytest.fixture
def unit(session: Session, cast: Cast) -> Unit:
    unit = Unit(place_id=cast.places["entrance"].id, label="101", area="68.50")
    session.add(unit)
    session.commit()
    return unit


# --- 12: guessing passwords ---------------------------------------------------------------------


def test_12_failed_logins_are_limited_and_there_is_no_other_login(
    app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "LOGIN_LIMIT_NAME", "3 per minute")
    for _ in range(3):
        assert visitor.post("/login/", username="staff", password="wrong").status_code == 401
    answer = visitor.post("/login/", username="staff", password=PASSWORD)
    assert answer.status_code == 429
    assert "请等几分钟再试" in visitor.text
    assert visitor.post("/login/", username="grid", password=PASSWORD).status_code == 302
    for path in ("/api/v1/security/login", "/api/v1/security/refresh"):
        assert visitor.post(path, username="staff", password="x").status_code == 404


# --- 13: cookies that outlive the session -------------------------------------------------------


def stolen(visitor: Visitor, app: Flask) -> Visitor:
    """Another browser with a copy of the cookie."""
    cookie = visitor.client.get_cookie("sifang")
    assert cookie is not None
    thief = Visitor(app)
    thief.client.set_cookie("sifang", cookie.value)
    return thief


def test_13_a_copied_cookie_is_worth_nothing_after_signing_out(
    app: Flask, visitor: Visitor
) -> None:
    visitor.sign_in("secretary")
    thief = stolen(visitor, app)
    assert thief.get("/settings/").status_code == 200
    visitor.post("/logout/")
    assert thief.get("/settings/").status_code == 302


def test_13_a_new_password_ends_all_other_sessions_and_asks_for_the_old_one(
    app: Flask, visitor: Visitor
) -> None:
    visitor.sign_in("secretary")
    thief = stolen(visitor, app)
    elsewhere = Visitor(app).sign_in("secretary")
    new = "correct-horse-battery"
    refused = visitor.post("/account/password", old="guess", new=new, again=new)
    assert refused.status_code == 422
    assert "当前密码不正确" in visitor.text
    assert visitor.post("/account/password", old=PASSWORD, new=new, again=new).status_code == 302
    assert elsewhere.get("/settings/").status_code == 302
    assert visitor.get("/settings/").status_code == 200
    assert thief.get("/settings/").status_code == 200  # the same session; it ends with it
    visitor.post("/logout/")
    assert thief.get("/settings/").status_code == 302


def test_13_a_session_ends_by_itself(visitor: Visitor, session: Session) -> None:
    visitor.sign_in("secretary")
    for row in session.scalars(sa.select(LoginSession)):
        row.expires_at = row.started_at
    session.commit()
    assert visitor.get("/settings/").status_code == 302


def test_13_switching_a_login_off_signs_it_out(visitor: Visitor, session: Session) -> None:
    visitor.sign_in("secretary")
    session.execute(sa.update(User).where(User.username == "secretary").values(active=False))
    session.commit()
    assert visitor.get("/settings/").status_code == 302


# --- 14: cookie flags and headers ---------------------------------------------------------------


def test_14_answers_carry_protecting_headers(visitor: Visitor) -> None:
    headers = visitor.get("/login/").headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self' 'nonce-" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    first = policy.split("nonce-")[1].split("'")[0]
    assert first not in visitor.get("/login/").headers["Content-Security-Policy"]


def test_14_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor) -> None:
    cookie = visitor.post("/login/", username="secretary", password=PASSWORD).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_14_behind_https_the_cookie_is_secure(settings: Settings) -> None:
    secure = create_app(replace(settings, secure_cookies=True, redis_url=None))
    assert secure.config["SESSION_COOKIE_SECURE"] is True
    answer = secure.test_client().get("/login/", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


# --- 15: weak passwords, logout by link ---------------------------------------------------------


@pytest.mark.parametrize("weak", ["short", "1234567890123", "aaaaaaaaaaaa"])
def test_15_a_weak_password_is_refused(visitor: Visitor, weak: str) -> None:
    visitor.sign_in("secretary")
    answer = visitor.post("/account/password", old=PASSWORD, new=weak, again=weak)
    assert answer.status_code == 422


def test_15_signing_out_takes_a_button(visitor: Visitor) -> None:
    visitor.sign_in("secretary")
    assert visitor.get("/logout/").status_code == 405
    assert visitor.get("/settings/").status_code == 200


# --- 16: raw SQL on failed saves, empty messages on failed deletes ------------------------------


def test_16_a_refused_add_names_the_field_and_keeps_what_was_typed(
    visitor: Visitor, session: Session, unit: Unit, cast: Cast
) -> None:
    visitor.sign_in("secretary")
    answer = visitor.post(
        "/ledgers/units/add",
        place=cast.places["entrance"].id,
        label="101",
        floor="3",
        area="77.25",
        area_source="surveyed",
        households="2",
        once="one",
    )
    assert answer.status_code == 422
    row = visitor.text.split('id="row-label"')[1].split('id="row-floor"')[0]
    assert "已有相同的记录" in row
    assert 'value="77.25"' in visitor.text
    for word in ("INSERT", "psycopg", "duplicate key", "uq_unit"):
        assert word not in visitor.text


def test_16_a_refused_delete_says_why(
    visitor: Visitor, session: Session, cast: Cast, unit: Unit
) -> None:
    visitor.sign_in("admin")
    answer = visitor.post(f"/ledgers/places/delete/{cast.places['entrance'].id}")
    assert answer.status_code == 409
    assert "仍被其他记录使用" in visitor.text
    assert "DELETE FROM" not in visitor.text
    session.expire_all()
    assert session.get(Place, cast.places["entrance"].id) is not None


# --- 17: refused edits that are saved after all -------------------------------------------------


def test_17_a_refused_edit_is_not_saved_by_a_later_commit(
    visitor: Visitor, session: Session, cast: Cast, unit: Unit
) -> None:
    visitor.sign_in("secretary")
    visitor.get(f"/ledgers/units/edit/{unit.id}")
    answer = visitor.post(
        f"/ledgers/units/edit/{unit.id}",
        seen=visitor.hidden("seen"),
        place=cast.places["district"].id,  # visible on the way up, not below one's own
        label="909",
        floor="9",
        area="1.00",
        area_source="contract",
        households="1",
    )
    assert answer.status_code == 422
    visitor.post("/account/language", language="en")  # commits
    session.expire_all()
    kept = session.get(Unit, unit.id)
    assert kept is not None
    assert (kept.label, kept.floor) == ("101", 1)


def test_17_two_people_who_edit_one_row_notice_each_other(
    visitor: Visitor, session: Session, unit: Unit
) -> None:
    visitor.sign_in("secretary")
    visitor.get(f"/ledgers/units/edit/{unit.id}")
    seen = visitor.hidden("seen")
    unit.floor = 7
    session.commit()
    form = {
        "place": unit.place_id,
        "label": "102",
        "floor": "1",
        "area": "68.50",
        "area_source": "registered",
        "households": "1",
    }
    answer = visitor.post(f"/ledgers/units/edit/{unit.id}", seen=seen, **form)
    assert answer.status_code == 409
    assert "其他人已修改此记录" in visitor.text
    assert 'value="102"' in visitor.text
    again = visitor.hidden("seen")
    assert visitor.post(f"/ledgers/units/edit/{unit.id}", seen=again, **form).status_code == 302


# --- 18: errors from the address ----------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "page=abc",
        "page=-5",
        "page=99999999999999999999",
        "size=x",
        "_flt_9_state=x",
        "_flt_0_kind=nonsense",
        "order=nonsense",
        "order=--",
        "f_kind=nonsense",
        "f_place=99999999999999999999",
        "f_place=%00",
        "f_place=-1",
        "q=%00%01",
        "q=%25_%5C'",
        "f_active=perhaps",
        "q=" + "长" * 500,
    ],
)
def test_18_no_address_of_a_list_breaks_it(visitor: Visitor, query: str) -> None:
    visitor.sign_in("admin")
    assert visitor.get(f"/ledgers/parties/list/?{query}").status_code == 200, visitor.text[-2000:]
    assert visitor.get(f"/ledgers/parties/export/?{query}").status_code == 200


@pytest.mark.parametrize("key", ["0", "-1", "abc", "9" * 30, "1.5", "%00", "١", "{}"])
def test_18_an_impossible_key_is_not_found(visitor: Visitor, key: str) -> None:
    visitor.sign_in("admin")
    for handler in ("show", "edit", "delete", "action/reveal"):
        assert visitor.get(f"/ledgers/residents/{handler}/{key}").status_code == 404
    assert visitor.get(f"/ledgers/sessions/show/{key}").status_code == 404


def test_18_dates_and_numbers_of_filters_are_checked(visitor: Visitor) -> None:
    visitor.sign_in("admin")
    for query in ("f_at=2026-13-45", "f_at=yesterday", "f_at_until=9999-99-99"):
        assert visitor.get(f"/ledgers/access/list/?{query}").status_code == 200
        assert "无法识别" in visitor.text
    assert visitor.get("/ledgers/units/list/?f_floor=99999999999").status_code == 200


# --- 19: tokens that can't be revoked -----------------------------------------------------------


def test_19_there_are_no_bearer_tokens(app: Flask, visitor: Visitor) -> None:
    assert app.extensions["appbuilder"].sm.jwt_manager is None
    header = {"Authorization": "Bearer sst_abc.def.ghi"}
    assert visitor.open("/settings/", headers=header).status_code == 302


# --- 20: no trail of logins ---------------------------------------------------------------------


def test_20_logins_are_on_the_record(visitor: Visitor, session: Session) -> None:
    visitor.post("/login/", username="nobody-known", password="x")
    visitor.post("/login/", username="secretary", password="x")
    visitor.sign_in("secretary")
    visitor.post("/logout/")
    found = session.execute(
        sa.select(AccessEvent.kind, AccessEvent.username).order_by(AccessEvent.id)
    ).all()
    assert [tuple(row) for row in found][-4:] == [
        (AccessKind.FAILED, "nobody-known"),
        (AccessKind.FAILED, "secretary"),
        (AccessKind.LOGIN, "secretary"),
        (AccessKind.LOGOUT, "secretary"),
    ]


# --- 21: raw errors of the API ------------------------------------------------------------------


def test_21_no_generated_api_is_exposed(app: Flask) -> None:
    paths = [rule.rule for rule in app.url_map.iter_rules()]
    assert [path for path in paths if path.startswith(("/api", "/swagger", "/lang"))] == []


def test_what_the_database_refuses_shows_no_sql(visitor: Visitor, session: Session) -> None:
    visitor.sign_in("admin")
    form = {
        "key": "odd", "label_zh": "怪", "basis_zh": "无", "participation": "3",
        "participation_over": "2", "approval": "1", "approval_over": "2", "approving": "agree",
        "once": "one",
    }  # fmt: skip
    assert visitor.post("/ledgers/rule-sets/add", **form).status_code == 422
    assert "比例必须在 0 和 1 之间" in visitor.text
    assert session.scalar(sa.select(RuleSet).where(RuleSet.key == "odd")) is None
