"""Finding and installing the browser of the tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests import browser

Machine = Callable[..., None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine that has these programs, where we are root or not."""

    def set_up(*programs: str, root: bool = False, sudo: int = 0) -> None:
        monkeypatch.setattr("shutil.which", lambda name: name if name in programs else None)
        monkeypatch.setattr("os.geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr("sys.platform", "linux")

        def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
            code = sudo if command[:2] == ["sudo", "-n"] else 0
            return subprocess.CompletedProcess(command, code, stdout=b"")

        monkeypatch.setattr("subprocess.run", run)

    return set_up


def test_the_first_known_browser_is_taken(machine: Machine) -> None:
    machine("google-chrome", "chromium-browser")
    assert browser.find() == "chromium-browser"


def test_without_a_browser_the_way_to_one_is_named(machine: Machine) -> None:
    machine()
    with pytest.raises(RuntimeError, match="make browser"):
        browser.find()


def test_only_what_is_missing_is_installed() -> None:
    assert browser.commands("apt-get", browser=False, font=False) == []
    refresh, install = browser.commands("apt-get", browser=False, font=True)
    assert refresh == ["apt-get", "update"]
    assert install[-1] == "fonts-noto-cjk"
    assert "chromium" not in install
    assert browser.commands("brew", browser=True, font=False) == [
        ["brew", "install", "--cask", "chromium"]
    ]


def test_root_needs_no_leave_others_a_sudo_that_does_not_ask(machine: Machine) -> None:
    machine(root=True)
    assert browser.privilege("apt-get") == []
    machine("sudo")
    assert browser.privilege("apt-get") == ["sudo", "-n"]
    machine("sudo", sudo=1)
    assert browser.privilege("apt-get") is None
    machine()
    assert browser.privilege("apt-get") is None
    assert browser.privilege("brew") == []


def test_who_may_not_install_is_told_exactly_what_to(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine("apt-get", "sudo", "fc-list", sudo=1)
    assert browser.main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Chromium or Chrome and a font with Chinese characters" in said.err
    assert "  sudo apt-get install -y --no-install-recommends chromium fonts-noto-cjk\n" in said.err


def test_an_installation_that_did_not_help_is_told(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine("apt-get", "fc-list", root=True)
    assert browser.main() == 1
    said = capsys.readouterr()
    assert "+ apt-get update\n+ apt-get install" in said.out
    assert "Install it, then run this again" in said.err


def test_nothing_is_done_when_all_is_here(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "missing", lambda: (False, False))
    machine()
    assert browser.main() == 0
