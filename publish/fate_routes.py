"""The life of a public article: what became of it, and the acts of those who decide; a new version of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, Refused, Unauthenticated
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts.models import Article
from publish import comment_queries, fate_queries, fates, figures, revising, verifying, voice_queries
from publish.fate_forms import AnswerForm, ExactForm, Faults, MaskForm, ProposeForm, ReviseForm
from publish.fate_stages import Fate


def article_door(slug: str) -> Article:
    """The article that is judged, under any address it ever had. Who is not signed in is asked to."""
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    article = fates.article_at(slug)
    if article is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return article


Form = MaskForm | ProposeForm | AnswerForm | ExactForm


def _shown(
    slug: str, status: int = 200, act: str = "", form: Form | None = None, faults: Faults | None = None
) -> Any:
    """The page; after a refused form, with what was typed in it: `act` says which one it was."""
    with reading():
        found = fate_queries.life_page(current_actor(), article_door(slug))
        seen = {"actes": str(found.seen)}
        forms: dict[str, Any] = {
            "masquer": MaskForm(formdata=None, data=seen),
            "proposer": ProposeForm(found.choices, formdata=None, data=seen),
            "repondre": AnswerForm(formdata=None, data=seen),
            "exacte": ExactForm(formdata=None, data={**seen, "prochaine": found.proposed_date}),
        }
        if form is not None:
            forms[act] = form
            if isinstance(form, ProposeForm):
                form.sort.choices = list(found.choices)
        article = article_door(slug)
        return page(
            "publish/life.html",
            status,
            slug=slug,
            found=found,
            forms=forms,
            act=act,
            faults=faults or [],
            comments=comment_queries.total(article.id),
            voice=voice_queries.counts_of(article.id),
            written=voice_queries.written(article.id),
            counted=figures.figures([article.id]),
            article_id=article.id,
        )


def _done(slug: str, act: str, form: Form, verb: Callable[[Article], object], said: str) -> Any:
    """One act: what is wrong is shown in the page, what has moved on is said by its own page."""
    if not form.validate_on_submit():
        return _shown(slug, 422, act, form, form.faults())
    try:
        with unit_of_work():
            verb(article_door(slug))
    except (Invalid, Refused) as error:
        if isinstance(error, Refused) and not error.message:
            raise
        field = _FIELDS.get((act, str(error.detail.get("field"))), "")
        return _shown(slug, error.status, act, form, [(field, error.message)])
    flash(said)
    return see_other("publish.life", slug=slug)


# Where a field of a verb is typed.
_FIELDS = {
    ("masquer", "reason"): "#masquer-motif",
    ("proposer", "reason"): "#explication",
    ("proposer", "target"): "#cible",
    ("proposer", "fate"): "#sort",
    ("repondre", "reason"): "#reponse-motif",
    ("exacte", "until"): "#prochaine",
}


def _propose(form: ProposeForm, article: Article) -> None:
    target = fates.article_at(form.target_slug) if form.target_slug else None
    if form.target_slug and target is None:
        raise Invalid(
            _("Aucune fiche n’est publiée à cette adresse : choisissez-en une autre."), field="target"
        )
    fates.propose(
        current_actor(), article, Fate(form.sort.data), form.explication.data or "", target, seen=form.seen
    )


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/fiches/<slug>/vie", endpoint="life")
    @guarded(Act.ARTICLE_READ, article_door)
    def life(slug: str) -> Any:
        return _shown(slug)

    @blueprint.post("/fiches/<slug>/vie/masquer")
    @guarded(Act.ARTICLE_MASK, article_door)
    def mask(slug: str) -> Any:
        form = MaskForm()
        return _done(
            slug,
            "masquer",
            form,
            lambda article: fates.mask(current_actor(), article, form.motif.data or "", seen=form.seen),
            _("La fiche est masquée pour 72 heures. Les personnes qui en décident sont prévenues."),
        )

    @blueprint.post("/fiches/<slug>/vie/proposer")
    @guarded(Act.ARTICLE_DECIDE, article_door)
    def propose(slug: str) -> Any:
        form = ProposeForm()
        return _done(
            slug,
            "proposer",
            form,
            lambda article: _propose(form, article),
            _(
                "Votre proposition est enregistrée. Une deuxième personne doit la confirmer ; elle est prévenue."
            ),
        )

    @blueprint.post("/fiches/<slug>/vie/confirmer")
    @guarded(Act.ARTICLE_DECIDE, article_door)
    def confirm(slug: str) -> Any:
        form = AnswerForm()
        return _done(
            slug,
            "repondre",
            form,
            lambda article: fates.confirm(current_actor(), article, form.number, seen=form.seen),
            _("C’est décidé. La page publique le dit dès maintenant."),
        )

    @blueprint.post("/fiches/<slug>/vie/ecarter")
    @guarded(Act.ARTICLE_DECIDE, article_door)
    def decline(slug: str) -> Any:
        form = AnswerForm()
        return _done(
            slug,
            "repondre",
            form,
            lambda article: fates.decline(
                current_actor(), article, form.number, form.motif.data or "", seen=form.seen
            ),
            _("La proposition est écartée. La fiche reste comme elle est."),
        )

    @blueprint.post("/fiches/<slug>/vie/exacte")
    @guarded(Act.ARTICLE_CONFIRM, article_door)
    def still_exact(slug: str) -> Any:
        form = ExactForm()
        return _done(
            slug,
            "exacte",
            form,
            lambda article: verifying.still_exact(
                current_actor(), article, form.prochaine.data, seen=form.seen
            ),
            _("C’est noté : la page dit qu’elle a été vérifiée aujourd’hui."),
        )

    @blueprint.get("/fiches/<slug>/corriger", endpoint="ask_to_revise")
    @guarded(Act.ARTICLE_REVISE, article_door)
    def ask_to_revise(slug: str) -> Any:
        return _revise_page(slug)

    @blueprint.post("/fiches/<slug>/corriger")
    @guarded(Act.ARTICLE_REVISE, article_door)
    def revise(slug: str) -> Any:
        with reading():
            form = _revise_form(article_door(slug))
        if not form.validate_on_submit():
            return _revise_page(slug, 422, form, form.faults())
        with unit_of_work():
            draft_id = revising.revise(current_actor(), article_door(slug), form.lab.data or "").id
        flash(
            _("Le brouillon de la prochaine version est prêt. La page publique ne change pas pour l’instant.")
        )
        return see_other("drafts.show", draft_id=draft_id)


def _revise_form(article: Article, **kwargs: Any) -> ReviseForm:
    form = ReviseForm(**kwargs)
    form.lab.choices = revising.places(current_actor(), article)
    return form


def _revise_page(
    slug: str, status: int = 200, form: ReviseForm | None = None, faults: Faults | None = None
) -> Any:
    with reading():
        article = article_door(slug)
        return page(
            "publish/revise.html",
            status,
            slug=slug,
            title=fate_queries.title_of(article),
            form=form or _revise_form(article, formdata=None),
            under_way=fate_queries.drafts_under_way(current_actor(), article),
            why_not=revising.why_not(article),
            faults=faults or [],
        )
