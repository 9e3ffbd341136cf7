"""A bad line: it delays, throttles, cuts, sends to this server or that, and repeats requests that poll."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time

from tests.proxy import Proxy

PIECE = 2048


class RoughProxy(Proxy):
    """`ports`: a WebSocket goes to any of these servers, as without sticky sessions; polling to the first."""

    def __init__(self, ports: list[int], chance: random.Random) -> None:
        self.ports, self.chance = ports, chance
        # Up to so many seconds for each piece, and so many bytes a second (None: as fast as it goes).
        self.delay = 0.0
        self.rate: float | None = None
        self.repeat = 0.0
        self.cuts = self.repeated = 0
        super().__init__(ports[0])

    def cut_some(self, share: float) -> None:
        for end in list(self.open):
            if self.chance.random() < share:
                self.cuts += 1
                self._drop(end)

    def _serve(self, client: socket.socket) -> None:
        self.open.add(client)
        try:
            head = self._until(client, b"", b"\r\n\r\n")
            is_websocket = b"upgrade: websocket" in head.lower()
            server = socket.create_connection(
                ("127.0.0.1", self.chance.choice(self.ports) if is_websocket else self.ports[0])
            )
        except OSError:
            return self._drop(client)
        self.open.add(server)
        threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
        if is_websocket:
            with contextlib.suppress(OSError):
                server.sendall(head)
            return self._pump(client, server)
        with contextlib.suppress(OSError):
            while True:
                head, rest = head[: head.index(b"\r\n\r\n") + 4], head[head.index(b"\r\n\r\n") + 4 :]
                size = next(
                    (
                        int(line[15:])
                        for line in head.lower().split(b"\r\n")
                        if line.startswith(b"content-length:")
                    ),
                    0,
                )
                while len(rest) < size:
                    rest += self._more(client)
                self._forward(server, head + rest[:size])
                if self.chance.random() < self.repeat:
                    self._again(head + rest[:size])
                head = self._until(client, rest[size:], b"\r\n\r\n")
        self._drop(client)
        self._drop(server)

    def _more(self, end: socket.socket) -> bytes:
        part = end.recv(65536)
        if not part:
            raise ConnectionError
        return part

    def _until(self, end: socket.socket, data: bytes, mark: bytes) -> bytes:
        while mark not in data:
            data += self._more(end)
        return data

    def _again(self, request: bytes) -> None:
        """The same request once more, on another connection; nobody reads the answer."""
        self.repeated += 1
        with (
            socket.create_connection(("127.0.0.1", self.ports[0]), timeout=1) as end,
            contextlib.suppress(OSError),
        ):
            end.sendall(request)
            end.recv(65536)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(PIECE):
                self._forward(target, part)
        self._drop(source)
        self._drop(target)

    def _forward(self, target: socket.socket, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            pause = self.chance.uniform(0, self.delay) + (len(piece) / self.rate if self.rate else 0.0)
            if pause > 0.0005:
                time.sleep(pause)
            target.sendall(piece)
