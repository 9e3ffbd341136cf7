"""What a review still waits for: whom, until when, and what happens then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person, PersonStatus, Role
from app.db import session
from app.extensions import gettext as _
from app.policy import PortalRole
from drafts.review_models import Revision
from drafts.standing import Standing

# People named for one administration; a page says how many more there are.
MOST_NAMED = 5


@dataclass(frozen=True)
class Awaited:
    """One thing that is missing. `people`: who can do it; `until`: the last day, None where there is no deadline."""

    what: str
    people: tuple[str, ...]
    more: int
    until: date | None
    is_late: bool
    then: str


def awaited(revision: Revision, standing: Standing) -> tuple[Awaited, ...]:
    """Everything that an open review waits for, one line each, what is late first."""
    if not standing.is_open or standing.is_approved:
        return ()
    names = {answer.administration_id: answer.administration for answer in standing.answers}
    objecting = {one.administration_id: one for one in standing.objections}
    people = _reviewers([*standing.unanswered, *objecting])
    for answer in standing.answers:
        if answer.substitute and not people[answer.administration_id]:
            people[answer.administration_id].append(answer.substitute)
    today = clock.local(clock.now()).date()
    late = standing.answer_by is not None and today > standing.answer_by
    found = [
        _objection(names.get(place, ""), people[place], bool(one.arbiters))
        for place, one in objecting.items()
    ]
    found += [
        _answer(names.get(place, ""), people[place], standing.answer_by, late)
        for place in standing.unanswered
        if place not in objecting
    ]
    said = {one.what for one in found}
    # A second pair of eyes is nobody's in particular.
    found += [Awaited(line, (), 0, None, False, "") for line in standing.missing if line not in said]
    return tuple(sorted(found, key=lambda one: not one.is_late))


def _answer(name: str, people: Collection[str], until: date | None, late: bool) -> Awaited:
    if late:
        then = _(
            "Le délai est passé : un référent de l’administration responsable, ou l’éditeur du portail, "
            "peut continuer sans cette réponse. Elle compte encore si elle arrive avant."
        )
    elif people:
        then = _("Sans réponse ce jour-là, la relecture pourra continuer sans elle.")
    else:
        then = _(
            "Personne n’y est référent : un référent de l’administration responsable, ou l’éditeur du portail, peut "
            "répondre à sa place pour ce texte ; un administrateur du portail peut nommer un référent."
        )
    return _named(
        _("%(administration)s n’a pas encore répondu.", administration=name), people, until, late, then
    )


def _objection(name: str, people: Collection[str], proposed: bool) -> Awaited:
    then = (
        _("Une deuxième personne qui n’a rien écrit peut arbitrer, ou l’administration lever son opposition.")
        if proposed
        else _("Elle la lève, ou deux personnes qui n’ont rien écrit l’arbitrent.")
    )
    return _named(
        _("%(administration)s s’oppose à la publication.", administration=name), people, None, False, then
    )


def _named(what: str, people: Collection[str], until: date | None, late: bool, then: str) -> Awaited:
    shown = tuple(people)[:MOST_NAMED]
    return Awaited(what, shown, len(people) - len(shown), until, late, then)


def _reviewers(places: Collection[int]) -> dict[int, list[str]]:
    """Who can answer for each administration."""
    found: dict[int, list[str]] = defaultdict(list)
    for place, name in session().execute(
        sa.select(Role.administration_id, Person.name)
        .join(Person, Person.id == Role.person_id)
        .where(
            Role.role == PortalRole.REVIEWER,
            Role.administration_id.in_(places),
            Person.status == PersonStatus.ACTIVE,
        )
        .order_by(Person.name)
    ):
        found[place or 0].append(name)
    return found
