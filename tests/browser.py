"""The browser of the tests: a Chromium of the system's, and a font with Chinese characters.

``python -m tests.browser`` installs what is missing through the system's package manager where it
may, and says what to install where it may not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
MANAGERS = {
    "apt-get": ("install -y --no-install-recommends", "chromium", "fonts-noto-cjk"),
    "dnf": ("install -y", "chromium", "google-noto-sans-cjk-fonts"),
    "zypper": ("--non-interactive install", "chromium", "google-noto-sans-cjk-fonts"),
    "pacman": ("-S --noconfirm", "chromium", "noto-fonts-cjk"),
    "apk": ("add", "chromium", "font-noto-cjk"),
    "brew": ("install --cask", "chromium", ""),
}
"""By package manager: how it installs, and what the browser and the font are called there."""


def find() -> str:
    """The browser's program; RuntimeError when there is none."""
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    raise RuntimeError("no Chromium or Chrome here: run `make browser`")


def missing() -> tuple[bool, bool]:
    """Whether the browser is missing, and whether the font is."""
    try:
        find()
        browser = False
    except RuntimeError:
        browser = True
    lister = shutil.which("fc-list")
    if sys.platform == "darwin":
        return browser, False  # macOS comes with Chinese fonts
    if lister is None:
        return browser, not any(Path("/usr/share/fonts").rglob("*CJK*"))
    listed = subprocess.run([lister, ":lang=zh"], capture_output=True, check=False)
    return browser, not listed.stdout.strip()


def manager() -> str | None:
    return next((name for name in MANAGERS if shutil.which(name)), None)


def commands(name: str, browser: bool, font: bool) -> list[list[str]]:
    """What installs the missing parts with this package manager."""
    how, chromium, fonts = MANAGERS[name]
    wanted = [part for part, needed in ((chromium, browser), (fonts, font)) if needed and part]
    if not wanted:
        return []
    refresh = [[name, "update"]] if name == "apt-get" else []
    return [*refresh, [name, *how.split(), *wanted]]


def privilege(name: str) -> list[str] | None:
    """What goes before a command that changes the system; None when we may not."""
    if os.geteuid() == 0 or name == "brew":
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode:
        return None
    return [sudo, "-n"] if sudo else None


def main() -> int:
    browser, font = missing()
    if not browser and not font:
        return 0
    name = manager()
    steps = commands(name, browser, font) if name else []
    before = privilege(name) if name else None
    if before is not None:
        for step in steps:
            sys.stdout.write(f"+ {' '.join(step)}\n")
            sys.stdout.flush()
            subprocess.run([*before, *step], check=False, stdin=subprocess.DEVNULL)
        browser, font = missing()
    if not browser and not font:
        return 0
    parts = [*["Chromium or Chrome"] * browser, *["a font with Chinese characters"] * font]
    advice = [f"  sudo {' '.join(step)}" for step in steps] or ["  with your system's own means"]
    sys.stderr.write(
        f"The browser tests need {' and '.join(parts)}. Install it, then run this again:\n"
        + "".join(f"{line}\n" for line in advice)
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
