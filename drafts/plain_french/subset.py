"""Which patterns a person may write: of what Python and JavaScript read alike, and with an end (docs/plain-french.md).

This is the grammar only. Whether a pattern comes to an end in time is tried (`drafts.plain_french.trying`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum

# The longest of those that are shipped has 198 signs.
LONGEST_PATTERN = 300


class PatternFault(StrEnum):
    """What is wrong with a pattern, for whoever says it in words."""

    TOO_LONG = "too_long"
    EMPTY = "empty"
    # A backslash, a lookbehind, a named group, a flag: the two languages mean other things by them, or one knows none.
    STRANGE = "strange"
    # A bracket without its other half, a repetition of nothing, a brace that is no notation.
    BROKEN = "broken"
    # A space or an apostrophe in a set: they are written out.
    SET = "set"
    # A group repeated without an upper bound.
    ENDLESS = "endless"


_TOKEN = re.compile(
    r"(?P<open>\((?:\?[:=!])?)|(?P<close>\))|(?P<set>\[\^?[^\[\]\\]+\])|(?P<endless>[*+]|\{[0-9]{1,3},\})|"
    r"(?P<times>\?|\{[0-9]{1,3}(?:,[0-9]{1,3})?\})|(?P<notation>\{[^{}0-9,][^{}]{0,8}\})|(?P<or>\|)|(?P<sign>[^\\(){}\[\]^$])"
)  # fmt: skip


def pattern_fault(pattern: str, notations: Collection[str]) -> PatternFault | None:
    """What is wrong with a pattern as it is written in the file of rules; None when nothing is."""
    if not pattern.strip():
        return PatternFault.EMPTY
    if len(pattern) > LONGEST_PATTERN:
        return PatternFault.TOO_LONG
    # For each open group whether it only looks ahead; what may be repeated stands at `last`.
    groups: list[bool] = []
    last = ""
    at = 0
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None or found["open"] == "(" and pattern[at + 1 : at + 2] == "?":
            return PatternFault.STRANGE if pattern[at] in "\\(^$" else PatternFault.BROKEN
        kind = str(found.lastgroup)
        fault = _fault_at(kind, found.group(), last, groups, notations)
        if fault is not None:
            return fault
        if kind == "open":
            groups.append(found.group() in ("(?=", "(?!"))
            last = ""
        elif kind == "close":
            last = "look" if groups.pop() else "group"
        else:
            last = "" if kind in ("or", "times", "endless") else kind
        at = found.end()
    return PatternFault.BROKEN if groups else None


def _fault_at(
    kind: str, said: str, last: str, groups: list[bool], notations: Collection[str]
) -> PatternFault | None:
    if kind == "set" and re.search("[ ’]", said):
        return PatternFault.SET
    if kind == "close" and not groups or kind == "notation" and said not in notations:
        return PatternFault.BROKEN
    if kind in ("times", "endless") and last in ("", "look"):
        return PatternFault.BROKEN  # of nothing, of a repetition (lazy, possessive) or of a look ahead
    if kind == "endless" and last in ("group", "notation"):
        return PatternFault.ENDLESS
    return None
