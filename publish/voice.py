"""Verbs of readers: like an article and take it back, say whether it helped.

`mark` stands for one reader of one article (`publish.visitors`): they have no account, so there is no actor.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.accounts import erasing
from app.db import insert, session
from app.errors import Invalid
from app.extensions import gettext as _
from app.typed_words import readable
from publish import addresses, store
from publish.models import Address
from publish.queries import Card
from publish.voice_models import LONGEST_REASON, ArticleLike, Clarity, Helpfulness, VoiceDue

# How long the words of a reader are kept; the privacy page says so. The answers without words stay.
WORDS_KEPT_DAYS = 365
# People are asked to name nobody; who does names somebody who may be erased.
erasing.searched(Helpfulness.reason)


def like(mark: str, card: Card) -> None:
    """Sent again, it is one like still."""
    values = {
        "article_id": card.article_id,
        "mark": mark,
        "on_day": clock.local(clock.now()).date(),
    }
    session().execute(insert(ArticleLike).values(**values).on_conflict_do_nothing())
    counts_moved(card.article_id)


def take_back(mark: str, card: Card) -> None:
    session().execute(sa.delete(ArticleLike).filter_by(article_id=card.article_id, mark=mark))
    counts_moved(card.article_id)


def say_helped(
    mark: str, card: Card, helped: bool, clarity: Clarity | None = None, reason: str | None = None
) -> None:
    """Whether it helped, and in a second step why; who answers again changes their answer.

    `clarity` and `reason` are left as they were where they are None.
    """
    if reason is not None:
        reason = readable(reason)
        if len(reason) > LONGEST_REASON:
            raise Invalid(_("Écrivez 1 000 caractères au plus."), field="reason")
    key = {"article_id": card.article_id, "mark": mark}
    now = {"edition_id": card.edition_id, "helped": helped, "on_day": clock.local(clock.now()).date()}
    more = {name: value for name, value in (("clarity", clarity), ("reason", reason)) if value is not None}
    session().execute(
        insert(Helpfulness)
        .values(**key, **now, **more)
        .on_conflict_do_update(index_elements=["article_id", "mark"], set_={**now, **more})
    )
    counts_moved(card.article_id)


def counts_moved(article_id: int) -> None:
    """The article's page is made again with what it says by now, within the minute."""
    session().execute(insert(VoiceDue).values(article_id=article_id).on_conflict_do_nothing())


def refresh_counts() -> int:
    """For the worker, once a minute: the pages whose counts have moved are made again. How many they are."""
    due = list(session().scalars(sa.select(VoiceDue.article_id).limit(500)))
    if due:
        session().execute(sa.delete(VoiceDue).where(VoiceDue.article_id.in_(due)))
        slugs = session().scalars(
            sa.select(Address.slug).where(Address.article_id.in_(due), Address.is_current)
        )
        for slug in slugs:
            store.touch(addresses.article(slug))
    return len(due)


def forget_words() -> int:
    """For the worker: what readers wrote goes after a year. How many had written."""
    before = clock.local(clock.now()).date() - timedelta(days=WORDS_KEPT_DAYS)
    gone = session().execute(
        sa.update(Helpfulness)
        .where(Helpfulness.reason != "", Helpfulness.on_day < before)
        .values(reason="")
        .execution_options(synchronize_session=False)
    )
    return int(getattr(gone, "rowcount", 0))
