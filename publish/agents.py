"""What the public side hangs on the agents' pages: the form that publishes, and the acts behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, render_template
from markupsafe import Markup

from app.db import reading, session, unit_of_work
from app.errors import Invalid, Refused
from app.extensions import gettext as _
from app.panels import panel
from app.policy import Act, Actor, acts_for
from app.web import current_actor, guarded, page, see_other
from drafts import review
from drafts.doors import draft_door
from drafts.models import Draft
from drafts.review_models import Revision
from drafts.stages import Stage
from drafts.standing import writers_of
from publish import addresses, queries, schedule, service
from publish.forms import PublishForm
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
        if not standing.objections and set(standing.unanswered) <= set(review.answerable(actor, draft)):
            why_not = ""
    live = _live(draft)
    path = addresses.article(draft.article.slug)
    return Offer(
        draft_id=draft.id,
        title=revision.title,
        address=path,
        former=addresses.article(live.slug) if live is not None and live.slug != draft.article.slug else "",
        number=live.number + 1 if live is not None else 1,
        fingerprint=revision.fingerprint,
        note=revision.change_note,
        signs_too=signs_too,
        scheduled_for=schedule.scheduled_for(draft) if draft.stage is Stage.SCHEDULED else None,
        may_wait=draft.stage is Stage.APPROVED,
        why_not=why_not,
    )


def _live(draft: Draft) -> Edition | None:
    return session().scalars(
        sa.select(Edition).where(Edition.revision_id == draft.article.live_revision_id)
    ).first()  # fmt: skip


def _rendered(template: str, **values: Any) -> Markup:
    return Markup(render_template(template, **values))  # noqa: S704 - a template of ours, which escapes


@panel("review", order=10)
def publish_here(actor: Actor, draft: Draft, revision: Revision) -> Markup | None:
    """The form that publishes, for those who may."""
    found = offer(actor, draft, revision)
    if found is None:
        return None
    form = PublishForm(formdata=None, empreinte=found.fingerprint, note=found.note)
    return _rendered("publish/publish_panel.html", offer=found, form=form)


@panel("draft", order=60)
def published_as(_actor: Actor, draft: Draft) -> Markup | None:
    """Where the public reads this article now, and since when."""
    live = _live(draft)
    if live is None:
        return None
    return _rendered(
        "publish/live_panel.html",
        live=live,
        address=addresses.article(live.slug),
        editions=queries.history(draft.article_id),
    )


Verb = Callable[[Actor, Draft, str, str], Edition]


def _published(draft_id: int, verb: Verb) -> Any:
    form = PublishForm()

    def done(draft: Draft) -> str:
        edition = verb(current_actor(), draft, form.empreinte.data or "", form.note.data or "")
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


def _again(draft_id: int, form: PublishForm, faults: list[tuple[str, str]]) -> Any:
    """The form on a page of its own, with what is wrong and what was typed."""
    with reading():
        draft = draft_door(draft_id)
        revision = review.open_revision(draft)
        found = offer(current_actor(), draft, revision) if revision is not None else None
        return page("publish/publish.html", 422, draft=draft, offer=found, form=form, faults=faults)


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

    @blueprint.post("/brouillons/<int:draft_id>/publication/annuler")
    @guarded(Act.DRAFT_PUBLISH, draft_door)
    def call_off(draft_id: int) -> Any:
        with unit_of_work():
            schedule.cancel(current_actor(), draft_door(draft_id))
        flash(_("La publication programmée est annulée. Le texte reste approuvé."))
        return see_other("drafts.review", draft_id=draft_id)
