"""What is kept and what is held: a cold open of a long text, and memory per document and per person."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

import pycrdt

from benchmarks import gate_cost
from benchmarks.load import Client, Crowd, Event
from benchmarks.measures import Numbers, Run
from benchmarks.servers import Server, installed_key, prepared
from benchmarks.trace import read, sequential
from benchmarks.typists import text_of
from benchmarks.window import Failed, Shape, Table
from config import ROOT

PAPERS = ROOT / ".cache" / "benchmarks" / "papers"
# A checkpoint of ours follows 500 rows (drafts.checkpoints); before the next one, so many may stand behind it.
TAIL = 499
DOCUMENTS = 20
SEATS = 200
# What a server does after an opening (collecting, checkpointing) is done by then.
SETTLE_SECONDS = 3.0


@cache
def _paper(client_id: int) -> list[bytes]:
    """The 259,778 strokes of `automerge-paper` as updates, the empty paragraph first."""
    first, rest = gate_cost.updates_of(sequential("automerge-paper"), client_id)
    return [first, *rest]


@cache
def _paper_text() -> str:
    text: str = read("automerge-paper")["endContent"]
    return text


@cache
def _paper_state() -> bytes:
    doc: pycrdt.Doc = pycrdt.Doc()
    for update in _paper(gate_cost.WRITER):
        doc.apply_update(update)
    state: bytes = doc.get_update()
    return state


# --- cold open ------------------------------------------------------------------------------------------------


def cold(run: Run) -> Numbers:
    """A server that was just started, and the first to open the paper: milliseconds until all of it is there."""
    server = prepared(run.kind, 1, 1, b"", run.tree)
    try:
        server.take(_kept(run))
        server.start()
        time.sleep(1.0)
        cpu = server.cpu()
        client = Client(server.chairs[0], server.dialect, server.port)
        client.connect()
        connected = client.named_at
        whole_at, size = _open(client)
        used = server.cpu() - cpu
        client.socket.close()
        return {
            "ms": round((whole_at - client.named_at) * 1000, 1),
            "with_connecting_ms": round((whole_at - connected) * 1000, 1),
            "server_cpu_ms": round(used * 1000, 1),
            "kilobytes": round(size / 1000, 1),
        }
    finally:
        server.remove()


def _open(client: Client) -> tuple[float, int]:
    """(when the last byte of the text was there, how many bytes brought it)."""
    state, _client_id = client.dialect.sit(client, client.chair)
    at = time.perf_counter()
    doc: pycrdt.Doc = pycrdt.Doc()
    doc.apply_update(state)
    size = len(state)
    while not _is_whole(doc):
        # A server that loads in the background answers with nothing first, and sends the text after it.
        opcode, payload = client.await_message(lambda _message: True)
        at = time.perf_counter()
        for _at, update in client.dialect.updates([(at, opcode, payload)]):
            doc.apply_update(update)
            size += len(update)
    return at, size


def _is_whole(doc: pycrdt.Doc) -> bool:
    with suppress(IndexError):
        return str(text_of(doc)) == _paper_text()
    return False


def _kept(run: Run) -> Path:
    """The folder of a server of this kind that lived through all edits, made when it is not there.

    Every stroke goes over the wire as an update of its own. Then the server tidies up as it does by itself: ours is
    left alone until the child process has made its checkpoint, and 499 strokes follow; y-leveldb merges its rows when
    a document is opened, so it is opened once; the others need nothing.
    """
    kept = PAPERS / f"{run.kind}-{installed_key(run.kind, run.tree)}"
    if kept.is_dir():
        return kept
    seats = 50 if run.kind.startswith("ours") else 1
    server = prepared(run.kind, 1, seats, b"", run.tree, people=1)
    try:
        server.start()
        _live_through(server)
        server.stop()
        if run.kind == "yws-leveldb":
            server.start()
            client = Client(server.chairs[0], server.dialect, server.port)
            client.connect()
            _open(client)
            _idle(server)
            server.stop()
        server.keep(kept)
    finally:
        server.remove()
    return kept


def _live_through(server: Server) -> None:
    crowd = Crowd()
    try:
        for chair in server.chairs:
            crowd.seat(Client(chair, server.dialect, server.port))
        updates = _paper(crowd.clients[0].client_id)
        body = updates[:-TAIL]
        # The seats of one person take turns: none sends more at once than a seat may.
        turn = 3_500
        for number, start in enumerate(range(0, len(body), turn)):
            _send(crowd, server, number % len(crowd.clients), body[start : start + turn])
        _tidied(server, len(body))
        _send(crowd, server, 0, updates[-TAIL:])
    finally:
        crowd.close()


def _send(crowd: Crowd, server: Server, number: int, updates: list[bytes]) -> None:
    """Send strokes and wait until they are told and stored, answering what must be answered now and then."""
    chair = crowd.clients[number].chair
    strokes = [server.dialect.stroke(chair, update, n) for n, update in enumerate(updates, 1)]
    for start in range(0, len(strokes), 500):
        crowd.play([Event(0.0, number, stroke) for stroke in strokes[start : start + 500]])
        while not crowd.until_quiet(5):
            crowd.read()
        crowd.read()
    if not server.name.startswith("ours"):
        # Ours told everybody because it is stored; the others may be storing yet.
        _idle(server, crowd)


def _idle(server: Server, crowd: Crowd | None = None) -> None:
    """Until the server has nothing to do: less than 5 % of a processor for half a second."""
    while True:
        before = server.cpu()
        time.sleep(0.5)
        if crowd is not None:
            crowd.hear(0)
            crowd.read()
        if server.cpu() - before < 0.025:
            return


def _tidied(server: Server, rows: int) -> None:
    """For ours: until the log has a checkpoint near its end."""
    path = server.folder / "data" / "openlab.sqlite3"
    give_up = time.monotonic() + 300
    while path.exists() and time.monotonic() < give_up:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
            (seq,) = base.execute("SELECT COALESCE(MAX(seq), 0) FROM checkpoint").fetchone()
        if rows - seq <= TAIL:
            return
        time.sleep(1)
    if path.exists():
        raise Failed("no checkpoint was made in five minutes")


# --- memory ---------------------------------------------------------------------------------------------------


def per_document(run: Run) -> Numbers:
    """Resident memory for each of twenty open texts of 104,852 letters, somebody at each; one is open before."""
    server = prepared(run.kind, DOCUMENTS + 1, 1, _paper_state(), run.tree)
    try:
        if not run.kind.startswith("ours") and server.keeps:
            # Peers are given the texts first, and started again, so that they too open what they stored.
            server.start()
            _upload(server)
            server.stop()
        server.start()
        clients = [_seated(server, 0)]
        time.sleep(SETTLE_SECONDS)
        before = server.resident()
        clients += [_seated(server, number) for number in range(1, DOCUMENTS + 1)]
        time.sleep(SETTLE_SECONDS)
        grown = server.resident() - before
        for client in clients:
            client.socket.close()
        return {
            "megabytes_per_document": round(grown / DOCUMENTS / 1e6, 3),
            "megabytes_before": round(before / 1e6, 1),
        }
    finally:
        server.remove()


def _upload(server: Server) -> None:
    for chair in server.chairs:
        crowd = Crowd()
        client = crowd.seat(Client(chair, server.dialect, server.port))
        client.write(server.dialect.stroke(chair, _paper_state(), 0))
        crowd.until_quiet(30)
        crowd.close()
    time.sleep(SETTLE_SECONDS)
    _idle(server)


def _seated(server: Server, number: int) -> Client:
    client = Client(server.chairs[number], server.dialect, server.port)
    client.connect()
    if server.keeps:
        _open(client)
    else:
        _state, _client_id = client.dialect.sit(client, client.chair)
        client.write(server.dialect.stroke(client.chair, _paper_state(), 0))
        time.sleep(0.2)
    return client


def per_seat(run: Run) -> Numbers:
    """Resident memory for each of two hundred people who sit down in a room where one sits already."""
    table = Table(run.kind, Shape(1, SEATS + 1, 0), run.tree, seated=1)
    try:
        time.sleep(SETTLE_SECONDS)
        before = table.server.resident()
        table.seat_the_rest()
        time.sleep(SETTLE_SECONDS)
        grown = table.server.resident() - before
        return {
            "kilobytes_per_seat": round(grown / SEATS / 1e3, 1),
            "megabytes_before": round(before / 1e6, 1),
        }
    finally:
        table.close()
