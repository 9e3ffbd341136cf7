"""What a program is told when something goes wrong under /api/: a problem document (RFC 9457), in one shape."""

from __future__ import annotations

import json
import math
from urllib.parse import quote

from flask import Response, current_app, request

from app.errors import DomainError

CONTENT_TYPE = "application/problem+json"
ROOT = "/api/"
REALM = 'Bearer realm="openlab"'


def concerns(path: str) -> bool:
    """Whether an address is one of those that programs read."""
    return path.startswith(ROOT)


def document(status: int, code: str, detail: str, title: str) -> Response:
    """`type` leads to where the code is explained; `code` is the same word for who compares strings."""
    home = str(current_app.config["SETTINGS"].public_url)
    said = {
        "type": f"{home}/api#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(request.path[:500], safe="/"),
        "code": code,
    }
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Response(body, status=status, content_type=CONTENT_TYPE)


def with_headers(response: Response, error: DomainError) -> Response:
    """What HTTP has a header for: when to come back (RFC 9110, 10.2.3), and how to prove oneself (RFC 6750, 3)."""
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == 401:
        given = "Authorization" in request.headers
        response.headers["WWW-Authenticate"] = REALM + (', error="invalid_token"' if given else "")
    elif "scope" in error.detail:
        scope = error.detail["scope"]
        response.headers["WWW-Authenticate"] = f'{REALM}, error="insufficient_scope", scope="{scope}"'
    return response
