"""Comments on an article: the page where they are read and written, which nobody stores, and the button that reports one.

No cookie is needed to write: the form's own signed word says that it is one letter, however often it is sent.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.db import reading, unit_of_work
from app.errors import Gone, Invalid, Missing, MovedOn, RateLimited
from app.extensions import csrf
from app.extensions import gettext as _
from app.policy import Act, Actor
from app.web import current_actor, guarded
from drafts.models import ArticleState
from publish import (
    addresses,
    comment_queries,
    comments,
    fate_queries,
    following,
    pages,
    queries,
    sheets,
    visitors,
)
from publish.comment_models import LONGEST_EMAIL, LONGEST_NAME, LONGEST_TEXT
from publish.forms import number_in
from publish.queries import Card

# A comment is read by a person: it weighs as much as five presses on a button (`publish.visitors`).
WEIGHT = 5
FIELDS = ("nom", "texte", "courriel", "bloc", "compte")
# Of what was typed, so much is shown again: whoever sends more than any form takes is no person.
MOST_TYPED = 20_000


def card_at(slug: str) -> Card | Response:
    """The article that is read there; where it has moved or leads on, the way to its comments (308)."""
    with reading():
        found = queries.article_at(slug)
        away = fate_queries.away_at(slug) if found is None else None
    if isinstance(found, Card):
        return found
    if found is not None:
        return _lead_on(slug, addresses.article(found))
    if away is None:
        raise Missing(_("Cette fiche n’est plus en ligne."))
    if away.state is ArticleState.REDIRECTED and away.target is not None:
        return _lead_on(slug, away.target[0])
    raise Gone(
        _("Cette fiche n’est pas en ligne en ce moment : on ne peut ni lire ni écrire de commentaire.")
    )


def _lead_on(slug: str, to: str) -> Response:
    rest = request.path.removeprefix(addresses.article(slug))
    asked = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(f"{to}{rest}{asked}", code=308)


def _author() -> Actor | None:
    """An agent who is signed in and may write under their own name."""
    actor = current_actor()
    return actor if actor.administration_id is not None and not actor.is_guest else None


def _page(card: Card, status: int = 200, wrong: Invalid | RateLimited | MovedOn | None = None) -> Response:
    path = addresses.comments(card.slug)
    typed = {name: request.form.get(name, "")[:MOST_TYPED] for name in FIELDS}
    with reading():
        places = comment_queries.places_of(card.edition_id)
        number = min(number_in(request.args.get("page", "")[:9]) or 1, 100_000)
        total = comment_queries.total(card.article_id)
        last = max(1, -(-total // comment_queries.ON_A_PAGE))
        chosen = (typed["bloc"] or request.args.get("bloc", ""))[:40]
        why_closed = comment_queries.why_closed(card.article_id)
        offered = comment_queries.places_with_headings(places)
        if chosen in places and chosen not in dict(offered):
            offered.insert(0, (chosen, places[chosen].said))
        key = sheets.key_in(request.form, path)
        answer = pages.framed(
            "comments.html", path, status=status, card=card, back=addresses.article(card.slug), total=total,
            number=min(number, last), last=last, places=places, offered=offered, chosen=chosen, typed=typed, wrong=wrong,
            groups=comment_queries.grouped(comment_queries.shown_on(card.article_id, min(number, last)), places),
            why_closed=why_closed, closes_on=comment_queries.closed_from(card.article_id), word=sheets.fresh(path, key),
            thanked=bool(request.args.get("merci")), reported=bool(request.args.get("signale")), author=_author(),
            longest=(LONGEST_NAME, LONGEST_TEXT, LONGEST_EMAIL), field=wrong.detail.get("field") if wrong else None,
        )  # fmt: skip
    return visitors.later(answer, wrong)


def read(slug: str) -> Any:
    card = card_at(slug)
    return card if isinstance(card, Response) else _page(card)


def write(slug: str) -> Any:
    visitors.from_here(request)
    card = card_at(slug)
    if isinstance(card, Response):
        return card
    path, form = addresses.comments(card.slug), request.form
    try:
        sheet = sheets.read(form, path)
        if sheet.by_program:
            return redirect(f"{path}?merci=1", code=303)
        visitors.allow(visitors.number() or sheet.key, WEIGHT)
        with unit_of_work():
            comment = comments.file_comment(
                sheet.key,
                card,
                form.get("nom", ""),
                form.get("texte", ""),
                block=form.get("bloc", "")[:40],
                email=form.get("courriel", ""),
                author=_author() if form.get("compte") else None,
            )
            number = comment.id
    except (Invalid, RateLimited, MovedOn) as error:
        return _page(card, error.status, error)
    return redirect(f"{following.path(comments.KIND, number)}?merci=1", code=303)


def report(slug: str, comment_id: int) -> Any:
    visitors.from_here(request)
    card = card_at(slug)
    if isinstance(card, Response):
        return card
    who = visitors.number()
    if who is None:
        return visitors.introduced()
    try:
        visitors.allow(who)
    except RateLimited as error:
        return _page(card, error.status, error)
    with unit_of_work():
        comment = comments.locked(comment_id)
        if comment.article_id != card.article_id:
            raise Missing(_("Ce commentaire n’existe pas."))
        comments.report(visitors.mark(who, f"comment:{comment_id}"), comment)
    return redirect(f"{addresses.comments(card.slug)}?signale=1", code=303)


def register(blueprint: Blueprint) -> None:
    for path, name, view, methods in (
        ("/fiches/<slug>/commentaires", "comments", read, ["GET"]),
        ("/fiches/<slug>/commentaires", "comment", write, ["POST"]),
        ("/fiches/<slug>/commentaires/<int:comment_id>/signaler", "report_comment", report, ["POST"]),
    ):
        guard = guarded(Act.PORTAL_READ)(view)
        if methods == ["POST"]:
            # No session stands behind these forms that a token could protect; the sheet has its own.
            csrf.exempt(guard)
        blueprint.add_url_rule(path, name, guard, methods=methods)
