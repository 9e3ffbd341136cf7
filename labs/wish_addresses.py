"""Whom to tell of a wish: an e-mail address that its author gives, confirms by a mailed link, and takes back."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.accounts.mailed_links import address_of
from app.db import session
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from labs import wish_steps
from labs.wish_models import Standing, Wish

# An address nobody confirmed, and words that a moderator refused; the privacy page says so.
UNCONFIRMED_DAYS, REFUSED_DAYS = 7, 30
# Addresses that one wish may have had: each is a mail to somebody.
MOST_ADDRESSES = 9
# Links to confirm with that one address gets within a day, from whatever wishes: a stranger fills nobody's letter box.
MOST_MAILS_A_DAY = 3


def give(wish: Wish, email: str) -> bool:
    """Take an address; whether it is a new one, which has to be confirmed. Given again, it stays as it is."""
    email = address_of(email)
    wish_steps.lock(wish, None)
    if email == wish.email:
        return False
    if wish.email_number >= MOST_ADDRESSES or wish.standing is Standing.WITHDRAWN:
        raise Invalid(_("Ce souhait ne prend plus d’autre adresse."), field="email")
    wish.email, wish.email_at, wish.confirmed_at = email, clock.now(), None
    wish.email_number += 1
    session().flush()
    return True


def is_to_be_mailed(wish: Wish) -> bool:
    """Whether the link that confirms its address may be sent: not for the fourth time a day."""
    since = clock.now() - timedelta(days=1)
    asked = session().scalar(
        sa.select(sa.func.count()).where(Wish.email == wish.email, Wish.email_at > since)
    )
    return (asked or 0) <= MOST_MAILS_A_DAY


def confirm(wish: Wish, number: int) -> None:
    """By the link that was mailed to the address of that number."""
    wish_steps.lock(wish, None)
    if not wish.email or wish.email_number != number:
        raise MovedOn(_("Cette adresse n’est plus celle du souhait : il n’y a rien à confirmer."))
    wish.confirmed_at = wish.confirmed_at or clock.now()


def forget(wish: Wish) -> None:
    wish.email, wish.email_at, wish.confirmed_at = "", None, None
    session().flush()


def taken(wish: Wish) -> list[tuple[Wish, str]]:
    """Whom to tell that it is answered: (the wish they filed, address), of this one and of those merged into it. They are told
    once, so the addresses go with this."""
    found = []
    for one in (wish, *wish_steps.joined_to(wish)):
        if one.email and one.confirmed_at is not None:
            found.append((one, one.email))
        forget(one)
    return found


def forget_old() -> int:
    """For the worker: addresses that nobody confirmed, and the words of what a moderator refused. How many wishes."""
    now = clock.now()
    unconfirmed = session().scalars(
        sa.select(Wish).where(
            Wish.email != "",
            Wish.confirmed_at.is_(None),
            Wish.email_at < now - timedelta(days=UNCONFIRMED_DAYS),
        )
    ).all()  # fmt: skip
    for wish in unconfirmed:
        forget(wish)
    refused = session().scalars(
        sa.select(Wish).where(
            Wish.standing == Standing.REFUSED,
            Wish.title != "",
            Wish.filed_at < now - timedelta(days=REFUSED_DAYS),
        )
    ).all()  # fmt: skip
    for wish in refused:
        wish.title, wish.need, wish.note, wish.source_url = "", "", "", ""
        forget(wish)
    session().flush()
    return len({wish.id for wish in (*unconfirmed, *refused)})
