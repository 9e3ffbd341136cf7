"""A hand on the WebSocket between a page and the server: it holds strokes, swallows them, or sends other bytes instead.

The page knows nothing of it, and the refusals that follow are the server's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, WebSocketRoute

from drafts.grammar import GRAMMAR

# An event of the namespace with one attachment, and one without.
WITH_BYTES = re.compile(r'451-/drafts,\d*\["(\w+)",(.*)\]$', re.DOTALL)
PLAIN = re.compile(r'42/drafts,\["(\w+)",(.*)\]$', re.DOTALL)


@dataclass
class Held:
    """A stroke that has not gone on: where to, its head as it was on the wire, what it says, and its bytes."""

    line: Line
    head: str
    payload: dict[str, Any]
    update: bytes

    def go(self, update: bytes | None = None) -> None:
        self.line.server.send(self.head)
        self.line.server.send(self.update if update is None else update)

    def answer(self, code: str) -> None:
        """Refuse it in the server's stead, which never sees it."""
        said = {
            "draft": self.payload["draft"],
            "n": self.payload["n"],
            "error": {"code": code, "message": "", "retry_after": 0.3},
        }
        self.line.page.send("42/drafts," + json.dumps(["refused", said]))


@dataclass
class Line:
    page: WebSocketRoute
    server: WebSocketRoute
    head: str | None = None
    is_mute: bool = False


@dataclass
class Wiretap:
    lines: list[Line] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    # What the server refused, by code, and the ids that the page wrote under.
    refusals: list[str] = field(default_factory=list)
    writers: list[int] = field(default_factory=list)
    holds: bool = False
    # The page says that its grammar is one older than the server's.
    says_old: bool = False

    def on(self, context: BrowserContext) -> Wiretap:
        context.route_web_socket(re.compile(r"/socket\.io/"), self._open)
        return self

    def hold(self) -> None:
        self.holds = True

    def release(self, first: Callable[[Held], None]) -> None:
        """Let everything go on, but do something else with the first stroke."""
        self.holds, held = False, self.held
        self.held = []
        assert held, "the page sent nothing"
        first(held[0])
        for stroke in held[1:]:
            stroke.go()

    def hang_up(self) -> None:
        """End the connection that is open now; what was held is lost with it."""
        self.holds, self.held = False, []
        for line in self.lines[-1:]:
            line.server.close()
            line.page.close(code=1001, reason="")

    def mute(self) -> None:
        """From now on the open connection takes everything and gives nothing."""
        self.lines[-1].is_mute = True

    def _open(self, page: WebSocketRoute) -> None:
        line = Line(page, page.connect_to_server())
        self.lines.append(line)
        page.on_message(lambda message: self._from_page(line, message))
        line.server.on_message(lambda message: self._from_server(line, message))

    def _from_page(self, line: Line, message: str | bytes) -> None:
        if line.is_mute:
            return
        if isinstance(message, str):
            if self.says_old and '["join",' in message:
                now = f'"schema":{GRAMMAR.schema}'
                assert now in message
                message = message.replace(now, f'"schema":{GRAMMAR.schema - 1}')
            found = WITH_BYTES.match(message)
            if found and found[1] == "update":
                line.head = message
            else:
                line.server.send(message)
            return
        head, line.head = line.head, None
        if head is None:
            line.server.send(message)
            return
        found = WITH_BYTES.match(head)
        assert found is not None
        stroke = Held(line, head, json.loads(found[2]), message)
        self.writers.append(first_writer(message)[0])
        if self.holds:
            self.held.append(stroke)
        else:
            stroke.go()

    def _from_server(self, line: Line, message: str | bytes) -> None:
        if line.is_mute:
            return
        if isinstance(message, str):
            found = WITH_BYTES.match(message) or PLAIN.match(message)
            if found and found[1] == "refused":
                self.refusals.append(json.loads(found[2])["error"]["code"])
        line.page.send(message)


def first_writer(update: bytes) -> tuple[int, int, int]:
    """(client id, where its digits begin, where they end) of the first section of a Yjs update, format v1."""
    _sections, place = _number(update, 0)
    _structs, begin = _number(update, place)
    client, end = _number(update, begin)
    return client, begin, end


def written_by(update: bytes, client: int) -> bytes:
    """The same update under another client id."""
    _client, begin, end = first_writer(update)
    digits = bytearray()
    while client > 127:
        digits.append(client & 127 | 128)
        client >>= 7
    return update[:begin] + bytes([*digits, client]) + update[end:]


def _number(update: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while update[place] > 127:
        value |= (update[place] & 127) << shift
        place, shift = place + 1, shift + 7
    return value | update[place] << shift, place + 1
