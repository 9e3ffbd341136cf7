"""A new version of a page: a draft that starts from what the public reads, its words staying their authors'."""

from __future__ import annotations

from app.db import session
from app.directory.models import Administration
from app.errors import Invalid, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import service
from drafts.models import Article, ArticleState, Draft
from drafts.review_models import Revision
from labs.models import Lab, LabKind
from labs.service import permanent_lab
from publish.fate_policy import has_own_lab, labs_to_revise_in

# Stands for the permanent lab of the person's administration, which may not be made yet.
OWN = "-"


def places(actor: Actor, article: Article) -> list[tuple[str, str]]:
    """Where this person may write the next version: (slug, title); the lab of their own administration first."""
    own = has_own_lab(actor, article)
    found = [
        (lab.slug, lab.title)
        for lab in labs_to_revise_in(actor, article)
        if not (own and lab.kind is LabKind.PERMANENT and lab.administration_id == actor.administration_id)
    ]
    if own:
        found.insert(0, (OWN, _("%(place)s, entre nous", place=actor.administration)))
    return found


def why_not(article: Article) -> str:
    """What stands against writing a new version; "" when nothing does."""
    if article.state in (ArticleState.REDIRECTED, ArticleState.GONE):
        return _(
            "Cette fiche est redirigée ou supprimée : deux personnes doivent d’abord décider de la rétablir."
        )
    return ""


def revise(actor: Actor, article: Article, lab_slug: str) -> Draft:
    """A new draft from the live edition, in one of the `places`. Raises Refused for another lab, Invalid for an
    article that leads elsewhere."""
    require(actor, Act.ARTICLE_REVISE, article)
    if reason := why_not(article):
        raise Invalid(reason)
    live = session().get_one(Revision, article.shown_revision_id)
    return service.revise(actor, _lab(actor, article, lab_slug), live)


def _lab(actor: Actor, article: Article, slug: str) -> Lab:
    if slug == OWN and has_own_lab(actor, article):
        return permanent_lab(session().get_one(Administration, actor.administration_id))
    for lab in labs_to_revise_in(actor, article):
        if lab.slug == slug:
            return lab
    raise Refused(_("Vous ne pouvez pas écrire cette fiche dans ce lab."))
