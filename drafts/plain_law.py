"""What plain French is read by at this moment: the rules in force and the glossary, as one thing with one name."""

from __future__ import annotations

from dataclasses import dataclass

from app.db import is_writing
from drafts import amendments, glossary_queries
from drafts.plain_french.in_force import Law, as_bytes

# Of what this process remembers: the rules and the dictionary it was made of, which are the same objects while they stand.
_kept: tuple[object, object, Told] | None = None


@dataclass(frozen=True)
class Told:
    """The law, and how it is told to a child."""

    law: Law
    told: bytes


def in_force() -> Told:
    """In an open reading: two numbers out of the database say whether anything changed."""
    global _kept
    rules, words = amendments.rules_in_force(), glossary_queries.dictionary()
    kept = _kept
    if kept is not None and kept[0] is rules and kept[1] is words:
        return kept[2]
    # The glossary's number grows with each change, so that a margin hears of a new word as it hears of a new rule.
    digest = f"{rules.rules.digest}.{words.number}" if words.number else rules.rules.digest
    told = as_bytes(rules.changes, words.terms, digest)
    found = Told(Law(rules.rules, words.terms, digest), told)
    if not is_writing():
        _kept = (rules, words, found)
    return found
