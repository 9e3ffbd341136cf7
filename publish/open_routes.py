"""`/opendata`: the page for people, and the files for programs, sent piece by piece as they are kept."""

from __future__ import annotations

import base64

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.errors import Unavailable
from app.extensions import gettext as _
from app.policy import Act
from app.web import guarded
from publish import addresses, kept_files, open_files, pages
from publish.kept_files import Head

CSP = "default-src 'none'; sandbox; base-uri 'none'; frame-ancestors 'none'"
# Somebody else is making it, or took it away at this very moment.
RETRY_SECONDS = 5


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule(addresses.OPEN_DATA, "open_data", page)
    for name in open_files.NAMES:
        _one(blueprint, name)


def _one(blueprint: Blueprint, name: str) -> None:
    @guarded(Act.PORTAL_READ)
    def file() -> Response:
        return _sent(name)

    blueprint.add_url_rule(f"{addresses.OPEN_DATA}/{name}", f"open_{name.replace('.', '_')}", file)


@guarded(Act.PORTAL_READ)
def page() -> BaseResponse:
    """The page, or for a program that says what it reads the catalogue."""
    wanted = addresses.graph_wanted(request.path, request.headers.get("Accept", ""))
    if not wanted:
        return pages.respond(addresses.OPEN_DATA) or pages.framed("not_found.html", request.path, status=404)
    response = redirect(wanted, code=303)
    response.headers["Vary"] = "Accept"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _sent(name: str) -> Response:
    head = open_files.fit(name)
    if head is None:
        raise Unavailable(
            _("Ce fichier est en train d’être refait. Réessayez dans un instant."), retry_after=RETRY_SECONDS
        )
    packed = request.accept_encodings.quality("gzip") > 0
    headers = _headers(head, packed)
    response = Response(status=200, headers=headers, content_type=head.content_type)
    response.last_modified = head.modified_at
    response.set_etag(f"{head.sha256[:32]}-gzip" if packed else head.sha256[:32])
    response.make_conditional(request)
    if response.status_code == 304:
        return response
    response.headers["Content-Length"] = str(head.packed if packed else head.size)
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    if request.method != "HEAD":
        response.response = kept_files.pieces(head, packed=packed)
    return response


def _headers(head: Head, packed: bool) -> dict[str, str]:
    return {
        **pages.OPEN_HEADERS,
        "Content-Security-Policy": CSP,
        "Cache-Control": pages.CACHE_CONTROL,
        "Vary": "Accept-Encoding",
        # The digest of the bytes without compression (RFC 9530), as the catalogue gives it.
        "Repr-Digest": f"sha-256=:{_base64(head.sha256)}:",
        "Link": f'<{addresses.CATALOGUE_TURTLE}>; rel="describedby"; type="text/turtle"',
    }


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
