"""Personal tokens: what a program of an agent shows, to read in their name, and never to write.

A token is shown once, when it is made; its digest alone is kept. It begins with `olp_` and ends with a checksum, so that
who finds one in a published file knows what it is (secret scanners look for such). What it opens is what its person may
see at the moment of the request, within the scopes it was made for. It ends like a session does: with the account, with
the password, with the administration; and of itself, after a year at the most.
"""

from __future__ import annotations

import hmac
import re
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from app import audit, clock, mail
from app.accounts import passwords, service
from app.accounts.key_models import TOKEN_NAME, PersonalToken
from app.accounts.models import Person, PersonKind, PersonStatus, SignIn
from app.db import session
from app.errors import Invalid, Missing, Refused
from app.extensions import gettext as _
from app.policy import ANONYMOUS, PORTAL, Act, Actor, Scope, require

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MARK = "olp_"
BYTES = 32
# Digits that 32 bytes and a CRC-32 need at the most: 62⁴³ > 2²⁵⁶, 62⁶ > 2³².
_RANDOM, _CHECK = 43, 6
WHOLE = re.compile(rf"{MARK}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}", re.ASCII)
SHOWN = 10
MOST = 20
DAYS = (30, 90, 365)
# One that is over is kept for who asks what had access to their account.
ENDED_KEPT = timedelta(days=90)
# Who has no password proves by a sign-in that is not older that it is still them.
RECENT = timedelta(minutes=15)


@dataclass(frozen=True)
class TokenLine:
    """A token as its owner sees it."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    used_on: date | None


@dataclass(frozen=True)
class Holder:
    """Who shows a token, and whether it is written down already that it was used today."""

    actor: Actor
    is_noted: bool


def scope_words() -> dict[str, str]:
    """The scopes, the least first."""
    return {
        Scope.READ_ME: _("Lire qui je suis : nom, adresse, administration, rôles (read:me)"),
        Scope.READ_LABS: _("Lire la liste de mes labs (read:labs)"),
        Scope.READ_DRAFTS: _("Lire les brouillons que je peux ouvrir (read:drafts)"),
    }


def _digits(number: int, length: int) -> str:
    found = ""
    for _place in range(length):
        number, digit = divmod(number, len(LETTERS))
        found = LETTERS[digit] + found
    return found


def _checksum(body: str) -> str:
    return _digits(zlib.crc32(body.encode()), _CHECK)


def new_token() -> str:
    body = MARK + _digits(int.from_bytes(secrets.token_bytes(BYTES), "big"), _RANDOM)
    return body + _checksum(body)


def is_whole(token: str) -> bool:
    """Whether it may be one at all: nobody asks the database about anything else."""
    return WHOLE.fullmatch(token) is not None and token[-_CHECK:] == _checksum(token[:-_CHECK])


def _living(person_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        PersonalToken.person_id == person_id,
        PersonalToken.revoked_at.is_(None),
        PersonalToken.expires_at > clock.now(),
    )


def tokens_of(actor: Actor) -> tuple[TokenLine, ...]:
    """A person's own tokens that still work, the newest first."""
    rows = session().scalars(
        sa.select(PersonalToken).where(_living(actor.id)).order_by(PersonalToken.id.desc()).limit(MOST)
    )
    return tuple(_line(row) for row in rows)


def token_numbered(actor: Actor, number: int) -> TokenLine:
    """One of them. Raises Missing for one that is somebody else's, or over."""
    return _line(_own(actor, number))


def _line(row: PersonalToken) -> TokenLine:
    return TokenLine(
        row.id, row.name, row.prefix, tuple(row.scopes), row.made_at, row.expires_at, row.used_on
    )


def _own(actor: Actor, number: int, *, lock: bool = False) -> PersonalToken:
    row = session().scalar(
        sa.select(PersonalToken).where(PersonalToken.id == number, _living(actor.id)).with_for_update(of=PersonalToken)
        if lock
        else sa.select(PersonalToken).where(PersonalToken.id == number, _living(actor.id))
    )  # fmt: skip
    if row is None:
        raise Missing(_("Ce jeton n’existe pas, ou ne vaut plus rien."))
    return row


def asks_for_password(actor: Actor) -> bool:
    """Whether the person has a password to prove themselves with."""
    return session().get_one(Person, actor.id).password_hash is not None


