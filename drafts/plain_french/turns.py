"""Turns of a sentence: passive voice, nouns for verbs, two negations, a reader who is told of as somebody else.

They look at words, not at grammar: a rule says what is likely, with the exceptions that its data name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drafts.plain_french.hits import Hit
from drafts.plain_french.rules import Rule, RuleCode, Rules
from drafts.plain_french.sentences import Sentence, Word

# Words that may stand between a form of « être » and its participle.
_BETWEEN = 3
# What stands on both sides of these is said one after the other: nothing has to be undone.
_AND = frozenset({"et", "ou", "mais", "ni"})


def bases(word: str) -> Iterator[str]:
    """The word and what it may be the feminine or the plural of."""
    yield word
    if word.endswith("s"):
        yield word[:-1]
        if word.endswith("es"):
            yield word[:-2]
    elif word.endswith("e"):
        yield word[:-1]


class Passive:
    def __init__(self, rules: Rules) -> None:
        rule = rules[RuleCode.PASSIVE]
        self.be, self.have = rule.words("be"), rule.words("have")
        self.endings: tuple[str, ...] = tuple(rule.how["participle_endings"])
        self.participles, self.between = rule.words("participles"), rule.words("between")
        self.reflexive, self.results, self.states = (
            rule.words("reflexive"),
            rule.words("results"),
            rule.exceptions,
        )
        self.unless_by = rule.words("unless_by")

    def hits(self, text: str, sentence: Sentence) -> Iterator[Hit]:
        words = sentence.words
        for at, word in enumerate(words):
            if word.text not in self.be or self._reflexive(words, at):
                continue
            if word.text == "été" and not any(one.text in self.have for one in words[max(0, at - 3) : at]):
                continue
            participle = self._participle(words, at)
            if participle is not None and not self._state(words, at, participle):
                yield Hit(RuleCode.PASSIVE, word.start, words[participle].end)

    def _participle(self, words: tuple[Word, ...], at: int) -> int | None:
        for place in range(at + 1, min(len(words), at + 2 + _BETWEEN)):
            said = words[place].text
            if said not in self.between and self._is_participle(said):
                return place
            if said not in self.between and not (said.endswith("ment") and len(said) > 5):
                return None
        return None

    def _is_participle(self, said: str) -> bool:
        if len(said) > 3 and said.endswith(self.endings):
            return True
        return any(base in self.participles for base in bases(said))

    def _state(self, words: tuple[Word, ...], at: int, participle: int) -> bool:
        kinds = set(bases(words[participle].text))
        if kinds & self.states:
            return True
        by_somebody = any(one.text == "par" for one in words[participle + 1 : participle + 3])
        if by_somebody:
            return False
        return (
            bool(kinds & self.unless_by)
            or bool(kinds & self.results)
            and words[at].text not in ("être", "été")
        )

    def _reflexive(self, words: tuple[Word, ...], at: int) -> bool:
        before = [one.text for one in words[max(0, at - 3) : at] if one.text not in ("ne", "n", "y", "en")]
        if before and before[-1] in self.reflexive:
            return True
        return len(before) > 1 and before[-1] == before[-2] and before[-1] in ("nous", "vous")


class Nominal:
    def __init__(self, rules: Rules) -> None:
        rule = rules[RuleCode.NOMINAL]
        self.rule, self.endings = rule, tuple(rule.how["endings"])
        self.deverbal, self.links = rule.words("deverbal"), rule.words("links")
        self.linking_verbs = rule.words("linking_verbs")
        self.supports = re.compile("|".join(rule.how["supports"]))
        self.phrases = [rules.compiled(phrase) for phrase in rule.how["phrases"]]
        self.negations = rules[RuleCode.PASSIVE].words("between")

    def abstract(self, said: str) -> bool:
        """Whether a word names a deed by its ending; those that name a thing one can hold are exceptions."""
        single = said[:-1] if said.endswith("s") else said
        if single in self.rule.exceptions or said in self.rule.exceptions:
            return False
        return len(single) >= self.rule.how["min_letters"] and single.endswith(self.endings)

    def hits(self, text: str, sentence: Sentence) -> Iterator[Hit]:
        words = sentence.words
        done = -1
        spans = sorted(
            [
                *self._supported(words),
                *self._chained(words),
                *self._crowded(words),
                *self._phrased(text, sentence),
            ]
        )
        for start, end in spans:
            if start > done:
                yield Hit(RuleCode.NOMINAL, start, end)
                done = end

    def _supported(self, words: tuple[Word, ...]) -> Iterator[tuple[int, int]]:
        """« procéder à la vérification », « effectuer un examen »."""
        for at, word in enumerate(words):
            if not self.supports.fullmatch(word.text):
                continue
            others = 0
            for one in words[at + 1 : at + 6]:
                single = one.text[:-1] if one.text.endswith("s") else one.text
                if self.abstract(one.text) or single in self.deverbal or one.text in self.deverbal:
                    yield word.start, one.end
                    break
                # An adjective may stand before the noun, another noun may not.
                others += one.text not in self.links and one.text not in self.negations
                if others > 1:
                    break

    def _chained(self, words: tuple[Word, ...]) -> Iterator[tuple[int, int]]:
        """Three nouns one after the other, two of them deeds and the first of them one."""
        at = 0
        while at < len(words):
            if not self.abstract(words[at].text):
                at += 1
                continue
            nouns, deeds, last, place = 1, 1, at, at + 1
            while place < len(words):
                step = place
                while step < len(words) and step - place < 3 and words[step].text in self.links:
                    step += 1
                if step == place or step >= len(words) or len(words[step].text) < 4:
                    break
                nouns, last = nouns + 1, step
                deeds += self.abstract(words[step].text)
                place = step + 1
            if nouns >= self.rule.how["chain"] and deeds >= 2:
                yield words[at].start, words[last].end
            at = last + 1

    def _crowded(self, words: tuple[Word, ...]) -> Iterator[tuple[int, int]]:
        """Three deeds told as nouns within a few words; two when the verb between them says nothing."""
        deeds = [place for place, word in enumerate(words) if self.abstract(word.text)]
        for first, third in zip(deeds, deeds[2:], strict=False):
            if third - first <= self.rule.how["window"]:
                yield words[first].start, words[third].end
        for first, second in zip(deeds, deeds[1:], strict=False):
            between = words[first + 1 : second]
            if len(between) <= self.rule.how["window"] and any(
                one.text in self.linking_verbs for one in between
            ):
                yield words[first].start, words[second].end

    def _phrased(self, text: str, sentence: Sentence) -> Iterator[tuple[int, int]]:
        for phrase in self.phrases:
            for found in phrase.finditer(text, sentence.start, sentence.end):
                yield found.span()


class DoubleNegation:
    def __init__(self, rules: Rules) -> None:
        rule: Rule = rules[RuleCode.DOUBLE_NEGATION]
        self.ne, self.negators, self.subjects = (
            rule.words("ne"),
            rule.words("negators"),
            rule.words("subjects"),
        )
        self.without_pas, self.subordinators = rule.words("without_pas"), rule.words("subordinators")
        self.denials = re.compile("|".join(rule.how["denials"]))
        self.denying_nouns = rule.words("denying_nouns")
        self.reach, self.span = int(rule.how["reach"]), int(rule.how["span"])

    def hits(self, text: str, sentence: Sentence) -> Iterator[Hit]:
        words = sentence.words
        negations = list(self._negations(words))
        found = self._first(words, negations)
        if found is not None:
            yield Hit(RuleCode.DOUBLE_NEGATION, words[found[0]].start, words[found[1]].end)

    def _negations(self, words: tuple[Word, ...]) -> Iterator[tuple[int, int, int]]:
        """(where it begins, « ne », its last word) of each; « ne … que » and « ni … ni » are none."""
        for at, word in enumerate(words):
            if word.text not in self.ne:
                continue
            before = [place for place in range(max(0, at - 4), at) if words[place].text in self.subjects]
            last = self._closes(words, at)
            behind = words[at + 1].text if at + 1 < len(words) else ""
            if last is None and (before or behind in self.without_pas):
                last = min(at + 1, len(words) - 1)
            if last is not None:
                yield (before[0] if before else at), at, last

    def _closes(self, words: tuple[Word, ...], at: int) -> int | None:
        """Where the « pas » of a « ne » stands."""
        for place in range(at + 1, min(len(words), at + 6)):
            if words[place].text in self.negators:
                return place
            if words[place].text in ("que", "qu", "ni"):
                return None
        return None

    def _first(
        self, words: tuple[Word, ...], negations: list[tuple[int, int, int]]
    ) -> tuple[int, int] | None:
        said = [word.text for word in words]
        for number, (begin, ne, last) in enumerate(negations):
            after = range(ne + 1, min(len(words), ne + 1 + self.reach))
            for place in after:
                if said[place] in self.subordinators and place > last:
                    break
                if self.denials.fullmatch(said[place]):
                    return begin, place
            if "pas" in said[ne : last + 1] and said[last + 1 : last + 2] == ["sans"] and self._is(said, ne):
                return begin, last + 1
            # « Aucun dossier n’est accepté sans photo. »
            if begin < ne and "sans" in said[last : last + 8]:
                return begin, said.index("sans", last)
            nouns = [place for place in range(max(0, begin - 8), begin) if said[place] in self.denying_nouns]
            if nouns and nouns[0] < 3 and not _AND & set(said[nouns[0] : begin]):
                return nouns[0], last
            if number + 1 < len(negations):
                _, next_ne, next_last = negations[number + 1]
                if next_ne - ne <= self.span and self._depends(said, ne, next_ne):
                    return begin, next_last
        return None

    @staticmethod
    def _is(said: list[str], ne: int) -> bool:
        return said[ne + 1 : ne + 2] in (["est"], ["êtes"], ["sont"], ["suis"], ["serez"], ["sera"])

    def _depends(self, said: list[str], ne: int, next_ne: int) -> bool:
        between = said[ne + 1 : next_ne]
        if between and between[-1] == "de" or next_ne - ne <= 4 and not _AND & set(between):
            return True
        opens = said[0] in ("si", "s", "tant", "lorsque", "lorsqu", "quand") and not _AND & set(between)
        return opens or any(word in self.subordinators for word in between)


class ReaderAbsent:
    def __init__(self, rules: Rules) -> None:
        rule = rules[RuleCode.READER_ABSENT]
        self.anywhere = [rules.compiled(pattern) for pattern in rule.how["anywhere"]]
        self.first = [rules.compiled(pattern) for pattern in rule.how["first"]]

    def hits(self, text: str, sentence: Sentence) -> Iterator[Hit]:
        spans = [
            found.span()
            for pattern in self.anywhere
            for found in pattern.finditer(text, sentence.start, sentence.end)
        ]
        if sentence.words:
            begin = sentence.words[0].start
            spans += [
                found.span() for pattern in self.first if (found := pattern.match(text, begin, sentence.end))
            ]
        done = -1
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            if start > done:
                yield Hit(RuleCode.READER_ABSENT, start, end)
                done = end
