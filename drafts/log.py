"""The log is the truth: one row per accepted update, appended under the draft's own number.

The hot path below the room is `drafts.appends`; here is the cold one: `load` is checkpoint and tail, and
`append_server_edit` is how the server itself writes.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import is_writing, note, reading, session
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.policy import Actor
from drafts import document, faults, reopening
from drafts.appends import Authority, Row, Stroke, put
from drafts.authorship import RunTable
from drafts.events import DraftTextMoved
from drafts.gate import GateRefusal, RoomIndex, check
from drafts.judged import StoredRow
from drafts.models import Checkpoint, Draft, DraftClient, DraftUpdate
from labs.models import Lab

# Yjs draws its own client ids from 32 bits; so do we, and 0 is kept for "nobody".
MAX_CLIENT_ID = 2**32 - 1
# The first id of a draft, and the step to the next: room for some 120,000 ids in the order of their coming.
FIRST_CLIENT_IDS, CLIENT_ID_STEP = 2**28, 2**16
# Rows of a log read at a time: some 3 ms of the loop.
ROWS_AT_ONCE = 500


@dataclass
class Loaded:
    """A draft's document at one number, with who wrote what, and what the gate knows of it.

    `fault`: where the log breaks; the document is then what was written before.
    """

    draft: Draft
    doc: Any
    runs: RunTable
    seq: int
    index: RoomIndex
    fault: faults.Fault | None = None

    @property
    def tree(self) -> list[dict[str, Any]]:
        return document.read_tree(self.doc)


@dataclass(frozen=True)
class Snapshot:
    """What a room needs to open: bytes and numbers, no pycrdt."""

    stored: reopening.Stored
    seq: int
    history: str
    authority: Authority


def draft_row(draft_id: int) -> Draft:
    """The draft's row. Raises Missing."""
    draft = session().get(Draft, draft_id)
    if draft is None or draft.trashed_at is not None:
        raise Missing(_("Ce brouillon n’existe pas, ou vous n’y avez pas accès."))
    return draft


def snapshot(draft_id: int) -> Snapshot:
    """The bytes a room opens from: the last checkpoint of this history and the rows after it."""
    draft = draft_row(draft_id)
    session().refresh(draft)
    lab_epoch = session().scalar(sa.select(Lab.access_epoch).where(Lab.id == draft.lab_id))
    return Snapshot(
        stored(draft, draft.head_seq),
        draft.head_seq,
        draft.history,
        Authority(draft.access_epoch, int(lab_epoch or 0)),
    )


def stored(draft: Draft, seq: int, *, before: int | None = None) -> reopening.Stored:
    """What is kept of a draft up to `seq`: the last checkpoint (with a number below `before`) and the rows after.

    Of an earlier life of the document there are the checkpoints of that time; no row leads from it to this one.
    """
    checkpoint = _last_checkpoint(draft, seq, before)
    since = checkpoint.seq if checkpoint else 0
    is_past = seq < draft.history_seq
    # The number before which nothing leads to this life.
    first = 0 if is_past else draft.history_seq
    return reopening.Stored(
        draft.id,
        draft.history,
        seq,
        None
        if checkpoint is None
        else reopening.Base(
            checkpoint.seq,
            checkpoint.state,
            checkpoint.authorship,
            checkpoint.room_index,
            checkpoint.digest,
        ),
        tuple(StoredRow(row.seq, row.person_id, row.update) for row in rows(draft.id, since, seq)),
        None if is_past else faults.fault_of(draft),
        lambda: None if since <= first else _earlier(draft, seq, since),
        is_past,
    )


def _earlier(draft: Draft, seq: int, before: int) -> reopening.Stored:
    # Asked for when a checkpoint turned out to be bad, which may be after the reading that found it.
    with reading():
        return stored(draft, seq, before=before)


