"""Attempts to sign in by a provider: begun here, answered there, taken up once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app import clock, events
from app.accounts import passwords
from app.accounts.models import SignIn
from app.accounts.service import AccessEnded
from app.db import session
from app.oidc.models import OidcAttempt, OidcSignIn
from app.oidc.refusing import Reason, TurnedAway
from app.policy import Actor
from config import Provider

# Time enough to find a telephone and a code; the answer that comes later belongs to somebody who has left.
LASTS = timedelta(minutes=10)
# Tabs that one browser may have waiting, and attempts altogether: anybody may begin one, so the oldest give way.
MOST_IN_A_BROWSER = 8
MOST = 20_000
# 32 random bytes, as `secrets.token_urlsafe` writes them.
TOKEN_LENGTH = 43


@dataclass(frozen=True)
class Begun:
    """What goes out to the provider and stays nowhere else in clear, but for the verifier."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Attempt:
    """What is known of an attempt that was answered."""

    nonce_digest: str
    verifier: str
    next_path: str | None
    shared_computer: bool
    sign_in_id: int | None


def begin(
    provider: Provider,
    browser: str,
    *,
    next_path: str | None = None,
    shared_computer: bool = False,
    linked_by: Actor | None = None,
) -> Begun:
    """Wait for an answer of `provider` in this browser; `linked_by`: who wants to link what is answered."""
    _make_room(passwords.digest(browser))
    begun = Begun(*(secrets.token_urlsafe(32) for _ in range(3)))
    session().add(
        OidcAttempt(
            state_digest=passwords.digest(begun.state),
            browser_digest=passwords.digest(browser),
            provider=provider.name,
            nonce_digest=passwords.digest(begun.nonce),
            verifier=begun.verifier,
            next_path=next_path,
            shared_computer=shared_computer,
            sign_in_id=linked_by.session_id if linked_by else None,
            expires_at=clock.now() + LASTS,
        )
    )
    return begun


def take(provider: Provider, state: str, browser: str) -> Attempt:
    """The attempt behind an answer, which is used up by it. Raises TurnedAway; let the unit of work end well then."""
    if len(state) != TOKEN_LENGTH or len(browser) != TOKEN_LENGTH:
        raise TurnedAway(Reason.STATE, "shape")
    row = session().get(OidcAttempt, passwords.digest(state), with_for_update=True)
    if row is None or row.browser_digest != passwords.digest(browser):
        # One of another browser stays good for that one: whoever came here with it is not its owner.
        raise TurnedAway(Reason.STATE, "unknown" if row is None else "browser")
    session().delete(row)
    session().flush()
    if row.provider != provider.name:
        raise TurnedAway(Reason.MIX_UP, "provider")
    if row.expires_at <= clock.now():
        raise TurnedAway(Reason.STATE, "expired")
    return Attempt(row.nonce_digest, row.verifier, row.next_path, row.shared_computer, row.sign_in_id)


def _make_room(browser_digest: str) -> None:
    current = session()
    current.execute(sa.delete(OidcAttempt).where(OidcAttempt.expires_at <= clock.now()))
    mine = sa.select(OidcAttempt.state_digest).where(OidcAttempt.browser_digest == browser_digest)
    everybody = sa.select(OidcAttempt.state_digest)
    for which, most in ((mine, MOST_IN_A_BROWSER), (everybody, MOST)):
        oldest = which.order_by(OidcAttempt.expires_at.desc()).offset(most - 1).limit(100)
        found = current.scalars(oldest).all()
        if found:
            current.execute(sa.delete(OidcAttempt).where(OidcAttempt.state_digest.in_(found)))


def keep(sign_in_id: int, provider: str, id_token: str) -> None:
    """Keep the ID token of a sign-in for as long as it lasts."""
    session().add(OidcSignIn(sign_in_id=sign_in_id, provider=provider, id_token=id_token))


def kept(sign_in_id: int) -> tuple[str, str] | None:
    """(name of the provider, ID token) of a sign-in, which is forgotten by it."""
    row = session().get(OidcSignIn, sign_in_id)
    if row is None:
        return None
    session().delete(row)
    return row.provider, row.id_token


@events.on(AccessEnded, "oidc.forget")
def _forget(_item: AccessEnded) -> None:
    """Tokens of sign-ins that were ended; and, as often as somebody leaves, of those that ended by themselves."""
    forget_over()


def forget_over() -> None:
    """Attempts that nobody waits for any more, and tokens of sign-ins that are over."""
    over = sa.select(SignIn.id).where(
        sa.or_(SignIn.revoked_at.is_not(None), SignIn.expires_at <= clock.now())
    )
    session().execute(sa.delete(OidcSignIn).where(OidcSignIn.sign_in_id.in_(over)))
    session().execute(sa.delete(OidcAttempt).where(OidcAttempt.expires_at <= clock.now()))
