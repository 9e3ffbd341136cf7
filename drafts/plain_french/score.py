"""How hard a text is to read, and how long reading it takes: numbers beside the findings, never instead of them.

Kandel and Moles (« Application de l'indice de Flesch à la langue française », Cahiers d'études de radio-télévision 19,
1958) fitted Flesch's formula to French: 207 − 1.015 × words per sentence − 73.6 × syllables per word. It sees lengths
only: it does not know whether a word is known, nor whether a sentence makes sense, and under a hundred words it jumps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from app.extensions import gettext as _
from drafts.grammar import Tree
from drafts.plain_french.passages import Passage, passages
from drafts.plain_french.rules import house_rules
from drafts.plain_french.sentences import sentences
from drafts.plain_french.syllables import syllables

SOURCE = "Kandel & Moles, 1958"
# Silent reading of French texts by adults, words a minute (Trauzettel-Klosinski & Dietz, IReST, 2012).
WORDS_A_MINUTE = 195
# Under this many words a score says more about chance than about the text; Flesch counted samples of a hundred.
FEW_WORDS = 100
_SPOKEN = re.compile(r"[^\W_]+(?:[-‑’'][^\W_]+)*|\d+")
_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")


class Band(StrEnum):
    """How hard a score is, after Flesch's own steps joined two by two."""

    EASY = "easy"
    FAIRLY_EASY = "fairly_easy"
    FAIRLY_HARD = "fairly_hard"
    HARD = "hard"
    VERY_HARD = "very_hard"


_STEPS = ((80.0, Band.EASY), (60.0, Band.FAIRLY_EASY), (45.0, Band.FAIRLY_HARD), (30.0, Band.HARD))


@dataclass(frozen=True)
class Score:
    """Words, sentences and syllables of a block or of a text, and what follows from them."""

    words: int = 0
    sentences: int = 0
    syllables: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.words + other.words, self.sentences + other.sentences, self.syllables + other.syllables
        )

    @property
    def ease(self) -> float | None:
        """Kandel and Moles's number, higher for easier, told between 0 and 100; None without words."""
        if not self.words or not self.sentences:
            return None
        found = 207 - 1.015 * self.words / self.sentences - 73.6 * self.syllables / self.words
        return round(min(100.0, max(0.0, found)), 1)

    @property
    def band(self) -> Band | None:
        return None if self.ease is None else band_of(self.ease)

    @property
    def sure(self) -> bool:
        """Whether there are words enough for the number to mean something."""
        return self.words >= FEW_WORDS

    @property
    def seconds(self) -> int:
        """How long an adult reads, in whole seconds."""
        return round(self.words * 60 / WORDS_A_MINUTE)


def band_of(ease: float) -> Band:
    """How hard a score is."""
    return next((band for least, band in _STEPS if ease >= least), Band.VERY_HARD)


@dataclass(frozen=True)
class TextScore:
    """The score of a text, and of each block that holds words, with its id, in reading order."""

    whole: Score
    blocks: tuple[tuple[str | None, Score], ...]


def score(tree: Tree) -> TextScore:
    """How hard a text is. Headings count for their words; titles of laws are quoted and do not count."""
    found = tuple(
        (passage.block_id, score_of(passage)) for passage in passages(tree) if passage.kind != "quoted"
    )
    return TextScore(sum((one for _ident, one in found), Score()), found)


def score_of(passage: Passage) -> Score:
    """The score of one block."""
    text = passage.read
    words = [found.group() for found in _SPOKEN.finditer(_THOUSANDS.sub("", text))]
    told = sum(bool(sentence.words) for sentence in sentences(text, house_rules().abbreviations))
    return Score(len(words), told, sum(syllables(word) for word in words))


def band_words(band: Band) -> str:
    """What a band is called on the screen."""
    return {
        Band.EASY: _("Facile à lire"),
        Band.FAIRLY_EASY: _("Assez facile à lire"),
        Band.FAIRLY_HARD: _("Un peu difficile à lire"),
        Band.HARD: _("Difficile à lire"),
        Band.VERY_HARD: _("Très difficile à lire"),
    }[band]
