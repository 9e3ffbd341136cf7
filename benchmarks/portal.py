"""What reading costs: one address read on open connections, of ours and of servers that answer with a page as well."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from benchmarks.dialects import OpenLab
from benchmarks.measures import Numbers, Run
from benchmarks.reader import Readers
from benchmarks.servers import PEERS, WAGTAIL_PYTHON, Server, machine_busy, our_article, ours

READERS = 8
WARM_SECONDS = 1.0
# Before memory is compared, everything a process keeps for reading is there.
WARM_READS, READS = 10_000, 100_000


@contextmanager
def served(run: Run) -> Iterator[tuple[Server, str]]:
    """A server that runs, and the address that is read."""
    server, path = _prepared(run)
    try:
        server.start()
        yield server, path
    finally:
        server.remove()


def _prepared(run: Run) -> tuple[Server, str]:
    if run.kind == "flask-hello":
        # Not a dialect of typing is spoken here: the field is what all servers have.
        return Server(run.kind, (sys.executable, "flask_hello.py"), OpenLab(), keeps=False), "/"
    if run.kind == "wagtail":
        server = Server(run.kind, (str(WAGTAIL_PYTHON), "wagtail_site.py"), OpenLab())
        text = server.folder / "article.html"
        text.write_text(_article_text(run.tree), encoding="utf-8")
        subprocess.run(  # nosec B603 # a program and arguments of the bench's own
            [WAGTAIL_PYTHON, "wagtail_site.py", "prepare", text], cwd=PEERS, check=True, capture_output=True,
            env={"FOLDER": str(server.folder), "PATH": ""},
        )  # fmt: skip
        return server, "/"
    server = ours(run.tree, run.kind)
    return server, str(json.loads(our_article(server))["path"])


@cache
def _article_text(tree: Path) -> str:
    """The HTML of the article that ours shows, so that both send the same text."""
    server = ours(tree)
    try:
        return str(json.loads(our_article(server))["body"])
    finally:
        server.remove()


def reading(run: Run) -> Numbers:
    """Requests a second, and µs of server for each, of one page that everybody reads."""
    with served(run) as (server, path):
        readers = Readers(server.port, path, READERS)
        try:
            readers.read(seconds=WARM_SECONDS)
            _until_rested(server)
            gc.collect()
            busy, server_cpu, own_cpu = machine_busy(), server.cpu(), time.process_time()
            began = time.perf_counter()
            count = readers.read(seconds=run.seconds)
            seconds = time.perf_counter() - began
            server_cpu, own_cpu = server.cpu() - server_cpu, time.process_time() - own_cpu
            others = max(0.0, machine_busy() - busy - server_cpu - own_cpu)
        finally:
            readers.close()
    return {
        "requests_per_second": round(count / seconds),
        "us_per_request": round(server_cpu * 1e6 / count, 1),
        # What the server would answer with a processor to itself, whoever else was there meanwhile.
        "requests_per_cpu_second": round(count / server_cpu),
        "kilobytes": round(readers.answer.size / 1000, 1),
        "server_percent": round(100 * server_cpu / seconds, 1),
        "generator_percent": round(100 * own_cpu / seconds, 1),
        "others_percent": round(100 * others / seconds, 1),
    }


def memory(run: Run) -> Numbers:
    """How much larger the processes are after another hundred thousand reads."""
    with served(run) as (server, path):
        readers = Readers(server.port, path, READERS)
        try:
            readers.read(count=WARM_READS)
            _until_rested(server)
            before = server.resident()
            readers.read(count=READS)
            _until_rested(server)
            after = server.resident()
        finally:
            readers.close()
    return {
        "megabytes_grown": round((after - before) / 1e6, 2),
        "megabytes": round(after / 1e6, 1),
        "reads": READS,
    }


def _until_rested(server: Server) -> None:
    """Until the server has nothing to do: less than 5 % of a processor for a second. Starting up is no reading."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        before = server.cpu()
        time.sleep(1.0)
        if server.cpu() - before < 0.05:
            return
