"""How the instance is set: its key, its addresses, its proxies, its accounts, its backups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import session
from app.doctor.findings import Finding, note, ok, wrong
from app.doctor.stores import stored
from config import Settings, of_loopback

# One night that was missed, and a few hours to notice.
BACKUP_TOO_OLD = timedelta(days=2)


def secret(settings: Settings) -> Iterator[Finding]:
    """Settings refuse a key that is short or out of a guide; what is left is one that was made for a demonstration."""
    made = settings.data_dir / "secret_key"
    length = len(settings.secret_key.encode())
    try:
        is_made = made.read_text(encoding="utf-8").strip() == settings.secret_key
    except (OSError, UnicodeDecodeError):
        is_made = False
    if is_made and not settings.is_loopback:
        yield wrong(
            "secret",
            "SECRET_KEY is the one the demonstration made for itself",
            "Make another one: openssl rand -hex 32. What it invalidates is in docs/settings.md.",
        )
    elif length < 32:
        yield wrong("secret", f"SECRET_KEY has {length} bytes", "Make another one: openssl rand -hex 32")
    else:
        yield ok("secret", f"SECRET_KEY has {length} bytes{', made in DATA_DIR' if is_made else ''}")


def addresses(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.public_url)
    if parts.path or parts.query or parts.fragment:
        yield wrong(
            "origins.public",
            f"PUBLIC_URL {settings.public_url} is more than an origin",
            "Write scheme and host only: browsers name themselves so, and the live table stays shut otherwise.",
        )
    elif not settings.is_https and not settings.is_loopback:
        yield wrong(
            "origins.public", "PUBLIC_URL is not https://", "Put a proxy with a certificate in front."
        )
    else:
        yield ok("origins.public", f"people see {settings.public_url}")
    bad = [
        origin
        for origin in settings.allowed_origins
        if urlsplit(origin).path or (settings.is_https and not origin.startswith("https://"))
    ]
    if bad:
        yield wrong(
            "origins.allowed",
            f"ALLOWED_ORIGINS: {', '.join(bad[:5])}",
            "An origin is https://host without a path. One over http:// lets whoever is on the line in between.",
        )
    elif settings.allowed_origins:
        yield ok("origins.allowed", f"also {', '.join(settings.allowed_origins[:5])}")


def proxies(settings: Settings) -> Iterator[Finding]:
    count = settings.trusted_proxies
    if settings.is_https and not count:
        # This server speaks no TLS by itself, so somebody stands in front.
        yield wrong(
            "origins.proxies",
            "PUBLIC_URL is https:// and TRUSTED_PROXIES is 0: all readers seem to be one computer",
            "Set TRUSTED_PROXIES to the number of proxies, which have to set X-Forwarded-For.",
        )
    elif count and not of_loopback(settings.host):
        yield note(
            "origins.proxies",
            f"{count} proxies are believed, and HOST {settings.host} is reached from other machines",
            "Let only the proxy reach this port: whoever goes round it may say any address is theirs.",
        )
    else:
        yield ok("origins.proxies", f"{count} proxies are believed")


def accounts(settings: Settings) -> Iterator[Finding]:
    with stored(settings):
        people = (
            session().scalar(
                sa.select(sa.func.count()).where(Person.is_demo, Person.password_hash.is_not(None))
            )
            or 0
        )
    if not people:
        yield ok("accounts", "no account has the demonstration's password")
    elif settings.is_loopback:
        yield ok("accounts", f"{people} accounts of the demonstration, on this machine alone")
    elif settings.demo is True:
        yield note(
            "accounts",
            f"{people} accounts whose password is public, as DEMO=1 allows",
            "Never put a real text here.",
        )
    else:
        yield wrong(
            "accounts",
            f"{people} accounts whose password is public",
            "Use another database; without DEMO=1 this one is not served.",
        )


def backup(settings: Settings) -> Iterator[Finding]:
    """The last one that was noted in the audit log."""
    with stored(settings):
        last = session().scalar(sa.select(sa.func.max(AuditEntry.at)).where(AuditEntry.act == "backup"))
    if last is None:
        yield note(
            "backup",
            "no backup is known here",
            "Back up the database and DATA_DIR each night, and try to restore one.",
        )
        return
    age = clock.now() - last
    told = f"the last backup was made {age.days} days and {age.seconds // 3600} hours ago"
    if age > BACKUP_TOO_OLD:
        yield wrong("backup", told, "Look at what should make one each night, and make one now.")
    else:
        yield ok("backup", told)
