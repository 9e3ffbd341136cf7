"""Office files as people have them: `OFFICE` says of each what a reader owes it, `FILES` are pairs (name, bytes)."""

from __future__ import annotations

from tests.drafts.exchange import office_objects, office_texts
from tests.drafts.exchange.office_making import OFFICE, Office

__all__ = ["FILES", "OFFICE", "Office", "office_objects", "office_texts"]

FILES: list[tuple[str, bytes]] = [(one.name, one.content) for one in OFFICE]
