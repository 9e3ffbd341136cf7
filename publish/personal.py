"""What looks like somebody's personal data in words that are to be published: e-mail, telephone and identity numbers.

A finding holds nothing back by itself: what has one waits for a moderator, who sees where it stands, and its author is told so.
Better one too many than one too few: a date or an amount is told apart, everything else with eight digits is a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    IDENTITY = "identity"


@dataclass(frozen=True)
class Finding:
    """`start`, `end`: places in the text, in characters."""

    sort: Sort
    start: int
    end: int


_GAP = r"[\s.\-/\u00a0\u202f]?"
_SIX = rf"\d{{2}}{_GAP}\d{{2}}{_GAP}\d{{2}}"
_PATTERNS = (
    (Sort.EMAIL, re.compile(r"[\w.+-]{1,64}\s?(?:@|\[at\]|\(at\))\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.IGNORECASE)),
    (Sort.PHONE, re.compile(rf"(?<!\d)(?:\+|00){_GAP}687{_GAP}{_SIX}(?!\d)")),
    # A RIDET has 7 + 3 digits, a French social security number 13 + 2, an identity card 12: nine and more are taken for one of
    # those; six are a telephone number of New Caledonia (numbering plan of the OPT), or a number at the CAFAT.
    (Sort.IDENTITY, re.compile(rf"(?<![\d,.])\d(?:{_GAP}\d){{8,19}}(?!\d)")),
    (Sort.PHONE, re.compile(rf"(?<![\d,.]){_SIX}(?!\d)")),
)  # fmt: skip
# « 20 000 000 F », « 12/05/2026 », « n° 2019-12 » and the like are no numbers of persons.
_AMOUNT = re.compile(r"\s?(?:F|XPF|CFP|francs|€|euros)\b")
_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])[/.\-](?:0?[1-9]|1[0-2])[/.\-]\d{2,4}|(?:19|20)\d{2}-\d{1,4}(?:-\d{2})?"
)
LONGEST = 20_000


def findings(text: str) -> list[Finding]:
    """In the order of the text; none overlaps another."""
    text = text[:LONGEST]
    dates = [match.span() for match in _DATE.finditer(text)]
    found: list[Finding] = []
    for sort, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            apart = all(end <= other.start or start >= other.end for other in found)
            a_date = any(start >= begin and end <= stop for begin, stop in dates)
            if apart and not a_date and not _AMOUNT.match(text, end):
                found.append(Finding(sort, start, end))
    return sorted(found, key=lambda one: one.start)
