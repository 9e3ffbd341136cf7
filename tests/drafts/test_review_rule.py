"""The rule of approval and the folding of stages, on generated cases, without a database."""

from __future__ import annotations

from dataclasses import dataclass, replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from drafts.review_models import Decision, SignedAs, Size
from drafts.rule import Answered, verdict
from drafts.stages import TRANSITIONS, Deed, Stage, after, fold, possible

PLACES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Case:
    competent: frozenset[int]
    answers: tuple[Answered, ...]
    main_author: int | None
    objecting: frozenset[int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Answers of some of the competent administrations, by people who work there or elsewhere."""
    competent = draw(st.frozensets(st.sampled_from(PLACES), min_size=1))
    answering = draw(st.frozensets(st.sampled_from(sorted(competent))))
    answers = []
    for place in sorted(answering):
        signed_as = draw(st.sampled_from(SignedAs))
        answers.append(
            Answered(
                administration_id=place,
                person_id=draw(st.integers(1, 6)),
                decision=Decision.ABSTAINED if signed_as is SignedAs.NOBODY else Decision.SIGNED,
                signed_as=signed_as,
                own_administration=draw(st.sampled_from((place, *PLACES))),
            )
        )
    return Case(
        competent,
        tuple(answers),
        draw(st.sampled_from((None, *PLACES))),
        draw(st.frozensets(st.sampled_from(sorted(competent)), max_size=1)),
    )


@given(cases())
def test_the_rule_as_the_editorial_model_words_it(case: Case) -> None:
    found = verdict(case.competent, case.answers, case.main_author, case.objecting)
    everybody_answered = {answer.administration_id for answer in case.answers} == case.competent
    readers = [answer for answer in case.answers if answer.signed_as is SignedAs.SECOND_EYES]
    outsiders = [answer for answer in readers if answer.own_administration != case.main_author]
    second_eyes = readers if len(case.competent) == 1 else outsiders
    assert found.is_approved == (everybody_answered and not case.objecting and bool(second_eyes))
    assert set(found.unanswered) == case.competent - {answer.administration_id for answer in case.answers}
    if found.publisher_may_read:
        assert len(case.competent) == 1 and everybody_answered and not found.is_approved


@given(cases(), st.sampled_from((Size.MINOR, Size.SAID_MINOR)), st.sampled_from(PLACES), st.booleans())
def test_a_minor_correction_needs_the_lead_and_somebody_who_wrote_nothing(
    case: Case, size: Size, lead: int, agrees: bool
) -> None:
    answers = [
        replace(answer, agrees_minor=agrees and answer.signed_as is SignedAs.SECOND_EYES)
        for answer in case.answers
    ]
    found = verdict(case.competent, answers, case.main_author, case.objecting, lead=lead, size=size)
    as_major = verdict(case.competent, answers, case.main_author, case.objecting)
    readers = [answer for answer in answers if answer.signed_as is SignedAs.SECOND_EYES]
    led = any(answer.administration_id == lead and answer.decision is Decision.SIGNED for answer in answers)
    assert found.is_minor == (led and (size is Size.MINOR or (agrees and bool(readers))))
    if found.is_minor:
        assert found.is_approved == (bool(readers) and not case.objecting)
    else:
        assert found == as_major
    if as_major.is_approved:
        assert found.is_approved, "what suffices for any text suffices for a detail"


@given(cases())
def test_authors_and_abstentions_alone_approve_nothing(case: Case) -> None:
    without_readers = [answer for answer in case.answers if answer.signed_as is not SignedAs.SECOND_EYES]
    assert not verdict(case.competent, without_readers, case.main_author).is_approved


@given(cases(), st.data())
def test_taking_an_answer_away_never_approves(case: Case, data: st.DataObject) -> None:
    if not verdict(case.competent, case.answers, case.main_author, case.objecting).is_approved:
        kept = data.draw(st.lists(st.sampled_from(case.answers or (None,)), unique=True))
        fewer = [answer for answer in kept if answer is not None]
        assert not verdict(case.competent, fewer, case.main_author, case.objecting).is_approved


@given(cases())
def test_every_review_can_come_out(case: Case) -> None:
    """Whatever was answered so far: if somebody from outside who wrote nothing signs, it is approved.

    Answers are given once, so those who answered badly for this end are asked anew by a new submission.
    """
    outside = next(place for place in (9, *PLACES) if place != case.main_author)
    answers = [
        Answered(place, 100 + place, Decision.SIGNED, SignedAs.SECOND_EYES, outside)
        for place in sorted(case.competent)
    ]
    assert verdict(case.competent, answers, case.main_author).is_approved


walks = st.lists(st.integers(0, 100), max_size=40)


def _walk(choices: list[int]) -> list[Deed]:
    """A walk through the stages: at each step one of the deeds that the stage knows."""
    deeds = [Deed.CREATE]
    stage = Stage.WRITING
    for choice in choices:
        known = [deed for deed in Deed if possible(stage, deed)]
        deeds.append(known[choice % len(known)])
        stage = after(stage, deeds[-1])
    return deeds


@given(walks)
def test_folding_is_taking_one_step_after_the_other(choices: list[int]) -> None:
    deeds = _walk(choices)
    stage = Stage.WRITING
    for number, deed in enumerate(deeds[1:], start=2):
        before, stage = stage, after(stage, deed)
        assert fold(deeds[:number]) is stage
        allowed, leads_to = TRANSITIONS[deed]
        assert before in allowed
        assert stage is (leads_to or before)


@given(walks)
def test_nothing_is_published_without_a_submission_and_an_approval_of_its_own(choices: list[int]) -> None:
    since_publication: list[Deed] = []
    for deed in _walk(choices):
        if deed is Deed.PUBLISH:
            assert Deed.SUBMIT in since_publication
            last = len(since_publication) - 1 - since_publication[::-1].index(Deed.SUBMIT)
            assert Deed.APPROVE in since_publication[last:]
            since_publication = []
        else:
            since_publication.append(deed)


@given(walks, st.sampled_from(Deed))
def test_a_deed_the_stage_does_not_know_is_an_error(choices: list[int], deed: Deed) -> None:
    deeds = _walk(choices)
    if possible(fold(deeds), deed):
        fold([*deeds, deed])
    else:
        with pytest.raises(ValueError):
            fold([*deeds, deed])


def test_a_draft_begins_once() -> None:
    for deeds in ([], [Deed.SUBMIT], [Deed.CREATE, Deed.CREATE]):
        with pytest.raises(ValueError):
            fold(deeds)


@settings(max_examples=20)
@given(walks)
def test_from_every_stage_some_deeds_lead_to_the_publication(choices: list[int]) -> None:
    reached = {fold(_walk(choices))}
    while Stage.PUBLISHED not in reached:
        further = {after(stage, deed) for stage in reached for deed in Deed if possible(stage, deed)}
        assert not further <= reached, f"no way out of {reached}"
        reached |= further
