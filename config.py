"""Settings of the process: the only reader of the environment.

Every value is parsed strictly; a bad one stops the start with a message that names the
variable and says what it may be. A secret may come from a file: ``NAME_FILE`` is read when
``NAME`` is not set.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parent
LANGUAGES = ("zh", "en")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingError(ValueError):
    """A variable of the environment has a value that the system can't run with."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know before it starts; never changed afterwards.

    ``database_url`` and ``redis_url`` are None when the embedded servers in ``var_dir`` are to be
    used: whoever starts them (``app.host``) then passes their addresses on to its children.
    """

    database_url: str | None
    redis_url: str | None
    var_dir: Path
    secret_key: str
    host: str
    port: int
    base_url: str
    web_workers: int
    web_threads: int
    timezone: str
    language: str
    smtp_url: str | None
    mail_from: str
    private_networks: tuple[Network, ...]
    encryption_keys: tuple[str, ...]
    metrics_token: str | None
    sweep_seconds: float
    lease_seconds: int
    upload_megabytes: int
    job_days: int
    session_hours: int
    secure_cookies: bool
    proxies: int
    testing: bool

    @property
    def files_dir(self) -> Path:
        return self.var_dir / "files"


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``env`` (the process environment by default).

    Raises SettingError for the first bad variable. Creates ``var_dir`` and a secret key file in
    it when no ``SECRET_KEY`` is given, so that a restart keeps everybody logged in.
    """
    source = _Source(os.environ if env is None else env)
    var_dir = Path(source.text("SIFANG_VAR", str(ROOT / "var"))).resolve()
    port = source.integer("PORT", 8080, 1, 65535)
    host = source.text("HOST", "127.0.0.1")
    return Settings(
        database_url=_postgres(source.secret("DATABASE_URL")),
        redis_url=source.url("REDIS_URL", ("redis", "rediss", "unix")),
        var_dir=var_dir,
        secret_key=source.secret("SECRET_KEY") or _kept_key(var_dir),
        host=host,
        port=port,
        base_url=source.text("BASE_URL", f"http://127.0.0.1:{port}").rstrip("/"),
        web_workers=source.integer("WEB_WORKERS", 2, 1, 64),
        web_threads=source.integer("WEB_THREADS", 8, 1, 64),
        timezone=source.timezone("SIFANG_TIMEZONE", "Asia/Shanghai"),
        language=source.choice("SIFANG_LANGUAGE", "zh", LANGUAGES),
        smtp_url=source.url("SMTP_URL", ("smtp", "smtps")),
        mail_from=source.text("MAIL_FROM", "sifang@localhost"),
        private_networks=source.networks("PRIVATE_NETWORKS"),
        encryption_keys=source.keys("ENCRYPTION_KEY"),
        metrics_token=source.secret("METRICS_TOKEN"),
        sweep_seconds=source.number("SWEEP_SECONDS", 1.0, 0.05, 60.0),
        lease_seconds=source.integer("LEASE_SECONDS", 60, 1, 3600),
        upload_megabytes=source.integer("UPLOAD_MEGABYTES", 20, 1, 1024),
        job_days=source.integer("JOB_DAYS", 14, 1, 3650),
        session_hours=source.integer("SESSION_HOURS", 12, 1, 720),
        secure_cookies=source.boolean("SECURE_COOKIES", default=False),
        proxies=source.integer("PROXIES", 0, 0, 5),
        testing=source.boolean("SIFANG_TESTING", default=False),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    env: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        value = self.env.get(name, "").strip()
        return value or default

    def secret(self, name: str) -> str | None:
        value = self.env.get(name, "").strip()
        if value:
            return value
        path = self.env.get(f"{name}_FILE", "").strip()
        if not path:
            return None
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except OSError as error:
            raise SettingError(f"{name}_FILE", f"{path} can't be read ({error.strerror})") from None

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.secret(name)
        if value is not None and urlsplit(value).scheme not in schemes:
            raise SettingError(name, f"must start with one of {', '.join(schemes)} and ://")
        return value

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        value = self.env.get(name, "").strip()
        if not value:
            return default
        if not value.isdecimal() or not least <= int(value) <= most:
            raise SettingError(name, f"must be a whole number from {least} to {most}")
        return int(value)

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value = self.env.get(name, "").strip()
        if not value:
            return default
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            raise SettingError(name, f"must be a number from {least} to {most}")
        return number

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.env.get(name, "").strip()
        if not value:
            return default
        if value not in ("true", "false"):
            raise SettingError(name, "must be true or false")
        return value == "true"

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise SettingError(name, f"must be one of {', '.join(choices)}")
        return value

    def networks(self, name: str) -> tuple[Network, ...]:
        """Networks of IP addresses, separated by commas or blanks."""
        found = []
        for part in self.env.get(name, "").replace(",", " ").split():
            try:
                found.append(ipaddress.ip_network(part))
            except ValueError:
                raise SettingError(name, f"{part!r} is no network like 10.1.2.0/24") from None
        return tuple(found)

    def keys(self, name: str) -> tuple[str, ...]:
        """Secrets of at least 16 characters, separated by commas or blanks."""
        found = (self.secret(name) or "").replace(",", " ").split()
        if any(len(key) < 16 for key in found):
            raise SettingError(name, "must have at least 16 characters; a comma separates keys")
        return tuple(found)

    def timezone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise SettingError(name, f"{value!r} is no time zone of the IANA list") from None
        return value


def _postgres(value: str | None) -> str | None:
    """The address with the driver that we ship named in it."""
    if value is None:
        return None
    scheme, _, rest = value.partition("://")
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise SettingError("DATABASE_URL", "must start with postgresql://")
    return f"postgresql+psycopg://{rest}"


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process: this process's own, with ``changes``."""
    return {**os.environ, **changes}


def allows_colour() -> bool:
    """Whether the person at the terminal lets us write in colours: see https://no-color.org."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _kept_key(var_dir: Path) -> str:
    path = var_dir / "secret_key"
    try:
        if not path.exists():
            _write_key(path)
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        problem = f"{error.filename} can't be read or written ({error.strerror})"
        raise SettingError("SIFANG_VAR", problem) from None
    if not key:
        raise SettingError("SECRET_KEY", f"{path} is empty; remove it to get a new one")
    return key


def _write_key(path: Path) -> None:
    """Make the key file; it appears whole, and of two processes that try it one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix="secret_key.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
