"""The rule of approval (editorial model, section 4), as one pure function: it can be tried on generated cases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from drafts.review_models import Decision, SignedAs, Size


@dataclass(frozen=True)
class Answered:
    """One administration's answer, as the rule needs it. `own_administration` is where the person works."""

    administration_id: int
    person_id: int
    decision: Decision
    signed_as: SignedAs
    own_administration: int | None
    agrees_minor: bool = False


@dataclass(frozen=True)
class Verdict:
    """What follows from the answers.

    `publisher_may_read`: everybody answered who has to, only the second pair of eyes is missing, and the rule lets
    the person who publishes be it. `is_minor`: the others need not answer.
    """

    unanswered: tuple[int, ...]
    second_eyes: tuple[int, ...]
    objecting: tuple[int, ...]
    publisher_may_read: bool
    is_minor: bool = False

    @property
    def is_approved(self) -> bool:
        return not self.unanswered and not self.objecting and bool(self.second_eyes)


def verdict(
    competent: Collection[int],
    answers: Iterable[Answered],
    main_author: int | None,
    objecting: Collection[int] = (),
    passed_over: Collection[int] = (),
    *,
    lead: int | None = None,
    size: Size = Size.MAJOR,
) -> Verdict:
    """What follows from the answers that stand.

    Every competent administration has answered or was passed over after its deadline, nobody objects, and at least
    one second pair of eyes: a signer of the whole text who contributed nothing, from outside the main author's
    administration. Where one administration alone is competent nobody from outside is asked to sign, so that another
    of its people may be it. For a minor correction the signature of the lead administration and one other person
    suffice: whoever wrote, and somebody who wrote nothing.
    """
    answers = list(answers)
    alone = len(competent) == 1
    is_minor = _suffices(answers, lead, size)
    answered = {answer.administration_id for answer in answers}
    eyes = tuple(
        answer.person_id
        for answer in answers
        if answer.decision is Decision.SIGNED
        and answer.signed_as is SignedAs.SECOND_EYES
        and (alone or is_minor or answer.own_administration != main_author)
    )
    unanswered = () if is_minor else tuple(sorted(set(competent) - answered - set(passed_over)))
    signed = any(answer.decision is Decision.SIGNED for answer in answers)
    return Verdict(
        unanswered=unanswered,
        second_eyes=eyes,
        objecting=tuple(sorted(objecting)),
        publisher_may_read=(alone or is_minor) and signed and not unanswered and not objecting and not eyes,
        is_minor=is_minor,
    )


def _suffices(answers: Sequence[Answered], lead: int | None, size: Size) -> bool:
    """Whether the lead administration has signed what is a minor correction, by its measure or in a reader's eyes."""
    if size is Size.SAID_MINOR and not any(answer.agrees_minor for answer in answers):
        return False
    return size is not Size.MAJOR and any(
        answer.administration_id == lead and answer.decision is Decision.SIGNED for answer in answers
    )
