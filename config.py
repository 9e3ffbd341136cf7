"""Settings: one frozen value, read once from the environment, refusing to start on nonsense.

Every field carries `help` in its metadata; docs/settings.md is held to this list by a house test.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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


class Audience(StrEnum):
    """For whom a provider vouches."""

    AGENTS = "agents"
    CITIZENS = "citizens"


class Logout(StrEnum):
    """Whether signing out here ends the session at the provider too, where it can."""

    PROVIDER = "provider"
    LOCAL = "local"


@dataclass(frozen=True)
class Provider:
    """An OpenID Connect provider: each field is the variable OIDC_<NAME>_<FIELD>."""

    # <NAME> in small letters, with hyphens: it stands in the addresses of this provider.
    name: str
    issuer: str = _field("", "The provider's issuer, exactly as its discovery document says it.")
    client_id: str = _field("", "What the provider calls this portal.")
    client_secret: str = field(
        default="", repr=False, metadata={"help": "The secret it gave for that. None: a public client."}
    )
    scopes: tuple[str, ...] = _field(
        ("openid", "profile", "email"), "What is asked for, separated by spaces; openid among it."
    )
    acr: str = _field("", "The level of assurance that is asked for, and required in the answer.")
    logout: Logout = _field(Logout.PROVIDER, "provider or local.")
    create: bool = _field(False, "1: who is unknown here gets an account without any right.")
    label: str = _field("", "What the button says. Default: the name.")
    audience: Audience = _field(Audience.AGENTS, "agents or citizens.")


@dataclass(frozen=True)
class Settings:
    """What an instance is told by its surroundings. Build it with `from_env`."""

    secret_key: str = _field(
        "",
        "Signs forms and links, seals second factors; at least 32 bytes. Required outside the demonstration.",
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

    oidc: tuple[Provider, ...] = field(
        default=(),
        metadata={
            "help": "OpenID Connect providers, one set of OIDC_<NAME>_… each.",
            "prefix": "OIDC_<NAME>_",
        },
    )

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def is_loopback(self) -> bool:
        """Whether both the socket and the public address stay on this machine."""
        return of_loopback(self.host) and of_loopback(urlsplit(self.public_url).hostname or "")

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    def cookie_called(self, name: str) -> str:
        """The name under which a cookie is set. Browsers let nobody but this very host set a `__Host-` one, over https,
        for the whole of it (RFC 6265bis, 4.1.3.2); on a loopback address, without https, they would refuse it."""
        return f"__Host-{name}" if self.is_https else name

    def is_a_space(self, address: str | None) -> bool:
        """Whether a request comes from a declared espace connecté (SHARED_COMPUTERS), where people share computers."""
        try:
            found = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        return any(found in ipaddress.ip_network(network, strict=False) for network in self.shared_computers)

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
            raw = "" if "prefix" in item.metadata else env.get(item.name.upper(), "")
            if raw != "":
                values[item.name] = _parse(item.name, raw)
        values["oidc"] = _providers(env)
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


_PROVIDER_FIELDS = {item.name.upper(): item for item in dataclasses.fields(Provider) if item.name != "name"}
_PROVIDER_VARIABLE = re.compile(rf"OIDC_([A-Z0-9]+(?:_[A-Z0-9]+)*)_({'|'.join(_PROVIDER_FIELDS)})")


def _providers(env: Mapping[str, str]) -> tuple[Provider, ...]:
    """The providers, in the order of their names. An OIDC_… that is none of ours is a typing error, and said."""
    told: dict[str, dict[str, Any]] = {}
    for variable in sorted(name for name, raw in env.items() if name.startswith("OIDC_") and raw != ""):
        match = _PROVIDER_VARIABLE.fullmatch(variable)
        if match is None:
            raise SettingsError(
                f"{variable} is not understood: it is OIDC_<NAME>_ and one of {', '.join(_PROVIDER_FIELDS)}."
            )
        name = match[1].lower().replace("_", "-")
        if len(name) > 40:
            raise SettingsError(f"{variable}: the name of a provider has 40 characters at most.")
        values = told.setdefault(name, {"name": name})
        values[match[2].lower()] = _provider_value(variable, match[2], env[variable])
    found = tuple(_checked(Provider(**values)) for _name, values in sorted(told.items()))
    issuers = [provider.issuer for provider in found]
    if twice := {issuer for issuer in issuers if issuers.count(issuer) > 1}:
        # Who somebody is, is kept by issuer: two providers of one would be one, with two sets of rules.
        raise SettingsError(f"Two providers have the same OIDC_…_ISSUER: {', '.join(sorted(twice))}.")
    return found


def _provider_value(variable: str, kind: str, raw: str) -> Any:
    if not raw.isprintable():
        raise SettingsError(f"{variable} holds a character that cannot be printed.")
    if kind == "SCOPES":
        scopes = tuple(dict.fromkeys(raw.replace(",", " ").split()))
        if "openid" not in scopes:
            raise SettingsError(f"{variable} must hold openid.")
        return scopes
    if kind in ("LOGOUT", "AUDIENCE"):
        words = Logout if kind == "LOGOUT" else Audience
        if raw not in list(words):
            raise SettingsError(f"{variable} must be one of {', '.join(words)}, not {raw!r}.")
        return words(raw)
    if kind == "CREATE":
        if raw not in ("0", "1"):
            raise SettingsError(f"{variable} must be 0 or 1, not {raw!r}.")
        return raw == "1"
    if len(raw) > (60 if kind == "LABEL" else 255):
        raise SettingsError(f"{variable} is too long.")
    return raw


def _checked(provider: Provider) -> Provider:
    prefix = "OIDC_" + provider.name.upper().replace("-", "_")
    if not provider.client_id:
        raise SettingsError(f"{prefix}_CLIENT_ID is missing.")
    if not may_be_called(provider.issuer):
        raise SettingsError(
            f"{prefix}_ISSUER must be an https:// address without query (http:// on a loopback address only), "
            f"not {provider.issuer!r}."
        )
    return provider if provider.label else dataclasses.replace(provider, label=provider.name)


def may_be_called(address: str) -> bool:
    """Whether a provider may be asked there: over TLS, or without it on this very machine; no user, query, fragment."""
    try:
        parts = urlsplit(address)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return False
    host = parts.hostname or ""
    return (
        port_is_good
        and bool(host)
        and address.isascii()
        and address.isprintable()
        and " " not in address
        and (parts.scheme == "https" or (parts.scheme == "http" and of_loopback(host)))
        and "@" not in parts.netloc
        and not parts.query
        and not parts.fragment
    )


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
    if parts.scheme == "http" and not of_loopback(parts.hostname):
        raise SettingsError(
            "PUBLIC_URL must be https:// unless it is a loopback address: cookies would be readable."
        )
    if parts.scheme == "http" and not of_loopback(settings.host):
        raise SettingsError(
            f"HOST {settings.host!r} is reached from other machines, and PUBLIC_URL is not https://: cookies would be readable."
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
    if key and (len(key.encode()) < 32 or len(set(key)) < 8 or _is_of_a_guide(key, settings.is_loopback)):
        raise SettingsError("SECRET_KEY must be at least 32 random bytes (try: openssl rand -hex 32).")
    if not key and not settings.is_loopback:
        raise SettingsError("SECRET_KEY is required outside the demonstration (try: openssl rand -hex 32).")


def _is_of_a_guide(key: str, on_loopback: bool) -> bool:
    """Whether a key came out of a guide. On loopback, where it guards nothing from others, only if it is hardly more."""
    left = plain = "".join(key.lower().split("-"))
    for word in _WORDS_OF_GUIDES:
        left = left.replace(word, "")
    return len(left) < 16 if on_loopback else left != plain


def _kept_secret(data_dir: Path) -> str:
    """The demonstration's own key, made once, so that a restart signs nobody out."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


def of_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
