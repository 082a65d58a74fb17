"""Every refusal as a page of ours, in the reader's language, that says what to do next.

Never a traceback, never SQL. A part of a page (htmx) or a script gets the same in short.
"""

from __future__ import annotations

import logging
import secrets

from flask import Flask, jsonify, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from app.errors import Problem, SifangError
from app.extensions import db
from app.views import access
from app.views.frame import Frame

log = logging.getLogger(__name__)
Answer = tuple[str | Response, int]


def install(app: Flask) -> None:
    app.register_error_handler(CSRFError, _stale)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SifangError, _refused)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(Exception, _unexpected)


def _words(status: int) -> tuple[str, str]:
    """Heading, and what to do."""
    texts = {
        400: (
            _("The request could not be understood"),
            _("Go back, reload the page and try again."),
        ),
        401: (_("Please sign in"), _("You were signed out. Sign in and try again.")),
        403: (
            _("You may not do this"),
            _("Your roles don't include it. Ask your administrator if you need it."),
        ),
        404: (
            _("There is nothing here"),
            _("It doesn't exist, or it isn't yours to see. Check the address or start again."),
        ),
        405: (
            _("This address can't be opened directly"),
            _("Go back and use the button on the page."),
        ),
        409: (
            _("That is not possible now"),
            _("Something has changed meanwhile. Go back, reload the page and look again."),
        ),
        413: (
            _("The upload is too large"),
            _("Choose fewer or smaller files and try again."),
        ),
        422: (_("Something is not filled in correctly"), _("Go back and correct it.")),
        429: (
            _("Too many attempts"),
            _("Wait a few minutes, then try again."),
        ),
        503: (
            _("The system is not available right now"),
            _("Nothing of what you sent was saved. Try again in a moment."),
        ),
    }
    if status >= 500 and status not in texts:
        return (
            _("Something went wrong on our side"),
            _("Nothing was saved. Try again; if it stays, tell your administrator."),
        )
    return texts.get(status, texts[400])


def page(status: int, problems: tuple[str, ...] = (), reference: str = "") -> Answer:
    """The answer with this status, in the form that was asked for."""
    title, advice = _words(status)
    if status == 404 and problems:  # they say already that it isn't there
        advice = _("Check the address, or go on from the start page.")
    if access.wants_json():
        body = {"error": title, "problems": list(problems), "reference": reference}
        return jsonify(body), status
    if "HX-Request" in request.headers:
        text = render_template("error_part.html", title=title, advice=advice, problems=problems)
        return text, status
    frame = Frame(plain=status >= 500)
    return (
        render_template(
            "error.html",
            status=status,
            title=title,
            advice=advice,
            problems=problems,
            reference=reference,
            ui=frame,
        ),
        status,
    )


def said(problem: Problem) -> str:
    """The problem in the reader's language; English falls back to Chinese and the reverse."""
    text = problem.text
    return text.get(Frame(plain=True).lang) or text.get("zh") or text.get("en") or ""


def _stale(error: CSRFError) -> Answer:
    """The cookie that a form belongs to is also the one of the login: often both have ended."""
    if not access.is_public(request.endpoint or "") and Frame().user is None:
        return page(401)
    return page(400, (_("The page was open for too long, so its form is no longer valid."),))


def _http(error: HTTPException) -> Answer | HTTPException:
    status = error.code or 500
    if status < 400:
        return error  # a redirect of the router
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        return _unexpected(error.original_exception)
    answer, code = page(status)
    response = Response(answer, mimetype="text/html") if isinstance(answer, str) else answer
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    response.status_code = code
    return response, code


def _refused(error: SifangError) -> Answer:
    db.session.rollback()
    return page(error.status, tuple(said(problem) for problem in error.problems))


def _database(error: SQLAlchemyError) -> Answer:
    db.session.rollback()
    if isinstance(error, DBAPIError) and _is_bad_input(error):
        log.info("input refused by the database on %s", request.path)
        return page(400)
    if isinstance(error, OperationalError):
        log.error("the database is not available", exc_info=error)
        return page(503)
    return _unexpected(error)


def _is_bad_input(error: DBAPIError) -> bool:
    """Class 22, data exception: a value from the address that no column can hold."""
    if isinstance(error, DataError):  # refused by the driver: there is no class then
        return True
    return str(getattr(error.orig, "sqlstate", "") or "").startswith("22")


def _unexpected(error: BaseException) -> Answer:
    db.session.rollback()
    reference = secrets.token_hex(4)
    log.error("unexpected error %s on %s", reference, request.path, exc_info=error)
    return page(500, reference=reference)
