"""Lock-out by delay: who guesses waits longer and longer, and nobody can lock another out for good.

An attempt is charged before it is looked at, and given back when it was right: a thousand at one moment are slowed like a
thousand in a row. Two things are charged. The account, whether there is one or not. And the neighbourhood the attempt
comes from, since who tries one password on each of a thousand accounts fails once at each; there an allowance is used up
and grows again, so that a room of people behind one address, who mistype as people do, are not slowed by one another.
Of an address only a keyed digest of its neighbourhood is kept, for minutes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import clock
from app.accounts import passwords, seals
from app.accounts.models import SignInFailure
from app.db import insert, reading, session
from app.errors import RateLimited
from app.extensions import gettext as _

# What is over for so long is forgotten, and the count begins anew.
FORGOTTEN_AFTER = timedelta(days=1)
# A flood of names that nobody has must not fill the disk: some 20 MB.
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Ladder:
    """So many attempts are free; then each failure doubles the time to wait, up to a ceiling."""

    free: int
    first: timedelta
    ceiling: timedelta

    def blocked_until(self, row: SignInFailure) -> datetime:
        return row.not_before

    def charge(self, row: SignInFailure) -> None:
        now = clock.now()
        row.count = 1 if row.not_before < now - FORGOTTEN_AFTER else row.count + 1
        over = row.count - self.free
        row.not_before = now if over < 0 else now + min(self.first * 2 ** min(over, 20), self.ceiling)

    def give_back(self, row: SignInFailure) -> None:
        session().delete(row)


@dataclass(frozen=True)
class Allowance:
    """So many attempts in hand, and a new one every so often. `not_before` is when all are in hand again (as in the
    generic cell rate algorithm, ITU-T I.371)."""

    attempts: int
    every: timedelta

    def blocked_until(self, row: SignInFailure) -> datetime:
        return row.not_before - self.every * (self.attempts - 1)

    def charge(self, row: SignInFailure) -> None:
        row.count += 1
        row.not_before = max(row.not_before, clock.now()) + self.every

    def give_back(self, row: SignInFailure) -> None:
        row.count -= 1
        row.not_before -= self.every


@dataclass(frozen=True)
class Charged:
    """What an attempt is charged to."""

    digest: str
    by: Ladder | Allowance


FREE_TRIES = 5
ACCOUNT = Ladder(FREE_TRIES, timedelta(seconds=5), timedelta(minutes=15))
# A million codes, three of them right at a time (RFC 6238, 5.2): five tries and then 96 a day.
CODE = Ladder(5, timedelta(minutes=1), timedelta(minutes=15))
# Fourteen people who mistype four times each, and 8,640 failures a day at the most.
NEIGHBOURHOOD = Allowance(60, timedelta(seconds=10))
# Mails that somebody else may be sent: twenty, then one every half minute from one neighbourhood.
ASKING = Allowance(20, timedelta(seconds=30))


def of_account(email: str) -> Charged:
    return Charged(passwords.digest("account:" + email), ACCOUNT)


def of_code(person_id: int) -> Charged:
    return Charged(passwords.digest(f"code:{person_id}"), CODE)


def of_neighbourhood(address: str | None) -> Charged:
    return Charged(seals.marked("neighbourhood", "sign in:" + neighbourhood(address)), NEIGHBOURHOOD)


def of_asking(address: str | None) -> Charged:
    return Charged(seals.marked("neighbourhood", "reset:" + neighbourhood(address)), ASKING)


def neighbourhood(address: str | None) -> str:
    """What one line or one subscriber has: a /24 of IPv4, a /56 of IPv6 (RFC 6177)."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if found.version == 6 else None
    found = mapped or found
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 56), strict=False))


def look(*charged: Charged) -> None:
    """Raises RateLimited when one of them has to wait. Outside a transaction that writes: a flood must not hold those up."""
    with reading() as current:
        for one in charged:
            _refuse_early(one, current.get(SignInFailure, one.digest))


def charge(*charged: Charged) -> None:
    """Count an attempt on each, in the open unit of work. Raises RateLimited when one has to wait; then none is counted."""
    rows = [(one, _row(one.digest)) for one in _in_order(charged)]
    for one, row in rows:
        _refuse_early(one, row)
    for one, row in rows:
        one.by.charge(row)
    session().flush()


def give_back(*charged: Charged) -> None:
    """The attempt was right."""
    for one in _in_order(charged):
        row = session().get(SignInFailure, one.digest, with_for_update=True)
        if row is not None:
            one.by.give_back(row)
    session().flush()


def lift(*charged: Charged) -> None:
    """Who proved by other means that the account is theirs waits no longer."""
    session().execute(
        sa.delete(SignInFailure).where(SignInFailure.account_digest.in_([one.digest for one in charged]))
    )


def purge() -> None:
    """Forget what is over, and the oldest of what is too much."""
    session().execute(
        sa.delete(SignInFailure).where(SignInFailure.not_before < clock.now() - FORGOTTEN_AFTER)
    )
    kept = sa.select(SignInFailure.account_digest).order_by(SignInFailure.not_before.desc()).limit(MOST_ROWS)
    if (session().scalar(sa.select(sa.func.count()).select_from(SignInFailure)) or 0) > MOST_ROWS:
        session().execute(
            sa.delete(SignInFailure).where(SignInFailure.account_digest.not_in(kept)),
            execution_options={"synchronize_session": False},
        )


def _in_order(charged: Iterable[Charged]) -> list[Charged]:
    """Always the same one, so that two who lock the same rows never wait for one another."""
    return sorted(charged, key=lambda one: one.digest)


def _row(digest: str) -> SignInFailure:
    session().execute(
        insert(SignInFailure)
        .values(account_digest=digest, count=0, not_before=clock.now())
        .on_conflict_do_nothing()
    )
    return session().get_one(SignInFailure, digest, with_for_update=True, populate_existing=True)


def _refuse_early(charged: Charged, row: SignInFailure | None) -> None:
    if row is None:
        return
    wait = (charged.by.blocked_until(row) - clock.now()).total_seconds()
    if wait > 0:
        raise RateLimited(_("Trop d’essais. Attendez un peu avant de réessayer."), retry_after=wait)
