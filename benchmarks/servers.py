"""Servers as child processes on a processor of their own, and what they use of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.dialects import Chair, Dialect, Hocuspocus, OpenLab, YWebsocket
from config import ROOT
from tests.live_server import SECRET, free_port

PEERS = ROOT / "benchmarks" / "peers"
PEERS_PYTHON = ROOT / ".cache" / "benchmarks" / "venv" / "bin" / "python"
# Wagtail brings Django and forty others: an environment of its own again.
WAGTAIL_PYTHON = ROOT / ".cache" / "benchmarks" / "wagtail" / "bin" / "python"
# Whose pages are read; nobody types there.
READ = ("flask-hello", "wagtail")
_PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER_CPU, GENERATOR_CPU = _PROCESSORS[0], _PROCESSORS[-1]
# The nice value of our session while it measures, where the system lets us choose it.
PREFERRED = -15


def pin_generator() -> None:
    """Keep this process on a processor that no server has, where there are two."""
    os.sched_setaffinity(0, {GENERATOR_CPU})


@contextmanager
def _on_server_cpu() -> Iterator[None]:
    """What is started meanwhile, and all its children, keeps to the servers' processor."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CPU})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


@contextmanager
def before_others() -> Iterator[bool]:
    """Let the scheduler prefer this session, so that neighbours disturb less; False where that is not allowed.

    The servers are children of this process: all of them and the generator are preferred alike. Linux weighs whole
    sessions against one another (autogroups), so the nice value of a process alone would change little.
    """
    group = Path("/proc/self/autogroup")
    try:
        nice = group.read_text().split()[-1]
        group.write_text(str(PREFERRED))
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        with suppress(OSError):
            group.write_text(nice)


@dataclass
class Server:
    """One server under measurement. `chairs` are made by `prepare`, before it starts."""

    name: str
    command: Sequence[str]
    dialect: Dialect
    environ: dict[str, str] = field(default_factory=dict)
    cwd: Path = PEERS
    chairs: list[Chair] = field(default_factory=list)
    keeps: bool = True

    def __post_init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))
        self.log = self.folder / "server.log"

    def start(self, *, pinned: bool = True) -> Server:
        """Started, and answering; on the servers' processor, or wherever the system puts it."""
        environ = {**os.environ, "PORT": str(self.port), "FOLDER": str(self.folder), **self.environ}
        with self.log.open("ab") as log, _on_server_cpu() if pinned else nullcontext():
            self.process = subprocess.Popen(self.command, cwd=self.cwd, env=environ, stdout=log, stderr=log)  # nosec B603 # a program and arguments of the bench's own
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and self.process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not come up:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, kept: Path) -> None:
        """Leave what the stopped server wrote, and who sat where, in `kept`."""
        kept.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "chairs.json").write_text(json.dumps([asdict(chair) for chair in self.chairs]))
        shutil.copytree(self.folder, kept)

    def take(self, kept: Path) -> None:
        """Begin from what another server left."""
        shutil.rmtree(self.folder)
        shutil.copytree(kept, self.folder)
        self.chairs = [Chair(**chair) for chair in json.loads((self.folder / "chairs.json").read_text())]

    def processes(self) -> list[int]:
        """The server and all its descendants."""
        assert self.process is not None
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):
                    todo += [int(child) for child in tasks.read_text().split()]
        return found

    def cpu(self) -> float:
        """Seconds of processor (user and system) that its processes have used, all threads together."""
        return sum(cpu_of(pid) for pid in self.processes())

    def resident(self) -> int:
        """Bytes of memory its processes hold."""
        return sum(resident_of(pid) for pid in self.processes())


def cpu_of(pid: int) -> float:
    """utime + stime of a process. The processor clock of the process has nanoseconds, /proc/PID/stat hundredths."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_of(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def machine_busy() -> float:
    """Seconds that all processors together have worked since the machine started."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = (
        int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def ours(tree: Path, name: str = "ours") -> Server:
    """Open Lab as anybody starts it: `python wsgi.py`, SQLite in its data folder."""
    server = Server(name, (sys.executable, "wsgi.py"), OpenLab(), cwd=tree)
    data = server.folder / "data"
    server.environ = {
        "DATA_DIR": str(data),
        "DATABASE_URL": f"sqlite:///{data / 'openlab.sqlite3'}",
        "SECRET_KEY": SECRET,
        "REDIS_URL": "",
        "DEMO": "0",
    }
    return server


def peer(kind: str) -> Server:
    """A peer by its short name."""
    node = ["node"]
    match kind:
        case "yws":
            return Server(kind, [*node, "y-websocket.mjs"], YWebsocket(), keeps=False)
        case "yws-leveldb":
            server = Server(kind, [*node, "y-websocket.mjs"], YWebsocket())
            server.environ = {"YPERSISTENCE": str(server.folder / "leveldb")}
            return server
        case "hocuspocus":
            return Server(kind, [*node, "hocuspocus.mjs"], Hocuspocus())
        case "hocuspocus-25":
            return Server(kind, [*node, "hocuspocus.mjs"], Hocuspocus(), {"FLUSH_DELAY": "25"})
        case "pycrdt-websocket":
            return Server(kind, [str(PEERS_PYTHON), "pycrdt_websocket_server.py"], YWebsocket())
    raise ValueError(f"no server is called {kind}")


