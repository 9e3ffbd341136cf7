"""Formulae of administrations and the plain words that may stand in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drafts.plain_french.hits import Hit
from drafts.plain_french.rules import Formula, RuleCode, Rules
from drafts.plain_french.sentences import Sentence

_VOWELS = "aeiouyàâäéèêëîïôöùûüœh"
# What is left of « de » and « à » once a preposition that takes neither stands before them, longest first.
_ARTICLES = (
    ("de la", "la"), ("de l’", "l’"), ("du", "le"), ("des", "les"), ("de", ""), ("d’", ""),
    ("à la", "la"), ("à l’", "l’"), ("aux", "les"), ("au", "le"), ("à", ""),
)  # fmt: skip
_ELIDED = re.compile(r"(?:^|(?<= ))(qu|d|j|l|m|n|s|t|c)e$", re.IGNORECASE)
_SPACE = " \u00a0\u202f"


class Formulae:
    """Finds formulae; the longest that begins at a word wins, and what it covers is not looked at again."""

    def __init__(self, rules: Rules) -> None:
        self.by_beginning = rules.formulae()

    def hits(self, text: str, sentence: Sentence) -> Iterator[Hit]:
        done = sentence.start
        for word in sentence.words:
            if word.start < done:
                continue
            for formula in self.by_beginning.get(word.text[:2], ()):
                found = formula.pattern.match(text, word.start, sentence.end)
                if found is not None:
                    better, end = replacement(text, found.start(), found.end(), formula)
                    yield Hit(RuleCode.FORMULA, found.start(), end, better, formula.rather)
                    done = found.end()
                    break


def replacement(text: str, start: int, end: int, formula: Formula) -> tuple[str | None, int]:
    """What may stand in the place of the words, and where they end: a space that an elision swallows is theirs."""
    if formula.better is None:
        return None, end
    said = text[start:end].replace("'", "’")
    better = formula.better
    if better.endswith("{er}"):
        better = better[:-4] + _ending(formula.say, said)
    if formula.say.endswith(("{de}", "{à}")):
        if better.endswith("{de}"):
            return None, end
        better = _with_article(said, better)
    elif said.endswith("’"):
        better = _ELIDED.sub(r"\1’", better) if _ELIDED.search(better) else better + " "
    following = text[end : end + 2]
    if (
        _ELIDED.search(better)
        and following[:1] in _SPACE
        and following[1:].lower() in _VOWELS
        and following[1:]
    ):
        better, end = _ELIDED.sub(r"\1’", better), end + 1
    if start and text[start - 1] in "’'" and better[:1].lower() not in _VOWELS:
        return None, end
    if said[:1].isupper():
        better = better[:1].upper() + better[1:]
    return better, end


def _ending(say: str, said: str) -> str:
    """The ending that the verb had: « sollicitez » becomes « demandez »."""
    return said[len(say.split("{er}")[0]) :]


def _with_article(said: str, better: str) -> str:
    """« à l’issue du » becomes « après le », « afin d’ » becomes « pour » and the space that parts it."""
    folded = " ".join(said.lower().split())
    for contracted, article in _ARTICLES:
        if folded.endswith(contracted) and (
            contracted.endswith("’") or folded[: -len(contracted)].endswith((" ", "’"))
        ):
            if contracted == "d’":
                return better + " "
            return f"{better} {article}" if article else better
    return better
