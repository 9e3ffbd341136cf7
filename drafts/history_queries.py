"""What the pages of a draft's past show, as plain values."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.accounts.service import names_of
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from app.policy import Act, Actor, acts_for
from drafts import timeline
from drafts.history_models import DraftFolded, DraftRestoration, DraftStretch, DraftStretchPart, DraftVersion
from drafts.models import Draft
from drafts.moments import NOW, Kind, Moment, Ref
from drafts.review_models import DraftAct, Revision
from drafts.timeline import Stretch
from drafts.words import deed_word

# Stretches on a page of the time line.
PAGE = 25


@dataclass(frozen=True)
class Who:
    """A person as the past names them, with the administration of that time."""

    id: int
    name: str
    administration: str

    @property
    def said(self) -> str:
        return f"{self.name} – {self.administration}" if self.administration else self.name


@dataclass(frozen=True)
class Work:
    """What one person did in a stretch."""

    who: Who
    strokes: int
    added: int
    removed: int


@dataclass(frozen=True)
class Entry:
    """One line of the time line. `kind`: stretch, act, version, restoration."""

    kind: str
    at: datetime
    began_at: datetime | None = None
    who: Who | None = None
    what: str = ""
    reason: str = ""
    work: tuple[Work, ...] = ()
    # Which moments it leads to: the text before and after a stretch, a version, the moment before a restoration.
    before: str = ""
    after: str = ""
    version_id: int | None = None


@dataclass(frozen=True)
class Day:
    day: date
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Timeline:
    """A page of the life of a draft, newest first. `older`: where the next page begins; `is_complete`: nothing of
    the last minutes is missing."""

    days: tuple[Day, ...]
    older: int | None
    people: tuple[Who, ...]
    is_complete: bool


@dataclass(frozen=True)
class VersionRow:
    id: int
    name: str
    ref: str
    moment_at: datetime
    made_at: datetime
    who: Who
    is_mine: bool


def timeline_page(draft: Draft, before: int | None = None, person: int | None = None) -> Timeline:
    """A page of the time line: the stretches before a number, and all else that happened meanwhile."""
    tail: list[Stretch] = []
    complete = True
    folded = session().scalar(sa.select(DraftFolded.seq).where(DraftFolded.draft_id == draft.id)) or 0
    if before is None or before > folded:
        tail, complete = timeline.tail(draft.id)
    grown = {stretch.first_seq for stretch in tail}
    found = [one for one in reversed(tail) if before is None or one.first_seq < before]
    found += [one for one in _stored(draft.id, before, person) if one.first_seq not in grown]
    if person is not None:
        found = [one for one in found if person in one.parts]
    found = [one for one in found if one.parts]
    page, more = found[:PAGE], len(found) > PAGE
    _breathe()
    upper = _began(draft.id, before) if before is not None else None
    lower = page[-1].began_at if more else None
    entries = [_stretch_entry(one) for one in page]
    raw = [*_acts(draft), *_versions(draft), *_restorations(draft)]
    pairs = _everybody(draft)
    _breathe()
    raw = [
        (entry, who)
        for entry, who in raw
        if (lower is None or entry.at >= lower)
        and (upper is None or entry.at < upper)
        and (person is None or who[0] == person)
    ]
    names = _Names(
        {key for one in page for key in one.parts} | {who[0] for _entry, who in raw if who[0]} | {*pairs},
        {part.administration_id for one in page for part in one.parts.values()}
        | {who[1] for _entry, who in raw}
        | {*pairs.values()},
    )
    told = [_named(entry, stretch, names) for entry, stretch in zip(entries, page, strict=True)]
    told += [_by(entry, names.who(*who) if who[0] else None) for entry, who in raw]
    told.sort(key=lambda entry: entry.at, reverse=True)
    days = tuple(
        Day(day, tuple(inside))
        for day, inside in groupby(told, key=lambda entry: clock.local(entry.at).date())
    )
    everybody = sorted((names.who(*pair) for pair in pairs.items()), key=lambda who: (who.name, who.id))
    _breathe()
    return Timeline(days, page[-1].first_seq if more else None, tuple(everybody), complete)


def _breathe() -> None:
    """Between two questions others have their turn: together they would take the loop's whole budget."""
    time.sleep(0)


