"""The register of personal data, as data: each kind, why, on what ground, for how long, who sees it, where it stands.

Each room registers its own entries, as it registers what it erases of a person. The page /donnees-personnelles shows
them; `tests/app/test_privacy_register.py` holds that every column with words or numbers of persons is in one of them,
and that each entry with an end names the chore that brings it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["Entry", "entries", "registers"]


@dataclass(frozen=True)
class Entry:
    """One kind of data. The texts are French, for the page.

    `columns` are "table.column", or "table.*". `days` is how long after it has served, None where the end is another
    thing that is said in `kept`; `chore` is what the worker calls for it, None for what ends by an act.
    """

    what: str
    why: str
    base: str
    kept: str
    who: str
    columns: tuple[str, ...]
    days: int | None = None
    chore: Callable[[], object] | None = None


_rooms: list[Callable[[], Iterable[Entry]]] = []


def registers(room: Callable[[], Iterable[Entry]]) -> Callable[[], Iterable[Entry]]:
    """A room registers its entries; they are asked for when somebody reads them, in the language of that moment."""
    _rooms.append(room)
    return room


def entries() -> list[Entry]:
    """Every entry, in the order of the rooms."""
    return [entry for room in _rooms for entry in room()]
