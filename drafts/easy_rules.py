"""What a reader of easy-to-read would stumble over, found by rules: help for who writes, never a judge.

After « L’information pour tous. Règles européennes pour une information facile à lire et à comprendre » (Inclusion
Europe, Unapei, 2009). Turns of sentences, formulae, acronyms and hard figures are those of plain French; what easy-to-read
asks for beyond them is here. Whether a text is easy only people concerned can say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from app.extensions import gettext as _
from drafts.findings import quoted
from drafts.plain_french.reading import findings as plain_findings
from drafts.plain_french.rules import RuleCode, house_rules
from drafts.plain_french.sentences import Sentence, count, sentences

# The European rules say « des phrases courtes » and give no number; the guides made of them say ten to twelve words.
MOST_WORDS = 12
# « N’utilisez pas de mots difficiles », and « n’utilisez pas de mots longs »: of thirteen letters on, few are short.
LONG_WORD = 13
# A number this large is « un grand nombre » to the rules, unless it is a price.
LARGE = 1_000_000
MOST_SHOWN = 12


class EasyCode(StrEnum):
    LONG_SENTENCE = "long_sentence"
    SEVERAL_IDEAS = "several_ideas"
    ONE_LINE = "one_line"
    LONG_WORD = "long_word"
    NEGATION = "negation"
    NUMBER_IN_WORDS = "number_in_words"
    PERCENT = "percent"
    SIGN = "sign"
    PASSIVE = "passive"
    NOMINAL = "nominal"
    FORMULA = "formula"
    ACRONYM = "acronym"
    HARD_FIGURE = "hard_figure"


_FROM_PLAIN = {
    RuleCode.PASSIVE: EasyCode.PASSIVE,
    RuleCode.NOMINAL: EasyCode.NOMINAL,
    RuleCode.FORMULA: EasyCode.FORMULA,
    RuleCode.ACRONYM: EasyCode.ACRONYM,
    RuleCode.HARD_FIGURE: EasyCode.HARD_FIGURE,
}
# Words that begin a second clause. « et » and « ou » also join two nouns, and begin none by themselves.
_CLAUSES = frozenset(
    [
        "qui",
        "que",
        "qu",
        "dont",
        "où",
        "lequel",
        "laquelle",
        "lesquels",
        "lesquelles",
        "auquel",
        "parce",
        "puisque",
        "lorsque",
        "lorsqu",
        "quand",
        "comme",
        "afin",
        "tandis",
        "car",
        "donc",
        "mais",
        "cependant",
        "toutefois",
        "sauf",
        "sinon",
        "si",
        "s’il",
    ]
)
_NUMBERS = frozenset(
    [
        "deux",
        "trois",
        "quatre",
        "cinq",
        "six",
        "sept",
        "huit",
        "neuf",
        "dix",
        "onze",
        "douze",
        "treize",
        "quatorze",
        "quinze",
        "seize",
        "vingt",
        "trente",
        "quarante",
        "cinquante",
        "soixante",
        "cent",
        "cents",
        "mille",
    ]
)
_NEGATORS = frozenset(["pas", "plus", "jamais", "rien", "personne", "aucun", "aucune", "guère"])
_PERCENT = re.compile(r"\d[\d,. \u00a0\u202f]*[ \u00a0\u202f]?%|pour[ \u00a0]cent\b")
_SIGN = re.compile(r"[&<>#§;\\]|\betc\b\.?|\.{3}|…|[^\W\d_]/[^\W\d_]")
_LARGE = re.compile(r"\d{1,3}(?:[ .\u00a0\u202f]\d{3}){2,}|\d{7,}")


@dataclass(frozen=True)
class Stumble:
    """One thing to look at: which rule, the words, and what may stand in their place ("" for nothing known)."""

    code: EasyCode
    words: str
    better: str = ""


def advice(code: EasyCode) -> str:
    """What a rule says to who writes."""
    return {
        EasyCode.LONG_SENTENCE: _("Phrase longue : 12 mots au plus. Coupez-la en deux."),
        EasyCode.SEVERAL_IDEAS: _("Plusieurs idées dans la même phrase : dites une seule idée par phrase."),
        EasyCode.ONE_LINE: _("Plusieurs phrases sur la même ligne : allez à la ligne après chaque phrase."),
        EasyCode.LONG_WORD: _("Mot long : prenez un mot plus court, ou expliquez-le juste après."),
        EasyCode.NEGATION: _("Phrase négative : si c’est possible, dites ce qu’il faut faire."),
        EasyCode.NUMBER_IN_WORDS: _("Nombre en lettres : écrivez-le en chiffres."),
        EasyCode.PERCENT: _("Pourcentage ou très grand nombre : dites « peu », « beaucoup », « la moitié »."),
        EasyCode.SIGN: _("Signe difficile : écrivez-le avec des mots, ou faites une liste."),
        EasyCode.PASSIVE: _("Voix passive : dites qui fait l’action."),
        EasyCode.NOMINAL: _("Nom à la place d’un verbe : dites-le avec un verbe."),
        EasyCode.FORMULA: _("Formule administrative : dites-le comme dans la vie de tous les jours."),
        EasyCode.ACRONYM: _("Sigle : écrivez le nom en entier."),
        EasyCode.HARD_FIGURE: _(
            "Date ou chiffre difficile à lire : écrivez le mois en lettres, la date en entier."
        ),
    }[code]


@lru_cache(maxsize=1024)
def stumbles(text: str, *, is_heading: bool = False) -> tuple[Stumble, ...]:
    """What the rules find in one part, each thing once, in the order of the text. `text` is at most 2,000 characters, and
    what was read once is remembered: a page of forty parts costs nothing the second time."""
    found: dict[tuple[EasyCode, str], tuple[int, Stumble]] = {}
    for place, stumble in (*_of_easy(text, is_heading), *_of_plain(text)):
        found.setdefault((stumble.code, stumble.words), (place, stumble))
    return tuple(stumble for _place, stumble in sorted(found.values(), key=lambda one: one[0]))[:MOST_SHOWN]


def _of_plain(text: str) -> Iterator[tuple[int, Stumble]]:
    tree = [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]
    for finding in plain_findings(tree):
        code = _FROM_PLAIN.get(finding.rule)
        if code is not None:
            yield finding.start, Stumble(code, quoted(finding.words), finding.better or finding.rather or "")


def _of_easy(text: str, is_heading: bool) -> Iterator[tuple[int, Stumble]]:
    known = list(sentences(text, house_rules().abbreviations))
    for sentence in known:
        said = text[sentence.start : sentence.end]
        if count(said) > MOST_WORDS:
            yield sentence.start, Stumble(EasyCode.LONG_SENTENCE, quoted(said))
        elif _ideas(sentence, said) > 1:
            yield sentence.start, Stumble(EasyCode.SEVERAL_IDEAS, quoted(said))
        yield from _of_words(text, sentence)
    if not is_heading:
        for first, second in zip(known, known[1:], strict=False):
            if "\n" not in text[first.end : second.start]:
                place = second.start
                yield place, Stumble(EasyCode.ONE_LINE, quoted(text[second.start : second.end]))
    for pattern, code in ((_PERCENT, EasyCode.PERCENT), (_LARGE, EasyCode.PERCENT), (_SIGN, EasyCode.SIGN)):
        for match in pattern.finditer(text):
            yield match.start(), Stumble(code, quoted(match.group()))


def _ideas(sentence: Sentence, said: str) -> int:
    """How many ideas a sentence seems to hold: clauses that begin within it, what a comma or brackets put in."""
    inner = [word.text for word in sentence.words[1:]]
    linked = sum(word in _CLAUSES for word in inner)
    put_in = said.count("(") + said.count(" – ") + max(0, said.count(",") - 1)
    return 1 + linked + put_in


def _of_words(text: str, sentence: Sentence) -> Iterator[tuple[int, Stumble]]:
    words = sentence.words
    for place, word in enumerate(words):
        spelled = text[word.start : word.end]
        if max(map(len, word.text.replace("‑", "-").split("-"))) >= LONG_WORD:
            yield word.start, Stumble(EasyCode.LONG_WORD, spelled)
        if word.text in _NUMBERS:
            yield word.start, Stumble(EasyCode.NUMBER_IN_WORDS, spelled)
        if word.text in ("ne", "n"):
            behind = words[place + 1 : place + 6]
            last = next((one for one in behind if one.text in _NEGATORS), None)
            if last is not None:
                yield word.start, Stumble(EasyCode.NEGATION, quoted(text[word.start : last.end]))
