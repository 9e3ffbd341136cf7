"""A wish is answered by an article: when a draft that answers it is published, or because somebody says so."""

from __future__ import annotations

import sqlalchemy as sa

from app import events, mail
from app.db import insert, session
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Actor
from drafts import wish_links
from labs import wish_addresses, wish_work
from labs.wish_models import Wish, WishStatus
from publish import addresses, queries
from publish.events import EditionPublished
from publish.queries import Card
from publish.wish_models import WishArticle


def answer_with(actor: Actor, wish: Wish, slug: str, seen: int) -> None:
    """Somebody who decides about it names the article that answers it."""
    card = queries.article_at(slug)
    if not isinstance(card, Card):
        raise Invalid(_("Donnez l’adresse d’une fiche en ligne."), field="slug")
    wish_work.mark_published(actor, wish, seen)
    _told(wish, card)


@events.on(EditionPublished, "publish.wishes_answered")
def answered(news: EditionPublished) -> None:
    """Wishes that are answered already stay so: their article has one more edition."""
    card = queries.article_at(news.slug)
    if not isinstance(card, Card):
        return
    for wish in wish_links.answered_by(news.article_id):
        if wish.status is not WishStatus.PUBLISHED:
            wish_work.mark_published(None, wish)
            _told(wish, card)


def _told(wish: Wish, card: Card) -> None:
    values = {"wish_id": wish.id, "article_id": card.article_id}
    session().execute(insert(WishArticle).values(**values).on_conflict_do_nothing())
    for filed, email in wish_addresses.taken(wish):
        mail.write(
            email,
            _("Votre souhait a une réponse : %(title)s", title=card.title),
            _("Vous aviez fait le souhait « %(wish)s ». Une fiche y répond :", wish=filed.title)
            + f"\n\n{mail.address(addresses.article(card.slug))}\n\n"
            + _("Votre souhait, et ce qui en a été fait :")
            + f"\n\n{mail.address(addresses.wish(wish.id))}\n\n"
            + _("Votre adresse est maintenant effacée : vous ne recevrez pas d’autre courriel à ce sujet.")
            + "\n",
        )


def article_of(wish: Wish) -> Card | None:
    """The page that answers it, where it is still read."""
    article = session().scalars(
        sa.select(WishArticle.article_id)
        .join(Wish, Wish.id == WishArticle.wish_id)
        .where((Wish.id == wish.id) | (Wish.merged_into == wish.id))
        .order_by(WishArticle.wish_id)
    ).first()  # fmt: skip
    if article is None:
        return None
    slug = queries.current_slug(article)
    found = queries.article_at(slug) if slug is not None else None
    return found if isinstance(found, Card) else None
