"""What changed from one edition of an article to another, for whoever reads its history."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

import sqlalchemy as sa
from markupsafe import Markup

from app.db import session
from drafts import moments
from drafts.card_queries import references_of
from drafts.compare import BlockChange, Change
from drafts.compare_page import render_changes
from drafts.field_changes import FieldChange, field_changes
from publish import addresses, queries
from publish.models import Edition
from publish.queries import Card, Past

# Blocks of a difference that a page shows; two texts that differ in more are two texts.
MOST_BLOCKS = 300
# Editions never change, so neither does what differs between two: strangers who ask again cost agents nothing, whose
# own comparisons are made in the same child process.
KEPT_DIFFERENCES = 64
_differences: OrderedDict[tuple[int, int, int, int], list[BlockChange]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Between:
    """`notes` are the editions that came after `before`, up to `after`, the newest first. `is_cut`: there is more."""

    before: Past
    after: Past
    notes: tuple[Past, ...]
    fields: tuple[FieldChange, ...]
    difference: Markup
    count: int
    is_cut: bool


def asked(before: str, after: str) -> tuple[int, int] | None:
    """The numbers of the two editions, the older first; None when an address names no two."""
    given = [int(one) for one in (before, after) if one.isascii() and one.isdigit() and len(one) <= 6]
    return (min(given), max(given)) if len(set(given)) == 2 else None


def between(card: Card, first: int, last: int) -> Between | None:
    """None when the article has no edition of one of the numbers."""
    rows = {
        row.number: row
        for row in session().scalars(
            sa.select(Edition).where(Edition.article_id == card.article_id, Edition.number.in_([first, last]))
        )
    }
    if len(rows) < 2:
        return None
    before, after = rows[first], rows[last]
    changes = _changes(before, after)
    differing = [one for one in changes if one.change is not Change.SAME or one.moved]
    known = references_of(before.revision.tree, after.revision.tree)
    services = {
        slug: replace(one, href=addresses.opening(slug)) if one.href else one
        for slug, one in known.services.items()
    }
    past = [one for one in queries.history(card.article_id) if first <= one.number <= last]
    return Between(
        before=past[-1],
        after=past[0],
        notes=tuple(past[:-1]),
        fields=field_changes(before.title, before.fields, after.title, after.fields),
        difference=render_changes(_first(changes), replace(known, services=services), collapse=True),
        count=len(differing),
        is_cut=len(differing) > MOST_BLOCKS,
    )


def _changes(before: Edition, after: Edition) -> list[BlockChange]:
    # With what they say: a redaction changes it, also for a process that remembers.
    pair = (before.id, after.id, hash(before.body), hash(after.body))
    with _lock:
        if pair in _differences:
            _differences.move_to_end(pair)
            return _differences[pair]
    found = moments.between(before.revision.tree, after.revision.tree)
    with _lock:
        _differences[pair] = found
        while len(_differences) > KEPT_DIFFERENCES:
            _differences.popitem(last=False)
    return found


def _first(changes: list[BlockChange]) -> list[BlockChange]:
    """As much of a difference as a page shows."""
    left, kept = MOST_BLOCKS, []
    for one in changes:
        differs = one.change is not Change.SAME or one.moved
        if differs and not left:
            break
        left -= differs
        kept.append(one)
    return kept
