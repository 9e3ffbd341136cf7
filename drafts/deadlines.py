"""The time that administrations have for their answer: one reminder, and word to who may go on without them.

Both are due rows that the sweep does once, whatever the number of processes (`app.jobs`). What is due asks again
how the review stands: nothing is said of one that has been answered or closed meanwhile.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from app import jobs, working_days
from app.db import session
from drafts import review_mail
from drafts.models import Draft
from drafts.review_models import Revision
from drafts.standing import ANSWER_WITHIN, is_open, opened_at, verdict_of

REMINDER = "review.reminder"
DEADLINE = "review.deadline"
# On the last day but one, when offices open.
REMIND_BEFORE, MORNING = 1, time(8)


def plan(revision: Revision, since: datetime) -> None:
    """Plan the reminder and the deadline of a review that has just been opened."""
    reminded = working_days.last_day(since, ANSWER_WITHIN - REMIND_BEFORE)
    last = working_days.last_day(since, ANSWER_WITHIN)
    jobs.plan(REMINDER, str(revision.id), working_days.start_of(reminded, MORNING))
    jobs.plan(DEADLINE, str(revision.id), working_days.start_of(last + timedelta(days=1)))


def give_up(revision_id: int) -> None:
    """The review is closed: nobody is waited for any more."""
    jobs.cancel(REMINDER, str(revision_id))
    jobs.cancel(DEADLINE, str(revision_id))


def _silent(key: str) -> tuple[Draft, Revision, tuple[int, ...]] | None:
    """The draft, the revision and who has not answered; None when nobody is waited for."""
    revision = session().get(Revision, int(key))
    if revision is None or not is_open(revision.id):
        return None
    draft = session().get_one(Draft, revision.draft_id)
    silent = verdict_of(revision).unanswered
    return (draft, revision, silent) if silent and draft.trashed_at is None else None


@jobs.due(REMINDER)
def _remind(key: str, _payload: dict[str, Any]) -> None:
    if found := _silent(key):
        since = opened_at(found[1].id)
        assert since is not None
        review_mail.reminded(*found, working_days.last_day(since, ANSWER_WITHIN))


@jobs.due(DEADLINE)
def _deadline_passed(key: str, _payload: dict[str, Any]) -> None:
    if found := _silent(key):
        review_mail.deadline_passed(*found)
