"""Verbs of publication: an approved revision becomes an immutable edition at a public address."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import note, session
from app.directory.models import Administration
from app.errors import Invalid, MovedOn, Refused
from app.extensions import gettext as _
from app.markup import safe_href
from app.policy import Act, Actor, require
from drafts import canonical, contributions, images, log, naming, review
from drafts.answers import sign_offs_of
from drafts.grammar import Tree, inline_text, plain_text
from drafts.models import Article, ArticleState, Draft
from drafts.render import stored_form
from drafts.review_models import ReviewOutcome, Revision, Size
from drafts.service import record_act
from drafts.stages import Deed, Stage
from publish import evidence, failures, pictures, search_index, shown, verifying
from publish.events import EditionPublished
from publish.fate_acts import lock, record, refuse_unseen
from publish.fate_models import UrgentPublication
from publish.fate_stages import Fate
from publish.link_state import links_of
from publish.models import Address, Edition

LONGEST_NOTE = 500


def publish(
    actor: Actor, draft: Draft, fingerprint: str, change_note: str = "", *, seen: int | None = None
) -> Edition:
    """Make the approved revision of `draft` public, under the fingerprint the actor saw.

    By the portal editor, or a reviewer of a lead administration that may publish its own articles. `seen` is the
    number of the article's last act they saw. Raises Refused while it is not approved, MovedOn when the fingerprint is
    another or the article was masked or withdrawn meanwhile, Invalid for a dangerous link or without a note.
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
    note = needed_note(draft.article, revision, change_note)
    return make_public(actor, draft, revision, note, seen=seen)


def have_outcome(revision: Revision) -> None:
    """Raises Refused unless the review of `revision` came out."""
    if session().get(ReviewOutcome, revision.id) is None:
        raise Refused(_("Ce texte n’est pas encore approuvé : il manque des réponses ou un second regard."))


def make_public(
    actor: Actor, draft: Draft, revision: Revision, change_note: str, *, seen: int | None = None
) -> Edition:
    """The publication itself, once everything has been judged; `draft` is locked."""
    (article,) = lock(draft.article_id)
    refuse_unpublishable(article, seen)
    if edition_of(revision) is not None:
        return finish_urgent(actor, draft, revision)
    edition = make_edition(actor, article, revision, change_note or revision.change_note)
    give_address(article)
    # Before the act, which takes the epoch of the pages: due rows take it last as well (`jobs.sweep`).
    plan_review(edition)
    record(article, Fate.PUBLISH, actor, edition_id=edition.id)
    review.set_live(article, revision)
    review.close_review(draft.article_id, revision_id=revision.id)
    record_act(draft, Deed.PUBLISH, actor, revision_id=revision.id, reason=edition.change_note)
    evidence.keep(edition, actor.id)
    search_index.index(edition)
    failures.forget(draft.id)
    note(EditionPublished(edition_id=edition.id, article_id=edition.article_id, slug=edition.slug))
    return edition


def refuse_unpublishable(article: Article, seen: int | None) -> None:
    """Raises MovedOn when the locked article was masked or withdrawn and the person may not know, Refused where its
    address leads elsewhere for good: that is decided by two people first."""
    refuse_unseen(article, seen)
    if article.state in (ArticleState.REDIRECTED, ArticleState.GONE):
        raise Refused(
            _(
                "Cette fiche est redirigée ou supprimée : deux personnes doivent d’abord décider de la rétablir."
            )
        )
    if seen is None and article.state in (ArticleState.MASKED, ArticleState.WITHDRAWN):
        raise MovedOn(
            _("Cette fiche a été masquée ou retirée entre-temps : rechargez la page avant de publier.")
        )


def edition_of(revision: Revision) -> Edition | None:
    return session().scalars(sa.select(Edition).where(Edition.revision_id == revision.id)).first()


