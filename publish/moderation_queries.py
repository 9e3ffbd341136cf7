"""What the moderators' desk shows: what waits, in its turn, and what was decided last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from markupsafe import Markup

from app.accounts.service import names_of
from app.db import session
from app.directory.models import Administration
from drafts.models import article_administration
from publish import comment_queries
from publish.comment_models import (
    HELD,
    REPORTED,
    Comment,
    CommentDecision,
    Deed,
    ReadAfterwards,
    Reason,
    Standing,
)
from publish.heard import marked
from publish.models import Address, Edition

ON_A_PAGE, LAST_DECISIONS = 20, 10
# Of one fiche, so many stand before the next of another one comes: thousands that somebody sends to one fiche keep
# nobody waiting who wrote on another. One fiche alone is looked through faster.
IN_A_ROUND, OF_ONE_ARTICLE = 5, 100


@dataclass(frozen=True)
class Item:
    """One comment as it waits. `name` and `text` are escaped, with a <mark> around what looks like personal data."""

    id: int
    version: int
    title: str
    slug: str
    place: str
    # The id of the block in the page, "" for the whole or where it stands there no more.
    anchor: str
    name: Markup
    text: Markup
    filed_at: datetime
    is_held: bool
    is_reported: bool
    reports: int
    is_shown: bool


@dataclass(frozen=True)
class Desk:
    items: tuple[Item, ...]
    total: int
    page: int
    pages: int
    # Those of one fiche alone: its name; "" when all are shown.
    title: str
    # (address, title, how many wait) of fiches with more than a page, the fullest first; none when one is shown.
    crowded: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Decided:
    """A decision that was taken; `may_undo`: it is the last one on its comment, whose words are there still."""

    comment_id: int
    number: int
    person: str
    deed: Deed
    reason: Reason | None
    words: str
    at: datetime
    text: str
    slug: str
    title: str
    may_undo: bool


def _of(administration: str, slug: str = "") -> list[sa.ColumnElement[bool]]:
    """What waits in the queue: all of it, or that of an administration's pages, or of one fiche."""
    waits: list[sa.ColumnElement[bool]] = [Comment.turn.is_not(None)]
    if administration:
        waits.append(
            sa.exists()
            .where(
                article_administration.c.article_id == Comment.article_id,
                article_administration.c.administration_id == Administration.id,
                Administration.slug == administration,
            )
            .correlate(Comment)
        )
    if slug:
        waits.append(
            sa.exists()
            .where(Address.article_id == Comment.article_id, Address.slug == slug)
            .correlate(Comment)
        )
    return waits


def waiting(administration: str = "", slug: str = "") -> int:
    counted = sa.select(sa.func.count()).select_from(Comment).where(*_of(administration, slug))
    return session().scalar(counted) or 0


