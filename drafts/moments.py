"""Any moment of a draft: its text as it was at a number, under a name, or when it was frozen.

Moments are replayed in a child of their own (`drafts.past_work`); this process only waits for it, so that nobody
who types is kept waiting. What is asked for is named as in an address: "1234" is a number of the log, "v5" a named
version, "r2" a frozen one, "maintenant" the text as it stands.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app.db import session
from app.errors import Missing, Unavailable
from app.extensions import gettext as _
from drafts import log, reopening
from drafts.child import Answer, Child, ChildDied, Part
from drafts.compare import AttributeChange, BlockChange, Change, Stretch
from drafts.grammar import Tree
from drafts.history_models import DraftVersion
from drafts.models import Draft, DraftUpdate
from drafts.retelling import words_of
from drafts.review_models import Revision

__all__ = ["NOW", "Kind", "Moment", "Ref", "asked", "between", "close", "moment", "ref_of"]

logger = logging.getLogger(__name__)
# The longest piece between two checkpoints is replayed in a second or two (docs/together/history.md).
SECONDS = 20.0
MEMORY = 2 * 1024 * 1024 * 1024
LONGEST = 256 * 1024 * 1024
# Who waits for the child at once; the others are asked to try again, rather than to wait without knowing.
WAITING = 4
# Checkpoints that are tried, when one turns out to be bad.
ATTEMPTS = 3
_REF = re.compile(r"(?P<kind>[vr]?)(?P<number>0|[1-9][0-9]{0,17})")


class Kind(StrEnum):
    STROKE = ""
    VERSION = "v"
    REVISION = "r"
    NOW = "maintenant"


@dataclass(frozen=True)
class Ref:
    """Which moment, as an address says it."""

    kind: Kind
    number: int = 0

    def __str__(self) -> str:
        return self.kind.value if self.kind is Kind.NOW else f"{self.kind.value}{self.number}"


NOW = Ref(Kind.NOW)


@dataclass(frozen=True)
class Moment:
    """A text as it was. `authors`: stretches (characters, person) over its words, None when nobody can say.

    `title` and `fields` are None where only the text is known. `is_broken`: what came after cannot be replayed.
    """

    ref: Ref
    seq: int
    tree: Tree = field(repr=False)
    at: datetime | None
    authors: list[tuple[int, int]] | None = field(default=None, repr=False)
    title: str | None = None
    fields: dict[str, Any] | None = None
    name: str = ""
    is_broken: bool = False


def ref_of(text: str) -> Ref:
    """What an address names. Raises Missing for what names nothing."""
    if text == Kind.NOW:
        return NOW
    found = _REF.fullmatch(text)
    if found is None:
        raise _missing()
    return Ref(Kind(found["kind"]), int(found["number"]))


def _missing() -> Missing:
    return Missing(_("Ce moment du texte n’existe pas, ou vous n’y avez pas accès."))


def moment(draft: Draft, ref: Ref, *, authors: bool = False) -> Moment:
    """The text at a moment of a draft. Call it while reading: it waits for the child.

    Raises Missing, and Unavailable while too many ask or when the child cannot do it.
    """
    if ref.kind is Kind.VERSION:
        version = session().get(DraftVersion, ref.number)
        if version is None or version.draft_id != draft.id:
            raise _missing()
        return Moment(
            ref,
            version.seq,
            version.tree,
            version.moment_at,
            [(size, person) for size, person in version.authors] or None,
            version.title,
            version.fields,
            version.name,
        )
    if ref.kind is Kind.REVISION:
        revision = session().scalar(
            sa.select(Revision).where(Revision.draft_id == draft.id, Revision.number == ref.number)
        )
        if revision is None:
            raise _missing()
        return _frozen(draft, revision, ref, authors)
    seq = draft.head_seq if ref.kind is Kind.NOW else ref.number
    if seq > draft.head_seq:
        raise _missing()
    return _replayed(draft, seq, ref, authors)


def _frozen(draft: Draft, revision: Revision, ref: Ref, authors: bool) -> Moment:
    """A frozen text is tidied; its authors are those of the moment it was frozen, where the words are the same."""
    found = None
    if authors:
        then = _replayed(draft, revision.seq, ref, True)
        if words_of(then.tree) == words_of(revision.tree):
            found = then.authors
    return Moment(
        ref,
        revision.seq,
        revision.tree,
        revision.created_at,
        found,
        revision.title,
        revision.fields,
    )


def _replayed(draft: Draft, seq: int, ref: Ref, authors: bool) -> Moment:
    stored: reopening.Stored | None = log.stored(draft, seq)
    for _attempt in range(ATTEMPTS):
        if stored is None:
            break
        head, parts = reopening.request(stored, authors=authors)
        answer, given = asked("moment", head, parts)
        if "error" in answer:
            logger.error("draft %s: the moment %s cannot be read: %s", draft.id, seq, answer["error"])
            stored = stored.earlier()
            continue
        tree, spans = map(json.loads, given)
        reached = int(answer["seq"])
        return Moment(
            ref,
            seq,
            tree,
            moment_at(draft.id, seq),
            None if spans is None else [(size, person) for size, person in spans],
            is_broken=_is_cut(stored, reached),
        )
    raise Unavailable(
        _("Ce moment du texte ne peut pas être relu. Choisissez-en un autre dans l’historique."),
        retry_after=30.0,
    )


def _is_cut(stored: reopening.Stored, reached: int) -> bool:
    """Whether rows up to the number that was asked for are not in what came back."""
    return bool(stored.tail) and reached < stored.tail[-1].seq


def moment_at(draft_id: int, seq: int) -> datetime | None:
    """When a row was written; None for the beginning, and for a row that is gone."""
    return session().scalar(
        sa.select(DraftUpdate.at).where(DraftUpdate.draft_id == draft_id, DraftUpdate.seq == seq)
    )


def between(before: Tree, after: Tree) -> list[BlockChange]:
    """The changes from one text to another, found in the child: two long texts take a second."""
    answer, parts = asked("difference", {}, [json.dumps(before).encode(), json.dumps(after).encode()])
    if "error" in answer:
        raise _too_much()
    return [_change(one) for one in json.loads(parts[0])]


def _change(given: dict[str, Any]) -> BlockChange:
    def pairs(value: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
        return tuple((name, attrs) for name, attrs in value)

    return BlockChange(
        change=Change(given["change"]),
        block_id=given["block_id"],
        type_before=given["type_before"],
        type_after=given["type_after"],
        level=given["level"],
        within_before=tuple(given["within_before"]),
        within_after=tuple(given["within_after"]),
        moved=given["moved"],
        attributes=tuple(AttributeChange(**one) for one in given["attributes"]),
        stretches=tuple(
            Stretch(Change(one["change"]), one["text"], pairs(one["marks_before"]), pairs(one["marks_after"]))
            for one in given["stretches"]
        ),
        held=tuple((name, value) for name, value in given["held"]),
        former_id=given["former_id"],
    )


# The child


_child: Child | None = None
_making = threading.Lock()
_places = threading.BoundedSemaphore(WAITING)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise Unavailable(
            _("D’autres personnes relisent des textes anciens en ce moment. Réessayez dans un instant."),
            retry_after=5.0,
        )
    try:
        yield
    finally:
        _places.release()


def asked(do: str, head: dict[str, Any], parts: Sequence[Part]) -> Answer:
    """What the child answers. Raises Unavailable when too many wait for it, or when it does not survive."""
    with _place():
        try:
            return _asked().ask(do, head, parts)
        except (ChildDied, ValueError) as death:
            logger.warning("the child of the past did not answer (%s): %s", do, death)
            raise _too_much() from None


def _too_much() -> Unavailable:
    return Unavailable(
        _(
            "Ce travail demande trop au serveur en ce moment. Réessayez dans un instant, "
            "ou choisissez un autre moment du texte."
        ),
        retry_after=10.0,
    )


def _asked() -> Child:
    global _child
    with _making:
        if _child is None:
            _child = Child(seconds=SECONDS, memory=MEMORY, longest=LONGEST, module="drafts.past_work")
        return _child


def close() -> None:
    """End the child of this process, if there is one."""
    if _child is not None:
        _child.close()
