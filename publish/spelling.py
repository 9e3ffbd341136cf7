"""Words typed wrongly: which word of the articles was meant.

Candidates share enough pairs of letters with what was typed: one error spoils two pairs of them, or three where two
letters changed places, so with the pairs counted none that is near is overlooked (the count filter of Gravano et al.,
"Approximate string joins in a database (almost) for free", VLDB 2001). What is near is then measured: the distance of
Damerau and Levenshtein, and the sound, since French is written wrongly by ear.
"""

from __future__ import annotations

import re
from functools import lru_cache

import sqlalchemy as sa

from app.db import session
from publish.search_models import SearchGram, SearchWord

# Of shorter words each is near many others.
SHORTEST = 4
LONGEST = 40
# Words of eight letters and more may have two errors, shorter ones one. The bounds are those that search engines use
# (Lucene's AUTO fuzziness: two from six letters on), more careful by two letters, since a wrong guess misleads.
TWO_FROM = 8
# One more where the words sound alike.
ALIKE = 1
# How many candidates are measured.
MOST_CANDIDATES = 300

_EDGE = "^$"
_SOUNDS = (
    (r"eaux?|aux?\b|au", "o"),
    (r"ph", "f"),
    (r"qu|q|ck|k", "k"),
    (r"[cs]c(?=[eiy])|sch|c(?=[eiy])|ss|ç|x\b", "s"),
    (r"(?<!c)h|(?<=s)h", ""),
    (r"c(?!h)", "k"),
    (r"g(?=[eiy])ea?", "je"),
    (r"g(?=[iy])|ge(?=[ao])", "j"),
    (r"y", "i"),
    (r"z", "s"),
    (r"ai|ei|er\b|ez\b|et\b|oe", "e"),
    (r"(?:am|em|en|an)(?![aeiounm])", "an"),
    (r"(?:t|s)ion", "sion"),
    (r"(.)\1+", r"\1"),
    (r"[sxtdpe]+\b", ""),
)


def grams(folded: str) -> frozenset[str]:
    """The pairs of letters of a word without accents, its edges marked."""
    marked = f"{_EDGE[0]}{folded}{_EDGE[1]}"
    return frozenset(marked[at : at + 2] for at in range(len(marked) - 1))


def allowed(length: int) -> int:
    """How many errors a word of that length may have."""
    return 0 if length < SHORTEST else 2 if length >= TWO_FROM else 1


@lru_cache(maxsize=20_000)
def sound(folded: str) -> str:
    """About how a French word sounds."""
    for pattern, heard in _SOUNDS:
        folded = re.sub(pattern, heard, folded)
    return folded


def distance(one: str, other: str) -> int:
    """Letters missing, too many, wrong, or two neighbours that changed places (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        before, above, row = row, before, [at] + [0] * len(other)
        for to, there in enumerate(other, start=1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != there))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == there:
                cost = min(cost, above[to - 2] + 1)
            row[to] = cost
    return row[-1]


def likely(typed: str, known: dict[str, str]) -> list[tuple[float, str]]:
    """Of {word without accents: word as it is written} those that may be meant by `typed`, the likeliest first, each
    with how far it is from what was typed."""
    most = allowed(len(typed))
    heard = sound(typed)
    near: list[tuple[float, str, str]] = []
    for folded, written in known.items():
        if folded == typed or abs(len(folded) - len(typed)) > most + ALIKE:
            continue
        errors = distance(typed, folded)
        alike = sound(folded) == heard
        if errors <= most + (ALIKE if alike else 0):
            # The sound is worth more than half an error, the first letter less: it is seldom the wrong one.
            near.append((errors - 0.6 * alike + 0.4 * (folded[:1] != typed[:1]), folded, written))
    return [(cost, written) for cost, _folded, written in sorted(near)]


def candidates(typed: str) -> dict[str, str]:
    """{word without accents: word as it is written}: those that articles have or had and that may be near one."""
    if not SHORTEST <= len(typed) <= LONGEST or not typed.isalpha():
        return {}
    pairs, reach = grams(typed), allowed(len(typed)) + ALIKE
    shared = sa.func.count().label("shared")
    found = (
        sa.select(SearchGram.folded, shared)
        .where(
            SearchGram.gram.in_(sorted(pairs)),
            sa.func.length(SearchGram.folded).between(len(typed) - reach, len(typed) + reach),
        )
        .group_by(SearchGram.folded)
        .having(sa.func.count() >= max(1, len(pairs) - 3 * reach))
        .order_by(shared.desc(), SearchGram.folded)
        .limit(MOST_CANDIDATES)
        .subquery()
    )
    rows = session().execute(
        sa.select(SearchWord.folded, SearchWord.written).join(found, found.c.folded == SearchWord.folded)
    )
    return {row.folded: row.written for row in rows}