def _last_checkpoint(draft: Draft, at_most: int, before: int | None = None) -> Checkpoint | None:
    query = sa.select(Checkpoint).where(Checkpoint.draft_id == draft.id, Checkpoint.seq <= at_most)
    if at_most >= draft.history_seq:
        query = query.where(Checkpoint.history == draft.history)
    if before is not None:
        query = query.where(Checkpoint.seq < before)
    return session().scalars(query.order_by(Checkpoint.seq.desc()).limit(1)).first()


def rows(draft_id: int, after: int, up_to: int | None = None) -> list[Row]:
    """The rows of the log with after < seq ≤ up_to, in order.

    Read a piece at a time, and outside a write transaction others have their turn between two: 5,000 rows take some
    30 ms.
    """
    query = sa.select(
        DraftUpdate.seq, DraftUpdate.person_id, DraftUpdate.client_id, DraftUpdate.update
    ).where(DraftUpdate.draft_id == draft_id)
    if up_to is not None:
        query = query.where(DraftUpdate.seq <= up_to)
    query = query.order_by(DraftUpdate.seq).limit(ROWS_AT_ONCE)
    found: list[Row] = []
    while True:
        piece = [Row(*row) for row in session().execute(query.where(DraftUpdate.seq > after))]
        found += piece
        if len(piece) < ROWS_AT_ONCE:
            return found
        after = piece[-1].seq
        if not is_writing():
            time.sleep(0)


def load(draft_id: int, seq: int | None = None, *, damaged: bool = False) -> Loaded:
    """The document at `seq` (default: the head), with its run table.

    Raises faults.TextDamaged when the log cannot be replayed that far, unless `damaged` says that what was
    written before will do; Unavailable in a write transaction, for a document that has to be verified first.
    """
    draft = draft_row(draft_id)
    head = draft.head_seq if seq is None else min(seq, draft.head_seq)
    opened = reopening.open_stored(stored(draft, head), authors=True, may_wait=not is_writing())
    if opened.fault is not None and opened.fault.seq <= head and not damaged:
        raise faults.TextDamaged
    assert opened.runs is not None
    return Loaded(draft, opened.doc, opened.runs, opened.seq, opened.index, opened.fault)


@dataclass(frozen=True)
class Text:
    """What a draft reads as, for those who need not know who wrote what."""

    tree: list[dict[str, Any]]
    seq: int
    is_damaged: bool


def text(draft_id: int) -> Text:
    """The text as far as the log can be replayed. Far cheaper than `load`, which follows every word's author."""
    draft = draft_row(draft_id)
    opened = reopening.open_stored(stored(draft, draft.head_seq), may_wait=not is_writing())
    return Text(document.read_tree(opened.doc), opened.seq, opened.fault is not None)


def lock_draft(draft_id: int) -> Draft:
    """The draft's row, locked until the end of the transaction and read afresh."""
    draft = session().get(Draft, draft_id, with_for_update=True, populate_existing=True)
    if draft is None or draft.trashed_at is not None:
        raise Missing(_("Ce brouillon n’existe pas, ou vous n’y avez pas accès."))
    return draft


