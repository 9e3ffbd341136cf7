"""What is read of the glossary: by agents, by the public pages, and by what looks for its words in texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.accounts.service import names_of
from app.db import database, is_writing, session
from app.directory.catalogue import sort_key
from app.policy import Act, Actor, acts_for
from drafts.glossary_models import GlossaryTerm, TermStatus
from drafts.glossary_policy import GLOSSARY
from drafts.plain_french.terms import Entry, Terms

# Proposals that were refused, shown to who made them.
MOST_REFUSED = 10


@dataclass(frozen=True)
class TermLine:
    """One word. `who` wrote it last, for agents."""

    id: int
    key: str
    term: str
    forms: tuple[str, ...]
    spelled_out: str
    definition: str
    source: str
    source_url: str
    status: TermStatus
    version: int
    reason: str
    written_at: datetime
    changed_at: datetime
    writer: str = ""
    changer: str = ""


@dataclass(frozen=True)
class GlossaryPage:
    """The glossary for an agent: its words, what waits, what became of their own proposals."""

    live: tuple[TermLine, ...]
    waiting: tuple[TermLine, ...]
    withdrawn: tuple[TermLine, ...]
    refused: tuple[TermLine, ...]
    may_write: bool


@dataclass(frozen=True)
class Dictionary:
    """The glossary ready to be found in texts. `number` grows with each change."""

    terms: Terms
    number: int


_kept: tuple[object, Dictionary] | None = None


def last_number() -> int:
    """Grows with each change of any word: versions only grow, and no row is ever deleted."""
    return session().scalar(sa.select(sa.func.sum(GlossaryTerm.version))) or 0


def dictionary() -> Dictionary:
    """The glossary as it is at this moment. The same object for as long as nobody changes it."""
    global _kept
    number, kept = last_number(), _kept
    if kept is not None and kept[0] is database() and kept[1].number == number:
        return kept[1]
    entries = tuple(
        Entry(line.key, line.term, line.forms, line.definition, line.spelled_out) for line in public()
    )
    found = Dictionary(Terms(entries), number)
    # What is still being written may never be committed.
    if not is_writing():
        _kept = (database(), found)
    return found


def public() -> tuple[TermLine, ...]:
    """The words that everybody reads, in alphabetical order."""
    return _lines(sa.select(GlossaryTerm).where(GlossaryTerm.status == TermStatus.LIVE))


def glossary_page(actor: Actor) -> GlossaryPage:
    """Agents see what they proposed themselves, who decides sees all proposals."""
    may_write = Act.GLOSSARY_WRITE in acts_for(actor, GLOSSARY)
    waiting = sa.select(GlossaryTerm).where(GlossaryTerm.status == TermStatus.PROPOSED)
    mine = GlossaryTerm.written_by == actor.id
    refused = sa.select(GlossaryTerm).where(GlossaryTerm.status == TermStatus.REFUSED, mine)
    withdrawn = sa.select(GlossaryTerm).where(GlossaryTerm.status == TermStatus.WITHDRAWN)
    return GlossaryPage(
        live=public(),
        waiting=_lines(waiting if may_write else waiting.where(mine)),
        withdrawn=_lines(withdrawn) if may_write else (),
        refused=_lines(refused.order_by(GlossaryTerm.changed_at.desc()).limit(MOST_REFUSED)),
        may_write=may_write,
    )


def term_line(row: GlossaryTerm) -> TermLine:
    return _with_names([row])[0]


def _lines(query: sa.Select[GlossaryTerm]) -> tuple[TermLine, ...]:
    return tuple(sorted(_with_names(session().scalars(query).all()), key=lambda line: sort_key(line.term)))


def _with_names(rows: Sequence[GlossaryTerm]) -> list[TermLine]:
    names = names_of(person for row in rows for person in (row.written_by, row.changed_by))
    return [
        TermLine(
            id=row.id, key=row.key, term=row.term, forms=tuple(row.forms), spelled_out=row.spelled_out,
            definition=row.definition, source=row.source, source_url=row.source_url, status=row.status,
            version=row.version, reason=row.reason, written_at=row.written_at, changed_at=row.changed_at,
            writer=names.get(row.written_by or 0, ""), changer=names.get(row.changed_by or 0, ""),
        )
        for row in rows
    ]  # fmt: skip
