"""What waits for a person about publications: those that are planned or failed, and what was published urgently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa

from app import clock, jobs
from app.accounts.service import names_of
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from app.policy import Actor, PortalRole
from app.waiting import Waiting, source
from drafts.models import Article, Draft
from drafts.objections import raised_against
from drafts.review_models import OpenReview, Revision, RevisionCompetence, SignOff
from drafts.stages import Stage
from publish.fate_mail import in_words
from publish.fate_models import PublicationFailure, UrgentPublication
from publish.schedule import PUBLISH_AT

MOST = 50


@source("schedules")
def schedules(actor: Actor) -> Iterator[Waiting]:
    """Publications to come, for those who may still call them off: to know of."""
    if PortalRole.PORTAL_EDITOR not in actor.roles and not actor.reviewer_of:
        return
    query = (
        sa.select(Draft.id, Draft.title, jobs.DueRow.due_at)
        .join(jobs.DueRow, jobs.DueRow.key == sa.cast(Draft.id, sa.String))
        .where(
            jobs.DueRow.kind == PUBLISH_AT,
            jobs.DueRow.done_at.is_(None),
            Draft.stage == Stage.SCHEDULED,
            Draft.trashed_at.is_(None),
            # One that failed has a line of its own, which says when it is tried again.
            ~sa.exists().where(PublicationFailure.draft_id == Draft.id),
        )
        .order_by(jobs.DueRow.due_at)
        .limit(MOST)
    )
    if PortalRole.PORTAL_EDITOR not in actor.roles:
        query = query.where(
            Draft.article_id.in_(
                sa.select(Article.id).where(Article.lead_administration_id.in_(actor.reviewer_of))
            )
        )
    for draft_id, title, due_at in session().execute(query):
        at = clock.local(due_at)
        yield Waiting(
            about=title,
            what=_("Publication programmée"),
            why=_(
                "Elle aura lieu à %(hour)s, sauf si quelqu’un l’annule.",
                hour=f"{at.hour}\u00a0h\u00a0{at:%M}",
            ),
            href=_publication(draft_id),
            until=at.date(),
            is_news=True,
        )


def _publication(draft_id: int) -> str:
    return f"/brouillons/{draft_id}/relecture#publier"


@source("failures")
def failed(actor: Actor) -> Iterator[Waiting]:
    """Planned publications that did not take place, for those who publish: to do, or to know of while it is tried again."""
    edits = PortalRole.PORTAL_EDITOR in actor.roles
    if not edits and not actor.reviewer_of:
        return
    query = (
        sa.select(Draft.id, Draft.title, PublicationFailure)
        .join(PublicationFailure, PublicationFailure.draft_id == Draft.id)
        .where(Draft.stage.in_([Stage.APPROVED, Stage.SCHEDULED]), Draft.trashed_at.is_(None))
        .order_by(PublicationFailure.planned_for)
        .limit(MOST)
    )
    if not edits:
        query = query.join(Article, Article.id == Draft.article_id).join(
            Administration,
            (Administration.id == Article.lead_administration_id)
            & Administration.may_publish_own
            & Administration.id.in_(actor.reviewer_of),
        )
    for draft_id, title, failure in session().execute(query):
        again = failure.next_at
        why = _("Prévue le %(moment)s. %(said)s", moment=in_words(failure.planned_for), said=failure.said)
        if again is not None:
            why += " " + _("Nouvel essai automatique : %(moment)s.", moment=in_words(again))
        yield Waiting(
            title,
            _("Publication manquée : publier, ou choisir un autre moment")
            if again is None
            else _("Publication manquée, tentée de nouveau"),
            why,
            _publication(draft_id),
            is_late=again is None,
            is_news=again is not None,
            replaces=_publication(draft_id),
        )


@source("urgencies")
def urgencies(actor: Actor) -> Iterator[Waiting]:
    """What is public and nobody else has approved: to be answered by the administrations that have not, to be seen to by
    the portal editors once it is late; to know of for who proposed it."""
    rows = session().execute(
        sa.select(Revision.id, Revision.draft_id, Revision.title, Revision.created_by, UrgentPublication, OpenReview)
        .join(UrgentPublication, UrgentPublication.revision_id == Revision.id)
        .join(Article, Article.urgent_revision_id == Revision.id)
        .outerjoin(OpenReview, OpenReview.revision_id == Revision.id)
        .order_by(UrgentPublication.at)
        .limit(MOST)
    ).all()  # fmt: skip
    if not rows:
        return  # nearly always
    unanswered = _unanswered([revision_id for revision_id, *_rest, is_open in rows if is_open is not None])
    names = names_of(urgent.person_id for *_rest, urgent, _open in rows)
    today = clock.local(clock.now()).date()
    for revision_id, draft_id, title, created_by, urgent, is_open in rows:
        late = today > urgent.approve_by
        why = _(
            "%(name)s l’a publié en urgence : d’autres doivent l’approuver.",
            name=names.get(urgent.person_id, ""),
        )
        page = f"/brouillons/{draft_id}/relecture"
        # Who published alone does not approve it as well.
        places = unanswered[revision_id] & actor.reviewer_of if urgent.person_id != actor.id else set()
        for place in sorted(places):
            yield Waiting(
                title,
                _("Relire et approuver ce qui est déjà en ligne"),
                why,
                f"{page}#visa-{place}",
                until=urgent.approve_by,
                is_late=late,
                replaces=f"{page}#visa-{place}",
            )
        sees_to_it = late and PortalRole.PORTAL_EDITOR in actor.roles
        if not places and (PortalRole.PORTAL_EDITOR in actor.roles or created_by == actor.id):
            yield Waiting(
                title,
                _("Faire approuver ce qui est déjà en ligne")
                if sees_to_it
                else _("En ligne sans être approuvé"),
                why,
                f"{page}#ou-en-est-on" if is_open is not None else f"/brouillons/{draft_id}",
                until=urgent.approve_by,
                is_late=sees_to_it,
                is_news=not sees_to_it,
            )


def _unanswered(revision_ids: list[int]) -> dict[int, set[int]]:
    """The competent administrations that have neither answered nor object, by revision."""
    found: dict[int, set[int]] = defaultdict(set)
    for revision_id, place in session().execute(
        sa.select(RevisionCompetence.revision_id, RevisionCompetence.administration_id).where(
            RevisionCompetence.revision_id.in_(revision_ids),
            ~sa.exists().where(
                SignOff.revision_id == RevisionCompetence.revision_id,
                SignOff.administration_id == RevisionCompetence.administration_id,
            ),
        )
    ):
        found[revision_id].add(place)
    for revision_id, raised in raised_against(revision_ids).items():
        found[revision_id] -= {one.act.administration_id for one in raised if one.stands}
    return found
