"""The demonstration's glossary: words of administrations, and a proposal that waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from app.db import session, unit_of_work
from app.seed_known import actor_of
from drafts import glossary
from drafts.glossary import TermWords
from drafts.glossary_models import GlossaryTerm

Entries = Sequence[Mapping[str, str]]


def add_all(editor: str, terms: Entries, proposals: Entries) -> None:
    with unit_of_work():
        for entry in terms:
            if not _is_there(entry["term"]):
                glossary.write(actor_of(editor), TermWords(**entry))
        for entry in proposals:
            if not _is_there(entry["term"]):
                given = {name: words for name, words in entry.items() if name != "by"}
                glossary.propose(actor_of(entry["by"]), TermWords(**given))


def _is_there(term: str) -> bool:
    key = glossary.key_of(term)
    return session().scalar(sa.select(GlossaryTerm.id).where(GlossaryTerm.key == key).limit(1)) is not None
