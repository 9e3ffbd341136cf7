"""What an address of an older portal answers here: nothing of ours stands there, so it leads on, or says what becomes of it."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request

from app.db import reading
from app.web import wants_json
from publish import addresses, old_addresses, pages

log = logging.getLogger(__name__)
# Programs ask here, and pages load from here: no older portal had its pages there.
_NOT_PAGES = ("/api/", "/static/", "/images/")


def register(blueprint: Blueprint) -> None:
    blueprint.after_app_request(lead_on)


def lead_on(response: Response) -> Response:
    """In the place of « not found »: 301 to the article that took the page over, or, while that is not public, a page that
    says so. It answers 404, since there is nothing there today; search engines ask again, and people can search."""
    if response.status_code != 404 or request.method not in ("GET", "HEAD") or wants_json():
        return response
    if request.path.startswith(_NOT_PAGES):
        return response
    try:
        with reading():
            found = old_addresses.moved(
                request.environ.get("PATH_INFO", "").encode("latin-1", "replace"),
                request.environ.get("QUERY_STRING", ""),
            )
    except Exception as error:
        # Whoever asks hears at least that the page is not there.
        log.warning("an old address could not be looked up: %s", error)
        return response
    if found is None:
        return response
    if found.slug is None:
        return pages.framed("old_address.html", "/recherche", status=404, title=found.title)
    answer = Response(status=301)
    # Made of our own slug: nothing that somebody sent stands in it.
    answer.headers["Location"] = addresses.article(found.slug)
    answer.headers["Cache-Control"] = pages.NOT_FOR_LONG
    return answer
