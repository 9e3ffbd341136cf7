"""What people write to the portal, counted: comments and how soon they are read, wishes and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa

from app.db import session
from app.extensions import gettext as _
from labs.wish_models import Standing as WishStanding
from labs.wish_models import Wish, WishDeed, WishEvent
from publish.comment_models import Comment, CommentDecision, Standing
from publish.figure_sources import Articles, by_article
from publish.figures import Level, Period, Row, among, counted

# What whoever writes may expect of a moderator.
SOON = timedelta(days=2)
ABOVE_ARTICLES = (Level.PORTAL, Level.ADMINISTRATION)


@counted("comments", lambda: _("Commentaires publiés"), order=52)
def comments(period: Period, articles: Articles) -> Iterable[Row]:
    query = sa.select(Comment.article_id, period.week_of_instant(Comment.filed_at), sa.func.count()).where(
        Comment.filed_at >= period.since_instant, Comment.standing == Standing.SHOWN
    )
    return by_article(query, Comment.article_id, articles)


@counted("read_soon", lambda: _("Commentaires lus en moins de deux jours"), order=54, is_share=True)
def read_soon(period: Period, articles: Articles) -> Iterable[Row]:
    """Of those that somebody has decided about; the databases do not add days to an instant alike, so it is done here."""
    query = (
        sa.select(
            Comment.article_id, period.week_of_instant(Comment.filed_at), Comment.filed_at, CommentDecision.at
        )
        .join(CommentDecision, sa.and_(CommentDecision.comment_id == Comment.id, CommentDecision.number == 1))
        .where(Comment.filed_at >= period.since_instant)
    )
    soon: Counter[tuple[int, int]] = Counter()
    every: Counter[tuple[int, int]] = Counter()
    for article_id, week, filed_at, at in session().execute(among(query, Comment.article_id, articles)):
        every[article_id, week] += 1
        soon[article_id, week] += at - filed_at < SOON
    for (article_id, week), count in every.items():
        yield Row(week, soon[article_id, week], count, article_id)


def _of_wishes(query: sa.Select[int | None, int, int], articles: Articles) -> Iterable[Row]:
    """Rows of a query that gives (administration, week, how many); a wish is no article's."""
    if articles is not None:
        return
    for administration_id, week, count in session().execute(query.group_by(Wish.administration_id, "week")):
        owners = () if administration_id is None else (administration_id,)
        yield Row(week, int(count), administration_ids=owners)


@counted("wishes", lambda: _("Souhaits reçus"), order=56, levels=ABOVE_ARTICLES)
def wishes(period: Period, articles: Articles) -> Iterable[Row]:
    query = sa.select(Wish.administration_id, period.week_of_instant(Wish.filed_at), sa.func.count()).where(
        Wish.filed_at >= period.since_instant, Wish.standing == WishStanding.SHOWN
    )
    return _of_wishes(query, articles)


@counted("wishes_answered", lambda: _("Souhaits devenus une fiche"), order=58, levels=ABOVE_ARTICLES)
def wishes_answered(period: Period, articles: Articles) -> Iterable[Row]:
    query = (
        sa.select(Wish.administration_id, period.week_of_instant(WishEvent.at), sa.func.count())
        .join(WishEvent, WishEvent.wish_id == Wish.id)
        .where(WishEvent.deed == WishDeed.PUBLISHED, WishEvent.at >= period.since_instant)
    )
    return _of_wishes(query, articles)
