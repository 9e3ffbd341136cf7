"""What readers say of articles, counted, and what they wrote, for the agents who answer for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app.db import session
from publish.models import Edition
from publish.voice_models import ArticleLike, Clarity, Helpfulness

# Answers with words that a page shows, the newest first.
SHOWN = 20


@dataclass(frozen=True)
class Counts:
    likes: int = 0
    helped: int = 0
    not_helped: int = 0
    clear: int = 0
    hard: int = 0

    @property
    def answers(self) -> int:
        return self.helped + self.not_helped

    @property
    def said(self) -> bool:
        return bool(self.likes or self.answers)


@dataclass(frozen=True)
class Words:
    """What a reader wrote, on which version."""

    on_day: date
    version: int
    helped: bool
    clarity: Clarity | None
    reason: str


@dataclass(frozen=True)
class Own:
    """What a reader said of an article before."""

    likes: bool
    helped: bool | None
    clarity: Clarity | None
    reason: str


def counts(article_ids: Sequence[int]) -> dict[int, Counts]:
    liked = {
        row[0]: int(row[1])
        for row in session().execute(
            sa.select(ArticleLike.article_id, sa.func.count())
            .where(ArticleLike.article_id.in_(article_ids))
            .group_by(ArticleLike.article_id)
        )
    }

    def summed(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    answered = session().execute(
        sa.select(
            Helpfulness.article_id,
            summed(Helpfulness.helped.is_(True)),
            summed(Helpfulness.helped.is_(False)),
            summed(Helpfulness.clarity == Clarity.CLEAR),
            summed(Helpfulness.clarity == Clarity.HARD),
        )
        .where(Helpfulness.article_id.in_(article_ids))
        .group_by(Helpfulness.article_id)
    )
    sums = {row[0]: tuple(int(value) for value in row[1:]) for row in answered}
    return {one: Counts(liked.get(one, 0), *sums.get(one, ())) for one in article_ids}


def counts_of(article_id: int) -> Counts:
    return counts([article_id])[article_id]


def written(article_id: int) -> list[Words]:
    """The last answers that have words."""
    rows = session().execute(
        sa.select(
            Helpfulness.on_day, Edition.number, Helpfulness.helped, Helpfulness.clarity, Helpfulness.reason
        )
        .join(Edition, Edition.id == Helpfulness.edition_id)
        .where(Helpfulness.article_id == article_id, Helpfulness.reason != "")
        .order_by(Helpfulness.on_day.desc(), Helpfulness.mark)
        .limit(SHOWN)
    )
    return [Words(*row) for row in rows]


def own(mark: str | None, article_id: int) -> Own:
    """By the reader's mark of this article; None: who has said nothing yet."""
    liked = session().get(ArticleLike, (article_id, mark)) if mark else None
    answer = session().get(Helpfulness, (article_id, mark)) if mark else None
    if answer is None:
        return Own(liked is not None, None, None, "")
    return Own(liked is not None, answer.helped, answer.clarity, answer.reason)
