"""Two greenlets that look after the process: is the loop held up, and what waits in the database.

The second one also brings what was refused (`app.refusals`) to the database.

The watchdog sleeps 100 ms and measures how late it wakes: that is how late everybody's letters are. A scrape asks
nothing of the database, so the sampler keeps the numbers of the last look ready for it.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback

import gevent
import gevent.monkey
import sqlalchemy as sa

from app import clock, metrics, refusals
from app.db import OutboxRow, reading, session
from app.errors import Unavailable
from app.jobs import DueRow
from app.mail import Mail

log = logging.getLogger(__name__)
# Of the system and not of gevent, whose threads stand still with the loop.
_start_thread, _thread_id = gevent.monkey.get_original("_thread", ["start_new_thread", "get_ident"])
_sleep = gevent.monkey.get_original("time", "sleep")
BEAT_SECONDS = 0.1
# A stall this long is a fault somebody has to look for: the stack of whoever held the loop is logged.
LONG_STALL_SECONDS = 1.0
SAMPLE_SECONDS = 15.0
# Of the mails only the last ones are looked at: the table grows, and what waits stands at its end.
MAILS_LOOKED_AT = 1000
SAMPLED = (
    "openlab_outbox_waiting",
    "openlab_jobs_overdue",
    "openlab_jobs_failing",
    "openlab_mails_waiting",
)

_sample: dict[str, float] = {}
_sampled_at = 0.0


def start() -> None:
    for name in SAMPLED:
        metrics.gauge(name, lambda name=name: _recent().get(name))  # type: ignore[misc]
    metrics.gauge("openlab_database_up", lambda: float(bool(_recent())))
    gevent.spawn(watchdog)
    gevent.spawn(sampler)


class _Witness:
    """A native thread that looks who holds the loop, when it has been held for long.

    It takes the interpreter's lock before it looks at anybody's frames. `faulthandler.dump_traceback_later` does not,
    and brought a busy server down: it walked frames that another thread was just letting go. The price is that a
    library which never lets go of the lock is not named.
    """

    def __init__(self) -> None:
        self.beaten_at = time.perf_counter()
        self.seen: list[str] = []
        self._loop_thread = _thread_id()
        _start_thread(self._watch, ())

    def _watch(self) -> None:
        while True:
            _sleep(BEAT_SECONDS)
            if time.perf_counter() - self.beaten_at < LONG_STALL_SECONDS or self.seen:
                continue
            frame = sys._current_frames().get(self._loop_thread)
            self.seen = [
                f'File "{one.filename}", line {one.lineno} in {one.name}'
                for one in reversed(traceback.extract_stack(frame, limit=40))
            ]


def watchdog() -> None:
    witness = _Witness()
    while True:
        before = time.perf_counter()
        gevent.sleep(BEAT_SECONDS)
        now = time.perf_counter()
        late = max(0.0, now - before - BEAT_SECONDS)
        metrics.stalled(late)
        if late >= LONG_STALL_SECONDS:
            log.warning("the loop stood still for %.1f s", late, extra={"stack": witness.seen or None})
        witness.beaten_at, witness.seen = now, []


def look() -> dict[str, float]:
    """What waits in the database now."""
    waiting_mails = (
        sa.select(Mail.sent_at).order_by(Mail.id.desc()).limit(MAILS_LOOKED_AT).subquery("last_mails")
    )
    undone = DueRow.done_at.is_(None)
    with reading():
        return {
            "openlab_outbox_waiting": _count(
                sa.select(sa.func.count()).where(OutboxRow.delivered_at.is_(None))
            ),
            "openlab_jobs_overdue": _count(
                sa.select(sa.func.count()).where(undone, DueRow.due_at <= clock.now())
            ),
            "openlab_jobs_failing": _count(sa.select(sa.func.count()).where(undone, DueRow.attempts > 0)),
            "openlab_mails_waiting": _count(
                sa.select(sa.func.count()).select_from(waiting_mails).where(waiting_mails.c.sent_at.is_(None))
            ),
        }


def _count(statement: sa.Select[int]) -> float:
    return float(session().scalar(statement) or 0)


def sampler() -> None:
    while True:
        sample()
        write_refusals()
        gevent.sleep(SAMPLE_SECONDS)


def write_refusals() -> None:
    try:
        refusals.write_down()
    except Unavailable:
        pass  # the look before it has said so; the counts wait
    except Exception:
        log.exception("what was refused could not be written down")


def sample() -> None:
    """Look once and remember. While the database does not answer there is nothing to say, rather than old numbers."""
    global _sample, _sampled_at
    try:
        _sample = look()
    except Unavailable as error:
        log.warning("the database does not answer: %s", error)
        _sample = {}
    except Exception:
        log.exception("what waits in the database could not be counted")
        _sample = {}
    _sampled_at = time.monotonic()


def _recent() -> dict[str, float]:
    """The last look, unless the next one has been hanging for long."""
    return _sample if time.monotonic() - _sampled_at < 3 * SAMPLE_SECONDS else {}
