"""A backup is made: from one moment of the database, and with the files of DATA_DIR that belong to it.

The order makes files and rows agree. The noted heads of the audit chain are read *before* the moment of the rows, since
a head may never name a seal that the rows do not have. Public keys are read *after* it: a key stands in its file before
it seals anything, so every seal among the rows finds its key. Pictures, office files and kept pieces are rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app import clock
from app.backup import sealed_keys, snapshot
from app.backup.archive import Manifest, Tell, Writer, written_beside
from app.backup.cells import line_of
from app.backup.snapshot import Snapshot, Table
from app.db import Database

AUDIT, KEYS, PRIVATE, SEALED = "audit", "keys", "instance.pem", "keys.sealed"
_PIECE = 1024 * 1024


@dataclass(frozen=True)
class Made:
    """`digest` is that of the manifest; `left_out` says which private key is not in it."""

    rows: int
    tables: int
    files: int
    digest: str
    schema: str
    has_keys: bool


class NoKey(Exception):
    """The private key was asked for, and there is none."""


def make(database: Database, data_dir: Path, path: Path, passphrase: str | None, tell: Tell) -> Made:
    """Write a backup to `path`. Raises NoSchema, NoKey, cells.UnknownKind, OSError; then nothing is left behind."""
    private = data_dir / KEYS / PRIVATE
    if passphrase is not None and not private.is_file():
        raise NoKey
    at = clock.now().isoformat(timespec="microseconds")
    with written_beside(path) as file:
        writer = Writer(file)
        for head in sorted((data_dir / AUDIT).glob("heads-*.jsonl")):
            _add_file(writer, f"{AUDIT}/{head.name}", head)
        with snapshot.begin(database) as moment:
            rows = _add_tables(writer, moment, tell)
        for pattern in ("*.pub", "*.sealed-by"):
            for key in sorted((data_dir / KEYS).glob(pattern)):
                _add_file(writer, f"{KEYS}/{key.name}", key)
        if passphrase is not None:
            with writer.member(SEALED) as put:
                put(sealed_keys.seal(private.read_bytes(), passphrase))
        manifest = Manifest(
            moment.schema, "sqlite" if database.is_sqlite else "postgresql", at, tuple(writer.members)
        )
        digest = writer.finish(manifest)
    files = sum(not member.columns for member in writer.members)
    return Made(rows, len(moment.tables), files, digest, moment.schema, passphrase is not None)


def _add_tables(writer: Writer, moment: Snapshot, tell: Tell) -> int:
    counts = {table.name: moment.count(table) for table in moment.tables}
    total, done = sum(counts.values()), 0
    for table in moment.tables:
        done += _add_table(writer, moment, table, lambda more, before=done: tell(before + more, total))  # type: ignore[misc]
        tell(done, total)
    return done


def _add_table(writer: Writer, moment: Snapshot, table: Table, tell: Callable[[int], None]) -> int:
    kinds, done = table.kinds, 0
    with writer.member(f"tables/{table.name}.jsonl.gz", table.columns) as put:
        for row in moment.rows(table):
            put(line_of(row, kinds))
            done += 1
            if done % 1000 == 0:
                tell(done)
    return done


def _add_file(writer: Writer, name: str, path: Path) -> None:
    with writer.member(f"{name}.gz") as put, path.open("rb") as file:
        while piece := file.read(_PIECE):
            put(piece)
