"""Ledgers of logins: users, roles, sessions, and who came in."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.actions import action
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.security import generate_password_hash
from wtforms.validators import Email, Length

from app.errors import InvalidError, Problem
from app.extensions import db
from app.models import AccessEvent, Account, LoginSession
from app.security import sessions
from app.services.actors import full_name
from app.views import access, browsers, labels
from app.views.base import READ, GuardedView
from app.views.fields import TextField
from app.views.ledger import cells, vocabulary
from app.views.passwords import NewPasswordField


def address(**options: Any) -> TextField:
    options["validators"] = [
        *options["validators"],
        Email(message=_l("Please enter an e-mail address.")),
        Length(max=320),
    ]
    return TextField(**options)


class LoginSessionView(GuardedView):
    datamodel = SQLAInterface(LoginSession)
    route_base = "/ledgers/sessions"
    list_title = _l("Signed-in browsers")
    singular = _l("Signed-in browser")
    icon = "login"
    list_columns = ("user", "device", "address", "started_at", "expires_at", "ended_at")
    show_columns = ("user", "device", "browser", "address", "started_at", "expires_at", "ended_at")
    search_columns = ("user", "started_at")
    order_columns = ("started_at",)
    base_order = ("started_at", True)
    label_columns = {"device": _l("Browser"), "browser": _l("What it calls itself")}

    def device(self, item: LoginSession) -> str:
        return browsers.named(item.browser)

    @action("quit", _l("Sign out"), _l("Sign this browser out?"), icon="logout", multiple=False)
    def quit(self, item: LoginSession) -> None:
        item.ended_at = item.ended_at or access.now()


class UserView(GuardedView):
    """Logins. Nobody is deleted: a login that isn't needed any more is switched off."""

    datamodel = SQLAInterface(User)
    route_base = "/ledgers/users"
    list_title = _l("Logins")
    singular = _l("Login")
    icon = "user-cog"
    abilities = READ | {"add", "edit", "export"}
    related_views = [LoginSessionView]
    list_columns = ("full_name", "username", "roles", "active", "last_login")
    show_columns = (
        "full_name", "username", "email", "roles", "active", "created_on", "last_login",
        "login_count", "fail_login_count",
    )  # fmt: skip
    add_columns = ("last_name", "first_name", "username", "email", "active", "roles", "password")
    edit_columns = ("last_name", "first_name", "username", "email", "active", "roles", "password")
    search_columns = ("active", "username")
    order_columns = ("id", "username", "last_login")
    base_order = ("id", False)
    required_columns = frozenset({"roles"})
    own_fields = {"email": address, "password": NewPasswordField}
    label_columns = {"active": _l("May sign in"), "password": _l("New password")}
    description_columns = {
        "password": _l("At least 10 characters. Left empty, the present one stays."),
        "active": _l("Switched off, the login is signed out everywhere at once."),
    }

    def full_name(self, item: User) -> str:
        return full_name(item)

    def prepare(self, form: Any, item: User | None) -> None:
        """A new login has no password that could stay."""
        if item is None:
            password = form.password
            password.label.text = _l("First password")
            password.description = _l("At least 10 characters. Its owner can change it later.")
            password.flags.required = True

    def before_save(self, item: User, form: Any, *, creating: bool) -> None:
        password = form.password.data
        if creating and not password:
            raise InvalidError(
                Problem({"zh": "请设置初始密码。", "en": "Set a first password."}, "password")
            )
        if not creating and item.id == current_user.id and not item.active:
            text = {"zh": "不能停用自己的账号。", "en": "You can't switch your own login off."}
            raise InvalidError(Problem(text, "active"))
        if password:
            item.password = generate_password_hash(password)

    def after_save(self, item: User, form: Any, *, creating: bool) -> None:
        if not creating and (form.password.data or not item.active):
            sessions.end_all(db.session(), item.id, now=access.now())


ABILITIES = {
    "can_list": _l("list"),
    "can_show": _l("look at"),
    "can_add": _l("add"),
    "can_edit": _l("edit"),
    "can_delete": _l("delete"),
    "can_export": _l("export"),
    "can_reveal": _l("show numbers"),
    "can_retry": _l("send again"),
    "can_publish": _l("check and publish"),
    "can_quit": _l("sign out"),
}


class RoleView(GuardedView):
    """The roles are code (app.security.grants): this shows what they amount to."""

    datamodel = SQLAInterface(Role)
    route_base = "/ledgers/roles"
    list_title = _l("Roles")
    singular = _l("Role")
    icon = "shield"
    list_columns = ("label", "name")
    show_columns = ("label", "name", "abilities_text")
    code_columns = frozenset({"name"})
    order_columns = ("id", "name")
    base_order = ("id", False)
    label_columns = {"name": _l("Key"), "abilities_text": _l("What it may do")}

    def abilities_text(self, item: Role) -> str:
        """A line for each ledger that the role may use."""
        ledgers = {type(v).__name__: v.list_title for v in cells.views_by_model().values()}
        lines: dict[str, list[str]] = {}
        for grant in item.permissions:
            words = ABILITIES.get(grant.permission.name)
            if words is not None and grant.view_menu.name in ledgers:
                title = str(ledgers[grant.view_menu.name])
                lines.setdefault(title, []).append(str(words))
        comma = "、" if labels.language() == "zh" else ", "
        return "\n".join(f"{title}: {comma.join(words)}" for title, words in lines.items())

    def label(self, subject: Any) -> Any:
        """Of a role (the column of that name), else of a column."""
        return labels.of_role(subject.name) if isinstance(subject, Role) else super().label(subject)


class AccountView(GuardedView):
    datamodel = SQLAInterface(Account)
    route_base = "/ledgers/accounts"
    list_title = _l("Accounts: language")
    singular = _l("Account")
    icon = "language"
    vocabularies = {"language": vocabulary.languages}
    list_columns = ("user", "language")
    show_columns = ("user", "language")
    search_columns = ("user",)
    order_columns = ("user_id",)
    base_order = ("user_id", False)


class AccessEventView(GuardedView):
    datamodel = SQLAInterface(AccessEvent)
    route_base = "/ledgers/access"
    list_title = _l("Access trail")
    singular = _l("Access")
    icon = "shield-check"
    abilities = READ | {"export"}
    list_columns = ("at", "kind", "username", "address")
    show_columns = ("at", "kind", "user", "username", "address", "detail")
    search_columns = ("kind", "user", "at")
    order_columns = ("id", "at")
    label_columns = {"address": _l("From address")}
