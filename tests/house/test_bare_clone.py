"""One command on a bare clone: what the README promises, done as a newcomer would.

Fetches every package, so it is a long run (`make soak`).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.house.tree import ROOT

FIRST_START_SECONDS = 600
SECOND_START_SECONDS = 5  # docs: "a second start takes less than five seconds"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@contextmanager
def running(clone: Path, home: Path, port: int, patience: float) -> Iterator[tuple[str, float]]:
    """`make run` in a clone: (address, seconds until it answered). Ends as a person does, with Ctrl-C."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    surroundings |= {"HOME": str(home), "PORT": str(port)}
    for name in ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MAKEFLAGS", "MAKELEVEL"):
        surroundings.pop(name, None)
    url, begun = f"http://127.0.0.1:{port}", time.monotonic()
    with (clone.parent / f"run-{port}.log").open("w+") as log:
        server = subprocess.Popen(
            ["make", "run"], cwd=clone, env=surroundings, stdout=log, stderr=log, start_new_session=True
        )
        try:
            while True:
                try:
                    if get(f"{url}/healthz")[0] == 200:
                        break
                except OSError:
                    pass
                log.seek(0)
                assert server.poll() is None, f"make run ended:\n{log.read()}"
                assert time.monotonic() - begun < patience, f"no answer after {patience} s:\n{log.read()}"
                time.sleep(0.1)
            yield url, time.monotonic() - begun
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGINT)
                server.wait(timeout=30)


@pytest.mark.soak
@pytest.mark.timeout(FIRST_START_SECONDS + 120)
def test_one_command_on_a_bare_clone(tmp_path: Path) -> None:
    clone, home = tmp_path / "clone", tmp_path / "home"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    home.mkdir()
    with running(clone, home, free_port(), FIRST_START_SECONDS) as (url, _seconds):
        status, front = get(f"{url}/")
        assert status == 200
        article = re.search(r'href="(/fiches/[a-z0-9-]+)"', front)
        assert article is not None, "the front page of the demonstration leads to an article"
        assert get(url + article.group(1))[0] == 200
    with running(clone, home, free_port(), FIRST_START_SECONDS) as (url, seconds):
        assert seconds < SECOND_START_SECONDS, f"the second start took {seconds:.1f} s"
        assert get(url + article.group(1))[0] == 200
    written = sorted(str(path.relative_to(home)) for path in home.rglob("*"))
    assert written == [], f"this was written in the home folder: {written}"
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, check=True, capture_output=True, text=True
    )
    assert changed.stdout == "", f"make run leaves traces git would commit:\n{changed.stdout}"
