"""News of reviews: what a higher room, or a later issue, may want to follow."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class RevisionSubmitted(events.Event):
    """A draft was frozen and its review opened."""

    name = "drafts.revision_submitted"
    draft_id: int
    revision_id: int


@events.event
@dataclass(frozen=True)
class RevisionAnswered(events.Event):
    """One administration answered: it signed or abstained."""

    name = "drafts.revision_answered"
    draft_id: int
    revision_id: int
    administration_id: int
    decision: str


@events.event
@dataclass(frozen=True)
class SignOffWithdrawn(events.Event):
    """A carried signature was taken back by its signer."""

    name = "drafts.sign_off_withdrawn"
    draft_id: int
    revision_id: int
    administration_id: int


@events.event
@dataclass(frozen=True)
class RevisionApproved(events.Event):
    """Everybody answered and there was a second pair of eyes: it may be published."""

    name = "drafts.revision_approved"
    draft_id: int
    revision_id: int


@events.event
@dataclass(frozen=True)
class ReviewClosed(events.Event):
    """A review ended. `how`: retract, request_changes or publish."""

    name = "drafts.review_closed"
    article_id: int
    revision_id: int
    how: str


@events.event
@dataclass(frozen=True)
class CompetencesChanged(events.Event):
    """Other administrations answer for an article, or another one leads."""

    name = "drafts.competences_changed"
    article_id: int
