"""The demonstration as on its first day: made aside, then put in the place of everything in one transaction.

Making it takes a minute or more and many transactions; so that happens in a database of its own, beside. What a running
server sees is one commit: before it the old rows, after it the new ones. Whoever sits at a table is signed out by it and
comes back to the new text; stored pages are made again. The keys in DATA_DIR stay, and seal the new demonstration.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import clock, db, schema_versions, seed
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from config import Settings
from drafts import audit_heads
from publish import store

# Rows that are read and written in one go.
AT_ONCE = 500


class NotADemonstration(Exception):
    """What must not be emptied; the message says why."""


def refuse_anything_else(settings: Settings) -> tuple[int, int]:
    """(accounts of the demonstration, other accounts). Raises NotADemonstration."""
    if not settings.is_loopback and settings.demo is not True:
        raise NotADemonstration(
            "HOST or PUBLIC_URL is not a loopback address, and DEMO is not 1: people may use this instance."
        )
    with reading() as current:
        known = dict(
            current.execute(sa.select(Person.is_demo, sa.func.count()).group_by(Person.is_demo)).all()
        )
    if not known.get(True):
        raise NotADemonstration("This database holds no demonstration accounts: it is not emptied.")
    return known[True], known.get(False, 0)


def reset(app: Flask, settings: Settings) -> None:
    """Put a new demonstration in the place of everything. Raises NotADemonstration, Unavailable; then nothing has changed."""
    refuse_anything_else(settings)
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="reset-") as folder:
        address = f"sqlite:///{Path(folder) / 'demonstration.sqlite3'}"
        schema_versions.upgrade(address)
        try:
            db.configure(address)
            seed.when_empty(app)
        finally:
            db.configure(settings.database_url)
        source = sa.create_engine(address, poolclass=sa.NullPool)
        with source.connect() as made, unit_of_work():
            _replace(made)
        source.dispose()
    _put_aside(settings.data_dir)


def _replace(made: sa.Connection) -> None:
    """Everything in the open unit of work becomes what `made` holds."""
    pages, touches = store.epoch(), store.touches()
    tables = db.Base.metadata.sorted_tables
    with _without_triggers(tables):
        _empty(tables)
        for table in tables:
            for rows in _rows(made, table):
                _put(table, rows)
        for table in tables:
            _point_up(made, table)
    if not db.database().is_sqlite:
        _go_on_counting(tables)
    store.go_on_from(pages, touches)


def _empty(tables: list[sa.Table]) -> None:
    current = session()
    if db.database().is_sqlite:
        # References are looked at when the transaction commits, by which time they lead somewhere again.
        current.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        for table in reversed(tables):
            current.execute(sa.delete(table))
    else:
        names = ", ".join(_quoted(table) for table in tables)
        current.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@contextmanager
def _without_triggers(tables: list[sa.Table]) -> Iterator[None]:
    """Append-only tables and limits by the row are for people; here a whole database takes the place of another."""
    current = session()
    if db.database().is_sqlite:
        found = current.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        for name, _sql in found:
            current.execute(sa.text(f'DROP TRIGGER "{name}"'))
        yield
        connection = current.connection()
        for _name, sql in found:
            connection.exec_driver_sql(sql)
    else:
        for switch in ("DISABLE", "ENABLE"):
            for table in tables:
                current.execute(sa.text(f"ALTER TABLE {_quoted(table)} {switch} TRIGGER USER"))
            if switch == "DISABLE":
                yield


def _rows(made: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    """In the order of their keys, some at a time, those with the same columns together."""
    found = made.execute(sa.select(table).order_by(*table.primary_key)).mappings()
    while some := found.fetchmany(AT_ONCE):
        rows = [_written(table, dict(row)) for row in some]
        for _names, alike in groupby(rows, key=_names_of):
            yield list(alike)


def _names_of(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row)


def _written(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """Without what the database works out itself, and without NULLs of JSON, which would be written as the word null."""
    return {
        column.name: row[column.name]
        for column in table.columns
        if column.computed is None and not (row[column.name] is None and isinstance(column.type, sa.JSON))
    }


def _put(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    late = _late(table)
    for row in rows:
        row.update((name, None) for name in late & row.keys())
    session().execute(sa.insert(table), rows)


def _late(table: sa.Table) -> set[str]:
    """Columns that may point at rows which come later: of this very table, or of one that points back."""
    order = {other.name: number for number, other in enumerate(db.Base.metadata.sorted_tables)}
    return {
        column.name
        for key in table.foreign_key_constraints
        if order[key.referred_table.name] >= order[table.name]
        for column in key.columns
        if column.nullable
    }


def _point_up(made: sa.Connection, table: sa.Table) -> None:
    """What was left out at first, now that everything it may point at is there."""
    late = sorted(_late(table))
    if not late:
        return
    keys = [column.name for column in table.primary_key]
    pointing = sa.or_(*(table.c[name].is_not(None) for name in late))
    rows = (
        made.execute(sa.select(*(table.c[name] for name in (*keys, *late))).where(pointing)).mappings().all()
    )
    if rows:
        here = sa.and_(*(table.c[name] == sa.bindparam(f"key_{name}") for name in keys))
        values = [
            {**{f"key_{name}": row[name] for name in keys}, **{name: row[name] for name in late}}
            for row in rows
        ]
        session().connection().execute(sa.update(table).where(here), values)


def _go_on_counting(tables: list[sa.Table]) -> None:
    """The next row of each table gets a number above those that are there."""
    for table in tables:
        keys = [column for column in table.primary_key if isinstance(column.type, sa.Integer)]
        if len(keys) == 1 and len(table.primary_key) == 1:
            name = keys[0].name
            session().execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{_quoted(table)}', '{name}'), "  # nosec B608 # names of our own models
                    f'coalesce(max("{name}"), 1), max("{name}") IS NOT NULL) FROM {_quoted(table)}'
                )
            )


def _quoted(table: sa.Table) -> str:
    return f'"{table.name}"'


def _put_aside(data_dir: Path) -> None:
    """What lies in DATA_DIR about rows that are no more: noted ends of the chain before, and mails that became files."""
    heads = audit_heads.folder(data_dir)
    if heads.is_dir():
        heads.rename(data_dir / f"audit-before-{clock.now():%Y%m%d-%H%M%S-%f}")
    for path in (data_dir / "mail").glob("[0-9]*.eml"):
        path.unlink(missing_ok=True)
