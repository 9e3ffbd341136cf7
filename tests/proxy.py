"""A user-space proxy between a browser and the server: cuts the line, slows it, refuses WebSockets, or keeps them mute."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from enum import StrEnum


class Line(StrEnum):
    GOOD = "good"
    CUT = "cut"
    NO_WEBSOCKET = "no_websocket"
    MUTE_WEBSOCKET = "mute_websocket"
    SLOW = "slow"


# What a slow line carries, bytes a second, each way.
SLOW_BYTES = 800_000


class Proxy:
    """Listens on a port of its own; `line` may change at any moment, and cutting closes what is open."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.line = Line.GOOD
        self.open: set[socket.socket] = set()
        self.refused_websockets = self.muted_websockets = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        # A line that holds megabytes under way would be slow for nobody.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.line = Line.CUT
        for end in list(self.open):
            self._drop(end)

    def restore(self) -> None:
        self.line = Line.GOOD

    def close(self) -> None:
        self.cut()
        self.listener.close()

    def _drop(self, end: socket.socket) -> None:
        self.open.discard(end)
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            if self.line is Line.CUT:
                client.close()
            else:
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.open.add(client)
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                part = client.recv(65536)
                if not part:
                    return self._drop(client)
                head += part
            is_websocket = b"upgrade: websocket" in head.lower()
            if is_websocket and self.line is Line.NO_WEBSOCKET:
                self.refused_websockets += 1
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return self._drop(client)
            server = socket.create_connection(("127.0.0.1", self.upstream))
        except OSError:
            return self._drop(client)
        self.open.add(server)
        server.sendall(head)
        if is_websocket and self.line is Line.MUTE_WEBSOCKET:
            self.muted_websockets += 1
            answer = server.recv(65536)
            client.sendall(answer[: answer.index(b"\r\n\r\n") + 4])
            while client.recv(65536):  # swallows everything, in both directions
                pass
            return self._drop(client)
        threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
        self._pump(client, server)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
                if self.line is Line.SLOW:
                    time.sleep(len(part) / SLOW_BYTES)
        self._drop(source)
        self._drop(target)