def make(actor: Actor, name: str, scopes: Collection[str], days: int, *, proved: bool = False) -> str:
    """A new token, to be shown once. `proved`: the person has just given their password (`service.check_password`).

    Raises Invalid, with the field, for what cannot be, and Refused on a shared computer or after a sign-in long ago.
    """
    require(actor, Act.ACCOUNT_KEEP, PORTAL)
    if actor.token_id or actor.shared_computer:
        raise Refused(_("Sur un poste partagé, on ne fait pas de jeton : il resterait aux suivants."))
    # Under lock, so that two at one moment do not make the twenty-first.
    person = session().get_one(Person, actor.id, with_for_update=True)
    if not proved and (person.password_hash is not None or not _is_recent(actor)):
        raise Refused(_("Déconnectez-vous, connectez-vous de nouveau, puis faites le jeton."))
    name = " ".join(name.split())
    if not name or len(name) > TOKEN_NAME:
        raise Invalid(_("Donnez un nom à ce jeton (80 caractères au plus)."), field="name")
    wanted = [str(scope) for scope in Scope if scope in scopes]
    if not wanted or len(wanted) != len(set(scopes)):
        raise Invalid(_("Cochez au moins une portée."), field="scopes")
    if days not in DAYS:
        raise Invalid(_("Choisissez une durée."), field="days")
    count = session().scalar(sa.select(sa.func.count()).select_from(PersonalToken).where(_living(actor.id)))
    if (count or 0) >= MOST:
        raise Invalid(_("Vous avez déjà vingt jetons : révoquez ceux qui ne servent plus."), field="name")
    token, now = new_token(), clock.now()
    row = PersonalToken(
        token_digest=passwords.digest(token),
        person_id=person.id,
        name=name,
        prefix=token[:SHOWN],
        scopes=wanted,
        second_factor=actor.second_factor,
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    session().add(row)
    session().flush()
    audit.record(actor.id, "make_token", "personal_token", row.id, scopes=wanted, days=days)
    _tell(person, name)
    return token


def _is_recent(actor: Actor) -> bool:
    opened = session().get(SignIn, actor.session_id)
    return opened is not None and opened.created_at > clock.now() - RECENT


def _tell(person: Person, name: str) -> None:
    body = _(
        "Bonjour %(name)s,\n\n"
        "Un jeton personnel vient d’être fait pour votre compte Open Lab : « %(token)s ». Avec lui, un programme peut lire à "
        "votre place.\n\n"
        "Si ce n’est pas vous, révoquez-le tout de suite, puis changez de mot de passe :\n\n%(address)s",
        name=person.name,
        token=name,
        address=mail.address("/espace/compte/jetons"),
    )
    mail.write(person.email, _("Un jeton personnel a été fait"), body + "\n")


def revoke(actor: Actor, number: int) -> None:
    """End one of one's own tokens, at once. Raises Missing."""
    require(actor, Act.ACCOUNT_KEEP, PORTAL)
    row = _own(actor, number, lock=True)
    row.revoked_at = clock.now()
    audit.record(actor.id, "revoke_token", "personal_token", row.id)


def revoke_all(actor: Actor) -> int:
    """End all of them. Returns how many there were."""
    require(actor, Act.ACCOUNT_KEEP, PORTAL)
    ended = session().scalars(
        sa.update(PersonalToken)
        .where(_living(actor.id))
        .values(revoked_at=clock.now())
        .returning(PersonalToken.id)
        .execution_options(synchronize_session=False)
    )
    count = len(ended.all())
    if count:
        audit.record(actor.id, "revoke_all_tokens", "person", actor.id, count=count)
    return count


def holder_of(token: str) -> Holder:
    """Whose token it is, with the rights of this moment; nobody's when it is none, or over, or its person suspended."""
    if not is_whole(token):
        return Holder(ANONYMOUS, True)
    digest = passwords.digest(token)
    row = session().execute(
        sa.select(PersonalToken, Person)
        .join(Person, Person.id == PersonalToken.person_id)
        .where(
            PersonalToken.token_digest == digest,
            PersonalToken.revoked_at.is_(None),
            PersonalToken.expires_at > clock.now(),
            Person.status == PersonStatus.ACTIVE,
            Person.kind == PersonKind.AGENT,
        )
    ).first()  # fmt: skip
    # The index has found it; that it is this very one is asked in a time that tells nothing.
    if row is None or not hmac.compare_digest(row[0].token_digest, digest):
        return Holder(ANONYMOUS, True)
    found, person = row
    return Holder(service.actor_for_person(person.id, found), found.used_on == today())


def today() -> date:
    return clock.local(clock.now()).date()


def note_use(token_id: int) -> None:
    """Write down the day of the last use; nothing when it is there already."""
    session().execute(
        sa.update(PersonalToken)
        .where(
            PersonalToken.id == token_id,
            sa.or_(PersonalToken.used_on.is_(None), PersonalToken.used_on < today()),
        )
        .values(used_on=today())
        .execution_options(synchronize_session=False)
    )


def purge() -> None:
    """What has been over for long enough."""
    before = clock.now() - ENDED_KEPT
    session().execute(
        sa.delete(PersonalToken).where(
            sa.or_(PersonalToken.expires_at < before, PersonalToken.revoked_at < before)
        )
    )
