"""Every screen, listed once.

To add pages of your own: write a module with a ``Blueprint``, import it below and add one line to
BLUEPRINTS (and one to NAVIGATION if it is a place to go to). To add a ledger: derive from
``GuardedView`` in app/views/admin, add a line to LEDGERS there and one to app/security/grants.py.

An endpoint needs a signed-in user unless its function is marked with ``access.public``.
"""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from app.permissions import Role
from app.views import (
    account,
    calendar,
    case,
    consultation,
    deliveries,
    designing,
    desk,
    exports,
    files,
    gateways,
    grievance,
    imports,
    jobs,
    meeting,
    menus,
    monitor,
    openings,
    preferences,
    previews,
    public,
    reports,
    search,
)
from app.views.frame import Entry
from app.views.ledger import lookup
from app.views.lists import routes as lists

BLUEPRINTS: tuple[Blueprint, ...] = (
    menus.ledgers,
    menus.settings,
    account.pages,
    desk.pages,
    desk.bell,
    desk.ledger,
    openings.pages,
    case.pages,
    files.pages,
    jobs.pages,
    exports.pages,
    imports.pages,
    grievance.pages,
    public.pages,
    meeting.pages,
    consultation.pages,
    reports.pages,
    designing.pages,
    lookup.pages,
    lists.pages,
    search.pages,
    deliveries.pages,
    gateways.pages,
    calendar.pages,
    preferences.pages,
    previews.pages,
    monitor.pages,
)

NAVIGATION: tuple[Entry, ...] = (
    Entry("HomeView.index", _l("Home"), "home", tab=True),
    Entry("work.index", _l("My work"), "inbox", tab=True),
    Entry("grievances.index", _l("Grievances"), "message-report", tab=True),
    Entry("meetings.index", _l("Meetings"), "users-group", tab=True),
    Entry("consultations.index", _l("Consultations"), "scale"),
    Entry("ledgers.index", _l("Ledgers"), "table"),
    Entry("reports.index", _l("Reports"), "chart-bar", reports.READ_BY),
    Entry(
        "definitions.index",
        _l("Workflows"),
        "sitemap",
        frozenset({Role.ADMIN, Role.WORKFLOW_ADMIN, Role.SECRETARY, Role.SUBDISTRICT}),
    ),
    Entry("deliveries.index", _l("Deliveries"), "send", frozenset({Role.ADMIN})),
    Entry(
        "settings.index",
        _l("Settings"),
        "settings",
        frozenset({Role.ADMIN, Role.WORKFLOW_ADMIN}),
    ),
)
