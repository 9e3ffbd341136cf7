"""The edition that is shown of an article as a paper, and the files that were made of it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from app import clock
from app.db import session
from app.directory.catalogue import Concern, places
from app.extensions import day_in_words
from app.extensions import gettext as _
from drafts import images
from drafts.card_queries import references_of
from drafts.exchange import formats
from drafts.exchange.formats import Offer
from drafts.exchange.paper import Format, Paper
from drafts.models import Article, ArticleState
from publish import addresses, queries, shown
from publish.download_models import EditionFile
from publish.models import Edition, EditionImage
from publish.queries import Card

SHORT = 12
# A kilobyte of those who sell lines and telephones.
KILO = 1000


@dataclass(frozen=True)
class Kept:
    """A file as it is given out. `tag` is the digest of its bytes."""

    content: bytes
    tag: str


@dataclass(frozen=True)
class Line:
    """A format on the page of an article's files; without a size while it is being made."""

    offer: Offer
    address: str
    size: str


def lines(card: Card) -> tuple[Line, ...]:
    """Every format in which an article is given out."""
    sizes = {row.form: row.size for row in _rows(card)}
    return tuple(
        Line(
            offer,
            addresses.download(card.slug, offer.form),
            _("%(size)s ko", size=-(-sizes[offer.form] // KILO)) if offer.form in sizes else "",
        )
        for offer in formats.offers()
    )


def kept(card: Card, form: Format) -> Kept | None:
    """The file of what is read now; None while it is being made."""
    row = next((row for row in _rows(card) if row.form == form), None)
    return Kept(row.content, row.digest) if row is not None else None


def _rows(card: Card) -> list[EditionFile]:
    state = session().get_one(Article, card.article_id).state
    return list(
        session().scalars(
            sa.select(EditionFile).where(
                EditionFile.edition_id == card.edition_id,
                EditionFile.says_withdrawn.is_(state is ArticleState.WITHDRAWN),
            )
        )
    )


def paper_of(card: Card, public_url: str) -> Paper:
    """What the page of an article shows, as a paper: the signed text, with the directory of today."""
    edition = session().get_one(Edition, card.edition_id)
    tree = edition.revision.tree
    offices = places(queries.competent_for([card.revision_id]).get(card.revision_id, ()))
    concern = Concern(frozenset(place.id for place in offices), frozenset(card.listed("territories")))
    return Paper(
        title=edition.title,
        tree=tree,
        facts=_facts(edition, public_url),
        references=references_of(tree, concern=concern),
        pictures={
            image_id: images.content_of(image_id)
            for image_id in session().scalars(
                sa.select(EditionImage.image_id)
                .where(EditionImage.edition_id == edition.id)
                .order_by(EditionImage.image_id)
            )
        },
    )


def _facts(edition: Edition, public_url: str) -> tuple[tuple[str, str], ...]:
    article = edition.article
    facts: list[tuple[str, str]] = []
    if (away := shown.withdrawn(article)) is not None:
        day = day_in_words(clock.local(away.at).date(), "d MMMM y")
        facts.append(
            (
                _("Attention"),
                _(
                    "fiche retirée le %(day)s, ne vous y fiez plus. Pourquoi : %(reason)s",
                    day=day,
                    reason=away.reason,
                ),
            )
        )
    if shown.urgent_until(article) is not None:
        facts.append((_("Attention"), _("fiche publiée en urgence, avant la fin de sa relecture")))
    if edition.credits:
        facts.append((_("Rédigée par"), ", ".join(str(entry.get("name", "")) for entry in edition.credits)))
    published = day_in_words(clock.local(edition.published_at).date(), "d MMMM y")
    facts.append((_("Version"), _("%(number)s, publiée le %(day)s", number=edition.number, day=published)))
    verified_at, until = shown.verified(edition)
    facts.append((_("Vérifiée le"), day_in_words(clock.local(verified_at).date(), "d MMMM y")))
    if until is not None:
        facts.append((_("À vérifier avant le"), day_in_words(until, "d MMMM y")))
    facts.append((_("Adresse"), public_url + addresses.article(edition.slug)))
    facts.append((_("Empreinte"), edition.fingerprint[:SHORT]))
    return tuple(facts)
