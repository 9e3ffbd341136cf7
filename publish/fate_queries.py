"""What became of articles, for the pages of the public and of those who decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from app.accounts.service import names_of
from app.db import session
from app.directory.catalogue import Office, office_of
from app.directory.models import Administration
from app.extensions import gettext as _
from app.mail import address
from app.policy import Act, Actor, PortalRole, acts_for
from drafts.models import Article, ArticleState, Draft
from drafts.review_models import Revision
from drafts.stages import Stage
from publish import addresses, fates, queries, shown
from publish.fate_acts import acts_of, count, last_of, open_proposal
from publish.fate_models import ArticleAct
from publish.fate_stages import BY_TWO, Fate, possible
from publish.fate_words import (
    capacity_word,
    fate_word,
    proposal_sentence,
    proposal_word,
    state_sentence,
    state_word,
)
from publish.link_state import links_of
from publish.models import Address, Edition

# A year is what most pages get at their publication.
USUAL = timedelta(days=365)
SOON = timedelta(days=30)


def title_of(article: Article) -> str:
    """The title the public knows it by."""
    return shown.edition_shown(article).title


@dataclass(frozen=True)
class Away:
    """What stands at the address of an article that is not read: where it leads, or why nothing does."""

    state: ArticleState
    # The article's own address now; another one leads there.
    slug: str
    reason: str
    since: datetime
    # When a masked page comes back at the latest.
    until: datetime | None
    # Where readers are sent, or what they may read instead: (address, title).
    target: tuple[str, str] | None
    office: Office


def away_at(slug: str) -> Away | None:
    """What became of the article at a slug that was public once; None when it was not, or is read."""
    article = fates.article_at(slug)
    if article is None or article.state in (ArticleState.LIVE, ArticleState.WITHDRAWN):
        return None
    by = {
        ArticleState.MASKED: Fate.MASK,
        ArticleState.REDIRECTED: Fate.REDIRECT,
        ArticleState.GONE: Fate.REMOVE,
    }.get(article.state)
    act = last_of(article.id, by) if by is not None else None
    if act is None:
        return None
    masked = article.state is ArticleState.MASKED
    return Away(
        state=article.state,
        slug=_current(article),
        # Why it was masked is for those who decide, and may be wrong.
        reason="" if masked else act.reason,
        since=act.at,
        until=act.at + fates.MASKED_FOR if masked else None,
        target=_target(act),
        office=office_of(session().get_one(Administration, article.lead_administration_id)),
    )


def _current(article: Article) -> str:
    found = session().scalar(
        sa.select(Address.slug).where(Address.article_id == article.id, Address.is_current)
    )
    return found or article.slug


def _target(act: ArticleAct) -> tuple[str, str] | None:
    if act.target_article_id is None:
        return None
    article = session().get_one(Article, act.target_article_id)
    if act.deed is Fate.REMOVE and article.state is not ArticleState.LIVE:
        return None  # it was live when it was named; nobody is sent from one empty page to another
    edition = shown.edition_shown(article)
    title = edition.title if article.state is ArticleState.LIVE else ""
    return addresses.article(_current(article)), title


@dataclass(frozen=True)
class ActLine:
    """One act of an article, as the people who decide read it."""

    number: int
    word: str
    person: str
    capacity: str
    reason: str
    target: str
    until: date | None
    at: datetime


@dataclass(frozen=True)
class Waiting:
    """A proposal that waits for a second person. `why_not` is "" for who may be that person."""

    number: int
    word: str
    person: str
    reason: str
    target: str
    at: datetime
    why_not: str
    is_mine: bool


@dataclass(frozen=True)
class LifePage:
    title: str
    address: str
    state: ArticleState
    state_word: str
    state_sentence: str
    masked_until: datetime | None
    seen: int
    acts: tuple[ActLine, ...]
    waiting: Waiting | None
    # What may be proposed now: (fate, sentence).
    choices: tuple[tuple[str, str], ...]
    may_mask: bool
    may_decide: bool
    may_confirm: bool
    may_revise: bool
    # Live pages that lead here: (address, title).
    inbound: tuple[tuple[str, str], ...]
    verified_at: datetime
    exact_until: date | None
    is_overdue: bool
    proposed_date: date
    urgent_until: date | None


def life_page(actor: Actor, article: Article) -> LifePage:
    """Everything about what an article is, became and may become, for this person."""
    acts = acts_of(article.id)
    may = acts_for(actor, article)
    card = queries.card_of(article)
    verified_at, until = shown.verified(shown.edition_shown(article))
    today = queries.today()
    masked = last_of(article.id, Fate.MASK) if article.state is ArticleState.MASKED else None
    return LifePage(
        title=card.title,
        address=addresses.article(_current(article)),
        state=article.state,
        state_word=state_word(article.state),
        state_sentence=state_sentence(article.state),
        masked_until=masked.at + fates.MASKED_FOR if masked is not None else None,
        seen=count(article.id),
        acts=_lines(acts),
        waiting=_waiting(actor, article),
        choices=tuple(
            (str(fate), proposal_sentence(fate))
            for fate in (Fate.RESTORE, Fate.WITHDRAW, Fate.REDIRECT, Fate.REMOVE)
            if fate in BY_TWO and possible(article.state, fate)
        ),
        may_mask=Act.ARTICLE_MASK in may and possible(article.state, Fate.MASK),
        may_decide=Act.ARTICLE_DECIDE in may,
        may_confirm=Act.ARTICLE_CONFIRM in may and article.state is ArticleState.LIVE,
        may_revise=Act.ARTICLE_REVISE in may,
        inbound=inbound(article),
        verified_at=verified_at,
        exact_until=until,
        is_overdue=until is not None and until < today,
        proposed_date=today + USUAL,
        urgent_until=shown.urgent_until(article),
    )


def _lines(acts: list[ArticleAct]) -> tuple[ActLine, ...]:
    """The newest first."""
    people = names_of([act.person_id for act in acts])
    return tuple(
        ActLine(
            number=act.number,
            word=_("Proposition : %(what)s", what=proposal_word(act.proposed))
            if act.proposed is not None
            else fate_word(act.deed),
            person=people.get(act.person_id or 0, ""),
            capacity=capacity_word(act.capacity),
            reason=act.reason if act.proposal_id is None or act.deed is Fate.DECLINE else "",
            target=_address_of(act.target_article_id),
            until=act.review_date,
            at=act.at,
        )
        for act in reversed(acts)
    )


def _address_of(article_id: int | None) -> str:
    return (
        addresses.article(_current(session().get_one(Article, article_id))) if article_id is not None else ""
    )


def _waiting(actor: Actor, article: Article) -> Waiting | None:
    act = open_proposal(article)
    if act is None or act.proposed is None:
        return None
    return Waiting(
        number=act.number,
        word=proposal_word(act.proposed),
        person=names_of([act.person_id]).get(act.person_id or 0, ""),
        reason=act.reason,
        target=_address_of(act.target_article_id),
        at=act.at,
        why_not=fates.may_not_confirm(actor, article, act) or "",
        is_mine=act.person_id == actor.id,
    )


def inbound(article: Article) -> tuple[tuple[str, str], ...]:
    """The live pages whose text leads to this one, under any address it ever had: (address, title)."""
    slugs = session().scalars(sa.select(Address.slug).where(Address.article_id == article.id))
    paths = {addresses.article(slug) for slug in slugs}
    paths |= {f"{path}/historique" for path in paths}
    rows = session().execute(
        sa.select(Edition.slug, Edition.title, Revision.tree)
        .join(Revision, Revision.id == Edition.revision_id)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(Article.state == ArticleState.LIVE, Article.id != article.id)
        .order_by(Edition.title)
    )
    return tuple(
        (addresses.article(slug), title)
        for slug, title, tree in rows
        if any(_path_here(url) in paths for url in links_of(tree))
    )


def _path_here(url: str) -> str:
    """The path of an address of this portal; "" for others'."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.path.rstrip("/") if parts.netloc.lower() == urlsplit(address("/")).netloc.lower() else ""


