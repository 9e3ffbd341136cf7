"""An editor with every right sends what would stop the server, or erase others' words; nobody notices."""

from __future__ import annotations

import base64
import json
import subprocess
import time

from app.db import reading
from config import ROOT
from drafts import document, log
from tests.drafts.hostile import hostile_updates
from tests.table_client import TableClient, add_paragraph

# "Refused in less than a second each" is asked of the server on a quiet machine; the bound leaves room for the
# suite's other worker, and a hang (what these updates cause without the gate) is seconds to for ever.
SECONDS = 3.0


def in_yjs(*states: bytes) -> list[dict]:
    lines = "\n".join(base64.b64encode(state).decode() for state in states) + "\n"
    done = subprocess.run(
        ["node", "tests/realtime/open_in_yjs.mjs"],
        cwd=ROOT,
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def stored(draft_id):
    with reading():
        return log.load(draft_id)


def test_each_hostile_update_is_refused_and_the_other_goes_on_typing(scene, server, sit):
    ana, ben, victim = sit(scene.ana), sit(scene.ben), sit(scene.facilitator)
    for client in (ana, ben, victim):
        client.join(scene.draft_id)
        assert client.paragraph("des mots de chacun 😀")["ok"]
    ana.until(lambda client: client.text().count("de chacun") == 3)
    process = server.process.pid
    refused = 0
    for hostile in hostile_updates(ana.client_id, victim.client_id, ana.doc.get_update()):
        before = stored(scene.draft_id).tree
        started = time.monotonic()
        too_big = len(hostile.update) > 256 * 1024
        answer = ana.ask("update", {"draft": scene.draft_id, "update": hostile.update, "bulk": too_big})
        took = time.monotonic() - started
        assert not answer["ok"], hostile.name
        code = answer["error"]["code"]
        # The bulk door has a budget of its own: two a minute.
        assert code in (*hostile.codes, "rate_limited"), (hostile.name, code)
        assert took < SECONDS, (hostile.name, took)
        assert stored(scene.draft_id).tree == before, hostile.name
        refused += 1
        if refused % 10 == 0:
            assert ben.paragraph(f"Ben continue, {refused}")["ok"]
            ana.until(lambda client, said=refused: f"continue, {said}" in client.text())
    assert refused > 40
    assert server.process.pid == process and server.process.poll() is None
    fresh = sit(scene.ben)
    fresh.join(scene.draft_id)
    assert fresh.text() == ben.text()
    opened = in_yjs(document.state(stored(scene.draft_id).doc), fresh.doc.get_update())
    assert not any(found["pending"] for found in opened)
    assert opened[0]["xml"] == opened[1]["xml"] and "des mots de chacun 😀" in opened[0]["xml"]


def test_undo_of_delete_all_passes_by_the_wide_door(scene, sit):
    """105,000 characters deleted and put back: more than a stroke may hold, less than the bulk door lets through."""
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id)
    ben.join(scene.draft_id)
    # Three structs a paragraph: 6,000, where a stroke may have 5,000.
    paragraphs = [f"Paragraphe {number:04}, des mots en nombre, encore des mots." for number in range(2000)]

    def write_all(content) -> None:
        with content.doc.transaction():
            for words in paragraphs:
                add_paragraph(content, words)

    def delete_all(content) -> None:
        with content.doc.transaction():
            del content.children[:]

    def send(client: TableClient, update: bytes):
        return client.ask("update", {"draft": scene.draft_id, "update": update, "bulk": True}, timeout=40)

    whole = ana.stroke(write_all)
    assert send(ana, whole)["ok"]
    assert len(ana.text()) > 100_000
    assert ana.write(delete_all)["ok"]
    ben.until(lambda client: client.text() == "", 20)
    again = ana.stroke(write_all)
    narrow = ana.ask("update", {"draft": scene.draft_id, "update": again})
    assert narrow["error"]["code"] == "too_large"
    assert send(ana, again)["ok"]
    ben.until(lambda client: client.text() == ana.text(), 20)
    assert in_yjs(document.state(stored(scene.draft_id).doc))[0]["xml"].count("<paragraph") == 2000
    answers = [send(ana, ana.stroke(lambda content: add_paragraph(content, "encore"))) for _ in range(3)]
    assert "rate_limited" in [answer.get("error", {}).get("code") for answer in answers]
