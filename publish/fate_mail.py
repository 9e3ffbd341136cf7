"""Mails about what becomes of an article: who can decide is asked, who is concerned is told. No text of the page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import sqlalchemy as sa
from babel.dates import format_datetime

from app import clock, mail
from app.db import session
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.mail import address
from app.policy import Actor, PortalRole
from drafts.models import Article
from drafts.review_mail import addresses_of, holding
from drafts.review_models import Revision
from publish import addresses
from publish.fate_models import ArticleAct, UrgentPublication
from publish.fate_stages import Fate
from publish.fate_words import proposal_word
from publish.models import Edition


def title_of(article: Article) -> str:
    """The title the public knows it by."""
    return (
        session().scalar(sa.select(Edition.title).where(Edition.revision_id == article.shown_revision_id))
        or article.slug
    )


def deciders(article: Article) -> set[int]:
    """Who decides what becomes of it: the reviewers of the lead administration, and the portal editors."""
    return {
        *holding(PortalRole.REVIEWER, [article.lead_administration_id]),
        *holding(PortalRole.PORTAL_EDITOR),
    }


def writers(article: Article) -> set[int]:
    """Who proposed what the public reads, so that whose page it is hears of it."""
    return set(
        session().scalars(sa.select(Revision.created_by).where(Revision.id == article.shown_revision_id))
    )


def life_page(article: Article) -> str:
    return address(addresses.life(article.slug))


def _tell(people: Iterable[int], article: Article, subject: str, body: str, *, but: int = 0) -> None:
    for recipient in addresses_of(people, but=but):
        mail.write(recipient, subject, f"{body}\n\n{life_page(article)}\n")


def in_words(at: datetime) -> str:
    """A moment in Nouméa, as one says it."""
    return format_datetime(clock.local(at), "d MMMM y 'à' H'\u00a0h\u00a0'mm", locale="fr")


def masked(article: Article, actor: Actor, reason: str, until: datetime) -> None:
    title = title_of(article)
    body = _(
        "%(name)s a masqué « %(title)s » :\n\n%(reason)s\n\nPersonne ne la lit jusqu’au %(until)s. Sans décision de deux "
        "personnes d’ici là, elle redevient lisible d’elle-même.",
        name=actor.name,
        title=title,
        reason=reason,
        until=in_words(until),
    )
    people = deciders(article) | writers(article)
    _tell(people, article, _("Fiche masquée : %(title)s", title=title), body, but=actor.id)


def came_back(article: Article) -> None:
    title = title_of(article)
    body = _(
        "« %(title)s » était masquée depuis 72 heures, et personne n’a décidé de son sort : elle est de nouveau lisible.",
        title=title,
    )
    people = deciders(article) | writers(article)
    _tell(people, article, _("De nouveau lisible : %(title)s", title=title), body)


def proposed(
    article: Article, actor: Actor, fate: Fate, explanation: str, *, as_editor: bool, as_reviewer: bool
) -> None:
    """Whoever can be the second one: reviewers when an editor proposed it, editors when a reviewer did."""
    people: set[int] = set()
    if as_editor:
        people |= {*holding(PortalRole.REVIEWER, [article.lead_administration_id])}
    if as_reviewer:
        people |= {*holding(PortalRole.PORTAL_EDITOR)}
    title = title_of(article)
    body = _(
        "%(name)s propose de %(what)s « %(title)s » :\n\n%(reason)s\n\nUne deuxième personne doit le confirmer.",
        name=actor.name,
        what=_deed(fate),
        title=title,
        reason=explanation,
    )
    _tell(people, article, _("À confirmer : %(title)s", title=title), body, but=actor.id)


def _deed(fate: Fate) -> str:
    return {
        Fate.WITHDRAW: _("retirer"),
        Fate.REDIRECT: _("rediriger"),
        Fate.REMOVE: _("supprimer"),
        Fate.RESTORE: _("rétablir"),
    }[fate]


def decided(article: Article, actor: Actor, proposal: ArticleAct) -> None:
    assert proposal.proposed is not None
    title = title_of(article)
    body = _(
        "Deux personnes ont décidé de %(what)s « %(title)s » :\n\n%(reason)s",
        what=_deed(proposal.proposed),
        title=title,
        reason=proposal.reason,
    )
    people = deciders(article) | writers(article)
    _tell(people, article, _("Décidé : %(title)s", title=title), body, but=actor.id)


def declined(article: Article, actor: Actor, proposal: ArticleAct, reason: str) -> None:
    assert proposal.proposed is not None
    title = title_of(article)
    body = _(
        "%(name)s écarte la proposition : %(what)s « %(title)s ».",
        name=actor.name,
        what=proposal_word(proposal.proposed),
        title=title,
    )
    people = {proposal.person_id or 0}
    _tell(
        people,
        article,
        _("Proposition écartée : %(title)s", title=title),
        f"{body}\n\n{reason}".rstrip(),
        but=actor.id,
    )


def to_verify(article: Article, people: Iterable[int], until: date, *, is_late: bool, is_today: bool) -> None:
    """Somebody has to look whether the page is still exact."""
    title = title_of(article)
    when = day_in_words(until)
    if is_late:
        subject = _("Vérification en retard : %(title)s", title=title)
        body = _(
            "« %(title)s » devait être vérifiée avant le %(day)s, et la page le dit à ses lecteurs.",
            title=title,
            day=when,
        )
    elif is_today:
        subject = _("À vérifier aujourd’hui : %(title)s", title=title)
        body = _("« %(title)s » est à vérifier avant la fin de ce %(day)s.", title=title, day=when)
    else:
        subject = _("À vérifier bientôt : %(title)s", title=title)
        body = _("« %(title)s » est à vérifier avant le %(day)s.", title=title, day=when)
    body += "\n\n" + _(
        "Relisez-la : si elle est toujours exacte, dites-le d’un clic sur la page ci-dessous ; sinon, corrigez-la."
    )
    for recipient in addresses_of(people):
        mail.write(recipient, subject, f"{body}\n\n{life_page(article)}#verification\n")


def published_urgently(
    article: Article, actor: Actor, urgent: UrgentPublication, people: Iterable[int]
) -> None:
    title = title_of(article)
    body = _(
        "%(name)s a publié « %(title)s » en urgence, avant la fin de sa relecture :\n\n%(reason)s\n\nLa relecture est à "
        "finir d’ici au %(day)s. La page dit jusque-là qu’elle est en cours de relecture.",
        name=actor.name,
        title=title,
        reason=urgent.reason,
        day=day_in_words(urgent.approve_by),
    )
    _tell(people, article, _("Publié en urgence, à relire : %(title)s", title=title), body, but=actor.id)


def urgency_unread(article: Article, urgent: UrgentPublication, people: Iterable[int]) -> None:
    """Every day, until others have approved it."""
    title = title_of(article)
    body = _(
        "« %(title)s » a été publiée en urgence et devait être relue d’ici au %(day)s. Elle est en ligne sans que "
        "personne d’autre l’ait approuvée.",
        title=title,
        day=day_in_words(urgent.approve_by),
    )
    _tell(people, article, _("Toujours pas relu : %(title)s", title=title), body)
