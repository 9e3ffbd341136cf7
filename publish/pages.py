"""The door in front of Flask: public pages are answered as stored bytes, the same for everybody.

Nothing here reads a cookie, and nothing sets one. Flask's own routes for the same addresses exist too (for
addresses made by name, and for errors), and answer with the same bytes.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, request
from werkzeug.http import http_date, parse_date, parse_etags

from app import events, logs, openapi
from app.db import reading
from app.web import HEADERS
from drafts import images
from publish import addresses, open_files, pictures, reads, site
from publish.events import ArticleChanged, EditionPublished
from publish.shelf import Shelf, build_number
from publish.store import Page

log = logging.getLogger(__name__)
StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
# A minute: long enough to spare a line of 50 kbit/s, short enough that a correction is seen at once.
CACHE_CONTROL = "public, max-age=60, stale-if-error=86400"
# What leads elsewhere or is gone may be decided otherwise, and an answer from a cache would outlive the decision.
NOT_FOR_LONG = "public, max-age=60"
# The address of an image is the digest of what it answers with, so it never answers with anything else.
FOR_EVER = "public, max-age=31536000, immutable"
IMAGE_CSP = "default-src 'none'; sandbox; base-uri 'none'; frame-ancestors 'none'"
REASONS = {200: "200 OK", 301: "301 Moved Permanently", 304: "304 Not Modified", 410: "410 Gone"}
# What an article answers when somebody reads it: sent, or still good in their own copy.
READ = (200, 304)
# Open data: any page anywhere may read it, without credentials.
OPEN_HEADERS = {**HEADERS, "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
# U+FFFD as WSGI carries it: UTF-8 bytes, each as a character.
_UNREADABLE = "\ufffd".encode().decode("latin-1")
_HERE = Path(__file__).parent
_shelves: weakref.WeakSet[Shelf] = weakref.WeakSet()


class StoredPages:
    """WSGI layer: answers GET and HEAD of public pages, passes everything else on."""

    def __init__(self, wsgi_app: Wsgi, app: Flask) -> None:
        self.wsgi_app = wsgi_app
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("REQUEST_METHOD") in ("GET", "HEAD") and not environ.get("SCRIPT_NAME"):
            path = environ.get("PATH_INFO", "")
            if path == "/healthz":
                logs.about(route=path)
                # The process is up, whatever its database does: a restart would not bring that back.
                start_response(
                    "200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
                )
                return [b"ok\n"]
            # What follows the question mark is ignored, but for the questions of the page itself: links shared by
            # others carry their trackers there.
            known = addresses.understood(path)
            if (
                known is not None
                and not addresses.is_asked(known[0], environ.get("QUERY_STRING", ""))
                and not addresses.graph_wanted(path, environ.get("HTTP_ACCEPT", ""))
            ):
                page = self._page(path)
                if page is not None:
                    logs.about(route=addresses.template(path, known[1]))
                    status, answered = _send(page, environ, start_response)
                    if (
                        known[0] is addresses.Kind.ARTICLE
                        and status in READ
                        and environ["REQUEST_METHOD"] == "GET"
                    ):
                        reads.note(known[1], lambda name, default: _asked(environ, name, default))
                    return answered
            if (image := addresses.image_in(path)) is not None and self._is_shown(image):
                logs.about(route="/images/<image>.webp")
                return _send_image(image, environ, start_response)
        if "\x00" in environ.get("PATH_INFO", ""):
            # PostgreSQL takes no NUL in a text: such an address is one that does not exist, for every room.
            environ = {**environ, "PATH_INFO": environ["PATH_INFO"].replace("\x00", _UNREADABLE)}
        return self.wsgi_app(environ, start_response)

    def _page(self, path: str) -> Page | None:
        try:
            return shelf(self.app).page(path)
        except Exception:
            # Flask asks again and turns the error into a page of its own.
            log.exception("the stored page %s could not be had", path)
            return None

    def _is_shown(self, image: str) -> bool:
        try:
            with reading():
                return pictures.is_shown(image)
        except Exception:
            log.exception("an image could not be asked for")
            return False


def _asked(environ: dict[str, Any], name: str, default: str) -> str:
    return str(environ.get(f"HTTP_{name.upper().replace('-', '_')}", default))


def image_headers(image: str, keeping: str) -> list[tuple[str, str]]:
    """The headers of an image, which a browser takes for a picture and for nothing else."""
    return [
        *HEADERS.items(),
        ("Content-Type", "image/webp"),
        ("Content-Security-Policy", IMAGE_CSP),
        ("Cache-Control", keeping),
        ("ETag", f'"{image}"'),
    ]


def _send_image(image: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    headers = image_headers(image, FOR_EVER)
    if image in parse_etags(environ.get("HTTP_IF_NONE_MATCH", "")[:200]):
        start_response(REASONS[304], headers)
        return []
    with reading():
        content = images.content_of(image)
    start_response(REASONS[200], [*headers, ("Content-Length", str(len(content)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]


def _send(page: Page, environ: dict[str, Any], start_response: StartResponse) -> tuple[int, Iterable[bytes]]:
    status, headers, body = answer(
        page,
        accept_encoding=environ.get("HTTP_ACCEPT_ENCODING", ""),
        if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
        if_modified_since=environ.get("HTTP_IF_MODIFIED_SINCE", ""),
    )
    start_response(REASONS[status], headers)
    return status, [] if environ["REQUEST_METHOD"] == "HEAD" or status == 304 else [body]


def answer(
    page: Page, *, accept_encoding: str = "", if_none_match: str = "", if_modified_since: str = ""
) -> tuple[int, list[tuple[str, str]], bytes]:
    """(status, headers, body) for one request. The body is that of a GET; a HEAD sends its length only."""
    encoding = _encoding(accept_encoding[:200]) if page.body else ""
    body = {"br": page.brotli, "gzip": page.gzip, "": page.body}[encoding]
    # A strong tag names exact bytes, so each encoding has its own.
    etag = f'"{page.etag}-{encoding}"' if encoding else f'"{page.etag}"'
    headers = [
        *(OPEN_HEADERS if page.content_type in site.OPEN else HEADERS).items(),
        ("Content-Security-Policy", page.csp),
        ("Cache-Control", CACHE_CONTROL if page.status == 200 else NOT_FOR_LONG),
        ("Vary", "Accept-Encoding" if page.path != addresses.OPEN_DATA else "Accept-Encoding, Accept"),
        ("ETag", etag),
        ("Last-Modified", http_date(page.modified_at)),
    ]
    if page.status == 200 and (about := addresses.described(page.path)):
        links = (f'<{path}>; rel="describedby"; type="{kind}"' for path, kind in about.items())
        headers.append(("Link", ", ".join(links)))
    if page.status == 200 and _unchanged(etag, page, if_none_match, if_modified_since):
        return 304, headers, b""
    headers += [("Content-Type", page.content_type), ("Content-Length", str(len(body)))]
    if encoding:
        headers.append(("Content-Encoding", encoding))
    if page.location:
        headers.append(("Location", page.location))
    return page.status, headers, body


class Ready(NamedTuple):
    """An answer as it is sent: the head without the lines that differ from one request to the next, and the empty line."""

    status: int
    head: bytes
    body: bytes
    route: str
    # Of the article that is read by it; "" for any other page.
    slug: str


def at_once(app: Flask, method: str, target: str, asked: Callable[[str, str], str]) -> Ready | None:
    """What `StoredPages` would answer to a GET or HEAD of `target` (path and query), if it lies in memory. `asked(name, default)`
    gives the header's fields."""
    try:
        ready = _ready(app, target, asked)
    except Exception:
        # The way through WSGI asks again, and turns the error into a page.
        log.exception("a page in memory could not be answered at once")
        return None
    if ready is not None and ready.slug and method == "GET":
        reads.note(ready.slug, asked)
    return ready


