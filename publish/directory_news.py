"""What changed in the directory, on the public pages and in the index of the search."""

from __future__ import annotations

import sqlalchemy as sa

from app import events
from app.db import session
from app.directory.events import DirectoryChanged
from app.directory.models import OnlineService
from drafts.models import Article
from publish import search_index, store
from publish.models import Edition
from publish.queries import competent_for


@events.on(DirectoryChanged, "publish.directory_again")
def pages_again(news: DirectoryChanged) -> None:
    """Pages name administrations, counters, services and spaces. The epoch's row is locked from here on, so that no
    publication puts into the index what it read before."""
    store.invalidate()
    if not news.renamed:
        return
    shown = (
        session()
        .scalars(
            sa.select(Edition)
            .join(Article, Article.shown_revision_id == Edition.revision_id)
            .order_by(Edition.id)
        )
        .all()
    )
    slug = session().scalar(sa.select(OnlineService.slug).where(OnlineService.id == news.thing_id))
    competent = competent_for([edition.revision_id for edition in shown])
    for edition in shown:
        concerned = (
            news.thing_id in competent.get(edition.revision_id, ())
            if news.kind == "administration"
            else slug in (edition.fields.get("services") or ())
        )
        if concerned:
            search_index.index(edition)
