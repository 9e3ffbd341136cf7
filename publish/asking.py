"""What a query asks for: its words and expressions, each with all that means the same.

Every number of work that a query may cause is bounded here: how long it is, how many words it has, how many words
mean the same, how many of them are guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import session
from publish import postings, spelling
from publish.postings import Postings
from publish.search_models import SearchTerm
from publish.synonyms import Thesaurus, thesaurus
from publish.words import FAINT, Expression, Sought, fold, is_verb, sought

LONGEST_QUERY = 200
MOST_WORDS = 12
# Other words for one word of the query, and for all of them.
MOST_OTHERS = 20
MOST_EXPRESSIONS = 80
# How many words that no article has are looked for among those that look alike.
MOST_GUESSED = 4
MOST_PROPOSED = 3
# What else may have been meant is proposed when it is about as near as what was taken.
AS_NEAR = 0.5
# A word that is only begun: « démén ».
SHORTEST_BEGINNING = 4
MOST_ENDINGS = 30

# What another word for the same is worth beside the word itself.
SAME = 0.8


@dataclass(frozen=True)
class Way:
    """One way an article can say what is asked for: it has all these words."""

    words: Expression
    share: float


@dataclass(frozen=True)
class Guess:
    """A word that no article has, what was sought in its place, and what else may have been meant."""

    typed: str
    meant: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Concept:
    """One thing that is asked for, with the ways to say it; the first is the words that were typed, or guessed."""

    typed: str
    ways: tuple[Way, ...]
    is_faint: bool = False
    guess: Guess | None = None


@dataclass(frozen=True)
class Asked:
    query: str
    concepts: tuple[Concept, ...]
    found: Postings

    @property
    def shown(self) -> tuple[Expression, ...]:
        """What a result marks: the words that were typed, each by itself, and what means the same as a whole."""
        typed = ((word,) for concept in self.concepts for word in concept.ways[0].words)
        others = (way.words for concept in self.concepts for way in concept.ways[1:])
        return tuple(dict.fromkeys([*typed, *others]))


def cleaned(query: str) -> str:
    return " ".join(query[:LONGEST_QUERY].split())


def asked(query: str, *, literally: bool = False) -> Asked:
    """The query understood, with where its words stand. `literally`: no word is taken for another that looks alike."""
    query = cleaned(query)
    known = thesaurus()
    concepts = _concepts(sought(query)[:MOST_WORDS], known)
    found = postings.read(_stems(concepts))
    guesses = 0
    for number, concept in enumerate(concepts):
        if any(found.has(way.words) for way in concept.ways):
            continue
        first = concept.ways[0].words
        if literally or guesses >= MOST_GUESSED or len(first) > 1 or is_verb(first[0].text):
            continue
        guesses += 1
        concepts[number] = _guessed(concept, known, found)
    return Asked(query, tuple(concepts), found)


def _concepts(wanted: Sequence[Sought], known: Thesaurus) -> list[Concept]:
    concepts = []
    room = MOST_EXPRESSIONS
    at = 0
    while at < len(wanted):
        match = known.at(wanted[at:])
        length = match.length if match is not None else 1
        mine = tuple(wanted[at : at + length])
        others = match.others[: min(MOST_OTHERS, room)] if match is not None else ()
        room -= len(others)
        ways = (Way(mine, 1.0), *(Way(other, SAME) for other in others))
        typed = " ".join(word.text for word in mine)
        concepts.append(Concept(typed, ways, length == 1 and fold(mine[0].text) in FAINT))
        at += length
    return concepts


def _stems(concepts: Sequence[Concept]) -> list[str]:
    """Of what was typed first, then of the other words for it: where there is no room for all, these are left out."""
    own = [stem for concept in concepts for word in concept.ways[0].words for stem in sorted(word.stems)]
    others = [
        stem
        for concept in concepts
        for way in concept.ways[1:]
        for word in way.words
        for stem in sorted(word.stems)
    ]
    return list(dict.fromkeys([*own, *others]))


def _guessed(concept: Concept, known: Thesaurus, found: Postings) -> Concept:
    """A word that no article has: one that begins like it, else the likeliest of those that look alike."""
    (word,) = concept.ways[0].words
    begun = _begun(word)
    if begun is not None:
        found.add(sorted(begun.stems))
        return Concept(concept.typed, (Way((begun,), 1.0),), concept.is_faint)
    typed = fold(word.text)
    near = {**{fold(other): other for other in _of_list(word, known)}, **spelling.candidates(typed)}
    good: list[tuple[str, Concept]] = []
    nearest = 0.0
    for cost, candidate in spelling.likely(typed, near):
        if good and cost > nearest + AS_NEAR:
            break
        one = next(iter(_concepts(sought(candidate)[:1], known)), None)
        if one is None:
            continue
        found.add(_stems([one]))
        if any(found.has(way.words) for way in one.ways):
            nearest = nearest if good else cost
            good.append((candidate, one))
        if len(good) == MOST_PROPOSED:
            break
    if not good:
        return concept
    (meant, one), *rest = good
    guess = Guess(concept.typed, meant, tuple(candidate for candidate, _one in rest))
    return Concept(concept.typed, one.ways, concept.is_faint, guess)


def _of_list(word: Sought, known: Thesaurus) -> list[str]:
    """Words of the list of synonyms that look alike: an article need not have them."""
    folded = fold(word.text)
    reach = spelling.allowed(len(folded)) + spelling.ALIKE
    pairs = spelling.grams(folded)
    return [
        other
        for other, theirs in known.spellings.items()
        if len(pairs & theirs) >= max(1, len(pairs) - 3 * reach)
    ]


def _begun(word: Sought) -> Sought | None:
    starts = [stem for stem in sorted(word.stems) if len(stem) >= SHORTEST_BEGINNING]
    if not starts:
        return None
    begins = sa.or_(*(SearchTerm.stem.startswith(stem, autoescape=True) for stem in starts))
    stems = session().scalars(
        postings.live(sa.select(SearchTerm.stem)).where(begins).distinct().order_by(SearchTerm.stem).limit(MOST_ENDINGS)
    ).all()  # fmt: skip
    return Sought(word.text, frozenset(stems), word.is_verb) if stems else None
