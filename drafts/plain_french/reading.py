"""Reads a text by the rules of plain French. A `Reader` remembers its blocks: only a changed one is read again.

Offsets are in UTF-16 units of the block's plain text (`grammar.inline_text`: a forced line break is one unit), as
the editor counts inside a block.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from drafts.grammar import Tree
from drafts.plain_french.figures import Acronyms, Figures
from drafts.plain_french.formulae import Formulae
from drafts.plain_french.hits import Hit
from drafts.plain_french.passages import Passage, passages
from drafts.plain_french.rules import RuleCode, Rules, house_rules
from drafts.plain_french.sentences import count, sentences
from drafts.plain_french.short import Short
from drafts.plain_french.turns import DoubleNegation, Nominal, Passive, ReaderAbsent


@dataclass(frozen=True)
class Finding:
    """One thing that could be said more plainly. `better` may take the place of `words`; `rather` is advice."""

    block_id: str | None
    rule: RuleCode
    start: int
    end: int
    words: str
    better: str | None = None
    rather: str | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """What one block holds, whatever stands around it; acronyms wait for the rest of the text."""

    hits: tuple[Hit, ...]
    acronyms: tuple[tuple[str, int, int], ...]
    spelled: frozenset[str]


class _Judges:
    """Every rule, ready to read one block; made once for each set of rules, and remembers nothing."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.formulae, self.figures = Formulae(rules), Figures(rules)
        self.acronyms, self.short = Acronyms(rules), Short(rules)
        self.turns = (Passive(rules), Nominal(rules), DoubleNegation(rules), ReaderAbsent(rules))
        self.longest_sentence = int(rules[RuleCode.LONG_SENTENCE].how["max_words"])
        self.longest_paragraph = int(rules[RuleCode.LONG_PARAGRAPH].how["max_words"])

    def read(self, passage: Passage) -> _Read:
        hits = list(self.short.hits(passage))
        acronyms: list[tuple[str, int, int]] = []
        text = passage.read
        if passage.kind == "paragraph" and count(text) > self.longest_paragraph:
            hits.append(Hit(RuleCode.LONG_PARAGRAPH, *_ends(text)))
        for sentence in sentences(text, self.rules.abbreviations) if passage.kind != "quoted" else ():
            hits += self.formulae.hits(text, sentence)
            hits += self.figures.hits(text, sentence)
            acronyms += self.acronyms.found(text, sentence)
            if passage.kind == "heading":
                continue
            for turn in self.turns:
                hits += turn.hits(text, sentence)
            if count(text[sentence.start : sentence.end]) > self.longest_sentence:
                hits.append(Hit(RuleCode.LONG_SENTENCE, sentence.start, sentence.end))
        spelled = {name for name, start, end in acronyms if self.acronyms.spelled_out(text, start, end)}
        return _Read(tuple(hits), tuple(acronyms), frozenset(spelled))


@lru_cache(maxsize=4)
def _judges(rules: Rules) -> _Judges:
    return _Judges(rules)


# A long article has some 200 blocks; people at one table ask about the same ones.
@lru_cache(maxsize=4_000)
def _read_alone(judges: _Judges, passage: Passage) -> _Read:
    return judges.read(passage)


@dataclass(frozen=True)
class BlockFindings:
    """What is found in one block, whatever stands around it, and the acronyms that it explains to the others."""

    passage: Passage
    findings: tuple[Finding, ...]
    spells: frozenset[str]


class Reader:
    """Reads the states of one text one after the other; keeps what it read of the blocks of the last one only."""

    def __init__(self, rules: Rules | None = None, known: Mapping[str, str] | None = None) -> None:
        """`known` says what acronyms mean that the portal knows: they are proposed, not passed over."""
        self.known = known or {}
        self._judges = _judges(rules or house_rules())
        self._remembered: dict[bytes, _Read] = {}

    def findings(self, tree: Tree) -> tuple[Finding, ...]:
        """What the rules find in the text, in reading order."""
        remembered: dict[bytes, _Read] = {}
        read: list[tuple[Passage, _Read]] = []
        for passage in passages(tree):
            digest = passage.digest
            known = remembered.get(digest) or self._remembered.get(digest)
            remembered[digest] = known or self._judges.read(passage)
            read.append((passage, remembered[digest]))
        self._remembered = remembered
        spelled = frozenset().union(*(one.spelled | passage.spelled for passage, one in read))
        return tuple(finding for passage, one in read for finding in self._told(passage, one, spelled))

    def block_by_block(self, tree: Tree) -> Iterator[BlockFindings]:
        """Each block by itself: an acronym is asked about unless this very block explains it."""
        for passage in passages(tree):
            read = _read_alone(self._judges, passage)
            spells = read.spelled | passage.spelled
            yield BlockFindings(passage, tuple(self._told(passage, read, spells)), spells)

    def _told(self, passage: Passage, read: _Read, spelled: frozenset[str]) -> list[Finding]:
        hits = list(read.hits)
        for name, start, end in read.acronyms:
            if name not in spelled:
                meaning = self.known.get(name)
                hits.append(
                    Hit(RuleCode.ACRONYM, start, end, None if meaning is None else f"{meaning} ({name})")
                )
        hits.sort(key=lambda hit: (hit.start, hit.end, hit.rule))
        units = _Units(passage.text)
        return [
            Finding(
                passage.block_id,
                hit.rule,
                units.at(hit.start),
                units.at(hit.end),
                passage.text[hit.start : hit.end],
                hit.better,
                hit.rather,
            )
            for hit in hits
        ]


class _Units:
    """Characters of Python told in UTF-16 units: each beyond the first plane before a place is one unit more."""

    def __init__(self, text: str) -> None:
        plain = text.isascii() or max(text) <= "\uffff"
        self.wide = [] if plain else [place for place, sign in enumerate(text) if sign > "\uffff"]

    def at(self, place: int) -> int:
        return place + bisect_left(self.wide, place)


def _ends(text: str) -> tuple[int, int]:
    """Where the words of a text begin and end."""
    return len(text) - len(text.lstrip()), len(text.rstrip())


def findings(
    tree: Tree, rules: Rules | None = None, known: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """What the rules find in a text that is read once."""
    return Reader(rules, known).findings(tree)
