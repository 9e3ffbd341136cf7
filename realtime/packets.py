"""Socket.IO packets as they go out: encoded once, however many they go to and however these listen."""

from __future__ import annotations

import json
from typing import Any

import engineio.packet
from socketio import packet

from realtime.websocket import frame

_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def encoded(namespace: str, kind: int, data: list[Any], event_id: int | None = None) -> list[str | bytes]:
    """A Socket.IO packet and its attachments. `kind` is EVENT or ACK; bytes stand at the top of its dicts only.

    The library's own encoder walks every packet three times and makes a new JSON encoder for each.
    """
    attachments: list[bytes] = []
    told: list[Any] = []
    for item in data:
        if isinstance(item, dict):
            clean = {}
            for key, value in item.items():
                if isinstance(value, bytes):
                    clean[key] = {"_placeholder": True, "num": len(attachments)}
                    attachments.append(value)
                else:
                    clean[key] = value
            item = clean
        told.append(item)
    # A binary event is three kinds after an event, and a binary acknowledgement after an acknowledgement.
    head = f"{kind + 3}{len(attachments)}-" if attachments else str(kind)
    number = "" if event_id is None else event_id
    return [f"{head}{namespace},{number}{_json(told)}", *attachments]


class Message:
    """A Socket.IO packet encoded once, however many it goes to and however they listen."""

    __slots__ = ("_frames", "_packets", "parts")

    def __init__(self, parts: list[str | bytes]) -> None:
        self.parts = parts
        self._frames: bytes | None = None
        self._packets: list[engineio.packet.Packet] | None = None

    @classmethod
    def event(cls, namespace: str, name: str, payload: dict[str, Any]) -> Message:
        return cls(encoded(namespace, packet.EVENT, [name, payload]))

    @classmethod
    def stroke(cls, namespace: str, draft_id: int, update: bytes, seq: int, saved: dict[int, int]) -> Message:
        """The `update` of a tick: what nearly all messages are, and all numbers, so it is written straight."""
        told = ",".join(f'"{client_id}":{n}' for client_id, n in saved.items())
        told = f',"saved":{{{told}}}' if saved else ""
        head = f'51-{namespace},["update",{{"draft":{draft_id},"update":{{"_placeholder":true,"num":0}}'
        return cls([f'{head},"seq":{seq}{told}}}]', update])

    @property
    def frames(self) -> bytes:
        """The bytes for a WebSocket. A server's frames bear no mask, so they are the same for everybody.

        4 is what Engine.IO calls a message.
        """
        if self._frames is None:
            self._frames = b"".join(
                [frame(f"4{part}" if isinstance(part, str) else part) for part in self.parts]
            )
        return self._frames

    @property
    def packets(self) -> list[engineio.packet.Packet]:
        if self._packets is None:
            self._packets = [engineio.packet.Packet(engineio.packet.MESSAGE, part) for part in self.parts]
        return self._packets
