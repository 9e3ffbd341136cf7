"""The comments of the demonstration, one in each standing, with what moderators and administrations made of them."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa

from app.db import session, unit_of_work
from app.directory.models import Administration
from app.seed_known import actor_of, administration_of, known
from drafts.models import Article
from publish import comment_answers, comments, moderation, queries
from publish.comment_models import Comment, Deed, Reason, Standing
from publish.queries import Card

MODERATOR = "moderateur@dinum.example"


def add_comment(entry: dict[str, Any]) -> None:
    """One comment, filed by a citizen and decided by the moderator; left alone where it is there already."""
    key = hashlib.sha256(f"{entry['article']} {entry['text']}".encode()).hexdigest()[:32]
    with unit_of_work():
        card = queries.article_at(entry["article"])
        if known(Comment, key=key) or not isinstance(card, Card):
            return
        comment = comments.file_comment(key, card, entry["name"], entry["text"], block=entry["block"])
        _become(comment, entry)
        if "answer" in entry:
            _answer(comment, entry["answer"])


def _become(comment: Comment, entry: dict[str, Any]) -> None:
    moderator, standing = actor_of(MODERATOR), Standing(entry["standing"])
    if standing is Standing.WITHDRAWN:
        comments.withdraw(comment)
    reason = Reason(entry["reason"]) if "reason" in entry else None
    if standing is Standing.REFUSED:
        moderation.decide(moderator, comment.id, comment.version, Deed.REFUSE, reason, entry["words"])
    if standing in (Standing.SHOWN, Standing.HIDDEN):
        moderation.decide(moderator, comment.id, comment.version, Deed.SHOW)
    if standing is Standing.HIDDEN:
        moderation.decide(moderator, comment.id, comment.version, Deed.HIDE, reason, entry["words"])
    if entry.get("reported"):
        comments.report("0" * 32, comment)


def _answer(comment: Comment, answer: dict[str, Any]) -> None:
    place: Administration = administration_of(answer["administration"])
    article = session().scalars(sa.select(Article).where(Article.id == comment.article_id)).one()
    comment_answers.answer_officially(actor_of(answer["by"]), article, comment.id, place.id, answer["text"])
