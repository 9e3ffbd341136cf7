"""What there is to copy, and a digest of everything that each page depends on.

A page whose digest is that of the last run is not made again. The digests take a dozen statements for the whole portal;
what they leave out would show as a page that stays behind, so the tests compare a copy that was brought up to date with one
that was made from nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import session
from app.directory import models as directory
from app.directory.models import Administration, ConnectedSpace, OnlineService, service_owner
from drafts.models import Article
from drafts.redaction_models import Redaction
from drafts.review_models import ReviewOutcome, RevisionCompetence, SignOff
from labs import wish_queries
from labs.wish_models import Standing, Wish, WishEvent, WishSupport
from publish import addresses, easy_page, open_files, queries, sharing, shown, site, store
from publish.call_models import Call, CallAnswer, CallState
from publish.fate_models import ArticleAct
from publish.fate_stages import READABLE
from publish.models import Address, CheckedLink, Edition, EditionImage, LinkState
from publish.queries import Card, SubjectKind
from publish.static_site.layout import ABOUT, LIST, SEARCH
from publish.voice_models import TouchedPage

WISHES_A_PAGE = 50
CALLS = "/appels"

OPEN_DATA = tuple(f"{addresses.OPEN_DATA}/{name}" for name in open_files.NAMES)


@dataclass(frozen=True)
class Stock:
    """`pages`: {address: digest of what it depends on}; "" where every run makes it again. `images`: those that pages show.
    `articles` are for the search; `pulse` is a digest of everything."""

    pages: dict[str, str]
    images: tuple[str, ...]
    articles: tuple[Card, ...]
    doors: dict[str, str]
    pulse: str

    def addresses(self) -> frozenset[str]:
        return frozenset(self.pages) | {f"/images/{image}.webp" for image in self.images}


def digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:24]


def taken(rules: str) -> Stock:
    """The stock of this moment. `rules`: whatever all pages depend on, as one word. Runs inside a `reading()`."""
    cards = queries.live_cards()
    everywhere = digest(rules, _directory(), _broken(), _newest(Redaction.id), queries.is_demonstration())
    touched = dict(session().execute(sa.select(TouchedPage.path, TouchedPage.number)).all())
    # The files of open data are made again by the hour; what is in them comes from what is counted here already.
    touched.pop(addresses.OPEN_DATA, None)
    articles = {article_id: digest(everywhere, *parts) for article_id, parts in _articles(cards).items()}
    others = digest(
        everywhere,
        store.epoch(),
        sorted(touched.items()),
        _wishes(),
        _calls(),
        queries.today(),
        *sorted(articles.values()),
    )
    pages: dict[str, str] = {}
    twins = {card.article_id for card in cards if easy_page.has_twin(card)}
    for slug, article_id in session().execute(
        sa.select(Address.slug, Address.article_id).order_by(Address.slug)
    ):
        path = addresses.article(slug)
        pages[path] = digest(articles[article_id], touched.get(path, 0))
        pages[addresses.history(slug)] = digest(articles[article_id], "history")
        if article_id in twins:
            easy = addresses.easy(slug)
            pages[easy] = digest(articles[article_id], "easy", touched.get(easy, 0))
        pages[addresses.short(sharing.code_of(article_id))] = digest(articles[article_id], "short")
    for path in _listed(cards):
        pages.setdefault(path, others)
    return Stock(
        pages=pages,
        images=tuple(_images()),
        articles=tuple(cards),
        doors=_doors(),
        pulse=digest(others, *pages.values(), *_images()),
    )


def _listed(cards: Sequence[Card]) -> Iterator[str]:
    """The addresses that are no article's."""
    yield from (path for path in site.every_path() if not path.startswith("/fiches/"))
    yield from addresses.FIXED
    for kind, address in (
        (SubjectKind.THEME, addresses.theme),
        (SubjectKind.LIFE_EVENT, addresses.life_event),
    ):
        yield from (address(one.slug) for one in queries.subjects(kind, cards) if one.articles)
        yield from (address(slug) for slug in sorted(_subjects_ever(kind)))
    for slug in session().scalars(sa.select(Administration.slug).order_by(Administration.slug)):
        yield addresses.feed(addresses.administration(slug))
    yield from (
        addresses.feed(addresses.theme(one.slug))
        for one in queries.subjects(SubjectKind.THEME, cards)
        if one.articles
    )
    yield from (SEARCH, LIST, ABOUT, CALLS)
    for call in calls():
        yield f"{CALLS}/{call.slug}"
    total = wish_queries.count()
    for number in range(1, max(1, -(-total // WISHES_A_PAGE)) + 1):
        yield addresses.WISHES if number == 1 else f"{addresses.WISHES}?page={number}"
    yield from (addresses.wish(card.id) for card in wish_queries.cards())
    yield from OPEN_DATA


def _subjects_ever(kind: SubjectKind) -> set[str]:
    """Subjects under which an article stood once: their pages say what became of it."""
    return {
        slug
        for fields in session().scalars(sa.select(Edition.fields))
        for slug in fields.get(kind) or ()
        if isinstance(slug, str) and re.fullmatch(addresses.SLUG, slug)
    }


def calls() -> list[Call]:
    """The calls that the public sees, the latest first."""
    return list(
        session().scalars(
            sa.select(Call)
            .where(Call.state != CallState.DRAFT)
            .order_by(Call.opens_at.desc(), Call.id.desc())
        )
    )


def _newest(column: Any) -> int:
    return session().scalar(sa.select(sa.func.max(column))) or 0


def _grouped(key: Any, *values: Any) -> dict[int, tuple[Any, ...]]:
    """{key: values} of aggregates."""
    return {row[0]: tuple(row[1:]) for row in session().execute(sa.select(key, *values).group_by(key))}


def _articles(cards: Sequence[Card]) -> dict[int, tuple[object, ...]]:
    """{article: what its page depends on beside what all pages depend on}, of every article that ever had an address."""
    acts = _grouped(ArticleAct.article_id, sa.func.max(ArticleAct.id))
    signed = _grouped(SignOff.revision_id, sa.func.max(SignOff.id), sa.func.count())
    editions = _grouped(Edition.article_id, sa.func.max(Edition.id))
    outcomes = _grouped(ReviewOutcome.revision_id, sa.func.max(ReviewOutcome.approved_at))
    competent: dict[int, list[int]] = defaultdict(list)
    for revision_id, administration_id in session().execute(
        sa.select(RevisionCompetence.revision_id, RevisionCompetence.administration_id).order_by(
            RevisionCompetence.revision_id, RevisionCompetence.administration_id
        )
    ):
        competent[revision_id].append(administration_id)
    said = shown.said_exact()
    near = related(cards)
    today = queries.today()
    found: dict[int, tuple[object, ...]] = {}
    for article in session().scalars(sa.select(Article).where(Article.id.in_(sa.select(Address.article_id)))):
        shown_id = article.shown_revision_id or 0
        found[article.id] = (
            article.state, shown_id, article.urgent_revision_id, article.lead_administration_id, acts.get(article.id),
            editions.get(article.id), signed.get(shown_id), outcomes.get(shown_id),
            competent.get(shown_id), near.get(article.id),
        )  # fmt: skip
    for edition_id, article_id, fields in session().execute(
        sa.select(Edition.id, Edition.article_id, Edition.fields).join(
            Article, Article.shown_revision_id == Edition.revision_id
        )
    ):
        until = said.get(edition_id) or shown.review_date(fields)
        # The page says that a day has gone by.
        found[article_id] = (*found.get(article_id, ()), until is not None and until < today)
    return found


def related(cards: Sequence[Card]) -> dict[int, list[tuple[str, str]]]:
    """{article: (slug, title) of those it names beside itself}: as `queries` chooses them, for all that are read at once.
    `cards` are those that are live; a withdrawn one is named by nobody, and names others."""
    under: dict[tuple[str, str], list[int]] = defaultdict(list)
    place_of = {card.article_id: place for place, card in enumerate(cards)}
    for place, card in enumerate(cards):
        for subject in _subjects(card.fields):
            under[subject].append(place)
    found = {}
    for article_id, fields in session().execute(
        sa.select(Edition.article_id, Edition.fields)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(Article.state.in_(READABLE))
    ):
        shared = Counter(other for subject in _subjects(fields) for other in under[subject])
        shared.pop(place_of.get(article_id, -1), None)
        best = sorted(shared.items(), key=lambda entry: (-entry[1], entry[0]))[: queries.MOST_RELATED]
        found[article_id] = [(cards[other].slug, cards[other].title) for other, _count in best]
    return found


def _subjects(fields: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (str(kind), slug)
        for kind in SubjectKind
        for slug in (fields.get(kind) if isinstance(fields.get(kind), list) else None) or ()
        if isinstance(slug, str)
    }


def _rows(query: Any) -> str:
    """A digest of what a statement answers."""
    return digest(*(tuple(row) for row in session().execute(query)))


def _directory() -> str:
    """Everything that pages say of administrations, counters, services and spaces, and what is over by now."""
    now = clock.now()
    parts = []
    for kind in (Administration, directory.Counter, OnlineService, ConnectedSpace):
        table: Any = kind.__table__
        parts.append(_rows(sa.select(table).order_by(*table.primary_key)))
    parts.append(_rows(sa.select(service_owner).order_by(*service_owner.primary_key)))
    over = [
        _rows(sa.select(OnlineService.id).where(column <= now).order_by(OnlineService.id))
        for column in (OnlineService.outage_from, OnlineService.outage_until, OnlineService.withdrawn_at)
    ]
    return digest(*parts, *over)


def _broken() -> str:
    return _rows(
        sa.select(CheckedLink.digest)
        .where(CheckedLink.state == LinkState.BROKEN)
        .order_by(CheckedLink.digest)
    )


def _wishes() -> str:
    shown_ones = Wish.standing == Standing.SHOWN
    return digest(
        _rows(sa.select(Wish.id, Wish.version, Wish.status).where(shown_ones).order_by(Wish.id)),
        _rows(
            sa.select(WishSupport.wish_id, sa.func.count())
            .group_by(WishSupport.wish_id)
            .order_by(WishSupport.wish_id)
        ),
        _rows(
            sa.select(WishEvent.wish_id, sa.func.max(WishEvent.number))
            .group_by(WishEvent.wish_id)
            .order_by(WishEvent.wish_id)
        ),
    )


def _calls() -> str:
    return digest(
        *((call.slug, call.title, call.question, call.choices, call.state_now, call.is_coming, call.summary, call.closes_at)
          for call in calls()),
        _rows(sa.select(CallAnswer.call_id, sa.func.count()).group_by(CallAnswer.call_id).order_by(CallAnswer.call_id)),
    )  # fmt: skip


def _images() -> list[str]:
    """The images that readable articles show."""
    return list(
        session().scalars(
            sa.select(EditionImage.image_id)
            .join(Edition, Edition.id == EditionImage.edition_id)
            .join(Article, Article.shown_revision_id == Edition.revision_id)
            .where(Article.state.in_(READABLE))
            .distinct()
            .order_by(EditionImage.image_id)
        )
    )


def _doors() -> dict[str, str]:
    """{online service: its own address}: a copy leads there without passing through the portal."""
    return {
        slug: url
        for slug, url in session().execute(
            sa.select(OnlineService.slug, OnlineService.url).where(OnlineService.withdrawn_at.is_(None))
        )
        if url.startswith(("https://", "http://"))
    }
