"""Revisions, acts and signatures: what the database itself refuses about them stands in the constraints."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, BigId, Word, one_of
from drafts.models import Article, Draft
from drafts.stages import Deed


class Part(StrEnum):
    """What a person is for one revision: one or the other, never both (the primary key says so)."""

    WROTE = "wrote"
    SECOND_EYES = "second_eyes"


class Decision(StrEnum):
    SIGNED = "signed"
    ABSTAINED = "abstained"


class SignedAs(StrEnum):
    """`second_eyes`: contributed nothing. `author`: signs for the competence only, and it is shown.

    `part`: read the blocks of their competence, not the whole, and is not its second pair of eyes. `nobody` is for
    an abstention: it answers for the administration, and is nobody's pair of eyes.
    """

    SECOND_EYES = "second_eyes"
    AUTHOR = "author"
    PART = "part"
    NOBODY = "nobody"


class Size(StrEnum):
    """How much a revision changes. `minor`: measured against the live edition; `said_minor`: a writer says so, and
    it counts once a signer who wrote nothing agrees."""

    MAJOR = "major"
    MINOR = "minor"
    SAID_MINOR = "said_minor"


class DraftAct(Base):
    """The numbered, append-only list a draft's stage is folded from. Of two acts at one moment one wins."""

    __tablename__ = "draft_act"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"))
    number: Mapped[int]
    deed: Mapped[Deed] = mapped_column(Word(Deed))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    administration_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"))
    revision_id: Mapped[int | None] = mapped_column(sa.ForeignKey("revision.id"))
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    at: Mapped[datetime]
    __table_args__ = (sa.UniqueConstraint("draft_id", "number"), one_of("deed", Deed))


class Revision(Base):
    """A photograph of a draft: never changed, never erased (triggers say so)."""

    __tablename__ = "revision"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id"))
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    number: Mapped[int]
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    canon: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(sa.String(200))
    fields: Mapped[dict[str, Any]]
    tree: Mapped[list[Any]]
    canonical: Mapped[bytes] = mapped_column(sa.LargeBinary)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    # The run table at this number, so that a restored or revised text keeps its authors.
    authorship: Mapped[bytes] = mapped_column(sa.LargeBinary)
    # Whose words the whole text is: [{"person", "administration", "characters"}], for the credit line. What each
    # did to the difference with the live edition stands in `RevisionPart`.
    authors: Mapped[list[Any]] = mapped_column(default=list)
    change_note: Mapped[str] = mapped_column(sa.String(500), default="")
    size: Mapped[Size] = mapped_column(Word(Size), default=Size.MAJOR, server_default=Size.MAJOR.value)
    main_author_administration_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"))
    created_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    created_at: Mapped[datetime]
    draft: Mapped[Draft] = relationship(foreign_keys=[draft_id])
    article: Mapped[Article] = relationship(foreign_keys=[article_id])
    __table_args__ = (sa.UniqueConstraint("draft_id", "number"), one_of("size", Size))


class RevisionCompetence(Base):
    """Who has to answer for this revision: the article's competent administrations when it was submitted."""

    __tablename__ = "revision_competence"
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("revision.id"), primary_key=True)
    administration_id: Mapped[int] = mapped_column(sa.ForeignKey("administration.id"), primary_key=True)


class RevisionScope(Base):
    """A signable extent of a revision and its fingerprint: the whole text, or named blocks."""

    __tablename__ = "revision_scope"
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("revision.id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    blocks: Mapped[list[Any] | None] = mapped_column(sa.JSON)


class ProposedScope(Base):
    """What an administration is asked to sign when it is not the whole text. It may sign more, or less."""

    __tablename__ = "proposed_scope"
    revision_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    administration_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["revision_id", "administration_id"],
            ["revision_competence.revision_id", "revision_competence.administration_id"],
            name="fk_proposed_scope_competence",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id", "fingerprint"],
            ["revision_scope.revision_id", "revision_scope.fingerprint"],
            name="fk_proposed_scope_scope",
        ),
    )


class RevisionPart(Base):
    """I3 in the database: one part per person and revision, *wrote* or *counts as second eyes*."""

    __tablename__ = "revision_part"
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("revision.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    part: Mapped[Part] = mapped_column(Word(Part))
    administration_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"))
    inserted: Mapped[int] = mapped_column(default=0)
    deleted: Mapped[int] = mapped_column(default=0)
    attributes: Mapped[int] = mapped_column(default=0)
    fields: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        one_of("part", Part),
        # The target of a sign-off's foreign key: who signs as second eyes must be down as second eyes.
        sa.UniqueConstraint("revision_id", "person_id", "part"),
        sa.CheckConstraint(
            "inserted >= 0 AND deleted >= 0 AND attributes >= 0 AND fields >= 0", name="numbers_count"
        ),
        # Second eyes contributed nothing, and the numbers of the row say the same.
        sa.CheckConstraint(
            "part = 'wrote' OR inserted + deleted + attributes + fields = 0", name="second_eyes_wrote_nothing"
        ),
    )


