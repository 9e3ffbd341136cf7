"""A PostgreSQL of a test's own, in a folder of its own: to be stopped, to lose its power, to be started again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.live_server import free_port

# Small files, so that a cluster fits on a small disk; fsync and synchronous_commit stay as they come: on.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 16MB
min_wal_size = 4MB
max_wal_size = 32MB
"""


def binaries() -> Path | None:
    """Where initdb is: on PATH, or where Debian puts it."""
    found = shutil.which("initdb")
    candidates = [Path(found)] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return candidates[-1].resolve().parent if candidates else None


class Cluster:
    """`folder` is its data folder; made when it is empty or missing. The user postgres must be able to reach it."""

    def __init__(self, folder: Path) -> None:
        programs = binaries()
        if programs is None:
            pytest.skip("no PostgreSQL server is installed (initdb)")
        self.programs, self.folder, self.port = programs, folder, free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        if not (folder / "PG_VERSION").exists():
            folder.mkdir(exist_ok=True)
            self._own(folder)
            self._run(
                "initdb", "-D", str(folder), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                "--locale=C.UTF-8", "--data-checksums", "--wal-segsize=1",
            )  # fmt: skip
            with (folder / "postgresql.conf").open("a") as file:
                file.write(SETTINGS)

    def start(self) -> Cluster:
        self._run(
            "pg_ctl", "-D", str(self.folder), "-w", "-t", "60", "-l", str(self.folder / "server.log"),
            "-o", f"-p {self.port}", "start",
        )  # fmt: skip
        return self

    def stop(self, mode: str = "fast") -> None:
        """`fast` ends every connection at once, `immediate` like a crash."""
        self._run("pg_ctl", "-D", str(self.folder), "-w", "-m", mode, "stop")

    def read_everything(self) -> None:
        """Read every page and check its sum, as a dump does."""
        self._run(
            "pg_dump",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
            "-f",
            "/dev/null",
            "postgres",
        )

    def _own(self, folder: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        folder.chmod(0o700)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{program}: {done.stderr}"
