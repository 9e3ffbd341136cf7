"""Finds the words of the glossary in a text: whole words, in the plural too, acronyms only in the letters they are written in.

A matcher is made once for each state of the glossary. It looks up the first word of each place in a table, so that its cost
is that of the text and not of the glossary.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from drafts.plain_french.units import Units

# Letters and digits; what parts two words of one expression is looked at apart.
_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[ \t\u00a0\u202f]+|[-‑]|['’]")
_HYPHENS = frozenset("-‑")
# A block of a page names so many words at most before its margin is longer than the block.
MOST_IN_BLOCK = 50
# Shorter words have no plural that would not be another word: « de », « des ».
_SHORTEST = 3


@dataclass(frozen=True)
class Entry:
    """A term as it is looked for; `key` names it."""

    key: str
    term: str
    forms: tuple[str, ...]
    definition: str
    spelled_out: str = ""

    @property
    def is_acronym(self) -> bool:
        return is_acronym(self.term)


@dataclass(frozen=True, slots=True)
class Found:
    """A term at a place of a text, in UTF-16 units as the editor counts."""

    entry: Entry
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Looked:
    """One spelling of a term: what its words may be, the first of them included; `exact` for an acronym."""

    words: tuple[frozenset[str], ...]
    exact: str
    entry: Entry


def is_acronym(words: str) -> bool:
    """« CAFAT », « IDC-NC »: capitals alone, two at least."""
    letters = [sign for sign in words if sign.isalpha()]
    return len(letters) >= 2 and all(sign.isupper() for sign in letters) and " " not in words


def plurals(word: str) -> frozenset[str]:
    """A word and its simple plurals: « avis », « cas » have none, « notaire » has one, « tribunal » another."""
    if len(word) < _SHORTEST or word[-1] in "sxz":
        return frozenset({word})
    if word.endswith("al"):
        return frozenset({word, word + "s", word[:-1] + "ux"})
    if word.endswith(("au", "eu", "ou")):
        return frozenset({word, word + "x", word + "s"})
    return frozenset({word, word + "s"})


@dataclass
class Terms:
    """A glossary, ready to be found in texts."""

    entries: tuple[Entry, ...] = ()
    _by_first: dict[str, list[_Looked]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found: dict[str, list[_Looked]] = defaultdict(list)
        for entry in self.entries:
            for spelling in (entry.term, *entry.forms):
                parts = [part.lower() for part in _WORD.findall(spelling)]
                if not parts:
                    continue
                exact = spelling if is_acronym(spelling) else ""
                words = tuple(frozenset({part}) if exact else plurals(part) for part in parts)
                for first in words[0]:
                    found[first].append(_Looked(words, exact, entry))
        for same in found.values():
            same.sort(key=lambda one: -len(one.words))
        self._by_first = dict(found)

    @property
    def known(self) -> dict[str, str]:
        """{acronym: the words it stands for}, of those that have them."""
        return {one.term: one.spelled_out for one in self.entries if one.spelled_out and one.is_acronym}

    def terms_in(self, text: str) -> tuple[Found, ...]:
        """Every term of a text, in its order, none over another: the one of most words wins."""
        if not self._by_first:
            return ()
        units = Units(text)
        found: list[Found] = []
        for entry, start, end in self._places(text):
            found.append(Found(entry, units.at(start), units.at(end)))
            if len(found) == MOST_IN_BLOCK:
                break
        return tuple(found)

    def _places(self, text: str) -> Iterator[tuple[Entry, int, int]]:
        words = list(_WORD.finditer(text))
        at = 0
        while at < len(words):
            place = self._at(text, words, at)
            if place is None:
                at += 1
                continue
            entry, count = place
            yield entry, words[at].start(), words[at + count - 1].end()
            at += count

    def _at(self, text: str, words: list[re.Match[str]], at: int) -> tuple[Entry, int] | None:
        for one in self._by_first.get(words[at].group().lower(), ()):
            count = len(one.words)
            if at + count > len(words):
                continue
            here = words[at : at + count]
            start, end = here[0].start(), here[-1].end()
            if one.exact:
                if text[start:end] != one.exact:
                    continue
            elif not _are(text, here, one.words):
                continue
            # « état » is not a word of « état-major », which is one.
            if text[max(0, start - 1) : start] in _HYPHENS or text[end : end + 1] in _HYPHENS:
                continue
            return one.entry, count
        return None


def _are(text: str, here: list[re.Match[str]], wanted: Iterable[frozenset[str]]) -> bool:
    """Whether words are those of a term, with nothing but spaces, hyphens and apostrophes between them."""
    if not all(word.group().lower() in may for word, may in zip(here, wanted, strict=True)):
        return False
    return all(
        _BETWEEN.fullmatch(text, one.end(), other.start()) for one, other in zip(here, here[1:], strict=False)
    )
