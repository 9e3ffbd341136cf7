"""Where readers say what they think: plain forms that need no script, no account and no token.

The buttons stand in stored pages, the same for everybody, so the POST is judged by where it comes from (`visitors.from_here`).
What was done is said on a page of its own, which nobody stores.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, RateLimited
from app.extensions import csrf
from app.extensions import gettext as _
from app.policy import Act
from app.web import guarded
from publish import addresses, pages, queries, visitors, voice, voice_queries
from publish.queries import Card
from publish.voice_models import Clarity

# What the three answers of the second step are called in the form.
CLARITIES = {"clair": Clarity.CLEAR, "difficile": Clarity.HARD}


def _card(slug: str) -> Card | Response:
    """The article that is read there; where it has moved, the way to it with what was sent (308)."""
    with reading():
        found = queries.article_at(slug)
    if found is None:
        raise Missing(_("Cette fiche n’est plus en ligne."))
    if isinstance(found, str):
        there = request.path.replace(f"/fiches/{slug}/", f"/fiches/{found}/", 1)
        return redirect(there, code=308)
    return found


def _who(slug: str) -> tuple[str, Card] | Response:
    """The reader's mark and the article of an act; or the answer that has to come first."""
    visitors.from_here(request)
    card = _card(slug)
    if isinstance(card, Response):
        return card
    who = visitors.number()
    if who is None:
        return visitors.introduced()
    visitors.allow(who)
    return _mark(who, card), card


def _mark(who: str, card: Card) -> str:
    return visitors.mark(who, f"article:{card.article_id}")


def _seen(template: str, slug: str, status: int = 200, **more: Any) -> Response:
    card = _card(slug)
    if isinstance(card, Response):
        return card
    who = visitors.number()
    with reading():
        own = voice_queries.own(_mark(who, card) if who else None, card.article_id)
        counts = voice_queries.counts_of(card.article_id)
    back = addresses.article(card.slug)
    return pages.framed(
        template, request.path, status=status, card=card, own=own, counts=counts, back=back, **more
    )


def like(slug: str) -> Any:
    try:
        found = _who(slug)
    except RateLimited as error:
        return _later("liked.html", slug, error)
    if isinstance(found, Response):
        return found
    mark, card = found
    with unit_of_work():
        (voice.take_back if request.form.get("retirer") else voice.like)(mark, card)
    return redirect(request.path, code=303)


def liked(slug: str) -> Response:
    return _seen("liked.html", slug)


def helped(slug: str) -> Any:
    typed = request.form.get("raison", "")
    try:
        found = _who(slug)
        if isinstance(found, Response):
            return found
        mark, card = found
        answer = request.form.get("utile")
        if answer not in ("oui", "non"):
            raise Invalid(_("Répondez par oui ou par non."))
        # A field that people do not see: who fills it in is a program, and is thanked like everybody.
        reason = None if request.form.get("site") else request.form.get("raison")
        with unit_of_work():
            voice.say_helped(
                mark, card, answer == "oui", CLARITIES.get(request.form.get("clarte", "")), reason
            )
    except RateLimited as error:
        return _later("helped.html", slug, error, typed=typed)
    except Invalid as error:
        return _seen("helped.html", slug, 422, wrong=error.message, typed=typed)
    return redirect(request.path + ("?merci=1" if "clarte" in request.form or typed else ""), code=303)


def asked(slug: str) -> Response:
    return _seen("helped.html", slug, thanked=bool(request.args.get("merci")))


def _later(template: str, slug: str, error: RateLimited, **more: Any) -> Response:
    return visitors.later(_seen(template, slug, error.status, wrong=error.message, **more), error)


def register(blueprint: Blueprint) -> None:
    for path, name, view, methods in (
        ("/fiches/<slug>/aimer", "like", like, ["POST"]),
        ("/fiches/<slug>/aimer", "liked", liked, ["GET"]),
        ("/fiches/<slug>/avis", "helped", helped, ["POST"]),
        ("/fiches/<slug>/avis", "asked", asked, ["GET"]),
    ):
        guard = guarded(Act.PORTAL_READ)(view)
        if methods == ["POST"]:
            # No session stands behind these forms that a token could protect.
            csrf.exempt(guard)
        blueprint.add_url_rule(path, name, guard, methods=methods)