def _stored(draft_id: int, before: int | None, person: int | None) -> list[Stretch]:
    query = sa.select(DraftStretch).where(
        DraftStretch.draft_id == draft_id,
        sa.exists().where(
            DraftStretchPart.draft_id == DraftStretch.draft_id,
            DraftStretchPart.first_seq == DraftStretch.first_seq,
            *([DraftStretchPart.person_id == person] if person is not None else []),
        ),
    )
    if before is not None:
        query = query.where(DraftStretch.first_seq < before)
    # One more for "is there another page", one more for the one that may have grown.
    rows = session().scalars(query.order_by(DraftStretch.first_seq.desc()).limit(PAGE + 2)).all()
    return timeline.loaded(rows)


def _began(draft_id: int, first_seq: int) -> datetime | None:
    return session().scalar(
        sa.select(DraftStretch.began_at).where(
            DraftStretch.draft_id == draft_id, DraftStretch.first_seq == first_seq
        )
    )


def _everybody(draft: Draft) -> dict[int, int | None]:
    """Everybody who has a part in a stretch that is written down, with an administration."""
    rows = session().execute(
        sa.select(DraftStretchPart.person_id, sa.func.max(DraftStretchPart.administration_id))
        .where(DraftStretchPart.draft_id == draft.id)
        .group_by(DraftStretchPart.person_id)
    )
    return dict(rows.all())


class _Names:
    """The names of people and administrations, asked once for a page."""

    def __init__(self, people: Collection[int], places: Collection[int | None]) -> None:
        self.people = names_of(people)
        self.places = {
            place.id: place.short_name
            for place in session().scalars(
                sa.select(Administration).where(Administration.id.in_([p for p in places if p]))
            )
        }

    def who(self, person: int, place: int | None) -> Who:
        return Who(person, self.people.get(person) or _("une personne"), self.places.get(place or 0, ""))


def _stretch_entry(stretch: Stretch) -> Entry:
    return Entry(
        "stretch",
        stretch.ended_at,
        stretch.began_at,
        before=str(stretch.first_seq - 1),
        after=str(stretch.last_seq),
    )


def _named(entry: Entry, stretch: Stretch, names: _Names) -> Entry:
    work = tuple(
        Work(names.who(person, part.administration_id), part.strokes, part.added, part.removed)
        for person, part in sorted(stretch.parts.items(), key=lambda pair: -pair[1].strokes)
    )
    return Entry(entry.kind, entry.at, entry.began_at, work=work, before=entry.before, after=entry.after)


def _by(entry: Entry, who: Who | None) -> Entry:
    return Entry(
        entry.kind,
        entry.at,
        who=who,
        what=entry.what,
        reason=entry.reason,
        before=entry.before,
        after=entry.after,
        version_id=entry.version_id,
    )


Told = Iterable[tuple[Entry, tuple[int, int | None]]]


def _acts(draft: Draft) -> Told:
    rows = session().execute(
        sa.select(DraftAct, Revision.number)
        .outerjoin(Revision, Revision.id == DraftAct.revision_id)
        .where(DraftAct.draft_id == draft.id)
        .order_by(DraftAct.number.desc())
    )
    for act, number in rows:
        frozen = f"r{number}" if number else ""
        yield (
            Entry("act", act.at, what=deed_word(act.deed), reason=act.reason, after=frozen),
            (act.person_id or 0, act.administration_id),
        )


def _versions(draft: Draft) -> Told:
    rows = session().execute(
        sa.select(DraftVersion, Person.administration_id)
        .join(Person, Person.id == DraftVersion.made_by)
        .where(DraftVersion.draft_id == draft.id)
    )
    for version, place in rows:
        yield (
            Entry(
                "version",
                version.made_at,
                what=version.name,
                after=f"v{version.id}",
                version_id=version.id,
            ),
            (version.made_by, place),
        )


def _restorations(draft: Draft) -> Told:
    rows = session().execute(
        sa.select(DraftRestoration, Person.administration_id)
        .join(Person, Person.id == DraftRestoration.person_id)
        .where(DraftRestoration.draft_id == draft.id)
    )
    for done, place in rows:
        yield (
            Entry(
                "restoration",
                done.at,
                what=restored_words(draft, done),
                before=str(done.first_seq - 1),
                after=str(done.last_seq),
            ),
            (done.person_id, place),
        )


