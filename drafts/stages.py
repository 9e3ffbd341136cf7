"""The stages of a draft, folded from its append-only, numbered list of acts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Stage(StrEnum):
    WRITING = "writing"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"


class Deed(StrEnum):
    """What can be done to a draft as a whole. Edits of its text are strokes, not deeds."""

    CREATE = "create"
    SUBMIT = "submit"
    RETRACT = "retract"
    REQUEST_CHANGES = "request_changes"
    SIGN_OFF = "sign_off"
    ABSTAIN = "abstain"
    OBJECT = "object"
    LIFT_OBJECTION = "lift_objection"
    ARBITRATE = "arbitrate"
    PASS_OVER = "pass_over"  # nosec B105 # the name of an act
    WITHDRAW_SIGN_OFF = "withdraw_sign_off"
    NAME_SUBSTITUTE = "name_substitute"
    CHANGE_COMPETENCES = "change_competences"
    HAND_OVER = "hand_over"
    ASK_AGAIN = "ask_again"
    APPROVE = "approve"
    SCHEDULE = "schedule"
    CANCEL = "cancel"
    PUBLISH = "publish"


# While a review is open: its lock is held.
UNDER_REVIEW = frozenset({Stage.IN_REVIEW, Stage.APPROVED, Stage.SCHEDULED})
_UNSCHEDULED = frozenset(set(Stage) - {Stage.SCHEDULED})
# From which stages a deed is possible, and the stage it leads to (None: the stage stays).
TRANSITIONS: dict[Deed, tuple[frozenset[Stage], Stage | None]] = {
    Deed.CREATE: (frozenset(), Stage.WRITING),
    # A published draft goes on living, and may be submitted again for the next edition.
    Deed.SUBMIT: (frozenset({Stage.WRITING, Stage.CHANGES_REQUESTED, Stage.PUBLISHED}), Stage.IN_REVIEW),
    Deed.RETRACT: (frozenset({Stage.IN_REVIEW, Stage.CHANGES_REQUESTED, Stage.APPROVED}), Stage.WRITING),
    Deed.REQUEST_CHANGES: (frozenset({Stage.IN_REVIEW, Stage.APPROVED}), Stage.CHANGES_REQUESTED),
    Deed.SIGN_OFF: (frozenset({Stage.IN_REVIEW}), None),
    Deed.ABSTAIN: (frozenset({Stage.IN_REVIEW}), None),
    Deed.OBJECT: (frozenset({Stage.IN_REVIEW, Stage.APPROVED}), Stage.IN_REVIEW),
    Deed.LIFT_OBJECTION: (frozenset({Stage.IN_REVIEW}), None),
    # The second person of two settles an objection; the act of the first one is a proposal.
    Deed.ARBITRATE: (frozenset({Stage.IN_REVIEW}), None),
    Deed.PASS_OVER: (frozenset({Stage.IN_REVIEW}), None),
    # Until the publication, planned or not: what was approved with the signature is read again.
    Deed.WITHDRAW_SIGN_OFF: (UNDER_REVIEW, Stage.IN_REVIEW),
    Deed.NAME_SUBSTITUTE: (frozenset({Stage.IN_REVIEW}), None),
    # A schedule holds the revision, and who answers for it with it: it is cancelled first.
    Deed.CHANGE_COMPETENCES: (_UNSCHEDULED, None),
    Deed.HAND_OVER: (_UNSCHEDULED, None),
    # Nobody's act: it follows when what is signed changed under an open review, whose text is then frozen anew.
    Deed.ASK_AGAIN: (frozenset({Stage.IN_REVIEW, Stage.APPROVED}), Stage.IN_REVIEW),
    Deed.APPROVE: (frozenset({Stage.IN_REVIEW}), Stage.APPROVED),
    Deed.SCHEDULE: (frozenset({Stage.APPROVED}), Stage.SCHEDULED),
    Deed.CANCEL: (frozenset({Stage.SCHEDULED}), Stage.APPROVED),
    Deed.PUBLISH: (frozenset({Stage.APPROVED, Stage.SCHEDULED}), Stage.PUBLISHED),
}


def possible(stage: Stage, deed: Deed) -> bool:
    return stage in TRANSITIONS[deed][0]


def after(stage: Stage | None, deed: Deed) -> Stage:
    """The stage that follows. Raises ValueError for a deed that this stage does not know."""
    allowed, next_stage = TRANSITIONS[deed]
    if deed is Deed.CREATE:
        if stage is not None:
            raise ValueError("a draft is created once")
        return Stage.WRITING
    if stage is None or stage not in allowed:
        raise ValueError(f"{deed} is not possible while {stage}")
    return next_stage or stage


def fold(deeds: Iterable[Deed]) -> Stage:
    stage: Stage | None = None
    for deed in deeds:
        stage = after(stage, deed)
    if stage is None:
        raise ValueError("a draft begins with its creation")
    return stage
