"""The machine: its zone, its disk, who may read what, and whether children can be started."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app import clock
from app.doctor.findings import Finding, note, ok, wrong
from config import ROOT, Settings
from drafts import seal
from drafts.child import Child, ChildDied
from publish.health import LEAST_FREE_BYTES

# A year of the log of a busy instance (docs/benchmarks.md) and the time to notice.
COMFORTABLE_FREE_BYTES = 1024**3
# A commit of the live table waits for one of these; docs/metrics.md has an alert at 250 ms.
SLOW_FSYNC_SECONDS = 0.1
# SQLite's write-ahead log is shared memory, which these do not share (https://sqlite.org/wal.html, "Overview").
NETWORK_FILES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "glusterfs", "fuse.sshfs"}
    | {"fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.davfs", "davfs"}
)
MOUNTS = Path("/proc/self/mountinfo")


def zone(_settings: Settings) -> Iterator[Finding]:
    try:
        hours = clock.now().astimezone(ZoneInfo("Pacific/Noumea")).utcoffset()
    except ZoneInfoNotFoundError:
        yield wrong("clock.zone", "the zone Pacific/Noumea is not known", "Install the package tzdata.")
        return
    if hours is None or hours.total_seconds() != 11 * 3600:
        yield wrong("clock.zone", f"Pacific/Noumea is UTC {hours}, not +11 h", "Update tzdata.")
    else:
        yield ok("clock.zone", "Pacific/Noumea is known: UTC+11")


def disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        yield wrong("disk", f"DATA_DIR {folder} is not a folder", "Make it, or set DATA_DIR.")
        return
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e9:.1f} GB are free in DATA_DIR"
    if free < LEAST_FREE_BYTES:
        yield wrong("disk.free", told, "Make room: below 50 MB the instance takes itself out (/readyz).")
    elif free < COMFORTABLE_FREE_BYTES:
        yield note("disk.free", told, "Make room before it is needed.")
    else:
        yield ok("disk.free", told)
    yield _written(folder)
    kind = _file_system(folder)
    if kind in NETWORK_FILES and settings.is_sqlite:
        yield wrong(
            "disk.kind", f"SQLite lies on {kind}, over the network", "Use a local disk, or PostgreSQL."
        )
    elif kind:
        yield ok("disk.kind", f"DATA_DIR lies on {kind}")


def _written(folder: Path) -> Finding:
    """Write a file, have it on the disk, take it away: three times, of which the middle one counts."""
    path = folder / f".doctor-{os.getpid()}"
    taken = []
    try:
        for _ in range(3):
            began = time.perf_counter()
            with path.open("wb") as file:
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
            path.unlink()
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return wrong(
            "disk.write",
            f"DATA_DIR takes no file: {error.strerror}",
            "Let the server's user write there (chown, mount without ro), and see that the disk is well.",
        )
    middle = sorted(taken)[1]
    told = f"4 kB are on the disk after {middle * 1000:.1f} ms"
    if middle > SLOW_FSYNC_SECONDS:
        return note("disk.write", told, "Everybody who types waits for that: a faster disk helps.")
    return ok("disk.write", told)


def _file_system(folder: Path) -> str:
    """The kind of file system a folder lies on, as Linux names it; "" where that is not to be known."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        left, _dash, right = line.partition(" - ")
        # The place of a mount is the fifth word, in which a space is written \040 (proc(5)).
        place = left.split()[4].replace("\\040", " ")
        if folder.resolve().is_relative_to(place) and len(place) >= len(best):
            best, kind = place, right.split()[0]
    return kind


