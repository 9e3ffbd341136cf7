"""The rights of a member of a lab: a ladder, each step holding those below."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    READ = "read"
    REMARK = "remark"
    SUGGEST = "suggest"
    WRITE = "write"


LADDER = (Right.READ, Right.REMARK, Right.SUGGEST, Right.WRITE)


def up_to(right: Right) -> frozenset[Right]:
    """The right and all those it includes."""
    return frozenset(LADDER[: LADDER.index(right) + 1])
