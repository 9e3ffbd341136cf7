"""Forms on which somebody without an account writes: what a page of theirs carries, and how an envelope is read again.

Such a page is made for one reader and stored by nobody. It carries one signed word: a key under which what is written counts
once however often it is sent, and when the page was made. Who sends sooner than a person can write, or a day later, or with a
word that is not ours, gets the page again with a fresh one and everything they typed: nothing is refused for its age.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner

from app import clock
from app.errors import Invalid
from app.extensions import gettext as _
from publish.visitors import settings

# The field that holds the signed word, and one that people do not see: who fills that in is a program.
FIELD, TRAP = "jeton", "site"
# Nobody reads a form and writes a sentence sooner; longer than a day, a page has been left open.
SOONEST_SECONDS, LATEST_SECONDS = 3, 24 * 3600
_SALT = "openlab.sheet"


@dataclass(frozen=True)
class Sheet:
    """What was sent with a form. `key`: 32 hexadecimal digits, the same each time this very form is sent; store it under a unique
    constraint. `by_program`: the trap was filled in; thank for it and keep nothing."""

    key: str
    by_program: bool


class Again(Invalid):
    """Show the form once more, with what was typed and a fresh word: it came too soon, too late, or not from our page."""


class _Signer(TimestampSigner):
    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


def _signer() -> _Signer:
    return _Signer(settings().secret_key, salt=_SALT, digest_method=hashlib.sha256)


def fresh(action: str, key: str | None = None) -> str:
    """The signed word for a form that is sent to `action` (a path). `key`: of a form that is shown again, so that it stays one."""
    return _signer().sign(f"{action}\n{key or secrets.token_hex(16)}").decode()


def read(form: Mapping[str, str], action: str) -> Sheet:
    """Raises Again; the key is kept in the fresh word of the next page where ours could be read (`key_in`)."""
    given = form.get(FIELD, "")[:1000]
    try:
        word, signed_at = _signer().unsign(given, max_age=LATEST_SECONDS, return_timestamp=True)
    except SignatureExpired as error:
        raise Again(
            _("Cette page était ouverte depuis longtemps. Relisez votre texte, puis envoyez de nouveau.")
        ) from error
    except BadSignature as error:
        raise Again(_("Vérifiez votre texte, puis envoyez de nouveau : rien n’est perdu.")) from error
    where, _line, key = word.decode().partition("\n")
    if where != action:
        raise Again(_("Vérifiez votre texte, puis envoyez de nouveau : rien n’est perdu."))
    # Signed in whole seconds: the shortest wait is a second less than one waits at most.
    if (clock.now() - signed_at).total_seconds() < SOONEST_SECONDS:
        raise Again(_("Cet envoi est parti très vite. Relisez votre texte, puis envoyez de nouveau."))
    return Sheet(key, bool(form.get(TRAP)))


def key_in(form: Mapping[str, str], action: str) -> str | None:
    """The key of a form that has to be shown again, whatever its age: so that two copies of it still count once."""
    try:
        word = _signer().unsign(form.get(FIELD, "")[:1000]).decode()
    except BadSignature:
        return None
    where, _line, key = word.partition("\n")
    return key if where == action else None
