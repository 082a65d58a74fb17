"""Signing in and out."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.extensions import limiter
from app.views import access


class LoginForm(FlaskForm):
    username = StringField(
        _l("User name or e-mail"),
        validators=[InputRequired(), Length(max=320)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        _l("Password"),
        validators=[InputRequired(), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )


def _attempted_name() -> str:
    return f"name:{request.form.get('username', '').strip().lower()[:320]}"


def _failed(response: Response) -> bool:
    return response.status_code == 401


class AuthView(BaseView):
    """The only way in. Failed attempts are counted by address and by name; the answer doesn't
    tell a wrong name from a wrong password."""

    route_base = ""
    default_view = "login"
    base_permissions: list[str] = []

    @expose("/login/", methods=["GET", "POST"])
    @access.public
    @limiter.limit(
        lambda: str(current_app.config["LOGIN_LIMIT_ADDRESS"]),
        methods=["POST"],
        deduct_when=_failed,
    )
    @limiter.limit(
        lambda: str(current_app.config["LOGIN_LIMIT_NAME"]),
        key_func=_attempted_name,
        methods=["POST"],
        deduct_when=_failed,
    )
    def login(self) -> Response | str | tuple[str, int]:
        back = access.openable(access.own_path(request.args.get("next")) or "/")
        if current_user.is_authenticated:
            return redirect(back)
        form = LoginForm()
        status = 200
        if request.method == "POST":
            status = 422
            if form.validate():
                manager = self.appbuilder.sm
                user = manager.auth_user_db(form.username.data.strip(), form.password.data)
                if user is not None:
                    manager.sign_in(user, current_app.config["SESSION_HOURS"])
                    return redirect(back)
                manager.refuse_login(form.username.data.strip())
                flash(_("The user name or the password is wrong. Please try again."), "danger")
                status = 401
        return render_template("login.html", form=form), status

    @expose("/logout/", methods=["POST"])
    @access.public
    def logout(self) -> Response:
        self.appbuilder.sm.sign_out()
        flash(_("You are signed out."), "success")
        return redirect(self.appbuilder.get_url_for_login)
