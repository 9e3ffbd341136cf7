"""`/fiches/<slug>/telecharger`: an article to take home, in the formats that the worker has made of it."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.extensions import gettext as _
from app.policy import Act
from app.web import guarded
from drafts.exchange import formats
from publish import addresses, downloads, pages, queries
from publish.queries import Card

# Asked for again each time, since an article may be masked; the bytes travel once.
KEEPING = "public, no-cache"
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The worker looks every five seconds.
LATER_SECONDS = 10


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/fiches/<slug>/telecharger", "downloads", listing)
    blueprint.add_url_rule("/fiches/<slug>/fiche.<form>", "download", file)


@guarded(Act.PORTAL_READ)
def listing(slug: str) -> BaseResponse:
    found = queries.article_at(slug)
    if isinstance(found, str):
        return redirect(addresses.downloads(found), code=301)
    if found is None:
        return _away(slug)
    path = addresses.downloads(slug)
    return pages.framed("downloads.html", path, card=found, lines=downloads.lines(found))


@guarded(Act.PORTAL_READ)
def file(slug: str, form: str) -> BaseResponse:
    kind = formats.named(form)
    found = queries.article_at(slug)
    if isinstance(found, str):
        return redirect(addresses.download(found, kind), code=301)
    return _away(slug) if found is None else _file(found, kind)


def _away(slug: str) -> Response:
    """What the article's own address answers: where it leads, why it is not read, or that there is none."""
    answer = pages.respond(addresses.article(slug))
    return answer or pages.framed("not_found.html", request.path, status=404)


def _file(card: Card, form: formats.Format) -> Response:
    kept = downloads.kept(card, form)
    if kept is None:
        later = pages.framed("download_later.html", request.path, status=503, card=card)
        later.headers["Retry-After"] = str(LATER_SECONDS)
        return later
    name = _("%(title)s – version %(number)s", title=card.title, number=card.number)
    headers = {
        "Cache-Control": KEEPING,
        "ETag": f'"{kept.tag}"',
        "Content-Disposition": formats.disposition(name, form),
        "Content-Security-Policy": SANDBOX,
    }
    if kept.tag in request.if_none_match:
        return Response(status=304, headers=headers)
    return Response(kept.content, content_type=formats.WRITERS[form].media, headers=headers)
