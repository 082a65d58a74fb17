"""The Chinese words of the pages: ``python translations/build.py compile|update|prune|check``.

The English text in the code is the message id. The translations are in ``parts/<area>.po``, one
small file per area of the program, so that several people can add words without meeting in one
file; ``parts/libraries.po`` holds those of strings that come from libraries. Every part is merged
into ``zh/LC_MESSAGES/messages.mo``, which is made at set-up and not kept in git.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "translations"
PARTS = HERE / "parts"
COMPILED = HERE / "zh" / "LC_MESSAGES" / "messages.mo"
LIBRARIES = "libraries"
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "_l": None,
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd%]")

Key = tuple[str, str | None]
"""What names a message: its id (the singular one) and its context."""


def key(message: Message) -> Key:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return text, message.context


def extracted() -> Catalog:
    """Every string that the code and the templates ask a translation for."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    catalog = Catalog(locale="zh")
    found = extract_from_dir(
        ROOT, methods, options, keywords=KEYWORDS, comment_tags=("NOTE:",), strip_comment_tags=True
    )
    for path, line, text, comments, context in found:
        catalog.add(text, None, [(path, line)], auto_comments=comments, context=context)
    return catalog


def parts(folder: Path = PARTS) -> dict[str, Catalog]:
    """The translations by the name of their part."""
    result = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            result[path.stem] = read_po(file, locale="zh", abort_invalid=True)
    return result


def entries(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def problems(wanted: Catalog, given: dict[str, Catalog]) -> list[str]:
    """What keeps the translation from being complete and current, one line each."""
    found: dict[Key, str] = {}
    asked = {key(message): message for message in entries(wanted)}
    lines = []
    for name, catalog in given.items():
        for message in entries(catalog):
            where = f"translations/parts/{name}.po: {key(message)[0]!r}"
            if key(message) in found:
                lines.append(f"{where} stands in {found[key(message)]}.po too")
            found[key(message)] = name
            if name != LIBRARIES and key(message) not in asked:
                lines.append(f"{where} is used nowhere: translations/build.py prune removes it")
            lines += [f"{where} {fault}" for fault in _faults(message)]
    for wanted_key, message in asked.items():
        if wanted_key not in found:
            path, line = message.locations[0]
            lines.append(
                f"{path}:{line}: {wanted_key[0]!r} is in no part: make translations adds it"
            )
    return lines


def _faults(message: Message) -> Iterator[str]:
    texts = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    if not all(texts):
        yield "is not translated"
        return
    if message.fuzzy:
        yield "is marked as fuzzy"
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    allowed = set().union(*(_placeholders(text) for text in ids))
    for text in texts:
        # Of a plural's two forms one may do without the number; Chinese has only one form.
        if _placeholders(text) != allowed:
            yield f"has other placeholders than its translation: {text!r}"


def _placeholders(text: str) -> set[str]:
    return {match[0] for match in PLACEHOLDER.finditer(text) if match[0] != "%%"}


def update(wanted: Catalog, given: dict[str, Catalog]) -> dict[str, Catalog]:
    """The parts with what is new, still to be translated, in the part of its area."""
    known = {key(message) for catalog in given.values() for message in entries(catalog)}
    result = dict(given)
    for message in entries(wanted):
        if key(message) not in known:
            part = result.setdefault(area(str(message.locations[0][0])), Catalog(locale="zh"))
            part.add(message.id, context=message.context)
    return result


def prune(wanted: Catalog, given: dict[str, Catalog]) -> dict[str, Catalog]:
    """The parts without what nobody uses any more or what an earlier part has too."""
    asked = {key(message) for message in entries(wanted)}
    known: set[Key] = set()
    result: dict[str, Catalog] = {}
    for name, catalog in given.items():
        result[name] = Catalog(locale="zh")
        for message in entries(catalog):
            if key(message) not in known and (name == LIBRARIES or key(message) in asked):
                copy(message, result[name])
                known.add(key(message))
    return result


def copy(message: Message, catalog: Catalog) -> None:
    catalog.add(
        message.id,
        message.string,
        flags=message.flags,
        user_comments=message.user_comments,
        context=message.context,
    )


def area(path: str) -> str:
    """The part for the strings of a file: ``app/templates/meeting/list.html`` is ``meeting``."""
    names = Path(path).with_suffix("").parts
    below = names[2:] if names[1] in ("views", "templates") else names[1:]
    return below[0].strip("_")


def write(catalog: Catalog, path: Path) -> None:
    """Write the part; a part without strings goes away."""
    if not len(catalog):
        path.unlink(missing_ok=True)
        return
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, no_location=True, omit_header=True, sort_output=True)
    path.write_text(HEADER + buffer.getvalue().decode("utf-8").strip() + "\n", encoding="utf-8")


def compile_(given: Iterable[Catalog], path: Path = COMPILED) -> int:
    """Write the one compiled catalogue; the number of its strings."""
    merged = Catalog(locale="zh")
    for catalog in given:
        for message in entries(catalog):
            copy(message, merged)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        write_mo(file, merged)
    draft.replace(path)
    return len(merged)


def main(arguments: list[str]) -> int:
    if arguments in (["update"], ["prune"]):
        change = update if arguments == ["update"] else prune
        for name, catalog in change(extracted(), parts()).items():
            write(catalog, PARTS / f"{name}.po")
    elif arguments not in (["check"], ["compile"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    given = parts()
    if arguments != ["check"]:
        sys.stdout.write(f"{compile_(given.values())} Chinese strings compiled\n")
    if arguments == ["compile"]:
        return 0
    found = problems(extracted(), given)
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
