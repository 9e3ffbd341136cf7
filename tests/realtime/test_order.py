"""Order on one socket, drafts that race, tabs and replicas of one person: nothing crosses, no text is lost."""

from __future__ import annotations

import itertools
import random
import threading
import time
from typing import Any

import pycrdt
import pytest
import sqlalchemy as sa

from app.db import reading, session, unit_of_work
from drafts import document, log
from drafts.models import DraftClient
from labs.models import Lab
from tests import makers
from tests.table_client import NAMESPACE, TableClient, add_paragraph, words_of

BURST = 300


@pytest.mark.parametrize("transports", [("websocket",), ("polling",)])
@pytest.mark.parametrize("numbered", [False, True])
def test_300_events_in_a_burst_are_handled_in_order(scene, sit, transports, numbered):
    ana, ben = sit(scene.ana, transports=transports), sit(scene.ben)
    ana.join(scene.draft_id), ben.join(scene.draft_id)
    answers: list[Any] = []
    strokes = [ana.stroke(lambda content, n=n: add_paragraph(content, f"<{n}>")) for n in range(BURST)]
    for n, update in enumerate(strokes, 1):
        payload = {"draft": scene.draft_id, "update": update}
        if numbered:
            ana.say("update", {**payload, "n": n})
        else:
            ana.socket.emit("update", payload, namespace=NAMESPACE, callback=answers.append)
    expected = [f"<{n}>" for n in range(BURST)]
    ben.until(lambda client: client.text().split("\n")[-BURST:] == expected, 60)
    if numbered:
        ana.until(
            lambda client: any(told["saved"].get(str(client.client_id)) == BURST for told in updates(client)),
            60,
        )
        assert ana.events["refused"].empty()
    else:
        ana.until(lambda _client: len(answers) == BURST, 60)
        assert all(answer["ok"] for answer in answers)
        numbers = [answer["seq"] for answer in answers]
        assert numbers == list(range(numbers[0], numbers[0] + BURST))
    with reading():
        rows = [row.update for row in log.rows(scene.draft_id, 0)]
    assert rows[-BURST:] == strokes


def updates(client: TableClient) -> list[dict[str, Any]]:
    return [payload for name, payload in list(client.seen) if name == "update" and "saved" in payload]


def two_drafts(scene) -> tuple[int, int]:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        return scene.draft_id, makers.make_draft(scene.ana, lab, lab.administration).id


class Replica:
    """One draft of a client that sits at two: a document under the id it was given there."""

    def __init__(self, draft: int, answer: dict[str, Any]) -> None:
        assert answer["ok"]
        self.draft, self.words = draft, itertools.count()
        self.client_id = answer["client_id"]
        self.doc: pycrdt.Doc = pycrdt.Doc(client_id=answer["client_id"])
        self.content = self.doc.get("content", type=pycrdt.XmlFragment)
        self.doc.apply_update(answer["update"])
        self.word = f"<{draft}>"

    def stroke(self) -> bytes:
        """One more word of this draft's own in its last paragraph."""
        before = self.doc.get_state()
        self.content.children[len(self.content.children) - 1].children[0].insert(
            0, f"{self.word}{next(self.words)} "
        )
        return self.doc.get_update(before)


def race(scene, clients: list[TableClient], rounds: int) -> None:
    """`join` of one draft while `update` of the other is under way, by turns and in both orders."""
    drafts, chance = two_drafts(scene), random.Random(3)
    writer, joiner = clients[0], clients[-1]
    mine = {
        draft: Replica(draft, writer.ask("join", {"draft": draft, "state_vector": b"\x00"}))
        for draft in drafts
    }
    over = dict.fromkeys(drafts, 0)
    for number in range(rounds):
        here, there = drafts if number % 2 else drafts[::-1]
        answers: list[Any] = []
        joined: list[Any] = []

        def update(draft: int = here, answers: list[Any] = answers) -> None:
            payload = {"draft": draft, "update": mine[draft].stroke()}
            writer.socket.emit("update", payload, namespace=NAMESPACE, callback=answers.append)

        def join(draft: int = there, joined: list[Any] = joined) -> None:
            known = {"client_id": mine[draft].client_id} if joiner is writer else {}
            joiner.socket.emit(
                "join",
                {"draft": draft, "state_vector": b"\x00", **known},
                namespace=NAMESPACE,
                callback=joined.append,
            )

        for deed in chance.sample([update, join], 2):
            deed()
        give_up = time.monotonic() + 15
        while not (answers and joined):
            assert time.monotonic() < give_up, (number, answers, joined)
            time.sleep(0.0005)
        if joined[0].get("error", {}).get("code") == "rate_limited":
            time.sleep(joined[0]["error"]["retry_after"])
        else:
            copy = Replica(there, joined[0])
            text = "\n".join(words_of(block) for block in copy.content.children)
            assert f"<{here}>" not in text and text.count(f"<{there}>") == over[there]
            if joiner is writer:
                assert joined[0]["client_id"] == mine[there].client_id
        assert answers[0]["ok"], answers
        over[here] += 1
    for draft in drafts:
        other = next(number for number in drafts if number != draft)
        with reading():
            text = document.plain_text(log.load(draft).tree)
        assert text.count(f"<{draft}>") == over[draft] and f"<{other}>" not in text
    for client in clients:
        for name, told in client.seen:
            if name == "update":
                other = next(number for number in drafts if number != told["draft"])
                assert f"<{other}>".encode() not in told["update"]


