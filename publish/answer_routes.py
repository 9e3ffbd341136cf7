"""Where the agents of competent administrations answer the comments on an article, hand them to a lab, and close them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, request

from app.db import reading, unit_of_work
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, acts_for
from app.web import current_actor, guarded, page, see_other
from publish import comment_answers, comment_queries, fate_queries, shown
from publish.comment_models import LONGEST_TEXT
from publish.fate_routes import article_door
from publish.forms import number_in


def article_of_comment(slug: str, comment_id: int) -> Any:
    """The article is what is judged; whether the comment is one of its own the verb says."""
    return article_door(slug)


def _shown(slug: str, status: int = 200, **more: Any) -> Any:
    with reading():
        actor, article = current_actor(), article_door(slug)
        number = min(number_in(request.values.get("page", "")[:9]) or 1, 100_000)
        total = comment_queries.total(article.id)
        last = max(1, -(-total // comment_queries.ON_A_PAGE))
        comments = comment_queries.shown_on(article.id, min(number, last))
        return page(
            "publish/answers.html",
            status,
            slug=slug,
            title=fate_queries.title_of(article),
            comments=comments,
            handed=comment_answers.handed([one.id for one in comments]),
            places=comment_queries.places_of(shown.edition_shown(article).id),
            total=total,
            number=min(number, last),
            last=last,
            offices=comment_answers.offices_of(actor, article),
            draft=comment_answers.draft_for_remarks(actor, article),
            may_revise=Act.ARTICLE_REVISE in acts_for(actor, article),
            closes_on=comment_queries.closed_from(article.id),
            longest=LONGEST_TEXT,
            **more,
        )


def _day() -> date | None:
    """None: comments are taken again."""
    if request.form.get("geste") == "ouvrir":
        return None
    try:
        return date.fromisoformat(request.form.get("jour", "")[:10])
    except ValueError:
        raise Invalid(_("Choisissez le jour de la fermeture."), field="jour") from None


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/fiches/<slug>/vie/commentaires", endpoint="answer_comments")
    @guarded(Act.ARTICLE_READ, article_door)
    def show(slug: str) -> Any:
        return _shown(slug)

    @blueprint.post("/fiches/<slug>/vie/commentaires/fermer")
    @guarded(Act.ARTICLE_ANSWER, article_door)
    def close_comments(slug: str) -> Any:
        try:
            day = _day()
        except Invalid as error:
            return _shown(slug, error.status, faults=[("#jour", error.message)])
        with unit_of_work():
            comment_answers.close_comments(current_actor(), article_door(slug), day)
        flash(_("C’est noté.") if day else _("On peut de nouveau commenter la fiche."))
        return see_other("publish.answer_comments", slug=slug)

    @blueprint.post("/fiches/<slug>/vie/commentaires/<int:comment_id>")
    @guarded(Act.ARTICLE_ANSWER, article_of_comment)
    def answer_comment(slug: str, comment_id: int) -> Any:
        form = request.form
        try:
            with unit_of_work():
                if form.get("geste") == "lab":
                    comment_answers.send_to_lab(current_actor(), article_door(slug), comment_id)
                    said = _("Le commentaire est une remarque du brouillon.")
                else:
                    comment_answers.answer_officially(
                        current_actor(),
                        article_door(slug),
                        comment_id,
                        number_in(form.get("administration", "")[:9]) or 0,
                        form.get("reponse", ""),
                    )
                    said = _("La réponse est publiée sous le commentaire.")
        except (Invalid, MovedOn) as error:
            field = f"#reponse-{comment_id}" if error.detail.get("field") == "reponse" else ""
            typed = {"id": comment_id, "words": form.get("reponse", "")}
            return _shown(slug, error.status, faults=[(field, error.message)], typed=typed)
        flash(said)
        return see_other("publish.answer_comments", slug=slug, page=request.form.get("page", "1")[:6])