def restored_words(draft: Draft, done: DraftRestoration) -> str:
    """Which moment a restoration brought back."""
    kind, number = done.target[:1], done.target[1:]
    if kind == Kind.VERSION:
        name = session().scalar(
            sa.select(DraftVersion.name).where(
                DraftVersion.id == int(number), DraftVersion.draft_id == draft.id
            )
        )
        if name:
            return _("Version « %(name)s »", name=name)
    if kind == Kind.REVISION:
        return _("Version figée %(number)s", number=number)
    if done.target_at is None:
        return _("Version du début")
    return _("Version du %(moment)s", moment=said_at(done.target_at))


def said_at(at: datetime) -> str:
    """An instant as the pages say it, on a clock in Nouméa."""
    local = clock.local(at)
    return f"{local:%d/%m/%Y} à {local.hour}\u00a0h\u00a0{local:%M}"


def versions_of(actor: Actor, draft: Draft) -> list[VersionRow]:
    """The named versions of a draft, the latest moment first."""
    rows = (
        session()
        .execute(
            sa.select(
                DraftVersion.id,
                DraftVersion.name,
                DraftVersion.moment_at,
                DraftVersion.made_at,
                DraftVersion.made_by,
                Person.administration_id,
            )
            .join(Person, Person.id == DraftVersion.made_by)
            .where(DraftVersion.draft_id == draft.id)
            .order_by(DraftVersion.moment_at.desc(), DraftVersion.id.desc())
        )
        .all()
    )
    names = _Names({row.made_by for row in rows}, {row.administration_id for row in rows})
    return [
        VersionRow(
            row.id,
            row.name,
            f"v{row.id}",
            row.moment_at,
            row.made_at,
            names.who(row.made_by, row.administration_id),
            row.made_by == actor.id,
        )
        for row in rows
    ]


def choices_of(actor: Actor, draft: Draft, named: Sequence[VersionRow]) -> list[tuple[str, str]]:
    """What can be compared without looking for a moment: (as an address names it, in words)."""
    found: list[tuple[str, str]] = []
    if Act.DRAFT_HISTORY in acts_for(actor, draft):
        found.append((str(NOW), _("le texte de maintenant")))
        found += [
            (row.ref, _("« %(name)s » (%(at)s)", name=row.name, at=said_at(row.moment_at))) for row in named
        ]
    revisions = session().execute(
        sa.select(Revision.number, Revision.created_at)
        .where(Revision.draft_id == draft.id)
        .order_by(Revision.number.desc())
    )
    found += [
        (f"r{number}", _("version figée %(number)s (%(at)s)", number=number, at=said_at(at)))
        for number, at in revisions
    ]
    return found


def words_for(moment: Moment) -> str:
    """A moment in words, in the middle of a sentence."""
    if moment.ref.kind is Kind.NOW:
        return _("le texte de maintenant")
    if moment.ref.kind is Kind.VERSION:
        return _("la version « %(name)s »", name=moment.name)
    if moment.ref.kind is Kind.REVISION:
        return _("la version figée %(number)s", number=moment.ref.number)
    if moment.at is None:
        return _("le début du texte")
    return _("le texte du %(moment)s", moment=said_at(moment.at))


def fields_differ(draft: Draft, moment: Moment) -> bool:
    """Whether a moment knows a title or fields that are others than those of today."""
    if moment.title is None:
        return False
    held: dict[str, Any] = moment.fields or {}
    return moment.title != draft.title or any(
        (held.get(name) or None) != (draft.fields.get(name) or None) for name in held
    )


def restoration_shown(draft: Draft, restoration_id: int | None) -> DraftRestoration | None:
    """The restoration that the page after it speaks of."""
    found = session().get(DraftRestoration, restoration_id) if restoration_id else None
    return found if found is not None and found.draft_id == draft.id else None


def is_all_frozen(refs: Sequence[Ref]) -> bool:
    """Whether only frozen texts are asked for, which everybody who reads the draft may read."""
    return all(ref.kind is Kind.REVISION for ref in refs)
