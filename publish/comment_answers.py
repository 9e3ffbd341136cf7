"""What the administrations do with comments: answer them officially, hand them to the lab that writes the next version,
close them; and what follows by itself when that version is published.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app import audit, clock, events, typed_words
from app.db import insert, session
from app.directory.models import Administration
from app.errors import Invalid, Missing, MovedOn, Refused
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.mail import address
from app.policy import Act, Actor, acts_for, require
from drafts import remarks
from drafts.anchors import Passage
from drafts.grammar import blocks, inline_text
from drafts.models import Article, Draft
from drafts.remark_models import LONGEST_QUOTE, Remark
from drafts.review_models import Revision
from drafts.stages import Stage
from publish import addresses, comments, queries, voice
from publish.comment_models import (
    LONGEST_TEXT,
    Comment,
    CommentAnswer,
    CommentRemark,
    CommentsClosed,
    Standing,
)
from publish.events import EditionPublished
from publish.fate_policy import answers_for
from publish.models import Edition


def _shown(article: Article, comment_id: int) -> Comment:
    """A comment that everybody reads on this very article. Raises Missing, MovedOn."""
    comment = comments.locked(comment_id)
    if comment.article_id != article.id:
        raise Missing(_("Ce commentaire n’existe pas."))
    if comment.standing is not Standing.SHOWN:
        raise MovedOn(_("Ce commentaire n’est plus publié."))
    return comment


def answer_officially(
    actor: Actor, article: Article, comment_id: int, administration_id: int, text: str
) -> None:
    """In the name of a competent administration. Said again, it stands in the place of the first answer."""
    require(actor, Act.ARTICLE_ANSWER, article)
    if administration_id not in answers_for(actor, article):
        raise Refused(_("Vous ne pouvez pas répondre au nom de cette administration."))
    comment = _shown(article, comment_id)
    text = typed_words.readable(text)
    if not text:
        raise Invalid(_("Écrivez votre réponse."), field="reponse")
    if len(text) > LONGEST_TEXT:
        raise Invalid(_("Cette réponse est trop longue : 2 000 caractères au plus."), field="reponse")
    known = session().get(CommentAnswer, (comment.id, administration_id))
    if known is not None and known.text == text:
        return
    now = {"person_id": actor.id, "text": text, "at": clock.now()}
    session().execute(
        insert(CommentAnswer)
        .values(comment_id=comment.id, administration_id=administration_id, **now)
        .on_conflict_do_update(index_elements=["comment_id", "administration_id"], set_=now)
    )
    audit.record(actor.id, "answer_comment", "comment", comment.id, administration=administration_id)
    place = session().get_one(Administration, administration_id)
    comments.tell(
        comment,
        _("Une réponse à votre commentaire"),
        _("%(place)s répond à votre commentaire :\n\n%(words)s", place=place.name, words=text),
    )


def close_comments(actor: Actor, article: Article, from_day: date | None) -> None:
    """From a day on no comments are taken; None: they are taken again. Those that are there stay."""
    require(actor, Act.ARTICLE_ANSWER, article)
    if from_day is None:
        session().execute(sa.delete(CommentsClosed).filter_by(article_id=article.id))
    else:
        now = {"from_day": from_day, "person_id": actor.id}
        session().execute(
            insert(CommentsClosed)
            .values(article_id=article.id, **now)
            .on_conflict_do_update(index_elements=["article_id"], set_=now)
        )
    audit.record(
        actor.id, "close_comments", "article", article.id, day=from_day.isoformat() if from_day else None
    )
    voice.counts_moved(article.id)


def draft_for_remarks(actor: Actor, article: Article) -> Draft | None:
    """The newest draft of the next version in which this person may remark; None when there is none."""
    drafts = session().scalars(
        sa.select(Draft)
        .where(Draft.article_id == article.id, Draft.trashed_at.is_(None), Draft.stage != Stage.PUBLISHED)
        .order_by(Draft.id.desc())
    )
    return next((draft for draft in drafts if Act.DRAFT_REMARK in acts_for(actor, draft)), None)


def send_to_lab(actor: Actor, article: Article, comment_id: int) -> int:
    """A comment becomes a remark on its block in the draft of the next version. The draft's number."""
    require(actor, Act.ARTICLE_ANSWER, article)
    comment = _shown(article, comment_id)
    draft = draft_for_remarks(actor, article)
    if draft is None:
        raise Invalid(
            _(
                "Aucun brouillon de la prochaine version ne vous est ouvert : commencez par « Corriger cette page »."
            ),
            field="lab",
        )
    handed = session().scalar(
        sa.select(sa.func.count())
        .select_from(CommentRemark)
        .join(Remark, Remark.id == CommentRemark.remark_id)
        .where(CommentRemark.comment_id == comment.id, Remark.draft_id == draft.id)
    )
    if handed:
        raise MovedOn(_("Ce commentaire est déjà une remarque de ce brouillon."))
    said = _(
        "Un lecteur a commenté la page publique le %(day)s (commentaire %(number)d) :\n\n%(words)s",
        day=day_in_words(clock.local(comment.filed_at).date(), "d MMMM y"),
        number=comment.id,
        words=comment.text,
    )
    remark = remarks.open_remark(actor, draft, said, passages=_passages(comment))
    session().add(CommentRemark(comment_id=comment.id, remark_id=remark.id))
    session().flush()
    audit.record(actor.id, "send_comment_to_lab", "comment", comment.id, draft=draft.id)
    return draft.id


