"""A citizen who comments on an article, and the moderator who reads it, for the tests of comments."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.policy import Actor, PortalRole
from publish import comments, moderation, queries, visitors
from publish.comment_models import Comment, Deed, Reason, Standing
from publish.queries import Card
from tests.clients import Page, PageClient
from tests.makers import make_agent
from tests.publish.press import Press

WORDS = "Il manque le délai\u00a0:\n<b>combien de jours</b>\u202f?"
A_MOMENT = timedelta(seconds=10)


def path_of(slug: str) -> str:
    return f"/fiches/{slug}/commentaires"


def written(client: PageClient, slug: str, status: int = 303, **fields: str) -> Page:
    """The form of the page, filled in and sent as fast as a person can."""
    client.get(path_of(slug))
    values = {"nom": "Léa", "texte": WORDS, **fields}
    form = client.page.form(path_of(slug) + ANCHOR)  # type: ignore[union-attr]
    with clock.shifted(A_MOMENT):
        return client.post(path_of(slug), {**form.values, **values}, status)


ANCHOR = "#ecrire-un-commentaire-sur-cette-fiche"


def all_comments() -> list[Comment]:
    with reading():
        return list(session().scalars(sa.select(Comment).order_by(Comment.id)))


def the_comment() -> Comment:
    (found,) = all_comments()
    return found


def moderator(press: Press, name: str = "") -> Actor:
    with unit_of_work():
        return make_agent(session().get_one(Administration, press.nord), PortalRole.MODERATOR)


def card_of(slug: str) -> Card:
    with reading():
        found = queries.article_at(slug)
    assert isinstance(found, Card)
    return found


def key_of(word: str) -> str:
    """As a form would have it, the same each time."""
    return hashlib.sha256(word.encode()).hexdigest()[:32]


def filed(slug: str, key: str, text: str = "Très clair.", **more: Any) -> int:
    with unit_of_work():
        return comments.file_comment(key_of(key), card_of(slug), "Léa", text, **more).id


def decided(
    who: Actor, comment_id: int, deed: Deed, reason: Reason | None = None, words: str = ""
) -> Standing:
    with reading():
        version = session().get_one(Comment, comment_id).version
    with unit_of_work():
        return moderation.decide(who, comment_id, version, deed, reason, words).standing


def fresh() -> None:
    """No visitor of an earlier test is counted against one of this."""
    visitors._buckets.clear()
