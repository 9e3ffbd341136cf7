"""Opening stored documents: what nobody vouches for is tried in a child, and one that kills it harms nobody."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import Database, reading, session, unit_of_work
from app.errors import Unavailable
from drafts import checkpoints, document, faults, healing, log, markers, packed_index, reopening
from drafts import service as drafts
from drafts.appends import Stroke, put
from drafts.child import Child
from drafts.gate import RoomIndex
from drafts.models import Checkpoint, Draft, DraftFault, DraftUpdate
from tests.drafts import dying_child, hostile
from tests.scenes import Scene, make_scene

WRITER = 7


@pytest.fixture
def scene(db: Database) -> Iterator[Scene]:
    yield make_scene()
    reopening.close()


@pytest.fixture
def dying(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Documents are opened in a child that dies of certain words."""
    child = Child(seconds=2, memory=1024**3, longest=2**24, module="tests.drafts.dying_child")
    monkeypatch.setattr(reopening, "_opener", child)
    monkeypatch.setattr(reopening, "_SECONDS", 2.0)
    yield scene
    child.close()


def write(draft_id: int, person: int, *sentences: str) -> None:
    """A row for each sentence, as a table would have written it."""
    with unit_of_work() as current:
        draft = log.lock_draft(draft_id)
        start = RoomIndex.of(document.state(log.load(draft_id).doc)).end(WRITER)
        strokes = []
        for sentence in sentences:
            update = hostile.honest_update(WRITER, start, sentence)
            start += 3 + len(sentence)
            strokes.append(Stroke(person, WRITER, update, 0))
        put(current.connection(), draft_id, draft.head_seq, strokes)


def suspect(draft_id: int, folder: Path) -> None:
    """As if a process had died while it opened the draft."""
    (folder / "opening").mkdir(exist_ok=True)
    (folder / "opening" / f"{draft_id}-1").touch()
    markers.configure(folder)


def text_of(draft_id: int) -> str:
    with reading():
        return document.plain_text(log.text(draft_id).tree)


@pytest.mark.parametrize(
    "word", [dying_child.CRASHES, dying_child.HANGS, dying_child.EATS, dying_child.DIES_AT_READING]
)
def test_a_row_that_kills_the_child_is_found_and_what_stood_before_is_read(
    dying: Scene, tmp_path: Path, word: bytes
) -> None:
    write(dying.draft_id, dying.ana.id, "un", "deux", word.decode(), "quatre")
    suspect(dying.draft_id, tmp_path)
    text = text_of(dying.draft_id)
    assert "un" in text and word.decode() not in text
    if word is not dying_child.DIES_AT_READING:
        assert "deux" in text
    assert faults.write_down() == [dying.draft_id]
    with reading() as current:
        fault = current.get_one(DraftFault, dying.draft_id)
        # A busy machine may be too slow to reach the bound of memory.
        assert fault.why == "slow" or (fault.why == "died" and word is not dying_child.HANGS)
        assert fault.seq <= 4
    # From now on nobody tries again, and the worker leaves the document alone.
    assert not markers.is_suspect(dying.draft_id)
    assert text_of(dying.draft_id) == text
    with reading():
        assert dying.draft_id not in checkpoints.due()


def test_healing_leaves_out_the_row_that_kills(dying: Scene, tmp_path: Path) -> None:
    write(dying.draft_id, dying.ana.id, "un", "CRASH", "trois")
    suspect(dying.draft_id, tmp_path)
    text_of(dying.draft_id)
    faults.write_down()
    healed = healing.heal(dying.draft_id, None, healing.ASKED)
    assert healed.left_out[0] == 3
    assert "un" in text_of(dying.draft_id) and "CRASH" not in text_of(dying.draft_id)
    with unit_of_work():
        drafts.set_fields(dying.ana, session().get_one(Draft, dying.draft_id), title="Écrit après")
        assert checkpoints.prepare(dying.draft_id) is not None


def test_a_mark_is_left_by_who_dies_and_by_nobody_else(scene: Scene, tmp_path: Path) -> None:
    markers.configure(tmp_path)
    with markers.being_opened(scene.draft_id):
        assert list((tmp_path / "opening").iterdir())
        markers.configure(tmp_path)
        assert not markers.is_suspect(scene.draft_id)
    assert not list((tmp_path / "opening").iterdir())
    suspect(scene.draft_id, tmp_path)
    assert markers.is_suspect(scene.draft_id)
    with (tmp_path / "opening" / f"{scene.draft_id}-2").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "mairie" in text_of(scene.draft_id)
        # The child opened it: the mark that was left is gone, the one that is held stays.
        assert [path.name for path in (tmp_path / "opening").iterdir()] == [f"{scene.draft_id}-2"]
    assert not markers.is_suspect(scene.draft_id)


