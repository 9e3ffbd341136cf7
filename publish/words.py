"""French words: what they are kept and sought under, and whether two of one stem are the same word.

A word is kept under the stem of its spelling and under that of its spelling without accents, both without
accents: `déménagement`, `demenager` and `DÉMÉNAGEMENTS` meet. That finds much, and too much: `adresse` and
`s’adresser` have one stem. `Kin` tells them apart once they are found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from os.path import commonprefix

import snowballstemmer

STEM_LENGTH = 60

_WORD = re.compile(r"[^\W_]+")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu)[’']", re.IGNORECASE)
# Words that say nothing about a subject.
_STOP = """
a ai au aux avec ce ces cet cette comment dans de des du elle en es est et etre eux faire fait faut
il ils je la le les leur leurs lui ma mais me meme mes moi mon ne nos notre nous on ou par pas peut
plus pour pourquoi puis quand que quel quelle quelles quels qui quoi sa sans se sera ses si son sont
sur ta te tes toi ton tu un une vos votre vous y
"""
STOP = frozenset(_STOP.split())
_stemmer = snowballstemmer.stemmer("french")

# How one noun or adjective ends in its numbers and genders, after what its forms have in common.
_TAILS = frozenset(["", "e", "es", "l", "le", "les", "ne", "nes", "s", "se", "ses", "ux", "x"])
_INFINITIVE = re.compile(r"(?:er|ir|oir|ire|dre|vre)$")
# Forms of a verb that are no noun; `-ment` and `-ions` are endings of nouns far more often.
_CONJUGATED = re.compile(r"(?:er|ir|re|ez|(?<!m)ent|(?<!i)ons|ant|ée?s?|ai[st]?|ra|ront)$")
_PARTICIPLE = re.compile(r"ée?s?$")
# « Elle s’adresse » is a verb, « l’adresse » is not.
_REFLEXIVE = re.compile(r"\b[mst][’']$", re.IGNORECASE)


def fold(text: str) -> str:
    """Lower case, without accents, ligatures undone. Keeps the number of characters only where it can."""
    text = text.lower().replace("œ", "oe").replace("æ", "ae")
    return "".join(part for part in unicodedata.normalize("NFKD", text) if not unicodedata.combining(part))


@lru_cache(maxsize=50_000)
def stems(word: str) -> frozenset[str]:
    """The stems a word is kept and sought under; empty for a word that says nothing."""
    folded = fold(word)
    if folded in STOP or (len(folded) < 2 and not folded.isdigit()) or len(folded) > STEM_LENGTH:
        return frozenset()
    composed = unicodedata.normalize("NFC", word.lower())
    return frozenset({fold(_stemmer.stemWord(composed)), _stemmer.stemWord(folded)}) - {""}


def words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text, elided articles left out."""
    return _WORD.finditer(_ELISION.sub(lambda match: " " * len(match.group()), text))


class Kin(IntEnum):
    """What a text has of a sought word: nothing, another word of its stem, or the word itself."""

    NONE = 0
    RELATIVE = 1
    ITSELF = 2


@dataclass(frozen=True)
class Sought:
    """A word of a query; `is_verb` when it is an infinitive or stands after s’."""

    text: str
    stems: frozenset[str]
    is_verb: bool

    def found_in(self, text: str) -> Iterator[tuple[re.Match[str], Kin]]:
        """Where a word of its stem stands, and whether it is the word itself."""
        for match in words(text):
            if stems(match.group()) & self.stems:
                yield match, self.kin(match, text)

    def best_in(self, text: str) -> Kin:
        return max((kin for _match, kin in self.found_in(text)), default=Kin.NONE)

    def kin(self, match: re.Match[str], text: str) -> Kin:
        """Of a word of its stem in `text`."""
        if not self.is_verb and _is_reflexive(match, text):
            return Kin.RELATIVE
        return Kin.ITSELF if _is_same(self.text, match.group()) else Kin.RELATIVE


def _is_reflexive(match: re.Match[str], text: str) -> bool:
    return bool(_REFLEXIVE.search(text[max(0, match.start() - 3) : match.start()]))


def kins(text: str, wanted: Sequence[Sought]) -> list[Kin]:
    """What a text has of each sought word. One pass for all of them: texts are long and queries may be."""
    best = [Kin.NONE] * len(wanted)
    every = frozenset().union(*(word.stems for word in wanted))
    missing = len(wanted)
    for match in words(text):
        group = stems(match.group()) & every
        if not group:
            continue
        for number, word in enumerate(wanted):
            if best[number] is not Kin.ITSELF and group & word.stems:
                best[number] = max(best[number], word.kin(match, text))
                missing -= best[number] is Kin.ITSELF
        if not missing:
            break
    return best


def sought(query: str) -> list[Sought]:
    """The words of a query that say something, each stem once."""
    found: list[Sought] = []
    # Some keyboards send an accent as a character of its own, which would cut the word in two.
    query = unicodedata.normalize("NFC", query)
    for match in words(query):
        word = match.group()
        if (group := stems(word)) and all(group != other.stems for other in found):
            is_verb = bool(_INFINITIVE.search(_spelt(word))) or _is_reflexive(match, query)
            found.append(Sought(word, group, is_verb))
    return found


@lru_cache(maxsize=50_000)
def _spelt(word: str) -> str:
    """The word without accents, save that of a participle: `retraité` is not `retraite`."""
    composed = unicodedata.normalize("NFC", word.lower())
    ending = _PARTICIPLE.search(composed)
    return fold(composed[: ending.start()]) + ending.group() if ending else fold(composed)


@lru_cache(maxsize=50_000)
def _is_same(mine: str, other: str) -> bool:
    """Whether two words of one stem are one noun in its numbers and genders, or one verb in its forms."""
    mine, other = _spelt(mine), _spelt(other)
    shared = len(commonprefix([mine, other]))
    if mine[shared:] in _TAILS and other[shared:] in _TAILS:
        return True
    return bool(_INFINITIVE.search(mine) and _CONJUGATED.search(other))
