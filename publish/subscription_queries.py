"""What can be followed, and what somebody who holds their secret link follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from drafts.models import Article
from publish import addresses, queries
from publish.models import Edition
from publish.queries import SubjectKind
from publish.subscription_models import Pace, Subscriber, Subscription


@dataclass(frozen=True)
class Followed:
    """An article, a theme or an administration; exactly one of the last three is there."""

    title: str
    path: str
    article_id: int | None = None
    theme: str | None = None
    administration_id: int | None = None

    @property
    def sentence(self) -> str:
        """What one follows, as it stands within a sentence."""
        if self.article_id is not None:
            return _("la fiche « %(title)s »", title=self.title)
        if self.theme is not None:
            return _("le thème « %(title)s »", title=self.title)
        return _("les fiches de « %(title)s »", title=self.title)


def article_followed(slug: str) -> Followed | str | None:
    """An article that is read; the slug it has moved to; None."""
    found = queries.article_at(slug)
    if not isinstance(found, queries.Card):
        return found
    return Followed(found.title, addresses.article(found.slug), article_id=found.article_id)


def theme_followed(slug: str) -> Followed | None:
    for subject in queries.subjects(SubjectKind.THEME, queries.live_cards()):
        if subject.slug == slug:
            return Followed(subject.title, addresses.theme(slug), theme=slug)
    return None


def office_followed(slug: str) -> Followed | None:
    place = session().scalars(sa.select(Administration).where(Administration.slug == slug)).first()
    if place is None:
        return None
    return Followed(place.name, addresses.administration(slug), administration_id=place.id)


def followed_by(subscription: Subscription) -> Followed:
    """What a subscription is about, whatever became of it."""
    if subscription.article_id is not None:
        article = session().get_one(Article, subscription.article_id)
        title = session().scalar(
            sa.select(Edition.title).where(Edition.revision_id == article.shown_revision_id)
        )
        path = addresses.article(queries.current_slug(article.id) or article.slug)
        return Followed(title or article.slug, path, article_id=article.id)
    if subscription.administration_id is not None:
        place = session().get_one(Administration, subscription.administration_id)
        return Followed(place.name, addresses.administration(place.slug), administration_id=place.id)
    theme = subscription.theme or ""
    found = theme_followed(theme)
    return found or Followed(theme, addresses.theme(theme), theme=theme)


def pace_word(pace: Pace) -> str:
    return {
        Pace.AT_ONCE: _("tout de suite"),
        Pace.DAILY: _("chaque jour"),
        Pace.WEEKLY: _("chaque semaine"),
    }[pace]


@dataclass(frozen=True)
class Line:
    """One thing that an address follows. `wanted`: the pace that waits to be confirmed; None when nothing does."""

    number: int
    followed: Followed
    pace: Pace
    confirmed_at: datetime | None
    wanted: Pace | None


@dataclass(frozen=True)
class Mine:
    email: str
    lines: tuple[Line, ...]


def mine(subscriber_id: int) -> Mine | None:
    """Everything an address follows; None when it follows nothing any more."""
    subscriber = session().get(Subscriber, subscriber_id)
    rows = session().scalars(
        sa.select(Subscription)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(Subscription.asked_at, Subscription.id)
    )
    lines = tuple(_line(row) for row in rows)
    return Mine(subscriber.email, lines) if subscriber is not None and lines else None


def _line(row: Subscription) -> Line:
    waits = row.confirmed_at is None or row.wanted is not row.pace
    return Line(row.id, followed_by(row), row.pace, row.confirmed_at, row.wanted if waits else None)


def followed_numbered(number: int) -> Followed | None:
    """What one subscription is about; None when it is not there any more."""
    row = session().get(Subscription, number)
    return followed_by(row) if row is not None else None
