"""Lists as somebody wants them: columns, saved views, and given out as files."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask, g
from sqlalchemy.orm import Session

from app import models as m
from app.errors import MissingError
from app.services import saved
from app.views.admin import LEDGERS
from app.views.lists import registry
from app.views.lists.sheet import sheet
from tests import world
from tests.cast import Cast
from tests.raising import Matter
from tests.shelf import chips, headings, save, titles
from tests.visitor import Visitor

Make = Callable[..., Matter]


@pytest.fixture
def make(session: Session, cast: Cast, now: datetime) -> Make:
    def begin(title: str = "盼装长椅", **form: str) -> Matter:
        matter = Matter(session, cast, now).begin(title=title, **form)
        session.commit()
        return matter

    return begin


@pytest.fixture
def staff(app: Flask, session: Session) -> Visitor:
    return Visitor(app).sign_in("staff")


# --- columns of ledgers -------------------------------------------------------------------------


def test_columns_are_chosen_and_put_in_order_for_list_and_export(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    make()
    visitor = Visitor(app).sign_in("secretary")
    visitor.get("/ledgers/cases/list/")
    assert headings(visitor)[:3] == ["编号", "标题", "状态"]
    form = {"column": ["title", "number", "opened_at"], "query": "order=-number"}
    visitor.open("/lists/CaseView/choose", method="POST", data=form)
    visitor.get("/ledgers/cases/list/")
    assert headings(visitor) == ["标题", "编号", "登记时间"]
    form = {"column": ["title", "number", "opened_at"], "earlier": "number"}
    visitor.open("/lists/CaseView/choose", method="POST", data=form)
    visitor.get("/ledgers/cases/list/")
    assert headings(visitor) == ["编号", "标题", "登记时间"]
    link = re.search(r'href="(/exports/[^"]*)"', visitor.text)
    assert link
    assert "columns=number%2Ctitle%2Copened_at" in link[1]
    visitor.get("/ledgers/cases/export/", columns="number,title,opened_at")
    assert visitor.text.lstrip("\ufeff").startswith("编号,标题,登记时间")
    visitor.post("/lists/CaseView/choose", usual="1")
    visitor.get("/ledgers/cases/list/")
    assert headings(visitor)[:3] == ["编号", "标题", "状态"]


def test_only_columns_that_the_view_permits_can_be_chosen(
    app: Flask, session: Session, cast: Cast
) -> None:
    session.add(m.Person(place_id=cast.places["entrance"].id, name="蔡阿姨", phone="13800135678"))
    session.commit()
    visitor = Visitor(app).sign_in("admin")
    for columns in ("password,email", "note,phone", "token", "name,name,name", "place.path"):
        for path in ("/ledgers/users/list/", "/ledgers/residents/list/", "/ledgers/cases/list/"):
            assert visitor.get(path, columns=columns).status_code == 200
            assert "13800135678" not in visitor.text
            assert "scrypt:" not in visitor.text


def test_every_column_that_may_be_chosen_can_be_shown(
    app: Flask, session: Session, cast: Cast, now: datetime
) -> None:
    world.fill(session, cast, now)
    visitor = Visitor(app).sign_in("admin")
    for group in LEDGERS:
        for view in group.views:
            path = f"{view.route_base}/list/"
            visitor.get(path)
            every = ",".join(re.findall(r'id="column-([\w.]+)"', visitor.text))
            if not every:
                continue
            assert visitor.get(path, columns=every).status_code == 200, view
            assert len(visitor.statements) <= 12, (view, "\n".join(visitor.statements))
            assert headings(visitor)


# --- saved views --------------------------------------------------------------------------------


def test_a_saved_view_brings_back_filters_order_and_size(staff: Visitor, make: Make) -> None:
    make("盼装长椅"), make("顶楼漏水", category="leak")
    query = "f_category=leak&order=id&size=50&page=7&csrf_token=x"
    view = save(staff, "grievances", " 漏水 ", query)
    staff.get("/grievances/", view=view)
    assert titles(staff) == ["顶楼漏水"]
    assert "视图“漏水”已保存" in staff.text
    assert '<option value="id" selected>' in staff.text
    assert '<option value="50" selected>' not in staff.text, "one page: nothing to choose"
    [(_text, url)] = chips(staff).items()
    staff.get(url)
    assert titles(staff) == ["盼装长椅", "顶楼漏水"]
    staff.get("/grievances/")
    assert ">漏水</a>" in staff.text, "the view stands above the list"
    assert titles(staff) == ["顶楼漏水", "盼装长椅"]


def test_the_list_opens_with_the_view_that_somebody_chose(staff: Visitor, make: Make) -> None:
    make("盼装长椅"), make("顶楼漏水", category="leak")
    view = save(staff, "grievances", "漏水", "f_category=leak", usual="1")
    staff.get("/grievances/")
    assert titles(staff) == ["顶楼漏水"]
    [(_text, url)] = chips(staff).items()
    staff.get(url)
    assert titles(staff) == ["顶楼漏水", "盼装长椅"], "taking the filter away shows all"
    staff.post(f"/lists/grievances/{view}/change", name="全部漏水")
    staff.get("/grievances/")
    assert len(titles(staff)) == 2, "no longer the first"
    assert ">全部漏水</a>" in staff.text
    staff.post(f"/lists/grievances/{view}/delete")
    staff.get("/grievances/")
    assert "全部漏水</a>" not in staff.text


def test_a_name_stands_once_and_is_neither_empty_nor_endless(
    staff: Visitor, session: Session
) -> None:
    first = save(staff, "work", "急", "urgent=1")
    assert save(staff, "work", "急", "late=1") == first, "the same name replaces"
    other = save(staff, "work", "别", "late=1")
    staff.post(f"/lists/work/{other}/change", name="急")
    staff.get("/work/")
    assert "您已有同名的视图" in staff.text
    staff.post("/lists/work/save", name="  ", query="late=1")
    staff.get("/work/")
    assert "请给视图起个名字" in staff.text
    save(staff, "work", "长" * 300, "late=1")
    for number in range(saved.MOST):
        staff.post("/lists/work/save", name=f"视图{number}", query="late=1")
    staff.get("/work/")
    assert f"最多保存 {saved.MOST} 个视图" in staff.text
    count = sa.select(sa.func.count()).where(m.SavedView.list_key == "work")
    assert session.scalar(count) == saved.MOST


def test_nobody_sees_or_changes_the_views_of_others(
    app: Flask, staff: Visitor, session: Session
) -> None:
    view = save(staff, "work", "私人", "urgent=1")
    for name in ("secretary", "admin"):
        other = Visitor(app).sign_in(name)
        other.get("/work/")
        assert "私人" not in other.text
        other.get("/work/", view=view)
        assert "私人" not in other.text
        for action in ("change", "delete", "usual"):
            form = {"name": "我的了", "shared": "1", "usual": "1"}
            assert other.post(f"/lists/work/{view}/{action}", **form).status_code == 404
    assert session.get_one(m.SavedView, view).name == "私人"


def test_an_administrator_shares_a_view_and_it_widens_nothing(
    app: Flask, staff: Visitor, session: Session, cast: Cast, make: Make
) -> None:
    make("盼装长椅"), make("顶楼漏水", category="leak")
    admin = Visitor(app).sign_in("admin")
    here = f"f_place={cast.places['cuiwei'].id}&f_category=leak"
    view = save(admin, "grievances", "翠微漏水", here, shared="1")
    staff.get("/grievances/", view=view)
    assert titles(staff) == ["顶楼漏水"]
    assert "删除此视图" not in staff.text
    outsider = Visitor(app).sign_in("outsider")
    outsider.get("/grievances/", view=view)
    assert titles(outsider) == []
    assert "翠微社区" not in outsider.text
    assert staff.post(f"/lists/grievances/{view}/usual", usual="1").status_code == 302
    staff.get("/grievances/")
    assert titles(staff) == ["顶楼漏水"], "a shared view may be one's first"
    own = save(staff, "grievances", "共享不了", "kind=open", shared="1")
    assert not session.get_one(m.SavedView, own).shared
    admin.post(f"/lists/grievances/{view}/delete")
    staff.get("/grievances/")
    assert len(titles(staff)) == 2, "gone with its owner's copy"


def test_views_of_a_list_are_for_those_who_may_see_the_list(app: Flask, session: Session) -> None:
    admin = Visitor(app).sign_in("admin")
    assert save(admin, "UserView", "在用", "f_active=yes", shared="1")
    council = Visitor(app).sign_in("council")
    for key, status in (("UserView", 403), ("NoSuchView", 404), ("GuardedView", 404)):
        assert council.post(f"/lists/{key}/save", name="x", query="").status_code == status
        assert council.post(f"/lists/{key}/choose", size="50").status_code == status


def test_what_stands_in_the_database_is_read_with_care(
    app: Flask, staff: Visitor, session: Session, cast: Cast, make: Make
) -> None:
    make()
    wrong = {"f_place": [1, 2], "_external": "1", "order": "x", "q": None, "view": "7", "page": "x"}
    row = m.SavedView(
        owner_id=cast.users["staff"].id, list_key="grievances", name="坏", query=wrong
    )
    session.add(row)
    session.commit()
    assert staff.get("/grievances/", view=row.id).status_code == 200
    assert titles(staff) == ["盼装长椅"]


def test_the_views_of_a_login_go_with_it(session: Session, cast: Cast) -> None:
    saved.save(session, cast.viewer("staff"), "work", "急", {"urgent": "1"})
    columns = m.SavedView.__table__.c.owner_id.foreign_keys
    assert [key.ondelete for key in columns] == ["CASCADE"]


# --- files --------------------------------------------------------------------------------------


def test_a_list_is_given_out_as_columns_and_typed_rows(
    app: Flask, session: Session, cast: Cast, make: Make, now: datetime
) -> None:
    make("顶楼漏水", category="leak"), make("盼装长椅")
    with app.test_request_context():
        g.viewer, g.now = cast.viewer("secretary"), now
        found = sheet("grievances", {"f_category": "leak", "page": "9"})
        kinds = {column.name: column.kind for column in found.columns}
        assert (kinds["opened_at"], kinds["title"]) == ("instant", "text")
        [row] = found.rows
        told = dict(zip(kinds, row, strict=True))
        assert (told["title"], told["category"]) == ("顶楼漏水", "漏水")
        assert told["opened_at"] == datetime(2026, 11, 19, 10, 30)  # noqa: DTZ001  local
        assert len(list(sheet("grievances", {}, most=0).rows)) == 1, "one more tells"
        for key in ("allcases", "meetings", "consultations", "work"):
            list(sheet(key, {}).rows)
        g.viewer = cast.viewer("outsider")
        assert list(sheet("grievances", {}).rows) == []
        g.viewer = cast.viewer("council")
        for key in ("grievances", "UserView", "nothing"):
            with pytest.raises(MissingError):
                sheet(key, {})


def test_a_ledger_is_given_out_with_numbers_days_and_masked_telephones(
    app: Flask, session: Session, cast: Cast, now: datetime
) -> None:
    world.fill(session, cast, now)
    with app.test_request_context():
        g.viewer, g.now = cast.viewer("admin"), now
        for group in LEDGERS:
            for view in group.views:
                listing = registry.find(view.__name__)
                assert listing is not None
                if listing.exportable():
                    found = sheet(view.__name__, {})
                    for row in found.rows:
                        assert len(row) == len(found.columns)
                        for held in row:
                            assert isinstance(held, str | int | Decimal | bool | date | None)
        owners = list(sheet("OwnerView", {}).rows)
        assert "139****5678" in str(owners)
        assert "13912345678" not in str(owners)
        staff = dict(
            zip(
                [c.name for c in sheet("StaffView", {}).columns],
                next(iter(sheet("StaffView", {}).rows)),
                strict=True,
            )
        )
        assert staff["since"] == date(2026, 1, 1)
