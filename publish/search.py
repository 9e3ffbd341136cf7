"""Search: articles for what people type, the best first, the same on SQLite and PostgreSQL.

What was typed becomes concepts (`publish.asking`), what articles have of them is read from the index
(`publish.postings`), and the order is that of BM25F: each place of an article weighs by itself, a word that few
articles have weighs more, and what is said often weighs less each time. docs/search.md has the whole and its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from markupsafe import Markup

from app.db import session
from app.directory.catalogue import Service, services, sort_key
from app.directory.models import Administration, OnlineService
from drafts.models import Article, ArticleState
from publish import asking, search_filters
from publish.asking import Asked, Concept, Guess
from publish.extracts import extract, marked
from publish.models import Edition
from publish.postings import Posting, Postings
from publish.queries import Card, cards_of, with_link_state
from publish.search_filters import NONE_CHOSEN, Chosen, Facet
from publish.search_index import UNIT, Place
from publish.words import Kin, Sought, kins

PER_PAGE = 20
MOST_PAGES = 25
MOST_SERVICES = 5
# How soon more of the same word stops to count (`k1` of BM25): at this many words of a body, half of what a word can
# count is reached. A title is worth twelve, so that it gives two thirds.
HALF_AT = 10.0
# Another word of the same stem is worth less than the word itself; less so where the text has that too:
# « Déménager à Lifou » is about a `déménagement`.
RELATIVE = 0.2
CONFIRMED = 0.6
# A word of a question that no page is about.
FAINT = 0.2
# Who has more of what is asked for comes first: the score is multiplied by the share it has, to this power.
WHOLENESS = 0.5
# To have a word in passing is less than to have it: so many words of a body are needed for the whole of it.
FULLY = 8.0
# What a second way to say the same adds.
BESIDE = 0.25
# Where some have all the words, others are noise unless they come that near to the best; where nobody has, the list
# ends at that share of the best.
NEAR = 0.4
TAIL = 0.3


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
    guesses: tuple[Guess, ...] = ()
    facets: tuple[Facet, ...] = ()
    chosen: Chosen = NONE_CHOSEN
    literally: bool = False

    @property
    def pages(self) -> int:
        return max(1, math.ceil(self.total / PER_PAGE))

    @property
    def is_in_vain(self) -> bool:
        """Something was asked for, and there is nothing to show for it."""
        return bool(self.query) and not self.hits and not self.services


def search(query: str, page: int = 1, chosen: Chosen = NONE_CHOSEN, *, literally: bool = False) -> Found:
    """Live articles for a query, the best first."""
    asked = asking.asked(query, literally=literally)
    if not asked.concepts:
        return Found(asked.query, (), 0, 1, False, (), chosen=chosen)
    scores, is_partial = _ranked(asked)
    best = sorted(scores, key=lambda one: (-scores[one], one))[: PER_PAGE * MOST_PAGES]
    # Equals stand in alphabetical order: Dumbéa, Koné, Lifou.
    cards = sorted(cards_of(best), key=lambda card: (-scores[card.article_id], sort_key(card.title)))
    filtered, facets = search_filters.narrowed(cards, chosen)
    pages = max(1, math.ceil(len(filtered) / PER_PAGE))
    page = min(max(page, 1), pages)
    shown = filtered[(page - 1) * PER_PAGE : page * PER_PAGE]
    texts = _texts(shown)
    wanted = asked.shown
    hits = tuple(
        Hit(card, marked(card.title, wanted), extract(texts.get(card.article_id, ""), card.lead, wanted))
        for card in shown
    )
    return Found(
        asked.query,
        hits,
        len(filtered),
        page,
        is_partial and bool(filtered),
        tuple(_services(asked.concepts)),
        tuple(concept.guess for concept in asked.concepts if concept.guess is not None),
        facets,
        chosen,
        literally,
    )


def _ranked(asked: Asked) -> tuple[dict[int, float], bool]:
    """({article: score}, whether none has all that was asked for)."""
    live = session().scalar(
        sa.select(sa.func.count()).select_from(Article).where(Article.state == ArticleState.LIVE)
    )
    scores: dict[int, float] = {}
    shares: dict[int, float] = {}
    missing: dict[int, int] = {}
    needed = [concept for concept in asked.concepts if not concept.is_faint] or list(asked.concepts)
    mass = 0.0
    for concept in asked.concepts:
        found = _strengths(concept, asked.found)
        rarity = math.log(1 + ((live or 0) - len(found) + 0.5) / (len(found) + 0.5)) if found else 0.0
        weight = max(rarity, 0.1) * (FAINT if concept not in needed else 1.0)
        mass += weight if found else 0.0
        for article_id, strength in found.items():
            scores[article_id] = scores.get(article_id, 0.0) + weight * strength / (HALF_AT + strength)
            shares[article_id] = shares.get(article_id, 0.0) + weight * min(1.0, strength / FULLY)
            if concept in needed:
                missing[article_id] = missing.get(article_id, len(needed)) - 1
    final = {
        article_id: score * (shares[article_id] / mass) ** WHOLENESS for article_id, score in scores.items()
    }
    best = max(final.values(), default=0.0)
    whole = {article_id for article_id in final if missing.get(article_id, len(needed)) == 0}
    kept = {
        # Rounded, since the order of a sum shows in its last digits.
        article_id: round(score, 9)
        for article_id, score in final.items()
        if article_id in whole or score >= best * (NEAR if whole else TAIL)
    }
    return kept, not whole


def _strengths(concept: Concept, found: Postings) -> dict[int, float]:
    """{article: how much it is about the concept, in words of a body}: by the way that leads there best, and a little
    by the next."""
    every: dict[int, list[float]] = {}
    for way in concept.ways:
        if not found.has(way.words):
            continue
        for article_id, strength in _together([_of_word(word, found) for word in way.words]).items():
            every.setdefault(article_id, []).append(way.share * strength)
    return {
        article_id: best + BESIDE * (sorted(strengths)[-2] if len(strengths) > 1 else 0.0)
        for article_id, strengths in every.items()
        for best in [max(strengths)]
    }


def _together(words: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """An expression is where all its words are, and as much as the least of them."""
    first, *others = words
    return {
        article_id: min(strength, *(other[article_id] for other in others)) if others else strength
        for article_id, strength in first.items()
        if all(article_id in other for other in others)
    }


def _of_word(word: Sought, found: Postings) -> dict[int, float]:
    """{article: how much it is about a word}. Left out: who only has relatives of it in the body, where others have
    the word itself."""
    itself: dict[int, float] = {}
    relatives: dict[int, list[Posting]] = {}
    seen: set[tuple[int, str]] = set()
    for posting in found.of(word):
        if (posting.article_id, posting.spelt) in seen:
            continue
        seen.add((posting.article_id, posting.spelt))
        if word.kin_of(posting.spelt) is Kin.ITSELF:
            itself[posting.article_id] = itself.get(posting.article_id, 0.0) + posting.weight / UNIT
        else:
            relatives.setdefault(posting.article_id, []).append(posting)
    # Nobody may have the word as it was typed: `sante` for `santé`, `demenagera`. Then no relative is noise.
    strengths = dict(itself)
    for article_id, rows in relatives.items():
        weight = sum(posting.weight for posting in rows) / UNIT
        if article_id in itself:
            strengths[article_id] += CONFIRMED * weight
        elif not itself:
            strengths[article_id] = weight
        elif any(posting.place > Place.HEADING for posting in rows):
            strengths[article_id] = RELATIVE * weight
    return strengths


def _texts(cards: Sequence[Card]) -> dict[int, str]:
    """{article: the words of its live edition}."""
    rows = session().execute(
        sa.select(Edition.article_id, Edition.plain).where(
            Edition.id.in_([card.edition_id for card in cards])
        )
    )
    return {row.article_id: row.plain for row in rows}


def _services(concepts: Sequence[Concept]) -> list[Service]:
    """Online services that have all that is asked for in their title, summary or owners, those of the title first."""
    wanted = [concept for concept in concepts if not concept.is_faint]
    if not wanted:
        return []
    words = list(dict.fromkeys(word for concept in wanted for way in concept.ways for word in way.words))
    scored = []
    for slug, title, summary, owners in _catalogue():
        named = dict(zip(words, kins(title, words), strict=True))
        everything = dict(zip(words, kins(f"{title}\n{summary}\n{owners}", words), strict=True))
        if any(named.values()) and all(_has(concept, everything) for concept in wanted):
            scored.append(
                (-sum(named[concept.ways[0].words[0]] for concept in wanted), sort_key(title), slug)
            )
    best = [slug for _score, _title, slug in sorted(scored)[:MOST_SERVICES]]
    if not best:
        return []
    found = {service.slug: service for service in services(OnlineService.slug.in_(best))}
    return list(with_link_state([found[slug] for slug in best]))


def _catalogue() -> list[tuple[str, str, str, str]]:
    """(slug, title, summary, names of the owners) of every online service."""
    owners: dict[str, list[str]] = {}
    for slug, name, acronym in session().execute(
        sa.select(OnlineService.slug, Administration.name, Administration.acronym).join(OnlineService.owners)
    ):
        owners.setdefault(slug, []).append(f"{name} {acronym or ''}")
    rows = session().execute(
        sa.select(OnlineService.slug, OnlineService.title, OnlineService.summary).where(
            OnlineService.withdrawn_at.is_(None)
        )
    )
    return [(slug, title, summary, "\n".join(owners.get(slug, ()))) for slug, title, summary in rows]


def _has(concept: Concept, kin: Mapping[Sought, Kin]) -> bool:
    return any(all(kin[word] for word in way.words) for way in concept.ways)