@pytest.mark.parametrize("sockets", [1, 2])
@pytest.mark.parametrize("transports", [("websocket",), ("polling",)])
def test_join_of_one_draft_racing_update_of_another(scene, sit, sockets, transports):
    rounds = 60 if transports == ("websocket",) else 20
    race(scene, [sit(scene.ana, transports=transports) for _ in range(sockets)], rounds)


@pytest.mark.soak
@pytest.mark.parametrize("sockets", [1, 2])
def test_join_racing_update_a_thousand_times(scene, sit, sockets):
    race(scene, [sit(scene.ana) for _ in range(sockets)], 1000)


def test_two_tabs_of_one_person_type_at_once(scene, sit):
    tabs = [sit(scene.ana), sit(scene.ana)]
    ids = [tab.join(scene.draft_id)["client_id"] for tab in tabs]
    assert ids[0] != ids[1]

    def type_in(tab: TableClient, name: str) -> None:
        for number in range(40):
            assert tab.paragraph(f"<{name}{number}>")["ok"]

    threads = [
        threading.Thread(target=type_in, args=pair, daemon=True) for pair in zip(tabs, "ab", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    expected = sorted(f"<{name}{number}>" for name in "ab" for number in range(40))
    for tab in tabs:
        tab.until(
            lambda client: sorted(line for line in client.text().split("\n") if line[:1] == "<") == expected
        )
    assert tabs[0].text() == tabs[1].text()


def test_reload_before_the_join_is_acknowledged(scene, server, sit):
    """The tab goes while the server seats it: the next one has its id again or another, and no word is lost or doubled."""
    ben = sit(scene.ben)
    ben.join(scene.draft_id)
    first = sit(scene.ana)
    known = first.join(scene.draft_id)["client_id"]
    lost = first.stroke(lambda content: add_paragraph(content, "<jamais acquitté>"))
    document_kept = first.doc
    first.close()
    for _ in range(10):
        hasty = sit(scene.ana)
        hasty.say("join", {"draft": scene.draft_id, "state_vector": b"\x00", "client_id": known})
        hasty.socket.eio.disconnect(abort=True)
    tab = sit(scene.ana)
    tab.doc = document_kept
    tab.content = tab.doc.get("content", type=pycrdt.XmlFragment)
    answer = tab.join(scene.draft_id, client_id=known)
    assert answer["ok"]
    # What was typed before the reload is sent again, whatever id the tab has now: it is the same person's.
    assert tab.ask("update", {"draft": scene.draft_id, "update": lost})["ok"]
    assert tab.paragraph("<après>")["ok"]
    ben.until(lambda client: "<après>" in client.text())
    assert ben.text().count("<jamais acquitté>") == 1 and ben.text() == tab.text()
    ben.until(lambda _client: len(seated(scene.draft_id)) == 2)


def seated(draft_id: int) -> list[int]:
    with reading() as current:
        rows = current.query(DraftClient).filter_by(draft_id=draft_id)
        return [row.client_id for row in rows if row.seat is not None]


def test_two_replicas_under_one_id_lose_no_text(scene, sit):
    """A copied tab brings the other's id: while the lease lasts it is given a fresh one, and both write on."""
    first, copy = sit(scene.ana), sit(scene.ana)
    one = first.join(scene.draft_id)["client_id"]
    assert first.paragraph("<un>")["ok"]
    copy.doc = first.doc
    other = copy.join(scene.draft_id, client_id=one)["client_id"]
    assert other != one
    for number in range(5):
        assert first.paragraph(f"<premier {number}>")["ok"] and copy.paragraph(f"<second {number}>")["ok"]
    for tab in (first, copy):
        tab.until(lambda client: client.text().count("<premier") == client.text().count("<second") == 5)
    assert first.text() == copy.text()


def test_an_id_is_not_taken_over_while_its_lease_lasts(scene, sit):
    ana, again, ben = sit(scene.ana), sit(scene.ana), sit(scene.ben)
    held = ana.join(scene.draft_id)["client_id"]
    for taker in (again, ben):
        for wanted in (held, float(held)):
            answer = taker.join(scene.draft_id, client_id=wanted)
            assert answer["ok"] and answer["client_id"] != held
    # Nor by writing under it: its next words would be taken for known, and be lost.
    forger: pycrdt.Doc = pycrdt.Doc(client_id=held)
    forger.get("content", type=pycrdt.XmlFragment)
    forger.apply_update(ben.doc.get_update())
    before = forger.get_state()
    add_paragraph(forger.get("content", type=pycrdt.XmlFragment), "<faux>")
    refused = ben.ask("update", {"draft": scene.draft_id, "update": forger.get_update(before)})
    assert refused["error"]["code"] == "forged"
    assert ana.paragraph("<à moi>")["ok"]
    ben.until(lambda client: "<à moi>" in client.text() and "<faux>" not in client.text())


def test_who_sits_keeps_their_id_though_the_lease_lapsed(scene, sit):
    """As after half a minute in which the database took no writes: the first is still at the table, and types."""
    first, copy = sit(scene.ana), sit(scene.ana)
    one = first.join(scene.draft_id)["client_id"]
    with unit_of_work() as current:
        current.execute(sa.update(DraftClient).values(seat=None, seated_until=None))
    assert copy.join(scene.draft_id, client_id=one)["client_id"] != one
    assert first.paragraph("<un>")["ok"] and copy.paragraph("<deux>")["ok"]
