"""A second client in Python that knows only docs/protocol.md: python-socketio and pycrdt, nothing of the server.

It writes the way y-prosemirror does: blocks are XmlElements, their words one XmlText each.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from typing import Any

import engineio.payload
import pycrdt
import requests
import socketio

# docs/protocol.md: an answer to a poll holds as many packets as came in the meantime; this library reads 16.
engineio.payload.Payload.max_decode_packets = 5000
NAMESPACE = "/drafts"


class TableClient:
    """One socket at the table. `events[name]` collects what the server sent; `doc` follows the draft."""

    def __init__(
        self,
        url: str,
        token: str,
        transports: tuple[str, ...] = ("websocket",),
        origin: str | None = None,
        ca: str = "",
    ):
        self.url, self.transports = url, list(transports)
        prefix = "__Host-" if url.startswith("https:") else ""
        self.headers = {"Cookie": f"{prefix}openlab={token}"} if token else {}
        if origin is not None:
            self.headers["Origin"] = origin
        self.socket = in_order(socketio.Client(reconnection=False, http_session=_trusting(ca)))
        self.doc = pycrdt.Doc()
        self.content = self.doc.get("content", type=pycrdt.XmlFragment)
        self.lock = threading.Lock()
        # What came between `join` and its answer: it may build on what the answer brings.
        self.early: list[bytes] | None = None
        self.events: dict[str, queue.Queue[dict[str, Any]]] = defaultdict(queue.Queue)
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.seq = 0
        self.gone = threading.Event()
        self.draft: int | None = None
        self.client_id = 0
        for name in ("update", "refused", "awareness", "people", "access", "stage", "reload", "remarks"):
            self.socket.on(name, self._keeper(name), namespace=NAMESPACE)
        self.socket.on("disconnect", lambda *_: self.gone.set(), namespace=NAMESPACE)

    def _keeper(self, name: str) -> Any:
        def keep(payload: dict[str, Any]) -> None:
            if name == "update" and payload["draft"] == self.draft:
                with self.lock:
                    if self.early is None:
                        self.doc.apply_update(payload["update"])
                    else:
                        self.early.append(payload["update"])
                    self.seq = max(self.seq, payload["seq"])
            self.seen.append((name, payload))
            self.events[name].put(payload)

        return keep

    def connect(self) -> TableClient:
        self.socket.connect(
            self.url,
            headers=self.headers,
            namespaces=[NAMESPACE],
            transports=self.transports,
            wait_timeout=10,
        )
        return self

    def ask(self, event: str, payload: dict[str, Any], timeout: float = 15) -> dict[str, Any]:
        answer: dict[str, Any] = self.socket.call(event, payload, namespace=NAMESPACE, timeout=timeout)
        return answer

    def say(self, event: str, payload: dict[str, Any]) -> None:
        self.socket.emit(event, payload, namespace=NAMESPACE)

    def join(self, draft: int, **more: Any) -> dict[str, Any]:
        """Join and take in what the server has; the document then writes under the id it was given."""
        self.draft = draft
        with self.lock:
            known, self.early = self.doc.get_state(), []
        answer = self.ask("join", {"draft": draft, "state_vector": known, **more})
        with self.lock:
            early, self.early = self.early or [], None
            if answer["ok"]:
                self.doc = _with_client_id(self.doc, answer["client_id"])
                self.content = self.doc.get("content", type=pycrdt.XmlFragment)
                for update in (answer["update"], *early):
                    self.doc.apply_update(update)
                self.seq, self.client_id = max(self.seq, answer["seq"]), answer["client_id"]
        return answer

    def stroke(self, edit: Any) -> bytes:
        """Make an edit in the document and return its update, unsent."""
        with self.lock:
            before = self.doc.get_state()
            edit(self.content)
            return self.doc.get_update(before)

    def write(self, edit: Any) -> dict[str, Any]:
        """Make an edit and have it acknowledged."""
        return self.ask("update", {"draft": self.draft, "update": self.stroke(edit)})

    def paragraph(self, words: str) -> dict[str, Any]:
        return self.write(lambda content: add_paragraph(content, words))

    def text(self) -> str:
        with self.lock:
            return "\n".join(words_of(block) for block in self.content.children)

    def wait(self, event: str, timeout: float = 5) -> dict[str, Any]:
        return self.events[event].get(timeout=timeout)

    def until(self, condition: Any, timeout: float = 10) -> None:
        """Wait until `condition(self)` holds; fails with what is there instead."""
        give_up = time.monotonic() + timeout
        while not condition(self):
            assert time.monotonic() < give_up, f"still waiting; the text is {self.text()!r}"
            time.sleep(0.02)

    def close(self) -> None:
        if self.socket.connected:
            self.socket.disconnect()


def _trusting(ca: str) -> requests.Session | None:
    """Over https, requests that trust the authority in the file `ca`."""
    if not ca:
        return None
    session = requests.Session()
    session.verify, session.trust_env = ca, False
    return session


def in_order(client: socketio.Client) -> socketio.Client:
    """Handle messages one after the other: python-engineio starts a thread for each, and a busy machine lets the
    bytes of a message overtake its head."""
    usual = client.eio._trigger_event

    def trigger(event: str, *args: Any, run_async: bool = False, **more: Any) -> Any:
        return usual(event, *args, run_async=run_async and event != "message", **more)

    client.eio._trigger_event = trigger
    return client


def _with_client_id(doc: pycrdt.Doc, client_id: int) -> pycrdt.Doc:
    """The same document under another client id, which pycrdt only takes at the making."""
    other: pycrdt.Doc = pycrdt.Doc(client_id=client_id)
    other.get("content", type=pycrdt.XmlFragment)
    other.apply_update(doc.get_update())
    return other


def add_paragraph(content: pycrdt.XmlFragment, words: str) -> None:
    block = content.children.append(pycrdt.XmlElement("paragraph"))
    block.children.append(pycrdt.XmlText(words))


def words_of(block: Any) -> str:
    if isinstance(block, pycrdt.XmlText):
        return "".join(run for run, _marks in block.diff() if isinstance(run, str))
    return "".join(words_of(child) for child in block.children)
