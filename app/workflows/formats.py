"""A workflow in the forms in which it leaves the house."""

from __future__ import annotations

from dataclasses import dataclass

from app.workflows import files, graph, layout, mermaid, picture, sheet
from app.workflows.spec import Workflow


@dataclass(frozen=True, slots=True)
class Format:
    """``name`` as people call it."""

    name: str
    media: str
    ending: str


FORMATS = {
    "yaml": Format("YAML", "application/yaml; charset=utf-8", "yaml"),
    "json": Format("JSON", "application/json; charset=utf-8", "json"),
    "svg": Format("SVG", "image/svg+xml; charset=utf-8", "svg"),
    "mermaid": Format("Mermaid", "text/plain; charset=utf-8", "mmd"),
}


def written(spec: Workflow, format_: str, language: str) -> str:
    """The text of the file; ``language`` is that of the words in pictures."""
    if format_ == "yaml":
        return files.write(spec, schema=files.SCHEMA_NAME)
    if format_ == "json":
        return files.write_json(spec)
    found = graph.of(spec, language)
    if format_ == "mermaid":
        return mermaid.draw(found)
    return sheet.alone(picture.draw(layout.of(found), title=spec.label.text(language)))
