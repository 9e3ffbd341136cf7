"""Who wrote what in a draft as it stands: shares of the text, and whose words each passage is.

Rooms keep no table of authors (decision 0006): it is made of the log, from the last checkpoint on, in the child, so
that nobody who types waits. While a panel is open it is asked for every few seconds by everybody who looks; so it is
kept for each draft, made once at a time, and made again only when that costs little beside the time since.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.accounts.service import names_of
from app.db import session
from app.directory.models import Administration
from app.errors import Unavailable
from app.extensions import gettext as _
from drafts import log, reopening
from drafts.contributions import NOBODY, administrations_of, inherited
from drafts.models import Checkpoint, Draft, DraftClient

__all__ = ["AdministrationShare", "Attribution", "PersonShare", "attribution"]

# Rows after the last checkpoint: the worker makes one every thousand, so more are a matter of moments.
MOST_ROWS = 10_000
# After making it for a second nothing is made of this draft for so many: what was made is given.
REST = 4
KEPT = 32
# How long somebody waits for what another's request is making, seconds.
PATIENCE = 20.0


@dataclass(frozen=True)
class PersonShare:
    """`administration` 0: none."""

    id: int
    name: str
    administration: int
    characters: int
    percent: int


@dataclass(frozen=True)
class AdministrationShare:
    id: int
    name: str
    acronym: str
    characters: int
    percent: int

    @property
    def short_name(self) -> str:
        return self.acronym or self.name


@dataclass(frozen=True)
class Attribution:
    """A text at one number. Who wrote most comes first.

    `inherited`: characters of the edition that the draft began from, which are counted for its authors in proportion;
    in the passages they are person 0's. `told` and `read` are the passages as `whose.as_json` writes them, without
    their words and with them; `is_cut` when some of them are left out.
    """

    seq: int
    is_damaged: bool
    characters: int
    inherited: int
    people: tuple[PersonShare, ...]
    administrations: tuple[AdministrationShare, ...]
    told: bytes
    read: bytes
    is_cut: bool


@dataclass(frozen=True)
class _Known:
    history: str
    made: Attribution
    again_at: float


_known: OrderedDict[int, _Known] = OrderedDict()
_under_way: dict[int, threading.Event] = {}


def attribution(draft: Draft) -> Attribution:
    """Who wrote what, as of some seconds ago at most. Call it while reading. Raises Unavailable, Missing."""
    known = _of_this_life(draft)
    if known is not None and (known.made.seq >= draft.head_seq or time.monotonic() < known.again_at):
        return known.made
    mine = threading.Event()
    begun = _under_way.setdefault(draft.id, mine)
    if begun is not mine:
        if known is None:
            begun.wait(PATIENCE)
            known = _of_this_life(draft)
        if known is None:
            raise _later()
        return known.made
    try:
        began = time.monotonic()
        made = _made(draft)
        ended = time.monotonic()
        _known[draft.id] = _Known(draft.history, made, ended + REST * (ended - began))
        _known.move_to_end(draft.id)
        while len(_known) > KEPT:
            _known.popitem(last=False)
        return made
    finally:
        del _under_way[draft.id]
        mine.set()


def _of_this_life(draft: Draft) -> _Known | None:
    known = _known.get(draft.id)
    # A number further on than the draft's is another database's, in tests and after a restore.
    if known is None or known.history != draft.history or known.made.seq > draft.head_seq:
        return None
    return known


def _later() -> Unavailable:
    return Unavailable(
        _("Les auteurs de ce texte sont en cours de relevé : réessayez dans un instant."), retry_after=2.0
    )


def _made(draft: Draft) -> Attribution:
    stored = _stored(draft)
    people = sorted(
        session().scalars(sa.select(DraftClient.person_id).where(DraftClient.draft_id == draft.id).distinct())
    )
    places = {person: place or 0 for person, place in administrations_of(draft.id, people).items()}
    left, answer, parts = reopening.in_child(stored, authors=True, do="who_wrote", places=places)
    if answer is None:
        return Attribution(0, True, 0, 0, (), (), b"[]", b"[]", False)
    shares = {person: count for person, count in answer["shares"] if count}
    told, read = parts
    return _composed(
        draft, answer["seq"], left.fault is not None, shares, places, told, read, bool(answer["cut"])
    )


def _stored(draft: Draft) -> reopening.Stored:
    """What is kept of the draft up to its head; Unavailable while the tail is longer than is read at a request."""
    head = draft.head_seq
    since = (
        session().scalar(
            sa.select(sa.func.max(Checkpoint.seq)).where(
                Checkpoint.draft_id == draft.id,
                Checkpoint.history == draft.history,
                Checkpoint.seq <= head,
            )
        )
        or draft.history_seq
    )
    if head - since > MOST_ROWS:
        raise _later()
    return log.stored(draft, head)


def _composed(
    draft: Draft,
    seq: int,
    is_damaged: bool,
    shares: dict[int, int],
    places: Mapping[int, int],
    told: bytes,
    read: bytes,
    is_cut: bool,
) -> Attribution:
    """The shares with their names. Nobody's characters go to the authors of the edition they come from."""
    nobody = shares.pop(NOBODY, 0)
    by_person = dict(shares)
    by_place: dict[int, int] = {}
    where = dict(places)
    for person, count in shares.items():
        by_place[where.get(person, 0)] = by_place.get(where.get(person, 0), 0) + count
    given_back = inherited(draft, nobody)
    left = nobody - sum(tally.characters for tally in given_back.values())
    for person, tally in given_back.items():
        # What the proportions leave over goes to the first.
        count, left = tally.characters + left, 0
        by_person[person] = by_person.get(person, 0) + count
        # Written for the administration of that time.
        place = tally.administration_id or 0
        by_place[place] = by_place.get(place, 0) + count
        where.setdefault(person, place)
    names = names_of(by_person)
    rows = session().scalars(
        sa.select(Administration).where(Administration.id.in_({*by_place, *where.values()} - {0}))
    )
    found = {row.id: row for row in rows}
    person_parts, place_parts = percents(by_person), percents(by_place)
    return Attribution(
        seq=seq,
        is_damaged=is_damaged,
        characters=sum(shares.values()) + nobody,
        inherited=nobody,
        people=tuple(
            PersonShare(
                person,
                names.get(person) or _("Compte effacé"),
                where.get(person, 0),
                by_person[person],
                person_parts[person],
            )
            for person in _most_first(by_person)
        ),
        administrations=tuple(
            AdministrationShare(
                place,
                found[place].name if place in found else _("Sans administration"),
                (found[place].acronym or "") if place in found else "",
                by_place[place],
                place_parts[place],
            )
            for place in _most_first(by_place)
        ),
        told=told,
        read=read,
        is_cut=is_cut,
    )


def _most_first(counts: Mapping[int, int]) -> Iterable[int]:
    return sorted(counts, key=lambda one: (-counts[one], one))


def percents(counts: Mapping[int, int]) -> dict[int, int]:
    """Whole percents that make a hundred together: the largest remainders are rounded up."""
    whole = sum(counts.values())
    if not whole:
        return dict.fromkeys(counts, 0)
    found = {one: 100 * count // whole for one, count in counts.items()}
    left = 100 - sum(found.values())
    for one in sorted(counts, key=lambda one: (-(100 * counts[one] % whole), one))[:left]:
        found[one] += 1
    return found