def _ready(app: Flask, target: str, asked: Callable[[str, str], str]) -> Ready | None:
    path, _mark, query = target.partition("?")
    page = shelf(app).in_memory(path)
    if page is None or addresses.graph_wanted(path, asked("accept", "")):
        return None
    if query:
        known = addresses.understood(path)
        if known is None or addresses.is_asked(known[0], query):
            return None
    encoding = _encoding(asked("accept-encoding", "")[:200]) if page.body else ""
    if_none_match, if_modified_since = asked("if-none-match", ""), asked("if-modified-since", "")
    ready = page.ready.get(encoding)
    if ready is not None and not if_none_match and not if_modified_since:
        return ready
    status, headers, body = answer(
        page,
        accept_encoding=asked("accept-encoding", ""),
        if_none_match=if_none_match,
        if_modified_since=if_modified_since,
    )
    lines = [f"HTTP/1.1 {REASONS[status]}", *(f"{name}: {value}" for name, value in headers), ""]
    kind, slug = addresses.understood(path) or (None, "")
    route = addresses.template(path, slug)
    slug = slug if kind is addresses.Kind.ARTICLE and status in READ else ""
    made = Ready(status, "\r\n".join(lines).encode("latin-1"), body, route, slug)
    if status != 304:
        page.ready[encoding] = made
    return made


