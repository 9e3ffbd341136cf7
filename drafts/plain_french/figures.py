"""Acronyms that a text does not explain, and dates, delays and amounts that are hard to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

from drafts.plain_french.hits import Hit
from drafts.plain_french.rules import RuleCode, Rules
from drafts.plain_french.sentences import Sentence

# « Institut des compétences (IDC-NC) » and « IDC-NC (institut des compétences) »; an explanation has a length.
_BEFORE = re.compile(r"[^\W\d_][ \u00a0\u202f]?\([ \u00a0\u202f]?$")
_BEHIND = re.compile(r"[ \u00a0\u202f]?\(([^()]{3,300})\)")
_WORDS = re.compile(r"[a-zà-öø-ÿ]{3}")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_LOWER = re.compile(r"[a-zà-öø-ÿ]")
_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_AMOUNT = re.compile(r"(\d{5,12}|\d{1,3}(?:\.\d{3})+)(.*)", re.DOTALL)


class Acronyms:
    """Finds acronyms; which of them the text explains is known only once all of it has been read."""

    def __init__(self, rules: Rules) -> None:
        rule = rules[RuleCode.ACRONYM]
        self.pattern = rules.compiled(rule.how["pattern"], re.NOFLAG)
        self.roman = re.compile(rule.how["roman"])
        self.let_be = rule.words("known") | rule.exceptions

    def found(self, text: str, sentence: Sentence) -> Iterator[tuple[str, int, int]]:
        """(acronym, start, end) of each that not everybody knows. A sentence in capitals has none."""
        if not _LOWER.search(text, sentence.start, sentence.end):
            if len(sentence.words) > 1:
                return
        for found in self.pattern.finditer(text, sentence.start, sentence.end):
            acronym = found.group()
            if acronym not in self.let_be and not self.roman.fullmatch(acronym):
                yield acronym, found.start(), found.end()

    @staticmethod
    def spelled_out(text: str, start: int, end: int) -> bool:
        """Whether words stand beside an acronym for it, one of the two in brackets."""
        closed = text[end : end + 2].lstrip().startswith((")", ",", "\u00a0)"))
        before = text[max(0, start - 200) : start]
        if closed and _BEFORE.search(before):
            # The name begins with the letter that the acronym begins with: « Appelez (CAFAT) » explains nothing.
            return any(word.startswith(_plain(text[start])) for word in _LETTERS.findall(_plain(before)))
        behind = _BEHIND.match(text, end)
        return behind is not None and _WORDS.search(behind[1]) is not None


def _plain(text: str) -> str:
    """In small letters without accents."""
    return "".join(sign for sign in normalize("NFD", text.lower()) if sign.isalnum() or sign in " \u00a0’'")


class Figures:
    """Finds figures that are hard to read."""

    def __init__(self, rules: Rules) -> None:
        rule = rules[RuleCode.HARD_FIGURE]
        self.patterns = [re.compile(rules.figure(pattern)) for pattern in rule.how["patterns"]]
        self.months: list[str] = rule.how["months"]

    def hits(self, text: str, sentence: Sentence) -> Iterator[Hit]:
        spans: list[tuple[int, int]] = []
        for pattern in self.patterns:
            for found in pattern.finditer(text, sentence.start, sentence.end):
                spans.append(found.span())
        done = sentence.start
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            if start >= done:
                yield Hit(RuleCode.HARD_FIGURE, start, end, self._better(text[start:end]))
                done = end

    def _better(self, words: str) -> str | None:
        """A day with its month in letters, an amount with its thousands apart; None when a person has to say it."""
        date = _DATE.fullmatch(words)
        if date is not None:
            day, month, year = (int(part) for part in date.groups())
            if 1 <= day <= 31 and 1 <= month <= 12:
                return f"{day}{'er' if day == 1 else ''} {self.months[month - 1]} {year}"
            return None
        amount = _AMOUNT.fullmatch(words)
        if amount is not None:
            figure = f"{int(amount[1].replace('.', '')):,}".replace(",", "\u00a0")
            return figure + amount[2]
        return None
