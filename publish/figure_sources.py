"""What this room counts: reads, openings of services, what readers say, searches in vain, publications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from app.db import session
from app.directory.models import service_owner
from app.extensions import gettext as _
from publish.figure_models import ArticleRead
from publish.figures import Level, Period, Row, among, counted
from publish.models import Edition, ServiceOpening
from publish.search_models import SearchMiss
from publish.voice_models import ArticleLike, Clarity, Helpfulness

Articles = Collection[int] | None


def by_article(query: Any, column: Any, articles: Articles) -> Iterable[Row]:
    """Rows of a query that gives (article, week, how many[, of how many])."""
    found = session().execute(among(query, column, articles).group_by(column, "week"))
    for article_id, week, count, *out_of in found:
        yield Row(week, int(count), int(out_of[0]) if out_of else 0, article_id)


@counted("reads", lambda: _("Lectures de fiches"), order=10)
def reads(period: Period, articles: Articles) -> Iterable[Row]:
    query = sa.select(
        ArticleRead.article_id, period.week_of(ArticleRead.day), sa.func.sum(ArticleRead.count)
    ).where(ArticleRead.day >= period.since)
    return by_article(query, ArticleRead.article_id, articles)


@counted(
    "openings",
    lambda: _("Démarches en ligne ouvertes"),
    order=20,
    levels=(Level.PORTAL, Level.ADMINISTRATION),
)
def openings(period: Period, articles: Articles) -> Iterable[Row]:
    """Of services, which several administrations may own; no article's."""
    if articles is not None:
        return
    owners: defaultdict[int, list[int]] = defaultdict(list)
    for service_id, administration_id in session().execute(
        sa.select(service_owner.c.service_id, service_owner.c.administration_id)
    ):
        owners[service_id].append(administration_id)
    rows = session().execute(
        sa.select(
            ServiceOpening.service_id, period.week_of(ServiceOpening.day), sa.func.sum(ServiceOpening.count)
        )
        .where(ServiceOpening.day >= period.since)
        .group_by(ServiceOpening.service_id, "week")
    )
    for service_id, week, count in rows:
        yield Row(week, int(count), administration_ids=tuple(owners[service_id]))


def _shares(period: Period, articles: Articles, yes: Any, answered: Any) -> Iterable[Row]:
    query = sa.select(
        Helpfulness.article_id,
        period.week_of(Helpfulness.on_day),
        sa.func.sum(sa.case((yes, 1), else_=0)),
        sa.func.count(),
    ).where(Helpfulness.on_day >= period.since, answered)
    return by_article(query, Helpfulness.article_id, articles)


@counted("helped", lambda: _("Lecteurs que la fiche a aidés"), order=30, is_share=True)
def helped(period: Period, articles: Articles) -> Iterable[Row]:
    return _shares(period, articles, Helpfulness.helped.is_(True), sa.true())


@counted("clear", lambda: _("Lecteurs qui trouvent le texte clair"), order=40, is_share=True)
def clear(period: Period, articles: Articles) -> Iterable[Row]:
    return _shares(period, articles, Helpfulness.clarity == Clarity.CLEAR, Helpfulness.clarity.is_not(None))


@counted("likes", lambda: _("« J’aime »"), order=50)
def likes(period: Period, articles: Articles) -> Iterable[Row]:
    query = sa.select(ArticleLike.article_id, period.week_of(ArticleLike.on_day), sa.func.count()).where(
        ArticleLike.on_day >= period.since
    )
    return by_article(query, ArticleLike.article_id, articles)


@counted("publications", lambda: _("Versions publiées"), order=60)
def publications(period: Period, articles: Articles) -> Iterable[Row]:
    query = sa.select(
        Edition.article_id, period.week_of_instant(Edition.published_at), sa.func.count()
    ).where(Edition.published_at >= period.since_instant)
    return by_article(query, Edition.article_id, articles)


@counted("misses", lambda: _("Recherches sans résultat"), order=70, levels=(Level.PORTAL,))
def misses(period: Period, articles: Articles) -> Iterable[Row]:
    if articles is not None:
        return
    rows = session().execute(
        sa.select(period.week_of(SearchMiss.day), sa.func.sum(SearchMiss.times))
        .where(SearchMiss.day >= period.since)
        .group_by("week")
    )
    for week, times in rows:
        yield Row(week, int(times))
