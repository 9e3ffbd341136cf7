"""What the review page shows, as plain values: the frozen text, the answers, what this person may do now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from markupsafe import Markup

from app.accounts.models import Person
from app.db import session
from app.policy import Act, Actor, acts_for
from drafts import easy_queries, review
from drafts.card_queries import references_in
from drafts.compare import compare
from drafts.compare_page import render_changes
from drafts.field_changes import FieldChange, field_changes
from drafts.lead_guards import may_name_substitute, may_withdraw
from drafts.models import Draft, DraftUpdate
from drafts.queries import FieldLine, field_lines
from drafts.review_answers import (
    AnswerRow,
    Part,
    answer_rows,
    carried_of,
    minor_words,
    parts_for,
)
from drafts.review_guards import may_arbitrate, may_pass_over, permitted
from drafts.review_models import DraftAct, Revision, Size
from drafts.stages import Deed
from drafts.standing import Standing, writers_of
from drafts.words import deed_word, stage_word

# In the order in which a reviewer thinks of them.
# Where one administration alone is competent there is nobody to abstain before or to object to: the short way.
SHARED_DEEDS = frozenset({Deed.ABSTAIN, Deed.OBJECT, Deed.ARBITRATE, Deed.PASS_OVER})
SHOWN_DEEDS = (
    Deed.SIGN_OFF,
    Deed.ABSTAIN,
    Deed.REQUEST_CHANGES,
    Deed.OBJECT,
    Deed.ARBITRATE,
    Deed.PASS_OVER,
    Deed.PUBLISH,
    Deed.RETRACT,
)


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
    fields: tuple[FieldLine, ...]
    standing: Standing
    answers: tuple[AnswerRow, ...]
    # Deeds that are open to this person now, by their code.
    may: frozenset[str]
    refusals: tuple[Refusal, ...]
    # The administrations this person may answer for now: (id, name); and the parts that some are asked for.
    answer_for: tuple[tuple[int, str], ...]
    parts: dict[int, Part]
    # Whether a reader is asked if this is the minor correction that the writer says it is; what a minor one needs.
    asks_minor: bool
    minor_words: str
    # Signatures of this person that were carried, and administrations they may answer for in their place: (id, name).
    may_withdraw: tuple[tuple[int, str], ...]
    may_stand_in: tuple[tuple[int, str], ...]
    # Whom this person may go on without, and whose objection they may arbitrate now: (id, name).
    may_pass_over: tuple[tuple[int, str], ...]
    may_arbitrate: tuple[tuple[int, str], ...]
    changes: Markup | None
    # Against the version that was read before this one, and what its reviewer had asked for.
    since: Markup | None
    asked: str
    changed_fields: tuple[FieldChange, ...]
    since_fields: tuple[FieldChange, ...]
    is_short: bool
    # The easy-to-read twin that is signed with the text; None when there is none.
    easy: easy_queries.Frozen | None


def review_page(actor: Actor, draft: Draft, revision: Revision) -> ReviewPage:
    found = review.standing(revision)
    may_now = review.may_now(actor, draft)
    places = set(review.answerable(actor, draft)) if found.is_open else set()
    is_short = len(found.answers) < 2
    live = live_beside(draft, revision)
    before = _before(draft, revision)
    known = references_in(draft, *(one.tree for one in (revision, live, before) if one is not None))
    acts = acts_for(actor, draft)
    deeds = [
        deed
        for deed in SHOWN_DEEDS
        if not (is_short and deed in SHARED_DEEDS) and _concerns(deed, acts, found)
    ]
    return ReviewPage(
        title=revision.title,
        stage_word=stage_word(draft.stage),
        number=revision.number,
        seq=revision.seq,
        fingerprint=revision.fingerprint,
        change_note=revision.change_note,
        submitted_by=session().scalar(sa.select(Person.name).where(Person.id == revision.created_by)) or "",
        submitted_at=revision.created_at,
        has_moved=has_moved(draft, revision),
        fields=field_lines(revision.fields),
        standing=found,
        answers=answer_rows(revision, found),
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
        parts=parts_for(revision, places),
        asks_minor=found.size is Size.SAID_MINOR and not is_short and not _wrote(actor, revision),
        minor_words=minor_words(found) if not is_short else "",
        may_withdraw=_open_to(
            carried_of(actor, revision), lambda place: may_withdraw(actor, draft, place), found
        ),
        may_stand_in=_open_to(
            found.unanswered, lambda place: may_name_substitute(actor, draft, place), found
        ),
        may_pass_over=_open_to(found.unanswered, lambda place: may_pass_over(actor, draft, place), found),
        may_arbitrate=_open_to(
            [one.administration_id for one in found.objections],
            lambda place: may_arbitrate(actor, draft, place),
            found,
        ),
        changes=render_changes(compare(live.tree, revision.tree), known, collapse=True) if live else None,
        since=render_changes(compare(before.tree, revision.tree), known, collapse=True) if before else None,
        asked=_asked(before) if before else "",
        changed_fields=_fields_since(live, revision),
        since_fields=_fields_since(before, revision),
        is_short=is_short,
        easy=easy_queries.frozen(revision, live),
    )


def _wrote(actor: Actor, revision: Revision) -> bool:
    return actor.id in writers_of(revision.id)


def _fields_since(before: Revision | None, revision: Revision) -> tuple[FieldChange, ...]:
    if before is None:
        return ()
    return field_changes(before.title, before.fields, revision.title, revision.fields)


def _concerns(deed: Deed, acts: frozenset[Act], found: Standing) -> bool:
    """Whether a deed is worth a word to this person: most never pass over or arbitrate anything."""
    if deed is Deed.PASS_OVER:
        return Act.DRAFT_PASS_OVER in acts and bool(found.unanswered)
    if deed is Deed.ARBITRATE:
        return Act.DRAFT_ARBITRATE in acts and bool(found.objections)
    if deed is Deed.PUBLISH:
        # Who may publish has a form for it on the page, which says for itself what is missing.
        return Act.DRAFT_PUBLISH not in acts
    if deed is Deed.RETRACT:
        return Act.DRAFT_RETRACT in acts
    return True


def _open_to(
    places: Sequence[int], guard: Callable[[int], object], found: Standing
) -> tuple[tuple[int, str], ...]:
    """Of these administrations, with their names, those for which the guard lets this person act now."""
    names = {answer.administration_id: answer.administration for answer in found.answers}
    return tuple((place, names.get(place, "")) for place in permitted(places if found.is_open else (), guard))


def has_moved(draft: Draft, revision: Revision) -> bool:
    """Whether anybody has written since, in the text or in a field of the article. What the server wrote for nobody
    (the anchor of a remark) moves nothing."""
    if (draft.title, draft.fields) != (revision.title, revision.fields):
        return True
    if easy_queries.has_moved(draft, revision):
        return True
    if draft.head_seq <= revision.seq:
        return False
    written = sa.select(DraftUpdate.seq).where(
        DraftUpdate.draft_id == draft.id, DraftUpdate.seq > revision.seq, DraftUpdate.person_id.is_not(None)
    )
    return session().scalar(written.limit(1)) is not None


def live_beside(draft: Draft, revision: Revision) -> Revision | None:
    """What the public reads now; None while nothing is published, or when it is this revision."""
    live_id = draft.article.live_revision_id
    return None if live_id in (None, revision.id) else session().get_one(Revision, live_id)


def _before(draft: Draft, revision: Revision) -> Revision | None:
    """The version that was read and sent back before this one; None when that is what the public reads.

    The same text under other names is not a version to compare with: it was frozen at the same moment.
    """
    before = session().scalars(
        sa.select(Revision)
        .where(
            Revision.draft_id == draft.id,
            Revision.number < revision.number,
            Revision.created_at != revision.created_at,
        )
        .order_by(Revision.number.desc())
        .limit(1)
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
