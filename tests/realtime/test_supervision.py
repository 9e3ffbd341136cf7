"""What a real server says of itself while people type: its numbers are right, and its log holds nobody's words."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import sqlalchemy as sa
import websocket
from prometheus_client.parser import text_string_to_metric_families

from app import mail
from app.db import OutboxRow, unit_of_work
from config import Settings
from tests.live_server import LiveServer
from tests.realtime.test_table import _words
from tests.realtime.test_two_processes import REDIS, _redis_answers
from tests.scenes import token_for

WORD = "zanzibarquetzal"


@pytest.fixture(scope="module")
def server(live_settings: Settings) -> Iterator[LiveServer]:
    """As talkative as a server can be told to be, with a mail server that is not there."""
    live = LiveServer(
        live_settings.data_dir,
        live_settings.database_url,
        traced=True,
        LOG_LEVEL="DEBUG",
        SMTP_URL="smtp://127.0.0.1:9",
    ).start()
    yield live
    live.stop()


def scraped(server: LiveServer) -> dict[str, float]:
    """Every sample as `name{label=value,…}`."""
    text = requests.get(f"{server.url}/metrics", timeout=5).text
    return {
        sample.name
        + ("{" + ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items())) + "}" if sample.labels else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "still waiting"
        time.sleep(0.1)


def test_strokes_and_refusals_are_counted(server: LiveServer, scene, sit) -> None:
    before = scraped(server)
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id)
    ben.join(scene.draft_id)
    for number in range(12):
        assert (ana if number % 2 else ben).paragraph(f"phrase {number}")["ok"]
    for _ in range(3):
        answer = ana.ask("update", {"draft": scene.draft_id, "update": b"\x01\x02\x03"})
        assert answer["error"]["code"] == "malformed"
    # Not asked for an acknowledgement, and counted all the same.
    ana.say("update", {"draft": scene.draft_id, "update": b"\x01\x02\x03", "n": 7})
    ana.wait("refused")
    assert sit(scene.ana).ask("join", {"draft": 987654321})["error"]["code"] == "not_found"
    ana.stroke(_words("perdue en route"))
    assert ana.write(_words("arrivée"))["error"]["code"] == "resync"
    after = scraped(server)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert grown("openlab_strokes_total") == 12
    assert 1 <= grown("openlab_ticks_total") <= 12
    assert grown("openlab_commit_seconds_count") == grown("openlab_ticks_total")
    assert grown("openlab_commit_seconds_sum") > 0
    assert grown("openlab_refusals_total{code=malformed}") == 4
    assert grown("openlab_refusals_total{code=not_found}") == 1
    assert grown("openlab_refusals_total{code=resync}") == grown("openlab_resyncs_total") == 1
    assert after["openlab_seats"] == 2 and after["openlab_sockets"] == 3 and after["openlab_rooms"] >= 1
    assert grown("openlab_loop_stall_seconds_count") > 0
    assert grown("openlab_divergences_total") == grown("openlab_readers_dropped_total") == 0
    assert after["openlab_queue_packets"] == after["openlab_queue_bytes"] == 0
    assert grown("openlab_http_requests_total{route=/metrics,status=200}") == 1


def test_the_worker_and_the_database_are_watched(server: LiveServer) -> None:
    until(lambda: scraped(server).get("openlab_worker_up") == 1)
    until(lambda: scraped(server).get("openlab_database_up") == 1)
    assert {"openlab_outbox_waiting", "openlab_jobs_overdue"} <= scraped(server).keys()
    details = requests.get(f"{server.url}/readyz", timeout=5).json()
    assert details["around"] == {"worker": "ok"} and details["ready"] is True
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert requests.get(f"{server.url}/metrics", headers=forwarded, timeout=5).status_code == 404


@pytest.mark.parametrize("answers", [True, False])
def test_redis_is_watched_and_not_needed(answers: bool, live_settings: Settings, tmp_path: Path) -> None:
    if answers and not _redis_answers():
        pytest.skip("no Redis answers at TEST_REDIS_URL")
    url = REDIS if answers else "redis://127.0.0.1:9/0"
    server = LiveServer(tmp_path, live_settings.database_url, REDIS_URL=url).start()
    try:
        until(lambda: scraped(server)["openlab_redis_up"] == float(answers))
        ready = requests.get(f"{server.url}/readyz", timeout=5)
        assert ready.status_code == 200
        assert ready.json()["around"]["redis"] == ("ok" if answers else "failing")
    finally:
        server.stop()


@contextmanager
def the_log_of_drafts_refuses(settings: Settings) -> Iterator[None]:
    """The database takes no stroke; PostgreSQL's answer quotes the row, bytes and all."""
    if settings.is_sqlite:
        begin = (
            "CREATE TRIGGER refuse BEFORE INSERT ON draft_update BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        end = "DROP TRIGGER refuse"
    else:
        begin = "ALTER TABLE draft_update ADD CONSTRAINT refuse CHECK (seq < 0) NOT VALID"
        end = "ALTER TABLE draft_update DROP CONSTRAINT refuse"
    for statement in (begin, end):
        with unit_of_work() as current:
            current.execute(sa.text(statement))
        if statement is begin:
            yield


def shapes(word: str) -> list[str]:
    """A word as itself, in hexadecimal, and as base64 at each of the three places it may begin."""
    raw = word.encode()
    inner = [base64.b64encode(b"\0" * shift + raw).decode()[4:-4] for shift in range(3)]
    return [word, raw.hex(), raw.hex().upper(), ":".join(f"{byte:02x}" for byte in raw), *inner]


def test_nobodys_words_are_in_the_log(server: LiveServer, scene, sit, live_settings: Settings) -> None:
    said = server.log
    began = said.stat().st_size
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    assert ana.paragraph(f"Le mot est {WORD}.")["ok"]
    _refused_events(scene, ana)
    with the_log_of_drafts_refuses(live_settings):
        assert ana.paragraph(f"Encore {WORD}.")["error"]["code"] == "unavailable"
    _broken_packets(server, token_for(scene.ben))
    _pages(server, token_for(scene.ben))
    _broken_requests(server)
    with unit_of_work() as current:
        mail.write(f"{WORD}@example.org", WORD, f"Bonjour {WORD}")
        current.add(OutboxRow(name="lab_access_changed", payload={WORD: WORD}, noted_at=sa.func.now()))

    def lines() -> list[dict[str, object]]:
        return [json.loads(line) for line in said.read_bytes()[began:].decode().splitlines()]

    # The worker cannot send the mail, and says so the same way.
    until(lambda: any("error" in line and line["pid"] != server_pid(server) for line in lines()))
    text = said.read_bytes()[began:].decode()
    found = {shape: [line[:300] for line in text.splitlines() if shape in line] for shape in shapes(WORD)}
    assert not any(found.values()), {shape: told for shape, told in found.items() if told}
    # And yet it was not silent: the failed commit, the refused request and the answers are all there.
    heard = lines()
    assert any("not committed" in str(line["message"]) for line in heard), heard
    routes = {line.get("route") for line in heard if line["logger"] == "app.access"}
    assert {"(none)", "/connexion", "/recherche", "/socket.io"} <= routes
    assert all({"time", "level", "logger", "message", "pid"} <= line.keys() for line in heard)
    for secret in (token_of(ana), "127.0.0.1", scene.ana.name):
        assert secret not in text


def server_pid(server: LiveServer) -> int:
    assert server.process is not None
    return server.process.pid


def token_of(client) -> str:
    return client.headers["Cookie"].partition("=")[2]


def _refused_events(scene, ana) -> None:
    """Every event, with the word where it does not belong."""
    raw = WORD.encode()
    for payload in (
        {"draft": scene.draft_id, "update": raw},
        {"draft": scene.draft_id, "update": WORD, "n": 1},
        {"draft": WORD, "update": raw},
        {"draft": scene.draft_id, "update": raw * 9000},
        WORD,
        [WORD],
        None,
    ):
        assert not ana.ask("update", payload)["ok"]
    for payload in ({"draft": WORD}, {"draft": scene.draft_id, "state_vector": raw, "schema": WORD}, WORD):
        assert not ana.ask("join", payload)["ok"]
    for payload in ({"draft": scene.draft_id, "update": raw}, {"draft": WORD, WORD: WORD}, WORD):
        ana.say("awareness", payload)
    ana.say(WORD, {WORD: WORD})


def _broken_packets(server: LiveServer, token: str) -> None:
    """Packets that Socket.IO and Engine.IO do not understand themselves."""
    address = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    for packet in (
        f"42/drafts,{WORD}",
        f"45{WORD}-",
        f"451-/drafts,7{WORD}",
        f'42/drafts,["{WORD}"',
        f"4{WORD}",
        f"9{WORD}",
        f'40/{WORD},{{"{WORD}":1}}',
        WORD.encode(),
    ):
        link = websocket.create_connection(address, header=[f"Cookie: openlab={token}"], timeout=5)
        with suppress(websocket.WebSocketException, OSError):
            link.recv()
            link.send("40/drafts,")
            link.recv()
            link.send(
                packet,
                websocket.ABNF.OPCODE_BINARY if isinstance(packet, bytes) else websocket.ABNF.OPCODE_TEXT,
            )
            link.settimeout(0.3)
            link.recv()
        link.close()


def _pages(server: LiveServer, token: str) -> None:
    for path in (f"/invitation/{WORD}", f"/recherche?q={WORD}", f"/labs/{WORD}", f"/connexion?next=/{WORD}"):
        requests.get(
            server.url + path,
            headers={"Cookie": f"openlab={token}; x={WORD}", "X-Request-ID": WORD, "User-Agent": WORD},
            timeout=10,
        )
    requests.post(
        f"{server.url}/connexion", data={"email": f"{WORD}@example.org", "password": WORD}, timeout=10
    )
    requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling&sid={WORD}", timeout=10)


def _broken_requests(server: LiveServer) -> None:
    """Requests that never reach the application."""
    place = urlsplit(server.url)
    for request in (
        f"GET /invitation/{WORD} HTTP/9.9\r\n\r\n",
        f"{WORD}\r\n\r\n",
        f"GET /invitation/{WORD}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {WORD}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{WORD}\r\n\r\n",
    ):
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=3) as link:
            link.sendall(request.encode())
            link.settimeout(1)
            with suppress(OSError):
                link.recv(1000)
