"""The answers of a review in words: who answered what, for which part, since when, in whose place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.extensions import gettext as _
from app.policy import Actor
from drafts.answers import Answer, sign_offs_of
from drafts.review_models import Decision, Revision, Size
from drafts.scopes import Proposed, passages_of, proposed_for
from drafts.standing import Standing
from drafts.words import decision_word


@dataclass(frozen=True)
class AnswerRow:
    """One competent administration and what it answered. `notes`: what else there is to know of it, in sentences."""

    administration: str
    word: str
    person: str
    reason: str
    at: datetime | None
    is_missing: bool
    is_abstention: bool
    # The blocks that were signed, or are asked for: (id, first words); empty for the whole text.
    passages: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """What an administration is asked for when it is not the whole text: its fingerprint, and (id, first words)."""

    fingerprint: str
    passages: tuple[tuple[str, str], ...]


def answer_rows(revision: Revision, standing: Standing) -> tuple[AnswerRow, ...]:
    """One line for each competent administration."""
    asked = proposed_for(revision.id)
    return tuple(
        _row(revision, standing, answer, asked.get(answer.administration_id)) for answer in standing.answers
    )


def _row(revision: Revision, standing: Standing, answer: Answer, asked: Proposed | None) -> AnswerRow:
    blocks = answer.blocks or (asked.blocks if asked is not None and answer.decision is None else ())
    passages = passages_of(revision.tree, blocks)
    notes = tuple(_notes(answer))
    if answer.passed_over_at is not None:
        return AnswerRow(
            administration=answer.administration,
            word=_("Sans réponse : le délai est passé, la relecture continue sans elle"),
            person=answer.passed_over_by,
            reason=answer.passed_over_because,
            at=answer.passed_over_at,
            is_missing=False,
            is_abstention=False,
            notes=notes,
        )
    is_missing = answer.decision is None and answer.administration_id in standing.unanswered
    word = decision_word(answer.decision, answer.signed_as)
    if answer.decision is None and standing.is_minor:
        word = _("N’a pas à répondre : c’est une correction mineure")
    elif answer.decision is None and passages:
        word = _("Réponse attendue sur une partie du texte")
    return AnswerRow(
        administration=answer.administration,
        word=word,
        person=answer.person,
        reason=answer.reason,
        at=answer.at,
        is_missing=is_missing,
        is_abstention=answer.decision is Decision.ABSTAINED,
        passages=passages,
        notes=notes,
    )


def _notes(answer: Answer) -> list[str]:
    found = []
    if answer.substitute:
        found.append(
            _(
                "%(name)s répond à sa place, faute de référent : %(reason)s",
                name=answer.substitute,
                reason=answer.substitute_because,
            )
        )
    if answer.carried_from is not None:
        found.append(
            _(
                "Visa reporté de la version %(number)d : rien n’a changé dans ce qui était signé.",
                number=answer.carried_from,
            )
        )
    if answer.agrees_minor:
        found.append(_("D’accord : c’est une correction mineure."))
    found += [
        _("Visa reporté, puis retiré par %(name)s : %(reason)s", name=one.person, reason=one.reason)
        for one in answer.withdrawn
    ]
    return found


def parts_for(revision: Revision, places: Collection[int]) -> dict[int, Part]:
    """Of these administrations, those that are asked for a part, and which."""
    return {
        place: Part(part.fingerprint, passages_of(revision.tree, part.blocks))
        for place, part in proposed_for(revision.id).items()
        if place in places
    }


def carried_of(actor: Actor, revision: Revision) -> list[int]:
    """The administrations for which a signature of this person was carried into this version."""
    return [
        row.administration_id
        for row in sign_offs_of(revision.id)
        if row.person_id == actor.id and row.carried_from is not None
    ]


def minor_words(standing: Standing) -> str:
    """What a minor correction needs, where it is one or is said to be one; "" for anything else."""
    if standing.size is Size.MINOR:
        return _(
            "Correction mineure : la signature de l’administration responsable et une autre personne suffisent."
        )
    if standing.size is Size.SAID_MINOR:
        return _(
            "La personne qui a proposé ce texte dit que c’est une correction mineure. Si un relecteur est d’accord, la "
            "signature de l’administration responsable et une autre personne suffisent."
        )
    return ""
