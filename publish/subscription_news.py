"""News for people who follow something: at once, or in the next digest; each of them hears of each change once.

Told by the outbox, so that a process that is killed loses nothing and doubles nothing. Somebody who follows an article, its
theme and its administration gets one mail. Digests are due rows, planned when there is something to say.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app import clock, events, jobs
from app.db import session
from drafts.models import Article
from publish import changes, queries, subscription_mail
from publish.changes import DECIDED, Change
from publish.events import ArticleChanged, EditionPublished
from publish.fate_models import ArticleAct
from publish.fate_stages import READABLE, Fate
from publish.models import Edition
from publish.subscription_models import Pace, Subscriber, Subscription, SubscriptionNews

DIGEST = "publish.digest"
# Before the day begins, and on the first of the week, in Nouméa.
MORNING = time(6)
# Who follows the very page hears of a mask too; it is no news of a theme that a page is being looked at.
OF_THE_PAGE = (Fate.MASK, Fate.UNMASK)
# Of several reasons to tell somebody, the one they hear soonest by.
_SOONEST = (Pace.AT_ONCE, Pace.DAILY, Pace.WEEKLY)


@events.on(EditionPublished, "publish.tell_subscribers")
def _published(news: EditionPublished) -> None:
    edition = session().get_one(Edition, news.edition_id)
    _tell(edition.article, changes.of_edition(edition), edition_id=edition.id)


@events.on(ArticleChanged, "publish.tell_subscribers_of_fate")
def _changed(news: ArticleChanged) -> None:
    if news.deed not in (*DECIDED, *OF_THE_PAGE):
        return
    act = session().scalars(
        sa.select(ArticleAct).where(
            ArticleAct.article_id == news.article_id, ArticleAct.number == news.number
        )
    ).one()  # fmt: skip
    article = session().get_one(Article, news.article_id)
    _tell(article, changes.of_act(act), act_id=act.id, only_of_page=act.deed in OF_THE_PAGE)


def _tell(article: Article, change: Change, *, only_of_page: bool = False, **thing: int) -> None:
    """`thing`: the edition or the act, for what waits for a digest."""
    for subscription in _one_each(_followers(article, change, only_of_page=only_of_page)):
        if subscription.pace is Pace.AT_ONCE:
            subscription_mail.at_once(subscription, change)
        else:
            session().add(SubscriptionNews(subscription_id=subscription.id, **thing))
            plan(subscription.pace)


def _followers(article: Article, change: Change, *, only_of_page: bool) -> list[Subscription]:
    """Who had confirmed, before it happened, that they follow the page, or what it stands under."""
    about = Subscription.article_id == article.id
    if not only_of_page:
        card = queries.card_of(article)
        places = queries.competent_for([card.revision_id]).get(card.revision_id, [])
        about = sa.or_(
            about, Subscription.theme.in_(card.listed("themes")), Subscription.administration_id.in_(places)
        )
    return list(
        session().scalars(
            sa.select(Subscription)
            .where(about, Subscription.confirmed_at <= change.at)
            .order_by(Subscription.id)
        )
    )


def _one_each(found: list[Subscription]) -> list[Subscription]:
    """For each address the subscription by which it is told: the soonest, and among equals the one to the page itself."""
    first: dict[int, Subscription] = {}
    for one in sorted(found, key=lambda one: (_SOONEST.index(one.pace), one.article_id is None, one.id)):
        first.setdefault(one.subscriber_id, one)
    return list(first.values())


def plan(pace: Pace) -> None:
    """Have the next digest of a pace sent. What was once to be told at once goes with the daily one."""
    at = next_morning(clock.now(), weekly=pace is Pace.WEEKLY)
    which = Pace.WEEKLY if pace is Pace.WEEKLY else Pace.DAILY
    jobs.plan(DIGEST, f"{which}:{at.date().isoformat()}", at)


def next_morning(now: datetime, *, weekly: bool) -> datetime:
    """The next six o'clock of Nouméa, of a Monday where `weekly`."""
    here = clock.local(now)
    day = here.date() + timedelta(days=0 if here.time() < MORNING else 1)
    if weekly:
        day += timedelta(days=-day.weekday() % 7)
    return datetime.combine(day, MORNING, clock.NOUMEA)


def pace_has_changed(subscription: Subscription) -> None:
    """What waits for the digest of another pace goes with the next one of this."""
    waits = sa.select(SubscriptionNews.id).where(SubscriptionNews.subscription_id == subscription.id)
    if session().scalar(waits.limit(1)) is not None:
        plan(subscription.pace)


@jobs.due(DIGEST)
def _digest(key: str, _payload: dict[str, Any]) -> None:
    weekly = Pace(key.partition(":")[0]) is Pace.WEEKLY
    paces = (Pace.WEEKLY,) if weekly else (Pace.DAILY, Pace.AT_ONCE)
    rows = session().execute(
        sa.select(SubscriptionNews, Subscription)
        .join(Subscription, Subscription.id == SubscriptionNews.subscription_id)
        .where(Subscription.pace.in_(paces))
        .order_by(SubscriptionNews.id)
    )
    waiting: defaultdict[int, list[tuple[SubscriptionNews, Subscription]]] = defaultdict(list)
    for news, subscription in rows.all():
        waiting[subscription.subscriber_id].append((news, subscription))
    for subscriber_id, entries in waiting.items():
        found = {change: None for news, _why in entries if (change := _change(news)) is not None}
        if found:
            subscription_mail.digest(
                session().get_one(Subscriber, subscriber_id),
                Pace.WEEKLY if weekly else Pace.DAILY,
                list(found),
                list(dict.fromkeys(why for _news, why in entries)),
            )
        session().execute(
            sa.delete(SubscriptionNews).where(SubscriptionNews.id.in_([news.id for news, _why in entries]))
        )


def _change(news: SubscriptionNews) -> Change | None:
    """What is said of it now; None of an edition whose page was taken away since."""
    if news.act_id is not None:
        return changes.of_act(session().get_one(ArticleAct, news.act_id))
    edition = session().get_one(Edition, news.edition_id)
    return changes.of_edition(edition) if edition.article.state in READABLE else None
