"""WebSocket as the load generator speaks it: made by hand, no deflate, a mask of zeros.

A client must mask what it sends; with a mask of zeros the bytes stay as they are, which costs the generator nothing
and the servers what any mask costs them.
"""

from __future__ import annotations

from collections.abc import Iterator

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_ZERO_MASK = b"\0\0\0\0"


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole message of a client."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + _ZERO_MASK + payload


def upgrade(host: str, path: str, cookie: str = "") -> bytes:
    """The request that turns an HTTP connection into a WebSocket. It offers no extension, so nothing is deflated."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: b3BlbmxhYi1iZW5jaG1hcg==",
    ]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Reader:
    """Messages out of a stream of bytes a server sent; what is incomplete waits for the next `feed`."""

    def __init__(self) -> None:
        self._rest = b""
        self._parts: list[bytes] = []
        self._opcode = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(opcode, payload) of every message that `data` completes. Control frames come as they are."""
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        while end - at >= 2:
            first, size = data[at], data[at + 1]
            start = at + 2
            if size == 126:
                start += 2
                size = int.from_bytes(data[at + 2 : start], "big")
            elif size == 127:
                start += 8
                size = int.from_bytes(data[at + 2 : start], "big")
            elif size > 127:
                raise ValueError("a server masks nothing")
            if end < start or end - start < size:
                break
            at = start + size
            opcode, payload = first & 0x0F, data[start:at]
            if first & 0x80 and opcode:
                yield opcode, payload
            else:
                yield from self._fragment(first, opcode, payload)
        self._rest = data[at:]

    def _fragment(self, first: int, opcode: int, payload: bytes) -> Iterator[tuple[int, bytes]]:
        if opcode:
            self._opcode = opcode
        self._parts.append(payload)
        if first & 0x80:
            whole = b"".join(self._parts)
            self._parts = []
            yield self._opcode, whole
