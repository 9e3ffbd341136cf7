"""Settings: one frozen value, read once from the environment, refusing to start on nonsense.

Every field carries `help` in its metadata; docs/settings.md is held to this list by a house test.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent

# What a key out of somebody's guide holds. Words of six letters and more: 43 random characters of base64 spell one of them,
# in any case of letters, about once in seven million keys (38 places * 4 words * (2/64)^6).
_WORDS_OF_GUIDES = (
    "secret",
    "change",
    "password",
    "motdepasse",
    "openlab",
    "example",
    "exemple",
    "insecure",
    "azerty",
    "qwerty",
)


class SettingsError(Exception):
    """The environment cannot be understood; the message names the variable and what to do."""


def _field(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class Settings:
    """What an instance is told by its surroundings. Build it with `from_env`."""

    secret_key: str = _field(
        "", "Signs forms and links; at least 32 bytes. Required outside the demonstration."
    )
    data_dir: Path = _field(ROOT / "data", "Where the database, keys, mails and uploads live.")
    database_url: str = _field("", "SQLAlchemy address. Default: SQLite in DATA_DIR.")
    redis_url: str = _field("", "Redis, when there are several processes. None: one process.")
    host: str = _field("127.0.0.1", "Address to listen on.")
    port: int = _field(8000, "Port to listen on.")
    public_url: str = _field("", "Address under which people see the portal. Default: http://HOST:PORT.")
    allowed_origins: tuple[str, ...] = _field(
        (), "Further origins that may open the live table, separated by commas. PUBLIC_URL always may."
    )
    smtp_url: str = _field("", "smtp://user:password@host:port. None: mails become files in DATA_DIR/mail.")
    mail_from: str = _field("openlab@localhost", "Sender of the mails.")
    metrics_token: str = _field(
        "", "Bearer token that opens /metrics and the details of /readyz from elsewhere."
    )
    shared_computers: tuple[str, ...] = _field(
        (), "Address ranges of espaces connectés, separated by commas."
    )
    trusted_proxies: int = _field(0, "How many reverse proxies stand in front (for X-Forwarded-*).")
    log_level: str = _field("INFO", "DEBUG, INFO, WARNING or ERROR.")
    demo: bool | None = _field(None, "DEMO=0 makes no demonstration content; DEMO=1 allows it off loopback.")

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def is_loopback(self) -> bool:
        """Whether both the socket and the public address stay on this machine."""
        return _loopback(self.host) and _loopback(urlsplit(self.public_url).hostname or "")

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin that may open a socket. On loopback its three usual names count as one."""
        found = [self.public_url, *self.allowed_origins]
        if self.is_loopback:
            found += [f"http://{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        return tuple(dict.fromkeys(found))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
        """Read and check the environment. Raises SettingsError with a sentence that says what to change."""
        env = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for item in dataclasses.fields(cls):
            raw = env.get(item.name.upper(), "")
            if raw != "":
                values[item.name] = _parse(item.name, raw)
        values.update(overrides)
        return _complete(cls(**values))


def _parse(name: str, raw: str) -> Any:
    if name in ("port", "trusted_proxies"):
        if not raw.isdigit() or int(raw) > 65535:
            raise SettingsError(f"{name.upper()} must be a whole number, not {raw!r}.")
        return int(raw)
    if name == "data_dir":
        return Path(raw).expanduser().resolve()
    if name in ("allowed_origins", "shared_computers"):
        return tuple(part.strip().rstrip("/") for part in raw.split(",") if part.strip())
    if name == "demo":
        return raw not in ("0", "false", "no")
    return raw


def _complete(settings: Settings) -> Settings:
    changes: dict[str, Any] = {}
    if not settings.database_url:
        changes["database_url"] = f"sqlite:///{settings.data_dir / 'openlab.sqlite3'}"
    elif settings.database_url.startswith("postgresql://"):
        # psycopg 3 is the driver that is installed; a bare address means it.
        changes["database_url"] = settings.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    if not settings.public_url:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        changes["public_url"] = f"http://{host}:{settings.port}"
    else:
        changes["public_url"] = settings.public_url.rstrip("/")
    settings = dataclasses.replace(settings, **changes)
    _check(settings)
    if not settings.secret_key:
        settings = dataclasses.replace(settings, secret_key=_kept_secret(settings.data_dir))
    return settings


def _check(settings: Settings) -> None:
    parts = urlsplit(settings.public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"PUBLIC_URL must be an http(s) address, not {settings.public_url!r}.")
    if parts.scheme == "http" and not _loopback(parts.hostname):
        raise SettingsError(
            "PUBLIC_URL must be https:// unless it is a loopback address: cookies would be readable."
        )
    for origin in settings.allowed_origins:
        if (
            origin in ("*", "null")
            or urlsplit(origin).scheme not in ("http", "https")
            or not urlsplit(origin).hostname
        ):
            raise SettingsError(f"ALLOWED_ORIGINS: {origin!r} is not an explicit http(s) origin.")
    for network in settings.shared_computers:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise SettingsError(f"SHARED_COMPUTERS: {network!r} is not an address range.") from None
    if settings.log_level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
    token = settings.metrics_token
    if token and (len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token):
        raise SettingsError(
            "METRICS_TOKEN must be at least 16 characters without spaces or accents (try: openssl rand -hex 16)."
        )
    key = settings.secret_key
    if key and (len(key.encode()) < 32 or len(set(key)) < 8 or _is_of_a_guide(key)):
        raise SettingsError("SECRET_KEY must be at least 32 random bytes (try: openssl rand -hex 32).")
    if not key and not settings.is_loopback:
        raise SettingsError("SECRET_KEY is required outside the demonstration (try: openssl rand -hex 32).")


def _is_of_a_guide(key: str) -> bool:
    return any(word in "".join(key.lower().split("-")) for word in _WORDS_OF_GUIDES)


def _kept_secret(data_dir: Path) -> str:
    """The demonstration's own key, made once, so that a restart signs nobody out."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
