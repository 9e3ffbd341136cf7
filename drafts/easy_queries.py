"""What the pages of the easy-to-read twin show, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from markupsafe import Markup

from app.accounts.service import names_of
from app.db import session
from app.extensions import gettext as _
from drafts import canonical, easy_parts, log
from drafts.compare import compare
from drafts.compare_page import render_changes
from drafts.compare_words import kind
from drafts.easy import Conflict, Typed
from drafts.easy_models import EasyDeed, EasyPart, EasyReaders, EasyReading
from drafts.easy_parts import Placed, State
from drafts.easy_rules import EasyCode, Stumble, advice, stumbles
from drafts.easy_text import Passage, Signed, as_tree, read_signed, render
from drafts.easy_versions import last_number, versions_of
from drafts.findings import quoted
from drafts.models import Draft
from drafts.review_models import Revision

# Parts on one page: a form of forty fields of 2,000 characters is some 100 kB when it comes back.
ON_A_PAGE = 40


@dataclass(frozen=True)
class Advice:
    words: str
    says: str
    better: str


@dataclass(frozen=True)
class Row:
    """One block of the original and its part: `words` of the one, `text` of the other, as typed when it was not kept."""

    block_id: str
    kind: str
    level: int
    words: str
    state: State
    state_word: str
    text: str
    is_left_out: bool
    version: int
    versions: int
    person: str
    at: datetime | None
    # What changed in the original, word by word; None when nothing did, or nobody knows what it was.
    changes: Markup | None
    advice: tuple[Advice, ...]
    more_advice: int
    # What somebody else saved meanwhile, when that is why this was not kept.
    theirs: str | None
    theirs_by: str


@dataclass(frozen=True)
class Gone:
    """Easy words whose block is not in the text any more."""

    block_id: str
    words: str
    text: str
    is_left_out: bool


@dataclass(frozen=True)
class ReadingRow:
    id: int
    readers: str
    count: int
    who: str
    may_name: bool
    place: str
    read_on: date
    changed_after: str


@dataclass(frozen=True)
class EasyPage:
    seq: int
    rows: tuple[Row, ...]
    gone: tuple[Gone, ...]
    # Blocks without easy words, which those of a block that is gone can be moved to: (id, first words).
    free: tuple[tuple[str, str], ...]
    counts: Mapping[State, int]
    joins: bool
    has_begun: bool
    page: int
    pages: int
    readings: tuple[ReadingRow, ...]
    is_damaged: bool

    @property
    def total(self) -> int:
        return sum(self.counts[state] for state in State if state is not State.GONE)

    @property
    def left(self) -> int:
        return self.counts[State.TO_WRITE] + self.counts[State.STALE]


def state_word(state: State) -> str:
    return {
        State.TO_WRITE: _("À écrire"),
        State.UP_TO_DATE: _("À jour"),
        State.STALE: _("Le texte d’origine a changé"),
        State.GONE: _("Passage supprimé du texte"),
    }[state]


def readers_word(readers: EasyReaders) -> str:
    """Who read, in words that say nothing of anybody's health."""
    return {
        EasyReaders.CONCERNED: _("personnes pour qui lire est difficile"),
        EasyReaders.LEARNING_FRENCH: _("personnes qui apprennent le français"),
        EasyReaders.LEARNING_TO_READ: _("personnes qui apprennent à lire"),
        EasyReaders.ELDERLY: _("personnes âgées"),
        EasyReaders.MIXED: _("groupe mélangé"),
    }[readers]


def deed_word(deed: EasyDeed) -> str:
    return {
        EasyDeed.WRITTEN: _("Écrit"),
        EasyDeed.LEFT_OUT: _("Passage pas repris"),
        EasyDeed.CONFIRMED: _("Dit toujours juste"),
        EasyDeed.BROUGHT_BACK: _("Version reprise"),
        EasyDeed.MOVED: _("Venu d’un autre passage"),
        EasyDeed.PUT_AWAY: _("Rangé"),
    }[deed]


