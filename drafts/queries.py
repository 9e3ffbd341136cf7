"""What the pages of the drafts show, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.errors import Invalid, Missing
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.policy import Actor
from drafts import canonical, freeze, log, vocabulary
from drafts.findings import Code, Finding, quoted
from drafts.grammar import without_beside
from drafts.models import Draft
from drafts.page_text import Kept, PageText, page_text
from drafts.policy import rights
from drafts.remark_queries import open_blocking
from drafts.review_models import DraftAct, Revision
from drafts.stages import Deed, Stage
from drafts.words import deed_word, stage_sentence, stage_word
from labs.models import Lab, Membership
from labs.roles import LADDER, Right


@dataclass(frozen=True)
class FieldLine:
    """One named field of the article, as it is read."""

    label: str
    value: str


@dataclass(frozen=True)
class ActRow:
    number: int
    deed: Deed
    deed_word: str
    person: str
    administration: str
    revision: int | None
    reason: str
    at: datetime


@dataclass(frozen=True)
class DraftPage:
    id: int
    title: str
    slug: str
    lab_title: str
    lab_slug: str
    stage: Stage
    stage_word: str
    stage_sentence: str
    seq: int
    rights: tuple[Right, ...]
    lead: str
    competent: tuple[str, ...]
    fields: tuple[FieldLine, ...]
    # The text itself, the headings to move by, and how long the whole is.
    text: PageText
    is_broken: bool
    has_revision: bool
    # There is a public page to correct, and others than the lead administration would have to sign the correction.
    may_say_minor: bool
    # What a reviewer asked for, while it has not been answered by a new submission.
    asked: ActRow | None

    @property
    def can_write(self) -> bool:
        return Right.WRITE in self.rights


@dataclass(frozen=True)
class RevisionRow:
    number: int
    title: str
    fingerprint: str
    change_note: str
    person: str
    at: datetime


@dataclass(frozen=True)
class History:
    acts: tuple[ActRow, ...]
    revisions: tuple[RevisionRow, ...]


@dataclass(frozen=True)
class DraftData:
    """A draft for programs: its block tree at one number."""

    seq: int
    history: str
    blocks: list[dict[str, Any]]
    fingerprint: str | None
    is_broken: bool


def draft_numbered(draft_id: int) -> Draft:
    """The draft with this id. Raises Missing, also for one that was put away.

    In the very words of the policy, so that nobody learns from a page which numbers exist.
    """
    draft = session().get(Draft, draft_id)
    if draft is None or draft.trashed_at is not None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return draft


def in_order(held: frozenset[Right]) -> tuple[Right, ...]:
    return tuple(right for right in LADDER if right in held)


def draft_page(actor: Actor, draft: Draft, kept: Kept, language: str) -> DraftPage:
    """The page of a draft. Of a text that cannot be replayed to its end, what was written before, and it is said."""
    text = page_text(draft, kept, language)
    revision = session().scalar(sa.select(Revision.id).where(Revision.draft_id == draft.id).limit(1))
    return DraftPage(
        id=draft.id,
        title=draft.title,
        slug=draft.article.slug,
        lab_title=draft.lab.title,
        lab_slug=draft.lab.slug,
        stage=draft.stage,
        stage_word=stage_word(draft.stage),
        stage_sentence=stage_sentence(draft.stage),
        seq=draft.head_seq,
        rights=in_order(rights(actor, draft)),
        lead=draft.article.lead.name,
        competent=tuple(place.name for place in draft.article.competent),
        fields=field_lines(draft.fields),
        text=text,
        is_broken=text.is_damaged,
        has_revision=revision is not None,
        may_say_minor=may_say_minor(draft),
        asked=_asked(draft),
    )


def may_say_minor(draft: Draft) -> bool:
    """Whether it makes a difference that a writer calls what they propose a minor correction."""
    return draft.article.live_revision_id is not None and len(draft.article.competent) > 1


def _asked(draft: Draft) -> ActRow | None:
    if draft.stage is not Stage.CHANGES_REQUESTED:
        return None
    return next(
        (act for act in history(draft).acts if act.deed is Deed.REQUEST_CHANGES),
        None,
    )


def field_lines(fields: dict[str, Any]) -> tuple[FieldLine, ...]:
    """The named fields of an article in words; those without a value are left out."""
    lists = (
        ("themes", _("Thèmes"), vocabulary.themes()),
        ("life_events", _("Situations"), vocabulary.life_events()),
        ("audiences", _("Publics"), vocabulary.audiences()),
        ("territories", _("Territoires"), vocabulary.territories()),
    )
    lines = [
        FieldLine(label, ", ".join(vocabulary.labels(fields[name], known)))
        for name, label, known in lists
        if fields.get(name)
    ]
    if review := date_of(fields.get("review_date")):
        lines.append(FieldLine(_("À vérifier avant le"), day_in_words(review, "d MMMM y")))
    return tuple(lines)


def date_of(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def history(draft: Draft) -> History:
    """Who did what to a draft as a whole, the latest first, and its frozen versions."""
    acts = session().execute(
        sa.select(DraftAct, Person.name, Administration, Revision.number)
        .outerjoin(Person, Person.id == DraftAct.person_id)
        .outerjoin(Administration, Administration.id == DraftAct.administration_id)
        .outerjoin(Revision, Revision.id == DraftAct.revision_id)
        .where(DraftAct.draft_id == draft.id)
        .order_by(DraftAct.number.desc())
    )
    revisions = session().execute(
        sa.select(Revision, Person.name)
        .outerjoin(Person, Person.id == Revision.created_by)
        .where(Revision.draft_id == draft.id)
        .order_by(Revision.number.desc())
    )
    return History(
        acts=tuple(
            ActRow(
                number=act.number,
                deed=act.deed,
                deed_word=deed_word(act.deed),
                # What follows from the answers of others was done by nobody.
                person=name or ("" if act.deed is Deed.APPROVE else _("Compte effacé")),
                administration=place.short_name if place else "",
                revision=number,
                reason=act.reason,
                at=act.at,
            )
            for act, name, place, number in acts
        ),
        revisions=tuple(
            RevisionRow(
                number=row.number,
                title=row.title,
                fingerprint=row.fingerprint,
                change_note=row.change_note,
                person=name or "",
                at=row.created_at,
            )
            for row, name in revisions
        ),
    )


def administrations() -> list[tuple[int, str]]:
    """Every administration for a form: (id, name), by name. A closed one stays where it was ticked, and says so."""
    rows = session().execute(
        sa.select(Administration.id, Administration.name, Administration.closed_at).order_by(
            Administration.name
        )
    )
    return [
        (place, name if closed is None else _("%(name)s (fermée)", name=name)) for place, name, closed in rows
    ]


def administrations_of(lab: Lab) -> frozenset[int]:
    """The administrations that are at the table of a lab, and the one that carries it."""
    present = session().scalars(
        sa.select(Person.administration_id)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.lab_id == lab.id, Membership.removed_at.is_(None))
    )
    return frozenset(place for place in (lab.administration_id, *present) if place is not None)


def administration_numbered(administration_id: int) -> Administration:
    found = session().get(Administration, administration_id)
    if found is None:
        raise Invalid(_("Cette administration n’existe pas."))
    return found


def findings(draft: Draft) -> tuple[int, list[Finding]]:
    """(number, what would keep the draft from being proposed) of the text as it is stored at that number."""
    text = log.text(draft.id)
    return text.seq, freeze.findings_of(draft, canonical.tidy(text.tree))


def warnings(draft: Draft) -> list[Finding]:
    """What does not keep the draft from being proposed, and will keep it from being published."""
    return [
        Finding(
            Code.REMARK_BLOCKING,
            remark.block_id,
            _("Une remarque bloquante est ouverte : « %(quote)s ».", quote=quoted(remark.quote))
            if remark.quote
            else _("Une remarque bloquante est ouverte sur le texte entier."),
        )
        for remark in open_blocking(draft)
    ]


def draft_data(draft: Draft) -> DraftData:
    """The text for programs, with the fingerprint it would have if it were frozen now.

    The fingerprint is None while the text has no canonical form (an open suggestion).
    """
    text = log.text(draft.id)
    try:
        fingerprint = canonical.fingerprint(freeze.canonical_form(draft, canonical.tidy(text.tree)))
    except Invalid:
        fingerprint = None
    return DraftData(text.seq, draft.history, without_beside(text.tree), fingerprint, text.is_damaged)
