"""Mails to people who follow something. Each holds the secret link under which they change their mind, so its words are
forgotten once it is sent; and a mail program can leave by one click."""

from __future__ import annotations

from collections.abc import Sequence

from app import mail
from app.extensions import gettext as _
from app.extensions import ngettext
from app.mail import address
from publish import secret_links
from publish.changes import Change
from publish.subscription_models import Pace, Subscriber, Subscription
from publish.subscription_queries import Followed, followed_by, pace_word

# The kinds of their links (`publish.following`): everything an address follows, and one thing of it.
ALL, ONE = "abonne", "abonnement"


def _write(subscriber: Subscriber, subject: str, body: str, leave: str) -> None:
    mail.write(subscriber.email, subject, body, secret=True, leave=address(leave))


def _mine(subscriber: Subscriber) -> str:
    return address(secret_links.path(ALL, subscriber.id))


def confirm(subscription: Subscription, followed: Followed) -> None:
    """To whoever reads the mail of an address that somebody typed in."""
    if subscription.confirmed_at is not None and subscription.wanted is subscription.pace:
        body = _(
            "Quelqu’un, sans doute vous, a demandé à suivre %(what)s. Vous recevez déjà ses nouveautés %(pace)s : il n’y a "
            "rien à faire.\n\nPour changer de rythme ou pour arrêter :\n\n%(page)s",
            what=followed.sentence,
            pace=pace_word(subscription.pace),
            page=_mine(subscription.subscriber),
        )
        subject = _("Vous suivez déjà : %(title)s", title=followed.title)
    else:
        body = _(
            "Quelqu’un, sans doute vous, a demandé à suivre %(what)s et à recevoir ses nouveautés %(pace)s.\n\n"
            "Pour confirmer, ouvrez cette page et appuyez sur le bouton :\n\n%(page)s\n\n"
            "Si vous n’avez rien demandé, ne faites rien : sans confirmation, cette demande est effacée après sept jours.",
            what=followed.sentence,
            pace=pace_word(subscription.wanted),
            page=_mine(subscription.subscriber),
        )
        subject = _("Confirmez : %(title)s", title=followed.title)
    _write(
        subscription.subscriber, subject, body, secret_links.path(ONE, subscription.id, secret_links.LEAVE)
    )


def at_once(subscription: Subscription, change: Change) -> None:
    body = "\n\n".join(
        [
            change.title,
            change.sentence,
            address(change.path),
            _(
                "Vous recevez ce courriel parce que vous suivez %(what)s. Pour changer de rythme ou pour arrêter :\n\n%(page)s",
                what=followed_by(subscription).sentence,
                page=_mine(subscription.subscriber),
            ),
        ]
    )
    subject = _("Du nouveau : %(title)s", title=change.title)
    _write(
        subscription.subscriber, subject, body, secret_links.path(ONE, subscription.id, secret_links.LEAVE)
    )


def digest(
    subscriber: Subscriber, pace: Pace, changes: Sequence[Change], follows: Sequence[Subscription]
) -> None:
    """Everything that is new, in one mail. `follows`: because of which subscriptions."""
    subject = ngettext(
        "%(num)s nouveauté que vous suivez", "%(num)s nouveautés que vous suivez", len(changes)
    )
    body = "\n\n".join(
        [
            *(f"{change.title}\n{change.sentence}\n{address(change.path)}" for change in changes),
            _(
                "Vous recevez ce courriel %(pace)s parce que vous suivez %(what)s. Pour changer de rythme ou pour arrêter :"
                "\n\n%(page)s",
                pace=pace_word(pace),
                what=", ".join(followed_by(one).sentence for one in follows),
                page=_mine(subscriber),
            ),
        ]
    )
    # One click leaves what the mail was sent for: when that is several things, all of it.
    leave = (
        secret_links.path(ONE, follows[0].id, secret_links.LEAVE)
        if len(follows) == 1
        else secret_links.path(ALL, subscriber.id, secret_links.LEAVE)
    )
    _write(subscriber, subject, body, leave)
