"""Settings: read strictly, and a bad value says which variable and what it may be."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

import config


def load(tmp_path: Path, **env: str) -> config.Settings:
    return config.load({"SIFANG_VAR": str(tmp_path / "var"), **env})


def test_nothing_set_gives_a_local_installation_with_embedded_servers(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.database_url, settings.redis_url) == (None, None)
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.base_url == "http://127.0.0.1:8080"
    assert (settings.timezone, settings.language) == ("Asia/Shanghai", "zh")
    assert settings.files_dir == tmp_path / "var" / "files"
    assert not settings.testing


def test_the_base_url_follows_the_port_and_loses_its_last_slash(tmp_path: Path) -> None:
    assert load(tmp_path, PORT="9000").base_url == "http://127.0.0.1:9000"
    assert load(tmp_path, BASE_URL="https://sifang.example/").base_url == "https://sifang.example"


@pytest.mark.parametrize(
    "given", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"]
)
def test_the_database_address_names_the_driver_that_we_ship(tmp_path: Path, given: str) -> None:
    assert load(tmp_path, DATABASE_URL=given).database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "80a", "from 1 to 65535"),
        ("PORT", "-1", "from 1 to 65535"),
        ("WEB_WORKERS", "65", "from 1 to 64"),
        ("WEB_THREADS", "0", "from 1 to 64"),
        ("SWEEP_SECONDS", "never", "from 0.05 to 60.0"),
        ("SWEEP_SECONDS", "nan", "from 0.05 to 60.0"),
        ("SWEEP_SECONDS", "61", "from 0.05 to 60.0"),
        ("SECURE_COOKIES", "yes", "true or false"),
        ("SIFANG_LANGUAGE", "fr", "zh, en"),
        ("SIFANG_TIMEZONE", "Asia/Nowhere", "IANA"),
        ("SIFANG_TIMEZONE", "../../etc/passwd", "IANA"),
        ("DATABASE_URL", "sqlite:///x.db", "postgresql://"),
        ("REDIS_URL", "http://localhost", "redis, rediss, unix"),
        ("SMTP_URL", "localhost:25", "smtp, smtps"),
        ("PRIVATE_NETWORKS", "10.0.0.0/8, intranet", "10.1.2.0/24"),
        ("PRIVATE_NETWORKS", "10.1.2.3/8", "10.1.2.0/24"),
        ("ENCRYPTION_KEY", "0123456789abcdef0123,short", "16 characters"),
    ],
)
def test_a_bad_value_is_refused_by_name(
    tmp_path: Path, name: str, value: str, allowed: str
) -> None:
    with pytest.raises(config.SettingError) as caught:
        load(tmp_path, **{name: value})
    assert caught.value.name == name
    assert str(caught.value).startswith(f"{name}: ")
    assert allowed in str(caught.value)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("from the file\n")
    assert load(tmp_path, SECRET_KEY_FILE=str(path)).secret_key == "from the file"
    assert load(tmp_path, SECRET_KEY="given", SECRET_KEY_FILE=str(path)).secret_key == "given"


def test_networks_and_keys_are_lists(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        PRIVATE_NETWORKS="127.0.0.0/8, fd00::/8 10.1.2.3",
        ENCRYPTION_KEY="new-key-0123456789,old-key-0123456789",
    )
    assert [str(each) for each in settings.private_networks] == [
        "127.0.0.0/8",
        "fd00::/8",
        "10.1.2.3/32",
    ]
    assert settings.encryption_keys == ("new-key-0123456789", "old-key-0123456789")


def test_a_missing_secret_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(config.SettingError, match=r"DATABASE_URL_FILE: .*No such file"):
        load(tmp_path, DATABASE_URL_FILE=str(tmp_path / "absent"))


def test_the_made_key_is_kept_and_private(tmp_path: Path) -> None:
    first = load(tmp_path).secret_key
    assert len(first) >= 48
    assert load(tmp_path).secret_key == first
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def _report_key(path: str, barrier: object, answers: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    answers.put(load(Path(path)).secret_key)  # type: ignore[attr-defined]


def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(4), context.Queue()
    children = [
        context.Process(target=_report_key, args=(str(tmp_path), barrier, answers))
        for _ in range(4)
    ]
    for child in children:
        child.start()
    keys = {answers.get(timeout=30) for _ in children}
    for child in children:
        child.join()
    assert len(keys) == 1


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret_key").touch()
    with pytest.raises(config.SettingError, match=r"SECRET_KEY: .* is empty"):
        load(tmp_path)


def test_a_var_directory_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file stands in the way")
    with pytest.raises(config.SettingError, match="SIFANG_VAR: "):
        load(tmp_path)


def test_a_child_gets_our_environment_with_the_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "a")
    monkeypatch.setenv("CHANGED", "b")
    child = config.environment({"CHANGED": "c", "ADDED": "d"})
    assert (child["KEPT"], child["CHANGED"], child["ADDED"]) == ("a", "c", "d")
