"""Formulae of administrations and the plain words that may stand in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drafts.plain_french.hits import Hit
from drafts.plain_french.rules import Formula, RuleCode, Rules
from drafts.plain_french.sentences import Sentence

_VOWELS = "aeiouyàâäéèêëîïôöùûüœ"
# What is left of « de » and « à » once a preposition that takes neither stands before them, longest first.
_ARTICLES = (
    ("de la", "la"), ("de l’", "l’"), ("du", "le"), ("des", "les"), ("de", ""), ("d’", ""),
    ("à la", "la"), ("à l’", "l’"), ("aux", "les"), ("au", "le"), ("à", ""),
)  # fmt: skip
# Words that lose their last letter, or become another, before a vowel.
_CHANGES = re.compile(r"(?:^|(?<= ))(?:(qu|d|j|l|m|n|s|t)e|(l)a|ce|du)$", re.IGNORECASE)
_BEFORE_VOWEL = {"ce": "cet", "du": "de l’", "la": "l’"}
_SI = re.compile(r"(?:^|(?<= ))si$")
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
        better = _with_article(said, better)
    elif said.endswith("’"):
        better += " "
    spaced = not better.endswith((" ", "’"))
    following = text[end + spaced : end + spaced + 3].lower()
    joined = _joined(better.rstrip(" "), following) if not spaced or text[end : end + 1] in _SPACE else better
    if joined is None:
        return None, end
    if joined.endswith("’") and spaced and not better.endswith("’"):
        end += 1
    elif not joined.endswith("’") and not spaced:
        joined += " "
    if start and text[start - 1] in "’'" and joined[:1].lower() not in _VOWELS:
        return None, end
    return (joined[:1].upper() + joined[1:] if said[:1].isupper() else joined), end


def _joined(better: str, following: str) -> str | None:
    """The words before those that follow: « le » and « si » lose a letter, « ce » and « du » change.

    None before an h where one would have to know whether it is breathed.
    """
    if following.startswith("il") and not following[2:].strip(" s\u00a0"):
        better = _SI.sub("s’", better)
    if not following[:1] or following[0] not in _VOWELS + "h":
        return better
    if not _CHANGES.search(better):
        return better
    if following[0] == "h":
        return None
    last = better.rsplit(" ", 1)[-1]
    if last in _BEFORE_VOWEL:
        return better[: -len(last)] + _BEFORE_VOWEL[last]
    return _CHANGES.sub(r"\1’", better)


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
