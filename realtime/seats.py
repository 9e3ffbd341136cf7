"""Seats: which socket sits at which draft, as whom, with which rights and which client id."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.accounts.service import actor_of
from app.db import session
from app.directory.models import Administration
from app.policy import Actor
from drafts.log import issue_client_id
from drafts.models import Draft, DraftClient
from drafts.policy import rights
from labs.roles import LADDER, Right
from realtime.engine import Line
from realtime.limits import AWARENESS, BULK, JOINS, STROKES, TRIALS, Bucket
from realtime.protocol import Code

# A seat that is not renewed is free again after this long; the pulse renews at a third of it.
LEASE = timedelta(seconds=30)
PROCESS = f"{os.getpid()}-{secrets.token_hex(4)}"
# The client's palette (.colour-0 … of editor.css): so many people at one table never share a colour.
COLOURS = 8


def seat_name(sid: str, draft_id: int) -> str:
    """How a seat is called in its lease: unique over all processes."""
    return f"{PROCESS}/{sid}/{draft_id}"


@dataclass
class Connection:
    """One socket: who opened it, and its budget for joining. The seat, not this, is asked about rights."""

    sid: str
    actor: Actor
    joins: Bucket = field(default_factory=lambda: Bucket(JOINS))
    # Whether something was written since the pulse last kept the sign-in alive.
    at_work: bool = False


@dataclass
class Seat:
    sid: str
    draft_id: int
    actor: Actor
    client_id: int
    rights: frozenset[Right]
    strokes: Bucket = field(default_factory=lambda: Bucket(STROKES))
    awareness: Bucket = field(default_factory=lambda: Bucket(AWARENESS))
    bulk: Bucket = field(default_factory=lambda: Bucket(BULK))
    trials: Bucket = field(default_factory=lambda: Bucket(TRIALS))
    # The way to its client; None in tests of the judging alone.
    line: Line | None = None
    # Why the seat was lost, once it is: what its strokes in flight are answered.
    lost: Code | None = None
    cursor: bytes | None = None
    cursor_clock: int = 0

    @property
    def can_write(self) -> bool:
        return Right.WRITE in self.rights

    @property
    def can_send(self) -> bool:
        """Whether strokes are taken from it; without `can_write` they may only suggest."""
        return Right.SUGGEST in self.rights

    @property
    def name(self) -> str:
        return seat_name(self.sid, self.draft_id)


@dataclass(frozen=True)
class Guest:
    """A person at the table, as everybody sees them: made from the server's knowledge only."""

    client_id: int
    person: int
    name: str
    administration: str


def ladder(held: frozenset[Right]) -> list[str]:
    return [str(right) for right in LADDER if right in held]


def judge(sign_in_id: int, draft_id: int) -> tuple[Actor | None, frozenset[Right]]:
    """Who a sign-in is now, and their rights on a draft now; (None, ∅) when the sign-in has ended."""
    actor = actor_of(sign_in_id)
    draft = session().get(Draft, draft_id, populate_existing=True)
    if actor is None or draft is None:
        return actor, frozenset()
    return actor, rights(actor, draft)


def remark_number(draft_id: int) -> int:
    """The number of the last change of a remark, of a draft that was just judged."""
    draft = session().get(Draft, draft_id)
    return draft.remark_number if draft is not None else 0


def take_client_id(name: str, draft_id: int, actor: Actor, wanted: int | None) -> int:
    """The client id of a replica: the one it had, when it is its own and free, else a fresh one; leased.

    `name` is the seat's; what it leased before (an earlier join of the same tab) becomes free.

    It says the person's colour too (the id modulo COLOURS): so a colour stays as long as its person, every process
    tells the same one, and nothing more is kept of it. Whose colour somebody else was given meanwhile gets a fresh id.
    """
    release([name])
    row = session().get(DraftClient, (draft_id, wanted), with_for_update=True) if wanted else None
    now = clock.now()
    known = (
        row is not None
        and row.person_id == actor.id
        and not row.one_use
        and (row.seat is None or row.seated_until is None or row.seated_until < now)
    )
    place = _colour(draft_id, actor.id, wanted if known else None)
    if row is None or not known or row.client_id % COLOURS != place:
        fresh = issue_client_id(
            draft_id, actor.id, actor.administration_id, one_use=False, place=place, places=COLOURS
        )
        row = session().get_one(DraftClient, (draft_id, fresh))
    row.seat, row.seated_until = name, now + LEASE
    return row.client_id


