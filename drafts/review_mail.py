"""Mails about a review: reviewers are asked, writers are told. Names and titles go to people who may see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from app import mail
from app.accounts.models import Person, PersonStatus, Role
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from app.policy import PortalRole
from drafts.models import Draft
from drafts.review_models import Revision
from drafts.standing import competent_for, writers_of

_address = ""


def configure(public_url: str) -> None:
    """Say under which address people see the portal, for the links of the mails. Called once by the factory."""
    global _address
    _address = public_url.rstrip("/")


def _link(draft: Draft) -> str:
    return f"{_address}/brouillons/{draft.id}/relecture"


def _tell(people: Iterable[str], subject: str, body: str, draft: Draft) -> None:
    for address in people:
        mail.write(address, subject, f"{body}\n\n{_link(draft)}\n")


def _addresses(people: Iterable[int], *, but: int) -> list[str]:
    return list(
        session().scalars(
            sa.select(Person.email)
            .where(Person.id.in_(set(people)), Person.id != but, Person.status == PersonStatus.ACTIVE)
            .order_by(Person.id)
        )
    )


def _holding(role: PortalRole, administrations: Iterable[int] | None = None) -> list[int]:
    query = sa.select(Role.person_id).where(Role.role == role)
    if administrations is not None:
        query = query.where(Role.administration_id.in_(list(administrations)))
    return list(session().scalars(query))


def _place(administration_id: int) -> str:
    return session().get_one(Administration, administration_id).name


def submitted(
    draft: Draft, revision: Revision, actor_id: int, actor_name: str, *, but: Collection[int] = ()
) -> None:
    """Every reviewer of a competent administration is asked to read, `but` those whose signature holds on."""
    places = [place for place in competent_for(revision.id) if place not in but]
    reviewers = _holding(PortalRole.REVIEWER, places)
    body = _("%(name)s propose « %(title)s » à votre relecture.", name=actor_name, title=revision.title)
    if revision.change_note:
        body += "\n\n" + revision.change_note
    _tell(_addresses(reviewers, but=actor_id), _("À relire : %(title)s", title=revision.title), body, draft)


def carried(draft: Draft, revision: Revision, people: Iterable[int]) -> None:
    """Whose signature holds on is told, and how to say otherwise."""
    body = _(
        "« %(title)s » a été proposé de nouveau, sans aucun changement : votre visa reste valable. "
        "Jusqu’à la publication, vous pouvez vous y opposer ou demander une reprise.",
        title=revision.title,
    )
    _tell(
        _addresses(people, but=0),
        _("Votre visa reste valable : %(title)s", title=revision.title),
        body,
        draft,
    )


def sent_back(draft: Draft, revision: Revision, actor_id: int, administration_id: int, reason: str) -> None:
    """The writers hear what is asked of them."""
    people = writers_of(revision.id) | {revision.created_by}
    body = _(
        "%(administration)s demande une reprise de « %(title)s » :\n\n%(reason)s",
        administration=_place(administration_id),
        title=revision.title,
        reason=reason,
    )
    _tell(_addresses(people, but=actor_id), _("À reprendre : %(title)s", title=revision.title), body, draft)


def objected(draft: Draft, revision: Revision, actor_id: int, administration_id: int, reason: str) -> None:
    people = writers_of(revision.id) | {revision.created_by}
    body = _(
        "%(administration)s s’oppose à la publication de « %(title)s » :\n\n%(reason)s",
        administration=_place(administration_id),
        title=revision.title,
        reason=reason,
    )
    _tell(_addresses(people, but=actor_id), _("Opposition : %(title)s", title=revision.title), body, draft)


def approved(draft: Draft, revision: Revision, actor_id: int) -> None:
    """The portal editors hear that a text waits for its publication, the submitter that it is approved."""
    people = [*_holding(PortalRole.PORTAL_EDITOR), revision.created_by]
    body = _(
        "Toutes les administrations compétentes ont répondu au sujet de « %(title)s » : le texte peut être publié.",
        title=revision.title,
    )
    _tell(_addresses(people, but=actor_id), _("Approuvé : %(title)s", title=revision.title), body, draft)
