"""What was prepared last, so that a start without a change needs no preparation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file that keeps the last preparation's words beside the fingerprint of what it saw."""

    path: Path
    fingerprint: Callable[[], str]

    def read(self) -> list[str] | None:
        """The words, if nothing has changed since they were kept."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            words = [str(line) for line in kept["words"]]
            return words if kept["fingerprint"] == self.fingerprint() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, words: list[str]) -> None:
        draft = self.path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({"fingerprint": self.fingerprint(), "words": words}))
        draft.replace(self.path)


def digest(root: Path, places: Iterable[str]) -> str:
    """A fingerprint of the files, and of those in the folders, that ``places`` name."""
    found = hashlib.sha256()
    for place in places:
        path = root / place
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                found.update(f"{file.relative_to(root)}\n{file.stat().st_size}\n".encode())
                found.update(file.read_bytes())
    return found.hexdigest()
