"""The worker process: news, due rows, mails, audit seals and checkpoints, away from the loop of people typing.

    python -m app.worker

Started by the server as its child; leaves when its standard input closes. Where there are several servers,
one worker at a time holds the lease and the others wait.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import select
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app import audit, db, events, jobs, logs, mail, purging
from app.errors import Missing, MovedOn, Unavailable
from app.factory import create_app
from config import Settings
from drafts import (
    audit_heads,
    checkpoints,
    faults,
    following,
    healing,
    reopening,
    rescue,
    timeline,
)
from labs import minutes, minutes_set
from publish import (
    download_set,
    evidence,
    evidence_pdf,
    figure_page,
    links,
    misses,
    search_index,
    synonyms,
    verifying,
    voice,
)
from publish.events import ArticleChanged
from publish.fate_stages import Fate

log = logging.getLogger(__name__)
LEASE_SECONDS = 30
MAIL_RETRY_SECONDS = 30.0
# Checkpoints take at most one part in so many of the worker's time: a text that many write at once has its next one
# the later the longer the last one took.
CHECKPOINT_SHARE = 100
# How long one round of folding, or of filling in milestones, may take.
FOLD_SECONDS = 2.0
# When the next checkpoint of a draft may be made (monotonic seconds).
_rested: dict[int, float] = {}


def checkpoint_long_tails() -> None:
    """Each document is replayed in a child that may die; one that cannot be is written down and left alone."""
    with db.reading():
        waiting = checkpoints.due()
    for draft_id in waiting:
        began = time.monotonic()
        if _rested.get(draft_id, 0.0) > began:
            continue
        try:
            with db.reading():
                checkpoint = checkpoints.prepare(draft_id)
        except checkpoints.Unstable:
            healing.heal(draft_id, None, healing.UNSTABLE)
            continue
        if checkpoint is not None:
            with db.unit_of_work():
                checkpoints.keep(checkpoint)
        now = time.monotonic()
        _rested[draft_id] = now + (now - began) * CHECKPOINT_SHARE
    for draft_id in [key for key, until in _rested.items() if until < time.monotonic()]:
        del _rested[draft_id]
    faults.write_down()


# Up to which number a long draft was seen to have its milestones.
_complete: dict[int, int] = {}


def fill_milestones() -> None:
    """For texts that have grown faster than checkpoints were made, or before there were milestones; a bit at a time."""
    until = time.monotonic() + FOLD_SECONDS
    with db.reading():
        long = checkpoints.long_drafts()
    for draft_id, head in long:
        reached = head // checkpoints.MILESTONE_EVERY
        while _complete.get(draft_id) != reached and time.monotonic() < until:
            try:
                with db.reading():
                    seq = checkpoints.missing_milestone(draft_id)
                    made = checkpoints.prepare(draft_id, seq) if seq is not None else None
            except checkpoints.Unstable:
                made = None
            if made is None:
                _complete[draft_id] = reached
                break
            with db.unit_of_work():
                checkpoints.keep(made)


# When a text was last folded (monotonic seconds).
_folded: dict[int, float] = {}


def fold_timelines() -> None:
    """What was written since, in stretches of work, for the pages that tell the life of a draft."""
    now = time.monotonic()
    with db.reading():
        waiting = [
            draft_id
            for draft_id in timeline.behind()
            if _folded.get(draft_id, 0.0) < now - timeline.EVERY_SECONDS
            or timeline.waiting_rows(draft_id) >= timeline.EVERY_ROWS
        ]
    for draft_id in waiting:
        more = True
        while more:
            with db.reading():
                folded = timeline.unfolded(draft_id)
            with db.unit_of_work():
                timeline.keep(folded)
            # A long log waits for nobody and keeps nobody waiting: the other chores have their turn.
            more = folded.more and time.monotonic() < now + FOLD_SECONDS
        _folded[draft_id] = now
    for draft_id in [key for key, at in _folded.items() if at < now - 10 * timeline.EVERY_SECONDS]:
        del _folded[draft_id]


def rescue_words() -> None:
    """Words that were being typed into what a restoration took away."""
    with db.reading():
        waiting = rescue.due()
    for draft_id in waiting:
        try:
            with db.reading():
                found = rescue.look(draft_id)
            with db.unit_of_work():
                rescue.put_back(found)
        except Missing:
            with db.unit_of_work():
                rescue.stop_watching(draft_id)
        except (Unavailable, MovedOn) as reason:
            log.warning("draft %s: lost words were not looked for: %s", draft_id, reason)
            with db.unit_of_work():
                rescue.put_off(draft_id)


def at_once(*verbs: Callable[[], object]) -> Callable[[], None]:
    """A chore that is one transaction."""

    def chore() -> None:
        with db.unit_of_work():
            for verb in verbs:
                verb()

    chore.__name__ = verbs[0].__name__
    return chore


# The last end of the chain that was noted outside, and when (monotonic seconds).
_noted: tuple[audit.Head | None, float] = (None, 0.0)


def seal_audit(data_dir: Path, everything: bool = False) -> None:
    """Chain what is new, and note the end of the chain outside the database."""
    global _noted
    with db.reading():
        waiting = audit.is_waiting(everything=everything)
    if waiting:
        with db.unit_of_work():
            audit.seal(everything=everything)
    with db.reading():
        head = audit.head()
    before, at = _noted
    now = time.monotonic()
    if (
        head.number
        and head != before
        and (before is None or now - at >= audit_heads.NOTED_EVERY.total_seconds())
    ):
        audit_heads.note(audit_heads.folder(data_dir), head)
        _noted = (head, now)


def keep_evidence(public_url: str) -> bool:
    """Files of editions from before there were any, and the readable form of those that have none yet, some at a time.

    True when nothing was missing.
    """
    with db.reading():
        missing = evidence.any_missing()
    if missing:
        with db.unit_of_work():
            evidence.keep_missing()
    waiting = evidence_pdf.waiting()
    for file in waiting:
        # Outside any transaction: setting it takes some tenths of a second.
        made = evidence_pdf.made(file, public_url)
        with db.unit_of_work():
            evidence_pdf.keep(file, made)
    return not missing and not waiting


# Whether evidence may be missing: at the start, since only an older version of the project left any; when an edition was
# published; and after everything in between, until a round has found nothing.
_evidence_is_due = True


@events.on(ArticleChanged, "worker.evidence_is_due")
def _evidence_was_kept(news: ArticleChanged) -> None:
    global _evidence_is_due
    if news.deed in (Fate.PUBLISH, Fate.PUBLISH_URGENTLY, Fate.APPROVE):
        _evidence_is_due = True


def keep_evidence_when_due(public_url: str) -> None:
    """A round that fails is tried again; without anything to do nobody is asked."""
    global _evidence_is_due
    if _evidence_is_due:
        _evidence_is_due = not keep_evidence(public_url)


# Whether the index was made by the rules of this release; from then on publications keep it so.
_indexed = False


def ready_search() -> None:
    """Once after a start: the list a new portal begins with, and what another release has put in the index."""
    global _indexed
    if _indexed:
        return
    with db.unit_of_work():
        synonyms.put_first_list()
    if done := search_index.catch_up():
        log.info("%s articles were put in the index of the search again", done)
    _indexed = True


def tidy_search() -> None:
    """Words that no article has any more, and what was sought in vain too long ago."""
    search_index.forget_unused()
    with db.unit_of_work():
        misses.purge()


def keep_minutes() -> None:
    """The minutes that somebody waits for, and their files: reading logs and setting pages take their time."""
    minutes.write_wanted()
    minutes_set.set_waiting()


# What was not sent: how often it was tried, and when (monotonic seconds) it may be tried again. Under 0 stands the mail
# server itself. In memory only: a new worker tries everything once more.
_put_off: dict[int, tuple[int, float]] = {}


def send_mails(settings: Settings) -> None:
    """Each mail for itself, outside any transaction; one that is refused is put off and spares the others."""
    now = time.monotonic()
    resting = [key for key, (_tries, until) in _put_off.items() if until > now]
    if 0 in resting:
        return
    with db.reading():
        waiting = mail.waiting(but=resting)
    for item in waiting:
        try:
            mail.send(item, settings.smtp_url, settings.mail_from, settings.data_dir / "mail")
        except mail.REFUSALS:
            log.exception("mail %s was refused; it is tried again later", item.id)
            _put_off_for_a_while(item.id)
            continue
        except Exception:
            # Where one finds no mail server the others would wait for their time-outs too.
            log.exception("mail %s was not sent; all wait", item.id)
            _put_off_for_a_while(0)
            return
        for key in (item.id, 0):
            _put_off.pop(key, None)
        with db.unit_of_work():
            mail.mark_sent(item.id)


def _put_off_for_a_while(key: int) -> None:
    tries, _until = _put_off.get(key, (0, 0.0))
    _put_off[key] = (tries + 1, time.monotonic() + MAIL_RETRY_SECONDS * 2 ** min(tries, 6))


def run(settings: Settings) -> None:
    holder = f"{socket.gethostname()}:{os.getpid()}"
    chores: list[tuple[float, Callable[[], object]]] = [
        (0.5, jobs.deliver_outbox),
        (2.0, functools.partial(seal_audit, settings.data_dir)),
        (3600.0, functools.partial(seal_audit, settings.data_dir, True)),
        (5.0, functools.partial(keep_evidence_when_due, settings.public_url)),
        (5.0, functools.partial(download_set.keep_files, settings.public_url)),
        (5.0, ready_search),
        (3600.0, tidy_search),
        (2.0, keep_minutes),
        (2.0, functools.partial(send_mails, settings)),
        (2.0, rescue_words),
        (5.0, checkpoint_long_tails),
        (5.0, fold_timelines),
        (10.0, fill_milestones),
        (60.0, jobs.sweep),
        (60.0, at_once(voice.refresh_counts)),
        (3600.0, at_once(figure_page.renew)),
        (3600.0, at_once(links.take_stock)),
        (3600.0, at_once(verifying.take_stock)),
        (5.0, functools.partial(look_at_links, links.Round.as_portal(settings.public_url))),
        (60.0, following.tell_followers),
        (3600.0, functools.partial(purging.purge, settings.data_dir)),
        *((every, functools.partial(chore, settings.data_dir)) for every, chore in jobs.chores),
    ]
    global _evidence_is_due
    reopening.opener().ready()
    due = [0.0] * len(chores)
    lease_until = 0.0
    while not _parent_left():
        now = time.monotonic()
        if now > lease_until - LEASE_SECONDS / 2:
            if not _attempt(functools.partial(jobs.take_lease, "worker", holder, LEASE_SECONDS)):
                # Another worker hears the news meanwhile, and may leave before it has seen to them.
                _evidence_is_due = True
                continue
            lease_until = now + LEASE_SECONDS
        for index, (every, chore) in enumerate(chores):
            if now >= due[index]:
                due[index] = now + every
                _attempt(chore)


def look_at_links(under_way: links.Round) -> None:
    """Begin looks at what is due and write down what others have found. Nothing here waits for the network."""
    for found in under_way.finished():
        with db.unit_of_work():
            links.note(found)
    with db.reading():
        waiting = links.due()
    under_way.ask(waiting)


_away = False


def _attempt(chore: Callable[[], object]) -> object:
    """A chore that fails is tried again at its next turn, and never stops the others. Each turn has a number in the log."""
    name = getattr(chore, "__name__", "") or chore.func.__name__  # type: ignore[attr-defined]
    with logs.request_facts(request=secrets.token_hex(8), job=name):
        return _tried(chore, name)


def _tried(chore: Callable[[], object], name: str) -> object:
    global _away
    try:
        done = chore()
    except Unavailable as failure:
        # Said once: what lasts for an hour would fill a disk that may be full already.
        if not _away:
            log.warning(
                "the database does not answer, %s waits and so do the others: %s", name, failure.detail
            )
        _away = True
        return None
    except Exception:
        log.exception("%s failed", name)
        return None
    if _away:
        log.warning("the database answers again")
    _away = False
    return done


def _parent_left() -> bool:
    readable, _w, _x = select.select([sys.stdin], [], [], 0.25)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1)


if __name__ == "__main__":
    chosen = Settings.from_env()
    create_app(chosen)
    run(chosen)
