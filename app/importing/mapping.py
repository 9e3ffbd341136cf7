"""Which column of a partner's table is which field of ours: said once, kept for the next month."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app import clock
from app.db import session
from app.importing.models import ImportMapping, Kind
from app.importing.table import Line


class Unmapped(Exception):
    """The table cannot be understood with what is known of it; the argument says what is missing, in English."""


@dataclass(frozen=True)
class Field:
    """A field of ours: whether a table must have it, and what stands in it, for `--help`."""

    name: str
    says: str
    needed: bool = False


@dataclass(frozen=True)
class Understanding:
    """`columns`: field of ours → their column; `constants`: field of ours → what is always there."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def values(self, line: Line) -> dict[str, str]:
        """What a row says, by our fields. Fields the table does not have are not in it."""
        found = dict(self.constants)
        found.update({name: line.cells.get(column, "") for name, column in self.columns.items()})
        return found

    def column_of(self, name: str) -> str:
        """How the partner calls a field of ours."""
        return self.columns.get(name, name)


def kept(partner: str, kind: Kind) -> Understanding:
    row = session().get(ImportMapping, (partner, kind))
    return Understanding(row.columns, row.constants) if row is not None else Understanding()


def keep(partner: str, kind: Kind, mapping: Understanding) -> bool:
    """Keep a mapping for the next time. False when it is kept already."""
    row = session().get(ImportMapping, (partner, kind))
    columns, constants = dict(mapping.columns), dict(mapping.constants)
    if row is None:
        session().add(
            ImportMapping(
                partner=partner, kind=kind, columns=columns, constants=constants, kept_at=clock.now()
            )
        )
    elif (row.columns, row.constants) == (columns, constants):
        return False
    else:
        row.columns, row.constants, row.kept_at = columns, constants, clock.now()
    session().flush()
    return True


def understood(
    header: Iterable[str],
    fields: Iterable[Field],
    before: Understanding,
    given: Iterable[str] = (),
    constants: Iterable[str] = (),
) -> Understanding:
    """The mapping of a table: what was kept, what is said now (`their column=our_field`), and columns that bear our names.

    Raises Unmapped with the names on both sides.
    """
    known = {one.name: one for one in fields}
    names = list(header)
    columns = {name: column for name, column in before.columns.items() if name in known}
    always = {name: value for name, value in before.constants.items() if name in known}
    for said in given:
        column, sign, name = said.rpartition("=")
        column, name = " ".join(column.split()), name.strip()
        if not sign or name not in known:
            raise Unmapped(f"--map {said}: the part after the last = is one of {', '.join(known)}.")
        if column not in names:
            raise Unmapped(f"--map {said}: there is no column « {column} ». There are: {', '.join(names)}.")
        columns[name] = column
        always.pop(name, None)
    for said in constants:
        name, sign, value = said.partition("=")
        if not sign or name.strip() not in known:
            raise Unmapped(f"--set {said}: the part before the first = is one of {', '.join(known)}.")
        always[name.strip()] = value.strip()
        columns.pop(name.strip(), None)
    taken = set(columns.values())
    for name in known:
        if name in names and name not in columns and name not in always and name not in taken:
            columns[name] = name
    gone = sorted(column for column in columns.values() if column not in names)
    if gone:
        raise Unmapped(
            f"The columns {', '.join(gone)} of the kept mapping are not in this file. There are: {', '.join(names)}. "
            "Say where they are now with --map."
        )
    missing = [one.name for one in known.values() if one.needed and one.name not in columns.keys() | always]
    if missing:
        raise Unmapped(
            f'Nothing is known of: {", ".join(missing)}. Give --map "their column={missing[0]}" or '
            f"--set {missing[0]}=VALUE. There are: {', '.join(names)}."
        )
    return Understanding(columns, always)


def fingerprint(rows: Iterable[Mapping[str, str]]) -> str:
    """A digest of what a file says of one thing."""
    plain = json.dumps([dict(row) for row in rows], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()
