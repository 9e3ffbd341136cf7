"""The worker process: news, due rows, mails, audit seals and checkpoints, away from the loop of people typing.

    python -m app.worker

Started by the server as its child; leaves when its standard input closes. Where there are several servers,
one worker at a time holds the lease and the others wait.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import sys
import time
from collections.abc import Callable

from app import audit, db, jobs, mail
from app.errors import Unavailable
from app.factory import create_app
from config import Settings
from drafts import log as draft_log

log = logging.getLogger(__name__)
LEASE_SECONDS = 30


def checkpoint_long_tails() -> None:
    with db.reading():
        waiting = draft_log.drafts_to_checkpoint()
    for draft_id in waiting:
        with db.reading():
            checkpoint = draft_log.prepare_checkpoint(draft_id)
        if checkpoint is not None:
            with db.unit_of_work():
                draft_log.keep_checkpoint(checkpoint)


def seal_audit() -> None:
    with db.reading() as current:
        waiting = current.execute(_UNSEALED).first()
    if waiting is not None:
        with db.unit_of_work():
            audit.seal()


_UNSEALED = (
    audit.sa.select(audit.AuditEntry.id)
    .outerjoin(audit.AuditSeal, audit.AuditSeal.entry_id == audit.AuditEntry.id)
    .where(audit.AuditSeal.number.is_(None))
    .limit(1)
)


def send_mails(settings: Settings) -> None:
    with db.reading() as current:
        waiting = current.execute(
            mail.sa.select(mail.Mail.id).where(mail.Mail.sent_at.is_(None)).limit(1)
        ).first()
    if waiting is not None:
        with db.unit_of_work():
            mail.send_waiting(settings.smtp_url, settings.mail_from, settings.data_dir / "mail")


def run(settings: Settings) -> None:
    holder = f"{socket.gethostname()}:{os.getpid()}"
    chores: list[tuple[float, Callable[[], object]]] = [
        (0.5, jobs.deliver_outbox),
        (2.0, seal_audit),
        (2.0, lambda: send_mails(settings)),
        (5.0, checkpoint_long_tails),
        (60.0, jobs.sweep),
    ]
    due = [0.0] * len(chores)
    lease_until = 0.0
    while not _parent_left():
        now = time.monotonic()
        if now > lease_until - LEASE_SECONDS / 2:
            if not _attempt(lambda: jobs.take_lease("worker", holder, LEASE_SECONDS)):
                continue
            lease_until = now + LEASE_SECONDS
        for index, (every, chore) in enumerate(chores):
            if now >= due[index]:
                due[index] = now + every
                _attempt(chore)


def _attempt(chore: Callable[[], object]) -> object:
    """A chore that fails is tried again at its next turn, and never stops the others."""
    try:
        return chore()
    except Unavailable:
        log.warning("the database does not answer; %s waits", getattr(chore, "__name__", "a chore"))
    except Exception:
        log.exception("%s failed", getattr(chore, "__name__", "a chore"))
    return None


def _parent_left() -> bool:
    readable, _w, _x = select.select([sys.stdin], [], [], 0.25)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1)


if __name__ == "__main__":
    chosen = Settings.from_env()
    create_app(chosen)
    run(chosen)