def _unchanged(etag: str, page: Page, if_none_match: str, if_modified_since: str) -> bool:
    if if_none_match:
        # A proxy that compresses again weakens the tag; for "not modified" weak is enough.
        given = [tag.strip().removeprefix("W/") for tag in if_none_match[:2000].split(",")]
        return etag in given or "*" in given
    since = parse_date(if_modified_since) if if_modified_since else None
    return since is not None and page.modified_at <= since


@lru_cache(maxsize=256)
def _encoding(accept: str) -> str:
    """ "br", "gzip" or "" (as it is), by what the reader accepts."""
    accepted: dict[str, bool] = {}
    for part in accept.lower().split(","):
        name, _, parameter = part.partition(";")
        weight = parameter.replace(" ", "")
        accepted[name.strip()] = not (weight.startswith("q=") and weight[2:].strip("0.") == "")
    for name in ("br", "gzip"):
        if accepted.get(name, accepted.get("*", False)):
            return name
    return ""


def shelf(app: Flask) -> Shelf:
    found: Shelf = app.extensions["openlab_shelf"]
    return found


def respond(path: str) -> Response | None:
    """Flask's answer with the stored page at `path`; None when there is no such page."""
    page = shelf(current_app).page(path) if addresses.understood(path) else None
    if page is None:
        return None
    status, headers, body = answer(
        page,
        accept_encoding=request.headers.get("Accept-Encoding", ""),
        if_none_match=request.headers.get("If-None-Match", ""),
        if_modified_since=request.headers.get("If-Modified-Since", ""),
    )
    return Response(body, status=status, headers=headers)


def framed(
    template: str, path: str, status: int = 200, *, without_database: bool = False, **context: Any
) -> Response:
    """A page made for this request alone, in the public frame: nobody stores it, and it sets no cookie.

    `without_database`: nothing is asked of it, so that the page comes when it does not answer.
    """
    renderer: site.Renderer = current_app.extensions["openlab_site"]
    if without_database:
        text = renderer.html(
            template, path, demonstration=bool(current_app.config.get("DEMO_BANNER")), **context
        )
    else:
        with reading():
            text = renderer.html(template, path, **context)
    response = Response(text, status=status, content_type=site.HTML)
    response.headers["Content-Security-Policy"] = renderer.csp
    response.headers["Cache-Control"] = "no-store"
    return response


def exists(path: str) -> bool:
    return shelf(current_app).page(path) is not None


def render_all() -> int:
    """Render every public page that is not fresh yet, so that no reader waits. Returns how many there are."""
    with reading():
        paths = site.every_path()
    return sum(shelf(current_app).page(path) is not None for path in paths)


def init_app(app: Flask) -> None:
    settings = app.config["SETTINGS"]
    build = build_number(
        _HERE,
        *(Path(app.static_folder or "") / name for name in site.STYLES),
        extra=f"{settings.public_url} {app.config.get('DEMO_BANNER')} {openapi.summaries(app)}",
    )
    app.extensions["openlab_site"] = site.Renderer(app, settings.public_url)
    app.extensions["openlab_shelf"] = Shelf(app.extensions["openlab_site"].page, build)
    open_files.configure(settings.mail_from)
    _shelves.add(app.extensions["openlab_shelf"])
    app.wsgi_app = StoredPages(app.wsgi_app, app)  # type: ignore[method-assign]


@events.at_once(EditionPublished)
@events.at_once(ArticleChanged)
def look_now(_news: events.Event) -> None:
    """The publisher who follows the link to the new page sees it, not what was there a second ago."""
    for one in list(_shelves):
        one.look()
