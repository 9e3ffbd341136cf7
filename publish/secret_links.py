"""The addresses of secret links: `/suivi/<token>` to follow what one wrote without an account, `/desabonnement/<token>` to leave.

A token is made of the thing's kind and number and of a MAC over both under the instance's secret key (HMAC-SHA-256, 128 bits of it,
RFC 2104): nothing of it is stored, so that a copy of the database opens no link, and a mail that is written a year later can hold the
same one. What answers there is registered with `publish.following`.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from app.errors import Missing
from app.extensions import gettext as _

FOLLOW, LEAVE = "suivi", "desabonnement"
_TOKEN = re.compile(r"([a-z]{1,12})([0-9]{1,18})-([0-9a-f]{32})")
_secret = b""


def configure(secret_key: str) -> None:
    """Say under which key links are made: the worker writes them into mails as well. Called once by the factory."""
    global _secret
    _secret = secret_key.encode()


def token(kind: str, number: int, purpose: str = FOLLOW) -> str:
    said = f"openlab.{purpose}\x00{kind}\x00{number}".encode()
    return f"{kind}{number}-{hmac.new(_secret, said, hashlib.sha256).hexdigest()[:32]}"


def path(kind: str, number: int, purpose: str = FOLLOW) -> str:
    return f"/{purpose}/{token(kind, number, purpose)}"


def opened(given: str, purpose: str = FOLLOW) -> tuple[str, int]:
    """(kind, number) of a token. Raises Missing for one that is not ours."""
    match = _TOKEN.fullmatch(given)
    if match is None or not hmac.compare_digest(token(match[1], int(match[2]), purpose), given):
        raise Missing(_("Ce lien n’est pas bon. Vérifiez que vous l’avez copié en entier."))
    return match[1], int(match[2])
