"""Files that are made rarely and read often, kept in pieces: open data of two thousand articles is some forty megabytes.

A file stands in the table of stored pages as rows whose paths no address can have (they do not begin with a slash): its
*head* says what it is, and its *pieces* hold one gzip stream cut at convenient places. So no process ever holds the
whole, every process reads the same bytes, and a redaction, which empties that table, takes these files along. The head
changes in one transaction when every piece is there; the pieces of the file before stay until the next one, for who is
still reading them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from publish import store
from publish.models import StoredPage

# Of compressed bytes: a row that is written in some milliseconds, and of which a reader's process holds one at a time.
PIECE = 256 * 1024
# Six of nine: three times as fast as nine for two per cent more bytes (measured on articles of the demonstration).
LEVEL = 6
# zlib's word for "with the head and tail of gzip".
GZIP = 31
# A piece of ours unpacks to at most this at a time, whatever is in it.
UNPACKED = 1024 * 1024


@dataclass(frozen=True)
class Head:
    """What is kept under a name. `sha256` and `size` are those of the bytes before compression; `stamp` says of which
    state of the content the file was last known to be true; `holds` are the ids of the things whose words are in it."""

    name: str
    generation: str
    content_type: str
    size: int
    packed: int
    pieces: int
    sha256: str
    lines: int
    stamp: str
    holds: tuple[int, ...]
    made_at: datetime
    modified_at: datetime


def head(name: str) -> Head | None:
    """The head of the file of that name, in the open reading."""
    row = session().get(StoredPage, _head_path(name))
    if row is None:
        return None
    said = json.loads(row.body)
    return Head(
        **{
            **said,
            "holds": tuple(said["holds"]),
            "made_at": datetime.fromisoformat(said["made_at"]),
            "modified_at": datetime.fromisoformat(said["modified_at"]),
        }
    )


def keep(
    name: str,
    lines: Iterable[str],
    content_type: str,
    stamp: str,
    *,
    holds: Iterable[int] = (),
    after: Callable[[], object] = lambda: None,
) -> Head | None:
    """Write the file piece by piece, each in a transaction of its own, and then its head; None when something took the
    pieces away meanwhile (a redaction, or another process with the same file).

    A file of the same bytes keeps its date, so that readers' copies stay good. `lines` is read outside any transaction.
    `after` runs in the transaction of a head that has changed.
    """
    generation = secrets.token_hex(8)
    digest, size, count, packed, pieces = hashlib.sha256(), 0, 0, 0, 0
    press, waiting = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP), bytearray()
    for line in lines:
        raw = line.encode()
        digest.update(raw)
        size, count = size + len(raw), count + 1
        waiting += press.compress(raw)
        while len(waiting) >= PIECE:
            packed, pieces = packed + PIECE, pieces + 1
            _put(_piece_path(name, generation, pieces), bytes(waiting[:PIECE]), content_type)
            del waiting[:PIECE]
    waiting += press.flush()
    packed, pieces = packed + len(waiting), pieces + 1
    _put(_piece_path(name, generation, pieces), bytes(waiting), content_type)
    now = clock.now()
    made = Head(
        name=name, generation=generation, content_type=content_type, size=size, packed=packed, pieces=pieces,
        sha256=digest.hexdigest(), lines=count, stamp=stamp, holds=tuple(sorted(holds)), made_at=now,
        # Last-Modified has whole seconds; so does what it is compared with.
        modified_at=now.replace(microsecond=0),
    )  # fmt: skip
    with unit_of_work():
        return _stand_there(made, after)


def _stand_there(made: Head, after: Callable[[], object]) -> Head | None:
    """The head in its place, and what no reader needs any more out of the way."""
    # The epoch's row orders this against a redaction and against another process.
    store.epoch(locked=True)
    before = head(made.name)
    if before is not None and before.sha256 == made.sha256 and _is_whole(before):
        kept = replace(
            before,
            stamp=made.stamp,
            holds=made.holds,
            made_at=made.made_at,
            content_type=made.content_type,
        )
        _write(kept)
        _forget(made.name, made.generation)
        return kept
    if not _is_whole(made):
        return None
    _write(made)
    stay = {made.generation, before.generation if before is not None else made.generation}
    for generation in _generations(made.name) - stay:
        _forget(made.name, generation)
    after()
    return made


def pieces(kept: Head, *, packed: bool) -> Iterator[bytes]:
    """The bytes of a file, compressed (one gzip stream) or not; opens a short reading for each piece.

    Raises LookupError when the file was taken away meanwhile: the connection breaks, and nobody takes a part for the whole.
    """
    unpack = zlib.decompressobj(GZIP)
    for number in range(1, kept.pieces + 1):
        with reading():
            path = _piece_path(kept.name, kept.generation, number)
            piece = session().scalar(sa.select(StoredPage.gzip).where(StoredPage.path == path))
        if piece is None:
            raise LookupError(f"piece {number} of {kept.name} is gone")
        if packed:
            yield piece
            continue
        while piece:
            yield unpack.decompress(piece, UNPACKED)
            piece = unpack.unconsumed_tail
    if not packed:
        yield unpack.flush()


def _head_path(name: str) -> str:
    return f"kept:{name}"


def _piece_path(name: str, generation: str, number: int) -> str:
    return f"kept:{name}#{generation}/{number:06d}"


def _put(path: str, content: bytes, content_type: str) -> None:
    with unit_of_work() as current:
        current.add(
            StoredPage(path=path, gzip=content, content_type=content_type, version=0, modified_at=clock.now())
        )


def _write(made: Head) -> None:
    said = {
        **asdict(made),
        "made_at": made.made_at.isoformat(),
        "modified_at": made.modified_at.isoformat(),
    }
    row = session().get(StoredPage, _head_path(made.name))
    if row is None:
        row = StoredPage(path=_head_path(made.name), version=0)
        session().add(row)
    row.body = json.dumps(said).encode()
    row.modified_at = made.modified_at
    session().flush()


def _generations(name: str) -> set[str]:
    paths = session().scalars(
        sa.select(StoredPage.path).where(StoredPage.path.startswith(f"kept:{name}#", autoescape=True))
    )
    return {path.partition("#")[2].partition("/")[0] for path in paths}


def _is_whole(kept: Head) -> bool:
    start = f"kept:{kept.name}#{kept.generation}/"
    found = session().scalar(
        sa.select(sa.func.count())
        .select_from(StoredPage)
        .where(StoredPage.path.startswith(start, autoescape=True))
    )
    return found == kept.pieces


def _forget(name: str, generation: str) -> None:
    start = f"kept:{name}#{generation}/"
    session().execute(
        sa.delete(StoredPage).where(StoredPage.path.startswith(start, autoescape=True)),
        execution_options={"synchronize_session": False},
    )
