"""What an administrator must know of: one open alert for each kind and subject, however often it is met.

The room that finds something raises it and settles it; the floors above tell people (a mail at the first
occurrence, a panel in /espace). `said` takes numbers and codes, never words of a text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock, events
from app.db import Base, BigId, note, session


class Alert(Base):
    __tablename__ = "alert"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    # What it is about, as "draft:12".
    subject: Mapped[str] = mapped_column(sa.String(80))
    said: Mapped[str] = mapped_column(sa.String(500))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(default=1)
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        sa.Index(
            "uq_alert_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
    )


@events.event
@dataclass(frozen=True)
class AlertRaised(events.Event):
    """An alert was opened: told once, not at each occurrence."""

    name = "app.alert_raised"
    alert_id: int
    kind: str
    subject: str


def raise_alert(kind: str, subject: str, said: str) -> Alert:
    """Open an alert, or count another occurrence of the one that is open. In the caller's transaction."""
    now = clock.now()
    found = _open(kind, subject)
    if found is not None:
        found.count, found.last_at, found.said = found.count + 1, now, said[:500]
        return found
    alert = Alert(kind=kind, subject=subject, said=said[:500], first_at=now, last_at=now, count=1)
    try:
        with session().begin_nested():
            session().add(alert)
    except sa.exc.IntegrityError:
        # Another process opened it at the same moment.
        found = _open(kind, subject)
        assert found is not None
        found.count += 1
        return found
    note(AlertRaised(alert_id=alert.id, kind=kind, subject=subject))
    return alert


def settle(kind: str, subject: str) -> None:
    """Close the alert, if it is open: what it says is no longer so."""
    found = _open(kind, subject)
    if found is not None:
        found.settled_at = clock.now()


def close(alert_id: int) -> Alert | None:
    """Put an alert away because somebody has seen it; None when it is not open any more."""
    found = session().get(Alert, alert_id, with_for_update=True)
    if found is None or found.settled_at is not None:
        return None
    found.settled_at = clock.now()
    return found


def open_alerts() -> list[Alert]:
    """The open alerts, the oldest first."""
    return list(
        session().scalars(sa.select(Alert).where(Alert.settled_at.is_(None)).order_by(Alert.first_at))
    )


def _open(kind: str, subject: str) -> Alert | None:
    return (
        session()
        .scalars(
            sa.select(Alert).where(Alert.kind == kind, Alert.subject == subject, Alert.settled_at.is_(None))
        )
        .first()
    )