def queue(page: int, administration: str = "", slug: str = "") -> Desk:
    """One page of what waits: reported ones, then those with personal data, then the others; each the oldest first, and
    of each fiche a few before the next few of it."""
    total, on_a_page = waiting(administration, slug), OF_ONE_ARTICLE if slug else ON_A_PAGE
    pages = max(1, -(-total // on_a_page))
    page = min(max(page, 1), pages)
    place = sa.func.row_number().over(
        partition_by=(Comment.turn, Comment.article_id), order_by=(Comment.filed_at, Comment.id)
    )
    dealt = sa.select(Comment.id, ((place - 1) // IN_A_ROUND).label("round")).where(
        *_of(administration, slug)
    )
    in_turn = dealt.subquery()
    comments = session().scalars(
        sa.select(Comment)
        .join(in_turn, in_turn.c.id == Comment.id)
        .order_by(Comment.turn, in_turn.c.round, Comment.filed_at, Comment.id)
        .offset((page - 1) * on_a_page)
        .limit(on_a_page)
    ).all()  # fmt: skip
    items = tuple(_items(comments))
    title = items[0].title if slug and items else ""
    return Desk(items, total, page, pages, title, () if slug else tuple(_crowded(administration)))


def _crowded(administration: str) -> list[tuple[str, str, int]]:
    rows = session().execute(
        sa.select(Comment.article_id, sa.func.count().label("waiting"))
        .where(*_of(administration))
        .group_by(Comment.article_id)
        .having(sa.func.count() > ON_A_PAGE)
        .order_by(sa.desc("waiting"), Comment.article_id)
        .limit(ON_A_PAGE)
    ).all()  # fmt: skip
    titles = _titles({article_id for article_id, _count in rows})
    return [(*titles[article_id], count) for article_id, count in rows if article_id in titles]


def _items(comments: Sequence[Comment]) -> list[Item]:
    titles = _titles({comment.article_id for comment in comments})
    # One look at each version that was read, however many comments there are on it.
    places = {edition: comment_queries.places_of(edition) for edition in {one.edition_id for one in comments}}
    found = []
    for one in comments:
        slug, title = titles.get(one.article_id, ("", ""))
        place = places[one.edition_id].get(one.block_id or "")
        found.append(
            Item(
                id=one.id, version=one.version, title=title, slug=slug,
                place=place.said if place is not None else "", anchor=one.block_id or "" if place is not None else "",
                name=marked(one.name), text=marked(one.text), filed_at=one.filed_at, is_held=one.turn == HELD or one.held,
                is_reported=one.turn == REPORTED, reports=one.reports, is_shown=one.standing is Standing.SHOWN,
            )
        )  # fmt: skip
    return found


def _titles(article_ids: set[int]) -> dict[int, tuple[str, str]]:
    """The current address and the newest title of articles."""
    newest = (
        sa.select(Edition.article_id, sa.func.max(Edition.number).label("number"))
        .where(Edition.article_id.in_(article_ids))
        .group_by(Edition.article_id)
        .subquery()
    )
    rows = session().execute(
        sa.select(Address.article_id, Address.slug, Edition.title)
        .join(newest, newest.c.article_id == Address.article_id)
        .join(Edition, (Edition.article_id == newest.c.article_id) & (Edition.number == newest.c.number))
        .where(Address.is_current)
    )
    return {article_id: (slug, title) for article_id, slug, title in rows}


def decided_last() -> list[Decided]:
    """The last decisions of all moderators, the newest first."""
    later = sa.orm.aliased(CommentDecision)
    is_last = ~sa.exists().where(
        later.comment_id == CommentDecision.comment_id, later.number > CommentDecision.number
    )
    rows = session().execute(
        sa.select(CommentDecision, Comment, is_last)
        .join(Comment, Comment.id == CommentDecision.comment_id)
        .order_by(CommentDecision.at.desc(), CommentDecision.id.desc())
        .limit(LAST_DECISIONS)
    ).all()  # fmt: skip
    names = names_of(decision.person_id for decision, _comment, _last in rows)
    titles = _titles({comment.article_id for _decision, comment, _last in rows})
    return [
        Decided(
            comment.id, decision.number, names.get(decision.person_id, ""), decision.deed, decision.reason,
            decision.words, decision.at, comment_queries.flowing(comment.text)[:160], *titles.get(comment.article_id, ("", "")),
            bool(last) and decision.deed is not Deed.UNDO and comment.standing is decision.standing and comment.text != "",
        )
        for decision, comment, last in rows
    ]  # fmt: skip


def offices_waiting() -> list[tuple[str, str, int]]:
    """(slug, name, how many) of the administrations on whose pages comments wait."""
    rows = session().execute(
        sa.select(Administration.slug, Administration.name, sa.func.count())
        .join(article_administration, article_administration.c.administration_id == Administration.id)
        .join(Comment, Comment.article_id == article_administration.c.article_id)
        .where(Comment.turn.is_not(None))
        .group_by(Administration.slug, Administration.name)
        .order_by(Administration.name)
    )
    return [(slug, name, int(count)) for slug, name, count in rows]


def offices_afterwards() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(slug, name) of the administrations that have known authors read afterwards, and of the others."""
    rows = session().execute(
        sa.select(Administration.slug, Administration.name, ReadAfterwards.since)
        .outerjoin(ReadAfterwards, ReadAfterwards.administration_id == Administration.id)
        .order_by(Administration.name)
    ).all()  # fmt: skip
    return (
        [(slug, name) for slug, name, since in rows if since is not None],
        [(slug, name) for slug, name, since in rows if since is None],
    )
