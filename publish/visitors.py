"""Who acts without an account: a random number in one signed cookie, which is set when somebody acts and not before.

A first act, without the cookie, is answered with 307 to the same address with the number signed in it, while the cookie
is set; only the second POST counts. So somebody whose browser takes no cookies counts all the same, once for each press,
and the same request sent a thousand times counts once. What is stored is a mark: made of the number and of the thing, so
that no two pages can be joined by it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from flask import Request, current_app, request
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.buckets import Buckets, of_a_line
from app.errors import DomainError, RateLimited, Refused
from app.extensions import gettext as _
from config import Settings

COOKIE = "voix"
# Long enough to undo what one did last season; nothing is told by it but that.
COOKIE_SECONDS = 180 * 24 * 3600
KEY_SECONDS = 600
KEY = "cle"
# Acts a minute. Of one reader: nobody presses faster. Of one address: a school class behind it; and a declared espace
# connecté has several of them.
OF_A_READER, OF_AN_ADDRESS, OF_A_SPACE = 30, 600, 3_000


def settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def _signer(salt: str) -> TimestampSigner:
    return TimestampSigner(settings().secret_key, salt=f"openlab.{salt}", digest_method=hashlib.sha256)


def from_here(asked: Request) -> None:
    """Refuse what another site makes a browser send (Fetch Metadata, W3C; Origin, RFC 6454).

    Who sends neither is no browser of today, and has no cookie that another site could use.
    """
    site, origin = asked.headers.get("Sec-Fetch-Site"), asked.headers.get("Origin")
    if site is not None:
        good = site in ("same-origin", "none")
    else:
        good = origin is None or origin in settings().origins or urlsplit(origin).netloc == asked.host
    if not good:
        raise Refused(_("Cet envoi vient d’un autre site. Ouvrez la page ici, puis recommencez."))


def number() -> str | None:
    """The reader's number, out of their cookie, or out of the address that a first act was sent on to."""
    for given, salt, age in (
        (request.cookies.get(settings().cookie_called(COOKIE)), COOKIE, None),
        (request.args.get(KEY), KEY, KEY_SECONDS),
    ):
        if given:
            try:
                return _signer(salt).unsign(given[:200], max_age=age).decode()
            except BadSignature:
                continue
    return None


def introduced() -> Response:
    """The answer to a first act: the same again, under a number."""
    new = secrets.token_hex(16)
    key = _signer(KEY).sign(new).decode()
    answer = redirect(f"{request.path}?{KEY}={key}", code=307)
    answer.set_cookie(
        settings().cookie_called(COOKIE),
        _signer(COOKIE).sign(new).decode(),
        # On a computer of a space the next person is somebody else.
        max_age=None if is_space(request.remote_addr) else COOKIE_SECONDS,
        httponly=True,
        secure=settings().is_https,
        samesite="Lax",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def mark(who: str, thing: str) -> str:
    """What is stored of a reader, for one thing: 32 hexadecimal digits."""
    secret = settings().secret_key.encode()
    return hmac.new(secret, f"openlab.mark\x00{who}\x00{thing}".encode(), hashlib.sha256).hexdigest()[:32]


def is_space(address: str | None) -> bool:
    """Whether an address is a declared espace connecté (SHARED_COMPUTERS)."""
    return settings().is_a_space(address)


def later(answer: Response, error: DomainError | None) -> Response:
    """The page that a refused act gets; to who is too fast it says after how many seconds to come back."""
    if error is not None and (isinstance(error, RateLimited) or error.retry_after is not None):
        answer.headers["Retry-After"] = str(int(error.retry_after or 0) + 1)
    return answer


_buckets = Buckets()


def allow(who: str, acts: int = 1) -> None:
    """Count one act of a reader and of their address, or what weighs as much as several. Raises RateLimited.

    Nothing of it is kept but in memory.
    """
    address = request.remote_addr or ""
    space = is_space(address)
    for bucket, a_minute in (
        (f"n{who}", OF_A_READER),
        (of_a_line(address), OF_A_SPACE if space else OF_AN_ADDRESS),
    ):
        wait = _buckets.take(bucket, a_minute, acts)
        if wait:
            raise RateLimited(
                _("Trop d’envois à la fois. Attendez une minute, puis recommencez : rien n’est perdu."),
                retry_after=wait,
            )
