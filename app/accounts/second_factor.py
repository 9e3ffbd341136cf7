"""The second factor: six digits that a telephone counts out of a secret and the time (TOTP, RFC 6238), or a code on paper.

A code is taken once, thirty seconds early or late at the most. The secret lies sealed in the database; the codes on paper
only as digests, and each serves once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pyotp
import sqlalchemy as sa

from app import audit, clock, mail
from app.accounts import delays, passwords, seals
from app.accounts.key_models import MOST_TRIES, HalfOpen, RecoveryCode, SecondFactor
from app.accounts.models import Person, PersonKind, SignIn
from app.accounts.service import end_all, end_others
from app.db import session
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import PORTAL, Act, Actor, require

STEP_SECONDS = 30
# A clock that is not quite right, and fingers that are slow (RFC 6238, 5.2: one step).
EARLY_OR_LATE = (0, -1, 1)
PAPER_CODES = 10
# 80 bits: nobody finds them by trying, even with their digests at hand.
PAPER_LENGTH = 16
HALF_OPEN_LASTS = timedelta(minutes=10)
SETTING_UP_LASTS = timedelta(days=1)
_SEAL = "second factor"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # base32, RFC 4648: no 0, 1, 8


@dataclass(frozen=True)
class Standing:
    """How it stands with a person: `secret` only while it is set up."""

    is_on: bool
    secret: str | None = None
    address: str = ""
    paper_left: int = 0


@dataclass(frozen=True)
class Finished:
    """A sign-in that is complete; `paper_left` when a code on paper was used for it."""

    person_id: int
    target: str
    shared_computer: bool
    came_by: str = ""
    paper_left: int | None = None


def standing(person_id: int, email: str = "") -> Standing:
    factor = session().get(SecondFactor, person_id)
    if factor is None:
        return Standing(False)
    if factor.confirmed_at is not None:
        return Standing(True, paper_left=_paper_left(person_id))
    secret = _secret_of(factor)
    return Standing(
        False,
        secret,
        pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Open Lab") if secret else "",
    )


def is_on(person_id: int) -> bool:
    factor = session().get(SecondFactor, person_id)
    return factor is not None and factor.confirmed_at is not None


def begin(actor: Actor) -> None:
    """Make a new secret, which counts for nothing until a code of it was typed in. Raises MovedOn when one is in use."""
    require(actor, Act.ACCOUNT_KEEP, PORTAL)
    factor = session().get(SecondFactor, actor.id, with_for_update=True)
    if factor is not None and factor.confirmed_at is not None:
        raise MovedOn(_("La double vérification est déjà active."))
    if factor is None:
        factor = SecondFactor(person_id=actor.id, last_step=0)
        session().add(factor)
    factor.sealed = seals.sealed(_SEAL, pyotp.random_base32(), str(actor.id))
    factor.begun_at = clock.now()
    session().flush()


def confirm(actor: Actor, code: str) -> list[str] | None:
    """Put it in use: the codes on paper, to be shown now and never again; None for a wrong code. This sign-in counts as
    proved twice from now on, the person's other ones end."""
    require(actor, Act.ACCOUNT_KEEP, PORTAL)
    factor = session().get(SecondFactor, actor.id, with_for_update=True)
    if factor is None or factor.confirmed_at is not None:
        raise MovedOn(_("La mise en place a été interrompue. Recommencez depuis votre compte."))
    if not _takes(factor, code):
        return None
    factor.confirmed_at = clock.now()
    session().execute(sa.update(SignIn).where(SignIn.id == actor.session_id).values(second_factor=True))
    end_others(actor)
    audit.record(actor.id, "set_second_factor", "person", actor.id)
    _tell(
        session().get_one(Person, actor.id),
        _("Double vérification activée"),
        _("La double vérification vient d’être activée sur votre compte Open Lab."),
    )
    return _new_paper(actor.id)


def renew_paper(actor: Actor, code: str) -> list[str] | None:
    """New codes on paper; those before are worth nothing. None for a wrong code, which is counted."""
    require(actor, Act.ACCOUNT_KEEP, PORTAL)
    if not _proved(actor.id, code):
        return None
    audit.record(actor.id, "renew_recovery_codes", "person", actor.id)
    return _new_paper(actor.id)


def put_down(actor: Actor, code: str) -> bool:
    """Take one's own second factor away. False for a wrong code, which is counted."""
    require(actor, Act.ACCOUNT_KEEP, PORTAL)
    if not _proved(actor.id, code):
        return False
    _forget(actor.id)
    # Roles that ask for one wait again, in this sign-in as in the others.
    session().execute(sa.update(SignIn).where(SignIn.person_id == actor.id).values(second_factor=False))
    audit.record(actor.id, "remove_second_factor", "person", actor.id)
    _tell(
        session().get_one(Person, actor.id),
        _("Double vérification retirée"),
        _("La double vérification vient d’être retirée de votre compte Open Lab."),
    )
    return True


def forget_second_factor(actor: Actor, person: Person) -> None:
    """For somebody who has lost telephone and paper, by an administrator who knows that it is them. All their sessions end;
    their password alone opens their account, and roles that ask for a second factor wait until there is a new one.

    Raises Invalid for one's own, and for a person who has none.
    """
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    if actor.id == person.id:
        raise Invalid(_("Retirez votre propre double vérification depuis votre compte."))
    if not is_on(person.id):
        raise Invalid(_("Cette personne n’a pas de double vérification."))
    _forget(person.id)
    end_all(person.id)
    audit.record(actor.id, "forget_second_factor", "person", person.id)
    _tell(
        person,
        _("Double vérification retirée"),
        _(
            "Un administrateur du portail a retiré la double vérification de votre compte Open Lab. Connectez-vous avec votre "
            "mot de passe, puis mettez-la de nouveau en place."
        ),
    )