def issue_client_id(
    draft_id: int,
    person_id: int | None,
    administration_id: int | None,
    *,
    one_use: bool,
    place: int = 0,
    places: int = 1,
) -> int:
    """A fresh client id, registered for ever to this person on this draft: one that is `place` modulo `places`.

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
    client_id += (place - client_id) % places
    while client_id > MAX_CLIENT_ID or session().get(DraftClient, (draft_id, client_id)) is not None:
        client_id = secrets.randbelow(MAX_CLIENT_ID) + 1
        client_id += (place - client_id) % places
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


def begin(draft: Draft, rows: Sequence[tuple[int, int | None, int, bytes]]) -> None:
    """Write the first rows of a draft that has none: (person, their administration, client id, update) each."""
    draft = lock_draft(draft.id)
    if draft.head_seq or not rows:
        return
    append_told(draft, rows, nobody=draft.created_by)


def append_told(
    draft: Draft, rows: Sequence[tuple[int, int | None, int, bytes]], *, nobody: int
) -> tuple[int, int]:
    """Write rows that the server made under several names: (person, their administration, client id, update) each.

    The caller has locked the draft, and had the rows judged by the gate in the child that made them. What belongs
    to nobody (person 0) is registered to `nobody`, who asked for it. Returns the first and the last number.
    Raises MovedOn when somebody was given one of the client ids meanwhile.
    """
    taken = session().scalar(
        sa.select(DraftClient.client_id)
        .where(DraftClient.draft_id == draft.id, DraftClient.client_id.in_([row[2] for row in rows]))
        .limit(1)
    )
    if taken is not None:
        raise MovedOn(_("Quelqu’un a commencé à écrire au même instant. Recommencez."))
    for person_id, administration_id, client_id, _update in rows:
        session().add(
            DraftClient(
                draft_id=draft.id,
                client_id=client_id,
                person_id=person_id or nobody,
                administration_id=administration_id,
                one_use=True,
            )
        )
    session().flush()
    strokes = [Stroke(person_id, client_id, update, 0) for person_id, _place, client_id, update in rows]
    first = put(session().connection(), draft.id, draft.head_seq, strokes)
    session().refresh(draft, ["head_seq"])
    return first, draft.head_seq


def free_client_ids(draft_id: int, count: int) -> list[int]:
    """Client ids that nobody has yet, in the order of `issue_client_id`; `append_told` sees whether they stay free."""
    highest = session().scalar(
        sa.select(sa.func.max(DraftClient.client_id)).where(DraftClient.draft_id == draft_id)
    )
    found = []
    client_id = highest or secrets.randbelow(FIRST_CLIENT_IDS)
    for _number in range(count):
        client_id += secrets.randbelow(CLIENT_ID_STEP // count) + 1
        found.append(client_id)
    if found[-1] > MAX_CLIENT_ID:
        found = sorted({secrets.randbelow(MAX_CLIENT_ID) + 1 for _number in range(count + 8)})[:count]
    return found


def append_server_edit(
    actor: Actor, draft: Draft, make_update: Callable[[Any, int], bytes], *, credited: bool = True
) -> int:
    """An edit made by the server for `actor`: lock, load to the head, write under a one-use client id, append.

    `make_update(doc, client_id)` returns the update's bytes. With `credited=False` the words belong to nobody
    (the text of the live edition a new draft starts from). Returns the new number.
    """
    return append_server_edits(actor, draft, lambda _doc: [(actor.id if credited else 0, make_update)])


def append_server_edits(
    actor: Actor, draft: Draft, plan: Callable[[Any], Iterable[tuple[int, Callable[[Any, int], bytes]]]]
) -> int:
    """Several edits of the server's in one transaction, each credited to a person of its own (0: nobody).

    `plan(doc)` is asked under the lock. Each edit is a row under a one-use client id registered to `actor`, who
    asked for it. Returns the new number.
    """
    draft = lock_draft(draft.id)
    loaded = load(draft.id)
    strokes: list[Stroke] = []
    for person_id, make_update in list(plan(loaded.doc)):
        client_id = issue_client_id(draft.id, actor.id, actor.administration_id, one_use=True)
        update = make_update(loaded.doc, client_id)
        if not update:
            continue
        # What the gate does not let through could not be replayed either.
        try:
            accepted = check(loaded.index, update, {client_id}, bulk=True)
        except GateRefusal as refusal:
            raise Invalid(
                _("Ce texte ne peut pas être repris tel quel."), reason=refusal.message
            ) from refusal
        strokes.append(Stroke(person_id, client_id, update, 0))
        document.apply(loaded.doc, update)
        loaded.index.admit(accepted)
    if not strokes:
        return draft.head_seq
    first = put(session().connection(), draft.id, draft.head_seq, strokes)
    session().refresh(draft, ["head_seq"])
    note(DraftTextMoved(draft_id=draft.id))
    return first + len(strokes) - 1
