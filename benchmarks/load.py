"""The load generator: one process, plain sockets, one loop for every kind of server.

While the clock runs a client keeps what came and when, nothing else; everything is read afterwards. So a client costs
the same and little, whatever the server says to it.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.dialects import Chair, Dialect, Message
from benchmarks.frames import CLOSE, Reader, upgrade

PATIENCE = 30.0
CHUNK = 1 << 18
# Nothing heard for so long: everything on the way has come.
QUIET = 0.4
# A ping is no longer than this: with hundreds of clients there is always one, and it says nothing of what is on the way.
PING_BYTES = 4


class Lost(Exception):
    """A connection ended, or an answer did not come."""


@dataclass
class Client:
    """One seat. `heard` holds what came since it was last read: (when, bytes)."""

    chair: Chair
    dialect: Dialect
    port: int
    state: bytes = b""
    client_id: int = 0
    heard: list[tuple[float, bytes]] = field(default_factory=list)
    # When the server was told which room is meant.
    named_at: float = 0.0

    def __post_init__(self) -> None:
        self.reader = Reader()
        self._waiting: list[Message] = []

    def connect(self) -> None:
        """Open the WebSocket and leave it there."""
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name_room()
        self.socket.sendall(
            upgrade(f"127.0.0.1:{self.port}", self.dialect.path(self.chair), self.chair.cookie)
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = self.socket.recv(CHUNK)
            if not data:
                break
            answer += data
        head, _, rest = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise Lost(f"no WebSocket: {head[:200]!r}")
        if rest:
            self._keep(rest)

    def sit(self) -> None:
        """Connect and open the room; the socket does not block from then on."""
        self.connect()
        self.state, self.client_id = self.dialect.sit(self, self.chair)
        self._waiting.clear()
        self.socket.setblocking(False)

    def name_room(self) -> None:
        self.named_at = time.perf_counter()

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def await_message(self, wanted: Callable[[Message], bool]) -> Message:
        """The next message that is wanted; those before it are of no interest."""
        while True:
            while self._waiting:
                message = self._waiting.pop(0)
                if message[0] == CLOSE:
                    raise Lost(f"closed: {message[1]!r}")
                if wanted(message):
                    return message
            data = self.socket.recv(CHUNK)
            if not data:
                raise Lost("the server hung up")
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        self._waiting += list(self.reader.feed(data))

    def messages(self) -> list[tuple[float, int, bytes]]:
        """What came since the last time, as messages; what must be answered is answered."""
        found = [(at, *message) for at, data in self.heard for message in self.reader.feed(data)]
        self.heard.clear()
        for _at, opcode, payload in found:
            answer = self.dialect.answer(opcode, payload)
            if answer:
                self.socket.sendall(answer)
        return found


@dataclass(frozen=True)
class Event:
    """Something to write at a moment of the window."""

    at: float
    client: int
    data: bytes


class Crowd:
    """All clients of a run."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self._poll = select.epoll()
        self._by_fd: dict[int, tuple[Callable[[int], bytes], list[tuple[float, bytes]]]] = {}

    def seat(self, client: Client) -> Client:
        client.sit()
        self.clients.append(client)
        number = client.socket.fileno()
        self._by_fd[number] = (client.socket.recv, client.heard)
        self._poll.register(number, select.EPOLLIN)
        self.hear(0)
        return client

    def hear(self, timeout: float) -> int:
        """Keep what has come, waiting for it at most `timeout` seconds: how many reads brought more than a ping."""
        events = self._poll.poll(timeout)
        by_fd, clock, count = self._by_fd, time.perf_counter, 0
        for number, _flags in events:
            recv, heard = by_fd[number]
            data = recv(CHUNK)
            if not data:
                raise Lost("the server hung up on a client")
            heard.append((clock(), data))
            count += len(data) > PING_BYTES
        return count

    def until_quiet(self, longest: float) -> bool:
        """Keep what comes until nothing does for `QUIET` seconds; False when that takes longer than `longest`."""
        give_up = time.perf_counter() + longest
        silent_since = time.perf_counter()
        while time.perf_counter() - silent_since < QUIET:
            if self.hear(QUIET):
                silent_since = time.perf_counter()
            if time.perf_counter() > give_up:
                return False
        return True

    def play(self, events: Sequence[Event]) -> list[float]:
        """Write each event at its moment and keep what comes meanwhile: when each was written."""
        clock, hear = time.perf_counter, self.hear
        written: list[float] = []
        gc.collect()
        gc.disable()
        try:
            begin = clock() + 0.05
            for event in events:
                due = begin + event.at
                while (wait := due - clock()) > 0:
                    hear(wait)
                written.append(clock())
                self._send(self.clients[event.client].socket, event.data)
        finally:
            gc.enable()
        return written

    def _send(self, connection: socket.socket, data: bytes) -> None:
        sent = 0
        while sent < len(data):
            try:
                sent += connection.send(data[sent:] if sent else data)
            except BlockingIOError:
                self.hear(0.001)

    def forget(self) -> None:
        """Throw away what came before the clock runs, and answer what must be answered."""
        for client in self.clients:
            client.messages()

    def read(self) -> None:
        """The same, but a stroke that was refused is an error."""
        for _number, _updates, _count in self.updates():
            pass

    def updates(self) -> Iterator[tuple[int, list[tuple[float, bytes]], int]]:
        """(client, its updates and when they came, how many messages) of what was kept."""
        for number, client in enumerate(self.clients):
            messages = client.messages()
            yield number, list(client.dialect.updates(messages)), len(messages)

    def close(self) -> None:
        for client in self.clients:
            client.socket.close()
        self._poll.close()