def easy_page(
    draft: Draft,
    number: int = 1,
    typed: Sequence[Typed] = (),
    conflicts: Sequence[Conflict] = (),
) -> EasyPage:
    """The page of the twin; `typed` is what could not be kept, and stands in the fields as it was sent."""
    text = log.text(draft.id)
    found = easy_parts.placed(draft.id, text.tree)
    here = [one for one in found if one.passage is not None]
    pages = max(1, -(-len(here) // ON_A_PAGE))
    number = min(max(number, 1), pages)
    shown = here[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    people = names_of({one.part.person_id for one in found if one.part is not None})
    sent = {one.block_id: one for one in typed}
    meanwhile = {one.typed.block_id: one for one in conflicts}
    return EasyPage(
        seq=text.seq,
        rows=tuple(_row(draft, one, people, sent, meanwhile) for one in shown),
        gone=tuple(
            Gone(part.block_id, quoted(part.source_words), part.text, part.is_left_out)
            for one in found
            if one.passage is None and (part := one.part) is not None
        ),
        free=tuple(
            (one.passage.block_id, quoted(one.passage.words))
            for one in here
            if one.passage is not None and one.part is None
        ),
        counts={state: sum(one.state is state for one in found) for state in State},
        joins=easy_parts.joins(draft.id),
        has_begun=any(one.part is not None for one in found),
        page=number,
        pages=pages,
        readings=readings_of([draft.id]),
        is_damaged=text.is_damaged,
    )


def _row(
    draft: Draft,
    one: Placed,
    people: Mapping[int, str],
    sent: Mapping[str, Typed],
    meanwhile: Mapping[str, Conflict],
) -> Row:
    passage, part = one.passage, one.part
    assert passage is not None
    ident = passage.block_id
    typed, conflict = sent.get(ident), meanwhile.get(ident)
    text = typed.text if typed is not None else part.text if part is not None else ""
    is_left_out = typed.is_left_out if typed is not None else part is not None and part.is_left_out
    last = last_number(draft.id, ident) if part is None else part.number
    found = stumbles(text, is_heading=bool(passage.level)) if text and len(text) <= 2000 else ()
    return Row(
        block_id=ident,
        kind=kind(passage.kind, (), passage.level or None),
        level=passage.level,
        words=passage.words,
        state=one.state,
        state_word=state_word(one.state),
        text=text,
        is_left_out=is_left_out,
        # After a conflict the form stands on what the other person saved: who saves again has seen it.
        version=typed.version if typed is not None and conflict is None else last,
        versions=last,
        person=people.get(part.person_id, _("Compte effacé")) if part is not None else "",
        at=part.at if part is not None else None,
        changes=_changes(part, passage) if one.state is State.STALE and part is not None else None,
        advice=tuple(_advice(stumble) for stumble in found[:6]),
        more_advice=max(0, len(found) - 6),
        theirs=_said(conflict.theirs) if conflict is not None else None,
        theirs_by=names_of({conflict.theirs.person_id}).get(conflict.theirs.person_id, "")
        if conflict is not None
        else "",
    )


def _said(part: EasyPart) -> str:
    return _("Ce passage n’est pas repris.") if part.is_left_out else part.text


def _advice(stumble: Stumble) -> Advice:
    # A better word is proposed where one is known; for a hard figure the rule's own words say enough.
    better = stumble.better if stumble.code is not EasyCode.NOMINAL else ""
    return Advice(stumble.words, advice(stumble.code), better)


def _changes(part: EasyPart, passage: Passage) -> Markup | None:
    if not part.source_words:
        return None

    def alone(words: str) -> list[dict[str, object]]:
        return [{"type": "paragraph", "attrs": {"id": "b"}, "content": [{"type": "text", "text": words}]}]

    return render_changes(compare(alone(part.source_words), alone(passage.words)))


@dataclass(frozen=True)
class VersionRow:
    number: int
    deed: str
    text: str
    is_left_out: bool
    person: str
    at: datetime
    can_come_back: bool


@dataclass(frozen=True)
class VersionsPage:
    block_id: str
    words: str
    rows: tuple[VersionRow, ...]


def versions_page(draft: Draft, block_id: str) -> VersionsPage | None:
    """Every version of one part, the last one first; None when there is none."""
    rows = versions_of(draft.id, block_id)
    if not rows:
        return None
    people = names_of({row.person_id for row in rows})
    last = rows[0]
    return VersionsPage(
        block_id,
        quoted(last.source_words),
        tuple(
            VersionRow(
                row.number,
                deed_word(row.deed),
                row.text,
                row.is_left_out,
                people.get(row.person_id, _("Compte effacé")),
                row.at,
                row.deed is not EasyDeed.PUT_AWAY and row.number != last.number,
            )
            for row in rows
        ),
    )


def readings_of(draft_ids: Sequence[int]) -> tuple[ReadingRow, ...]:
    """Who has read the twins of these drafts, the latest first."""
    rows = session().scalars(
        sa.select(EasyReading)
        .where(EasyReading.draft_id.in_(draft_ids))
        .order_by(EasyReading.read_on.desc(), EasyReading.id.desc())
    )
    return tuple(
        ReadingRow(
            row.id,
            readers_word(row.readers),
            row.count,
            row.who,
            row.may_name,
            row.place,
            row.read_on,
            row.changed_after,
        )
        for row in rows
    )


@dataclass(frozen=True)
class EasyState:
    """The twin in a few numbers, for the page of the draft."""

    begun: bool
    joins: bool
    left: int
    total: int


def state_of(draft: Draft) -> EasyState:
    if not easy_parts.has_begun(draft.id):
        return EasyState(False, easy_parts.joins(draft.id), 0, 0)
    found = [
        one for one in easy_parts.placed(draft.id, log.text(draft.id).tree) if one.state is not State.GONE
    ]
    left = sum(one.state is not State.UP_TO_DATE for one in found)
    return EasyState(True, easy_parts.joins(draft.id), left, len(found))


@dataclass(frozen=True)
class Frozen:
    """The twin of a frozen text, for who reads it before signing: its words, and what differs from the public twin."""

    html: Markup
    left_out: int
    changes: Markup | None
    readings: tuple[ReadingRow, ...]


def frozen(revision: Revision, live: Revision | None) -> Frozen | None:
    """The twin that was frozen with a revision; None when there is none. It stands below a heading of its own."""
    parts = signed_with(revision)
    if not parts:
        return None
    before = signed_with(live) if live is not None else ()
    return Frozen(
        render(parts, 2),
        sum(part.is_left_out for part in parts),
        render_changes(compare(as_tree(before), as_tree(parts)), collapse=True) if before else None,
        readings_of([revision.draft_id]),
    )


def signed_with(revision: Revision) -> tuple[Signed, ...]:
    """The parts of the twin that the signatures of a revision cover."""
    return read_signed(canonical.parse(revision.canonical)[1])


def has_moved(draft: Draft, revision: Revision) -> bool:
    """Whether the twin that would be frozen now is another than the one of the revision."""
    if not easy_parts.has_begun(draft.id):
        return False
    now = easy_parts.joined(draft, log.text(draft.id).tree)
    return now is not None and read_signed({"easy": now}) != signed_with(revision)
