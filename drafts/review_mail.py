"""Mails about a review: reviewers are asked, writers are told. Names and titles go to people who may see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

import sqlalchemy as sa

from app import mail
from app.accounts.models import Person, PersonStatus, Role
from app.db import session
from app.directory.models import Administration
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.policy import PortalRole
from drafts.answers import substitutes_for
from drafts.models import Draft
from drafts.notice_models import Channel, NoticeKind, NoticeSilence
from drafts.review_models import Revision, Size
from drafts.scopes import proposed_for
from drafts.standing import competent_for, reviewed, writers_of


def _link(draft: Draft) -> str:
    return mail.address(f"/brouillons/{draft.id}/relecture")


def footer() -> str:
    """The end of every mail that can be silenced: where that is done."""
    return _("Ce que vous voulez recevoir se règle ici :") + f"\n{mail.address('/espace/avis/reglages')}\n"


def write_to(people: Iterable[str], subject: str, body: str, draft: Draft) -> None:
    """Write to those who did not silence the mails about reviews."""
    recipients = list(dict.fromkeys(people))
    silent = set(
        session().scalars(
            sa.select(Person.email)
            .join(NoticeSilence, NoticeSilence.person_id == Person.id)
            .where(
                Person.email.in_(recipients),
                NoticeSilence.kind == NoticeKind.REVIEW,
                NoticeSilence.channel == Channel.MAIL,
            )
        )
    )
    for recipient in recipients:
        if recipient not in silent:
            mail.write(recipient, subject, f"{body}\n\n{_link(draft)}\n\n{footer()}")


def addresses_of(people: Iterable[int], *, but: int = 0) -> list[str]:
    """Where these people have their mail; who has left is not written to."""
    return list(
        session().scalars(
            sa.select(Person.email)
            .where(Person.id.in_(set(people)), Person.id != but, Person.status == PersonStatus.ACTIVE)
            .order_by(Person.id)
        )
    )


def holding(role: PortalRole, administrations: Iterable[int] | None = None) -> list[int]:
    """The people who have a role, for any of these administrations where it is one that is held for one."""
    query = sa.select(Role.person_id).where(Role.role == role)
    if administrations is not None:
        query = query.where(Role.administration_id.in_(list(administrations)))
    return list(session().scalars(query))


def place_name(administration_id: int) -> str:
    return session().get_one(Administration, administration_id).name


def speakers(revision: Revision, places: Collection[int]) -> list[int]:
    """Who can answer for these administrations: their reviewers, or who acts for one that has none."""
    stand_in = [row.person_id for row in substitutes_for(revision.id) if row.administration_id in places]
    return [*holding(PortalRole.REVIEWER, places), *stand_in]


def submitted(
    draft: Draft,
    revision: Revision,
    actor_id: int,
    actor_name: str,
    *,
    but: Collection[int] = (),
    is_same: bool = False,
) -> None:
    """Who answers for a competent administration is asked to read, `but` those whose signature holds on.

    `is_same`: the text is the one they know, only the administrations that answer for it are others.
    """
    places = [place for place in competent_for(revision.id) if place not in but]
    asked = proposed_for(revision.id)
    subject = _("À relire : %(title)s", title=revision.title)
    body = _("%(name)s propose « %(title)s » à votre relecture.", name=actor_name, title=revision.title)
    if is_same:
        body = _(
            "Les administrations qui répondent de « %(title)s » ont changé. Le texte est le même, et vous est soumis de "
            "nouveau : les visas qui portaient sur tout le texte ne comptent plus.",
            title=revision.title,
        )
    if revision.change_note:
        body += "\n\n" + revision.change_note
    if len(places) > 1:
        body += _size_in_words(revision.size)
    of_the_whole = speakers(revision, [place for place in places if place not in asked])
    write_to(addresses_of(of_the_whole, but=actor_id), subject, body, draft)
    of_a_part = set(speakers(revision, [place for place in places if place in asked])) - {*of_the_whole}
    body += "\n\n" + _(
        "Il vous est proposé de signer une partie du texte ; vous pouvez aussi le signer en entier."
    )
    write_to(addresses_of(of_a_part, but=actor_id), subject, body, draft)
    _nobody_there(draft, revision, places)


def _size_in_words(size: Size) -> str:
    if size is Size.MINOR:
        return "\n\n" + _(
            "C’est une correction mineure : la signature de l’administration responsable et une autre personne suffisent."
        )
    if size is Size.SAID_MINOR:
        return "\n\n" + _(
            "La personne qui écrit dit que c’est une correction mineure. Si un relecteur est d’accord, la signature de "
            "l’administration responsable et une autre personne suffisent."
        )
    return ""


def _nobody_there(draft: Draft, revision: Revision, places: Collection[int]) -> None:
    """Where an administration has nobody to answer, those who may act for it hear of it."""
    named = {row.administration_id for row in substitutes_for(revision.id)}
    empty = [place for place in places if place not in reviewed(places) | named]
    if not empty:
        return
    people = {
        *holding(PortalRole.REVIEWER, [draft.article.lead_administration_id]),
        *holding(PortalRole.PORTAL_EDITOR),
    }
    body = _(
        "« %(title)s » est proposé à la relecture, et personne n’est référent pour : %(places)s.\n\n"
        "Un référent de l’administration responsable, ou l’éditeur du portail, peut répondre à sa place pour ce texte.",
        title=revision.title,
        places=place_names(empty),
    )
    write_to(addresses_of(people), _("Sans référent : %(title)s", title=revision.title), body, draft)


def carried(draft: Draft, revision: Revision, people: Iterable[int]) -> None:
    """Whose signature holds on is told, and how to say otherwise."""
    body = _(
        "« %(title)s » a été proposé de nouveau, et rien n’a changé dans ce que vous avez signé : votre visa reste "
        "valable. Jusqu’à la publication, vous pouvez le retirer, vous opposer au texte ou demander une reprise.",
        title=revision.title,
    )
    write_to(
        addresses_of(people),
        _("Votre visa reste valable : %(title)s", title=revision.title),
        body,
        draft,
    )


def place_names(ids: Iterable[int]) -> str:
    return ", ".join(sorted(place_name(place) for place in ids))


def retracted(draft: Draft, revision: Revision, actor_id: int, actor_name: str) -> None:
    """Who was asked to read need not any more. At once, since the text is out of their sight from now on."""
    people = [*holding(PortalRole.REVIEWER, competent_for(revision.id)), revision.created_by]
    body = _(
        "%(name)s retire « %(title)s » de la relecture : votre réponse n’est plus attendue. "
        "Vous recevrez un message quand le texte sera proposé de nouveau.",
        name=actor_name,
        title=revision.title,
    )
    write_to(addresses_of(people, but=actor_id), _("Retiré : %(title)s", title=revision.title), body, draft)


def sent_back(draft: Draft, revision: Revision, actor_id: int, administration_id: int, reason: str) -> None:
    """The writers hear what is asked of them."""
    people = writers_of(revision.id) | {revision.created_by}
    body = _(
        "%(administration)s demande une reprise de « %(title)s » :\n\n%(reason)s",
        administration=place_name(administration_id),
        title=revision.title,
        reason=reason,
    )
    write_to(
        addresses_of(people, but=actor_id), _("À reprendre : %(title)s", title=revision.title), body, draft
    )


def objected(draft: Draft, revision: Revision, actor_id: int, administration_id: int, reason: str) -> None:
    people = writers_of(revision.id) | {revision.created_by}
    body = _(
        "%(administration)s s’oppose à la publication de « %(title)s » :\n\n%(reason)s",
        administration=place_name(administration_id),
        title=revision.title,
        reason=reason,
    )
    write_to(
        addresses_of(people, but=actor_id), _("Opposition : %(title)s", title=revision.title), body, draft
    )


def approved(draft: Draft, revision: Revision, actor_id: int) -> None:
    """The portal editors hear that a text waits for its publication, the submitter that it is approved."""
    people = [*holding(PortalRole.PORTAL_EDITOR), revision.created_by]
    body = _(
        "Toutes les administrations compétentes ont répondu au sujet de « %(title)s » : le texte peut être publié.",
        title=revision.title,
    )
    write_to(addresses_of(people, but=actor_id), _("Approuvé : %(title)s", title=revision.title), body, draft)


def reminded(draft: Draft, revision: Revision, places: Collection[int], last: date) -> None:
    """Once, to the reviewers of administrations that have not answered."""
    body = _(
        "« %(title)s » attend la réponse de votre administration, jusqu’au %(day)s. Passé ce jour, "
        "la relecture pourra continuer sans elle.",
        title=revision.title,
        day=day_in_words(last),
    )
    write_to(
        addresses_of(speakers(revision, places)),
        _("Réponse attendue : %(title)s", title=revision.title),
        body,
        draft,
    )


def deadline_passed(draft: Draft, revision: Revision, places: Collection[int]) -> None:
    """Who may go on without an answer is told that the deadline has passed, and of whom."""
    lead = draft.article.lead_administration_id
    people = {
        *holding(PortalRole.REVIEWER, [lead]),
        *holding(PortalRole.PORTAL_EDITOR),
        revision.created_by,
    }
    body = _(
        "Le délai de réponse au sujet de « %(title)s » est passé. N’ont pas répondu : %(places)s.\n\n"
        "Une personne qui n’a rien écrit dans ce texte peut passer outre, en disant pourquoi.",
        title=revision.title,
        places=place_names(places),
    )
    write_to(addresses_of(people), _("Délai passé : %(title)s", title=revision.title), body, draft)


def passed_over(draft: Draft, revision: Revision, actor_id: int, administration_id: int, reason: str) -> None:
    """The administration hears that it was not waited for, and that it may still answer; the writers too."""
    people = {*holding(PortalRole.REVIEWER, [administration_id]), revision.created_by}
    body = _(
        "La relecture de « %(title)s » continue sans la réponse de %(administration)s, dont le délai est passé :"
        "\n\n%(reason)s\n\nElle peut encore répondre tant que la relecture est ouverte.",
        title=revision.title,
        administration=place_name(administration_id),
        reason=reason,
    )
    write_to(
        addresses_of(people, but=actor_id), _("Délai passé : %(title)s", title=revision.title), body, draft
    )


def arbitrated(
    draft: Draft,
    revision: Revision,
    actor_id: int,
    administration_id: int,
    reason: str,
    *,
    is_settled: bool,
) -> None:
    """Who objected and who proposed the text hear it; after the first of two, who may be the second one as well."""
    people = {*holding(PortalRole.REVIEWER, [administration_id]), revision.created_by}
    if is_settled:
        said = _(
            "Deux personnes ont arbitré : l’opposition de %(administration)s ne bloque plus « %(title)s »."
        )
    else:
        people |= {
            *holding(PortalRole.REVIEWER, competent_for(revision.id)),
            *holding(PortalRole.PORTAL_EDITOR),
        }
        said = _(
            "Une personne propose de passer outre l’opposition de %(administration)s à « %(title)s ». "
            "Une deuxième doit en décider."
        )
    body = said % {"administration": place_name(administration_id), "title": revision.title}
    write_to(
        addresses_of(people, but=actor_id),
        _("Arbitrage : %(title)s", title=revision.title),
        f"{body}\n\n{reason}",
        draft,
    )


def not_published(draft: Draft, revision: Revision, planner_id: int) -> None:
    """Who planned a publication hears that it did not take place, and why."""
    body = _(
        "« %(title)s » n’a pas été publié au moment prévu : une remarque bloquante est ouverte. "
        "Le texte reste approuvé ; programmez-le de nouveau quand elle sera résolue.",
        title=revision.title,
    )
    write_to(addresses_of([planner_id]), _("Non publié : %(title)s", title=revision.title), body, draft)
