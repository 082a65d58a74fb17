"""A workflow as Mermaid text, for documents that draw such text themselves."""

from __future__ import annotations

from app.workflows.graph import Graph

_KINDS = {
    "open": "fill:#e3effa,stroke:#0b6bb5,color:#1b2730",
    "waiting": "fill:#fdf1d8,stroke:#8a5a00,color:#1b2730",
    "done": "fill:#e0f3e8,stroke:#1e6f43,color:#1b2730",
    "cancelled": "fill:#e9edf0,stroke:#55636e,color:#1b2730",
}


def draw(graph: Graph) -> str:
    """A ``stateDiagram-v2``. Keys of states may be words of Mermaid's own, so they are numbered;
    texts are written as entities wherever Mermaid would read a character as its own."""
    names = {node.key: f"s{row}" for row, node in enumerate(graph.nodes, start=1)}
    lines = ["stateDiagram-v2", "    direction TB"]
    lines += [f'    state "{escaped(node.text)}" as {names[node.key]}' for node in graph.nodes]
    lines.append(f"    [*] --> {names[graph.start]}")
    for link in graph.links:
        text = " / ".join(escaped(text) for text in dict.fromkeys(link.texts))
        lines.append(f"    {names[link.source]} --> {names[link.target]} : {text}")
    lines += [f"    {names[node.key]} --> [*]" for node in graph.nodes if node.kind.ended]
    lines += [f"    classDef {kind} {look}" for kind, look in _KINDS.items()]
    lines += [f"    class {names[node.key]} {node.kind.value}" for node in graph.nodes]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """``text`` in one line, with ``#35;`` and the like for all that is neither letter nor digit nor
    a plain blank, comma, full stop or bracket."""
    return "".join(
        character
        if character.isalnum() or character in " ,.()-_/，。、（）"
        else f"#{ord(character)};"
        for character in " ".join(text.split())
    )
