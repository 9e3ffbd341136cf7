"""What one rule finds in one block, in characters of Python, before it is told of a block of a text."""

from __future__ import annotations

from dataclasses import dataclass

from drafts.plain_french.rules import RuleCode


@dataclass(frozen=True, slots=True)
class Hit:
    """`better` may stand in the place of the words; `rather` is advice that a writer has to fit in."""

    rule: RuleCode
    start: int
    end: int
    better: str | None = None
    rather: str | None = None
