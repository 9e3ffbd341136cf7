"""The work that waits, what needs attention, and the settings as they stand."""

from __future__ import annotations

import dataclasses
import shutil
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from app import alerts, clock, mail
from app.accounts.models import Person, PersonKind, PersonStatus, Role
from app.administration import directory_queries, people_queries
from app.db import OutboxRow, database, session
from app.directory import catalogue
from app.directory.models import Administration, OnlineService
from app.jobs import DueRow, Lease
from app.policy import PortalRole
from config import ROOT, Settings
from drafts import damage
from drafts.damage import AlertLine
from publish.queries import live_cards

# Lines of each list of jobs.
MOST = 100
# News and mails that have waited longer than this were not simply noted a moment ago.
LATE = timedelta(minutes=2)
# Shown as they are. Whatever is not in here is said to be there or not: a new setting may be a secret.
SHOWN = frozenset({
    "data_dir", "host", "port", "public_url", "allowed_origins", "mail_from", "shared_computers",
    "trusted_proxies", "log_level", "demo",
})  # fmt: skip


@dataclass(frozen=True)
class Job:
    """A due row. `error` is the class of what went wrong, never its words."""

    id: int
    kind: str
    key: str
    due_at: datetime
    attempts: int
    error: str
    failed_at: datetime | None


@dataclass(frozen=True)
class Late:
    """News of one kind, or mails, that wait: how many, since when."""

    kind: str
    count: int
    since: datetime


@dataclass(frozen=True)
class Work:
    worker_until: datetime | None
    is_alive: bool
    failed: tuple[Job, ...]
    late: tuple[Job, ...]
    waiting: tuple[Job, ...]
    count: int
    news: tuple[Late, ...]
    mails: int
    mails_since: datetime | None


@dataclass(frozen=True)
class Setting:
    name: str
    help: str
    value: str
    # None: the value is shown; else whether there is one.
    is_set: bool | None


@dataclass(frozen=True)
class Machine:
    version: str
    head: str
    meant: str
    database: str
    free: int
    total: int


def _is_alive(now: datetime) -> tuple[datetime | None, bool]:
    until = session().scalar(sa.select(Lease.until).where(Lease.name == "worker"))
    return until, until is not None and until > now


def work() -> Work:
    now = clock.now()
    until, is_alive = _is_alive(now)
    waiting = sa.select(DueRow).where(DueRow.done_at.is_(None)).order_by(DueRow.due_at).limit(MOST)
    news = session().execute(
        sa.select(OutboxRow.name, sa.func.count(), sa.func.min(OutboxRow.noted_at))
        .where(OutboxRow.delivered_at.is_(None), OutboxRow.noted_at < now - LATE)
        .group_by(OutboxRow.name)
        .order_by(OutboxRow.name)
    )
    mails, since = (
        session()
        .execute(
            sa.select(sa.func.count(), sa.func.min(mail.Mail.noted_at)).where(mail.Mail.sent_at.is_(None))
        )
        .one()
    )
    failing, due = DueRow.attempts > 0, DueRow.due_at < now - LATE
    return Work(
        worker_until=until,
        is_alive=is_alive,
        failed=_jobs(waiting.where(failing)),
        late=_jobs(waiting.where(~failing, due)),
        waiting=_jobs(waiting.where(~failing, ~due)),
        count=session().scalar(
            sa.select(sa.func.count()).select_from(DueRow).where(DueRow.done_at.is_(None))
        ) or 0,
        news=tuple(Late(*row) for row in news),
        mails=mails,
        mails_since=since,
    )  # fmt: skip


def _jobs(query: sa.Select[DueRow]) -> tuple[Job, ...]:
    return tuple(
        Job(row.id, row.kind, row.key, row.due_at, row.attempts, row.error, row.failed_at)
        for row in session().scalars(query)
    )


@dataclass(frozen=True)
class Desk:
    """What an administrator looks at first."""

    alerts: int
    failed: int
    is_alive: bool
    without_place: int
    suspended: int
    guests: int
    agents: int
    administrators: int
    administrations: int
    services: int
    articles: int
    outages: tuple[tuple[int, str, str], ...]


def desk() -> Desk:
    now = clock.now()
    _until, is_alive = _is_alive(now)
    failed = session().scalar(
        sa.select(sa.func.count()).select_from(DueRow).where(DueRow.done_at.is_(None), DueRow.attempts > 0)
    )
    return Desk(
        alerts=len(alerts.open_alerts()),
        failed=failed or 0,
        is_alive=is_alive,
        without_place=_people(*people_queries.without_place()),
        suspended=_people(Person.status == PersonStatus.SUSPENDED),
        guests=_people(Person.kind == PersonKind.GUEST, Person.status == PersonStatus.ACTIVE),
        agents=_people(Person.kind == PersonKind.AGENT, Person.status == PersonStatus.ACTIVE),
        administrators=_people(
            Person.status == PersonStatus.ACTIVE, Person.roles.any(Role.role == PortalRole.ADMINISTRATOR)
        ),
        administrations=catalogue.count(Administration),
        services=catalogue.count(OnlineService),
        articles=len(live_cards()),
        outages=tuple(directory_queries.outages(now)),
    )


def _people(*where: sa.ColumnElement[bool]) -> int:
    return (
        session().scalar(
            sa.select(sa.func.count()).select_from(Person).where(Person.erased_at.is_(None), *where)
        )
        or 0
    )


def open_alerts() -> list[AlertLine]:
    return damage.open_lines()


@dataclass(frozen=True)
class Settled:
    kind: str
    subject: str
    first_at: datetime
    settled_at: datetime
    count: int


def settled_alerts() -> list[Settled]:
    """Those that were seen or are no longer so, the newest first."""
    rows = session().scalars(
        sa.select(alerts.Alert)
        .where(alerts.Alert.settled_at.is_not(None))
        .order_by(alerts.Alert.settled_at.desc())
        .limit(MOST)
    )
    return [
        Settled(row.kind, row.subject, row.first_at, row.settled_at, row.count)
        for row in rows
        if row.settled_at is not None
    ]


def settings_shown(settings: Settings) -> list[Setting]:
    """Every setting by its name in the environment. Secrets, and addresses that may hold one, are never shown."""
    found = []
    for item in dataclasses.fields(settings):
        value: Any = getattr(settings, item.name)
        words = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        shown = item.name in SHOWN
        found.append(
            Setting(
                item.name.upper(), item.metadata.get("help", ""),
                words if shown and value not in (None, ()) else "", None if shown else bool(value),
            )
        )  # fmt: skip
    return found


@cache
def _version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def machine(settings: Settings) -> Machine:
    disk = shutil.disk_usage(settings.data_dir)
    return Machine(
        version=_version(),
        head=session().scalar(sa.text("SELECT version_num FROM alembic_version")) or "",
        meant=(ROOT / "migrations" / "CURRENT_HEAD").read_text(encoding="utf-8").strip(),
        database="SQLite" if database().is_sqlite else "PostgreSQL",
        free=disk.free,
        total=disk.total,
    )
