"""Where a review stands: who answered, what is missing, and whether it is approved.

The rule itself is `drafts.rule`; here the rows are read and the result is said in French for the page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa

from app import working_days
from app.accounts.models import Person, PersonStatus, Role
from app.accounts.service import names_of
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from app.policy import PortalRole
from drafts.answers import STANDS, Answer, answers_of, passed_over
from drafts.models import Article
from drafts.objections import objections_to, raised
from drafts.review_models import (
    OpenReview,
    Part,
    ReviewOutcome,
    Revision,
    RevisionCompetence,
    RevisionPart,
    SignOff,
    Size,
)
from drafts.rule import Answered, Verdict, verdict

# Working days that an administration has for its answer (editorial model, section 4).
ANSWER_WITHIN = 5


@dataclass(frozen=True)
class Objection:
    administration_id: int
    administration: str
    person_id: int | None
    person: str
    reason: str
    at: datetime
    # Who has decided already that the text may go on; one of two, otherwise it would not stand.
    arbiters: tuple[str, ...] = ()


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
    # The administrations that are still waited for.
    unanswered: tuple[int, ...]
    size: Size
    # A correction for which the lead administration and one other person suffice, as things stand.
    is_minor: bool
    # Until when answers are waited for, that day included; None once the review is closed.
    answer_by: date | None = None


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


def reviewed(places: Collection[int]) -> frozenset[int]:
    """Those of these administrations that have a reviewer who can answer."""
    return frozenset(
        place
        for place in session().scalars(
            sa.select(Role.administration_id)
            .join(Person, Person.id == Role.person_id)
            .where(
                Role.role == PortalRole.REVIEWER,
                Role.administration_id.in_(places),
                Person.status == PersonStatus.ACTIVE,
            )
        )
        if place is not None
    )


def opened_at(revision_id: int) -> datetime | None:
    """Since when the review of a revision has been open."""
    return session().scalar(sa.select(OpenReview.opened_at).where(OpenReview.revision_id == revision_id))


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
        .where(SignOff.revision_id == revision.id, STANDS)
        .order_by(SignOff.id)
    )
    return verdict(
        competent_for(revision.id),
        [answered(row, own) for row, own in rows],
        revision.main_author_administration_id,
        [act.administration_id for act in objections_to(revision.id) if act.administration_id is not None],
        [row.administration_id for row in passed_over(revision.id)],
        lead=lead_of(revision),
        size=revision.size,
    )


def answered(row: SignOff, own_administration: int | None) -> Answered:
    """A signature or an abstention as the rule needs it."""
    return Answered(
        row.administration_id,
        row.person_id,
        row.decision,
        row.signed_as,
        own_administration or row.administration_id,
        row.agrees_minor,
    )


def lead_of(revision: Revision) -> int | None:
    """The administration that answers for the article."""
    return session().scalar(
        sa.select(Article.lead_administration_id).where(Article.id == revision.article_id)
    )


def standing(revision: Revision) -> Standing:
    """Where the review of `revision` stands, in words and names."""
    found = verdict_of(revision)
    competent = competent_for(revision.id)
    objections = [one for one in raised(revision.id) if one.stands]
    outcome = session().get(ReviewOutcome, revision.id)
    if outcome is not None and found.unanswered:
        # It came out without them as a minor correction, whoever leads by now.
        found = replace(found, unanswered=(), is_minor=True)
    eyes = (outcome.second_eyes_person_id,) if outcome is not None else found.second_eyes
    people = names_of(
        [*(person for one in objections for person in (one.act.person_id, *one.arbiters)), *eyes]
    )
    since = opened_at(revision.id)
    places = _places([*competent, revision.main_author_administration_id])
    main = places.get(revision.main_author_administration_id or 0, "")
    answers = tuple(answers_of(revision, places, competent))
    return Standing(
        revision_id=revision.id,
        number=revision.number,
        fingerprint=revision.fingerprint,
        is_open=is_open(revision.id),
        is_approved=outcome is not None and not found.objecting,
        approved_at=outcome.approved_at if outcome is not None else None,
        answers=answers,
        objections=tuple(
            Objection(
                one.act.administration_id or 0,
                places.get(one.act.administration_id or 0, ""),
                one.act.person_id,
                people.get(one.act.person_id or 0, ""),
                one.act.reason,
                one.act.at,
                tuple(people.get(person, "") for person in sorted(one.arbiters)),
            )
            for one in objections
        ),
        second_eyes=tuple(people.get(person, "") for person in eyes),
        second_eyes_ids=tuple(eyes),
        publisher_may_read=found.publisher_may_read and outcome is None,
        main_author_administration=main,
        missing=_missing(
            found,
            competent,
            places,
            main,
            people_read=outcome is not None,
            has_parts=any(answer.blocks for answer in answers),
        ),
        unanswered=found.unanswered,
        size=revision.size,
        is_minor=found.is_minor,
        answer_by=working_days.last_day(since, ANSWER_WITHIN) if since is not None else None,
    )


def _missing(
    found: Verdict,
    competent: Sequence[int],
    places: dict[int, str],
    main: str,
    *,
    people_read: bool,
    has_parts: bool,
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
        if len(competent) == 1 or found.is_minor:
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
                        "Retirez la proposition, puis proposez-la de nouveau en demandant à une autre administration "
                        "de signer tout le texte."
                    )
                    if has_parts
                    else _(
                        "Retirez la proposition, puis proposez-la de nouveau, pour qu’une telle personne puisse répondre."
                    )
                )
    return tuple(sentences)


def _places(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {place for place in ids if place is not None}
    return dict(
        session()
        .execute(sa.select(Administration.id, Administration.name).where(Administration.id.in_(wanted)))
        .all()
    )