KINDS = ("ours", "yws", "yws-leveldb", "hocuspocus", "hocuspocus-25", "pycrdt-websocket", *READ)


def install(kinds: Iterable[str]) -> None:
    """What the peers need, when it is not there: npm and pip, from the pinned lists beside their server files."""
    kinds = {kind for kind in kinds if not kind.startswith("ours")}
    if kinds - {"pycrdt-websocket", *READ} and not (PEERS / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=PEERS, check=True)  # nosec B603 B607 # a program and arguments of the bench's own
    for kind, python, wanted in (
        ("pycrdt-websocket", PEERS_PYTHON, "requirements.txt"),
        ("wagtail", WAGTAIL_PYTHON, "wagtail-requirements.txt"),
    ):
        if kind in kinds and not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)  # nosec B603 # a program and arguments of the bench's own
            subprocess.run([python, "-m", "pip", "install", "-q", "-r", str(PEERS / wanted)], check=True)  # nosec B603 # a program and arguments of the bench's own


def versions(tree: Path) -> dict[str, str]:
    """Of the peers, of what runs them, and the commit of ours."""
    pinned = json.loads((PEERS / "package.json").read_text())["dependencies"]
    lines = [
        line
        for name in ("requirements.txt", "wagtail-requirements.txt")
        for line in (PEERS / name).read_text().splitlines()
    ]
    named = ("pycrdt-", "uvicorn", "uvloop", "websockets", "wagtail==", "Django==")
    pinned |= dict(line.split("==") for line in lines if line.startswith(named))
    for name, command in (
        ("node", ["node", "--version"]),
        ("ours", ["git", "describe", "--always", "--dirty"]),
    ):
        said = subprocess.run(command, cwd=tree, capture_output=True, check=False, text=True)  # nosec B603 # a program and arguments of the bench's own
        pinned[name] = said.stdout.strip()
    return pinned


def installed_key(kind: str, tree: Path) -> str:
    """Names what is installed: a folder that another version wrote is of no use to this one."""
    if kind.startswith("ours"):
        said = b"".join(
            path.read_bytes()
            for room in ("migrations", "drafts")
            for path in sorted((tree / room).rglob("*.py"))
        )
    else:
        said = (PEERS / "package-lock.json").read_bytes() + (PEERS / "requirements.txt").read_bytes()
    return hashlib.sha256(said).hexdigest()[:12]


def prepared(kind: str, rooms: int, seats: int, state: bytes, tree: Path, people: int = 0) -> Server:
    """A server with `rooms` rooms of `seats` seats, each room holding `state` or ready to be given it; not started.

    In ours every seat is a person of its own, unless `people` says how many there are.
    """
    if kind.startswith("ours"):
        server = ours(tree, kind)
        try:
            server.chairs = _our_chairs(server, rooms, seats, state, people or rooms * seats)
        except BaseException:
            server.remove()
            raise
        return server
    server = peer(kind)
    server.chairs = [
        Chair(f"room{room}", client_id=1_000_000 + room * seats + seat)
        for room in range(rooms)
        for seat in range(seats)
    ]
    return server


def _our_chairs(server: Server, rooms: int, seats: int, state: bytes, people: int) -> list[Chair]:
    return chairs_of(our_scene(server, rooms, seats, state, people), seats)


def our_scene(
    server: Server, rooms: int, seats: int, state: bytes, people: int, *more: str
) -> dict[str, Any]:
    """Drafts, people and sign-ins, made through the services of the tree that will serve them."""
    start = server.folder / "start.bin"
    start.write_bytes(state)
    said = made(server, "our_scene.py", rooms, seats, start, people, *more)
    scene: dict[str, Any] = json.loads(said)
    return scene


def our_article(server: Server) -> str:
    """The article that is read, published in the same way: what `our_article.py` says of it."""
    return made(server, "our_article.py")


def made(server: Server, program: str, *arguments: object) -> str:
    """The last line of a program that fills the database of ours before it starts."""
    (server.folder / "data").mkdir()
    made = subprocess.run(  # nosec B603 # a program and arguments of the bench's own
        [sys.executable, str(ROOT / "benchmarks" / program), *map(str, arguments)],
        cwd=server.cwd,
        env={**os.environ, **server.environ, "PYTHONPATH": str(server.cwd)},
        capture_output=True,
        check=False,
    )
    if made.returncode:
        raise RuntimeError(made.stderr.decode()[-4000:])
    return made.stdout.decode().splitlines()[-1]


def chairs_of(scene: dict[str, Any], seats: int) -> list[Chair]:
    return [
        Chair(f"room{room}", cookie=f"openlab={scene['tokens'][room * seats + seat]}", draft_id=draft)
        for room, draft in enumerate(scene["drafts"])
        for seat in range(seats)
    ]