def finish_urgent(actor: Actor | None, draft: Draft, revision: Revision) -> Edition:
    """What was published urgently has been approved: from now on it is an edition like any other."""
    edition = edition_of(revision)
    assert edition is not None
    (article,) = lock(draft.article_id)
    review.set_live(article, revision)
    record(article, Fate.APPROVE, actor, edition_id=edition.id)
    review.close_review(draft.article_id, revision_id=revision.id)
    record_act(draft, Deed.PUBLISH, actor, revision_id=revision.id, reason=edition.change_note)
    # The file of that moment said who was missing; this one has all the answers and supersedes it.
    evidence.keep(edition, actor.id if actor is not None else None)
    return edition


def sign_and_publish(
    actor: Actor, draft: Draft, fingerprint: str, change_note: str = "", *, seen: int | None = None
) -> Edition:
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
        if published_alone(actor, revision):
            raise Refused(_("Vous avez publié ce texte en urgence : une autre personne doit l’approuver."))
        for place in review.answerable(actor, draft):
            if draft.stage is Stage.IN_REVIEW:
                review.sign_off(actor, draft, place, fingerprint)
        if draft.stage is Stage.IN_REVIEW:
            if fingerprint != revision.fingerprint:
                raise MovedOn(
                    _("Le texte que vous avez lu n’est plus celui qui est en relecture : rechargez la page.")
                )
            review.approve_as_publisher(actor, revision)
    return publish(actor, draft, fingerprint, change_note, seen=seen)


def published_alone(actor: Actor, revision: Revision) -> bool:
    """Whether this person has published the revision urgently; who approves it is somebody else."""
    urgent = session().get(UrgentPublication, revision.id)
    return urgent is not None and urgent.person_id == actor.id


def is_minor(revision: Revision) -> bool:
    """Whether it is so small a correction that readers need not be told what changed: by its measure, or because a
    reader agreed with the writer who said so."""
    return revision.size is Size.MINOR or (
        revision.size is Size.SAID_MINOR and any(row.agrees_minor for row in sign_offs_of(revision.id))
    )


def needs_note(article: Article, revision: Revision) -> bool:
    """Whether readers have to be told what changed: in a second edition that changes more than a detail."""
    earlier = session().scalar(sa.select(Edition.id).where(Edition.article_id == article.id).limit(1))
    return earlier is not None and not is_minor(revision)


def needed_note(article: Article, revision: Revision, change_note: str) -> str:
    """The note that goes out with the edition. Raises Invalid when it is too long, or missing where it is needed."""
    change_note = checked_note(change_note) or revision.change_note
    if not change_note and edition_of(revision) is None and needs_note(article, revision):
        raise Invalid(
            _("Dites en une phrase ce qui change pour le lecteur : cette version change plus qu’un détail."),
            field="change_note",
        )
    return change_note


def checked_note(change_note: str) -> str:
    """The note on one line. Raises Invalid when it is too long."""
    change_note = one_line(change_note)
    if len(change_note) > LONGEST_NOTE:
        raise Invalid(
            _("La note de modification est trop longue (500 caractères au plus)."), field="change_note"
        )
    naming.refuse_people(change_note, field="change_note")
    return change_note


def make_edition(actor: Actor, article: Article, revision: Revision, change_note: str) -> Edition:
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
        body=str(stored_form(tree)),
        plain=plain_text(tree),
        fields=_shown_fields(fields),
        credits=_credits(revision),
        change_note=change_note,
        published_by=actor.id,
        published_at=clock.now(),
    )
    session().add(edition)
    session().flush()
    pictures.write_down(edition, images.named_in(tree))
    return edition


def _shown_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """The signed fields as lists and searches read them with each edition. Of the easy-to-read twin only that there is
    one: its words stand in the signed bytes."""
    kept = {name: value for name, value in fields.items() if name not in ("title", canonical.EASY)}
    return {**kept, canonical.EASY: True} if fields.get(canonical.EASY) else kept


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
    dangerous = [href for href in links_of(tree) if safe_href(href) is None]
    if dangerous:
        raise Invalid(
            _("Ce texte contient un lien dangereux ou illisible : faites-le corriger."), links=dangerous[:5]
        )


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


def give_address(article: Article) -> None:
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


def plan_review(edition: Edition) -> None:
    """The office that answers for the page is reminded to look at it again."""
    verifying.plan(edition.article_id, shown.review_date(edition.fields))
