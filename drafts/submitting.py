"""Proposing a text from a page: it is read by the rules of plain French first, and what is left of them is asked about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.policy import Actor
from drafts import plain_frozen, plain_queries, queries, review
from drafts.forms import SubmitForm
from drafts.plain_frozen import TextMoved
from drafts.plain_queries import ScoreWords


@dataclass(frozen=True)
class Asked:
    """What is left of plain French in a text that was not proposed for it."""

    count: int
    by_rule: tuple[tuple[str, int], ...]
    score: ScoreWords


def propose(
    actor: Actor, draft_id: int, form: SubmitForm, scopes: Mapping[int, Collection[str]] | None = None
) -> None:
    """Submit what the form says, in a transaction of its own. Raises what the verbs raise, see `asked_of`.

    When somebody types between the reading and the freeze it is read again, and the third time frozen unread.
    """
    for is_last in (False, False, True):
        seen = None if is_last else plain_frozen.look(draft_id)
        with suppress(TextMoved), unit_of_work():
            revision = review.submit(
                actor,
                queries.draft_numbered(draft_id),
                form.note.data or "",
                scopes=scopes,
                said_minor=bool(form.mineure.data),
            )
            plain_frozen.keep(actor, revision, seen, form.raison.data or "")
            return


def asked_of(error: Invalid) -> Asked | None:
    """What has to be answered before the text is proposed; None for another fault."""
    left = error.detail.get("left")
    if not isinstance(left, plain_frozen.Left):
        return None
    words, ease = error.detail.get("words"), error.detail.get("ease")
    assert isinstance(words, int) and isinstance(ease, float | None)
    with reading():
        named = plain_queries.by_rule(left.counts)
    return Asked(left.total, named, plain_queries.score_words(words, ease))
