"""The client that reads: a few connections that stay open, one request on each at a time, plain sockets.

Every answer of one address has a body of the same length, so nothing is parsed while the clock runs: a client counts bytes,
and looks at the beginning and the end of each answer. It costs a few microseconds a read, whoever serves it.
"""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass

from benchmarks.load import PATIENCE, Lost

CHUNK = 1 << 18
# As a browser asks: every server may compress.
HEADERS = (
    "Host: 127.0.0.1\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\nAccept-Language: fr\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\n"
)
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """How the answer of an address looks: its size on the line, and the last bytes of it."""

    size: int
    body: int
    end: bytes


class Readers:
    """So many connections that ask one address again and again."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self.request = f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode()
        self.sockets = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(count)]
        for connection in self.sockets:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Whoever makes a page once and keeps it has made it by the second time.
        self._first(self.sockets[0])
        self.answer = self._first(self.sockets[0])

    def _first(self, connection: socket.socket) -> Answer:
        connection.sendall(self.request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += _some(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise Lost(f"no page: {head[:300]!r}")
        while len(body) < int(length.group(1)):
            body += _some(connection)
        return Answer(len(head) + 4 + len(body), len(body), body[-8:])

    def read(self, seconds: float = 0.0, count: int = 0) -> int:
        """Read for so long, or so often: how many pages came. Raises Lost when an answer is not the one expected."""
        length, end, request = self.answer.body, self.answer.end, self.request
        done, clock = 0, time.perf_counter
        until = clock() + seconds if seconds else float("inf")
        while clock() < until and (not count or done < count):
            # While one answer is read, the server makes the next.
            for connection in self.sockets:
                connection.send(request)
            for connection in self.sockets:
                data = connection.recv(CHUNK)
                if not data.startswith(b"HTTP/1.1 200"):
                    raise Lost(f"no page: {data[:200]!r}")
                # Where the body begins is looked for, since heads differ: one that says its age grows by a digit at ten.
                have, size = len(data), data.find(b"\r\n\r\n") + 4 + length
                while have < size:
                    data = _some(connection)
                    have += len(data)
                if have != size or data[-8:] != end[-len(data) :]:
                    raise Lost(f"an answer of {have} bytes, where {size} were to come")
            done += len(self.sockets)
        return done

    def close(self) -> None:
        for connection in self.sockets:
            connection.close()


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(CHUNK)
    if not data:
        raise Lost("the server hung up on a reader")
    return data
