"""What is shown of comments: to readers those that moderators let stand, to their author what becomes of theirs."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from app import clock
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from drafts.grammar import Tree, blocks, inline_text
from drafts.models import Article, ArticleState
from publish.comment_models import (
    HIGHEST,
    Comment,
    CommentAnswer,
    CommentDecision,
    CommentsClosed,
    Reason,
    Standing,
)
from publish.models import Address, Edition

# Comments on one page, and those that an article's page shows.
ON_A_PAGE, ON_ARTICLE = 20, 3
# Characters of one there, and of the words that say which block is meant.
EXTRACT, CONTEXT = 120, 90


@dataclass(frozen=True)
class Place:
    """A block one can comment on. `words`: how it begins; `heading`: the words of the heading above, "" for none."""

    words: str
    heading: str
    is_heading: bool

    @property
    def said(self) -> str:
        return self.words if self.is_heading or not self.heading else f"{self.heading} – {self.words}"


@dataclass(frozen=True)
class Answered:
    """An official answer."""

    administration: str
    slug: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Shown:
    """A comment as everybody may read it."""

    id: int
    name: str
    text: str
    filed_at: datetime
    block_id: str
    edition_number: int
    answers: tuple[Answered, ...]
    # When the version that takes it into account was published; None: none does.
    taken_up_at: datetime | None


@dataclass(frozen=True)
class Group:
    """Comments about one place; "" in `block_id` for the whole page."""

    block_id: str
    said: str
    comments: tuple[Shown, ...]


@dataclass(frozen=True)
class Extract:
    name: str
    words: str


@dataclass(frozen=True)
class Heard:
    """What an article's page says of its comments. `total` in words of the page."""

    total: int
    latest: tuple[Extract, ...]


def places_of(edition_id: int) -> dict[str, Place]:
    """The blocks of an edition that hold words, by id, in the order of the text."""
    edition = session().get_one(Edition, edition_id)
    return places_in(edition.revision.tree)


def places_in(tree: Tree) -> dict[str, Place]:
    found: dict[str, Place] = {}
    heading = ""
    for block in blocks(tree):
        words = flowing(inline_text(block))
        ident = block.get("attrs", {}).get("id", "")
        if not words or not ident or len(ident) > 40:
            continue
        is_heading = block["type"] == "heading"
        if is_heading:
            heading = _short(words, CONTEXT)
        found.setdefault(ident, Place(_short(words, CONTEXT), "" if is_heading else heading, is_heading))
    return found


def flowing(text: str) -> str:
    """Its lines as one. Not split(): it would take the no-break spaces of French for ordinary ones."""
    return re.sub(r"[^\S\u00a0\u202f]+", " ", text).strip()


