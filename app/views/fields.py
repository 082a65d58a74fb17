"""Form fields beyond those of WTForms."""

from __future__ import annotations

from typing import Any

from wtforms import Field


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
