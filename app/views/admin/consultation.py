"""Ledgers of consultations: who owns what, by which rule, and what was said. What was frozen or
said stays as it is; the way to say something else is the consultation's own page."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.models import (
    Consultation,
    Opinion,
    Owner,
    Ownership,
    RollHead,
    RollUnit,
    RuleSet,
    Scheme,
    Unit,
)
from app.views.admin.place import must_be_below
from app.views.admin.privacy import Masked
from app.views.base import READ, WRITE, GuardedView
from app.views.fields import NumberField, PhoneField, masked
from app.views.ledger import cells, vocabulary

USED = _l("A consultation runs by this rule set: make a new one instead of changing it.")


def fraction(**options: Any) -> NumberField:
    return NumberField(**options, least=0, most=1_000_000)


class OwnershipView(GuardedView):
    datamodel = SQLAInterface(Ownership)
    route_base = "/ledgers/ownerships"
    list_title = _l("Ownership")
    singular = _l("Ownership")
    icon = "key"
    abilities = WRITE
    list_columns = ("unit", "unit.place", "owner")
    show_columns = ("unit", "unit.place", "owner")
    add_columns = edit_columns = ("unit", "owner")
    search_columns = ("unit", "owner")
    order_columns = ("id",)

    def before_save(self, item: Ownership, form: Any, *, creating: bool) -> None:
        must_be_below(form.unit.data.place, "unit")


class UnitView(GuardedView):
    datamodel = SQLAInterface(Unit)
    route_base = "/ledgers/units"
    list_title = _l("Units")
    singular = _l("Unit")
    icon = "building"
    abilities = WRITE | {"export"}
    related_views = [OwnershipView]
    list_columns = ("label", "place", "floor", "area", "area_source", "households")
    show_columns = ("label", "place", "floor", "area", "area_source", "households")
    add_columns = edit_columns = ("place", "label", "floor", "area", "area_source", "households")
    search_columns = ("place", "area_source", "floor")
    order_columns = ("id", "label", "area")
    base_order = ("id", False)
    own_fields = {"households": lambda **options: NumberField(**options, least=0, most=1000)}
    required_columns = frozenset({"floor", "households"})
    description_columns = {
        "households": _l("More than one: a shared flat. Each is heard, the owner's vote counts."),
        "area_source": _l("Registered goes before surveyed, surveyed before the contract's."),
    }

    def before_save(self, item: Unit, form: Any, *, creating: bool) -> None:
        must_be_below(form.place.data)


class OwnerView(Masked, GuardedView):
    datamodel = SQLAInterface(Owner)
    route_base = "/ledgers/owners"
    list_title = _l("Owners")
    singular = _l("Owner")
    icon = "user"
    abilities = WRITE | {"export"}
    related_views = [OwnershipView]
    list_columns = ("name", "kind", "phone", "demo")
    show_columns = ("name", "kind", "phone", "person", "demo")
    add_columns = edit_columns = ("kind", "name", "phone", "person")
    search_columns = ("kind", "demo")
    order_columns = ("id", "name")
    own_fields = {"phone": PhoneField}
    formatters_columns = {"phone": masked}


class RuleSetView(GuardedView):
    datamodel = SQLAInterface(RuleSet)
    route_base = "/ledgers/rule-sets"
    list_title = _l("Rule sets")
    singular = _l("Rule set")
    icon = "scale"
    abilities = WRITE
    list_columns = ("label_zh", "label_en", "key", "participation_text", "approval_text")
    show_columns = (
        "key", "label_zh", "label_en", "basis_zh", "basis_en", "participation_text",
        "approval_text", "approving", "matters",
    )  # fmt: skip
    add_columns = edit_columns = (
        "key", "label_zh", "label_en", "basis_zh", "basis_en", "participation",
        "participation_over", "participation_inclusive", "approval", "approval_over",
        "approval_inclusive", "approving", "matters",
    )  # fmt: skip
    order_columns = ("id", "key")
    base_order = ("id", False)
    required_columns = frozenset({"approving"})
    own_fields = {
        "participation": fraction,
        "participation_over": fraction,
        "approval": fraction,
        "approval_over": fraction,
    }
    formatters_columns = {"approving": vocabulary.of_voices}
    label_columns = {
        "participation_text": _l("Participation"),
        "approval_text": _l("Approval"),
    }
    description_columns = {
        "participation_inclusive": _l("Ticked: at least (以上). Not ticked: more than (过半数)."),
        "approval_inclusive": _l("Ticked: at least (以上). Not ticked: more than (过半数)."),
        "approving": _l("Of: agree, condition, disagree, abstain."),
        "basis_zh": _l("The law or the local rule that it comes from."),
    }

    def participation_text(self, item: RuleSet) -> str:
        sign = "≥" if item.participation_inclusive else ">"
        return f"{sign} {item.participation}/{item.participation_over}"

    def approval_text(self, item: RuleSet) -> str:
        sign = "≥" if item.approval_inclusive else ">"
        return f"{sign} {item.approval}/{item.approval_over}"

    def frozen(self, item: RuleSet) -> str:
        used = sa.select(Consultation.case_id).where(Consultation.rule_set_id == item.id).limit(1)
        return str(USED) if db.session.scalar(used) else ""


class SchemeView(GuardedView):
    datamodel = SQLAInterface(Scheme)
    route_base = "/ledgers/schemes"
    list_title = _l("Schemes")
    singular = _l("Scheme")
    icon = "file-text"
    list_columns = ("title", "consultation.case", "version", "written_at", "written_by")
    show_columns = ("consultation.case", "version", "title", "text", "written_at", "written_by")
    search_columns = ("consultation", "written_at")
    order_columns = ("id",)
    label_columns = {"consultation.case": _l("Consultation")}


class RollHeadView(GuardedView):
    datamodel = SQLAInterface(RollHead)
    route_base = "/ledgers/roll-heads"
    list_title = _l("Rolls: heads")
    singular = _l("Head of the roll")
    icon = "users"
    abilities = READ | {"export"}
    list_columns = ("name", "area", "consultation.case")
    show_columns = ("name", "area", "consultation.case", "owners")
    search_columns = ("consultation",)
    order_columns = ("id", "area")
    label_columns = {"consultation.case": _l("Consultation"), "owners": _l("Owners (numbers)")}


class RollUnitView(GuardedView):
    datamodel = SQLAInterface(RollUnit)
    route_base = "/ledgers/roll-units"
    list_title = _l("Rolls: units")
    singular = _l("Unit of the roll")
    icon = "home"
    abilities = READ | {"export"}
    list_columns = ("label", "head", "area", "consultation.case")
    show_columns = ("label", "head", "unit", "area", "consultation.case")
    search_columns = ("consultation", "head")
    order_columns = ("id", "area")
    label_columns = {"consultation.case": _l("Consultation"), "label": _l("Unit")}


class OpinionView(GuardedView):
    datamodel = SQLAInterface(Opinion)
    route_base = "/ledgers/opinions"
    list_title = _l("Opinions")
    singular = _l("Opinion")
    icon = "message"
    abilities = READ | {"export"}
    list_columns = ("head", "unit", "voice", "reason", "at", "visited_by", "latest", "counts")
    show_columns = (
        "consultation.case", "head", "unit", "household", "round", "scheme", "voice", "reason",
        "counts", "latest", "at", "visited_by", "next_visit",
    )  # fmt: skip
    search_columns = ("consultation", "head", "voice", "latest", "counts", "at", "visited_by")
    order_columns = ("id", "at")
    label_columns = {"consultation.case": _l("Consultation")}


class ConsultationView(GuardedView):
    datamodel = SQLAInterface(Consultation)
    route_base = "/ledgers/consultations"
    list_title = _l("Consultations: rules and results")
    singular = _l("Consultation")
    icon = "scale"
    related_views = [SchemeView]
    list_columns = ("case", "case.state_label", "scope", "rule_set", "round", "frozen_at")
    show_columns = (
        "case", "case.state_label", "scope", "rule_set", "rule", "round", "frozen_at", "result",
        "result_at",
    )  # fmt: skip
    search_columns = ("case", "scope", "rule_set", "frozen_at")
    order_columns = ("case_id", "frozen_at")
    base_order = ("case_id", True)

    def buttons(self, item: Consultation) -> list[tuple[str, str, Any]]:
        url = cells.page_of("cases.page", case_id=item.case_id)
        return [(url, "external-link", _l("Open the consultation"))] if url else []
