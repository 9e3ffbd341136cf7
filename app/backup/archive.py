"""The file: a plain tar of members that are compressed one by one, then what is in it, then the digest of that.

`tar xf` opens it anywhere. The manifest comes last, when everything it says is known; a file that was cut ends before
it. Its own digest stands behind it and is printed, so that it can be noted elsewhere.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

FORMAT = "openlab-backup-1"
MANIFEST, MANIFEST_DIGEST = "manifest.json", "manifest.sha256"
# Of nine: two thirds of the bytes of the first level; the next ones take twice the time for some per cent.
LEVEL = 6
_BLOCK = 1024 * 1024
# A manifest says a line for each table and file: some hundreds of bytes for some hundreds of them.
_LARGEST_MANIFEST = 16 * 1024 * 1024
Tell = Callable[[int, int], None]


class Damaged(Exception):
    """The file is not as it was written; `member` says where."""

    def __init__(self, member: str, why: str) -> None:
        super().__init__(f"{member}: {why}")
        self.member = member


@dataclass(frozen=True)
class Member:
    """`packed` and `sha256` are those of the bytes in the file, `size` is that of the bytes before compression."""

    name: str
    rows: int
    size: int
    packed: int
    sha256: str
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Manifest:
    """`schema` is the last migration, `database` what it was read from, `at` the instant before the first look."""

    schema: str
    database: str
    at: str
    members: tuple[Member, ...]
    format: str = FORMAT

    def written(self) -> bytes:
        """A line for each member, so that it can be read and compared."""
        told = {name: value for name, value in asdict(self).items() if name != "members"}
        head = json.dumps(told, ensure_ascii=False)[:-1]
        lines = ",\n".join(
            json.dumps(asdict(member), ensure_ascii=False, separators=(",", ":")) for member in self.members
        )
        return f'{head}, "members": [\n{lines}\n]}}\n'.encode()

    @classmethod
    def read(cls, content: bytes) -> Manifest:
        """Raises ValueError, TypeError or KeyError for what is none."""
        told = json.loads(content)
        if told.pop("format") != FORMAT:
            raise ValueError("the format of the backup is not one that this release reads")
        members = tuple(
            Member(**{**item, "columns": tuple((name, kind) for name, kind in item["columns"])})
            for item in told.pop("members")
        )
        return cls(members=members, **told)

    def member(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)


class _Counted(io.RawIOBase):
    """Passes bytes on, and knows how many there were and their digest."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.size, self.digest = file, 0, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.file.write(content)
        self.size += len(content)
        self.digest.update(content)
        return len(content)


