"""How plain each frozen version is: read before it is proposed where somebody proposes it by hand, else by the worker.

Findings left keep nobody from proposing a text: whoever does gives a reason, which the reviewer reads. A child that is
away keeps nobody from it either; then it is kept that nobody could read the text, and the worker reads it later.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from app import clock, jobs
from app.db import insert, reading, session, unit_of_work
from app.errors import Invalid, Unavailable
from app.extensions import ngettext
from app.policy import Actor
from drafts import canonical, freeze, log
from drafts.grammar import Tree
from drafts.plain_exceptions import digest, said
from drafts.plain_french import asking
from drafts.plain_french.asking import TextReading
from drafts.plain_french.reading import Finding
from drafts.plain_models import PlainException, PlainOverride, RevisionReading
from drafts.review_models import Revision, Size

logger = logging.getLogger(__name__)
# How long a round of the worker begins new readings: news and mails wait meanwhile.
ROUND_SECONDS = 2.0
# A version that the child dies on is passed over by this process: the others have their turn.
TRIES = 2
_failed: Counter[int] = Counter()


class TextMoved(Exception):
    """The text that was frozen is not the one that was read: somebody has typed in between."""


@dataclass(frozen=True)
class Look:
    """A text as it was just before it was proposed. `found` is None when the child was away."""

    tree: Tree
    found: TextReading | None


@dataclass(frozen=True)
class Left:
    """Findings that are left of a text, by rule, without those that stay as they are."""

    counts: dict[str, int]
    passed_over: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def look(draft_id: int) -> Look | None:
    """Read a text that somebody is about to propose. Never in a write transaction: it waits for the child.

    None for a text that is not ready: whoever proposes it hears what is wrong with it first.
    """
    with reading():
        draft = log.draft_row(draft_id)
        tree = canonical.tidy(log.text(draft.id).tree)
        if freeze.findings_of(draft, tree):
            return None
    try:
        return Look(tree, asking.text_read(tree))
    except Unavailable:
        return Look(tree, None)


def keep(actor: Actor, revision: Revision, seen: Look | None, reason: str) -> None:
    """Keep, with a version that was just frozen, what was seen of its text and why it is proposed with findings left.

    Raises Invalid with the field "plain_reason" and the counts when a reason has to be given, TextMoved when another
    text was frozen than the one that was seen. A minor correction answers for no more than it changes: nothing is asked.
    """
    if seen is not None and seen.tree != revision.tree:
        raise TextMoved
    if seen is None or seen.found is None:
        _override(actor, revision, None, {}, "")
        return
    left = left_of(revision, seen.found.findings)
    _keep_reading(revision, seen.found, left)
    if not left.total or revision.size is Size.MINOR:
        return
    _override(actor, revision, seen.found, left.counts, _reason(reason, seen.found, left))


def _reason(reason: str, found: TextReading, left: Left) -> str:
    try:
        return said(reason)
    except Invalid as error:
        message = error.message
        if not reason.strip():
            message = ngettext(
                "Il reste %(num)d passage à simplifier : corrigez-le d’abord, ou dites pourquoi vous proposez le texte ainsi.",
                "Il reste %(num)d passages à simplifier : corrigez-les d’abord, ou dites pourquoi vous proposez le texte ainsi.",
                left.total,
            )
        raise Invalid(
            message, field="plain_reason", left=left, words=found.score.words, ease=found.score.ease
        ) from None


def _override(
    actor: Actor, revision: Revision, found: TextReading | None, counts: dict[str, int], reason: str
) -> None:
    session().add(
        PlainOverride(
            revision_id=revision.id,
            person_id=actor.id,
            was_read=found is not None,
            reason=reason,
            findings=counts,
            ease=None if found is None else found.score.ease,
            at=clock.now(),
        )
    )
    session().flush()


def left_of(revision: Revision, found: Sequence[Finding]) -> Left:
    """What is left of the findings of a frozen text: what stayed as it was on that day does not count."""
    rows = session().execute(
        sa.select(PlainException.block_id, PlainException.rule, PlainException.digest).where(
            PlainException.draft_id == revision.draft_id, PlainException.at <= revision.created_at
        )
    )
    kept = {tuple(row) for row in rows}
    remaining = [one for one in found if (one.block_id or "", one.rule.value, digest(one.words)) not in kept]
    return Left(dict(Counter(one.rule.value for one in remaining)), len(found) - len(remaining))


def _keep_reading(revision: Revision, found: TextReading, left: Left) -> None:
    # The worker may have read it at the same moment.
    session().execute(
        insert(RevisionReading)
        .values(
            revision_id=revision.id,
            words=found.score.words,
            sentences=found.score.sentences,
            ease=found.score.ease,
            findings=left.counts,
            left=left.total,
            passed_over=left.passed_over,
            rules=found.rules,
            at=clock.now(),
        )
        .on_conflict_do_nothing()
    )


def carry(before: Revision, after: Revision) -> None:
    """The same photograph under another name is as plain as it was."""
    row = session().get(RevisionReading, before.id)
    if row is not None:
        values = {column.key: getattr(row, column.key) for column in sa.inspect(RevisionReading).column_attrs}
        session().add(RevisionReading(**{**values, "revision_id": after.id}))


@jobs.chore(10.0)
def _read_waiting(_data_dir: Path) -> None:
    read_waiting(ROUND_SECONDS)


def read_waiting(seconds: float) -> int:
    """Read frozen versions that have no reading, the newest first, for so long. Returns how many were read."""
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until and _read_one():
        count += 1
    return count


def _read_one() -> bool:
    passed = [revision_id for revision_id, times in _failed.items() if times >= TRIES]
    with reading():
        revision = session().scalar(
            sa.select(Revision)
            .outerjoin(RevisionReading, RevisionReading.revision_id == Revision.id)
            .where(RevisionReading.revision_id.is_(None), Revision.id.not_in(passed))
            .order_by(Revision.id.desc())
            .limit(1)
        )
        if revision is None:
            return False
        revision_id, tree = revision.id, revision.tree
    try:
        found = asking.text_read(tree)
    except Unavailable:
        _failed[revision_id] += 1
        logger.warning("the frozen version %s was not read", revision_id)
        return False
    with unit_of_work():
        revision = session().get_one(Revision, revision_id)
        _keep_reading(revision, found, left_of(revision, found.findings))
    return True


def waiting() -> int:
    """How many frozen versions nobody has read yet."""
    return (
        session().scalar(
            sa.select(sa.func.count())
            .select_from(Revision)
            .outerjoin(RevisionReading, RevisionReading.revision_id == Revision.id)
            .where(RevisionReading.revision_id.is_(None))
        )
        or 0
    )