class OpenReview(Base):
    """I1 in the database: while a row exists, no other draft of this article can be submitted. A lock, no stage."""

    __tablename__ = "open_review"
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id"), unique=True)
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("revision.id"), unique=True)
    opened_at: Mapped[datetime]


class SignOff(Base):
    """One administration's decision on one fingerprint.

    The foreign keys refuse what the service refuses: a fingerprint that is no scope of the revision, an
    administration that is not competent for it, a second signature of the same one, second eyes that wrote.
    """

    __tablename__ = "sign_off"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    revision_id: Mapped[int]
    administration_id: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    decision: Mapped[Decision] = mapped_column(Word(Decision))
    signed_as: Mapped[SignedAs] = mapped_column(Word(SignedAs))
    # NULL for an author or an abstention, so that the composite key below then asks for nothing.
    second_eyes: Mapped[str | None] = mapped_column(sa.String(40))
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    # A signature that still holds because the fingerprint is the same in the new revision: the earlier one, whose
    # seal and instant are repeated here.
    carried_from: Mapped[int | None] = mapped_column(
        sa.ForeignKey("sign_off.id", name="fk_sign_off_carried_from")
    )
    signature: Mapped[bytes] = mapped_column(sa.LargeBinary)
    key_id: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    # The how manieth answer of the administration this is: it answers once, and once more after each withdrawal.
    turn: Mapped[int] = mapped_column(default=1, server_default="1")
    # Who reads a text that is said to be a minor correction, and finds so too.
    agrees_minor: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    __table_args__ = (
        one_of("decision", Decision),
        one_of("signed_as", SignedAs),
        sa.UniqueConstraint("revision_id", "administration_id", "turn"),
        sa.ForeignKeyConstraint(
            ["revision_id", "fingerprint"],
            ["revision_scope.revision_id", "revision_scope.fingerprint"],
            name="fk_sign_off_scope",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id", "administration_id"],
            ["revision_competence.revision_id", "revision_competence.administration_id"],
            name="fk_sign_off_competence",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id", "person_id", "second_eyes"],
            ["revision_part.revision_id", "revision_part.person_id", "revision_part.part"],
            name="fk_sign_off_second_eyes",
        ),
        sa.CheckConstraint(
            "(signed_as = 'second_eyes' AND second_eyes IS NOT NULL AND second_eyes = 'second_eyes')"
            " OR (signed_as <> 'second_eyes' AND second_eyes IS NULL)",
            name="second_eyes_said_once",
        ),
        sa.CheckConstraint(
            "(decision = 'abstained') = (signed_as = 'nobody')",
            name="abstention_is_nobodys",
        ),
        sa.CheckConstraint("NOT agrees_minor OR signed_as = 'second_eyes'", name="readers_agree"),
    )


class WithdrawnSignOff(Base):
    """A carried signature that its signer took back: it stands in the evidence, and answers for nothing any more."""

    __tablename__ = "withdrawn_sign_off"
    sign_off_id: Mapped[int] = mapped_column(sa.ForeignKey("sign_off.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("reason <> ''", name="reason_is_said"),)


class Substitute(Base):
    """Who answers, in one review, for an administration that has no reviewer of its own."""

    __tablename__ = "substitute"
    revision_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    administration_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["revision_id", "administration_id"],
            ["revision_competence.revision_id", "revision_competence.administration_id"],
            name="fk_substitute_competence",
        ),
        sa.CheckConstraint("reason <> ''", name="reason_is_said"),
    )


class PassedOver(Base):
    """An administration that let its deadline pass, and who decided to go on without it, and why.

    It may still answer while the review is open: then both stand in the evidence.
    """

    __tablename__ = "passed_over"
    revision_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    administration_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["revision_id", "administration_id"],
            ["revision_competence.revision_id", "revision_competence.administration_id"],
            name="fk_passed_over_competence",
        ),
        sa.CheckConstraint("reason <> ''", name="reason_is_said"),
    )


class ReviewOutcome(Base):
    """What follows from the answers, kept as a fact of its own: the publication's foreign key points here.

    A revision cannot become an edition unless a row stands here, and a row stands here only after the fold of
    the answers said *approved*. `second_eyes_person_id` is the person whose eyes were the second ones.
    """

    __tablename__ = "review_outcome"
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("revision.id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    second_eyes_person_id: Mapped[int]
    second_eyes: Mapped[str] = mapped_column(sa.String(40), default=Part.SECOND_EYES.value)
    approved_at: Mapped[datetime]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["revision_id", "fingerprint"],
            ["revision_scope.revision_id", "revision_scope.fingerprint"],
            name="fk_review_outcome_scope",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id", "second_eyes_person_id", "second_eyes"],
            ["revision_part.revision_id", "revision_part.person_id", "revision_part.part"],
            name="fk_review_outcome_second_eyes",
        ),
        sa.CheckConstraint("second_eyes = 'second_eyes'", name="second_eyes_are_second"),
        sa.UniqueConstraint("revision_id", "fingerprint"),
    )