def _short(words: str, most: int) -> str:
    if len(words) <= most:
        return words
    return words[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def places_with_headings(places: dict[str, Place]) -> list[tuple[str, str]]:
    """(id, words) of the parts that a form offers to comment on."""
    return [(ident, place.words) for ident, place in places.items() if place.is_heading]


def why_closed(article_id: int) -> str:
    """Why an article takes no comments, for who wanted to write one; "" when it does."""
    article = session().get(Article, article_id)
    if article is None or article.state is not ArticleState.LIVE:
        return _("Cette fiche n’est plus en ligne : on ne peut plus la commenter.")
    day = closed_from(article_id)
    if day is not None and day <= clock.local(clock.now()).date():
        return _("Les commentaires de cette fiche sont fermés : on peut les lire, et plus en écrire.")
    return ""


def closed_from(article_id: int) -> date | None:
    return session().scalar(sa.select(CommentsClosed.from_day).where(CommentsClosed.article_id == article_id))


def heard(article_id: int) -> Heard:
    """How many comments there are, and how the last ones begin."""
    shown = (Comment.article_id == article_id, Comment.standing == Standing.SHOWN)
    total = session().scalar(sa.select(sa.func.count()).where(*shown)) or 0
    rows = session().execute(
        sa.select(Comment.name, Comment.text)
        .where(*shown)
        .order_by(Comment.filed_at.desc(), Comment.id.desc())
        .limit(ON_ARTICLE)
    )
    return Heard(total, tuple(Extract(name, _short(flowing(text), EXTRACT)) for name, text in rows))


def total(article_id: int) -> int:
    return (
        session().scalar(
            sa.select(sa.func.count()).where(
                Comment.article_id == article_id, Comment.standing == Standing.SHOWN
            )
        )
        or 0
    )


def shown_on(article_id: int, page: int) -> list[Shown]:
    """One page of the comments on an article, the newest first."""
    taken_up = sa.orm.aliased(Edition)
    rows = session().execute(
        sa.select(Comment, Edition.number, taken_up.published_at)
        .join(Edition, Edition.id == Comment.edition_id)
        .outerjoin(taken_up, taken_up.id == Comment.answered_in_edition_id)
        .where(Comment.article_id == article_id, Comment.standing == Standing.SHOWN)
        .order_by(Comment.filed_at.desc(), Comment.id.desc())
        .offset((page - 1) * ON_A_PAGE)
        .limit(ON_A_PAGE)
    ).all()  # fmt: skip
    said = answers_to([comment.id for comment, _number, _at in rows])
    return [
        Shown(
            comment.id, comment.name, comment.text, comment.filed_at, comment.block_id or "", number,
            said.get(comment.id, ()), at,
        )
        for comment, number, at in rows
    ]  # fmt: skip


def answers_to(comment_ids: Collection[int]) -> dict[int, tuple[Answered, ...]]:
    rows = session().execute(
        sa.select(CommentAnswer, Administration.name, Administration.slug)
        .join(Administration, Administration.id == CommentAnswer.administration_id)
        .where(CommentAnswer.comment_id.in_(comment_ids))
        .order_by(CommentAnswer.at)
    )
    found: dict[int, tuple[Answered, ...]] = {}
    for answer, name, slug in rows:
        found[answer.comment_id] = (
            *found.get(answer.comment_id, ()),
            Answered(name, slug, answer.text, answer.at),
        )
    return found


def grouped(comments: Sequence[Shown], places: dict[str, Place]) -> list[Group]:
    """By the place they are about, in the order of the text; what stands nowhere any more is about the whole page."""
    here: dict[str, list[Shown]] = {}
    for one in comments:
        here.setdefault(one.block_id if one.block_id in places else "", []).append(one)
    order = ["", *(ident for ident in places if ident in here)]
    return [
        Group(ident, places[ident].said if ident else "", tuple(here[ident]))
        for ident in order
        if ident in here
    ]


@dataclass(frozen=True)
class Own:
    """What an author sees of theirs under the secret link."""

    comment: Comment
    slug: str
    title: str
    place: str
    answers: tuple[Answered, ...]
    taken_up_at: datetime | None
    reason: str
    words: str


def reason_words() -> dict[Reason, str]:
    """Why a comment may be refused or hidden, as its author reads it too."""
    return {
        Reason.PERSONAL: _("Il dit quelque chose de privé sur une personne"),
        Reason.INSULT: _("Il blesse ou menace quelqu’un"),
        Reason.UNLAWFUL: _("La loi interdit de le publier"),
        Reason.OFF_TOPIC: _("Il ne parle pas de cette fiche"),
        Reason.ADVERTISING: _("C’est de la publicité"),
        Reason.DOUBLE: _("Il a déjà été publié"),
        Reason.OTHER: _("Une autre raison"),
    }


def own(comment_id: int) -> Own | None:
    """What an author sees; None when there is no such comment."""
    comment = session().get(Comment, comment_id) if comment_id < HIGHEST else None
    if comment is None:
        return None
    last = session().scalars(
        sa.select(CommentDecision)
        .where(CommentDecision.comment_id == comment.id)
        .order_by(CommentDecision.number.desc())
        .limit(1)
    ).first()  # fmt: skip
    edition = session().get_one(Edition, comment.edition_id)
    place = places_of(edition.id).get(comment.block_id or "")
    taken_up = session().get(Edition, comment.answered_in_edition_id or 0)
    told = last is not None and last.standing is comment.standing and last.reason is not None
    return Own(
        comment,
        session().scalar(
            sa.select(Address.slug).where(Address.article_id == comment.article_id, Address.is_current)
        )
        or edition.slug,
        edition.title,
        place.said if place is not None else "",
        answers_to([comment.id]).get(comment.id, ()),
        taken_up.published_at if taken_up is not None else None,
        reason_words()[last.reason] if told and last is not None and last.reason is not None else "",
        last.words if told and last is not None else "",
    )


def newer_than(comment: Comment) -> int:
    """How many shown comments stand before it on the page of its article."""
    return (
        session().scalar(
            sa.select(sa.func.count()).where(
                Comment.article_id == comment.article_id,
                Comment.standing == Standing.SHOWN,
                sa.or_(
                    Comment.filed_at > comment.filed_at,
                    sa.and_(Comment.filed_at == comment.filed_at, Comment.id > comment.id),
                ),
            )
        )
        or 0
    )
