"""A Redis of a test's own: stopped, started again, or replaced by something that is none."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import redis

from tests.live_server import free_port

CHANNEL = "openlab:whisper"


class OwnRedis:
    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-server") is None:
            pytest.skip("no redis-server is installed")
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None
        self.impostor: socket.socket | None = None

    def start(self) -> OwnRedis:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 10
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return self
            except redis.RedisError:
                assert time.monotonic() < give_up, "the Redis did not come up"
                time.sleep(0.02)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def publish(self, message: bytes) -> int:
        """How many heard it."""
        with self.client() as client:
            return int(client.publish(CHANNEL, message))

    def heard_by(self, count: int, seconds: float = 10) -> None:
        """Wait until so many processes listen."""
        give_up = time.monotonic() + seconds
        with self.client() as client:
            while dict(client.pubsub_numsub(CHANNEL))[CHANNEL.encode()] < count:
                assert time.monotonic() < give_up, "nobody listens"
                time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def replace(self) -> None:
        """In its place something answers that speaks another language."""
        self.impostor = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._babble, args=(self.impostor,), daemon=True).start()

    def _babble(self, listener: socket.socket) -> None:
        answers = [
            b":x\r\n",
            b"*99999999999\r\n",
            b"$-7\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            os.urandom(500),
            b"",
            b"*1\r\n$3\r\n",
        ]
        for number in range(1_000_000):
            try:
                end, _address = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                end.settimeout(0.5)
                end.recv(4096)
                end.sendall(answers[number % len(answers)])
            end.close()

    def restore(self) -> OwnRedis:
        assert self.impostor is not None
        self.impostor.shutdown(socket.SHUT_RDWR)
        self.impostor.close()
        return self.start()
