"""Where a review stands: who answered, what is missing, and whether it is approved.

The rule is one pure function, `verdict`, so that it can be tried on generated cases; the rest reads the rows
and says the result in French for the page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from drafts.review_models import (
    Decision,
    DraftAct,
    OpenReview,
    Part,
    ReviewOutcome,
    Revision,
    RevisionCompetence,
    RevisionPart,
    SignedAs,
    SignOff,
)
from drafts.stages import Deed


@dataclass(frozen=True)
class Answered:
    """One administration's answer, as the rule needs it. `own_administration` is where the person works."""

    administration_id: int
    person_id: int
    decision: Decision
    signed_as: SignedAs
    own_administration: int | None


@dataclass(frozen=True)
class Verdict:
    """What follows from the answers.

    `publisher_may_read`: everybody answered, only the second pair of eyes is missing, and the rule lets the
    person who publishes be it, because one administration alone is competent.
    """

    unanswered: tuple[int, ...]
    second_eyes: tuple[int, ...]
    objecting: tuple[int, ...]
    publisher_may_read: bool

    @property
    def is_approved(self) -> bool:
        return not self.unanswered and not self.objecting and bool(self.second_eyes)


def verdict(
    competent: Collection[int],
    answers: Iterable[Answered],
    main_author: int | None,
    objecting: Collection[int] = (),
) -> Verdict:
    """The rule of approval (editorial model, section 4).

    Every competent administration has answered, nobody objects, and at least one second pair of eyes: a signer
    who contributed nothing, from outside the main author's administration. Where one administration alone is
    competent nobody from outside is asked to sign, so that another of its people may be it.
    """
    answers = list(answers)
    alone = len(competent) == 1
    answered = {answer.administration_id for answer in answers}
    eyes = tuple(
        answer.person_id
        for answer in answers
        if answer.decision is Decision.SIGNED
        and answer.signed_as is SignedAs.SECOND_EYES
        and (alone or answer.own_administration != main_author)
    )
    unanswered = tuple(sorted(set(competent) - answered))
    signed = any(answer.decision is Decision.SIGNED for answer in answers)
    return Verdict(
        unanswered=unanswered,
        second_eyes=eyes,
        objecting=tuple(sorted(objecting)),
        publisher_may_read=alone and signed and not unanswered and not objecting and not eyes,
    )


@dataclass(frozen=True)
class Answer:
    """One line of the review page. `decision` is None while the administration has not answered."""

    administration_id: int
    administration: str
    decision: Decision | None = None
    signed_as: SignedAs | None = None
    person_id: int | None = None
    person: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Objection:
    administration_id: int
    administration: str
    person_id: int | None
    person: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Standing:
    """A review as the page shows it. `missing` are sentences; empty when nothing is missing.

    `is_open` says whether it can still be answered; `is_approved` whether its outcome stands.
    """

    revision_id: int
    number: int
    fingerprint: str
    is_open: bool
    is_approved: bool
    approved_at: datetime | None
    answers: tuple[Answer, ...]
    objections: tuple[Objection, ...]
    second_eyes: tuple[str, ...]
    second_eyes_ids: tuple[int, ...]
    publisher_may_read: bool
    main_author_administration: str
    missing: tuple[str, ...]

    @property
    def unanswered(self) -> tuple[int, ...]:
        return tuple(answer.administration_id for answer in self.answers if answer.decision is None)


def competent_for(revision_id: int) -> list[int]:
    """The administrations that have to answer for a revision: the snapshot made when it was cut."""
    return list(
        session().scalars(
            sa.select(RevisionCompetence.administration_id)
            .where(RevisionCompetence.revision_id == revision_id)
            .order_by(RevisionCompetence.administration_id)
        )
    )


def writers_of(revision_id: int) -> frozenset[int]:
    """The people who are down as having written the difference."""
    return frozenset(
        session().scalars(
            sa.select(RevisionPart.person_id).where(
                RevisionPart.revision_id == revision_id, RevisionPart.part == Part.WROTE
            )
        )
    )


def is_open(revision_id: int) -> bool:
    return (
        session().scalar(sa.select(OpenReview.article_id).where(OpenReview.revision_id == revision_id))
        is not None
    )


def objections_to(revision_id: int) -> list[DraftAct]:
    """The objections that stand, one per administration: an act that no later act of the same one lifted."""
    standing: dict[int | None, DraftAct] = {}
    for act in session().scalars(
        sa.select(DraftAct)
        .where(DraftAct.revision_id == revision_id, DraftAct.deed.in_([Deed.OBJECT, Deed.LIFT_OBJECTION]))
        .order_by(DraftAct.number)
    ):
        if act.deed is Deed.OBJECT:
            standing[act.administration_id] = act
        else:
            standing.pop(act.administration_id, None)
    return list(standing.values())


