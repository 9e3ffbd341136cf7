"""The log is the truth: one row per accepted update, appended under the draft's own number.

`append` is the whole hot path below the room: it locks the draft, checks that nobody's authority changed since
they were seated, takes the next numbers and inserts. `load` is the cold path: checkpoint and tail.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import clock
from app.accounts.models import SignIn
from app.db import note, session
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Actor
from drafts import document
from drafts.authorship import RunTable
from drafts.events import DraftTextMoved
from drafts.models import Checkpoint, Draft, DraftClient, DraftUpdate
from drafts.review_models import Revision
from labs.models import Lab

# A checkpoint when the tail is this long: a replay of 500 keystrokes takes some milliseconds (40,000 take 0.36 s).
CHECKPOINT_EVERY = 500
# Yjs draws its own client ids from 32 bits; so do we, and 0 is kept for "nobody".
MAX_CLIENT_ID = 2**32 - 1
# The first id of a draft, and the step to the next: room for some 120,000 ids in the order of their coming.
FIRST_CLIENT_IDS, CLIENT_ID_STEP = 2**28, 2**16


class AuthorityChanged(Exception):
    """Somebody's rights, or a sign-in, changed since the strokes were taken in: ask again before writing."""

    def __init__(self, authority: Authority) -> None:
        super().__init__("authority changed")
        self.authority = authority


class HistoryChanged(Exception):
    """The document began another life (restore, redaction, healing); the room is worthless."""


@dataclass(frozen=True)
class Authority:
    """The numbers under which rights were judged."""

    draft_epoch: int
    lab_epoch: int


@dataclass(frozen=True)
class Stroke:
    person_id: int
    client_id: int
    update: bytes
    sign_in_id: int


@dataclass(frozen=True)
class Row:
    seq: int
    person_id: int | None
    client_id: int
    update: bytes


@dataclass
class Loaded:
    """A draft's document at one number, with who wrote what."""

    draft: Draft
    doc: Any
    runs: RunTable
    seq: int

    @property
    def tree(self) -> list[dict[str, Any]]:
        return document.read_tree(self.doc)


@dataclass(frozen=True)
class Snapshot:
    """What a room needs to open: bytes and numbers, no pycrdt."""

    state: bytes | None
    tail: tuple[bytes, ...]
    seq: int
    history: str
    authority: Authority


def _draft_row(draft_id: int) -> Draft:
    draft = session().get(Draft, draft_id)
    if draft is None or draft.trashed_at is not None:
        raise Missing(_("Ce brouillon n’existe pas, ou vous n’y avez pas accès."))
    return draft


def snapshot(draft_id: int) -> Snapshot:
    """The bytes a room opens from: the last checkpoint of this history and the rows after it."""
    draft = _draft_row(draft_id)
    session().refresh(draft)
    lab_epoch = session().scalar(sa.select(Lab.access_epoch).where(Lab.id == draft.lab_id))
    checkpoint = _last_checkpoint(draft, draft.head_seq)
    since = checkpoint.seq if checkpoint else 0
    tail = tuple(row.update for row in rows(draft_id, since, draft.head_seq))
    return Snapshot(
        checkpoint.state if checkpoint else None,
        tail,
        draft.head_seq,
        draft.history,
        Authority(draft.access_epoch, int(lab_epoch or 0)),
    )


def _last_checkpoint(draft: Draft, at_most: int) -> Checkpoint | None:
    return (
        session()
        .scalars(
            sa.select(Checkpoint)
            .where(
                Checkpoint.draft_id == draft.id,
                Checkpoint.history == draft.history,
                Checkpoint.seq <= at_most,
            )
            .order_by(Checkpoint.seq.desc())
            .limit(1)
        )
        .first()
    )


def rows(draft_id: int, after: int, up_to: int | None = None) -> list[Row]:
    """The rows of the log with after < seq ≤ up_to, in order."""
    query = sa.select(
        DraftUpdate.seq, DraftUpdate.person_id, DraftUpdate.client_id, DraftUpdate.update
    ).where(DraftUpdate.draft_id == draft_id, DraftUpdate.seq > after)
    if up_to is not None:
        query = query.where(DraftUpdate.seq <= up_to)
    return [Row(*row) for row in session().execute(query.order_by(DraftUpdate.seq))]


