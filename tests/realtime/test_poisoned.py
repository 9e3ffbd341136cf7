"""Rows put into the log by hand: the service starts, that document is read-only with an alert, others go on."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa

from app import clock, worker
from app.alerts import Alert
from app.db import database, reading, session, unit_of_work
from app.errors import Unavailable
from app.factory import create_app
from app.policy import PortalRole
from config import Settings
from drafts import checkpoints, document, faults, healing, log, refused, reopening
from drafts import service as drafts
from drafts.models import Checkpoint, Draft, DraftFault, DraftUpdate
from labs.models import Lab
from realtime import rooms
from tests import makers
from tests.drafts.hostile import block, element, shared, update, words, xml_text
from tests.live_server import LiveServer
from tests.scenes import Scene, make_scene, token_for
from tests.table_client import TableClient, add_paragraph

# A client id of nobody, under which nothing is written yet.
STRANGER = 4_000_000_000
DEEP = 30_000


def _paragraph_with(value: bytes) -> bytes:
    at = (STRANGER, 0)
    return update(
        (STRANGER, 0, [element("paragraph", parent="content"), block(8, value, parent=at, key="id")])
    )


POISONS = {
    "garbage": b"\xff" * 100,
    # SIGSEGV in pycrdt: 60 kB of lists inside one another.
    "nested lists": _paragraph_with(b"\x01" + b"\x75\x01" * DEEP + b"\x7e"),
    # An endless loop at the first read, holding the interpreter.
    "emoji in an array": update(
        (STRANGER, 0, [shared(0, parent="content"), words("😀", parent=(STRANGER, 0))])
    ),
    # Every browser throws at load, for ever.
    "a type of no kind": update((STRANGER, 0, [shared(9, parent="content")])),
    # Would delete what somebody has yet to write.
    "deletes the future": update(deletes={STRANGER: [(0, 2**30)]}),
    "builds on nothing": update((STRANGER, 7, [xml_text(parent="content")])),
}


def put_by_hand(draft_id: int, data: bytes) -> int:
    """A row at the head of the log that no gate has seen."""
    with unit_of_work() as current:
        draft = current.get_one(Draft, draft_id, with_for_update=True, populate_existing=True)
        draft.head_seq += 1
        current.add(
            DraftUpdate(
                draft_id=draft_id,
                seq=draft.head_seq,
                person_id=None,
                client_id=STRANGER,
                update=data,
                at=clock.now(),
            )
        )
        return draft.head_seq


@pytest.fixture
def poisoned(live_settings: Settings) -> Iterator[tuple[Scene, dict[str, int]]]:
    """A scene with one good draft, and one for each poison with words before and after it."""
    create_app(live_settings)
    scene = make_scene()
    found = {}
    with unit_of_work():
        makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)
        lab = session().get_one(Lab, scene.lab_id)
        for name in POISONS:
            draft = makers.make_draft(scene.ana, lab, makers.make_administration())
            found[name] = draft.id
    for name, draft_id in found.items():
        put_by_hand(draft_id, POISONS[name])
    yield scene, found
    reopening.close()
    database().engine.dispose()


@pytest.fixture
def server(live_settings: Settings, poisoned: object) -> Iterator[LiveServer]:
    """Started when the poison is in the log already."""
    live = LiveServer(live_settings.data_dir, live_settings.database_url, traced=True).start()
    yield live
    live.stop()


def get(server: LiveServer, token: str, path: str) -> tuple[int, str]:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    line.request("GET", path, headers={"Cookie": f"openlab={token}"})
    answer = line.getresponse()
    return answer.status, answer.read().decode()


class Typist(threading.Thread):
    """Somebody who goes on typing; how long each stroke took to be acknowledged."""

    def __init__(self, client: TableClient) -> None:
        super().__init__(daemon=True)
        self.client, self.stopping = client, threading.Event()
        self.took: list[float] = []
        self.refused: list[object] = []

    def run(self) -> None:
        while not self.stopping.is_set():
            started = time.monotonic()
            answer = self.client.paragraph(f"mot {len(self.took)}")
            self.took.append(time.monotonic() - started)
            if not answer["ok"]:
                self.refused.append(answer)
            time.sleep(0.02)


def until(condition: object, timeout: float = 15) -> None:
    give_up = time.monotonic() + timeout
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < give_up, "still waiting"
        time.sleep(0.05)


def test_poisoned_documents_harm_nobody_else(poisoned, server):
    scene, found = poisoned
    ana, ben = token_for(scene.ana), token_for(scene.ben)
    writer = TableClient(server.url, ben).connect()
    assert writer.join(scene.draft_id)["can_write"]
    typist = Typist(writer)
    typist.start()
    process = server.process.pid
    try:
        for name, draft_id in found.items():
            client = TableClient(server.url, ana).connect()
            joined = client.join(draft_id)
            assert joined["ok"] and joined["can_write"] is False and joined["reason"] == "damaged", name
            assert "Présentez-vous à la mairie." in client.text(), name
            late = client.ask(
                "update", {"draft": draft_id, "update": client.stroke(lambda c: add_paragraph(c, "non"))}
            )
            assert late["error"]["code"] == "forbidden", name
            status, page = get(server, ana, f"/brouillons/{draft_id}")
            assert status == 200 and "data-damaged" in page and "Présentez-vous" in page, name
            status, data = get(server, ana, f"/api/v1/drafts/{draft_id}")
            told = json.loads(data)
            assert status == 200 and told["is_damaged"] and not told["can_write"], name
            assert told["seq"] == 1 and len(told["blocks"]) == 2, name
            client.close()
    finally:
        typist.stopping.set()
        typist.join(20)
    assert server.process.pid == process and server.process.poll() is None
    assert len(typist.took) > 5 and not typist.refused
    # Opening six broken documents took seconds in the child, if at all; nobody's letters waited for it.
    assert max(typist.took) < 3, max(typist.took)
    writer.close()

    def alerts() -> set[str]:
        with reading() as current:
            return set(
                current.scalars(
                    sa.select(Alert.subject).where(Alert.kind == faults.ALERT, Alert.settled_at.is_(None))
                )
            )

    until(lambda: alerts() == {faults.subject(draft_id) for draft_id in found.values()})
    folder = server.data_dir / "mail"
    until(lambda: folder.is_dir() and len(list(folder.glob("*.eml"))) >= len(found))
    mails = [
        part.get_content()
        for path in folder.glob("*.eml")
        for part in message_from_bytes(path.read_bytes(), policy=policy.default).iter_parts()
    ]
    assert mails and all("mairie" not in text and "draft-heal" in text for text in mails)


def test_a_poisoned_document_is_found_alike_by_everybody(poisoned):
    _scene, found = poisoned
    for name, draft_id in found.items():
        with reading():
            first = log.load(draft_id, damaged=True)
        assert first.fault is not None and first.fault.seq == 2, name
        assert document.plain_text(first.tree).endswith("Présentez-vous à la mairie."), name
    assert set(faults.write_down()) == set(found.values())
    for draft_id in found.values():
        with reading() as current:
            assert current.get_one(DraftFault, draft_id).seq == 2
            assert log.load(draft_id, damaged=True).fault is not None
            with pytest.raises(faults.TextDamaged):
                log.load(draft_id)


def test_writing_by_the_server_is_refused_until_it_is_healed(poisoned):
    scene, found = poisoned
    draft_id = found["nested lists"]
    with pytest.raises(faults.TextDamaged), unit_of_work():
        drafts.replace_text(scene.ana, session().get_one(Draft, draft_id), makers.LEAD)
    faults.write_down()
    healed = healing.heal(draft_id, None, healing.ASKED)
    assert healed.left_out == (2,)
    with unit_of_work():
        draft = session().get_one(Draft, draft_id)
        assert draft.history == healed.history and draft.head_seq == 2
        seq = drafts.replace_text(scene.ana, draft, [*makers.LEAD, _said("La suite.")])
        assert seq == 3
    with reading() as current:
        loaded = log.load(draft_id)
        assert document.plain_text(loaded.tree).endswith("La suite.")
        # What Ana wrote before stays hers, and the alert is settled.
        assert set(loaded.runs.shares()) == {scene.ana.id}
        open_alerts = current.scalars(
            sa.select(Alert.id).where(Alert.subject == faults.subject(draft_id), Alert.settled_at.is_(None))
        )
        assert not open_alerts.all()
        assert current.scalar(sa.select(sa.func.count()).where(DraftUpdate.draft_id == draft_id)) == 3


def _said(text: str) -> dict:
    return {"type": "paragraph", "attrs": {"id": "b9"}, "content": [{"type": "text", "text": text}]}


def test_a_damaged_checkpoint_is_passed_over_for_the_rows(poisoned):
    scene, _found = poisoned
    with unit_of_work() as current:
        draft = current.get_one(Draft, scene.draft_id)
        current.add(
            Checkpoint(
                draft_id=draft.id,
                seq=draft.head_seq,
                history=draft.history,
                state=POISONS["nested lists"],
                authorship=b"",
                room_index=b"",
                digest="0" * 64,
                made_at=clock.now(),
            )
        )
    with reading():
        loaded = log.load(scene.draft_id)
    assert loaded.fault is None
    assert document.plain_text(loaded.tree).endswith("Présentez-vous à la mairie.")
    room = rooms.open_room(scene.draft_id)
    assert room.closed is None and document.read_tree(room.doc) == loaded.tree
    with pytest.raises(Unavailable):
        # A tick holds other tables: it does not wait for a child.
        rooms.open_room(scene.draft_id, wait=False)


def test_the_worker_makes_checkpoints_of_the_others(poisoned, monkeypatch):
    """The damaged ones are written down at the first try and left alone from then on."""
    scene, found = poisoned
    monkeypatch.setattr(checkpoints, "CHECKPOINT_EVERY", 1)
    ours = {scene.draft_id, *found.values()}
    with reading():
        assert ours <= set(checkpoints.due(limit=1000))
    # The database is the module's: the drafts of other tests wait as well, twenty at a time.
    for _turn in range(5):
        worker.checkpoint_long_tails()
    with reading() as current:
        kept = set(current.scalars(sa.select(Checkpoint.draft_id)))
        assert kept & ours == {scene.draft_id}
        assert set(found.values()) <= set(current.scalars(sa.select(DraftFault.draft_id)))
        assert checkpoints.due() == []


def test_what_a_seat_was_refused_is_kept_aside(poisoned, server):
    scene, _found = poisoned
    ana = TableClient(server.url, token_for(scene.ana)).connect()
    ana.join(scene.draft_id)
    for name in ("garbage", "nested lists"):
        answer = ana.ask("update", {"draft": scene.draft_id, "update": POISONS[name]})
        assert not answer["ok"], name
    ana.close()

    def kept() -> dict[str, tuple[int, int]]:
        with reading():
            return {row.code: (row.person_id, row.size) for row in refused.kept(scene.draft_id)}

    until(lambda: len(kept()) == 2)
    assert kept()["malformed"] == (scene.ana.id, 100)
    assert kept()["schema"][1] == len(POISONS["nested lists"])
