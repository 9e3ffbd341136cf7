"""What a séance needs to know of the texts of its lab. The texts live upstairs: that room says here how to ask.

The numbers of drafts that events and agendas hold are no foreign keys, for these point down; a draft keeps its row for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from app.errors import Invalid
from app.extensions import gettext as _


@dataclass(frozen=True)
class Block:
    """A block one can point at: its id and its first words."""

    id: str
    words: str


@dataclass(frozen=True)
class Version:
    """A text as it stands: `fingerprint` is None where it has none (an open suggestion)."""

    draft_id: int
    title: str
    seq: int
    fingerprint: str | None
    block: str | None
    words: str


@dataclass(frozen=True)
class Contribution:
    """Characters that an administration brought and took out in one text between two numbers."""

    draft_id: int
    administration: str
    inserted: int
    deleted: int


@dataclass(frozen=True)
class OpenRemark:
    draft_id: int
    title: str
    person: str
    text: str
    blocking: bool


class Shelf(Protocol):
    """The texts of labs. Everything is asked inside a reading or a unit of work."""

    def titles(self, lab_id: int) -> dict[int, str]:
        """The living drafts of a lab, by id."""

    def heads(self, lab_id: int) -> dict[int, int]:
        """The number each of them has reached."""

    def blocks(self, draft_id: int) -> tuple[Block, ...]:
        """The blocks of a text. Opens the document: never inside a unit of work."""

    def version(self, draft_id: int, block: str | None) -> Version:
        """The text as it stands. Opens the document: never inside a unit of work."""

    def contributions(
        self, lab_id: int, since: Mapping[int, int], until: Mapping[int, int]
    ) -> list[Contribution]:
        """Who wrote how much between two sets of numbers, the most first."""

    def open_remarks(self, lab_id: int) -> list[OpenRemark]:
        """Remarks that nobody has settled."""


class _Empty:
    """No room with texts is there (in tests of this room alone)."""

    def titles(self, lab_id: int) -> dict[int, str]:
        return {}

    def heads(self, lab_id: int) -> dict[int, int]:
        return {}

    def blocks(self, draft_id: int) -> tuple[Block, ...]:
        return ()

    def version(self, draft_id: int, block: str | None) -> Version:
        raise unknown()

    def contributions(
        self, lab_id: int, since: Mapping[int, int], until: Mapping[int, int]
    ) -> list[Contribution]:
        return []

    def open_remarks(self, lab_id: int) -> list[OpenRemark]:
        return []


_shelf: Shelf = _Empty()


def keep(shelf: Shelf) -> None:
    """The room of the texts says that it is there."""
    global _shelf
    _shelf = shelf


def shelf() -> Shelf:
    return _shelf


def unknown() -> Invalid:
    return Invalid(_("Ce brouillon n’est pas ou plus dans ce lab : choisissez-en un de la liste."))
