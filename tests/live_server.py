"""The real server as a child process, for tests that need sockets, crashes or a browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from config import ROOT

SECRET = "0123456789abcdef" * 4


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LiveServer:
    """`python wsgi.py` on a port of its own."""

    def __init__(
        self,
        data_dir: Path,
        database_url: str,
        *,
        demo: bool = False,
        traced: bool = False,
        port: int = 0,
        **environ: str,
    ) -> None:
        self.data_dir, self.demo, self.traced = data_dir, demo, traced
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **os.environ,
            "DATA_DIR": str(data_dir),
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
            "SECRET_KEY": SECRET,
            **environ,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data_dir / f"server-{self.port}.log"

    def start(self, timeout: float = 30) -> LiveServer:
        with self.log.open("ab") as log:
            program = "tests/traced_server.py" if self.traced else "wsgi.py"
            arguments = [sys.executable, program, *(["--demo"] if self.demo else [])]
            self.process = subprocess.Popen(arguments, cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        give_up = time.monotonic() + timeout
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                    if answer.status == 200:
                        return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not come up:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """kill -9: no goodbye."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, timeout: float = 12) -> int:
        """SIGTERM, and the exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout)
            said = self.log.read_text()
            assert "SWITCHED INSIDE A WRITE TRANSACTION" not in said, said[-6000:]
            return status
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