def test_a_write_transaction_does_not_wait_for_a_child(scene: Scene, tmp_path: Path) -> None:
    suspect(scene.draft_id, tmp_path)
    with pytest.raises(Unavailable), unit_of_work():
        log.load(scene.draft_id)
    text_of(scene.draft_id)
    with unit_of_work():
        assert log.load(scene.draft_id).fault is None


def test_a_long_tail_is_opened_in_the_child_and_reads_the_same(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(scene.draft_id, scene.ana.id, "un", "deux")
    with reading():
        here = log.load(scene.draft_id)
        monkeypatch.setattr(reopening, "LONG_TAIL", 1)
        there = log.load(scene.draft_id)
    assert reopening._opener is not None and reopening._opener._child is not None
    assert there.tree == here.tree and there.seq == here.seq
    assert there.runs.shares() == here.runs.shares()
    assert packed_index.pack(there.index) == packed_index.pack(RoomIndex.of(document.state(here.doc)))


def test_a_checkpoint_that_was_changed_is_not_believed(scene: Scene) -> None:
    with reading():
        checkpoint = checkpoints.prepare(scene.draft_id)
    assert checkpoint is not None
    with unit_of_work():
        checkpoints.keep(checkpoint)
    with reading() as current:
        assert not reopening.needs_child(log.snapshot(scene.draft_id).stored)
        row = current.get_one(Checkpoint, (scene.draft_id, 1))
        changed = row.state[:-1] + bytes([row.state[-1] ^ 1])
    with unit_of_work() as current:
        current.get_one(Checkpoint, (scene.draft_id, 1)).state = changed
    with reading():
        assert reopening.needs_child(log.snapshot(scene.draft_id).stored)
    with pytest.raises(Unavailable), unit_of_work():
        log.load(scene.draft_id)
    assert "mairie" in text_of(scene.draft_id)
    # The rows say the same: the next beat takes it away.
    faults.write_down()
    with unit_of_work() as current:
        assert current.get(Checkpoint, (scene.draft_id, 1)) is None
        assert log.load(scene.draft_id).fault is None


def test_an_index_in_few_bytes_is_the_same_index() -> None:
    tree = [
        {
            "type": "paragraph",
            "attrs": {"id": f"p{number}"},
            "content": [{"type": "text", "text": "mots 😀 " * number}],
        }
        for number in range(1, 40)
    ]
    doc = document.replay(document.seed_update(tree, 99), ())
    for number in range(3, 30, 3):
        document.apply(doc, document.rewrite_update(doc, tree[number:], secrets.randbelow(2**32) + 1))
    index = RoomIndex.of(document.state(doc))
    again = packed_index.unpack(packed_index.pack(index))
    assert packed_index.pack(again) == packed_index.pack(index)
    assert {client: clocks.end for client, clocks in again.clients.items()} == {
        client: clocks.end for client, clocks in index.clients.items()
    }
    # Both say the same of every keystroke of the hostile list.
    ours = next(iter(index.clients))
    for case in hostile.hostile_updates(ours, ours, document.state(doc))[:200]:
        assert _said(index, case.update, ours) == _said(again, case.update, ours), case.name
    with pytest.raises(ValueError):
        packed_index.unpack(packed_index.pack(index)[:-8])


def _said(index: RoomIndex, update: bytes, client: int) -> str:
    from drafts.gate import GateRefusal, check

    try:
        check(index, update, {client})
    except GateRefusal as refusal:
        return refusal.code + refusal.message
    return ""


def test_a_text_at_rest_gets_a_checkpoint_sooner(scene: Scene) -> None:
    write(scene.draft_id, scene.ana.id, *["mot"] * checkpoints.CHECKPOINT_RESTING)
    with unit_of_work() as current:
        assert checkpoints.due() == []
        last = current.get_one(DraftUpdate, (scene.draft_id, 1 + checkpoints.CHECKPOINT_RESTING))
        last.at -= checkpoints.RESTING
        current.flush()
        assert checkpoints.due() == [scene.draft_id]
