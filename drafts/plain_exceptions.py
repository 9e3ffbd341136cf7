"""Findings that a writer leaves as they are, with a reason; and taking such an exception back.

An exception is for some words of a block by one rule. When they are written otherwise, what is found there is another
finding, and is told again.
"""

from __future__ import annotations

import hashlib
import re

import sqlalchemy as sa

from app import audit, clock
from app.db import insert, session
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts.models import Draft
from drafts.plain_french.rules import RuleCode
from drafts.plain_models import LONGEST_REASON, LONGEST_WORDS, SHORTEST_REASON, PlainException

# Ten for each page of the longest text; whoever leaves more than that does not read what they leave.
MOST = 1_000
_BLOCK_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


def leave(actor: Actor, draft: Draft, block: str, rule: str, words: str, reason: str) -> PlainException:
    """Leave a finding as it is. Who says it again of the same words changes nothing: the first reason stands."""
    require(actor, Act.DRAFT_WRITE, draft)
    if not _BLOCK_ID.fullmatch(block) or rule not in set(RuleCode) or not 1 <= len(words) <= LONGEST_WORDS:
        raise Invalid(_("Ce passage n’a pas été compris : rechargez la page."), field="words")
    reason = said(reason)
    values = {"draft_id": draft.id, "block_id": block, "rule": rule, "digest": digest(words)}
    if _kept(values) is None:
        _refuse_many(draft)
        session().execute(
            insert(PlainException)
            .values(**values, words=words, reason=reason, person_id=actor.id, at=clock.now())
            .on_conflict_do_nothing()
        )
        audit.record(actor.id, "leave_finding", "draft", draft.id, rule=rule)
    kept = _kept(values)
    assert kept is not None
    return kept


def _kept(values: dict[str, object]) -> PlainException | None:
    return session().scalars(sa.select(PlainException).filter_by(**values)).first()


def _refuse_many(draft: Draft) -> None:
    count = session().scalar(
        sa.select(sa.func.count()).select_from(PlainException).where(PlainException.draft_id == draft.id)
    )
    if (count or 0) >= MOST:
        raise Invalid(_("Ce texte a trop d’exceptions : reprenez celles qui ne servent plus."))


def take_back(actor: Actor, draft: Draft, exception_id: int) -> None:
    """The finding is told again. Raises Missing for an exception of another draft."""
    require(actor, Act.DRAFT_WRITE, draft)
    kept = session().get(PlainException, exception_id)
    if kept is None or kept.draft_id != draft.id:
        raise Missing(_("Cette exception n’existe plus : rechargez la page."))
    audit.record(actor.id, "take_up_finding", "draft", draft.id, rule=kept.rule)
    session().delete(kept)
    session().flush()


def said(reason: str) -> str:
    """A reason as it is kept. Raises Invalid when it says nothing, or too much."""
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    reason = re.sub(r"[ \t\r\n]+", " ", reason).strip()
    if len(reason) < SHORTEST_REASON or "\x00" in reason:
        raise Invalid(_("Dites pourquoi, en quelques mots."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(_("Cette raison est trop longue (300 caractères au plus)."), field="reason")
    return reason


def digest(words: str) -> str:
    """What names the words of a finding where they are too long to be an index."""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
