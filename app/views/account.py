"""One's own account: language, look, password, signed-in browsers."""

from __future__ import annotations

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import refresh
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.security import check_password_hash
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired

from app.extensions import db, limiter
from app.security import sessions
from app.security.manager import TOKEN
from app.transaction import unit_of_work
from app.views import access, browsers, looks
from app.views.frame import LANGUAGES
from app.views.passwords import NewPasswordField

pages = Blueprint("account", __name__, url_prefix="/account")


class PasswordForm(FlaskForm):
    old = PasswordField(
        _l("Present password"),
        validators=[InputRequired()],
        render_kw={"autocomplete": "current-password"},
    )
    new = NewPasswordField(
        _l("New password"),
        validators=[InputRequired()],
        description=_l("At least 10 characters; three words that only you put together are good."),
    )
    again = PasswordField(
        _l("New password once more"),
        validators=[InputRequired(), EqualTo("new", message=_l("The two new passwords differ."))],
        render_kw={"autocomplete": "new-password"},
    )


@pages.get("/")
def index() -> str:
    return _page(PasswordForm(formdata=None))


def _page(form: PasswordForm) -> str:
    mine = sessions.live(db.session(), current_user.id, now=access.now())
    here = sessions.hashed(session.get(TOKEN, ""))
    named = {row.token: browsers.named(row.browser) for row in mine}
    return render_template("account.html", form=form, sessions=mine, here=here, named=named)


@pages.post("/password")
@limiter.limit(
    lambda: str(current_app.config["LOGIN_LIMIT_NAME"]),
    key_func=lambda: f"password:{current_user.get_id()}",
    deduct_when=lambda response: response.status_code == 422,
)
def change_password() -> Response | tuple[str, int]:
    """The present one is asked for: an unattended screen must not be enough."""
    form = PasswordForm()
    if form.validate() and not check_password_hash(current_user.password, form.old.data):
        form.old.errors = [_("This isn't your present password.")]
    if form.errors:
        return _page(form), 422
    current_app.extensions["appbuilder"].sm.reset_password(current_user.id, form.new.data)
    flash(_("Your password is changed; all other browsers are signed out."), "success")
    return redirect(url_for("account.index"))


@pages.post("/elsewhere")
def leave_elsewhere() -> Response:
    """End all of one's sessions but this one."""
    with unit_of_work(db.session()) as unit:
        kept = session.get(TOKEN, "")
        sessions.end_all(unit, current_user.id, now=access.now(), but=kept)
    flash(_("All other browsers are signed out."), "success")
    return redirect(url_for("account.index"))


@pages.post("/language")
@access.public
def choose_language() -> Response:
    """For this browser and, when signed in, for good: notices come in it too."""
    language = request.form.get("language", "")
    if language not in {code for code, _name in LANGUAGES}:
        abort(400)
    session["locale"] = language
    if current_user.is_authenticated:
        with unit_of_work(db.session()) as unit:
            sessions.choose_language(unit, current_user.id, language)
    refresh()
    return redirect(access.own_path(request.form.get("back")) or "/")


@pages.post("/look")
@access.public
def choose_look() -> Response:
    """Light or dark, usual or large letters: for this browser."""
    answer = redirect(access.own_path(request.form.get("back")) or "/")
    if not looks.keep(answer, request.form):
        abort(400)
    return answer
