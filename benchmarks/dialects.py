"""How each kind of server is spoken to: the way in, a stroke, and what of an answer is an update."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks import frames
from benchmarks.updates import bytes_at, varint, with_length

Message = tuple[int, bytes]


@dataclass(frozen=True)
class Chair:
    """A place to sit down: which room, and for ours whose cookie and which draft; `port` where a server has several."""

    room: str
    cookie: str = ""
    draft_id: int = 0
    client_id: int = 0
    port: int = 0


class Line(Protocol):
    """A connection that is being opened, where one waits for each answer."""

    def write(self, data: bytes) -> None: ...

    def name_room(self) -> None: ...

    def await_message(self, wanted: Callable[[Message], bool]) -> Message: ...


class Dialect(Protocol):
    """`sit` opens a room on a fresh WebSocket: (state, client id). `updates` finds the updates in what came.

    `sit` calls `name_room` right before the message that names the room, if the path did not: from there a cold
    open is counted.
    """

    def path(self, chair: Chair) -> str: ...

    def sit(self, line: Line, chair: Chair) -> tuple[bytes, int]: ...

    def stroke(self, chair: Chair, update: bytes, number: int) -> bytes: ...

    def updates(self, messages: Iterable[tuple[float, int, bytes]]) -> Iterator[tuple[float, bytes]]: ...

    def answer(self, opcode: int, payload: bytes) -> bytes: ...


class OpenLab:
    """docs/protocol.md: Socket.IO over a WebSocket, strokes numbered, no acknowledgement asked for."""

    _HEADS = (b"45", b"46")

    def path(self, chair: Chair) -> str:
        return "/socket.io/?EIO=4&transport=websocket"

    def sit(self, line: Line, chair: Chair) -> tuple[bytes, int]:
        line.await_message(lambda message: message[1][:1] == b"0")
        line.write(frames.frame(frames.TEXT, b"40/drafts,"))
        line.await_message(lambda message: message[1].startswith(b"40/drafts"))
        return self.join(line, chair)

    def join(self, line: Line, chair: Chair) -> tuple[bytes, int]:
        payload = {"draft": chair.draft_id, "state_vector": {"_placeholder": True, "num": 0}}
        head = b"451-/drafts,0" + json.dumps(["join", payload]).encode()
        line.name_room()
        line.write(frames.frame(frames.TEXT, head) + frames.frame(frames.BINARY, b"\0"))
        _opcode, head = line.await_message(
            lambda message: message[0] == frames.TEXT and message[1].startswith((b"46", b"43"))
        )
        answer: dict[str, Any] = json.loads(head[head.index(b"[") :])[0]
        if not answer["ok"]:
            raise RuntimeError(f"a join was refused: {answer['error']}")
        parts = [
            line.await_message(lambda message: message[0] == frames.BINARY)[1]
            for _ in range(int(head[2 : head.index(b"-")]))
        ]
        return parts[answer["update"]["num"]], answer["client_id"]

    def stroke(self, chair: Chair, update: bytes, number: int) -> bytes:
        head = (
            f'451-/drafts,["update",{{"draft":{chair.draft_id},'
            f'"update":{{"_placeholder":true,"num":0}},"n":{number}}}]'
        ).encode()
        return frames.frame(frames.TEXT, head) + frames.frame(frames.BINARY, update)

    def updates(self, messages: Iterable[tuple[float, int, bytes]]) -> Iterator[tuple[float, bytes]]:
        place, left = -1, 0
        for at, opcode, payload in messages:
            if opcode == frames.BINARY:
                if place == 0:
                    yield at, payload
                place, left = place - 1, left - 1
            elif payload[:2] in self._HEADS:
                left = int(payload[2 : payload.index(b"-")])
                place = self._place(payload) if b'["update"' in payload[:40] else -1
            elif b'"refused"' in payload[:40]:
                raise RuntimeError(f"a stroke was refused: {payload.decode()}")

    @staticmethod
    def _place(head: bytes) -> int:
        place: int = json.loads(head[head.index(b"[") :])[1]["update"]["num"]
        return place

    def answer(self, opcode: int, payload: bytes) -> bytes:
        return frames.frame(frames.TEXT, b"3") if opcode == frames.TEXT and payload == b"2" else b""


SYNC, STEP1, STEP2, UPDATE = 0, 0, 1, 2


class YWebsocket:
    """y-protocols over a WebSocket whose path names the room."""

    def path(self, chair: Chair) -> str:
        return f"/{chair.room}"

    def head(self, _chair: Chair) -> bytes:
        return b""

    def body(self, payload: bytes) -> bytes:
        """A message without its address."""
        return payload

    def sit(self, line: Line, chair: Chair) -> tuple[bytes, int]:
        line.write(self.message(chair, STEP1, b"\0"))
        _opcode, payload = line.await_message(
            lambda message: message[0] == frames.BINARY and self.body(message[1])[:2] == bytes((SYNC, STEP2))
        )
        return bytes_at(self.body(payload), 2)[0], chair.client_id

    def message(self, chair: Chair, kind: int, content: bytes) -> bytes:
        return frames.frame(frames.BINARY, self.head(chair) + bytes((SYNC, kind)) + with_length(content))

    def stroke(self, chair: Chair, update: bytes, _number: int) -> bytes:
        return self.message(chair, UPDATE, update)

    def updates(self, messages: Iterable[tuple[float, int, bytes]]) -> Iterator[tuple[float, bytes]]:
        for at, opcode, payload in messages:
            if opcode == frames.BINARY:
                body = self.body(payload)
                if body[0] == SYNC and body[1] in (STEP2, UPDATE):
                    yield at, bytes_at(body, 2)[0]

    def answer(self, opcode: int, payload: bytes) -> bytes:
        return frames.frame(frames.PONG, payload) if opcode == frames.PING else b""


class Hocuspocus(YWebsocket):
    """The same behind the document's name in each message, and a token first (any: no server asks for one here)."""

    def path(self, chair: Chair) -> str:
        return "/"

    def head(self, chair: Chair) -> bytes:
        return with_length(chair.room.encode())

    def body(self, payload: bytes) -> bytes:
        size, at = varint(payload, 0)
        return payload[at + size :]

    def sit(self, line: Line, chair: Chair) -> tuple[bytes, int]:
        auth, token = 2, 0
        line.name_room()
        line.write(
            frames.frame(frames.BINARY, self.head(chair) + bytes((auth, token)) + with_length(b"benchmark"))
        )
        return super().sit(line, chair)
