"""What the public side hangs on the agents' pages: the form that publishes, and the acts behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import sqlalchemy as sa
from flask import Blueprint, flash, render_template
from markupsafe import Markup

from app.db import reading, session, unit_of_work
from app.errors import DomainError, Invalid, Refused
from app.extensions import gettext as _
from app.panels import panel
from app.policy import Act, Actor, acts_for
from app.web import current_actor, guarded, page, see_other
from drafts import review
from drafts.doors import draft_door
from drafts.models import ArticleState, Draft
from drafts.review_models import Revision, Size
from drafts.stages import Stage
from drafts.standing import writers_of
from publish import addresses, failures, queries, schedule, service, shown, urgent
from publish.fate_acts import count
from publish.fate_models import PublicationFailure
from publish.fate_words import state_word
from publish.forms import MomentForm, PublishForm, UrgentForm
from publish.link_state import links_since
from publish.models import Edition


@dataclass(frozen=True)
class Offer:
    """What the form shows: what will stand where, and by which of the two ways. `why_not` is "" when it may be."""

    draft_id: int
    title: str
    address: str
    former: str
    number: int
    fingerprint: str
    note: str
    signs_too: bool
    scheduled_for: datetime | None
    may_wait: bool
    why_not: str
    # The number of the article's last act, so that nobody publishes over a decision they did not see.
    seen: int
    needs_note: bool
    # What the page should say of the article itself: masked, withdrawn; "" when it is live or new.
    caution: str
    # Addresses that do not answer now, and how many have not been looked at since the text was frozen.
    down: tuple[str, ...]
    unchecked: int
    # May be published before the review has come out; and whether that was done, and until when it must come out.
    may_hurry: bool
    urgent_until: date | None
    failure: PublicationFailure | None

    @property
    def action(self) -> str:
        return f"/brouillons/{self.draft_id}/{'relire-et-publier' if self.signs_too else 'publier'}"


def offer(actor: Actor, draft: Draft, revision: Revision) -> Offer | None:
    """What `actor` may publish of this draft now, or why not yet; None when it is not theirs to publish."""
    if Act.DRAFT_PUBLISH not in acts_for(actor, draft) or review.open_revision(draft) is not revision:
        return None
    why_not = review.may_now(actor, draft)["publish"] or ""
    signs_too = draft.stage is Stage.IN_REVIEW
    if signs_too and why_not and actor.id not in writers_of(revision.id):
        # Their own signature may be all that is missing; the verb judges, and does nothing when it is not.
        standing = review.standing(revision)
        mine = set(review.answerable(actor, draft))
        # For a minor correction the signature of the lead administration is.
        suffices = standing.size is Size.MINOR and draft.article.lead_administration_id in mine
        if not standing.objections and (suffices or set(standing.unanswered) <= mine):
            why_not = ""
    if signs_too and service.published_alone(actor, revision):
        why_not = _("Vous avez publié ce texte en urgence : une autre personne doit l’approuver.")
    live = _live(draft)
    path = addresses.article(draft.article.slug)
    down, unchecked = links_since(revision)
    public_already = service.edition_of(revision) is not None
    article_state = draft.article.state
    return Offer(
        draft_id=draft.id,
        title=revision.title,
        address=path,
        former=addresses.article(live.slug) if live is not None and live.slug != draft.article.slug else "",
        number=_number(live, public_already),
        fingerprint=revision.fingerprint,
        note=revision.change_note,
        signs_too=signs_too,
        scheduled_for=schedule.scheduled_for(draft) if draft.stage is Stage.SCHEDULED else None,
        may_wait=draft.stage is Stage.APPROVED and not public_already,
        why_not=why_not,
        seen=count(draft.article_id),
        needs_note=not public_already and service.needs_note(draft.article, revision),
        caution=state_word(article_state)
        if article_state in (ArticleState.MASKED, ArticleState.WITHDRAWN)
        else "",
        down=down,
        unchecked=unchecked,
        may_hurry=_may(lambda: urgent.may_publish_urgently(actor, draft)),
        urgent_until=shown.urgent_until(draft.article) if public_already else None,
        failure=failures.failure_of(draft.id),
    )


def _number(live: Edition | None, public_already: bool) -> int:
    if live is None:
        return 1
    return live.number if public_already else live.number + 1


def _may(guard: Callable[[], object]) -> bool:
    try:
        guard()
    except DomainError:
        return False
    return True


def _live(draft: Draft) -> Edition | None:
    return session().scalars(
        sa.select(Edition).where(Edition.revision_id == draft.article.shown_revision_id)
    ).first()  # fmt: skip


def _rendered(template: str, **values: Any) -> Markup:
    return Markup(render_template(template, **values))  # noqa: S704 # nosec B704 # a template of ours, which escapes


@panel("review", order=10)
def publish_here(actor: Actor, draft: Draft, revision: Revision) -> Markup | None:
    """The form that publishes, for those who may."""
    found = offer(actor, draft, revision)
    if found is None:
        return None
    form = PublishForm(formdata=None, empreinte=found.fingerprint, note=found.note, actes=str(found.seen))
    return _rendered("publish/publish_panel.html", offer=found, form=form)


@panel("draft", order=55)
def failed_publication(_actor: Actor, draft: Draft) -> Markup | None:
    """A planned publication that did not take place, for everybody who reads the draft."""
    failure = failures.failure_of(draft.id)
    return (
        _rendered("publish/failure_panel.html", failure=failure, draft=draft) if failure is not None else None
    )


@panel("draft", order=60)
def published_as(actor: Actor, draft: Draft) -> Markup | None:
    """Where the public reads this article now, and since when."""
    live = _live(draft)
    if live is None:
        return None
    return _rendered(
        "publish/live_panel.html",
        live=live,
        address=addresses.article(live.slug),
        editions=queries.history(draft.article_id),
        state=draft.article.state,
        state_word=state_word(draft.article.state),
        life=addresses.life(live.slug) if Act.ARTICLE_READ in acts_for(actor, draft.article) else "",
    )


class Verb(Protocol):
    def __call__(
        self, actor: Actor, draft: Draft, fingerprint: str, change_note: str = "", *, seen: int | None = None
    ) -> Edition: ...


def _published(draft_id: int, verb: Verb) -> Any:
    form = PublishForm()

    def done(draft: Draft) -> str:
        edition = verb(
            current_actor(), draft, form.empreinte.data or "", form.note.data or "", seen=form.seen
        )
        address = addresses.article(edition.slug)
        if edition.number == 1:
            return _("La fiche est publiée : %(address)s.", address=address)
        return _("La nouvelle version de la fiche est publiée : %(address)s.", address=address)

    return _done(draft_id, form, list, done, then="drafts.show")


def _planned(draft_id: int) -> Any:
    form = PublishForm()

    def done(draft: Draft) -> str:
        at = form.moment()
        assert at is not None  # its absence is one of the faults below
        schedule.schedule(current_actor(), draft, form.empreinte.data or "", at, form.note.data or "")
        return _("La publication est programmée.")

    return _done(draft_id, form, form.faults_of_the_moment, done, then="drafts.review")


def _done(
    draft_id: int,
    form: PublishForm,
    more: Callable[[], list[tuple[str, str]]],
    verb: Callable[[Draft], str],
    then: str,
) -> Any:
    """One act of the form; what is wrong is shown on a page of its own, what was done is said on the next."""
    faults = [] if form.validate_on_submit() and form.relu.data else form.faults()
    # After the validation, which empties the lists of what is wrong.
    faults += more()
    if not faults:
        try:
            with unit_of_work():
                said = verb(draft_door(draft_id))
        except (Invalid, Refused) as error:
            faults = [(_FIELDS.get(str(error.detail.get("field")), ""), error.message)]
    if faults:
        return _again(draft_id, form, faults)
    flash(said)
    return see_other(then, draft_id=draft_id)


# Where a field of a verb is typed.
_FIELDS = {"change_note": "#publier-note", "at": "#publier-jour"}


def _again(draft_id: int, form: PublishForm, faults: list[tuple[str, str]], reason: str = "") -> Any:
    """The form on a page of its own, with what is wrong and what was typed."""
    with reading():
        draft = draft_door(draft_id)
        revision = review.open_revision(draft)
        found = offer(current_actor(), draft, revision) if revision is not None else None
        return page(
            "publish/publish.html", 422, draft=draft, offer=found, form=form, faults=faults, reason=reason
        )


def register(blueprint: Blueprint) -> None:
    @blueprint.post("/brouillons/<int:draft_id>/publier")
    @guarded(Act.DRAFT_PUBLISH, draft_door)
    def publish(draft_id: int) -> Any:
        return _published(draft_id, service.publish)

    @blueprint.post("/brouillons/<int:draft_id>/relire-et-publier")
    @guarded(Act.DRAFT_PUBLISH, draft_door)
    def read_and_publish(draft_id: int) -> Any:
        return _published(draft_id, service.sign_and_publish)

    @blueprint.post("/brouillons/<int:draft_id>/publication/programmer")
    @guarded(Act.DRAFT_PUBLISH, draft_door)
    def plan(draft_id: int) -> Any:
        return _planned(draft_id)

    @blueprint.post("/brouillons/<int:draft_id>/publication/deplacer")
    @guarded(Act.DRAFT_PUBLISH, draft_door)
    def put_off(draft_id: int) -> Any:
        form = MomentForm()
        faults = [] if form.validate_on_submit() else [("", _("Choisissez un jour et une heure."))]
        faults = faults or form.faults_of_the_moment()
        if not faults:
            try:
                with unit_of_work():
                    schedule.move(current_actor(), draft_door(draft_id), form.instant())
            except Invalid as error:
                faults = [("#publier-jour", error.message)]
        if faults:
            again = PublishForm(formdata=None, jour=form.jour.data, heure=form.heure.data)
            return _again(draft_id, again, faults)
        flash(_("La publication est programmée à ce nouveau moment."))
        return see_other("drafts.review", draft_id=draft_id)

    @blueprint.post("/brouillons/<int:draft_id>/publication/urgence")
    @guarded(Act.DRAFT_PUBLISH, draft_door)
    def hurry(draft_id: int) -> Any:
        form = UrgentForm()
        again = PublishForm(
            formdata=None, empreinte=form.empreinte.data, note=form.note.data, actes=form.actes.data
        )
        faults = form.faults() if not form.validate_on_submit() else []
        if not faults:
            try:
                with unit_of_work():
                    urgent.publish_urgently(
                        current_actor(), draft_door(draft_id), form.empreinte.data or "", form.motif.data or "",
                        form.note.data or "", seen=form.seen,
                    )  # fmt: skip
            except (Invalid, Refused) as error:
                field = {"reason": "#urgence-motif", "change_note": "#urgence-note"}
                faults = [(field.get(str(error.detail.get("field")), ""), error.message)]
        if faults:
            return _again(draft_id, again, faults, reason=form.motif.data or "")
        flash(_("Le texte est publié en urgence. La page dit qu’il est en cours de relecture."))
        return see_other("drafts.review", draft_id=draft_id)

    @blueprint.post("/brouillons/<int:draft_id>/publication/annuler")
    @guarded(Act.DRAFT_PUBLISH, draft_door)
    def call_off(draft_id: int) -> Any:
        with unit_of_work():
            schedule.cancel(current_actor(), draft_door(draft_id))
        flash(_("La publication programmée est annulée. Le texte reste approuvé."))
        return see_other("drafts.review", draft_id=draft_id)
