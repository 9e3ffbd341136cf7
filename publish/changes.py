"""What changes for readers: new editions, and pages that are withdrawn, sent elsewhere or back. For feeds and mails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.db import session
from app.extensions import gettext as _
from drafts.models import Article, ArticleState
from publish import addresses
from publish.fate_models import ArticleAct
from publish.fate_stages import READABLE, Fate
from publish.feeds import Entry, authors_of, edition_key, themes_of
from publish.models import Address, Edition
from publish.sharing import code_of

# What two people decide is news, with their reason. A mask is not: it is gone in three days, and its reason may be wrong.
DECIDED = (Fate.WITHDRAW, Fate.REDIRECT, Fate.REMOVE, Fate.RESTORE)


@dataclass(frozen=True)
class Change:
    """One change in words. `path` leads to what can be read now; `key` names the change for ever."""

    title: str
    what: str
    why: str
    path: str
    key: str
    at: datetime
    authors: tuple[str, ...] = ()
    themes: tuple[tuple[str, str], ...] = ()

    @property
    def sentence(self) -> str:
        return f"{self.what} {self.why}".strip()


def of_edition(edition: Edition) -> Change:
    what = _("Nouvelle fiche.") if edition.number == 1 else _("Nouvelle version.")
    why = edition.change_note or (edition.lead if edition.number == 1 else "")
    # As the feed of all articles names it, so that a reader of both sees it once.
    return Change(
        edition.title, what, why, addresses.article(_slug(edition.article_id)),
        edition_key(edition.article_id, edition.number), edition.published_at, authors_of(edition.credits),
        themes_of(edition.fields),
    )  # fmt: skip


def of_act(act: ArticleAct) -> Change:
    """What became of an article, as its page says it: the reason of a mask is for those who decide."""
    target = act.target_article_id if act.deed is Fate.REDIRECT else None
    return Change(
        _title(act.article_id),
        _words(act.deed),
        act.reason if act.deed in DECIDED else "",
        addresses.article(_slug(target or act.article_id)),
        f"fiche-{code_of(act.article_id)}-acte-{act.number}",
        act.at,
    )


def _words(deed: Fate) -> str:
    return {
        Fate.WITHDRAW: _("Cette fiche est retirée : elle reste lisible, mais ne doit plus servir."),
        Fate.REDIRECT: _("Cette fiche est remplacée par une autre."),
        Fate.REMOVE: _("Cette fiche est supprimée."),
        Fate.RESTORE: _("Cette fiche est de nouveau en ligne."),
        Fate.MASK: _("Cette fiche est masquée pour quelques jours, le temps d’une vérification."),
        Fate.UNMASK: _("Cette fiche est de nouveau lisible."),
    }[deed]


def _title(article_id: int) -> str:
    article = session().get_one(Article, article_id)
    title = session().scalar(sa.select(Edition.title).where(Edition.revision_id == article.shown_revision_id))
    return title or article.slug


def _slug(article_id: int) -> str:
    found = session().scalar(
        sa.select(Address.slug).where(Address.article_id == article_id, Address.is_current.is_(True))
    )
    return found or session().get_one(Article, article_id).slug


def newest(most: int) -> list[Entry]:
    """The last changes of the whole portal, the newest first; nothing of a page that is hidden now."""
    editions = session().scalars(
        sa.select(Edition)
        .join(Article, Article.id == Edition.article_id)
        .where(Article.state.in_(READABLE))
        .order_by(Edition.published_at.desc(), Edition.id.desc())
        .limit(most)
    )
    acts = session().scalars(
        sa.select(ArticleAct)
        .join(Article, Article.id == ArticleAct.article_id)
        .where(ArticleAct.deed.in_(DECIDED), Article.state != ArticleState.MASKED)
        .order_by(ArticleAct.at.desc(), ArticleAct.id.desc())
        .limit(most)
    )
    found = [of_edition(edition) for edition in editions] + [of_act(act) for act in acts]
    found.sort(key=lambda change: change.at, reverse=True)
    return [
        Entry(
            change.path, change.key, change.title, change.at, change.sentence, change.authors, change.themes
        )
        for change in found[:most]
    ]
