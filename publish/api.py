"""What programs read of the public side: /api/v1. Lists are {"items": […], "next": address or null}."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request

from app.db import session
from app.directory import catalogue
from app.extensions import gettext as _
from app.policy import Act
from app.web import guarded
from drafts.models import ArticleState
from labs import wish_queries
from labs.wish_queries import WishCard
from publish import addresses, fate_queries, queries
from publish.models import Edition
from publish.queries import Card

Item = TypeVar("Item")
DEFAULT_LIMIT, MOST = 50, 200
# More than the territory makes in years; a list of programs is read whole.
MOST_WISHES = 100_000


def error(status: int, code: str, message: str) -> Response:
    """The one shape of errors (app.web)."""
    return _json({"error": {"code": code, "message": message}}, status)


def _json(value: Any, status: int = 200) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    response = Response(body, status=status, content_type="application/json; charset=utf-8")
    # Open data: any page anywhere may read it, without credentials.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    if status == 200:
        response.headers["Cache-Control"] = "public, max-age=60"
        response.set_etag(hashlib.sha256(body).hexdigest()[:32])
        response.make_conditional(request)
    return response


def _absolute(path: str) -> str:
    return str(current_app.config["SETTINGS"].public_url) + path


def _listed(
    things: Sequence[Item], key: Callable[[Item], str], shape: Callable[[Sequence[Item]], list[Any]]
) -> Response:
    """One page of a list sorted by `key`; `after` is the key of the last item of the page before."""
    raw = request.args.get("limit", str(DEFAULT_LIMIT))
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw[:6]) <= MOST:
        return error(422, "invalid", _("« limit » est un nombre entier de 1 à %(most)s.", most=MOST))
    limit, after = int(raw), request.args.get("after", "")
    rest = [thing for thing in sorted(things, key=key) if key(thing) > after]
    shown = rest[:limit]
    following = None
    if len(rest) > limit:
        following = _absolute(f"{request.path}?{urlencode({'limit': limit, 'after': key(shown[-1])})}")
    return _json({"items": shape(shown), "next": following})


def _articles(cards: Sequence[Card]) -> list[dict[str, Any]]:
    competent = queries.competent_for([card.revision_id for card in cards])
    slugs = {
        place.id: place.slug for place in catalogue.places({one for ids in competent.values() for one in ids})
    }
    return [
        {
            "slug": card.slug,
            "title": card.title,
            "lead": card.lead,
            "url": _absolute(addresses.article(card.slug)),
            "administrations": sorted(slugs[one] for one in competent.get(card.revision_id, ())),
            "themes": card.listed("themes"),
            "life_events": card.listed("life_events"),
            "edition": card.number,
            "published_at": card.published_at.isoformat(timespec="seconds"),
            "fingerprint": card.fingerprint,
        }
        for card in cards
    ]


def _standing(reading: queries.Reading) -> dict[str, Any]:
    """Whether the article is live or withdrawn (and why), and until when it was found exact."""
    gone = reading.withdrawn
    return {
        "state": "live" if gone is None else "withdrawn",
        "withdrawn": None
        if gone is None
        else {"at": gone.at.isoformat(timespec="seconds"), "reason": gone.reason},
        # Of what was published urgently nobody else has said yet that it is exact.
        "verified_at": reading.verified_at.isoformat(timespec="seconds")
        if reading.urgent_until is None
        else None,
        "verify_by": reading.review_date.isoformat() if reading.review_date is not None else None,
        "in_review_until": reading.urgent_until.isoformat() if reading.urgent_until is not None else None,
    }


def _away(slug: str) -> Response:
    """What programs hear of an article that is not read: as at its page (`publish.site`)."""
    away = fate_queries.away_at(slug)
    if away is None:
        return error(404, "not_found", _("Cette fiche n’existe pas."))
    if away.slug != slug or (away.state is ArticleState.REDIRECTED and away.target is not None):
        path = addresses.article(away.slug) if away.slug != slug or away.target is None else away.target[0]
        target = "/api/v1/articles/" + path.rpartition("/")[2]
        response = _json({"moved": _absolute(target)}, 301)
        response.headers["Location"] = target
        response.headers["Cache-Control"] = "public, max-age=60"
        return response
    if away.state is ArticleState.MASKED:
        response = error(
            410, "masked", _("Cette fiche est momentanément masquée, le temps d’une vérification.")
        )
    else:
        response = error(410, "gone", away.reason)
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


def _wishes(cards: Sequence[WishCard]) -> list[dict[str, Any]]:
    return [
        {
            "id": card.id,
            "title": card.title,
            "need": card.need,
            "status": str(card.status),
            "supports": card.supports,
            "filed_on": card.day.isoformat(),
            "url": _absolute(addresses.wish(card.id)),
        }
        for card in cards
    ]


def _counter(desk: catalogue.Desk) -> dict[str, str]:
    return {
        "name": desk.name, "address": desk.address, "commune": desk.commune, "phone": desk.phone,
        "email": desk.email, "hours": desk.hours,
    }  # fmt: skip


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/api/v1/articles")
    @guarded(Act.PORTAL_READ)
    def api_articles() -> Response:
        return _listed(queries.live_cards(), lambda card: card.slug, _articles)

    @blueprint.get("/api/v1/articles/<slug>")
    @guarded(Act.PORTAL_READ)
    def api_article(slug: str) -> Response:
        known = addresses.understood(addresses.article(slug))
        found = queries.article_at(slug) if known else None
        if isinstance(found, str):
            response = _json({"moved": _absolute(f"/api/v1/articles/{found}")}, 301)
            response.headers["Location"] = f"/api/v1/articles/{found}"
            return response
        if found is None:
            return _away(slug) if known else error(404, "not_found", _("Cette fiche n’existe pas."))
        edition, reading = session().get_one(Edition, found.edition_id), queries.reading(found, door="")
        return _json(
            {
                **_articles([found])[0],
                **_standing(reading),
                "fields": edition.fields,
                "credits": [entry["name"] for entry in edition.credits],
                "change_note": edition.change_note,
                "blocks": edition.revision.tree,
                # As the page has it: with the counters and services of today.
                "html": reading.body,
                "text": edition.plain,
            }
        )

    @blueprint.get("/api/v1/administrations")
    @guarded(Act.PORTAL_READ)
    def api_administrations() -> Response:
        return _listed(
            catalogue.places(),
            lambda place: place.slug,
            lambda places: [
                {
                    "slug": place.slug,
                    "name": place.name,
                    "acronym": place.acronym,
                    "kind": str(place.kind),
                    "territory": place.territory,
                    "site": place.site,
                    "url": _absolute(addresses.administration(place.slug)),
                    "counters": [_counter(desk) for desk in catalogue.desks([place])],
                }
                for place in places
            ],
        )

    @blueprint.get("/api/v1/wishes")
    @guarded(Act.PORTAL_READ)
    def api_wishes() -> Response:
        """The wishes that the public reads, the oldest first; `after` is a number of twelve digits."""
        return _listed(wish_queries.cards(limit=MOST_WISHES), lambda card: f"{card.id:012d}", _wishes)
