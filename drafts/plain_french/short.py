"""Headings and words of links that would fit anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drafts.plain_french.hits import Hit
from drafts.plain_french.passages import Passage
from drafts.plain_french.rules import Rule, RuleCode, Rules
from drafts.plain_french.sentences import words


class Short:
    """A heading or a link of which every word would fit any other says nothing."""

    def __init__(self, rules: Rules) -> None:
        self.heading, self.link = rules[RuleCode.EMPTY_HEADING], rules[RuleCode.EMPTY_LINK]
        self.address = re.compile(self.link.how["addresses"], re.IGNORECASE)
        self.lists = {
            rule.code: (rule.words("generic"), rule.words("grammar")) for rule in (self.heading, self.link)
        }

    def hits(self, passage: Passage) -> Iterator[Hit]:
        text = passage.read
        if passage.kind == "heading" and self._empty(self.heading, text, 0, len(text)):
            yield _trimmed(RuleCode.EMPTY_HEADING, text, 0, len(text))
        for start, end in passage.links:
            if self._empty(self.link, text, start, end) or self.address.fullmatch(text[start:end].strip()):
                yield _trimmed(RuleCode.EMPTY_LINK, text, start, end)

    def _empty(self, rule: Rule, text: str, start: int, end: int) -> bool:
        generic, grammar = self.lists[rule.code]
        found = [word.text for word in words(text, start, end)]
        return any(word in generic for word in found) and all(
            word in generic or word in grammar for word in found
        )


def _trimmed(rule: RuleCode, text: str, start: int, end: int) -> Hit:
    words_ = text[start:end]
    return Hit(rule, start + len(words_) - len(words_.lstrip()), end - len(words_) + len(words_.rstrip()))