def _colour(draft_id: int, person_id: int, wanted: int | None) -> int:
    """The colour for one who sits down: that of the client id they had, unless somebody else was given it meanwhile."""
    rows = session().execute(
        sa.select(DraftClient.client_id, DraftClient.person_id).where(
            DraftClient.draft_id == draft_id, DraftClient.seated_until > clock.now()
        )
    )
    shown = colours((client_id, person) for client_id, person in rows)
    mine = shown.pop(person_id, None)
    taken = list(shown.values())
    if wanted is not None and (mine is not None or len(taken) >= COLOURS or wanted % COLOURS not in taken):
        # In another tab they are there already, and their first id says their colour.
        return wanted % COLOURS
    if mine is not None:
        return mine
    # After the last that was given, in turn: who was here a moment ago and comes back finds theirs free.
    last = session().scalar(
        sa.select(sa.func.max(DraftClient.client_id)).where(DraftClient.draft_id == draft_id)
    )
    return _next_free(last + 1 if last else 0, taken)


def colours(seated: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The colour of each person, of (client id, person) of those who are seated. Two have the same only when more
    people are seated than there are colours."""
    found: dict[int, int] = {}
    for client_id, person in sorted(seated):
        if person not in found:
            found[person] = _next_free(client_id, list(found.values()))
    return found


def _next_free(wanted: int, taken: Sequence[int]) -> int:
    """The wanted colour, or the first after it, that the fewest have."""
    order = [(wanted + step) % COLOURS for step in range(COLOURS)]
    return min(order, key=taken.count)


def clients_of(draft_id: int, person_id: int) -> set[int]:
    """Every client id ever issued to this person's replicas on this draft."""
    return set(
        session().scalars(
            sa.select(DraftClient.client_id).where(
                DraftClient.draft_id == draft_id,
                DraftClient.person_id == person_id,
                DraftClient.one_use.is_(False),
            )
        )
    )


def release(names: list[str]) -> None:
    session().execute(
        sa.update(DraftClient)
        .where(DraftClient.seat.in_(names))
        .values(seat=None, seated_until=None)
        .execution_options(synchronize_session=False)
    )


def release_all() -> None:
    """At the start of the only process: nobody can be seated yet."""
    session().execute(
        sa.update(DraftClient)
        .where(DraftClient.seat.is_not(None))
        .values(seat=None, seated_until=None)
        .execution_options(synchronize_session=False)
    )


def renew(names: list[str]) -> None:
    session().execute(
        sa.update(DraftClient)
        .where(DraftClient.seat.in_(names))
        .values(seated_until=clock.now() + LEASE)
        .execution_options(synchronize_session=False)
    )


_clients = DraftClient.__table__.c
_MARKS = (
    sa.select(_clients.draft_id, sa.func.count(), sa.func.sum(_clients.client_id))
    .where(
        _clients.draft_id.in_(sa.bindparam("ids", expanding=True)),
        _clients.seated_until > sa.bindparam("now"),
    )
    .group_by(_clients.draft_id)
)


def marks(draft_ids: list[int]) -> dict[int, tuple[int, int]]:
    """How many sit at each of these drafts, and the sum of their client ids: another mark, other guests."""
    rows = session().connection().execute(_MARKS, {"ids": draft_ids, "now": clock.now()})
    return {draft_id: (count, int(total)) for draft_id, count, total in rows}


def guests(draft_ids: list[int]) -> dict[int, tuple[Guest, ...]]:
    """Who sits at these drafts, over all processes: read from the leases, so that everybody sees the same."""
    found: dict[int, list[Guest]] = {draft_id: [] for draft_id in draft_ids}
    rows = session().execute(
        sa.select(
            DraftClient.draft_id,
            DraftClient.client_id,
            Person.id,
            Person.name,
            Administration.acronym,
            Administration.name,
        )
        .join(Person, Person.id == DraftClient.person_id)
        .outerjoin(Administration, Administration.id == DraftClient.administration_id)
        .where(DraftClient.draft_id.in_(draft_ids), DraftClient.seated_until > clock.now())
        .order_by(DraftClient.draft_id, Person.name, DraftClient.client_id)
    )
    for draft_id, client_id, person_id, name, acronym, administration in rows:
        found[draft_id].append(Guest(client_id, person_id, name, acronym or administration))
    return {draft_id: tuple(people) for draft_id, people in found.items()}
