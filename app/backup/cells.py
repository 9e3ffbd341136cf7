"""What stands in a cell, written the same way whichever of the two databases it comes from.

A row is one line of JSON. What JSON has no word for has one here: bytes are base64, an instant is ISO 8601 in UTC to
the microsecond. A JSON column is kept as the very text that the database holds, since digests are made of it.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa


class Kind(StrEnum):
    """What a column holds. The words stand in archives and stay."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    JSON = "json"
    INSTANT = "instant"
    DAY = "day"
    BYTES = "bytes"
    TEXT = "text"


# In this order: the types of the databases are made of one another.
_KINDS: tuple[tuple[type[Any], Kind], ...] = (
    (sa.Boolean, Kind.BOOL),
    (sa.Integer, Kind.INT),
    (sa.Float, Kind.FLOAT),
    (sa.JSON, Kind.JSON),
    (sa.DateTime, Kind.INSTANT),
    (sa.Date, Kind.DAY),
    (sa.LargeBinary, Kind.BYTES),
    (sa.String, Kind.TEXT),
)


class UnknownKind(Exception):
    """A column of a type that no archive can hold yet; the message names it."""


def kind_of(name: str, type_: sa.types.TypeEngine[Any]) -> Kind:
    """What a column holds, by the type that the database says. `name` is for the message."""
    for known, kind in _KINDS:
        if isinstance(type_, known):
            return kind
    raise UnknownKind(f"{name} is of the type {type_!r}, which a backup does not know")


def _instant(value: str | datetime) -> str:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _day(value: str | date) -> str:
    return value if isinstance(value, str) else value.isoformat()


_WRITTEN: dict[Kind, Callable[[Any], Any]] = {
    Kind.BOOL: bool,
    Kind.INSTANT: _instant,
    Kind.DAY: _day,
    Kind.BYTES: lambda value: b64encode(value).decode(),
}
_READ: dict[Kind, Callable[[Any], Any]] = {Kind.BYTES: lambda value: b64decode(value, validate=True)}
# SQLite keeps what it has no type for the way SQLAlchemy writes it.
_READ_FOR_SQLITE: dict[Kind, Callable[[Any], Any]] = {
    **_READ,
    Kind.BOOL: int,
    Kind.INSTANT: lambda value: value.replace("T", " ").removesuffix("Z"),
}


def line_of(row: tuple[Any, ...], kinds: tuple[Kind, ...]) -> bytes:
    """A row as the driver gave it, as a line."""
    cells = [
        None if value is None else _WRITTEN[kind](value) if kind in _WRITTEN else value
        for value, kind in zip(row, kinds, strict=True)
    ]
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def row_of(line: bytes, kinds: tuple[Kind, ...], *, for_sqlite: bool) -> tuple[Any, ...]:
    """What the driver is given for a line. Raises ValueError for what is no line of these kinds."""
    cells = json.loads(line)
    if not isinstance(cells, list) or len(cells) != len(kinds):
        raise ValueError("a line has another number of cells than the table has columns")
    readers = _READ_FOR_SQLITE if for_sqlite else _READ
    return tuple(
        None if value is None else readers[kind](value) if kind in readers else value
        for value, kind in zip(cells, kinds, strict=True)
    )