def load(draft_id: int, seq: int | None = None) -> Loaded:
    """The document at `seq` (default: the head), with its run table. Raises document.DocumentBroken."""
    draft = _draft_row(draft_id)
    head = draft.head_seq if seq is None else min(seq, draft.head_seq)
    checkpoint = _last_checkpoint(draft, head)
    doc = document.replay(checkpoint.state if checkpoint else None, ())
    runs = RunTable.of(doc, checkpoint.authorship if checkpoint else None)
    for row in rows(draft_id, checkpoint.seq if checkpoint else 0, head):
        with runs.recording(row.person_id or 0):
            document.apply(doc, row.update)
    return Loaded(draft, doc, runs, head)


def lock_draft(draft_id: int) -> Draft:
    """The draft's row, locked until the end of the transaction and read afresh."""
    draft = session().get(Draft, draft_id, with_for_update=True, populate_existing=True)
    if draft is None or draft.trashed_at is not None:
        raise Missing(_("Ce brouillon n’existe pas, ou vous n’y avez pas accès."))
    return draft


def append(
    draft_id: int, seq: int, history: str, authority: Authority, strokes: Sequence[Stroke]
) -> tuple[list[Row], int]:
    """Put strokes at the end of the log: (the rows others wrote after `seq`, the number of the first stroke).

    Locks in one order everywhere: lab, sign-ins, draft. What changes who may write takes the same rows, so a
    right binds at the commit that changes it. Raises AuthorityChanged, HistoryChanged, Missing.
    """
    current = session()
    lab_id = current.scalar(sa.select(Draft.lab_id).where(Draft.id == draft_id))
    lab_epoch = current.scalar(sa.select(Lab.access_epoch).where(Lab.id == lab_id).with_for_update(read=True))
    sign_ins = {stroke.sign_in_id for stroke in strokes if stroke.sign_in_id}
    good = set(
        current.scalars(
            sa.select(SignIn.id)
            .where(SignIn.id.in_(sign_ins), SignIn.revoked_at.is_(None), SignIn.expires_at > clock.now())
            .order_by(SignIn.id)
            .with_for_update(read=True)
        )
    )
    head = current.execute(
        sa.select(Draft.head_seq, Draft.history, Draft.access_epoch, Draft.trashed_at)
        .where(Draft.id == draft_id)
        .with_for_update()
    ).first()
    if head is None or head.trashed_at is not None:
        raise Missing(_("Ce brouillon n’existe plus."))
    if head.history != history:
        raise HistoryChanged
    now = Authority(head.access_epoch, int(lab_epoch or 0))
    if now != authority or good != sign_ins:
        raise AuthorityChanged(now)
    missed = rows(draft_id, seq, head.head_seq) if head.head_seq > seq else []
    return missed, _insert(draft_id, head.head_seq, strokes)


def _insert(draft_id: int, head_seq: int, strokes: Sequence[Stroke]) -> int:
    at = clock.now()
    session().execute(
        sa.insert(DraftUpdate),
        [
            {
                "draft_id": draft_id,
                "seq": head_seq + offset,
                "person_id": stroke.person_id or None,
                "client_id": stroke.client_id,
                "update": stroke.update,
                "at": at,
            }
            for offset, stroke in enumerate(strokes, start=1)
        ],
    )
    session().execute(
        sa.update(Draft)
        .where(Draft.id == draft_id)
        .values(head_seq=head_seq + len(strokes))
        .execution_options(synchronize_session=False)
    )
    return head_seq + 1


