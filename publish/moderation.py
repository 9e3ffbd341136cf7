"""Verbs of moderators: show, refuse, hide, leave in place, take a decision back; and who may be read afterwards.

Each leaves one numbered decision. `version` is the comment as the moderator saw it: what its author corrected, or
another moderator decided meanwhile, is told and not overrun.
"""

from __future__ import annotations

import sqlalchemy as sa

from app import audit, clock, typed_words
from app.accounts.service import names_of
from app.db import insert, session, unless_somebody_was_first
from app.directory.models import Administration
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.policy import PORTAL, Act, Actor, require
from publish import comments, voice
from publish.comment_models import (
    HELD,
    LONGEST_WORDS,
    NEED_A_REASON,
    ORDINARY,
    TRANSITIONS,
    Comment,
    CommentDecision,
    CommentReport,
    Deed,
    ReadAfterwards,
    Reason,
    Standing,
)

# As many as one page of the desk holds.
MOST_TOGETHER = 100


def decide(
    actor: Actor, comment_id: int, version: int, deed: Deed, reason: Reason | None = None, words: str = ""
) -> Comment:
    """Show, refuse, hide or leave in place. Raises MovedOn with who was first, Invalid for a reason that is missing."""
    require(actor, Act.PORTAL_MODERATE, PORTAL)
    comment = comments.locked(comment_id)
    last = last_decision(comment.id)
    possible_from, leads_to = TRANSITIONS[deed]
    if comment.version != version or comment.standing not in possible_from or not comment.text:
        raise MovedOn(_who_was_first(comment, last))
    words = typed_words.readable(words)
    if deed in NEED_A_REASON:
        if reason is None:
            raise Invalid(_("Choisissez pourquoi."), field="motif")
        if reason is Reason.OTHER and not words:
            raise Invalid(_("Dites la raison en quelques mots : l’auteur la lira."), field="mots")
    if len(words) > LONGEST_WORDS:
        raise Invalid(_("Cette explication est trop longue : 500 caractères au plus."), field="mots")
    return _decided(actor, comment, last, deed, leads_to, reason if deed in NEED_A_REASON else None, words)


def decide_together(
    actor: Actor,
    chosen: list[tuple[int, int]],
    deed: Deed,
    reason: Reason | None = None,
    words: str = "",
) -> tuple[int, int]:
    """One decision on several comments, each with the version that was seen: (decided, those that had moved on).

    Each has a decision of its own, that can be taken back alone. Raises Invalid for none, too many, or a missing reason.
    """
    require(actor, Act.PORTAL_MODERATE, PORTAL)
    if not chosen:
        raise Invalid(_("Cochez d’abord des commentaires."))
    if len(chosen) > MOST_TOGETHER:
        raise Invalid(_("Cochez moins de commentaires à la fois : 100 au plus."))
    moved_on = 0
    # In the order of their numbers: two moderators who chose the same wait for one another once.
    for comment_id, version in sorted(set(chosen)):
        try:
            decide(actor, comment_id, version, deed, reason, words)
        except (MovedOn, Missing):
            moved_on += 1
    return len(set(chosen)) - moved_on, moved_on


def undo(actor: Actor, comment_id: int, number: int) -> Comment:
    """Take the last decision back, which has to be the one of that `number`; what was reported is forgotten all the same."""
    require(actor, Act.PORTAL_MODERATE, PORTAL)
    comment = comments.locked(comment_id)
    last = last_decision(comment.id)
    if (
        last is None
        or last.number != number
        or last.deed is Deed.UNDO
        or comment.standing is not last.standing
    ):
        raise MovedOn(_who_was_first(comment, last))
    if not comment.text:
        raise MovedOn(_("Les mots de ce commentaire sont effacés : on ne revient plus sur cette décision."))
    return _decided(actor, comment, last, Deed.UNDO, last.before, None, "")


def _decided(
    actor: Actor,
    comment: Comment,
    last: CommentDecision | None,
    deed: Deed,
    standing: Standing,
    reason: Reason | None,
    words: str,
) -> Comment:
    before, now = comment.standing, clock.now()
    with unless_somebody_was_first(_("Un autre modérateur vient de décider de ce commentaire.")):
        session().add(
            CommentDecision(
                comment_id=comment.id,
                number=(last.number if last is not None else 0) + 1,
                deed=deed,
                before=before,
                standing=standing,
                reason=reason,
                words=words,
                person_id=actor.id,
                at=now,
            )
        )
    # What comes back from a decision waits for one again.
    waits = standing is Standing.WAITING or (
        deed is Deed.UNDO and last is not None and last.deed is Deed.KEEP
    )
    comment.standing, comment.decided_at, comment.version = standing, now, comment.version + 1
    comment.turn = (HELD if comment.held else ORDINARY) if waits else None
    comment.reports = 0
    session().execute(sa.delete(CommentReport).filter_by(comment_id=comment.id))
    session().flush()
    if before is Standing.SHOWN and standing is not Standing.SHOWN:
        comments.disappear(comment.article_id)
    elif standing is Standing.SHOWN:
        voice.counts_moved(comment.article_id)
    audit.record(actor.id, f"{deed}_comment", "comment", comment.id, standing=str(standing), reason=reason)
    return comment


def last_decision(comment_id: int) -> CommentDecision | None:
    return session().scalars(
        sa.select(CommentDecision)
        .where(CommentDecision.comment_id == comment_id)
        .order_by(CommentDecision.number.desc())
        .limit(1)
    ).first()  # fmt: skip


def _who_was_first(comment: Comment, last: CommentDecision | None) -> str:
    if comment.standing is Standing.WITHDRAWN:
        return _("Son auteur a retiré ce commentaire entre-temps.")
    if last is None or comment.standing is not last.standing:
        return _("Ce commentaire a changé entre-temps : relisez-le.")
    name = names_of([last.person_id]).get(last.person_id, "")
    said = {
        Deed.SHOW: _("%(name)s vient de publier ce commentaire.", name=name),
        Deed.REFUSE: _("%(name)s vient de refuser ce commentaire.", name=name),
        Deed.HIDE: _("%(name)s vient de masquer ce commentaire.", name=name),
        Deed.KEEP: _("%(name)s vient de laisser ce commentaire en place.", name=name),
        Deed.UNDO: _("%(name)s vient de revenir sur la décision.", name=name),
    }
    return said[last.deed]


def allow_afterwards(actor: Actor, slug: str, allowed: bool) -> None:
    """Whether known authors are read after they are shown, on the pages of an administration."""
    require(actor, Act.PORTAL_MODERATE, PORTAL)
    place = session().scalars(sa.select(Administration).filter_by(slug=slug)).first()
    if place is None:
        raise Missing(_("Cette administration n’existe pas."))
    if allowed:
        session().execute(
            insert(ReadAfterwards)
            .values(administration_id=place.id, person_id=actor.id, since=clock.now())
            .on_conflict_do_nothing()
        )
    else:
        session().execute(sa.delete(ReadAfterwards).filter_by(administration_id=place.id))
    audit.record(actor.id, "read_comments_afterwards", "administration", place.id, allowed=allowed)
