"""A morning's load: `python -m benchmarks.morning`. 300 agents of 40 labs at the tables of 60 open drafts, 5,000 readers a
minute who also like, comment and search, on PostgreSQL and Redis, in two processes that share the machine with them.

The load grows from that morning, typing and reading by the same factor, until something no longer holds: a letter that is
seen late (p95 over 250 ms), a page that comes late (p95 over one second), or anything that fails. `TEST_DATABASE_URL` names a
PostgreSQL server (a database of the bench's own is made and dropped), `TEST_REDIS_URL` a Redis.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import replace
from typing import Any

from benchmarks import report, servers
from benchmarks.dialects import OpenLab
from benchmarks.load import Lost
from benchmarks.measures import CEILING_MS, WARM_SECONDS
from benchmarks.typists import first_state
from benchmarks.window import Failed, Shape, Table, play, play_on
from config import ROOT
from tests.live_server import SECRET, free_port
from tests.postgresql import own_database

AGENTS, LABS, DRAFTS, SEATS = 300, 40, 60, 5
# Two of the five at a table write at once, two keys a second with their pauses; the others read along.
TYPING, KEYS = 2, 2.0
READS_A_MINUTE = 5_000
PROCESSES = 2
FACTORS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
PAGE_MS = 1_000.0
WATCHED = (
    "openlab_loop_stall_longest_seconds",
    "openlab_outbox_waiting",
    "openlab_jobs_overdue",
    "openlab_jobs_failing",
    "process_resident_memory_bytes",
)


class House(servers.Server):
    """Several processes on one database, none of them kept to a processor."""

    def __init__(self, database_url: str, redis_url: str, processes: int) -> None:
        super().__init__("ours", (sys.executable, "wsgi.py"), OpenLab(), cwd=ROOT)
        self.environ = {
            "DATA_DIR": str(self.folder / "data"),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": SECRET,
            "DEMO": "0",
            "TRUSTED_PROXIES": "1",
        }
        self.ports = [free_port() for _ in range(processes)]
        self.others: list[servers.Server] = []

    def start(self, *, pinned: bool = False) -> House:
        for port in self.ports:
            one = servers.Server(self.name, self.command, self.dialect, dict(self.environ), self.cwd)
            one.port = port
            one.start(pinned=pinned)
            self.others.append(one)
        return self

    def processes(self) -> list[int]:
        return [pid for one in self.others for pid in one.processes()]

    def remove(self) -> None:
        for one in self.others:
            one.remove()
        super().remove()


def scene(house: House) -> dict[str, Any]:
    """Everybody and everything of the morning; the chairs of the house are set."""
    start = house.folder / "start.bin"
    start.write_bytes(first_state())
    made: dict[str, Any] = json.loads(
        servers.made(house, "morning_scene.py", AGENTS, LABS, DRAFTS, SEATS, start)
    )
    house.chairs = [
        replace(chair, port=house.ports[number % len(house.ports)])
        for number, chair in enumerate(servers.chairs_of(made, SEATS))
    ]
    return made


def at_once(
    table: Table, house: House, articles: list[str], factor: float, seconds: float, step: int
) -> dict[str, Any]:
    """Typing and reading together, `factor` times that morning: the numbers of both."""
    readers = subprocess.Popen(  # nosec B603 # a program and arguments of the bench's own
        [sys.executable, "-m", "benchmarks.morning_public", ",".join(map(str, house.ports)), str(seconds),
         str(READS_A_MINUTE * factor), ",".join(articles)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        window = play_on(table, KEYS * factor, seconds, seed=step + 1)
    finally:
        said, _ = readers.communicate(timeout=seconds + 120)
    typed, public = window.numbers(), json.loads(said)
    return {
        "keys_per_second": typed["keys_per_second"],
        "letters": {name: typed[name] for name in ("p50_ms", "p95_ms", "p99_ms")},
        "app_processes_percent": typed["cpu_percent"],
        "database_redis_and_others_percent": round(typed["others_percent"] - public["processor_percent"], 1),
        "generators_percent": round(typed["generator_percent"] + public["processor_percent"], 1),
        "reads_a_minute": round(READS_A_MINUTE * factor),
        "pages": public["kinds"],
        "watched": {port: _watched(port) for port in house.ports},
    }  # fmt: skip


def broken(found: dict[str, Any]) -> list[str]:
    """What no longer held, in words."""
    said = []
    if found["letters"]["p95_ms"] >= CEILING_MS:
        said.append(f"letters: p95 {found['letters']['p95_ms']} ms")
    for kind, numbers in found["pages"].items():
        if numbers["p95_ms"] >= PAGE_MS:
            said.append(f"{kind}: p95 {numbers['p95_ms']} ms")
        if numbers["failed"]:
            said.append(f"{kind}: {numbers['failed']} failed")
    return said


def _watched(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:  # nosec B310 # the bench's own server
        lines = answer.read().decode().splitlines()
    return {
        name: float(line.split()[-1]) for name in WATCHED for line in lines if line.startswith(f"{name} ")
    }


def measure(seconds: float, database_url: str, redis_url: str, processes: int) -> dict[str, Any]:
    """Each factor in turn, until one does not hold."""
    house = House(database_url, redis_url, processes)
    steps: dict[str, Any] = {}
    first_to_give: list[str] = []
    table: Table | None = None
    try:
        made = scene(house)
        table = Table("ours", Shape(DRAFTS, SEATS, TYPING), server=house)
        play(table, KEYS, WARM_SECONDS, seed=99)
        for step, factor in enumerate(FACTORS):
            try:
                found = at_once(table, house, made["articles"], factor, seconds, step)
            except (Failed, Lost, OSError, RuntimeError) as reason:
                first_to_give = [f"letters: {reason}"]
                break
            steps[f"morning_times_{factor:g}"] = found
            print(f"× {factor:g}: {json.dumps(found)}")
            first_to_give = broken(found)
            if first_to_give:
                break
    finally:
        if table is not None:
            table.close()
        else:
            house.remove()
    return {
        **steps,
        "morning_gives_first": {"at": f"× {factor:g}", "what": first_to_give or ["nothing, up to here"]},
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.morning", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of each factor")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="of ours")
    given = parser.parse_args()
    redis_url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
    results: dict[str, Any] = {
        "command": f"python -m benchmarks.morning --seconds {given.seconds:g} --processes {given.processes}",
        "circumstances": report.circumstances(),
        "morning": {
            "agents": AGENTS, "labs": LABS, "drafts_open": DRAFTS, "seats_each": SEATS, "typing_each": TYPING,
            "keys_a_second_each": KEYS, "reads_a_minute": READS_A_MINUTE, "processes": given.processes,
            "database": "PostgreSQL", "redis": True,
        },
    }  # fmt: skip
    with servers.before_others() as preferred, own_database() as database_url:
        results["circumstances"]["preferred"] = preferred
        results |= measure(given.seconds, database_url, redis_url, given.processes)
    for path in report.write(results):
        print(f"written: benchmarks/results/{path.name}")
    return 0 if "morning_times_1" in results and not broken(results["morning_times_1"]) else 1


if __name__ == "__main__":
    sys.exit(main())
