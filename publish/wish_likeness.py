"""Wishes that say nearly the same, and wishes that contain what somebody looks for: by the stems of their words."""

from __future__ import annotations

from collections.abc import Iterable

from labs.wish_queries import WishCard
from publish import words
from publish.words import Sought

# So many are shown beside what somebody wrote, and so much of a need is looked at.
SHOWN = 3
COMPARED = 400
# Of the words of a title that say something, so many are in a wish that is like it.
ALIKE = 0.5
# Words that somebody looks for; a longer question is about the first ones.
MOST_WORDS = 12


def like(title: str, need: str, cards: Iterable[WishCard]) -> list[WishCard]:
    """The wishes most like this one. `cards` come the most supported first; of two that are as like, that one is shown."""
    asked = _telling(title) or _telling(need[:COMPARED])
    if not asked:
        return []
    scored = []
    for card in cards:
        in_title, anywhere = _stems(card.title), _stems(card.need[:COMPARED])
        titled = sum(bool(word.stems & in_title) for word in asked)
        said = sum(bool(word.stems & (in_title | anywhere)) for word in asked)
        # A word of the title weighs twice; one word alone says little, unless nothing else was asked.
        score = (titled + said) / (2 * len(asked))
        if score >= ALIKE and said >= min(2, len(asked)):
            scored.append((score, card))
    scored.sort(key=lambda entry: -entry[0])
    return [card for _score, card in scored[:SHOWN]]


def with_words(query: str, cards: Iterable[WishCard]) -> list[WishCard]:
    """Those that contain all the words of a query, in their order."""
    asked = words.sought(query)[:MOST_WORDS]
    if not asked:
        return []
    return [
        card
        for card in cards
        if all(word.stems & stems for stems in [_stems(f"{card.title} {card.need}")] for word in asked)
    ]


def _telling(text: str) -> list[Sought]:
    found = words.sought(text)
    return ([word for word in found if words.fold(word.text) not in words.FAINT] or found)[:MOST_WORDS]


def _stems(text: str) -> frozenset[str]:
    return frozenset().union(*(words.stems(match.group()) for match in words.words(text)))