def _passages(comment: Comment) -> list[Passage]:
    if comment.block_id is None:
        return []
    tree = session().get_one(Edition, comment.edition_id).revision.tree
    for block in blocks(tree):
        if block.get("attrs", {}).get("id") == comment.block_id:
            return [Passage(comment.block_id, 0, inline_text(block)[:LONGEST_QUOTE], whole=True)]
    return []


@dataclass(frozen=True)
class Handed:
    """What a comment has become in a lab."""

    draft_id: int
    title: str
    is_open: bool


def handed(comment_ids: Collection[int]) -> dict[int, list[Handed]]:
    rows = session().execute(
        sa.select(CommentRemark.comment_id, Draft.id, Draft.title, Remark.resolved_at)
        .join(Remark, Remark.id == CommentRemark.remark_id)
        .join(Draft, Draft.id == Remark.draft_id)
        .where(CommentRemark.comment_id.in_(comment_ids))
        .order_by(Remark.id)
    )
    found: dict[int, list[Handed]] = {}
    for comment_id, draft_id, title, resolved_at in rows:
        found.setdefault(comment_id, []).append(Handed(draft_id, title, resolved_at is None))
    return found


def offices_of(actor: Actor, article: Article) -> list[tuple[int, str]]:
    """(id, name) of the administrations in whose name a person answers."""
    mine = answers_for(actor, article)
    return [(place.id, place.name) for place in article.competent if place.id in mine]


@events.on(EditionPublished, "publish.comments_taken_up")
def _taken_up(news: EditionPublished) -> None:
    """The remarks that comments became are settled in what is published: readers see it, authors are told, once."""
    edition = session().get_one(Edition, news.edition_id)
    draft_id = session().scalar(sa.select(Revision.draft_id).where(Revision.id == edition.revision_id))
    found = (
        session()
        .scalars(
            sa.select(Comment)
            .join(CommentRemark, CommentRemark.comment_id == Comment.id)
            .join(Remark, Remark.id == CommentRemark.remark_id)
            .where(
                Remark.draft_id == draft_id,
                Remark.resolved_at <= edition.published_at,
                Comment.standing == Standing.SHOWN,
                Comment.answered_in_edition_id.is_(None),
            )
            .order_by(Comment.id)
        )
        .unique()
    )
    for comment in list(found):
        comment.answered_in_edition_id = edition.id
        session().flush()
        comments.tell(
            comment,
            _("Votre commentaire est pris en compte"),
            _(
                "La nouvelle version de « %(title)s », publiée le %(day)s, tient compte de votre commentaire :\n\n%(link)s",
                title=edition.title,
                day=day_in_words(clock.local(edition.published_at).date(), "d MMMM y"),
                link=_public(edition.article_id),
            ),
        )
        # That was what there was to tell.
        comments.forget_email(comment)


def _public(article_id: int) -> str:
    return address(addresses.article(queries.current_slug(article_id) or ""))
