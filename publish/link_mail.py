"""Word of a broken link: to the reviewers of the administrations that answer for the pages and for the service."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from app import mail
from app.db import session
from app.directory.models import OnlineService
from app.extensions import gettext as _
from app.mail import address
from app.policy import PortalRole
from drafts.models import Article
from drafts.review_mail import addresses_of, holding
from publish import addresses
from publish.models import Edition


def broken(url: str, said: str, article_ids: Sequence[int]) -> None:
    """Once for each spell of failing: which address, on which pages, and what it answers."""
    articles = list(session().scalars(sa.select(Article).where(Article.id.in_(article_ids))))
    services = list(session().scalars(sa.select(OnlineService).where(OnlineService.url == url)))
    places = {article.lead_administration_id for article in articles}
    places |= {owner.id for service in services for owner in service.owners}
    if not places:
        return
    titles = dict(
        session()
        .execute(
            sa.select(Edition.article_id, Edition.title)
            .join(Article, Article.shown_revision_id == Edition.revision_id)
            .where(Article.id.in_(article_ids))
        )
        .all()
    )
    lines = [
        f"- {titles.get(article.id, article.slug)} {address(addresses.article(article.slug))}"
        for article in articles
    ]
    directory = _("annuaire des démarches")
    lines += [f"- {service.title} ({directory})" for service in services]
    body = _(
        "Cette adresse ne répond plus : %(url)s\n(%(said)s)\n\nElle est proposée au public ici :\n\n%(pages)s\n\n"
        "Ces pages disent en attendant que le lien est momentanément indisponible. Corrigez l’adresse, ou le site "
        "auquel elle mène.",
        url=url,
        said=_meaning(said),
        pages="\n".join(lines),
    )
    for recipient in addresses_of(holding(PortalRole.REVIEWER, places)):
        mail.write(recipient, _("Lien momentanément indisponible : %(url)s", url=url[:120]), body)


def _meaning(said: str) -> str:
    return {
        "name": _("ce nom n’existe pas"),
        "connect": _("le serveur n’est pas joignable"),
        "slow": _("le serveur ne répond pas à temps"),
        "tls": _("le certificat du site n’est pas valable"),
        "answer": _("le serveur répond autre chose qu’une page"),
        "redirects": _("la page renvoie sans fin à d’autres"),
        "inside": _("cette adresse n’est pas celle d’un site public"),
    }.get(said, _("réponse %(status)s", status=said))
