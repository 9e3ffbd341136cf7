"""Words in the columns of tables: those that belong to a draft, or to the page made of it, and those that stand
elsewhere.

What belongs is found by the foreign keys themselves, so that a table that is added later is searched without being
named here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.db import Base, Word, session
from drafts.passages import Passage

__all__ = ["Place", "Scope", "elsewhere", "take_out_of"]

# What is on its way to somebody: it may quote anything, and belongs to no text.
CARRIED = frozenset({"mail", "outbox", "due_row", "alert"})
# Logs, documents and what is sealed have ways of their own (`drafts.redacting`, `publish.redacting`).
OTHERWISE = frozenset(
    {
        "draft_update",
        "checkpoint",
        "refused_update",
        "revision",
        "edition",
        "edition_evidence",
        "image",
        "redaction",
        "redacted_digest",
    }
)
# What is never changed, and holds no words: numbers, names of acts.
NEVER = frozenset({"audit_entry", "audit_seal"})


@dataclass(frozen=True)
class Place:
    """Where words were found: table and column, and which row; `around` is what stands beside them."""

    where: str
    key: str
    around: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scope:
    """Whose words go: of these drafts, and of these articles."""

    drafts: tuple[int, ...]
    articles: tuple[int, ...]

    def rows_of(self, table: sa.Table) -> sa.ColumnElement[bool] | None:
        """Which rows of a table belong; None when none can."""
        return self._rows(table, frozenset())

    def _rows(self, table: sa.Table, above: frozenset[str]) -> sa.ColumnElement[bool] | None:
        if table.name == "draft":
            return table.c.id.in_(self.drafts)
        if table.name == "article":
            return table.c.id.in_(self.articles)
        found = []
        for key in table.foreign_key_constraints:
            target = key.referred_table
            if target.name == table.name or target.name in above:
                continue
            rows = self._rows(target, above | {table.name})
            if rows is not None:
                column, referred = key.column_keys[0], key.elements[0].column
                found.append(table.c[column].in_(sa.select(referred).where(rows)))
        return sa.or_(*found) if found else None


def take_out_of(passage: Passage, scope: Scope, *, change: bool) -> tuple[list[Place], list[int]]:
    """Take the words out of every column that belongs, and out of what is carried. Returns where they stood, and the
    ids of mails whose files have to go. Without `change` it is only looked."""
    found: list[Place] = []
    mails: list[int] = []
    for table in _tables():
        rows = sa.true() if table.name in CARRIED else scope.rows_of(table)
        if rows is None:
            continue
        for key, values in _holding(passage, table, rows):
            found += [
                Place(f"{table.name}.{name}", _key(key), _around(passage, value))
                for name, value in values.items()
            ]
            if table.name == "mail":
                mails.append(key[0])
            if change:
                session().execute(
                    sa.update(table)
                    .where(*(column == value for column, value in zip(table.primary_key, key, strict=True)))
                    .values({name: _kept(passage, table.c[name], value) for name, value in values.items()}),
                    execution_options={"synchronize_session": False},
                )
    return found, mails


def elsewhere(passage: Passage, scope: Scope) -> list[Place]:
    """Where else the words stand, in tables or rows that belong to other things: it is for people to decide."""
    found = []
    for table in _tables():
        if table.name in CARRIED:
            continue
        rows = scope.rows_of(table)
        other = sa.true() if rows is None else sa.not_(rows)
        for key, values in _holding(passage, table, other):
            found += [Place(f"{table.name}.{name}", _key(key)) for name in values]
    return found


def _tables() -> Iterator[sa.Table]:
    for table in Base.metadata.sorted_tables:
        if table.name not in OTHERWISE and table.name not in NEVER:
            yield table


def _holding(
    passage: Passage, table: sa.Table, rows: sa.ColumnElement[bool]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """(primary key, the values that hold the words by column) of the rows that do."""
    columns = [column for column in table.columns if _may_hold_words(column)]
    if not columns:
        return
    keys = list(table.primary_key)
    query = sa.select(*(column.label(f"k{place}") for place, column in enumerate(keys)), *columns).where(rows)
    for row in session().execute(query).all():
        key, values = tuple(row[: len(keys)]), row[len(keys) :]
        held = {
            column.name: value
            for column, value in zip(columns, values, strict=True)
            if value is not None and passage.stands_in(value)
        }
        if held:
            yield key, held


def _may_hold_words(column: sa.Column[Any]) -> bool:
    """Texts and JSON; names by which rows are found are no words of anybody."""
    if column.primary_key or column.foreign_keys or column.unique or isinstance(column.type, Word):
        return False
    return isinstance(column.type, sa.String | sa.JSON)


def _kept(passage: Passage, column: sa.Column[Any], value: Any) -> Any:
    kept = passage.out_of_value(value)
    longest = getattr(column.type, "length", None)
    return kept[:longest] if isinstance(kept, str) and longest else kept


def _around(passage: Passage, value: Any) -> tuple[str, ...]:
    return tuple(passage.around(value)) if isinstance(value, str) else ()


def _key(key: Collection[Any]) -> str:
    return ",".join(str(part) for part in key)
