"""The one base of every ledger: FAB's ModelView with each hole of its own closed.

Nothing of a request is kept on the view (threads share it), every row is asked for through
``visible()``, and what changes data is a POST. The handlers below replace FAB's one by one;
``tests/test_fab_contract.py`` notices when FAB changes what they lean on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import sqlalchemy as sa
from flask import request, url_for
from flask_appbuilder import ModelView, expose
from flask_appbuilder.security.decorators import has_access
from flask_wtf import FlaskForm

from app.views import access
from app.views.ledger import acting, cells, exporting, finding, forms, headings, reading, writing
from app.views.ledger.columns import Kind, column
from app.views.ledger.reading import Answer

READ = frozenset({"list", "show"})
HEADLINES = frozenset({"title", "name", "subject", "full_name"})
WRITE = READ | {"add", "edit", "delete"}


class GuardedView(ModelView):
    """A ledger of one model. Subclasses say which columns are shown, filtered and edited.

    ``abilities`` are the handlers that exist at all; who may use them is app.security.grants.
    A subclass may override the hooks ``frozen``, ``prepare``, ``before_save``, ``after_save``,
    ``before_delete`` and ``buttons``; they may raise any SifangError, and nothing is saved then.
    """

    abilities: ClassVar[frozenset[str]] = READ
    more_permissions: ClassVar[frozenset[str]] = frozenset()
    """Permissions on this ledger that screens elsewhere ask for."""
    icon = "table"
    singular: Any = ""
    """What one row is called, e.g. "Place"; ``list_title`` is the plural."""
    related_title: Any = ""
    """What its rows are called on the page of what they belong to; else ``list_title``."""
    required_columns: ClassVar[frozenset[str]] = frozenset()
    """Columns that the form demands although the database would do without."""
    own_fields: ClassVar[dict[str, Any]] = {}
    vocabularies: ClassVar[dict[str, Callable[[], dict[str, Any]]]] = {}
    """Words for the keys that a text column may hold: its form and filter offer them."""
    code_columns: ClassVar[frozenset[str]] = frozenset()
    """Columns whose values are marks for machines: shown as code."""
    base_order: tuple[str, bool] = ("id", True)
    """Column, and whether descending."""
    related_by: ClassVar[dict[str, str]] = {}
    """Which column of a related view points here, where there are several."""

    label_columns: Any = None
    description_columns: Any = None
    formatters_columns: Any = None
    related_views: Any = None
    _related_views: Any = None

    list_template = "appbuilder/general/model/list.html"
    show_template = "appbuilder/general/model/show.html"
    add_template = "appbuilder/general/model/add.html"
    edit_template = "appbuilder/general/model/edit.html"

    def __init__(self, **kwargs: Any) -> None:
        self.exclude_route_methods = {"download", *(WRITE | {"export"}) - self.abilities}
        self.method_permission_name = {
            name: name for name in dir(type(self)) if hasattr(getattr(type(self), name), "_action")
        }
        super().__init__(**kwargs)
        self.base_permissions.extend(sorted(self.more_permissions))

    # --- what FAB would derive, and load whole tables for ------------------------------------

    @property
    def model(self) -> Any:
        return self.datamodel.obj

    def _init_properties(self) -> None:
        self.label_columns = dict(self.label_columns or {})
        self.description_columns = dict(self.description_columns or {})
        self.formatters_columns = dict(self.formatters_columns or {})
        for name in ("list", "show", "add", "edit", "search", "order"):
            attribute = f"{name}_columns"
            setattr(self, attribute, tuple(getattr(self, attribute) or ()))
        self.related_views = list(self.related_views or [])
        self._related_views = []
        self._base_filters = None
        self._filters = None

    def _init_forms(self) -> None:
        self.search_form = None
        self.add_form = forms.build(self, self.add_columns, name="Add")
        self.edit_form = forms.build(self, self.edit_columns, name="Edit")

    def _init_titles(self) -> None:
        self.title = self.list_title

    # --- words -------------------------------------------------------------------------------

    def label(self, name: str) -> Any:
        return self.label_columns.get(name) or headings.of_column(name)

    def help_of(self, name: str) -> Any:
        return self.description_columns.get(name, "")

    def cell(self, item: Any, name: str) -> cells.Cell:
        return cells.cell(self, item, name)

    def may(self, ability: str) -> bool:
        """Whether this person has the permission, and the view the handler."""
        permission = f"can_{ability}"
        return permission in self.base_permissions and access.may(
            permission, self.class_permission_name
        )

    def lookups(self) -> frozenset[str]:
        """Columns that /lookup answers for: to-one relations of the forms and filters."""
        names = {*self.add_columns, *self.edit_columns, *self.search_columns}
        return frozenset(name for name in names if column(self.model, name).kind is Kind.ONE)

    @property
    def searchable(self) -> bool:
        return finding.searchable(self.model)

    def headline(self, names: tuple[str, ...]) -> str:
        """Which of these columns names the row: it stands first on a phone and leads to it."""
        telling = (name for name in names if name.rpartition(".")[2] in HEADLINES)
        return next(telling, names[0])

    def single_actions(self) -> list[Any]:
        """Buttons of a row that this person may press."""
        return [each for each in self._pressable() if each.single]

    def bulk_actions(self) -> list[Any]:
        """Buttons for ticked rows."""
        return [each for each in self._pressable() if each.multiple]

    def _pressable(self) -> list[Any]:
        return [
            each
            for name, each in self.actions.items()
            if access.may(self.get_action_permission_name(name), self.class_permission_name)
        ]

    # --- addresses ---------------------------------------------------------------------------

    def url(self, handler: str, **values: Any) -> str:
        return url_for(f"{self.endpoint}.{handler}", **values)

    def show_url(self, item: Any) -> str:
        return self.url("show", pk=self.key(item))

    def key(self, item: Any) -> Any:
        return sa.inspect(item).identity[0]

    def after_url(self, item: Any) -> str:
        """Where saving leads to: back to where the form was opened from, else to the row."""
        back = access.own_path(request.form.get("back"))
        return back or (self.show_url(item) if self.may("show") else self.url("list"))

    # --- hooks -------------------------------------------------------------------------------

    def frozen(self, item: Any) -> str:
        """Why this row may not be changed any more; empty if it may."""
        return ""

    def prepare(self, form: FlaskForm, item: Any | None) -> None:
        """Adjust a form before it is drawn or read."""

    def before_save(self, item: Any, form: FlaskForm, *, creating: bool) -> None:
        """Complete the row; its columns are set, nothing is flushed."""

    def after_save(self, item: Any, form: FlaskForm, *, creating: bool) -> None:
        """Follow up within the same transaction; the row is flushed."""

    def before_delete(self, item: Any) -> None:
        """Refuse, or take along what belongs to the row."""

    def buttons(self, item: Any) -> list[tuple[str, str, str]]:
        """More links on the row's page: address, words, icon."""
        return []

    # --- handlers ----------------------------------------------------------------------------

    @expose("/list/")
    @has_access
    def list(self) -> Answer:
        return reading.listed(self)

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Answer:
        return reading.shown(self, pk)

    @expose("/export/")
    @has_access
    def export(self) -> Answer:
        return exporting.answer(self)

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Answer:
        return writing.add(self)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Answer:
        return writing.edit(self, pk)

    @expose("/delete/<pk>", methods=["GET", "POST"])
    @has_access
    def delete(self, pk: str) -> Answer:
        return writing.delete(self, pk)

    @expose("/action/<string:name>/<pk>", methods=["GET", "POST"])
    def action(self, name: str, pk: str) -> Answer:
        return acting.one(self, name, pk)

    @expose("/action_post", methods=["POST"])
    def action_post(self) -> Answer:
        return acting.several(self)
