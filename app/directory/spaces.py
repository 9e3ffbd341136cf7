"""Espaces connectés as pages show them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from app.db import session
from app.directory.catalogue import sort_key, tel_of
from app.directory.models import ConnectedSpace


@dataclass(frozen=True)
class Space:
    """`tel` is the telephone number as a link wants it, "" when it is none; 0 computers: nobody has counted them."""

    slug: str
    name: str
    address: str
    phone: str
    tel: str
    hours: str
    computers: int
    bring: str
    mediation: str


def spaces_by_commune() -> dict[str, list[Space]]:
    """Every open space under its commune, both in alphabetical order."""
    rows = sorted(
        session().scalars(sa.select(ConnectedSpace).where(ConnectedSpace.closed_at.is_(None))),
        key=lambda row: (sort_key(row.commune), sort_key(row.name)),
    )
    found: dict[str, list[Space]] = {}
    for row in rows:
        found.setdefault(row.commune, []).append(
            Space(
                row.slug, row.name, row.address, row.phone, tel_of(row.phone), row.hours, row.computers, row.bring,
                row.mediation,
            )
        )  # fmt: skip
    return found