@dataclass(frozen=True)
class ToVerify:
    """A live page and its review date."""

    title: str
    address: str
    life: str
    office: str
    until: date
    is_overdue: bool


def to_verify(actor: Actor) -> list[ToVerify]:
    """Live pages whose date has passed or comes within a month, the longest waiting first: all of them for a portal
    editor, for a reviewer those of their administrations."""
    query = (
        sa.select(Edition.id, Edition.slug, Edition.title, Edition.fields, Administration.name)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .join(Administration, Administration.id == Article.lead_administration_id)
        .where(Article.state == ArticleState.LIVE)
    )
    if PortalRole.PORTAL_EDITOR not in actor.roles:
        query = query.where(Article.lead_administration_id.in_(actor.reviewer_of))
    said = shown.said_exact()
    today, found = queries.today(), []
    for edition_id, slug, title, fields, office in session().execute(query):
        until = said.get(edition_id) or shown.review_date(fields)
        if until is not None and until <= today + SOON:
            found.append(
                ToVerify(
                    title=title,
                    address=addresses.article(slug),
                    life=addresses.life(slug),
                    office=office,
                    until=until,
                    is_overdue=until < today,
                )
            )
    return sorted(found, key=lambda one: (one.until, one.title))


def drafts_under_way(actor: Actor, article: Article) -> list[tuple[int, str]]:
    """Drafts of an article that somebody is writing and this person may read: (id, title)."""
    rows = session().scalars(
        sa.select(Draft)
        .where(Draft.article_id == article.id, Draft.trashed_at.is_(None), Draft.stage != Stage.PUBLISHED)
        .order_by(Draft.id.desc())
    )
    return [(draft.id, draft.title) for draft in rows if Act.DRAFT_READ in acts_for(actor, draft)]


def changes_since(article_id: int) -> list[tuple[datetime, date]]:
    """When a page was found exact without a change, and until when: what its public history shows."""
    return [
        (act.at, act.review_date)
        for act in acts_of(article_id)
        if act.deed is Fate.STILL_EXACT and act.review_date is not None
    ]
