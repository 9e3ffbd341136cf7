"""Work that waits: news to deliver, rows with a due time, and the lease of whoever does it.

Deadlines, schedules and reminders are rows with `due_at`, swept every minute by whoever holds the lease; the
worker process delivers the outbox. Both do their work in the transaction that ticks the row off.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import audit, clock, events, logs
from app.db import Base, BigId, OutboxDelivery, OutboxRow, reading, session, unit_of_work
from app.errors import Missing, Unavailable
from app.extensions import gettext as _
from app.policy import PORTAL, Act, Actor, require

log = logging.getLogger(__name__)
Due = Callable[[str, dict[str, Any]], None]
# Told of a row that failed: key, payload, how often it has been tried, why. True: it is not tried again.
Failed = Callable[[str, dict[str, Any], int, Exception], bool]
# What the worker does again and again, registered by rooms: (every so many seconds, verb of DATA_DIR).
chores: list[tuple[float, Callable[[Path], object]]] = []
_due_handlers: dict[str, Due] = {}
_failure_handlers: dict[str, Failed] = {}
# A piece of work that keeps failing is put off, doubling, and never stands in the way of the others.
_RETRY_AFTER = timedelta(minutes=1)


class DueRow(Base):
    __tablename__ = "due_row"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(80))
    key: Mapped[str] = mapped_column(sa.String(120))
    due_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]
    done_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    # What went wrong the last time: the class of the error, since its words may be somebody's.
    failed_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")
    __table_args__ = (
        sa.UniqueConstraint("kind", "key"),
        sa.Index(
            "ix_due_row_waiting",
            "due_at",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
    )


class Lease(Base):
    """Who does a recurring work, until when; taken over when it lapses."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(sa.String(80))
    until: Mapped[datetime]


def due(kind: str) -> Callable[[Due], Due]:
    """Register the verb that a due row of `kind` calls with its key and payload, inside a unit of work."""

    def register(handler: Due) -> Due:
        _due_handlers[kind] = handler
        return handler

    return register


def chore(every: float) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Register what the worker does every so many seconds; it opens its own transactions, and is given DATA_DIR."""

    def register(verb: Callable[[Path], object]) -> Callable[[Path], object]:
        if all(verb.__qualname__ != there.__qualname__ for _every, there in chores):
            chores.append((every, verb))
        return verb

    return register


def when_it_fails(kind: str) -> Callable[[Failed], Failed]:
    """Register who is told when a due row of `kind` fails, in the unit of work that puts it off."""

    def register(handler: Failed) -> Failed:
        _failure_handlers[kind] = handler
        return handler

    return register


def plan(kind: str, key: str, due_at: datetime, **payload: Any) -> None:
    """Put a due row in the open unit of work, or move the one of the same kind and key."""
    row = session().scalars(sa.select(DueRow).filter_by(kind=kind, key=key)).first()
    if row is None:
        row = DueRow(kind=kind, key=key, attempts=0)
        session().add(row)
    row.due_at, row.payload, row.done_at, row.attempts = due_at, payload, None, 0
    row.failed_at, row.error = None, ""


def cancel(kind: str, key: str) -> None:
    session().execute(
        sa.update(DueRow)
        .where(DueRow.kind == kind, DueRow.key == key, DueRow.done_at.is_(None))
        .values(done_at=clock.now())
    )


def try_again(actor: Actor, row_id: int) -> None:
    """Have a row that was put off tried at the next round. Raises Missing for one that is done or never was."""
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    row = session().get(DueRow, row_id, with_for_update=True)
    if row is None or row.done_at is not None:
        raise Missing(_("Cette tâche n’attend plus."))
    row.due_at = clock.now()
    audit.record(actor.id, "try_job_again", "due_row", row.id, kind=row.kind)


def take_lease(name: str, holder: str, seconds: float) -> bool:
    """True when `holder` has the lease for the next `seconds`."""
    with unit_of_work() as current:
        lease = current.get(Lease, name, with_for_update=True)
        now = clock.now()
        if lease is None:
            lease = Lease(name=name, holder=holder, until=now)
            current.add(lease)
        elif lease.holder != holder and lease.until > now:
            return False
        lease.holder, lease.until = holder, now + timedelta(seconds=seconds)
        return True


def sweep() -> int:
    """Do what is due. Each row in its own transaction; a failure puts that row off and spares the rest."""
    with reading() as current:
        ids = current.scalars(
            sa.select(DueRow.id)
            .where(DueRow.done_at.is_(None), DueRow.due_at <= clock.now())
            .order_by(DueRow.due_at)
            .limit(500)
        ).all()
    done = 0
    for row_id in ids:
        with logs.request_facts(**{**logs.facts(), "job": f"due_row {row_id}"}):
            done += _do(row_id)
    return done


def _do(row_id: int) -> bool:
    """Whether the row was done now."""
    try:
        with unit_of_work() as current:
            row = current.get(DueRow, row_id, with_for_update=True)
            if row is None or row.done_at is not None:
                return False
            _due_handlers[row.kind](row.key, row.payload)
            row.done_at = clock.now()
        return True
    except Unavailable:
        raise  # it is not the row's fault: it stays due, and so do those behind it
    except Exception as error:
        log.exception("due row %s failed", row_id)
        try:
            _put_off(row_id, error)
        except Unavailable:
            raise
        except Exception:
            # Who is told must not stand in the way of the others either.
            log.exception("nobody could be told that due row %s failed", row_id)
            _put_off(row_id, None)
        return False


def _put_off(row_id: int, error: Exception | None) -> None:
    with unit_of_work() as current:
        row = current.get(DueRow, row_id, with_for_update=True)
        if row is None or row.done_at is not None:
            return
        row.due_at = clock.now() + _RETRY_AFTER * 2 ** min(row.attempts, 10)
        row.attempts += 1
        row.failed_at = clock.now()
        if error is not None:
            row.error = type(error).__name__[:80]
        told = _failure_handlers.get(row.kind)
        if error is not None and told is not None and told(row.key, row.payload, row.attempts, error):
            row.done_at = clock.now()


def deliver_outbox(limit: int = 500) -> int:
    """Deliver waiting news to its durable handlers, oldest first. Returns how many rows were finished."""
    with reading() as current:
        waiting = current.execute(
            sa.select(OutboxRow.id, OutboxRow.name, OutboxRow.payload)
            .where(OutboxRow.delivered_at.is_(None))
            .order_by(OutboxRow.id)
            .limit(limit)
        ).all()
    finished = 0
    for row_id, name, payload in waiting:
        kind = events.KINDS.get(name)
        with logs.request_facts(**{**logs.facts(), "job": f"news {row_id}"}):
            results = [
                _deliver(row_id, handler_name, handler, kind(**payload))
                for handler_name, handler in events.durable[name].items()
                if kind is not None
            ]
        if all(results):
            with unit_of_work() as current:
                current.execute(
                    sa.update(OutboxRow).where(OutboxRow.id == row_id).values(delivered_at=clock.now())
                )
            finished += 1
    return finished


def _deliver(row_id: int, name: str, handler: Callable[[Any], None], item: events.Event) -> bool:
    try:
        with unit_of_work() as current:
            if current.get(OutboxDelivery, (row_id, name)) is not None:
                return True
            current.add(OutboxDelivery(outbox_id=row_id, handler=name))
            current.flush()
            handler(item)
        return True
    except Unavailable:
        raise  # the database is away for all of them: the round ends here
    except Exception:
        log.exception("news %s was not taken by %s; it will be offered again", row_id, name)
        return False
