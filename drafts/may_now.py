"""What a person may do now in a review, and why not the rest: every guard asked once, for the page that offers the acts."""

from __future__ import annotations

from collections.abc import Callable

from app.errors import DomainError
from app.policy import Actor
from drafts.lead_guards import may_change_competences, may_name_substitute, may_withdraw
from drafts.models import Draft
from drafts.policy import signs_for
from drafts.review_guards import (
    may_answer,
    may_arbitrate,
    may_lift,
    may_object,
    may_pass_over,
    may_publish,
    may_retract,
    may_review,
    may_submit,
)
from drafts.stages import Deed


def may_now(actor: Actor, draft: Draft) -> dict[str, str | None]:
    """For each deed of a review: None when this person may do it now, otherwise the reason why not, in French.

    What the text itself lacks is said at the submission, not here: it would replay the log for every look.
    """
    guards: dict[Deed, Callable[[], object]] = {
        Deed.SUBMIT: lambda: may_submit(actor, draft),
        Deed.RETRACT: lambda: may_retract(actor, draft),
        Deed.REQUEST_CHANGES: lambda: may_review(actor, draft, Deed.REQUEST_CHANGES),
        Deed.SIGN_OFF: lambda: _may_answer_for_one(actor, draft, Deed.SIGN_OFF),
        Deed.ABSTAIN: lambda: _may_answer_for_one(actor, draft, Deed.ABSTAIN),
        Deed.WITHDRAW_SIGN_OFF: lambda: may_withdraw(actor, draft),
        Deed.OBJECT: lambda: may_object(actor, draft, None),
        Deed.LIFT_OBJECTION: lambda: may_lift(actor, draft),
        Deed.ARBITRATE: lambda: may_arbitrate(actor, draft),
        Deed.PASS_OVER: lambda: may_pass_over(actor, draft),
        Deed.NAME_SUBSTITUTE: lambda: may_name_substitute(actor, draft),
        Deed.CHANGE_COMPETENCES: lambda: may_change_competences(actor, draft, Deed.CHANGE_COMPETENCES),
        Deed.HAND_OVER: lambda: may_change_competences(actor, draft, Deed.HAND_OVER),
        Deed.PUBLISH: lambda: may_publish(actor, draft),
    }
    return {str(deed): _reason(guard) for deed, guard in guards.items()}


def _may_answer_for_one(actor: Actor, draft: Draft, deed: Deed) -> None:
    """Some administration of theirs can still answer; the reason is that of the first that cannot."""
    reasons: list[DomainError] = []
    places: list[int | None] = [*sorted(signs_for(actor, draft))]
    for place in places or [None]:
        try:
            may_answer(actor, draft, deed, place)
            return
        except DomainError as error:
            reasons.append(error)
    raise reasons[0]


def _reason(guard: Callable[[], object]) -> str | None:
    try:
        guard()
    except DomainError as error:
        return error.message
    return None
