"""What each competent administration answered about a revision, one line each, in names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from app.accounts.service import names_of
from app.db import session
from drafts.review_models import (
    Decision,
    PassedOver,
    Revision,
    RevisionScope,
    SignedAs,
    SignOff,
    Substitute,
    WithdrawnSignOff,
)

# A signature that its signer took back stands in the evidence, and answers for nothing any more.
STANDS = ~sa.exists().where(WithdrawnSignOff.sign_off_id == SignOff.id)


@dataclass(frozen=True)
class Withdrawal:
    """A carried signature that its signer took back."""

    person: str
    reason: str
    at: datetime


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
    # The ids of the blocks that were signed, empty for the whole text.
    blocks: tuple[str, ...] = ()
    # The number of the version for which a signature was given that holds on in this one.
    carried_from: int | None = None
    agrees_minor: bool = False
    # Who answers for it, having no reviewer of its own, and why.
    substitute: str = ""
    substitute_because: str = ""
    withdrawn: tuple[Withdrawal, ...] = ()
    # Who went on without this administration when its deadline had passed, and why.
    passed_over_by: str = ""
    passed_over_because: str = ""
    passed_over_at: datetime | None = None


@dataclass
class _Rows:
    """What the tables hold of one administration."""

    sign_off: SignOff | None = None
    over: PassedOver | None = None
    substitute: Substitute | None = None
    withdrawn: list[WithdrawnSignOff] = field(default_factory=list)


def sign_offs_of(revision_id: int) -> list[SignOff]:
    """The answers that stand, in the order in which they were given."""
    return list(
        session().scalars(
            sa.select(SignOff).where(SignOff.revision_id == revision_id, STANDS).order_by(SignOff.id)
        )
    )


def passed_over(revision_id: int) -> list[PassedOver]:
    """The administrations that were not waited for any longer."""
    return list(
        session().scalars(
            sa.select(PassedOver)
            .where(PassedOver.revision_id == revision_id)
            .order_by(PassedOver.administration_id)
        )
    )


def substitutes_for(revision_id: int) -> list[Substitute]:
    """Who answers for the administrations that have no reviewer of their own."""
    return list(
        session().scalars(
            sa.select(Substitute)
            .where(Substitute.revision_id == revision_id)
            .order_by(Substitute.administration_id)
        )
    )


def withdrawn_from(revision_id: int) -> list[tuple[WithdrawnSignOff, SignOff]]:
    """The carried signatures that were taken back, each with what was taken back."""
    rows = session().execute(
        sa.select(WithdrawnSignOff, SignOff)
        .join(SignOff, SignOff.id == WithdrawnSignOff.sign_off_id)
        .where(SignOff.revision_id == revision_id)
        .order_by(SignOff.id)
    )
    return [(withdrawn, sign_off) for withdrawn, sign_off in rows]


def answers_of(revision: Revision, places: Mapping[int, str], competent: Collection[int]) -> list[Answer]:
    """One line for each competent administration, by name. `places`: id → name."""
    rows: dict[int, _Rows] = defaultdict(_Rows)
    for sign_off in sign_offs_of(revision.id):
        rows[sign_off.administration_id].sign_off = sign_off
    for over in passed_over(revision.id):
        rows[over.administration_id].over = over
    for substitute in substitutes_for(revision.id):
        rows[substitute.administration_id].substitute = substitute
    for withdrawn, sign_off in withdrawn_from(revision.id):
        rows[sign_off.administration_id].withdrawn.append(withdrawn)
    people = names_of(
        person.person_id
        for row in rows.values()
        for person in (row.sign_off, row.over, row.substitute, *row.withdrawn)
        if person is not None
    )
    blocks = _blocks(revision.id)
    origins = _origins([row.sign_off.carried_from for row in rows.values() if row.sign_off is not None])
    found = [
        _answer(place, places.get(place, ""), rows[place], people, blocks, origins) for place in competent
    ]
    return sorted(found, key=lambda answer: answer.administration.casefold())


def _answer(
    place: int,
    name: str,
    rows: _Rows,
    people: Mapping[int, str],
    blocks: Mapping[str, tuple[str, ...]],
    origins: Mapping[int, int],
) -> Answer:
    given, over, substitute = rows.sign_off, rows.over, rows.substitute
    answer = Answer(
        place,
        name,
        substitute=people.get(substitute.person_id, "") if substitute is not None else "",
        substitute_because=substitute.reason if substitute is not None else "",
        withdrawn=tuple(
            Withdrawal(people.get(one.person_id, ""), one.reason, one.at) for one in rows.withdrawn
        ),
    )
    if given is not None:
        return replace(
            answer,
            decision=given.decision,
            signed_as=given.signed_as,
            person_id=given.person_id,
            person=people.get(given.person_id, ""),
            reason=given.reason,
            at=given.at,
            blocks=blocks.get(given.fingerprint, ()),
            carried_from=origins.get(given.carried_from or 0),
            agrees_minor=given.agrees_minor,
        )
    if over is not None:
        return replace(
            answer,
            passed_over_by=people.get(over.person_id, ""),
            passed_over_because=over.reason,
            passed_over_at=over.at,
        )
    return answer


def _blocks(revision_id: int) -> dict[str, tuple[str, ...]]:
    """The blocks of each part that can be signed, by its fingerprint."""
    rows = session().execute(
        sa.select(RevisionScope.fingerprint, RevisionScope.blocks).where(
            RevisionScope.revision_id == revision_id
        )
    )
    return {fingerprint: tuple(ids) for fingerprint, ids in rows if ids}


def _origins(carried: Collection[int | None]) -> dict[int, int]:
    """The number of the version for which each signature was given."""
    rows = session().execute(
        sa.select(SignOff.id, Revision.number)
        .join(Revision, Revision.id == SignOff.revision_id)
        .where(SignOff.id.in_([one for one in carried if one is not None]))
    )
    return dict(rows.all())
