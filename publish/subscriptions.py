"""Verbs of people who follow an article, a theme or an administration by mail: ask, confirm, change the pace, leave.

They have no account: whoever reads the mail of an address decides for it, by the secret link that stands in each mail. Whether
an address follows something already is told to nobody but that mail.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import clock, mail
from app.accounts import erasing, passwords
from app.accounts.mailed_links import address_of
from app.accounts.models import Person
from app.db import insert, session
from publish import subscription_mail, subscription_news
from publish.subscription_models import Pace, Subscriber, Subscription, SubscriptionAsking, drawn
from publish.subscription_queries import Followed

# What nobody has confirmed; the mail that asks says so, and the privacy page.
FORGOTTEN_AFTER = timedelta(days=7)
# Mails that were sent, so that a complaint can be answered.
MAILS_KEPT = timedelta(days=30)
# A stranger who types in the address of somebody else fills no letter-box with it.
MOST_ASKED_A_DAY = 3


def ask(email: str, followed: Followed, pace: Pace, key: str) -> None:
    """Mail a link that confirms, to an address that somebody typed in. `key`: of the form; sent twice, it asks once.

    Raises Invalid for what is no address. Says nothing of whether the address is known, or was written to too often.
    """
    email = address_of(email)
    subscriber = _subscriber(email)
    row = session().scalars(
        sa.select(Subscription)
        .where(
            Subscription.subscriber_id == subscriber.id,
            Subscription.article_id.is_not_distinct_from(followed.article_id),
            Subscription.administration_id.is_not_distinct_from(followed.administration_id),
            Subscription.theme.is_not_distinct_from(followed.theme),
        )
    ).first()  # fmt: skip
    if (row is not None and row.key == key) or _asked_today(email) > MOST_ASKED_A_DAY:
        return
    if row is None:
        row = Subscription(
            subscriber=subscriber,
            article_id=followed.article_id,
            administration_id=followed.administration_id,
            theme=followed.theme,
            pace=pace,
        )
        session().add(row)
    row.wanted, row.key, row.asked_at = pace, key, clock.now()
    session().flush()
    subscription_mail.confirm(row, followed)


def _subscriber(email: str) -> Subscriber:
    """The address, made at need; its row is ours until the transaction ends, so that nothing is asked twice at once."""
    session().execute(insert(Subscriber).values(id=drawn(), email=email).on_conflict_do_nothing())
    return session().scalars(
        sa.select(Subscriber).where(Subscriber.email == email).with_for_update()
    ).one()  # fmt: skip


def _asked_today(email: str) -> int:
    """How many mails would ask this address to confirm today, with this one."""
    row = insert(SubscriptionAsking).values(
        digest=passwords.digest("subscription:" + email), day=clock.local(clock.now()).date(), count=1
    )
    count = session().scalar(
        row.on_conflict_do_update(
            index_elements=[SubscriptionAsking.digest, SubscriptionAsking.day],
            set_={"count": SubscriptionAsking.count + 1},
        ).returning(SubscriptionAsking.count),
        execution_options={"populate_existing": True},
    )
    return count or 0


def subscription_of(subscriber_id: int, number: int) -> Subscription | None:
    """One thing that an address follows, under lock; None when it does not any more."""
    return session().scalars(
        sa.select(Subscription)
        .where(Subscription.id == number, Subscription.subscriber_id == subscriber_id)
        .with_for_update()
    ).first()  # fmt: skip


def confirm(subscription: Subscription) -> None:
    """Whoever reads the mail of the address wants it, at the pace that was asked for. Said twice, it is the same."""
    subscription.pace = subscription.wanted
    subscription.confirmed_at = subscription.confirmed_at or clock.now()
    session().flush()
    subscription_news.pace_has_changed(subscription)


def set_pace(subscription: Subscription, pace: Pace) -> None:
    """Another pace, by whoever reads the mail: nothing is left to confirm."""
    subscription.wanted = pace
    confirm(subscription)


def leave(number: int) -> None:
    """Follow one thing no more. What was waiting for a digest goes with it."""
    subscriber_id = session().scalar(
        sa.delete(Subscription).where(Subscription.id == number).returning(Subscription.subscriber_id)
    )
    left = sa.select(Subscription.id).where(Subscription.subscriber_id == subscriber_id)
    if subscriber_id is not None and session().scalar(left.limit(1)) is None:
        leave_all(subscriber_id)


def leave_all(subscriber_id: int) -> None:
    """Follow nothing any more: the address goes, and what was to be sent to it."""
    subscriber = session().get(Subscriber, subscriber_id)
    if subscriber is None:
        return
    session().execute(
        sa.delete(mail.Mail).where(
            mail.Mail.recipient == subscriber.email, mail.Mail.leave.is_not(None), mail.Mail.sent_at.is_(None)
        )
    )
    session().execute(sa.delete(Subscriber).where(Subscriber.id == subscriber_id))


def forget() -> list[int]:
    """For the worker: what nobody confirmed, addresses that follow nothing, mails of those and old ones. Returns the ids of
    the mails whose files have to go."""
    now = clock.now()
    session().execute(
        sa.delete(Subscription).where(
            Subscription.confirmed_at.is_(None), Subscription.asked_at <= now - FORGOTTEN_AFTER
        )
    )
    session().execute(
        sa.delete(Subscriber).where(Subscriber.id.not_in(sa.select(Subscription.subscriber_id)))
    )
    session().execute(sa.delete(SubscriptionAsking).where(SubscriptionAsking.day < clock.local(now).date()))
    gone = session().scalars(
        sa.delete(mail.Mail)
        .where(
            mail.Mail.leave.is_not(None),
            sa.or_(
                mail.Mail.sent_at <= now - MAILS_KEPT,
                mail.Mail.recipient.not_in(sa.select(Subscriber.email)),
            ),
        )
        .returning(mail.Mail.id)
    )
    return list(gone)


@erasing.erases
def _forget_person(person_id: int) -> None:
    """Who is erased may have followed something under the same address."""
    email = session().scalar(sa.select(Person.email).where(Person.id == person_id))
    if email:
        session().execute(sa.delete(Subscriber).where(Subscriber.email == email.lower()))
        session().execute(
            sa.delete(SubscriptionAsking).where(
                SubscriptionAsking.digest == passwords.digest("subscription:" + email.lower())
            )
        )
