"""Files of a copy on the disk: each appears whole or not at all, and none is written through a link that leads elsewhere."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

# The same for every file, so that what a killed run leaves behind is one file, and the next run overwrites it.
TEMPORARY = ".openlab-site.tmp"


class InTheWay(Exception):
    """Something stands where a file is to be written; the argument names it."""


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(folder: Path, name: str, content: bytes, *, durable: bool = False) -> None:
    """Write one file in the place of the one before. `durable`: it is on the disk when this returns."""
    target = folder / name
    _make_room(folder, target.parent)
    if target.is_symlink() or target.is_dir():
        raise InTheWay(f"{target} is no plain file")
    temporary = folder / TEMPORARY
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    # Made anew, so that nobody has put a link there; readable by the server of files, whoever runs it.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    os.replace(temporary, target)


def _make_room(folder: Path, wanted: Path) -> None:
    """The folders down to `wanted`, none of which may be a link or a file."""
    if wanted == folder:
        return
    _make_room(folder, wanted.parent)
    if wanted.is_symlink() or (wanted.exists() and not wanted.is_dir()):
        raise InTheWay(f"{wanted} is no plain folder")
    wanted.mkdir(exist_ok=True)


def is_there(folder: Path, name: str, size: int) -> bool:
    """Whether a file has the length it was written with."""
    try:
        found = (folder / name).lstat()
    except OSError:
        return False
    return found.st_size == size and not (folder / name).is_symlink()


def remove(folder: Path, name: str, sha256: str) -> bool:
    """Take away a file of ours, and the folders that are empty then. False: somebody has changed it since, so it stays."""
    path = folder / name
    for parent in path.parents:
        if parent == folder:
            break
        if parent.is_symlink():
            return False
    if not path.is_symlink() and path.is_file():
        if sha256 and digest(path.read_bytes()) != sha256:
            return False
        path.unlink()
    elif path.is_symlink() or path.exists():
        return False
    for parent in path.parents:
        if parent == folder:
            break
        try:
            parent.rmdir()
        except OSError:
            break
    return True