def permissions(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        return
    there = folder.stat()
    secrets = [
        path for path in (folder / "secret_key", *sorted((folder / "keys").glob("*.pem"))) if path.exists()
    ]
    if settings.is_sqlite:
        secrets += sorted(folder.glob("*.sqlite3*"))
    private = stat.S_IRWXG | stat.S_IRWXO
    keys = [path for path in secrets if path.suffix == ".pem" or path.name == "secret_key"]
    if open_keys := [path.name for path in keys if path.stat().st_mode & private]:
        yield wrong(
            "permissions.keys",
            f"others than the server's user may open {', '.join(open_keys[:5])}",
            "chmod 600 these files; if others were on this machine: flask --app wsgi key-rotate.",
        )
    else:
        yield ok("permissions.keys", f"{len(keys)} files of keys, for the server's user alone")
    if there.st_mode & stat.S_IRWXO:
        told, do = "everybody on this machine may look into DATA_DIR", f"chmod 700 {folder}"
        # On a loopback address it is somebody's demonstration on a machine of their own.
        yield (note if settings.is_loopback else wrong)("permissions.folder", told, do)
    else:
        yield ok("permissions.folder", "DATA_DIR is closed to others")
    if strangers := [path.name for path in secrets if path.stat().st_uid != there.st_uid]:
        yield wrong(
            "permissions.owner",
            f"{', '.join(strangers[:5])}: of another user than DATA_DIR",
            "A command was run as another user: chown them, and run commands as the server's user.",
        )
    elif there.st_uid != os.geteuid():
        yield note("permissions.owner", "this command is not run by the user whose DATA_DIR is", "")


def children(_settings: Settings) -> Iterator[Finding]:
    """The child in which texts are opened, and the worker: its program is whole, and a Python can be started for it."""
    child = Child(seconds=15, memory=2 * 1024**3, longest=1024 * 1024)
    remedy = "Look whether the memory and the number of processes of this user are limited (ulimit -u, -v)."
    try:
        child.ask("hello", {})
        yield ok("children.texts", "a child process for texts starts and answers")
    except (OSError, ChildDied) as error:
        yield wrong("children.texts", f"no child process for texts: {type(error).__name__}", remedy)
    finally:
        child.close()
    try:
        importlib.import_module("app.worker")
        command = [sys.executable, "-c", "import app"]
        subprocess.run(command, cwd=ROOT, capture_output=True, timeout=15, check=True)  # nosec B603 # this Python
        yield ok("children.worker", "the worker can be started")
    except (OSError, subprocess.SubprocessError, ImportError):
        told = f"Run it by hand, it says why: cd {ROOT} && {sys.executable} -m app.worker"
        yield wrong("children.worker", "the worker cannot be started", told)


def bundle(_settings: Settings) -> Iterator[Finding]:
    built = ROOT / "app" / "static" / "dist"
    try:
        manifest = json.loads((built / "manifest.json").read_text(encoding="utf-8"))
        names = [
            name for value in manifest.values() for name in (value if isinstance(value, list) else [value])
        ]
        missing = [name for name in names if not (built / name).is_file()]
    except (OSError, ValueError, AttributeError):
        missing = ["manifest.json"]
    if missing:
        yield wrong("bundle", f"not built: {', '.join(missing[:5])}", "Run: make .make/bundle (or make run).")
    else:
        yield ok("bundle", f"the editor is built: {len(names)} files")


def keys(settings: Settings) -> Iterator[Finding]:
    """The key that seals: there, ours, and reached step by step from those before it."""
    path = settings.data_dir / "keys" / seal.PRIVATE
    try:
        there = path.exists()
    except OSError:
        there = True  # what stands in the way says the reading below
    if not there:
        told = "there is no key yet: it is made with the first seal"
        if any((settings.data_dir / "keys").glob("*.pub")):
            yield wrong(
                "keys",
                "the private key is gone, its public half is there",
                "Put DATA_DIR/keys back from a backup.",
            )
        else:
            yield note("keys", told)
        return
    try:
        current = seal.current_id()
    except (OSError, ValueError, RuntimeError, TypeError):
        yield wrong("keys", f"{seal.PRIVATE} is no key", "Put DATA_DIR/keys back from a backup.")
        return
    known, followed = seal.public_keys(), seal.successions()
    broken = [
        key
        for key, how in followed.items()
        if not seal.verify(how.content(key, how.by, how.at), how.signature, how.by)
    ]
    first = [key for key in known if key not in followed]
    if broken or len(first) > 1:
        yield wrong(
            "keys",
            f"{len(known)} public keys, of which {len(broken) + len(first) - 1} do not follow from the first",
            "Somebody put a key there, or one is missing: compare with a key file you exported (key-export).",
        )
    else:
        yield ok("keys", f"the key {current[:16]}… seals, trusted with {len(known) - 1} before it")
