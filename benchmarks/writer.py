"""One person of a trace at the table: a Socket.IO client that types the recorded strokes, one update each.

A replica sees exactly what the recording says it saw, and sees it through its socket: what the server relays is
queued as it comes, in messages merged per tick, and taken in up to the point the next stroke names. For that
point to fall between two messages, the other person stops there, as somebody who reads would: having typed the
last stroke the other is known to have seen, a writer goes on only when that stroke is saved, and notes the `seq`
under which it was. The two writers share nothing but that number (`Ledger`): every byte a document takes in
came over the wire, and no message above the number holds anything that was not to be seen yet.

Strokes are numbered and ask for no acknowledgement: `saved` in the relayed messages says what is on disk. What
is refused for a moment is sent again, in order, after `retry_after`; a final refusal ends the replay.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pycrdt
import socketio

from benchmarks.trace import Stroke, Trace
from realtime.limits import STROKES, Bucket
from realtime.protocol import NAMESPACE, TRANSIENT
from tests.table_client import in_order

# So many strokes may be on their way: far more than a tick takes, far less than what a seat may send at once.
IN_FLIGHT = 256
# Longer than the server takes to give up a tick it cannot commit; without news for so long the replay has failed.
PATIENCE = 30.0
# A little under what a seat may send, since two clocks do not agree to the last stroke.
MARGIN = 0.95


class Stopped(Exception):
    """The replay cannot go on: a final refusal, a closed socket, silence."""


@dataclass
class Ledger:
    """What the two writers know of each other: under which `seq` an awaited stroke was saved."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    sealed: dict[tuple[int, int], int] = field(default_factory=dict)
    failure: BaseException | None = None


@dataclass
class Measures:
    """What one writer counted. Latencies in seconds, from the sending of a stroke to its `saved`."""

    sent: int = 0
    again: int = 0
    messages: int = 0
    acknowledgements: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)


