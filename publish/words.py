"""French words: what they are kept and sought under, and whether two of one stem are the same word.

A word is kept under the stem of its spelling, under that of its spelling without accents and, where it is a form of
a verb that bends oddly (`publish.verbs`), under that of the infinitive; all without accents: `déménagement`,
`demenager` and `DÉMÉNAGEMENTS` meet. That finds much, and too much: `adresse` and `s’adresser` have one stem. `Kin`
tells them apart.
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

from publish import verbs

STEM_LENGTH = 60
# Shorter words that end like a plural are none: `pays`, `bois`, `avis`.
LONG_ENOUGH = 5

_WORD = re.compile(r"[^\W_]+")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu)[’']", re.IGNORECASE)
# Words that say nothing about a subject: articles, pronouns, the small verbs of a question.
_STOP = """
a ai ainsi alors apres as au aucun aucune aussi autre autres aux avaient avait avant avec avez avoir avons
bonjour c ca car ce ceci cela celle celles celui ces cet cette ceux chez comme comment d dans de depuis des desormais
deja dois doit doivent donc dont du elle elles en encore entre es est et etais etait etaient etant etes etre eu eux
faire fais faisons fait faites faudra faut fera font il ils ici j je juste l la le les leur leurs lors lorsque lui m ma
madame mais me meme merci mes moi mon monsieur n ne ni nos notre nous on ont ou par parce pas pendant peut peuvent
peux plus pour pourquoi pourrais pourrait pouvez pouvoir pouvons puis puisque qu quand que quel quelle quelles quels
qui quoi rien s sa sais sait savez savoir se sera serait ses si soient sois soit sommes son sont suis sur svp t ta
te tes toi ton tous tout toute toutes tres tu un une va vais vas vers veulent veut veux viennent viens vient voici
voila vont vos votre voudrais voudrait voulez vouloir voulons vous y
"""
STOP = frozenset(_STOP.split())
# Words of a question that many pages have and that none is about: they count for less, and need not be there.
_FAINT = """
aider aimerais aimerait besoin cas certains chose choses combien connaitre demande demander demarche demarches devoir
dire dossier etape etapes exemple facon fiche fois gens genre info infos information informations mettre moyen nouveau
nouvelle obtenir papier papiers partie personne plusieurs possible prendre probleme procedure question quelque quelques
renseignement renseignements renseigner sans situation toujours trouver trop truc venir voir
"""
FAINT = frozenset(_FAINT.split())
_stemmer = snowballstemmer.stemmer("french")

# How one noun or adjective ends in its numbers and genders, after what its forms have in common.
_TAILS = frozenset(["", "e", "es", "il", "l", "le", "les", "ne", "nes", "s", "se", "ses", "ux", "x"])
_INFINITIVE = re.compile(r"(?:er|ir|oir|ire|dre|vre)$")
# Forms of a verb that are no noun; `-ment` and `-ions` are endings of nouns far more often.
_CONJUGATED = re.compile(r"(?:er|ir|re|ez|(?<!m)ent|(?<!i)ons|ant|ée?s?|ai[st]?|ra|ront)$")
_PARTICIPLE = re.compile(r"ée?s?$")
# « Elle s’adresse » is a verb, « l’adresse » is not.
REFLEXIVE = "~"
_REFLEXIVE = re.compile(r"\b[mst][’']$", re.IGNORECASE)


def fold(text: str) -> str:
    """Lower case, without accents, ligatures undone. Keeps the number of characters only where it can."""
    text = text.lower().replace("œ", "oe").replace("æ", "ae")
    return "".join(part for part in unicodedata.normalize("NFKD", text) if not unicodedata.combining(part))


_INFINITIVES = {fold(form): infinitive for form, infinitive in verbs.written().items()}


@lru_cache(maxsize=50_000)
def stems(word: str) -> frozenset[str]:
    """The stems a word is kept and sought under; empty for a word that says nothing."""
    folded = fold(word)
    # One letter may say everything: `permis B`, `extrait K bis`.
    if folded in STOP or not folded or len(folded) > STEM_LENGTH:
        return frozenset()
    composed = unicodedata.normalize("NFC", word.lower())
    found = {fold(_stemmer.stemWord(composed)), _stemmer.stemWord(folded)}
    # Snowball leaves these plurals as they are: `revenus`, `travaux`.
    if len(folded) >= LONG_ENOUGH and folded[-1] in "sx" and folded[-2] in "aiou":
        found.add(_stemmer.stemWord(folded[:-1]))
        if folded.endswith("aux"):
            found.add(_stemmer.stemWord(folded[:-3] + "ail"))
    if (infinitive := _INFINITIVES.get(folded)) is not None:
        found.add(fold(_stemmer.stemWord(infinitive)))
    return frozenset(found) - {""}


def is_verb(word: str) -> bool:
    """Whether it is a form of a verb that bends oddly, so that it is French though no article has it."""
    return fold(word) in _INFINITIVES


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
        return self.kin_of(spelt_in(match, text))

    def kin_of(self, spelt: str) -> Kin:
        """Of a word of its stem, as the index keeps it (`spelt_in`)."""
        if not self.is_verb and spelt.startswith(REFLEXIVE):
            return Kin.RELATIVE
        return Kin.ITSELF if _is_same(self.text, spelt.removeprefix(REFLEXIVE)) else Kin.RELATIVE


Expression = tuple[Sought, ...]


def spelt_in(match: re.Match[str], text: str) -> str:
    """A word of a text as the index keeps it: what two words are told apart by, and no more."""
    return REFLEXIVE * _is_reflexive(match, text) + _spelt(match.group())


def _is_reflexive(match: re.Match[str], text: str) -> bool:
    return bool(_REFLEXIVE.search(text[max(0, match.start() - 3) : match.start()]))


def kins(text: str, wanted: Sequence[Sought]) -> list[Kin]:
    """What a text has of each sought word. One pass for all of them: texts are long and queries may be."""
    best = [Kin.NONE] * len(wanted)
    for _match, found in places(text, wanted):
        for number, kin in found:
            best[number] = max(best[number], kin)
    return best


def places(text: str, wanted: Sequence[Sought]) -> Iterator[tuple[re.Match[str], list[tuple[int, Kin]]]]:
    """Where words of the sought stems stand in a text: (the word there, [(number of a sought word, its kin)])."""
    every = frozenset().union(*(word.stems for word in wanted))
    for match in words(text):
        if group := stems(match.group()) & every:
            yield (
                match,
                [(number, word.kin(match, text)) for number, word in enumerate(wanted) if group & word.stems],
            )


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
    infinitive = _INFINITIVES.get(fold(mine))
    if infinitive is not None and infinitive == _INFINITIVES.get(fold(other)):
        return True
    return bool(_INFINITIVE.search(mine) and _CONJUGATED.search(other))
