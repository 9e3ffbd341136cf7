"""Verbs about remarks: open one, answer, resolve, reopen, say whether it blocks.

Free functions inside an open unit of work, the actor first. A remark changes no word of the text: its anchor is a
mark that the server writes, credited to nobody.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from app import audit, clock
from app.db import note, session
from app.errors import Invalid, MovedOn, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import anchors, log, notices
from drafts.anchors import Passage
from drafts.events import RemarksChanged
from drafts.faults import TextDamaged
from drafts.models import Draft
from drafts.remark_models import LONGEST_QUOTE, LONGEST_TEXT, Remark, RemarkMention, RemarkMessage
from drafts.remark_queries import may_block, may_settle, mentionable, open_blocking, remark_called
from drafts.review_models import OpenReview

__all__ = [
    "Passage",
    "answer",
    "open_blocking",
    "open_remark",
    "reopen",
    "resolve",
    "set_blocking",
]
# A draft with more threads, or a thread with more answers, is no discussion any more but a script.
MOST_THREADS, MOST_MESSAGES = 2000, 500
MOST_MENTIONS, MOST_PASSAGES = 20, 50
_BLOCK_ID = re.compile(r"[A-Za-z0-9_-]{0,32}")


def open_remark(
    actor: Actor,
    draft: Draft,
    text: str,
    *,
    passages: Sequence[Passage] = (),
    blocking: bool = False,
    mentions: Collection[int] = (),
) -> Remark:
    """A new thread about some words, or without `passages` about the whole text.

    When the words are gone by now the thread is opened all the same, with its quotation and without an anchor.
    """
    require(actor, Act.DRAFT_REMARK, draft)
    text, passages = _said(text), _checked(passages)
    draft = log.lock_draft(draft.id)
    people = _mentioned(draft, mentions)
    threads = session().scalar(
        sa.select(sa.func.count()).select_from(Remark).where(Remark.draft_id == draft.id)
    )
    if (threads or 0) >= MOST_THREADS:
        raise Invalid(_("Ce brouillon a trop de remarques : reprenez une de celles qui sont ouvertes."))
    public_id = secrets.token_urlsafe(12)
    remark = Remark(
        public_id=public_id,
        draft_id=draft.id,
        quote="\n".join(passage.quote for passage in passages),
        block_id=_anchored(actor, draft, public_id, passages),
        revision_id=session().scalar(
            sa.select(OpenReview.revision_id).where(OpenReview.draft_id == draft.id)
        ),
        blocking=blocking,
        opened_by=actor.id,
        opened_at=clock.now(),
    )
    session().add(remark)
    session().flush()
    _say(actor, remark, text, people)
    _changed(actor, draft, remark, "open_remark", blocking=blocking)
    told = notices.mentioned(actor, draft, remark, people)
    notices.remark_opened(actor, draft, remark, but=told)
    return remark


def answer(
    actor: Actor, draft: Draft, public_id: str, text: str, *, mentions: Collection[int] = ()
) -> RemarkMessage:
    """Say something in a thread, open or resolved."""
    require(actor, Act.DRAFT_REMARK, draft)
    text = _said(text)
    draft = log.lock_draft(draft.id)
    remark = remark_called(draft, public_id)
    people = _mentioned(draft, mentions)
    said = session().scalar(
        sa.select(sa.func.count()).select_from(RemarkMessage).where(RemarkMessage.remark_id == remark.id)
    )
    if (said or 0) >= MOST_MESSAGES:
        raise Invalid(_("Cette remarque a trop de réponses : ouvrez-en une autre."))
    message = _say(actor, remark, text, people)
    _changed(actor, draft, remark, "answer_remark")
    told = notices.mentioned(actor, draft, remark, people)
    notices.answered(actor, draft, remark, _in_thread(remark), but=told)
    return message


def resolve(actor: Actor, draft: Draft, public_id: str) -> Remark:
    """It is settled. The thread and its anchor stay; who took part is told."""
    draft, remark = _to_settle(actor, draft, public_id)
    if not remark.is_open:
        raise MovedOn(_("Cette remarque est déjà résolue."))
    remark.resolved_by, remark.resolved_at = actor.id, clock.now()
    session().flush()
    _changed(actor, draft, remark, "resolve_remark")
    notices.resolved(actor, draft, remark, _in_thread(remark))
    return remark


def reopen(actor: Actor, draft: Draft, public_id: str) -> Remark:
    """It was not settled after all."""
    draft, remark = _to_settle(actor, draft, public_id)
    if remark.is_open:
        raise MovedOn(_("Cette remarque est déjà ouverte."))
    resolved_by = remark.resolved_by
    remark.resolved_by = remark.resolved_at = None
    session().flush()
    _changed(actor, draft, remark, "reopen_remark")
    people = _in_thread(remark) | ({resolved_by} if resolved_by is not None else set())
    notices.resolved(actor, draft, remark, people)
    return remark


def set_blocking(actor: Actor, draft: Draft, public_id: str, blocking: bool) -> Remark:
    """Say whether a thread stands against the publication while it is open."""
    require(actor, Act.DRAFT_REMARK, draft)
    draft = log.lock_draft(draft.id)
    remark = remark_called(draft, public_id)
    if not may_block(actor, draft, remark):
        raise Refused(
            _(
                "Seule la personne qui a ouvert cette remarque, ou l’animateur du lab, dit si elle est bloquante."
            )
        )
    if remark.blocking != blocking:
        remark.blocking = blocking
        session().flush()
        _changed(actor, draft, remark, "block_remark", blocking=blocking)
    return remark


def _to_settle(actor: Actor, draft: Draft, public_id: str) -> tuple[Draft, Remark]:
    acts = require(actor, Act.DRAFT_REMARK, draft)
    draft = log.lock_draft(draft.id)
    remark = remark_called(draft, public_id)
    if not may_settle(actor, remark, acts):
        raise Refused(
            _(
                "Seules les personnes qui écrivent ce texte, et celle qui a ouvert la remarque, "
                "peuvent la résoudre ou la rouvrir."
            )
        )
    return draft, remark


def _anchored(actor: Actor, draft: Draft, public_id: str, passages: Sequence[Passage]) -> str | None:
    """Write the anchor. The block it stands in, or the one that was named when its words are not there."""
    if not passages:
        return None
    found = anchors.Found()
    try:
        log.append_server_edit(
            actor,
            draft,
            lambda doc, client_id: anchors.anchor_update(doc, client_id, public_id, passages, found),
            credited=False,
        )
    except TextDamaged:
        pass  # Nobody can write in it for now, but much may have to be said about it.
    return found.block_id or passages[0].block_id or None


def _say(actor: Actor, remark: Remark, text: str, people: Collection[int]) -> RemarkMessage:
    message = RemarkMessage(remark_id=remark.id, person_id=actor.id, text=text, at=clock.now())
    session().add(message)
    session().flush()
    session().add_all([RemarkMention(message_id=message.id, person_id=person) for person in people])
    session().flush()
    return message


def _in_thread(remark: Remark) -> set[int]:
    """Everybody who said something in a thread."""
    return set(
        session().scalars(
            sa.select(RemarkMessage.person_id).where(RemarkMessage.remark_id == remark.id).distinct()
        )
    )


def _changed(actor: Actor, draft: Draft, remark: Remark, act: str, **detail: object) -> None:
    session().execute(
        sa.update(Draft)
        .where(Draft.id == draft.id)
        .values(remark_number=Draft.remark_number + 1)
        .execution_options(synchronize_session=False)
    )
    session().refresh(draft, ["remark_number"])
    audit.record(actor.id, act, "draft", draft.id, remark=remark.public_id, **detail)
    note(RemarksChanged(draft_id=draft.id))


def _said(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise Invalid(_("Écrivez votre remarque."), field="text")
    if len(text) > LONGEST_TEXT:
        raise Invalid(_("Cette remarque est trop longue (4 000 caractères au plus)."), field="text")
    _must_be_storable(text)
    return text


def _must_be_storable(text: str) -> None:
    """JSON can carry what no database keeps: a NUL, half a character."""
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Invalid(_("Ce texte contient un caractère illisible : retirez-le, puis envoyez de nouveau."))


def _checked(passages: Sequence[Passage]) -> list[Passage]:
    kept = [passage for passage in passages if passage.quote.strip()]
    whole = sum(len(passage.quote) + 1 for passage in kept) - 1
    if len(kept) > MOST_PASSAGES or whole > LONGEST_QUOTE:
        raise Invalid(
            _("Le passage choisi est trop long : 2 000 caractères au plus. Choisissez-en une partie."),
            field="passages",
        )
    for passage in kept:
        _must_be_storable(passage.quote + passage.before)
        if not _BLOCK_ID.fullmatch(passage.block_id):
            raise Invalid(_("Ce passage n’a pas été compris."), field="passages")
    return kept


def _mentioned(draft: Draft, mentions: Collection[int]) -> list[int]:
    """Whom a message mentions, each once. Raises Invalid for somebody who may not read the draft."""
    people = list(dict.fromkeys(mentions))
    if not people:
        return []
    known = {person.id for person in mentionable(draft)}
    if len(people) > MOST_MENTIONS or not known.issuperset(people):
        raise Invalid(
            _("On ne mentionne que des personnes qui peuvent lire ce texte, vingt au plus."), field="mentions"
        )
    return people
