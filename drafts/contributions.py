"""Who contributed what: per person and per administration, to the whole text and to the difference.

The *difference* is what changed since the live edition: the log is replayed from the number at which the live
revision was cut, with everything that stood there belonging to nobody. A contribution is the number of
characters inserted, characters of the old text deleted, attributes and fields changed; who contributed is the
union of those who sent the changes and those whose words were carried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from app.accounts.models import Person
from app.accounts.service import names_of
from app.db import session
from app.directory.models import Administration
from drafts import log
from drafts.faults import TextDamaged
from drafts.judged import StoredRow, take_in_all
from drafts.models import Article, Draft, DraftClient, FieldChange
from drafts.review_models import Part, ReviewOutcome, Revision, RevisionPart

# Words that belong to nobody who is at the table: those of the live edition a new draft began from.
NOBODY = 0
_COUNTERS = ("inserted", "deleted", "attributes", "fields")


@dataclass(frozen=True)
class Tally:
    """What one person did. `characters` is their share of the whole text, the counters are the difference."""

    person_id: int
    administration_id: int | None
    characters: int = 0
    inserted: int = 0
    deleted: int = 0
    attributes: int = 0
    fields: int = 0

    @property
    def total(self) -> int:
        """The size of the contribution. Zero does not mean that there was none: see `Measured.writers`."""
        return self.inserted + self.deleted + self.attributes + self.fields


@dataclass(frozen=True)
class Measured:
    """Everybody who has a part in a draft. `writers` are those who contributed to the difference."""

    tallies: tuple[Tally, ...]
    writers: frozenset[int]

    @property
    def difference(self) -> list[Tally]:
        return [tally for tally in self.tallies if tally.person_id in self.writers]

    def as_json(self) -> list[dict[str, int | None]]:
        """The shares of the whole text, as a revision keeps them: its parts hold the counters."""
        return [
            {
                "person": tally.person_id,
                "administration": tally.administration_id,
                "characters": tally.characters,
            }
            for tally in self.tallies
            if tally.characters
        ]


@dataclass(frozen=True)
class Line:
    """One row of a table on a screen: a person (with their administration) or an administration."""

    id: int
    name: str
    administration: str
    characters: int
    percent: int
    inserted: int
    deleted: int
    attributes: int
    fields: int


@dataclass(frozen=True)
class Contributions:
    """The four tables: persons and administrations, for the whole text and for the difference."""

    people: tuple[Line, ...]
    administrations: tuple[Line, ...]
    people_since: tuple[Line, ...]
    administrations_since: tuple[Line, ...]


def measure(loaded: log.Loaded) -> Measured:
    """What everybody did in a draft, up to the number that was loaded."""
    draft = loaded.draft
    live = live_revision(draft.article_id)
    base = live if live is not None and live.draft_id == draft.id and live.seq <= loaded.seq else None
    shares = dict(loaded.runs.shares())
    given_back = inherited(draft, shares.pop(NOBODY, 0))
    made = _since(loaded, base)
    fields = _fields_changed(draft.id, base)
    writers = frozenset({*made, *fields})
    people = sorted({*shares, *given_back, *writers})
    under = administrations_of(draft.id, people)
    rows = []
    for person in people:
        given = given_back.get(person)
        inserted, deleted, attributes = made.get(person, (0, 0, 0))
        # Who has only words of an earlier edition here wrote them for the administration of that time.
        here = person in shares or person in writers or given is None
        rows.append(
            Tally(
                person_id=person,
                administration_id=under.get(person) if here or given is None else given.administration_id,
                characters=shares.get(person, 0) + (given.characters if given else 0),
                inserted=inserted,
                deleted=deleted,
                attributes=attributes,
                fields=fields.get(person, 0),
            )
        )
    return Measured(tuple(rows), writers)


def _since(loaded: log.Loaded, base: Revision | None) -> dict[int, tuple[int, int, int]]:
    """(inserted, deleted, attributes) of everybody who contributed to the text since `base` was cut."""
    runs = loaded.runs
    # Across a healing no rows lead from there to here; who had a hand in the text before it keeps it.
    if base is not None and base.seq >= loaded.draft.history_seq:
        before = log.load(loaded.draft.id, base.seq)
        runs = before.runs
        runs.start_from_here()
        since = (
            StoredRow(row.seq, row.person_id or NOBODY, row.update)
            for row in log.rows(loaded.draft.id, base.seq, loaded.seq)
        )
        if take_in_all(before.doc, before.index, since, runs=runs) is not None:
            raise TextDamaged
    # What was taken out of a colleague's words counts beside what was taken out of the live edition: both are
    # deletions to who reads the table, and both are a hand in what is left.
    return {
        person: (done.inserted, done.deleted + done.withdrawn, done.attributes)
        for person, done in runs.contributions().items()
        if person != NOBODY
    }


def _fields_changed(draft_id: int, base: Revision | None) -> dict[int, int]:
    """How many named fields each person changed since `base` was cut.

    By the instant and not by the edition's number: a field changed between the freeze and the publication is
    not in that edition. An equal instant counts, so that nobody looks as if they had contributed nothing.
    """
    query = sa.select(FieldChange.person_id, sa.func.count()).where(FieldChange.draft_id == draft_id)
    if base is not None:
        query = query.where(FieldChange.at >= base.created_at)
    return dict(session().execute(query.group_by(FieldChange.person_id)).all())


def administrations_of(draft_id: int, people: Sequence[int]) -> dict[int, int | None]:
    """The administration each person wrote this draft for: the one their client ids were registered under.

    Somebody who since moved elsewhere still wrote for where they were; who is registered under several, or
    under none (a field changed without opening the text), counts where they are now.
    """
    registered: dict[int, set[int]] = defaultdict(set)
    for person, administration in session().execute(
        sa.select(DraftClient.person_id, DraftClient.administration_id)
        .where(DraftClient.draft_id == draft_id, DraftClient.administration_id.is_not(None))
        .distinct()
    ):
        if administration is not None:
            registered[person].add(administration)
    now = dict(
        session().execute(sa.select(Person.id, Person.administration_id).where(Person.id.in_(people))).all()
    )
    return {
        person: next(iter(registered[person])) if len(registered.get(person, ())) == 1 else now.get(person)
        for person in people
    }


def inherited(draft: Draft, characters: int) -> dict[int, Tally]:
    """Nobody's characters given back to the authors of the edition this draft began from, in proportion."""
    if not characters:
        return {}
    base = (
        session()
        .scalars(
            sa.select(Revision)
            .join(ReviewOutcome, ReviewOutcome.revision_id == Revision.id)
            .where(
                Revision.article_id == draft.article_id,
                Revision.draft_id != draft.id,
                Revision.created_at <= draft.created_at,
            )
            .order_by(Revision.id.desc())
            .limit(1)
        )
        .first()
    )
    before = _shares(base) if base is not None else []
    whole = sum(tally.characters for tally in before)
    return {
        tally.person_id: replace(tally, characters=max(1, tally.characters * characters // whole))
        for tally in before
    }


def _shares(revision: Revision) -> list[Tally]:
    """The shares of the whole text, as they were when the revision was cut."""
    return [Tally(row["person"], row["administration"], row["characters"]) for row in revision.authors]


def live_revision(article_id: int) -> Revision | None:
    """The revision of the last edition that was approved, if any: what contributions are counted from."""
    return (
        session()
        .scalars(
            sa.select(Revision)
            .join(Article, Article.live_revision_id == Revision.id)
            .where(Article.id == article_id)
        )
        .first()
    )


def main_administration(difference: Iterable[Tally]) -> int | None:
    """The administration whose people contributed most to the difference; the first in the directory if equal."""
    totals: dict[int, int] = defaultdict(int)
    for tally in difference:
        if tally.administration_id is not None:
            totals[tally.administration_id] += tally.total
    return min(totals, key=lambda administration: (-totals[administration], administration), default=None)


def contributions(thing: Draft | Revision) -> Contributions:
    """The tables for a screen, of a draft as it stands or of a revision as it was cut."""
    if isinstance(thing, Revision):
        whole, difference = _shares(thing), _parts(thing)
    else:
        measured = measure(log.load(thing.id, damaged=True))
        whole, difference = list(measured.tallies), measured.difference
    names = _names([*whole, *difference])
    return Contributions(
        people=_people([tally for tally in whole if tally.characters], names),
        administrations=_by_administration([tally for tally in whole if tally.characters], names),
        people_since=_people(difference, names),
        administrations_since=_by_administration(difference, names),
    )


def _parts(revision: Revision) -> list[Tally]:
    characters = {row["person"]: row["characters"] for row in revision.authors}
    rows = session().scalars(
        sa.select(RevisionPart).where(
            RevisionPart.revision_id == revision.id, RevisionPart.part == Part.WROTE
        )
    )
    return [
        Tally(
            row.person_id,
            row.administration_id,
            characters.get(row.person_id, 0),
            row.inserted,
            row.deleted,
            row.attributes,
            row.fields,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class _Names:
    people: dict[int, str]
    administrations: dict[int, str]


def _names(rows: Iterable[Tally]) -> _Names:
    rows = list(rows)
    people = {row.person_id for row in rows}
    places = {row.administration_id for row in rows if row.administration_id is not None}
    return _Names(
        names_of(people),
        {
            place.id: place.name
            for place in session().scalars(sa.select(Administration).where(Administration.id.in_(places)))
        },
    )


def _people(rows: Sequence[Tally], names: _Names) -> tuple[Line, ...]:
    whole = sum(row.characters for row in rows)
    lines = [
        Line(
            id=row.person_id,
            name=names.people.get(row.person_id, ""),
            administration=names.administrations.get(row.administration_id or 0, ""),
            characters=row.characters,
            percent=round(100 * row.characters / whole) if whole else 0,
            **{name: getattr(row, name) for name in _COUNTERS},
        )
        for row in rows
    ]
    return tuple(sorted(lines, key=lambda line: (-line.characters, -line.inserted, line.id)))


def _by_administration(rows: Sequence[Tally], names: _Names) -> tuple[Line, ...]:
    sums: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("characters", *_COUNTERS), 0))
    for row in rows:
        if row.administration_id is not None:
            for name in ("characters", *_COUNTERS):
                sums[row.administration_id][name] += getattr(row, name)
    whole = sum(row["characters"] for row in sums.values())
    lines = [
        Line(
            id=place,
            name=names.administrations.get(place, ""),
            administration=names.administrations.get(place, ""),
            percent=round(100 * row["characters"] / whole) if whole else 0,
            **row,
        )
        for place, row in sums.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.characters, -line.inserted, line.id)))


def credit(revision: Revision) -> list[str]:
    """The administrations of the public credit line "rédigé par …", the largest share of the text first."""
    whole = _shares(revision)
    return [line.name for line in _by_administration(whole, _names(whole)) if line.name]
