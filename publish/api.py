"""What programs read of the public side: /api/v1. Lists are {"items": […], "next": address or null}."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from app import interface, openapi
from app.accounts import cookie
from app.db import session
from app.errors import Gone, Masked, Missing
from app.extensions import gettext as _
from app.interface import Listed, asked, following, open_to_all, operation, page_of, reply
from app.policy import Act
from app.web import guarded
from drafts.models import ArticleState
from labs import wish_queries
from publish import addresses, api_queries, easy_page, fate_queries, queries
from publish.api_shapes import (
    Administrations,
    Articles,
    ArticleWhole,
    AskedArticles,
    AskedEditions,
    Counts,
    Editions,
    Moved,
    Services,
    Wishes,
    WishItem,
    WithdrawnAt,
)
from publish.glossary_shapes import Glossary
from publish.models import Edition

# More than the territory makes in years; a list of programs is read whole.
MOST_WISHES = 100_000
# The operation of the counts, whose bytes are stored (`publish.routes`).
counts = operation(
    Counts, lambda: _("Les chiffres du portail, des administrations et des fiches"), stored=True
)


def _home() -> str:
    return str(current_app.config["SETTINGS"].public_url)


def _standing(reading: queries.Reading) -> dict[str, Any]:
    """Whether the article is live or withdrawn (and why), and until when it was found exact."""
    gone = reading.withdrawn
    return {
        "state": "live" if gone is None else "withdrawn",
        "withdrawn": None if gone is None else WithdrawnAt(at=gone.at, reason=gone.reason),
        # Of what was published urgently nobody else has said yet that it is exact.
        "verified_at": reading.verified_at if reading.urgent_until is None else None,
        "verify_by": reading.review_date,
        "in_review_until": reading.urgent_until,
    }


def _away(slug: str) -> Response:
    """What programs hear of an article that is not read: as at its page (`publish.site`)."""
    away = fate_queries.away_at(slug)
    if away is None:
        raise Missing(_("Cette fiche n’existe pas."))
    if away.slug != slug or (away.state is ArticleState.REDIRECTED and away.target is not None):
        path = addresses.article(away.slug) if away.slug != slug or away.target is None else away.target[0]
        return _moved(path.rpartition("/")[2])
    if away.state is ArticleState.MASKED:
        raise Masked(_("Cette fiche est momentanément masquée, le temps d’une vérification."))
    raise Gone(away.reason)


def _moved(slug: str) -> Response:
    target = url_for("publish.api_article", slug=slug)
    response = reply(Moved(moved=_home() + target), status=301)
    response.headers["Location"] = target
    return response


def _wish_key(item: WishItem) -> str:
    return f"{item.id:012d}"


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/api/openapi.json")
    @open_to_all
    @guarded(Act.PORTAL_READ)
    def openapi_document() -> Response:
        settings = current_app.config["SETTINGS"]
        said = openapi.document(current_app, settings.public_url, cookie.name(settings))  # type: ignore[arg-type]
        body = json.dumps(said, ensure_ascii=False, indent=1).encode()
        response = Response(body, content_type=f"{interface.JSON}; charset=utf-8")
        response.headers["Cache-Control"] = interface.KEEPING
        response.set_etag(hashlib.sha256(body).hexdigest()[:32])
        response.make_conditional(request)
        return response

    @blueprint.get("/api/v1/articles")
    @operation(Articles, lambda: _("Les fiches en ligne"), asked=AskedArticles)
    @guarded(Act.PORTAL_READ)
    def api_articles() -> Any:
        it = asked(AskedArticles)
        cards, after = page_of(
            api_queries.wanted(it), lambda card: card.slug, it, partial(url_for, "publish.api_articles")
        )
        return Articles(items=api_queries.articles(cards, _home()), next=after)

    @blueprint.get("/api/v1/articles/<slug>")
    @operation(
        ArticleWhole,
        lambda: _("Une fiche : son texte, ses champs, son état"),
        also=(301, 404, 410),
        moved=Moved,
    )
    @guarded(Act.PORTAL_READ)
    def api_article(slug: str) -> Any:
        known = addresses.understood(addresses.article(slug))
        found = queries.article_at(slug) if known else None
        if isinstance(found, str):
            return _moved(found)
        if found is None:
            if known:
                return _away(slug)
            raise Missing(_("Cette fiche n’existe pas."))
        edition, reading = session().get_one(Edition, found.edition_id), queries.reading(found, door="")
        return ArticleWhole(
            **dict(api_queries.articles([found], _home())[0]),
            **_standing(reading),
            fields=edition.fields,
            easy=_home() + addresses.easy(found.slug) if easy_page.has_twin(found) else None,
            credits=[entry["name"] for entry in edition.credits],
            change_note=edition.change_note,
            blocks=edition.revision.tree,
            # As the page has it: with the counters and services of today.
            html=reading.body,
            text=edition.plain,
        )

    @blueprint.get("/api/v1/administrations")
    @operation(Administrations, lambda: _("Les administrations et leurs guichets"), asked=Listed)
    @guarded(Act.PORTAL_READ)
    def api_administrations() -> Any:
        items, after = page_of(
            api_queries.administrations(_home()),
            lambda item: item.slug,
            asked(Listed),
            partial(url_for, "publish.api_administrations"),
        )
        return Administrations(items=items, next=after)

    @blueprint.get("/api/v1/services")
    @operation(Services, lambda: _("Les services en ligne des administrations"), asked=Listed)
    @guarded(Act.PORTAL_READ)
    def api_services() -> Any:
        items, after = page_of(
            api_queries.services(_home()),
            lambda item: item.slug,
            asked(Listed),
            partial(url_for, "publish.api_services"),
        )
        return Services(items=items, next=after)

    @blueprint.get("/api/v1/glossary")
    @operation(Glossary, lambda: _("Les mots que le portail explique"), asked=Listed)
    @guarded(Act.PORTAL_READ)
    def api_glossary() -> Any:
        items, after = page_of(
            api_queries.words(_home()),
            lambda item: item.key,
            asked(Listed),
            partial(url_for, "publish.api_glossary"),
        )
        return Glossary(items=items, next=after)

    @blueprint.get("/api/v1/editions")
    @operation(
        Editions, lambda: _("Toutes les versions publiées des fiches, et leurs preuves"), asked=AskedEditions
    )
    @guarded(Act.PORTAL_READ)
    def api_editions() -> Any:
        it = asked(AskedEditions)
        items, last = api_queries.editions(it, _home())
        address = partial(url_for, "publish.api_editions")
        return Editions(items=items, next=following(it, last, address) if last is not None else None)

    @blueprint.get("/api/v1/wishes")
    @operation(Wishes, lambda: _("Les souhaits que le public lit, les plus anciens d’abord"), asked=Listed)
    @guarded(Act.PORTAL_READ)
    def api_wishes() -> Any:
        """`after` is a number of twelve digits."""
        items, after = page_of(
            api_queries.wishes(wish_queries.cards(limit=MOST_WISHES), _home()),
            _wish_key,
            asked(Listed),
            partial(url_for, "publish.api_wishes"),
        )
        return Wishes(items=items, next=after)
