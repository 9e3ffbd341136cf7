"""Who answers for an article changes: other administrations are competent, or another one leads.

Both are signed with the text, so a review that is open cannot go on as it was. The very text that is read is frozen once
more under the new names, and asked for again: what nothing touched is carried, every other signature is void
(decision 0015).
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from app.db import note, session
from app.directory.models import Administration
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Actor
from drafts import freeze, lead_mail, log, plain_frozen
from drafts.lead_guards import may_change_competences
from drafts.models import Article, Draft
from drafts.review import ask, close_review, said
from drafts.review_events import CompetencesChanged
from drafts.review_models import Revision
from drafts.scopes import kept_from, propose
from drafts.service import record_act
from drafts.stages import Deed
from drafts.standing import competent_for

__all__ = ["change_competences", "hand_over"]


def change_competences(actor: Actor, draft: Draft, competent: Collection[int], reason: str) -> bool:
    """Have these administrations, and no others, answer for the article. Returns whether that changes anything.

    By the lead administration. Raises Invalid without any administration or reason, or while somebody objects.
    """
    draft = log.lock_draft(draft.id)
    freeze.hold_article(draft, to_change=True)
    revision = may_change_competences(actor, draft, Deed.CHANGE_COMPETENCES)
    reason = said(reason, required=True)
    if not competent:
        raise Invalid(_("Choisissez au moins une administration compétente."), field="competent")
    article = draft.article
    before = {place.id for place in article.competent}
    if set(competent) == before:
        return False
    _change(
        actor, draft, revision, Deed.CHANGE_COMPETENCES, article.lead_administration_id, competent, reason
    )
    lead_mail.competences_changed(draft, actor, before, set(competent), reason)
    return True


def hand_over(actor: Actor, draft: Draft, administration_id: int, reason: str) -> bool:
    """Have another administration lead, which is competent from then on. Returns whether that changes anything.

    By the lead administration so far, which stays competent. Raises Invalid without a reason, or while somebody objects.
    """
    draft = log.lock_draft(draft.id)
    freeze.hold_article(draft, to_change=True)
    revision = may_change_competences(actor, draft, Deed.HAND_OVER)
    reason = said(reason, required=True)
    article = draft.article
    former = article.lead_administration_id
    if administration_id == former:
        return False
    competent = {*(place.id for place in article.competent), administration_id}
    _change(actor, draft, revision, Deed.HAND_OVER, administration_id, competent, reason)
    lead_mail.handed_over(draft, actor, former, administration_id, reason)
    return True


def _change(
    actor: Actor,
    draft: Draft,
    revision: Revision | None,
    deed: Deed,
    lead: int,
    competent: Collection[int],
    reason: str,
) -> None:
    article = draft.article
    if revision is not None:
        # The database lets nobody change who answers while a review is open.
        close_review(article.id, how=str(deed), revision_id=revision.id)
    _place(article, lead, competent)
    note(CompetencesChanged(article_id=article.id))
    # Reviewers see a draft of what they are competent for, so this is a change of access.
    session().execute(
        sa.update(Draft)
        .where(Draft.article_id == article.id)
        .values(access_epoch=Draft.access_epoch + 1)
        .execution_options(synchronize_session="fetch")
    )
    if revision is None:
        record_act(draft, deed, actor, reason=reason)
        return
    renamed = freeze.again(draft, revision)
    plain_frozen.carry(revision, renamed)
    record_act(draft, deed, actor, revision_id=renamed.id, reason=reason)
    asked = competent_for(renamed.id)
    propose(renamed, asked, lead, kept_from(revision, renamed.tree, asked, lead))
    ask(actor, draft, renamed, Deed.ASK_AGAIN, revision, reason="")


def _place(article: Article, lead: int, competent: Collection[int]) -> None:
    places = {
        place.id: place
        for place in session().scalars(
            sa.select(Administration).where(Administration.id.in_({lead, *competent}))
        )
    }
    if places.keys() != {lead, *competent}:
        raise Invalid(_("Cette administration n’existe pas."), field="competent")
    article.lead = places[lead]
    article.competent = sorted((places[place] for place in set(competent)), key=lambda place: place.name)
    session().flush()
