"""What the review page shows, as plain values: the frozen text, the answers, what this person may do now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup

from app.accounts.models import Person
from app.db import session
from app.policy import Actor
from drafts import review
from drafts.compare import compare
from drafts.compare_page import render_changes
from drafts.models import Draft
from drafts.queries import FieldLine, field_lines
from drafts.render import render_blocks
from drafts.review_models import Decision, DraftAct, Revision
from drafts.stages import Deed
from drafts.standing import Standing
from drafts.words import decision_word, deed_word, stage_word

# In the order in which a reviewer thinks of them.
# Where one administration alone is competent there is nobody to abstain before or to object to: the short way.
SHARED_DEEDS = frozenset({Deed.ABSTAIN, Deed.OBJECT})
SHOWN_DEEDS = (Deed.SIGN_OFF, Deed.ABSTAIN, Deed.REQUEST_CHANGES, Deed.OBJECT, Deed.PUBLISH, Deed.RETRACT)


@dataclass(frozen=True)
class AnswerRow:
    """One competent administration and what it answered."""

    administration: str
    word: str
    person: str
    reason: str
    at: datetime | None
    is_missing: bool
    is_abstention: bool


@dataclass(frozen=True)
class Refusal:
    """An act this person cannot do now, and why."""

    deed: str
    reason: str


@dataclass(frozen=True)
class ReviewPage:
    title: str
    stage_word: str
    number: int
    seq: int
    fingerprint: str
    change_note: str
    submitted_by: str
    submitted_at: datetime
    has_moved: bool
    text: Markup
    fields: tuple[FieldLine, ...]
    standing: Standing
    answers: tuple[AnswerRow, ...]
    # Deeds that are open to this person now, by their code.
    may: frozenset[str]
    refusals: tuple[Refusal, ...]
    # The administrations this person may answer for now: (id, name).
    answer_for: tuple[tuple[int, str], ...]
    changes: Markup | None
    # Against the version that was read before this one, and what its reviewer had asked for.
    since: Markup | None
    asked: str
    former_title: str
    is_short: bool


def review_page(actor: Actor, draft: Draft, revision: Revision) -> ReviewPage:
    found = review.standing(revision)
    may_now = review.may_now(actor, draft)
    places = set(review.answerable(actor, draft)) if found.is_open else set()
    is_short = len(found.answers) < 2
    live = _live(draft, revision)
    before = _before(draft, revision)
    deeds = [deed for deed in SHOWN_DEEDS if not (is_short and deed in SHARED_DEEDS)]
    return ReviewPage(
        title=revision.title,
        stage_word=stage_word(draft.stage),
        number=revision.number,
        seq=revision.seq,
        fingerprint=revision.fingerprint,
        change_note=revision.change_note,
        submitted_by=session().scalar(sa.select(Person.name).where(Person.id == revision.created_by)) or "",
        submitted_at=revision.created_at,
        has_moved=draft.head_seq > revision.seq,
        # One level down: on this page the text stands below a heading of its own.
        text=render_blocks(revision.tree, heading_offset=1),
        fields=field_lines(revision.fields),
        standing=found,
        answers=tuple(_answer(answer) for answer in found.answers),
        may=frozenset(
            deed
            for deed, reason in may_now.items()
            if reason is None and not (is_short and deed in SHARED_DEEDS)
        ),
        refusals=tuple(
            Refusal(deed_word(deed), str(may_now[deed])) for deed in deeds if may_now.get(deed) is not None
        ),
        answer_for=tuple(
            (answer.administration_id, answer.administration)
            for answer in found.answers
            if answer.administration_id in places
        ),
        changes=render_changes(compare(live.tree, revision.tree), collapse=True) if live else None,
        since=render_changes(compare(before.tree, revision.tree), collapse=True) if before else None,
        asked=_asked(before) if before else "",
        former_title=live.title if live is not None and live.title != revision.title else "",
        is_short=is_short,
    )


def _live(draft: Draft, revision: Revision) -> Revision | None:
    """What the public reads now; None while nothing is published, or when it is this revision."""
    live_id = draft.article.live_revision_id
    return None if live_id in (None, revision.id) else session().get_one(Revision, live_id)


def _before(draft: Draft, revision: Revision) -> Revision | None:
    """The version that was read and sent back before this one; None when that is what the public reads."""
    before = session().scalars(
        sa.select(Revision).where(Revision.draft_id == draft.id, Revision.number == revision.number - 1)
    ).first()  # fmt: skip
    return None if before is None or before.id == draft.article.live_revision_id else before


def _asked(revision: Revision) -> str:
    """The reason with which a version was sent back."""
    return (
        session().scalar(
            sa.select(DraftAct.reason).where(
                DraftAct.revision_id == revision.id, DraftAct.deed == Deed.REQUEST_CHANGES
            )
        )
        or ""
    )


def _answer(answer: Any) -> AnswerRow:
    return AnswerRow(
        administration=answer.administration,
        word=decision_word(answer.decision, answer.signed_as),
        person=answer.person,
        reason=answer.reason,
        at=answer.at,
        is_missing=answer.decision is None,
        is_abstention=answer.decision is Decision.ABSTAINED,
    )