def issue_client_id(
    draft_id: int, person_id: int | None, administration_id: int | None, *, one_use: bool
) -> int:
    """A fresh client id, registered for ever to this person on this draft.

    Yjs puts the words of the lower id first where two people insert at one place at one moment. Ids grow by a
    random step, so the one who sat down first stands first: the same on every replay, and not a draw of lots.
    """
    highest = session().scalar(
        sa.select(sa.func.max(DraftClient.client_id)).where(DraftClient.draft_id == draft_id)
    )
    client_id = (
        highest + secrets.randbelow(CLIENT_ID_STEP) + 1
        if highest
        else secrets.randbelow(FIRST_CLIENT_IDS) + 1
    )
    while client_id > MAX_CLIENT_ID or session().get(DraftClient, (draft_id, client_id)) is not None:
        client_id = secrets.randbelow(MAX_CLIENT_ID) + 1
    session().add(
        DraftClient(
            draft_id=draft_id,
            client_id=client_id,
            person_id=person_id,
            administration_id=administration_id,
            one_use=one_use,
        )
    )
    session().flush()
    return client_id


def append_server_edit(
    actor: Actor, draft: Draft, make_update: Callable[[Any, int], bytes], *, credited: bool = True
) -> int:
    """An edit made by the server for `actor`: lock, load to the head, write under a one-use client id, append.

    `make_update(doc, client_id)` returns the update's bytes. With `credited=False` the words belong to nobody
    (the text of the live edition a new draft starts from). Returns the new number.
    """
    draft = lock_draft(draft.id)
    loaded = load(draft.id)
    client_id = issue_client_id(draft.id, actor.id, actor.administration_id, one_use=True)
    update = make_update(loaded.doc, client_id)
    seq = _insert(draft.id, draft.head_seq, [Stroke(actor.id if credited else 0, client_id, update, 0)])
    session().refresh(draft, ["head_seq"])
    note(DraftTextMoved(draft_id=draft.id))
    return seq


def drafts_to_checkpoint(limit: int = 20) -> list[int]:
    """Drafts whose tail has grown long."""
    newest = (
        sa.select(Checkpoint.draft_id, sa.func.max(Checkpoint.seq).label("seq"))
        .group_by(Checkpoint.draft_id)
        .subquery()
    )
    return list(
        session().scalars(
            sa.select(Draft.id)
            .outerjoin(newest, newest.c.draft_id == Draft.id)
            .where(Draft.head_seq - sa.func.coalesce(newest.c.seq, 0) >= CHECKPOINT_EVERY)
            .limit(limit)
        )
    )


def prepare_checkpoint(draft_id: int) -> Checkpoint | None:
    """A checkpoint at the head, verified by loading it; None when the document says it would not hold.

    Reading and replaying happen outside the write transaction; the rows stay, so a checkpoint is only speed.
    """
    return checkpoint_of(load(draft_id))


def checkpoint_of(loaded: Loaded) -> Checkpoint | None:
    """A checkpoint of what was loaded, under the same proviso."""
    state = document.state(loaded.doc)
    again = document.replay(state, ())
    if document.read_tree(again) != loaded.tree or document.state_vector(again) != document.state_vector(
        loaded.doc
    ):
        return None
    return Checkpoint(
        draft_id=loaded.draft.id,
        seq=loaded.seq,
        history=loaded.draft.history,
        state=state,
        authorship=loaded.runs.encode(),
        made_at=clock.now(),
    )


def keep_checkpoint(checkpoint: Checkpoint) -> None:
    """Store it, unless the draft began another life meanwhile; keep the three newest and those of revisions.

    What changed since the live edition is replayed from the number at which its revision was cut.
    """
    draft = session().get(Draft, checkpoint.draft_id)
    if draft is None or draft.history != checkpoint.history:
        return
    key = (checkpoint.draft_id, checkpoint.seq)
    if session().get(Checkpoint, key) is None:
        session().add(checkpoint)
        session().flush()
    old: Iterable[int] = session().scalars(
        sa.select(Checkpoint.seq)
        .where(
            Checkpoint.draft_id == draft.id,
            Checkpoint.seq.not_in(sa.select(Revision.seq).where(Revision.draft_id == draft.id)),
        )
        .order_by(Checkpoint.seq.desc())
        .offset(3)
    )
    for seq in list(old):
        session().execute(sa.delete(Checkpoint).where(Checkpoint.draft_id == draft.id, Checkpoint.seq == seq))
