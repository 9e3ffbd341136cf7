"""Search: French stems in a table of our own, so that SQLite and PostgreSQL find the same things.

The table says which articles have a stem, and how much they are about it. What has been found is then read: the
word itself comes before other words of its stem (`publish.words`), which are left out where they would only be noise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from markupsafe import Markup

from app.db import session
from app.directory.models import Administration
from drafts import vocabulary
from publish.catalogue import Service, services
from publish.extracts import extract, marked
from publish.models import Edition, SearchTerm
from publish.queries import Card, competent_for, live_cards
from publish.words import Kin, Sought, kins, sought, stems, words

TITLE, LEAD, SUBJECT, BODY = 40, 12, 10, 6
LONGEST_QUERY = 200
MOST_WORDS = 12
PER_PAGE = 20
MOST_SERVICES = 5
# Another word of the same stem in the title, at most 80 of weight, is worth less than the word itself in the lead;
RELATIVE = 0.1
# save where the text has the word itself: « Déménager à Lifou » is about a `déménagement`.
CONFIRMED = 0.6
# How many texts one query may make us read to tell a word from its relatives; the others keep their place.
MOST_READ = 200


def _counted(text: str) -> Counter[str]:
    return Counter(stem for match in words(text) for stem in stems(match.group()))


def _title_weight(title: Counter[str]) -> int:
    """The fewer words a title has, the more it is about each of them."""
    return TITLE + round(TITLE / len(title))


def index(edition: Edition) -> None:
    """Put an edition in the place of the one before, in the open unit of work."""
    weights: Counter[str] = Counter()
    title = _counted(edition.title)
    for stem in title:
        weights[stem] += _title_weight(title)
    for stem in _counted(edition.lead):
        weights[stem] += LEAD
    titles = {**vocabulary.themes(), **vocabulary.life_events()}
    slugs = [slug for field in ("themes", "life_events") for slug in edition.fields.get(field) or ()]
    names = session().execute(
        sa.select(Administration.name, Administration.acronym).where(
            Administration.id.in_(competent_for([edition.revision_id]).get(edition.revision_id, ()))
        )
    )
    subject = " ".join(
        [*(titles.get(slug, "") for slug in slugs), *(f"{name} {short or ''}" for name, short in names)]
    )
    for stem in _counted(subject):
        weights[stem] += SUBJECT
    for stem, count in _counted(edition.plain).items():
        weights[stem] += min(count, BODY)
    session().execute(sa.delete(SearchTerm).where(SearchTerm.article_id == edition.article_id))
    if weights:
        session().execute(
            sa.insert(SearchTerm),
            [
                {"stem": stem, "article_id": edition.article_id, "weight": weight}
                for stem, weight in weights.items()
            ],
        )


@dataclass(frozen=True)
class Hit:
    card: Card
    title: Markup
    extract: Markup


@dataclass(frozen=True)
class Found:
    """`is_partial`: no article has all the words, these have some. `total` counts all of them."""

    query: str
    hits: tuple[Hit, ...]
    total: int
    page: int
    is_partial: bool
    services: tuple[Service, ...]

    @property
    def pages(self) -> int:
        return max(1, math.ceil(self.total / PER_PAGE))


def search(query: str, page: int = 1) -> Found:
    """Live articles for a query, the best first. Articles with all the words come before those with some."""
    query = " ".join(query[:LONGEST_QUERY].split())
    wanted = sought(query)[:MOST_WORDS]
    if not wanted:
        return Found(query, (), 0, 1, False, ())
    cards = {card.article_id: card for card in live_cards()}
    weights = [_weights(word, cards) for word in wanted]
    having = Counter(article_id for found in weights for article_id in found)
    whole = [article_id for article_id in having if having[article_id] == len(wanted)]
    candidates = whole or list(having)
    scores = _scores(wanted, weights, [cards[article_id] for article_id in candidates], len(cards))
    chosen = sorted(scores, key=lambda one: (-having[one], -scores[one], cards[one].title))
    pages = max(1, math.ceil(len(chosen) / PER_PAGE))
    page = min(max(page, 1), pages)
    shown = [cards[article_id] for article_id in chosen[(page - 1) * PER_PAGE : page * PER_PAGE]]
    texts = _texts(shown)
    hits = tuple(
        Hit(card, marked(card.title, wanted), extract(texts.get(card.article_id, ""), card.lead, wanted))
        for card in shown
    )
    return Found(query, hits, len(chosen), page, not whole and bool(chosen), tuple(_services(wanted)))


def _weights(word: Sought, cards: Iterable[int]) -> dict[int, int]:
    """{article: weight} of a word among live articles."""
    found: dict[int, int] = {}
    for article_id, weight in _rows(word.stems):
        if article_id in cards:
            found[article_id] = max(found.get(article_id, 0), weight)
    return found


def _texts(cards: Sequence[Card]) -> dict[int, str]:
    """{article: the words of its live edition}."""
    rows = session().execute(
        sa.select(Edition.article_id, Edition.plain).where(
            Edition.id.in_([card.edition_id for card in cards])
        )
    )
    return {row.article_id: row.plain for row in rows}


@dataclass(frozen=True)
class Standing:
    """Where a word stands in an article, and as what; `subject` and `body` are what is left of its weight there."""

    title: Kin
    lead: Kin
    title_weight: int
    subject: int
    body: int

    def score(self, in_body: Kin) -> float:
        near = CONFIRMED if in_body is Kin.ITSELF else RELATIVE
        share = {Kin.NONE: 0.0, Kin.RELATIVE: near, Kin.ITSELF: 1.0}
        honours = self.title_weight * share[self.title] + LEAD * share[self.lead]
        return honours + self.subject + self.body * (near if in_body is Kin.RELATIVE else 1.0)

    @property
    def is_sure(self) -> bool:
        """The article is about it, whatever its body says."""
        return bool(self.title or self.lead or self.subject)


def _standing(word: Sought, card: Card, weight: int) -> Standing:
    title, lead = word.best_in(card.title), word.best_in(card.lead)
    title_weight = _title_weight(_counted(card.title)) if title else 0
    rest = max(0, weight - title_weight - (LEAD if lead else 0))
    # The body gives less than one subject does, so what is left of whole subjects is its own.
    return Standing(title, lead, title_weight, rest - rest % SUBJECT, rest % SUBJECT)


def _scores(
    wanted: Sequence[Sought], weights: Sequence[dict[int, int]], cards: Sequence[Card], live: int
) -> dict[int, float]:
    """{article: score}. Left out: who only has relatives of the words in its body, where others have the words."""
    rarities = [1 + math.log((1 + live) / (1 + len(found))) for found in weights]
    ranked = sorted(cards, key=lambda card: -sum(found.get(card.article_id, 0) for found in weights))
    texts = _texts(ranked[:MOST_READ])
    scores: dict[int, float] = {}
    beside_the_point: set[int] = set()
    # Nobody may have the word as it was typed: `sante` for `santé`, `demenagera`. Then no relative is noise.
    is_anywhere = False
    for card in cards:
        text, is_sure, score = texts.get(card.article_id), False, 0.0
        # Of the texts there is no time to read, the worst is thought, but none is left out.
        in_bodies = kins(text, wanted) if text is not None else [Kin.RELATIVE] * len(wanted)
        for word, found, rarity, in_body in zip(wanted, weights, rarities, in_bodies, strict=True):
            if not (weight := found.get(card.article_id)):
                continue
            standing = _standing(word, card, weight)
            is_anywhere = is_anywhere or Kin.ITSELF in (standing.title, standing.lead, in_body)
            is_sure = is_sure or standing.is_sure or text is None or in_body is not Kin.RELATIVE
            score += standing.score(in_body) * rarity
        scores[card.article_id] = score
        if not is_sure:
            beside_the_point.add(card.article_id)
    if not is_anywhere:
        return scores
    return {one: score for one, score in scores.items() if one not in beside_the_point}


def _rows(group: frozenset[str]) -> list[tuple[int, int]]:
    """(article, weight) for one word; for a word nobody wrote, articles with a word that begins like it."""
    query = sa.select(SearchTerm.article_id, SearchTerm.weight)
    rows = session().execute(query.where(SearchTerm.stem.in_(group))).all()
    if not rows:
        starts = [stem for stem in group if len(stem) >= 4]
        if starts:
            begins = sa.or_(*(SearchTerm.stem.startswith(stem, autoescape=True) for stem in starts))
            rows = session().execute(query.where(begins).limit(500)).all()
    return [(article_id, weight) for article_id, weight in rows]


def _services(wanted: Sequence[Sought]) -> list[Service]:
    """Online services that have all the words in their title or summary, those of the title first."""
    scored = []
    for service in services():
        title = [word.best_in(service.title) for word in wanted]
        everything = " ".join(
            [service.title, service.summary, *(f"{office.name} {office.short}" for office in service.offices)]
        )
        if any(title) and all(word.best_in(everything) for word in wanted):
            scored.append((-sum(title), service))
    scored.sort(key=lambda entry: entry[0])
    return [service for _score, service in scored[:MOST_SERVICES]]