def verdict_of(revision: Revision) -> Verdict:
    """The rule applied to the rows as they stand."""
    rows = session().execute(
        sa.select(SignOff, RevisionPart.administration_id)
        .outerjoin(
            RevisionPart,
            sa.and_(
                RevisionPart.revision_id == SignOff.revision_id, RevisionPart.person_id == SignOff.person_id
            ),
        )
        .where(SignOff.revision_id == revision.id)
        .order_by(SignOff.id)
    )
    answers = [
        Answered(
            row.administration_id, row.person_id, row.decision, row.signed_as, own or row.administration_id
        )
        for row, own in rows
    ]
    objecting = [
        act.administration_id for act in objections_to(revision.id) if act.administration_id is not None
    ]
    return verdict(competent_for(revision.id), answers, revision.main_author_administration_id, objecting)


def standing(revision: Revision) -> Standing:
    """Where the review of `revision` stands, in words and names."""
    found = verdict_of(revision)
    competent = competent_for(revision.id)
    signed = {
        row.administration_id: row
        for row in session().scalars(sa.select(SignOff).where(SignOff.revision_id == revision.id))
    }
    objections = objections_to(revision.id)
    outcome = session().get(ReviewOutcome, revision.id)
    eyes = (outcome.second_eyes_person_id,) if outcome is not None else found.second_eyes
    people = _people(
        [*(row.person_id for row in signed.values()), *(act.person_id for act in objections), *eyes]
    )
    places = _places([*competent, revision.main_author_administration_id])
    main = places.get(revision.main_author_administration_id or 0, "")
    return Standing(
        revision_id=revision.id,
        number=revision.number,
        fingerprint=revision.fingerprint,
        is_open=is_open(revision.id),
        is_approved=outcome is not None and not found.objecting,
        approved_at=outcome.approved_at if outcome is not None else None,
        answers=tuple(
            sorted((_answer(place, places, signed.get(place), people) for place in competent), key=_by_name)
        ),
        objections=tuple(
            Objection(
                act.administration_id or 0,
                places.get(act.administration_id or 0, ""),
                act.person_id,
                people.get(act.person_id or 0, ""),
                act.reason,
                act.at,
            )
            for act in objections
        ),
        second_eyes=tuple(people.get(person, "") for person in eyes),
        second_eyes_ids=tuple(eyes),
        publisher_may_read=found.publisher_may_read and outcome is None,
        main_author_administration=main,
        missing=_missing(found, competent, places, main, people_read=outcome is not None),
    )


def _by_name(answer: Answer) -> str:
    return answer.administration.casefold()


def _answer(place: int, places: dict[int, str], row: SignOff | None, people: dict[int, str]) -> Answer:
    name = places.get(place, "")
    if row is None:
        return Answer(place, name)
    return Answer(
        place,
        name,
        row.decision,
        row.signed_as,
        row.person_id,
        people.get(row.person_id, ""),
        row.reason,
        row.at,
    )


def _missing(
    found: Verdict, competent: Sequence[int], places: dict[int, str], main: str, *, people_read: bool
) -> tuple[str, ...]:
    sentences = [
        _("%(administration)s n’a pas encore répondu.", administration=places.get(place, ""))
        for place in found.unanswered
    ]
    sentences += [
        _("%(administration)s s’oppose à la publication.", administration=places.get(place, ""))
        for place in found.objecting
    ]
    if not found.second_eyes and not people_read:
        if len(competent) == 1:
            sentences.append(
                _(
                    "Il manque un second regard : une personne qui n’a rien écrit dans ce texte doit le signer, "
                    "ou le lire et le publier."
                )
            )
        else:
            sentences.append(
                _(
                    "Il manque un second regard : un référent qui n’a rien écrit dans ce texte, et qui n’est pas de "
                    "l’administration auteur principale (%(administration)s), doit le signer.",
                    administration=main or "—",
                )
            )
            if not found.unanswered:
                sentences.append(
                    _(
                        "Retirez la proposition, puis proposez-la de nouveau, pour qu’une telle personne puisse répondre."
                    )
                )
    return tuple(sentences)


def _people(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {person for person in ids if person is not None}
    return dict(session().execute(sa.select(Person.id, Person.name).where(Person.id.in_(wanted))).all())


def _places(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {place for place in ids if place is not None}
    return dict(
        session()
        .execute(sa.select(Administration.id, Administration.name).where(Administration.id.in_(wanted)))
        .all()
    )