class Writer:
    """Members are written one after the other, each of unknown length until it is whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.members: list[Member] = []

    @contextmanager
    def member(
        self, name: str, columns: tuple[tuple[str, str], ...] = ()
    ) -> Iterator[Callable[[bytes], None]]:
        """Write what the block is given, a piece (of a table: a line) at a time."""
        with self._entry(name) as counted:
            packer = gzip.GzipFile(fileobj=counted, mode="wb", compresslevel=LEVEL, mtime=0)  # type: ignore[arg-type]
            size = rows = 0
            with io.BufferedWriter(packer, _BLOCK) as buffered:  # type: ignore[type-var]

                def put(piece: bytes) -> None:
                    nonlocal size, rows
                    buffered.write(piece)
                    size += len(piece)
                    rows += 1

                yield put
        told = tuple((str(column), str(kind)) for column, kind in columns)
        self.members.append(
            Member(name, rows if columns else 0, size, counted.size, counted.digest.hexdigest(), told)
        )

    @contextmanager
    def _entry(self, name: str) -> Iterator[_Counted]:
        head = self._file.tell()
        self._file.write(bytes(tarfile.BLOCKSIZE))
        counted = _Counted(self._file)
        yield counted
        self._file.write(bytes(-counted.size % tarfile.BLOCKSIZE))
        end = self._file.tell()
        info = tarfile.TarInfo(name)
        # For the eyes of whoever unpacks it alone. A length above 8 GB has a form of its own in this format.
        info.size, info.mode, info.mtime = counted.size, 0o600, int(time.time())
        self._file.seek(head)
        self._file.write(info.tobuf(tarfile.GNU_FORMAT))
        self._file.seek(end)

    def finish(self, manifest: Manifest) -> str:
        """The manifest and the end of the file. Returns the digest of the manifest."""
        content = manifest.written()
        digest = hashlib.sha256(content).hexdigest()
        for name, written in ((MANIFEST, content), (MANIFEST_DIGEST, f"{digest}\n".encode())):
            with self._entry(name) as counted:
                counted.write(written)
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))
        return digest


@contextmanager
def written_beside(path: Path) -> Iterator[BinaryIO]:
    """A file that stands under its name when it is whole and on the disk, and not at all otherwise."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    try:
        with open(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(beside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()


def put_in_place(beside: Path, path: Path) -> None:
    """A whole file gets its name, and the name is on the disk."""
    os.replace(beside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Reader:
    """An archive that was looked through from its first to its last byte, and holds."""

    def __init__(self, file: BinaryIO, tell: Tell = lambda _done, _total: None) -> None:
        """Raises Damaged."""
        self._file = file
        total = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._places: dict[str, tuple[int, int]] = {}
        digests: dict[str, str] = {}
        name = "the beginning of the file"
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                for info in tar:
                    name = info.name
                    if not info.isreg() or name in self._places:
                        raise Damaged(name, "is not what a backup holds")
                    self._places[name] = (info.offset_data, info.size)
                    digests[name] = self._digest(name, lambda done: tell(done, total))
        except (tarfile.TarError, EOFError, OSError) as error:
            raise Damaged(name, f"the file is cut short or altered here or right behind ({error})") from error
        self.manifest, self.digest = self._manifest(name)
        self._compare(digests)

    def _digest(self, name: str, tell: Callable[[int], None]) -> str:
        at, size = self._places[name]
        digest, left = hashlib.sha256(), size
        self._file.seek(at)
        while left:
            piece = self._file.read(min(_BLOCK, left))
            if not piece:
                raise Damaged(name, "the file is cut short here")
            digest.update(piece)
            left -= len(piece)
            tell(at + size - left)
        return digest.hexdigest()

    def _manifest(self, last: str) -> tuple[Manifest, str]:
        for name in (MANIFEST, MANIFEST_DIGEST):
            if name not in self._places:
                raise Damaged(name, f"is missing; the file ends with {last}")
        content = self._plain(MANIFEST)
        digest = hashlib.sha256(content).hexdigest()
        if self._plain(MANIFEST_DIGEST).decode("ascii", "replace").strip() != digest:
            raise Damaged(MANIFEST, "is not as it was written")
        try:
            return Manifest.read(content), digest
        except (ValueError, TypeError, KeyError) as error:
            raise Damaged(MANIFEST, f"cannot be read ({error})") from error

    def _plain(self, name: str) -> bytes:
        at, size = self._places[name]
        if size > _LARGEST_MANIFEST:
            raise Damaged(name, "is larger than any that is written")
        self._file.seek(at)
        return self._file.read(size)

    def _compare(self, digests: dict[str, str]) -> None:
        told = {member.name: member for member in self.manifest.members}
        for name in sorted(told.keys() - digests.keys()):
            raise Damaged(name, "is missing")
        for name in sorted(digests.keys() - told.keys() - {MANIFEST, MANIFEST_DIGEST}):
            raise Damaged(name, "is in no manifest")
        for member in told.values():
            if digests[member.name] != member.sha256:
                raise Damaged(member.name, "is not as it was written")

    def lines(self, member: Member) -> Iterator[bytes]:
        """The lines of a member, one at a time. Raises Damaged when there are more or fewer bytes than was told."""
        size = 0
        window = _Window(self._file.fileno(), *self._places[member.name])
        with gzip.GzipFile(fileobj=window, mode="rb") as opened:  # type: ignore[arg-type]
            while line := opened.readline(member.size - size + 1):
                size += len(line)
                if size > member.size:
                    break
                yield line
        if size != member.size:
            raise Damaged(member.name, "unpacks to another length than was told")

    def content(self, member: Member) -> bytes:
        return b"".join(self.lines(member))


class _Window(io.RawIOBase):
    """So many bytes of a file from one place on; where others read in it does not matter."""

    def __init__(self, file: int, at: int, left: int) -> None:
        self._file, self._at, self._left = file, at, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = os.pread(self._file, min(len(buffer), self._left), self._at)
        buffer[: len(piece)] = piece
        self._at += len(piece)
        self._left -= len(piece)
        return len(piece)
