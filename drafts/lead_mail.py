"""Mails about signatures that are taken back, administrations that have nobody, and who answers for an article."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from app.db import session
from app.extensions import gettext as _
from app.policy import Actor, PortalRole
from drafts.models import Draft
from drafts.review_mail import addresses_of, holding, place_name, place_names, speakers, write_to
from drafts.review_models import Revision
from drafts.stages import Stage
from drafts.standing import writers_of


def withdrawn(draft: Draft, revision: Revision, actor_id: int, administration_id: int, reason: str) -> None:
    """Who proposed and wrote the text, and the colleagues who may answer once more, hear that a signature is gone."""
    people = {*speakers(revision, [administration_id]), *writers_of(revision.id), revision.created_by}
    body = _(
        "Le visa de %(administration)s sur « %(title)s », reporté d’une version précédente, est retiré :\n\n%(reason)s"
        "\n\nElle peut répondre de nouveau.",
        administration=place_name(administration_id),
        title=revision.title,
        reason=reason,
    )
    write_to(
        addresses_of(people, but=actor_id), _("Visa retiré : %(title)s", title=revision.title), body, draft
    )


def stands_in(draft: Draft, revision: Revision, actor: Actor, administration_id: int, reason: str) -> None:
    """Who proposed the text, and the others who might have done it, hear who answers for whom, and why."""
    people = {
        *holding(PortalRole.REVIEWER, [draft.article.lead_administration_id]),
        *holding(PortalRole.PORTAL_EDITOR),
        revision.created_by,
    }
    body = _(
        "%(name)s répond pour %(administration)s, qui n’a pas de référent, sur « %(title)s » :\n\n%(reason)s",
        name=actor.name,
        administration=place_name(administration_id),
        title=revision.title,
        reason=reason,
    )
    write_to(
        addresses_of(people, but=actor.id), _("Suppléance : %(title)s", title=revision.title), body, draft
    )


def competences_changed(
    draft: Draft, actor: Actor, before: Collection[int], after: Collection[int], reason: str
) -> None:
    """Administrations that are competent from now on, or no more, hear it from whom and why; the writers too."""
    joined, left = (
        [place for place in one if place not in other] for one, other in ((after, before), (before, after))
    )
    body = _(
        "%(name)s change les administrations compétentes pour « %(title)s ».",
        name=actor.name,
        title=draft.title,
    )
    if joined:
        body += "\n\n" + _("Compétentes désormais : %(places)s", places=place_names(joined))
    if left:
        body += "\n\n" + _("Qui ne le sont plus : %(places)s", places=place_names(left))
    people = {*_concerned(draft, [*joined, *left]), *_behind(draft)}
    write_to(
        addresses_of(people, but=actor.id),
        _("Administrations compétentes : %(title)s", title=draft.title),
        f"{body}\n\n{reason}",
        draft,
    )


def handed_over(draft: Draft, actor: Actor, former: int, lead: int, reason: str) -> None:
    """Both administrations hear that the article has another lead, and why; the writers too."""
    body = _(
        "%(name)s confie « %(title)s » à %(lead)s, qui en est désormais responsable à la place de %(former)s :"
        "\n\n%(reason)s",
        name=actor.name,
        title=draft.title,
        lead=place_name(lead),
        former=place_name(former),
        reason=reason,
    )
    people = {*_concerned(draft, [former, lead]), *_behind(draft)}
    write_to(
        addresses_of(people, but=actor.id),
        _("Administration responsable : %(title)s", title=draft.title),
        body,
        draft,
    )


def _concerned(draft: Draft, places: Iterable[int]) -> list[int]:
    """Reviewers, who know of a draft from its first submission on."""
    return holding(PortalRole.REVIEWER, places) if draft.stage is not Stage.WRITING else []


def _behind(draft: Draft) -> set[int]:
    """Who began a draft, and who has proposed it."""
    proposed = session().scalars(sa.select(Revision.created_by).where(Revision.draft_id == draft.id))
    return {draft.created_by, *proposed}
