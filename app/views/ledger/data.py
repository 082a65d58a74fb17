"""Fields for lists of keys and for structured data, written as people write them."""

from __future__ import annotations

import re
from typing import Any

import yaml
from flask_babel import gettext as _
from wtforms import Field
from wtforms.widgets import TextArea, TextInput

from app.views import labels
from app.views.fields import clean, with_attributes
from app.workflows import faults, nodes

_KEYS = re.compile(r"[\s,，、;；]+")


class KeysField(Field):
    """A list of keys, typed with commas or blanks between them."""

    widget = TextInput()

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else ", ".join(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        text = clean(valuelist[0]) if valuelist else ""
        self.data = [key for key in _KEYS.split(text) if key]
        for key in self.data:
            if len(key) > 60:
                raise ValueError(_("“%(key)s…” is too long for a key.", key=key[:20]))
        twice = {key for key in self.data if self.data.count(key) > 1}
        if twice:
            raise ValueError(_("“%(key)s” is given twice.", key=sorted(twice)[0]))


class YamlField(Field):
    """A list or a mapping, written as YAML. Tags, anchors and doubled keys are refused."""

    widget = TextArea()
    LONGEST = 50_000

    def __init__(self, *args: Any, shape: type[Any] = dict, **kw: Any) -> None:
        super().__init__(*args, **with_attributes(kw, rows="8", spellcheck="false"))
        self.shape = shape

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return as_yaml(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = (valuelist[0] if valuelist else "").replace("\r\n", "\n")
        self.data = self.shape()
        if not text.strip():
            return
        if len(text) > self.LONGEST:
            raise ValueError(_("The text is too long."))
        try:
            self.data = nodes.plain(nodes.parse(text))
        except faults.FaultError as error:
            fault = error.found[0]
            said = fault.text.text(labels.language())
            raise ValueError(
                _("Line %(line)s: %(problem)s", line=fault.line, problem=said)
            ) from None
        if isinstance(self.data, self.shape):
            return
        if self.shape is list:
            raise ValueError(_("A list is expected: each entry on its own line after “- ”."))
        raise ValueError(_("Pairs are expected: “name: value”, each on its own line."))


def as_yaml(value: Any) -> str:
    """Data as people read it; empty for nothing."""
    if value in (None, {}, []):
        return ""
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=88).rstrip("\n")
