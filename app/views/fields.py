"""Form fields beyond those of WTForms: native controls, Chinese input, messages in two languages.

A field keeps what was typed when it is wrong, so that nothing typed is lost.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from wtforms import Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput, DateTimeLocalInput, TelInput, TextInput

from app.services import edge
from app.views import labels

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def describe(field: Field, errors: Any) -> dict[str, str]:
    """Attributes that tie help and errors to the control, for screen readers."""
    ids = [f"{field.id}-help"] if field.description else []
    attributes = {}
    if errors:
        ids.append(f"{field.id}-error")
        attributes["aria-invalid"] = "true"
    if ids:
        attributes["aria-describedby"] = " ".join(ids)
    return attributes


def clean(text: str | None) -> str:
    """Without control characters (the database refuses NUL) and blanks at both ends."""
    return _CONTROL.sub("", (text or "").replace("\r\n", "\n")).strip()


def narrow(text: str) -> str:
    """Full-width digits and signs, as Chinese keyboards type them, made plain."""
    return unicodedata.normalize("NFKC", text).strip()


def with_attributes(options: dict[str, Any], **attributes: str) -> dict[str, Any]:
    """Options of a field with these attributes of its control, unless the options say else."""
    return {**options, "render_kw": {**attributes, **(options.get("render_kw") or {})}}


class TextField(StringField):
    """One line; an empty one is the empty text."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = " ".join(clean(valuelist[0]).split())


class LongField(TextAreaField):
    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = clean(valuelist[0])


class NumberField(Field):
    """A whole number within what the column can hold."""

    widget = TextInput()

    def __init__(self, *args: Any, least: int = -(2**31), most: int = 2**31 - 1, **kw: Any) -> None:
        super().__init__(*args, **with_attributes(kw, inputmode="numeric", autocomplete="off"))
        self.least, self.most = least, most

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = narrow(valuelist[0]) if valuelist else ""
        self.data = None
        if not text:
            return
        if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
            raise ValueError(_("Please enter a whole number."))
        if not self.least <= int(text) <= self.most:
            raise ValueError(
                _(
                    "Please enter a number from %(least)s to %(most)s.",
                    least=self.least,
                    most=self.most,
                )
            )
        self.data = int(text)


class ExactField(Field):
    """A decimal number with at most ``places`` places; never a float."""

    widget = TextInput()

    def __init__(self, *args: Any, places: int = 2, **kw: Any) -> None:
        super().__init__(*args, **with_attributes(kw, inputmode="decimal", autocomplete="off"))
        self.places = places

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = narrow(valuelist[0]).replace(",", "") if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError(_("Please enter a number.")) from None
        if not number.is_finite() or abs(number) >= 10**10:
            raise ValueError(_("Please enter a number."))
        if number != round(number, self.places):
            raise ValueError(_("At most %(places)s decimal places.", places=self.places))
        self.data = number


class InstantField(Field):
    """Local date and time at the edge, an aware instant in UTC inside."""

    widget = DateTimeLocalInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else edge.local(self.data).strftime("%Y-%m-%dT%H:%M")

    def process_formdata(self, valuelist: list[str]) -> None:
        text = narrow(valuelist[0]).replace(" ", "T") if valuelist else ""
        self.data = None
        if not text:
            return
        for pattern in ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"):
            try:
                self.data = edge.instant(datetime.strptime(text, pattern))  # noqa: DTZ007  local
            except (ValueError, OverflowError):
                continue
            return
        raise ValueError(_("Please enter date and time, for example 2026-11-21 14:30."))


class DayField(Field):
    """A calendar date."""

    widget = DateInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data.isoformat())

    def process_formdata(self, valuelist: list[str]) -> None:
        text = narrow(valuelist[0]).replace("/", "-").replace(".", "-") if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a date
        except ValueError:
            raise ValueError(_("Please enter a date, for example 2026-11-21.")) from None


class EnumField(SelectField):
    """Members of an enum, worded in the reader's language when the page is drawn."""

    def __init__(
        self, *args: Any, members: type[enum.Enum], blank: bool = False, **kw: Any
    ) -> None:
        self.members, self.blank = members, blank
        self.always = not blank
        super().__init__(*args, choices=self._offered, coerce=self._member, **kw)

    def _offered(self) -> list[SelectChoice]:
        empty = [SelectChoice(value="", label=_("Please choose"))] if self.blank else []
        return empty + [
            SelectChoice(value=str(member.value), label=labels.of_enum(member))
            for member in self.members
        ]

    def _member(self, value: Any) -> Any:
        if value is None or value == "":
            return None
        return value if isinstance(value, self.members) else self.members(value)

    def pre_validate(self, form: Any) -> None:
        """Coercing has refused what is no member; an empty choice is the validators' business."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if not valuelist:
            return
        try:
            self.data = self._member(valuelist[0])
        except ValueError:
            raise ValueError(_("Please choose one of the list.")) from None


class PhoneField(StringField):
    """Shows the number masked; what comes back masked leaves it as it was."""

    widget = TelInput()

    def __init__(self, *args: Any, **kw: Any) -> None:
        # Of somebody else, so that the browser should not offer the writer's own.
        super().__init__(*args, **with_attributes(kw, inputmode="tel", autocomplete="off"))

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else masked(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        before = self.object_data or ""
        text = narrow(clean(valuelist[0])) if valuelist else ""
        if before and text == masked(before):
            self.data = before
            return
        self.data = re.sub(r"[\s()-]", "", text)
        if self.data and not re.fullmatch(r"\+?[0-9]{3,20}", self.data):
            raise ValueError(_("Please enter a telephone number: digits only."))


def masked(number: str | None) -> str:
    """``138****5678``; short numbers keep their last two digits."""
    text = number or ""
    if not text:
        return ""
    if len(text) < 8:
        return "*" * max(len(text) - 2, 0) + text[-2:]
    return f"{text[:3]}****{text[-4:]}"
