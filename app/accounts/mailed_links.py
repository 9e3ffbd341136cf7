"""Links that are mailed to somebody without an account: named, expiring, revocable, good once a code was typed in.

The token is in the mail and nowhere else, here its digest. A forwarded link opens nothing: whoever holds it asks for a
code, and the code goes to the address that was invited. Which thing a link opens is the affair of the room that has it.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock, mail
from app.accounts import passwords
from app.db import session
from app.errors import Invalid, Missing, RateLimited, Refused
from app.extensions import gettext as _

# A token is 43 characters long (32 bytes); what is longer is none of ours.
LONGEST_TOKEN = 100
# Wrong codes after which a code is worth nothing, and codes that are mailed until one of them is typed in: a million
# possible codes, fifty tries at most for whoever holds a link that is not theirs.
MOST_TRIES = 5
MOST_CODES = 10
CODE_LASTS = timedelta(minutes=15)
BETWEEN_CODES = timedelta(minutes=1)
_EMAIL = re.compile(r"[^@\s<>\"(),;:\\\[\]]{1,64}@[^@\s<>\"(),;:\\\[\]]{1,250}\.[^@\s<>\"(),;:\\\[\].]{2,60}")


class MailedLink:
    """The columns of such a link; the table of a room takes them in, with `link_rules()`."""

    token_digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    invited_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    invited_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_by: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    revoked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    # The code that is waited for, as a digest made with the token: who reads the database cannot find it by trying.
    code_digest: Mapped[str | None] = mapped_column(sa.String(64))
    code_until: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(default=0)
    # Since the last one that was typed in.
    codes_sent: Mapped[int] = mapped_column(default=0)
    code_sent_at: Mapped[datetime | None]

    @property
    def is_over(self) -> bool:
        """Whether its day has come."""
        return self.expires_at <= clock.now()


LinkT = TypeVar("LinkT", bound=MailedLink)


def link_rules() -> tuple[sa.CheckConstraint, ...]:
    """What the database refuses, for `__table_args__`."""
    return (
        sa.CheckConstraint("expires_at > invited_at", name="lasts"),
        sa.CheckConstraint("(revoked_by IS NULL) = (revoked_at IS NULL)", name="revoked_by_somebody"),
        sa.CheckConstraint("(code_digest IS NULL) = (code_until IS NULL)", name="code_expires"),
        sa.CheckConstraint(f"code_tries BETWEEN 0 AND {MOST_TRIES}", name="tries_bounded"),
        sa.CheckConstraint(f"codes_sent BETWEEN 0 AND {MOST_CODES}", name="codes_bounded"),
    )


def new_token() -> tuple[str, str]:
    """(token, its digest)."""
    token = secrets.token_urlsafe(32)
    return token, passwords.digest(token)


def address_of(email: str) -> str:
    """The address as it is kept. Raises Invalid for what can be none."""
    email = email.strip().lower()
    if len(email) > 320 or not _EMAIL.fullmatch(email):
        raise Invalid(_("Donnez une adresse électronique entière, comme nom@exemple.nc."), field="email")
    return email


def link_called(kind: type[LinkT], token: str, *, lock: bool = False) -> LinkT:
    """The link behind a token. Raises Missing: a wrong token and one that never was look the same."""
    query = sa.select(kind).where(kind.token_digest == passwords.digest(token))
    found = session().scalars(query.with_for_update() if lock else query).first()
    if found is None or len(token) > LONGEST_TOKEN:
        raise Missing(
            _("Ce lien n’existe pas. Vérifiez que l’adresse est entière, telle qu’elle est dans le courriel.")
        )
    return found


def revoke(link: MailedLink, by: int) -> None:
    """It opens nothing from now on, and no code is waited for any more."""
    link.revoked_by, link.revoked_at = by, clock.now()
    link.code_digest = link.code_until = None
    session().flush()


def code_digest(token: str, code: str) -> str:
    return passwords.digest(f"{token}:{code}")


def send_code(link: MailedLink, token: str, recipient: str, subject: str, purpose: str) -> None:
    """Mail a new code to the address that was invited; the one before is worth nothing any more.

    `link` is under lock and good. `purpose` begins the mail: « Votre code pour lire le texte ». Raises RateLimited when
    codes are asked for too fast, Refused when there were too many.
    """
    now = clock.now()
    if link.code_sent_at is not None and now < link.code_sent_at + BETWEEN_CODES:
        wait = (link.code_sent_at + BETWEEN_CODES - now).total_seconds()
        raise RateLimited(
            _("Un code vient d’être envoyé. Attendez une minute avant d’en demander un autre."),
            retry_after=wait,
        )
    if link.codes_sent >= MOST_CODES:
        raise Refused(
            _(
                "Trop de codes ont été demandés pour ce lien. Demandez une nouvelle invitation à la personne "
                "qui vous a écrit."
            )
        )
    code = f"{secrets.randbelow(10**6):06d}"
    link.code_digest, link.code_until = code_digest(token, code), now + CODE_LASTS
    link.code_tries, link.codes_sent, link.code_sent_at = 0, link.codes_sent + 1, now
    session().flush()
    body = _(
        "%(purpose)s : %(code)s\n\n"
        "Il vaut quinze minutes. Si vous n’avez rien demandé, ignorez ce message : sans le code, le lien ne montre rien.",
        purpose=purpose,
        code=f"{code[:3]} {code[3:]}",
    )
    mail.write(recipient, subject, body + "\n", secret=True)


def try_code(link: MailedLink, token: str, given: str) -> bool:
    """Whether this is the code that is waited for. A wrong one is counted: let the unit of work end well. A code is
    worth nothing once it was used, after fifteen minutes, or after five wrong ones. `link` is under lock and good."""
    expected, until = link.code_digest, link.code_until
    if expected is None or until is None or until <= clock.now() or link.code_tries >= MOST_TRIES:
        return False
    digits = re.sub(r"\D", "", given[:40])
    if not secrets.compare_digest(code_digest(token, digits), expected):
        link.code_tries += 1
        session().flush()
        return False
    link.code_digest = link.code_until = None
    link.code_tries = link.codes_sent = 0
    link.confirmed_at = link.confirmed_at or clock.now()
    session().flush()
    return True
