"""Those who look on while a database is in trouble: does the service still answer, do the sockets still carry?"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from tests.live_server import LiveServer
from tests.realtime import typists as crowd
from tests.realtime.typists import Typist
from tests.scenes import Scene, token_for
from tests.table_client import TableClient

# The loop may be held up for some tens of milliseconds; a machine that does other things takes longer.
HELD_UP_SECONDS = 2.0


def get(url: str, token: str = "", timeout: float = 20) -> tuple[int, str]:
    """Status and body of a page; a refused page is an answer too."""
    request = urllib.request.Request(url, headers={"Cookie": f"openlab={token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@dataclass
class Pulse:
    """Asks /healthz ten times a second. The longest wait tells how long the loop was held up."""

    server: LiveServer
    longest: float = 0.0
    count: int = 0
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Pulse:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self.thread.join(30)

    def _run(self) -> None:
        while not self.over.wait(0.1):
            began = time.monotonic()
            try:
                status, _body = get(f"{self.server.url}/healthz")
                if status != 200:
                    self.failures.append(str(status))
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            self.longest = max(self.longest, time.monotonic() - began)
            self.count += 1


class Readers:
    """Two people who sit at the table and write nothing: one moves the cursor, the other watches it."""

    def __init__(self, server: LiveServer, scene: Scene) -> None:
        self.draft = scene.draft_id
        self.mover, self.watcher = (
            TableClient(server.url, token_for(person)).connect() for person in (scene.ana, scene.ben)
        )
        self.clock = 0
        for reader in (self.mover, self.watcher):
            assert reader.join(self.draft)["ok"]

    def move(self) -> float:
        """Seconds until a movement of the cursor is seen by the other."""
        self.clock += 1
        while not self.watcher.events["awareness"].empty():
            self.watcher.events["awareness"].get()
        began = time.monotonic()
        update = cursor(self.mover.client_id, self.clock)
        self.mover.say("awareness", {"draft": self.draft, "update": update})
        self.watcher.wait("awareness", timeout=10)
        return time.monotonic() - began

    def close(self) -> None:
        for reader in (self.mover, self.watcher):
            assert not reader.gone.is_set(), "a socket was closed"
            reader.close()


def cursor(client_id: int, clock: int) -> bytes:
    """An awareness update of one entry, as y-protocols writes it."""

    def number(value: int) -> bytes:
        out = bytearray()
        while value > 127:
            out.append(128 | value & 127)
            value >>= 7
        return bytes([*out, value])

    state: dict[str, Any] = {"cursor": {"anchor": {"tname": "content"}, "head": {"tname": "content"}}}
    text = json.dumps(state).encode()
    return b"\x01" + number(client_id) + number(clock) + number(len(text)) + text


def silence(typists: list[Typist], seconds: float) -> None:
    """For so long nothing at all may be acknowledged."""
    before = [typist.confirmed() for typist in typists]
    time.sleep(seconds)
    assert [typist.confirmed() - known for typist, known in zip(typists, before, strict=True)] == [
        set()
    ] * len(typists)


def told(typists: list[Typist], seconds: float) -> None:
    """Everybody who has something unsaved hears `unavailable` within so long, rather than nothing."""
    before = [typist.refusals["unavailable"] for typist in typists]
    crowd.until(
        lambda: all(t.refusals["unavailable"] > known for t, known in zip(typists, before, strict=True)),
        seconds,
        f"not told: {[(t.name, dict(t.refusals)) for t in typists]}",
    )


def stayed(server: LiveServer, typists: list[Typist]) -> None:
    """The same process, the same sockets, and nobody had to guess that a stroke was lost."""
    assert server.process is not None and server.process.poll() is None
    assert [(typist.sockets, typist.silences) for typist in typists] == [(1, 0)] * len(typists)


def check_never_held_up(pulse: Pulse) -> None:
    assert pulse.count > 5 and pulse.failures == [] and pulse.longest < HELD_UP_SECONDS
