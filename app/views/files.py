"""Files of cases: only for those who see the case, never run, never guessed at."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request, send_file

from app import models as m
from app.extensions import db
from app.services import attachments, pictures
from app.views import access

pages = Blueprint("files", __name__, url_prefix="/files")


@pages.get("/<int(max=9223372036854775807):file_id>")
def download(file_id: int) -> Response:
    """A file of a case that this person may see."""
    return sent(attachments.find(db.session(), file_id, access.viewer()))


@pages.get("/<int(max=9223372036854775807):file_id>/preview")
def preview(file_id: int) -> Response:
    """The small picture to a picture that this person may see."""
    return previewed(attachments.find(db.session(), file_id, access.viewer()))


def sent(attachment: m.Attachment) -> Response:
    """The file under its own name. Pictures show in the page, everything else is downloaded."""
    path = attachments.located(_folder(), attachment)
    response = send_file(
        path, mimetype=attachment.media_type, conditional=True, etag=attachment.sha256
    )
    return _guarded(response, attachment.name, inline=showable(attachment))


def previewed(attachment: m.Attachment) -> Response:
    """Its small picture; the file itself where there can be none."""
    path = attachments.preview(_folder(), attachment)
    if path is None:
        return sent(attachment)
    etag = f"{attachment.sha256}-small"
    response = send_file(path, mimetype=pictures.SMALL, conditional=True, etag=etag)
    return _guarded(response, f"{attachment.name}.webp", inline=True)


def _folder() -> Path:
    folder: Path = current_app.extensions["settings"].files_dir
    return folder


def _guarded(response: Response, name: str, *, inline: bool) -> Response:
    """For one browser and for an hour, and nothing in it ever runs."""
    kind = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def showable(attachment: m.Attachment) -> bool:
    """Whether the page can draw it in place."""
    return attachment.media_type in pictures.DRAWN


@pages.app_template_test("showable")
def _showable(attachment: m.Attachment) -> bool:
    return showable(attachment)


@pages.after_app_request
def handed(response: Response) -> Response:
    """A script that sends files is told where to go next: if it followed the redirect itself, the
    messages of the page would be shown to nobody."""
    if "X-Upload" in request.headers and response.status_code in (302, 303):
        response.headers["X-Location"] = response.headers.pop("Location")
        response.status_code = 200
        response.set_data(b"")
    return response
