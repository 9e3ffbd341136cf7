"""The bin: a draft put away disappears for everybody, can be taken back for 30 days, and then loses its words.

What remains for ever is what is evidence: the row of the draft without its title, its numbered acts, its frozen
versions and their signatures. The log, the checkpoints and the images of a text that was never frozen are erased.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app import audit, clock, jobs
from app.db import note, session
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import images, log
from drafts.events import DraftAccessChanged
from drafts.history_models import (
    DraftFolded,
    DraftRestoration,
    DraftStretch,
    DraftVersion,
)
from drafts.models import (
    Article,
    ArticleState,
    Checkpoint,
    Draft,
    DraftClient,
    DraftFault,
    DraftUpdate,
    FieldChange,
    RefusedUpdate,
)
from drafts.notice_models import DraftFollow, Notice
from drafts.plain_models import PlainException
from drafts.remark_models import Remark
from drafts.review_models import OpenReview, Revision
from drafts.stages import Stage
from labs.models import Lab

KEPT_FOR = timedelta(days=30)
PURGE = "drafts.purge"
# Rows of a log erased in one transaction, so that those who write do not wait: some 0.2 s on SQLite.
ROWS_AT_ONCE = 20_000


def why_not(draft: Draft) -> str | None:
    """What stands against putting a draft away, and what to do about it; None when nothing does."""
    if draft.stage is Stage.SCHEDULED:
        return _(
            "La publication de ce texte est programmée : demandez à l’éditeur du portail d’annuler la programmation, "
            "retirez le texte de la relecture, puis mettez-le à la corbeille."
        )
    in_review = session().scalar(sa.select(OpenReview.revision_id).where(OpenReview.draft_id == draft.id))
    if in_review is not None:
        return _(
            "Ce texte est en relecture : retirez-le d’abord de la relecture, puis mettez-le à la corbeille."
        )
    if draft.article.shown_revision_id is not None and draft.article.state is not ArticleState.GONE:
        return _(
            "La fiche de ce brouillon est en ligne. Pour la corriger, écrivez ici et proposez le texte à la relecture ; "
            "pour qu’elle ne soit plus lue, demandez à l’éditeur du portail de la retirer."
        )
    return None


def put_away(actor: Actor, draft: Draft) -> None:
    """Put a draft into the bin; its open tables close. Raises Invalid while something stands against it."""
    require(actor, Act.DRAFT_STEER, draft)
    draft = log.lock_draft(draft.id)
    if (reason := why_not(draft)) is not None:
        raise Invalid(reason)
    draft.trashed_at, draft.trashed_by = clock.now(), actor.id
    draft.access_epoch += 1
    session().flush()
    jobs.plan(PURGE, str(draft.id), draft.trashed_at + KEPT_FOR)
    note(DraftAccessChanged(draft_id=draft.id))
    audit.record(actor.id, "trash", "draft", draft.id)


def restore(actor: Actor, lab: Lab, draft_id: int) -> Draft:
    """Take a draft of this lab back out of the bin.

    Raises Missing for every draft that is not in the bin of this very lab: an id proves nothing.
    """
    require(actor, Act.LAB_WRITE, lab)
    draft = session().get(Draft, draft_id, with_for_update=True, populate_existing=True)
    if draft is None or draft.lab_id != lab.id or not is_in_bin(draft):
        raise Missing(_("Ce brouillon n’est pas dans la corbeille de ce lab."))
    draft.trashed_at = draft.trashed_by = None
    draft.access_epoch += 1
    session().flush()
    # The lab let them in; what they may do with the text is for the judge of drafts to say.
    require(actor, Act.DRAFT_WRITE, draft)
    jobs.cancel(PURGE, str(draft.id))
    note(DraftAccessChanged(draft_id=draft.id))
    audit.record(actor.id, "restore", "draft", draft.id)
    return draft


def is_in_bin(draft: Draft) -> bool:
    """Whether it can still be taken back, on time even when the sweep is late."""
    return (
        draft.trashed_at is not None and draft.purged_at is None and draft.trashed_at > clock.now() - KEPT_FOR
    )


@jobs.due(PURGE)
def _purge_when_due(key: str, _payload: dict[str, Any]) -> None:
    # What follows a stroke counts the pieces of one purge.
    draft_id = int(key.split("/")[0])
    draft = session().get(Draft, draft_id, with_for_update=True, populate_existing=True)
    if draft is None or draft.trashed_at is None or is_in_bin(draft):
        return
    if left := purge(draft_id):
        jobs.plan(PURGE, f"{draft_id}/{left}", clock.now())


def purge(draft_id: int) -> int:
    """Erase the words of a draft that is in the bin. Returns how many rows of its log are left for another time."""
    draft = session().get(Draft, draft_id, with_for_update=True, populate_existing=True)
    if draft is None or draft.trashed_at is None:
        return 0
    if draft.purged_at is None:
        draft.purged_at = clock.now()
        frozen = session().scalar(sa.select(Revision.id).where(Revision.draft_id == draft.id).limit(1))
        if frozen is None:
            # What was frozen is evidence with its images; what was not is nobody's any more.
            images.forget(draft)
            _give_address_back(draft)
        draft.title, draft.fields = "", {}
        session().flush()
        audit.record(None, "purge", "draft", draft.id)
    for kind in (
        Checkpoint,
        DraftFault,
        RefusedUpdate,
        FieldChange,
        DraftClient,
        Notice,
        DraftFollow,
        Remark,
        PlainException,
        DraftStretch,
        DraftFolded,
        DraftVersion,
        DraftRestoration,
    ):
        session().execute(sa.delete(kind).where(kind.draft_id == draft.id))  # type: ignore[attr-defined]
    piece = (
        sa.select(DraftUpdate.seq)
        .where(DraftUpdate.draft_id == draft.id)
        .order_by(DraftUpdate.seq)
        .limit(ROWS_AT_ONCE)
    )
    session().execute(
        sa.delete(DraftUpdate).where(DraftUpdate.draft_id == draft.id, DraftUpdate.seq.in_(piece))
    )
    left = session().scalar(
        sa.select(sa.func.count()).select_from(DraftUpdate).where(DraftUpdate.draft_id == draft.id)
    )
    return left or 0


def _give_address_back(draft: Draft) -> None:
    """The address of an article that never was, and that no other draft writes, is free for another."""
    other = session().scalar(
        sa.select(Draft.id).where(Draft.article_id == draft.article_id, Draft.id != draft.id).limit(1)
    )
    article = session().get_one(Article, draft.article_id)
    if other is None and article.state is ArticleState.UNPUBLISHED:
        article.slug = f"efface-{article.id}-{draft.id}"
