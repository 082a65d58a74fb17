"""What the layout shows around every page: navigation, bell, language, who is here.

Templates get it as ``ui``. Everything is asked lazily, so that an error page needs no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, request, session, url_for
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.models import Notice, NoticeStatus
from app.permissions import LABELS
from app.services.actors import full_name
from app.views import access, looks, menus

LANGUAGES = (("zh", "中文"), ("en", "English"))
UNREAD_CAP = 99


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the main navigation. It appears once ``endpoint`` exists, to these ``roles``
    (None: to everybody who is signed in). ``section`` marks it as the current one for all
    endpoints of that blueprint. ``tab`` puts it among the tabs at the foot of a phone."""

    endpoint: str
    label: Any
    icon: str
    roles: frozenset[str] | None = None
    tab: bool = False

    @property
    def section(self) -> str:
        return self.endpoint.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    icon: str
    url: str
    current: bool
    tab: bool


class Frame:
    """``ui`` of the templates. ``plain`` leaves out what needs the database."""

    csrf = True

    def __init__(self, *, plain: bool = False) -> None:
        self.plain = plain

    @property
    def lang(self) -> str:
        return str(get_locale() or "zh")[:2]

    @property
    def html_lang(self) -> str:
        return "zh-Hans" if self.lang == "zh" else self.lang

    @property
    def languages(self) -> tuple[tuple[str, str], ...]:
        return LANGUAGES

    @property
    def here(self) -> str:
        return access.here()

    @cached_property
    def user(self) -> Any:
        if self.plain:
            return None
        try:
            return current_user if current_user and current_user.is_authenticated else None
        except SQLAlchemyError:
            return None

    @cached_property
    def roles(self) -> frozenset[str]:
        if self.user is None:
            return frozenset()
        names: frozenset[str] = current_app.extensions["appbuilder"].sm.role_names(self.user)
        return names

    @property
    def name(self) -> str:
        return full_name(self.user) if self.user else ""

    @property
    def roles_text(self) -> str:
        known = [labels[self.lang] for role, labels in LABELS.items() if role in self.roles]
        return ("、" if self.lang == "zh" else ", ").join(known)

    @cached_property
    def nav(self) -> list[Link]:
        if self.user is None:
            return []
        section = (request.endpoint or "").rpartition(".")[0]
        if request.path.startswith("/ledgers/"):
            section = menus.section(request.path)
        entries: tuple[Entry, ...] = current_app.extensions["navigation"]
        return [
            Link(
                label=str(entry.label),
                icon=entry.icon,
                url=url_for(entry.endpoint),
                current=entry.section == section,
                tab=entry.tab,
            )
            for entry in entries
            if entry.endpoint in current_app.view_functions
            and (entry.roles is None or entry.roles & self.roles)
        ]

    @property
    def tabs(self) -> list[Link]:
        return [link for link in self.nav if link.tab]

    @property
    def more(self) -> list[Link]:
        return [link for link in self.nav if not link.tab]

    @property
    def theme(self) -> str:
        """``light``, ``dark`` or ``auto``, as this browser was told."""
        return looks.theme(request.cookies)

    @property
    def large(self) -> bool:
        return looks.large(request.cookies)

    @cached_property
    def unread(self) -> int:
        """Unread notices of this person, at most one more than the cap; one small query."""
        if self.user is None:
            return 0
        mine = (
            sa.select(sa.literal(1))
            .where(
                Notice.user_id == self.user.id,
                Notice.channel == "inapp",
                Notice.status == NoticeStatus.SENT,
                Notice.read_at.is_(None),
            )
            .limit(UNREAD_CAP + 1)
        )
        return db.session.scalar(sa.select(sa.func.count()).select_from(mine.subquery())) or 0

    @property
    def unread_text(self) -> str:
        return f"{UNREAD_CAP}+" if self.unread > UNREAD_CAP else str(self.unread)

    @property
    def home_url(self) -> str:
        return _address("HomeView.index") or "/"

    @property
    def bell_url(self) -> str:
        return _address("bell.index")

    @property
    def account_url(self) -> str:
        return _address("account.index")

    @property
    def language_url(self) -> str:
        return _address("account.choose_language")

    @property
    def look_url(self) -> str:
        return _address("account.choose_look")

    @property
    def logout_url(self) -> str:
        return _address("AuthView.logout")


def _address(endpoint: str) -> str:
    return url_for(endpoint) if endpoint in current_app.view_functions else ""


def language() -> str | None:
    """The language of this request; None outside of one, where the site's default holds."""
    if not request:
        return None
    chosen = session.get("locale")
    known = {code for code, _ in LANGUAGES}
    return str(chosen if chosen in known else current_app.config["BABEL_DEFAULT_LOCALE"])


def install(app: Flask, navigation: tuple[Entry, ...]) -> None:
    app.extensions["navigation"] = navigation
    app.extensions["babel"].locale_selector = language
    app.context_processor(lambda: {"ui": Frame()})
