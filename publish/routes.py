"""Addresses of the public side and of what it hangs on the agents' pages.

Stored pages are answered before Flask (`publish.pages`); their routes here give them names, and turn what is
missing or broken into an error page.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.exceptions import NotFound

from app.errors import Gone, Missing
from app.extensions import gettext as _
from app.policy import Act, acts_for
from app.web import current_actor, guarded, said, wants_json
from drafts import images
from drafts.models import Image
from publish import (
    addresses,
    agents,
    answer_routes,
    api,
    article_page,
    awaiting,  # noqa: F401 - registers what waits
    call_answer_routes,
    call_panel,  # noqa: F401 - registers its panels
    call_routes,
    comment_awaiting,  # noqa: F401 - registers what waits
    comment_following,  # noqa: F401 - answers its secret links
    comment_routes,
    cycle_panel,  # noqa: F401 - registers its panel
    dashboard_routes,
    desk_routes,
    directory_news,  # noqa: F401 - hears of the directory
    download_routes,
    evidence_routes,
    fate_awaiting,  # noqa: F401 - registers what waits
    fate_routes,
    feed_pages,
    feeds,
    following,
    health,
    moderation_routes,
    old_routes,
    open_routes,
    opening_routes,
    pack_panel,  # noqa: F401 - registers its panel
    pack_routes,
    pages,
    past,
    pictures,
    queries,
    reading_test_routes,
    search_routes,
    service_list,
    site,
    state_page,
    subscription_routes,
    territories,
    voice_panel,  # noqa: F401 - registers its panel
    voice_routes,
    wish_desk,
    wish_home,  # noqa: F401 - hears of wishes
    wish_routes,
)

# Rights are asked for again at each look; the bytes travel once.
WHILE_ALLOWED = "private, no-cache"
blueprint = Blueprint("publish", __name__, template_folder="templates")
api.register(blueprint)
health.register(blueprint)
agents.register(blueprint)
evidence_routes.register(blueprint)
download_routes.register(blueprint)
fate_routes.register(blueprint)
desk_routes.register(blueprint)
dashboard_routes.register(blueprint)
voice_routes.register(blueprint)
comment_routes.register(blueprint)
answer_routes.register(blueprint)
moderation_routes.register(blueprint)
opening_routes.register(blueprint)
following.register(blueprint)
state_page.register(blueprint)
subscription_routes.register(blueprint)
search_routes.register(blueprint)
wish_desk.register(blueprint)
wish_routes.register(blueprint)
call_routes.register(blueprint)
call_answer_routes.register(blueprint)
reading_test_routes.register(blueprint)
old_routes.register(blueprint)
open_routes.register(blueprint)
pack_routes.register(blueprint)


def _stored(path: str) -> Response:
    found = pages.respond(path)
    if found is None:
        return pages.framed("not_found.html", path, status=404)
    return found


def _fixed(path: str, name: str) -> None:
    def view() -> Response:
        return _stored(path)

    guard = guarded(Act.PORTAL_READ)(view)
    blueprint.add_url_rule(path, name, api.counts(guard) if path == addresses.COUNTS else guard)


def _fed(path: str) -> Response:
    """A feed: its first page is stored, the older ones are made for who asks."""
    given = request.args.get(feed_pages.QUESTION, "1")
    number = feed_pages.asked(given)
    if number == 1:
        return _stored(path)
    public_url = current_app.config["SETTINGS"].public_url
    text = feed_pages.feed(public_url, path, number) if number else None
    if text is None:
        return pages.framed("not_found.html", path, status=404)
    response = Response(text, content_type=site.ATOM, headers={"Cache-Control": pages.NOT_FOR_LONG})
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response


def _fixed_feed(path: str, name: str) -> None:
    def view() -> Response:
        return _fed(path)

    blueprint.add_url_rule(path, name, guarded(Act.PORTAL_READ)(view))


_fixed_feed("/atom.xml", str(addresses.Kind.ATOM))
_fixed_feed(addresses.CHANGES_ATOM, str(addresses.Kind.CHANGES_ATOM))


for _path, _kind in addresses.FIXED.items():
    if _kind not in addresses.ASKED and _path != addresses.OPEN_DATA:
        _fixed(_path, str(_kind))


@blueprint.get("/demarches")
@guarded(Act.PORTAL_READ)
def services() -> Response:
    wanted = service_list.asked(lambda name: request.args.get(name, ""))
    if not wanted:
        return _stored("/demarches")
    return pages.framed("services.html", "/demarches", it=service_list.listing(wanted))


@blueprint.get("/fiches/<slug>")
@guarded(Act.PORTAL_READ)
def article(slug: str) -> Response:
    path = addresses.article(slug)
    territory = territories.asked(request.args.get(territories.QUESTION, ""))
    found = queries.article_at(slug) if territory and addresses.understood(path) else None
    if not isinstance(found, queries.Card):
        return _stored(path)
    words = article_page.words(found, current_app.config["SETTINGS"].public_url, territory)
    answer = pages.framed("article.html", path, **words)
    answer.set_data(territories.carried(answer.get_data(as_text=True), territory))
    return answer


@blueprint.get("/fiches/<slug>/historique")
@guarded(Act.PORTAL_READ)
def history(slug: str) -> Response:
    path = addresses.history(slug)
    numbers = past.asked(request.args.get("de", ""), request.args.get("a", ""))
    found = queries.article_at(slug) if numbers and addresses.understood(path) else None
    if numbers is None or not isinstance(found, queries.Card):
        return _stored(path)
    between = past.between(found, *numbers)
    if between is None:
        return pages.framed("not_found.html", path, status=404)
    return pages.framed("between.html", path, it=between, card=found)


@blueprint.get("/fiches/<slug>/facile")
@guarded(Act.PORTAL_READ)
def easy(slug: str) -> Response:
    return _stored(addresses.easy(slug))


@blueprint.get("/s/<code>")
@guarded(Act.PORTAL_READ)
def short(code: str) -> Response:
    # Telephones begin what one types with a capital letter.
    return _stored(addresses.short(code.lower()))


@blueprint.get("/themes/<slug>")
@guarded(Act.PORTAL_READ)
def theme(slug: str) -> Response:
    return _stored(addresses.theme(slug))


@blueprint.get("/themes/<slug>/atom.xml")
@guarded(Act.PORTAL_READ)
def theme_feed(slug: str) -> Response:
    return _fed(addresses.feed(addresses.theme(slug)))


@blueprint.get("/situations/<slug>")
@guarded(Act.PORTAL_READ)
def life_event(slug: str) -> Response:
    return _stored(addresses.life_event(slug))


@blueprint.get("/publics/<slug>")
@guarded(Act.PORTAL_READ)
def audience(slug: str) -> Response:
    return _stored(addresses.audience(slug))


@blueprint.get("/administrations/<slug>")
@guarded(Act.PORTAL_READ)
def administration(slug: str) -> Response:
    return _stored(addresses.administration(slug))


@blueprint.get("/fiches/<slug>/donnees.jsonld")
@guarded(Act.PORTAL_READ)
def article_data(slug: str) -> Response:
    return _stored(addresses.article_data(slug))


@blueprint.get("/demarches/<slug>/donnees.jsonld")
@guarded(Act.PORTAL_READ)
def service_data(slug: str) -> Response:
    return _stored(addresses.service_data(slug))


@blueprint.get("/administrations/<slug>/donnees.jsonld")
@guarded(Act.PORTAL_READ)
def administration_data(slug: str) -> Response:
    return _stored(addresses.administration_data(slug))


@blueprint.get("/sitemap-<number>.xml")
@guarded(Act.PORTAL_READ)
def sitemap_part(number: str) -> Response:
    return _stored(f"/sitemap-{number}.xml")


@blueprint.get("/administrations/<slug>/atom.xml")
@guarded(Act.PORTAL_READ)
def administration_feed(slug: str) -> Response:
    return _fed(addresses.feed(addresses.administration(slug)))


def image_door(image: str) -> pictures.ShownImage | Image:
    """Who may not see it hears the same as of an image that does not exist, unless it was public once."""
    found = pictures.image_called(image)
    if pictures.was_shown(image) and not acts_for(current_actor(), found):
        raise Gone(_("Cette image n’est plus publiée : la fiche qui la montrait a changé."))
    return found


@blueprint.get("/images/<image>.webp")
@guarded(Act.IMAGE_READ, image_door)
def image(image: str) -> Response:
    """An image that no live edition shows, for who reads a draft that holds it. The others `publish.pages` answers."""
    # Nothing of a person's stays on a computer that others use.
    keeping = "no-store" if current_actor().shared_computer else WHILE_ALLOWED
    headers = pages.image_headers(image, keeping)
    if image in request.if_none_match:
        return Response(status=304, headers=headers)
    return Response(images.content_of(image), headers=headers)


@blueprint.get("/.well-known/security.txt")
@guarded(Act.PORTAL_READ)
def security() -> Response:
    settings = current_app.config["SETTINGS"]
    text = feeds.security(settings.public_url, settings.mail_from)
    return Response(
        text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "public, max-age=86400"}
    )


@blueprint.app_errorhandler(404)
def not_found(_error: NotFound) -> Any:
    """A public page says where to look; programs get JSON. A spelling that nearly is an address leads to it."""
    if wants_json():
        return said(Missing(_("Cette adresse n’existe pas.")))
    if request.method in ("GET", "HEAD"):
        straight = request.path.rstrip("/").lower()
        if straight != request.path and addresses.understood(straight) and pages.exists(straight):
            return redirect(straight, code=301)
    return pages.framed("not_found.html", request.path, status=404)