class Writer:
    """`run()` types everything and returns when the text holds all strokes of both."""

    def __init__(self, agent: int, trace: Trace, ledger: Ledger) -> None:
        self.agent, self.ledger = agent, ledger
        self.strokes, self.awaited = trace.of(agent), trace.awaited(agent)
        self._all_of_other = len(trace.of(1 - agent))
        # Positions are code points, pycrdt counts UTF-8 bytes: the same as long as only ASCII is typed.
        self._is_ascii = all(stroke.inserted.isascii() for stroke in trace.strokes)
        self.measures = Measures()
        self.done = 0
        self.client_id = 0
        self._socket = in_order(socketio.Client(reconnection=False))
        for name, handler in (("update", self._told), ("refused", self._refused), ("access", self._access)):
            self._socket.on(name, handler, namespace=NAMESPACE)
        self._socket.on("disconnect", lambda *_: self._stop("the socket was closed"), namespace=NAMESPACE)
        self._inbox: deque[dict[str, Any]] = deque()
        self._heard = 0  # the `seq` up to which every message of a tick has come
        self._applied = 0  # how many strokes of the other one are in the text
        self._unsaved: dict[int, tuple[bytes, float]] = {}
        self._to_send_again: dict[int, float] = {}
        self._saved_seq = 0
        self._budget = Bucket((STROKES[0] * MARGIN, STROKES[1] * MARGIN))
        self._made: list[bytes] = []
        self._leaving = False

    # --- sitting down -------------------------------------------------------------------------------------

    def sit(self, url: str, cookie: str, draft_id: int, block_id: str) -> None:
        """Connect and join. The words go into the block named `block_id`, or a new paragraph of that name."""
        self.draft_id, self.block_id = draft_id, block_id
        self._socket.connect(
            url, headers={"Cookie": cookie}, namespaces=[NAMESPACE], transports=["websocket"], wait_timeout=15
        )
        answer = self._socket.call(
            "join", {"draft": draft_id, "state_vector": b"\x00"}, namespace=NAMESPACE, timeout=15
        )
        if not answer["ok"] or not answer["can_write"]:
            raise Stopped(f"the table is closed to this person: {answer.get('error', 'read only')}")
        self.client_id = answer["client_id"]
        self.doc: pycrdt.Doc = pycrdt.Doc(client_id=self.client_id)
        self._content = self.doc.get("content", type=pycrdt.XmlFragment)
        self.doc.apply_update(answer["update"])
        self._watch = self.doc.observe(lambda event: self._made.append(event.update))

    def begin_paragraph(self) -> None:
        """Put the empty paragraph of the replay at the end of the text, unless it is there."""
        if self._block() is None:
            self._made.clear()
            self._content.children.append(pycrdt.XmlElement("paragraph", {"id": self.block_id}))
            answer = self._socket.call(
                "update", {"draft": self.draft_id, "update": self._made[0]}, namespace=NAMESPACE, timeout=15
            )
            if not answer["ok"]:
                raise Stopped(f"the paragraph was refused: {answer['error']}")

    def leave(self) -> None:
        self._leaving = True
        if self._socket.connected:
            self._socket.disconnect()

    # --- typing -------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Type all strokes. Raises Stopped; then the other writer stops too."""
        try:
            for number, stroke in enumerate(self.strokes, start=1):
                if stroke.seen > self._applied:
                    self._take_in(stroke.seen)
                self._send(number, self._type(stroke))
                self.done = number
                if number in self.awaited:
                    self._seal(number)
            if self._all_of_other:
                self._take_in(self._all_of_other)
            # The other one's last messages may hold nothing but what is known; they belong to the text all the same.
            while self._inbox:
                self.doc.apply_update(self._inbox.popleft()["update"])
        except BaseException as failure:
            with self.ledger.changed:
                self.ledger.failure = self.ledger.failure or failure
                self.ledger.changed.notify_all()

    def text(self) -> str:
        block = self._block()
        return "".join(words_of(child) for child in block.children) if block is not None else ""

    def _block(self) -> pycrdt.XmlElement | None:
        for block in self._content.children:
            if isinstance(block, pycrdt.XmlElement) and block.attributes.get("id") == self.block_id:
                return block
        return None

    def _type(self, stroke: Stroke) -> bytes:
        """Do it in the document and return its update."""
        self._made.clear()
        words = self._words()
        if words is None:
            block = self._block()
            assert block is not None and stroke.inserted and stroke.position == 0
            block.children.append(pycrdt.XmlText(stroke.inserted))
        else:
            start, width = self._bytes(words, stroke)
            if stroke.inserted:
                words.insert(start, stroke.inserted)
            elif width == 1:
                del words[start]
            else:
                del words[start : start + width]
        if len(self._made) != 1 or not self._made[0]:
            raise Stopped(f"a stroke gave {len(self._made)} updates: {stroke}")
        return self._made[0]

    _found: pycrdt.XmlText | None = None

    def _words(self) -> pycrdt.XmlText | None:
        if self._found is None:
            block = self._block()
            if block is not None and len(block.children):
                self._found = block.children[0]
        return self._found

    def _bytes(self, words: pycrdt.XmlText, stroke: Stroke) -> tuple[int, int]:
        """(place, width) in UTF-8 bytes of the character at a position."""
        if self._is_ascii:
            return stroke.position, 1
        text = words_of(words)
        here = text[stroke.position : stroke.position + 1]
        return len(text[: stroke.position].encode()), len(here.encode())

    def _take_in(self, seen: int) -> None:
        """Apply what came over the socket, up to where the other one had typed `seen` strokes."""
        key = (1 - self.agent, seen)
        self._wait(lambda: key in self.ledger.sealed and self._heard >= self.ledger.sealed[key])
        last = self.ledger.sealed[key]
        while self._inbox and self._inbox[0]["seq"] <= last:
            self.doc.apply_update(self._inbox.popleft()["update"])
        self._applied = seen

    # --- sending ------------------------------------------------------------------------------------------

    def _send(self, number: int, update: bytes) -> None:
        while wait := self._budget.wait():
            time.sleep(wait)
        self._emit(number, update)
        self._mend()
        if len(self._unsaved) >= IN_FLIGHT:
            self._wait(lambda: len(self._unsaved) < IN_FLIGHT or bool(self._to_send_again))

    def _emit(self, number: int, update: bytes) -> None:
        with self.ledger.changed:
            self._unsaved[number] = (update, time.perf_counter())
        self._socket.emit(
            "update", {"draft": self.draft_id, "update": update, "n": number}, namespace=NAMESPACE
        )
        self.measures.sent += 1

    def _mend(self) -> None:
        """What was refused for a moment goes again, in order, once all that is on its way has its answer."""
        while self._to_send_again:
            self._wait(lambda: len(self._unsaved) == len(self._to_send_again))
            time.sleep(max(self._to_send_again.values()))
            with self.ledger.changed:
                again = sorted((number, self._unsaved[number][0]) for number in self._to_send_again)
                self._to_send_again.clear()
                for number, _update in again:
                    del self._unsaved[number]
            for number, update in again:
                self.measures.again += 1
                self._emit(number, update)
            self._wait(lambda: not self._unsaved or bool(self._to_send_again))

    def _seal(self, number: int) -> None:
        """Wait until everything typed so far is saved, and say under which `seq`."""
        while self._unsaved:
            self._wait(lambda: not self._unsaved or bool(self._to_send_again))
            self._mend()
        with self.ledger.changed:
            self.ledger.sealed[self.agent, number] = self._saved_seq
            self.ledger.changed.notify_all()

    def _wait(self, condition: Callable[[], bool]) -> None:
        def news() -> bool:
            return condition() or self.ledger.failure is not None

        with self.ledger.changed:
            if not self.ledger.changed.wait_for(news, PATIENCE):
                raise Stopped(f"no news for {PATIENCE:.0f} s; {len(self._unsaved)} strokes wait for `saved`")
            if self.ledger.failure is not None:
                raise Stopped("the replay was stopped") from self.ledger.failure

    # --- what the server says, in the socket's thread -----------------------------------------------------

    def _told(self, payload: dict[str, Any]) -> None:
        now = time.perf_counter()
        with self.ledger.changed:
            self._inbox.append(payload)
            self.measures.messages += 1
            if "saved" in payload:
                # A tick may take several messages; the last one of them carries `saved`.
                self._heard = payload["seq"]
                saved = payload["saved"].get(str(self.client_id), 0)
                if saved:
                    self.measures.acknowledgements += 1
                    self._saved_seq = payload["seq"]
                    for number in [n for n in self._unsaved if n <= saved and n not in self._to_send_again]:
                        self.measures.latencies.append(now - self._unsaved.pop(number)[1])
            self.ledger.changed.notify_all()

    def _refused(self, payload: dict[str, Any]) -> None:
        code = payload["error"]["code"]
        with self.ledger.changed:
            self.measures.refused[code] += 1
            self._to_send_again[payload["n"]] = payload["error"].get("retry_after", 0.5)
            self.ledger.changed.notify_all()
        if code not in TRANSIENT:
            self._stop(f"stroke {payload['n']} was refused for good: {code}")

    def _access(self, payload: dict[str, Any]) -> None:
        if not payload["can_write"]:
            self._stop(f"the right to write was taken away: {payload['reason']}")

    def _stop(self, why: str) -> None:
        if self._leaving:
            return
        with self.ledger.changed:
            self.ledger.failure = self.ledger.failure or Stopped(why)
            self.ledger.changed.notify_all()


def words_of(block: Any) -> str:
    """The words under a node, without marks."""
    if isinstance(block, pycrdt.XmlText):
        return "".join(run for run, _marks in block.diff() if isinstance(run, str))
    return "".join(words_of(child) for child in block.children)