def half_open(person_id: int, target: str, *, shared_computer: bool, came_by: str = "") -> str:
    """Who it is was proved once: note that a code is awaited. Returns the token that brings the person back to it."""
    token = secrets.token_urlsafe(32)
    session().execute(
        sa.delete(HalfOpen).where(HalfOpen.person_id == person_id, HalfOpen.expires_at <= clock.now())
    )
    session().add(
        HalfOpen(
            token_digest=passwords.digest(token),
            person_id=person_id,
            expires_at=clock.now() + HALF_OPEN_LASTS,
            shared_computer=shared_computer,
            target=target[:500],
            came_by=came_by,
            tries=0,
        )
    )
    session().flush()
    return token


def is_awaited(token: str) -> bool:
    return _half(token) is not None


def finish(token: str, code: str) -> Finished | None:
    """The sign-in whose code this is; None for a wrong one, which is counted: let the unit of work end well.

    Raises MovedOn when the password has to be given again, RateLimited when the account has to wait.
    """
    half = _half(token, lock=True)
    if half is None:
        raise MovedOn(_("Cette connexion a expiré. Donnez de nouveau votre mot de passe."))
    before = _paper_left(half.person_id)
    if not _proved(half.person_id, code):
        half.tries += 1
        session().flush()
        return None
    left = _paper_left(half.person_id)
    found = Finished(
        half.person_id, half.target, half.shared_computer, half.came_by, left if left != before else None
    )
    session().delete(half)
    session().flush()
    return found


def purge() -> None:
    """Forget half-open sign-ins that are over, and secrets that were never confirmed."""
    session().execute(sa.delete(HalfOpen).where(HalfOpen.expires_at <= clock.now()))
    session().execute(
        sa.delete(SecondFactor).where(
            SecondFactor.confirmed_at.is_(None), SecondFactor.begun_at < clock.now() - SETTING_UP_LASTS
        )
    )


def in_fours(secret: str) -> str:
    """As one reads it aloud and types it by hand."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _half(token: str, *, lock: bool = False) -> HalfOpen | None:
    half = session().get(HalfOpen, passwords.digest(token[:100]), with_for_update=lock)
    if half is None or half.expires_at <= clock.now() or half.tries >= MOST_TRIES:
        return None
    return half


def _proved(person_id: int, code: str) -> bool:
    """Whether this code is the person's; a wrong one delays the next. Raises RateLimited."""
    charged = delays.of_code(person_id)
    delays.charge(charged)
    factor = session().get(SecondFactor, person_id, with_for_update=True)
    if factor is None or factor.confirmed_at is None:
        return False
    if not (_takes(factor, code) or _takes_paper(person_id, code)):
        return False
    delays.lift(charged)
    return True


def _takes(factor: SecondFactor, code: str) -> bool:
    """Whether this is a code of now that was not used; it is then. `factor` is under lock."""
    digits = re.sub(r"\s", "", code[:40])
    secret = _secret_of(factor)
    if secret is None or not re.fullmatch(r"[0-9]{6}", digits):
        return False
    code_at: Callable[[int], str] = pyotp.TOTP(secret).generate_otp
    now = int(clock.now().timestamp()) // STEP_SECONDS
    for step in (now + offset for offset in EARLY_OR_LATE):
        if step > factor.last_step and secrets.compare_digest(code_at(step), digits):
            factor.last_step = step
            session().flush()
            return True
    return False


def _takes_paper(person_id: int, code: str) -> bool:
    # What a hand writes for a letter of these; the other digits are none of them.
    letters = re.sub(r"[^A-Z0-9]", "", code[:80].upper()).translate(str.maketrans("018", "OIB"))
    if len(letters) != PAPER_LENGTH:
        return False
    row = session().get(RecoveryCode, _paper_digest(person_id, letters), with_for_update=True)
    if row is None or row.person_id != person_id:
        return False
    session().delete(row)
    session().flush()
    left = _paper_left(person_id)
    audit.record(person_id, "use_recovery_code", "person", person_id, left=left)
    return True


def _new_paper(person_id: int) -> list[str]:
    session().execute(sa.delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    made = [
        "".join(secrets.choice(_LETTERS) for _at in range(PAPER_LENGTH)) for _number in range(PAPER_CODES)
    ]
    session().add_all(
        RecoveryCode(digest=_paper_digest(person_id, code), person_id=person_id) for code in made
    )
    session().flush()
    return [in_fours(code) for code in made]


def _paper_digest(person_id: int, letters: str) -> str:
    return passwords.digest(f"paper:{person_id}:{letters}")


def _paper_left(person_id: int) -> int:
    return (
        session().scalar(
            sa.select(sa.func.count()).select_from(RecoveryCode).where(RecoveryCode.person_id == person_id)
        )
        or 0
    )


def _secret_of(factor: SecondFactor) -> str | None:
    """None when SECRET_KEY is another one by now: then only paper opens."""
    return seals.opened(_SEAL, factor.sealed, str(factor.person_id))


def _forget(person_id: int) -> None:
    for table in (SecondFactor, RecoveryCode, HalfOpen):
        session().execute(sa.delete(table).where(table.person_id == person_id))
    session().expire_all()


def _tell(person: Person, subject: str, what: str) -> None:
    if person.kind is not PersonKind.AGENT:
        return
    body = _(
        "Bonjour %(name)s,\n\n%(what)s\n\n"
        "Si ce n’était pas vous, ou si vous ne savez pas pourquoi, changez votre mot de passe ici :\n\n%(address)s\n\n"
        "puis prévenez l’administrateur du portail.",
        name=person.name,
        what=what,
        address=mail.address("/connexion/oubli"),
    )
    mail.write(person.email, subject, body + "\n")
