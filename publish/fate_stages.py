"""What can happen to an article after its first edition, and which state follows; folded from its numbered acts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from drafts.models import ArticleState


class Fate(StrEnum):
    """What can be done to an article as a whole."""

    PUBLISH = "publish"
    PUBLISH_URGENTLY = "publish_urgently"
    # Nobody's act: the review of what was published urgently has come out.
    APPROVE = "approve"
    STILL_EXACT = "still_exact"
    MASK = "mask"
    # Nobody's act either: nobody decided within three days.
    UNMASK = "unmask"
    # The first of two people; the second one's act is what was proposed, or a refusal.
    PROPOSE = "propose"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    REDIRECT = "redirect"
    REMOVE = "remove"
    RESTORE = "restore"


class Capacity(StrEnum):
    """As what somebody decides about an article. Two people decide in two capacities."""

    LEAD_REVIEWER = "lead_reviewer"
    EDITOR = "editor"
    BOTH = "both"


# Decided by two people, one of whom proposes and the other confirms.
BY_TWO = frozenset({Fate.WITHDRAW, Fate.REDIRECT, Fate.REMOVE, Fate.RESTORE})
# Acts that leave a proposal standing.
BESIDE = frozenset({Fate.MASK, Fate.UNMASK, Fate.STILL_EXACT, Fate.APPROVE})
# A withdrawn page is still read, with a banner above it.
READABLE = (ArticleState.LIVE, ArticleState.WITHDRAWN)

_EVER = frozenset(ArticleState) - {ArticleState.UNPUBLISHED}
_PUBLISHABLE = frozenset(
    {ArticleState.UNPUBLISHED, ArticleState.LIVE, ArticleState.MASKED, ArticleState.WITHDRAWN}
)
# From which states an act is possible, and the state it leads to (None: the state stays). What comes back by itself
# becomes what it was before it was masked.
TRANSITIONS: dict[Fate, tuple[frozenset[ArticleState], ArticleState | None]] = {
    Fate.PUBLISH: (_PUBLISHABLE, ArticleState.LIVE),
    Fate.PUBLISH_URGENTLY: (_PUBLISHABLE, ArticleState.LIVE),
    Fate.APPROVE: (_EVER, None),
    Fate.STILL_EXACT: (frozenset({ArticleState.LIVE}), None),
    Fate.MASK: (frozenset(READABLE), ArticleState.MASKED),
    Fate.UNMASK: (frozenset({ArticleState.MASKED}), None),
    Fate.PROPOSE: (_EVER, None),
    Fate.DECLINE: (_EVER, None),
    Fate.WITHDRAW: (frozenset({ArticleState.LIVE, ArticleState.MASKED}), ArticleState.WITHDRAWN),
    Fate.REDIRECT: (_EVER - {ArticleState.REDIRECTED}, ArticleState.REDIRECTED),
    Fate.REMOVE: (_EVER - {ArticleState.GONE}, ArticleState.GONE),
    Fate.RESTORE: (_EVER - {ArticleState.LIVE}, ArticleState.LIVE),
}


def possible(state: ArticleState, fate: Fate) -> bool:
    return state in TRANSITIONS[fate][0]


def fold(fates: Iterable[Fate]) -> ArticleState:
    """The state an article is in after these acts. Raises ValueError for one that its state does not know."""
    state = before_mask = ArticleState.UNPUBLISHED
    for fate in fates:
        if not possible(state, fate):
            raise ValueError(f"{fate} is not possible while {state}")
        if fate is Fate.MASK:
            before_mask = state
        state = before_mask if fate is Fate.UNMASK else TRANSITIONS[fate][1] or state
    return state
