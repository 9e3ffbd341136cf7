"""Verbs of publication: an approved revision becomes an immutable edition at a public address."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app import clock, jobs
from app.db import note, session
from app.directory.models import Administration
from app.errors import Invalid, MovedOn, Refused
from app.extensions import gettext as _
from app.markup import safe_href
from app.policy import Act, Actor, require
from drafts import canonical, contributions, log, review
from drafts.grammar import Tree, inline_text, plain_text
from drafts.models import Article, Draft
from drafts.render import render_blocks
from drafts.review_models import ReviewOutcome, Revision
from drafts.service import record_act
from drafts.stages import Deed, Stage
from publish import queries, search, store
from publish.events import EditionPublished
from publish.models import Address, Edition

LONGEST_NOTE = 500
REVIEW_DATE_PASSED = "publish.review_date_passed"


def publish(actor: Actor, draft: Draft, fingerprint: str, change_note: str = "") -> Edition:
    """Make the approved revision of `draft` public, under the fingerprint the actor saw.

    By the portal editor, or a reviewer of a lead administration that may publish its own articles. Raises
    Refused while it is not approved, MovedOn when the fingerprint is another, Invalid for a dangerous link.
    """
    draft = log.lock_draft(draft.id)
    if draft.stage is Stage.IN_REVIEW:
        require(actor, Act.DRAFT_PUBLISH, draft)
        current = review.open_revision(draft)
        if current is None or current.fingerprint != fingerprint:
            raise MovedOn(
                _("Le texte que vous avez lu n’est plus celui qui est approuvé : rechargez la page.")
            )
        raise Refused(_("Ce texte n’est pas encore approuvé : il manque des réponses ou un second regard."))
    revision = review.may_publish(actor, draft).revision
    if fingerprint != revision.fingerprint:
        raise MovedOn(_("Le texte que vous avez lu n’est plus celui qui est approuvé : rechargez la page."))
    have_outcome(revision)
    return make_public(actor, draft, revision, checked_note(change_note))


def have_outcome(revision: Revision) -> None:
    """Raises Refused unless the review of `revision` came out."""
    if session().get(ReviewOutcome, revision.id) is None:
        raise Refused(_("Ce texte n’est pas encore approuvé : il manque des réponses ou un second regard."))


def make_public(actor: Actor, draft: Draft, revision: Revision, change_note: str) -> Edition:
    """The publication itself, once everything has been judged; `draft` is locked."""
    edition = _edition(actor, draft.article, revision, change_note or revision.change_note)
    _address(draft.article)
    review.set_live(draft.article, revision)
    review.close_review(draft.article_id, revision_id=revision.id)
    record_act(draft, Deed.PUBLISH, actor, revision_id=revision.id, reason=edition.change_note)
    search.index(edition)
    _plan_review(edition)
    store.invalidate()
    note(EditionPublished(edition_id=edition.id, article_id=edition.article_id, slug=edition.slug))
    return edition


def sign_and_publish(actor: Actor, draft: Draft, fingerprint: str, change_note: str = "") -> Edition:
    """The short way: one person who did not write it reads, signs and publishes, in one act.

    Signs for every administration this person is a reviewer of and that has not answered; where one
    administration alone is competent and has signed, the person who publishes is the second pair of eyes.
    Raises Refused, and nothing is done, when the rules ask for somebody else as well.
    """
    draft = log.lock_draft(draft.id)
    revision = review.open_revision(draft)
    if revision is None:
        raise MovedOn(_("La situation a changé : rechargez la page."))
    if draft.stage is Stage.IN_REVIEW:
        for place in review.answerable(actor, draft):
            if draft.stage is Stage.IN_REVIEW:
                review.sign_off(actor, draft, place, fingerprint)
        if draft.stage is Stage.IN_REVIEW:
            if fingerprint != revision.fingerprint:
                raise MovedOn(
                    _("Le texte que vous avez lu n’est plus celui qui est en relecture : rechargez la page.")
                )
            review.approve_as_publisher(actor, revision)
    return publish(actor, draft, fingerprint, change_note)


def checked_note(change_note: str) -> str:
    """The note on one line. Raises Invalid when it is too long."""
    change_note = one_line(change_note)
    if len(change_note) > LONGEST_NOTE:
        raise Invalid(
            _("La note de modification est trop longue (500 caractères au plus)."), field="change_note"
        )
    return change_note


def _edition(actor: Actor, article: Article, revision: Revision, change_note: str) -> Edition:
    """The immutable row, made of the very bytes that were signed, not of the draft."""
    tree, fields = canonical.parse(revision.canonical)
    refuse_dangerous_links(tree)
    number = session().scalar(
        sa.select(sa.func.coalesce(sa.func.max(Edition.number), 0) + 1).where(
            Edition.article_id == article.id
        )
    )
    edition = Edition(
        article_id=article.id,
        revision_id=revision.id,
        fingerprint=revision.fingerprint,
        number=number,
        slug=article.slug,
        title=str(fields["title"]),
        lead=lead_of(tree),
        body=str(render_blocks(tree)),
        plain=plain_text(tree),
        fields={name: value for name, value in fields.items() if name != "title"},
        credits=_credits(revision),
        change_note=change_note,
        published_by=actor.id,
        published_at=clock.now(),
    )
    session().add(edition)
    session().flush()
    return edition


def one_line(text: str) -> str:
    """The text with breaks and runs of ordinary spaces made one space; French no-break spaces stay."""
    return re.sub(r"[ \t\r\n]+", " ", text).strip()


def lead_of(tree: Tree) -> str:
    """The words of the lead block, or of the first text there is; on one line."""
    for kind in ("lead", "paragraph"):
        for node in tree:
            if node["type"] == kind and (words := one_line(inline_text(node))):
                return words
    return ""


def refuse_dangerous_links(tree: Tree) -> None:
    """Raises Invalid for an address a page may not lead to."""
    dangerous = [href for href in _links(tree) if safe_href(href) is None]
    if dangerous:
        raise Invalid(
            _("Ce texte contient un lien dangereux ou illisible : faites-le corriger."), links=dangerous[:5]
        )


def _links(tree: Tree) -> list[str]:
    found: list[str] = []
    stack: list[dict[str, Any]] = list(tree)
    while stack:
        node = stack.pop()
        for mark in node.get("marks", ()):
            # Words that have lost their address are words; the page shows them so.
            if mark["type"] == "link" and (href := mark.get("attrs", {}).get("href")):
                found.append(href)
        stack.extend(node.get("content", ()))
    return found


def _credits(revision: Revision) -> list[dict[str, Any]]:
    """The administrations of the credit line, the largest share first; who proposed it when nobody is counted."""
    names = contributions.credit(revision)
    places = {
        place.name: place
        for place in session().scalars(sa.select(Administration).where(Administration.name.in_(names)))
    }
    credited = [places[name] for name in names if name in places]
    if not credited and revision.main_author_administration_id is not None:
        credited = [session().get_one(Administration, revision.main_author_administration_id)]
    return [{"administration": place.id, "name": place.name} for place in credited]


def _address(article: Article) -> None:
    """The article's slug becomes its address; the one before goes on answering, with a redirect."""
    taken = session().get(Address, article.slug)
    if taken is not None and taken.article_id != article.id:
        raise Invalid(_("Cette adresse est déjà celle d’une autre fiche."), field="slug")
    session().execute(
        sa.update(Address).where(Address.article_id == article.id, Address.slug != article.slug)
        .values(is_current=False).execution_options(synchronize_session="fetch")
    )  # fmt: skip
    if taken is None:
        session().add(Address(slug=article.slug, article_id=article.id, is_current=True))
    else:
        taken.is_current = True
    session().flush()


def _plan_review(edition: Edition) -> None:
    """The day after the review date the page says so: a day in Nouméa, not in UTC."""
    key = str(edition.article_id)
    date = queries.review_date(edition.fields)
    if date is None:
        jobs.cancel(REVIEW_DATE_PASSED, key)
        return
    due_at = datetime.combine(date + timedelta(days=1), time(), tzinfo=clock.NOUMEA)
    jobs.plan(REVIEW_DATE_PASSED, key, max(due_at, clock.now()))


@jobs.due(REVIEW_DATE_PASSED)
def _review_date_passed(_key: str, _payload: dict[str, Any]) -> None:
    store.invalidate()
