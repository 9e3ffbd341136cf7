"""What an administration's pages do for their readers, and what the portal lacks: for the agents who write them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.db import session
from app.directory.models import Administration
from drafts import vocabulary
from drafts.findings import Code
from drafts.grammar import blocks, inline_text
from drafts.models import Article, ArticleState
from drafts.part_checks import check_parts
from drafts.review_models import Revision
from publish import (
    addresses,
    figure_sources,  # noqa: F401 - registers what is counted here
    figure_voices,  # noqa: F401 - registers what is counted there
    plain_figures,
    shown,
)
from publish.figures import Figure, called, figures
from publish.models import Edition
from publish.plain_figures import Month
from publish.queries import Card, live_cards, today

MOST_LISTED = 10
# What is asked for everywhere comes first; a page of them is enough to begin with.
MOST_DOCUMENTS = 30


@dataclass(frozen=True)
class Line:
    """A live page of the administration, with its figures and its review date."""

    title: str
    life: str
    reads: Figure
    helped: Figure
    until: date | None


@dataclass(frozen=True)
class Dashboard:
    office: str
    articles: int
    mondays: tuple[date, ...]
    figures: tuple[Figure, ...]
    most_read: tuple[Line, ...]
    # Those of which enough readers have said whether they helped, the least helpful first.
    least_helped: tuple[Line, ...]
    past_review: tuple[Line, ...]
    # How plain its texts were, month by month.
    plain: tuple[Month, ...]


def dashboard(administration_id: int) -> Dashboard:
    """The pages an administration is competent for."""
    counted = figures()
    mine = [
        card
        for card in live_cards()
        if administration_id in counted.competent.get(card.article_id, frozenset())
    ]
    exact = shown.said_exact([card.edition_id for card in mine])
    lines = [_line(card, counted.of_article(card.article_id), exact.get(card.edition_id)) for card in mine]
    answered = [line for line in lines if line.helped.value is not None]
    late = [line for line in lines if line.until is not None and line.until < today()]
    return Dashboard(
        office=session().get_one(Administration, administration_id).name,
        articles=len(mine),
        mondays=counted.period.mondays,
        figures=counted.of_administration(administration_id),
        most_read=tuple(
            sorted((line for line in lines if line.reads.value), key=lambda line: -(line.reads.value or 0))
        )[:MOST_LISTED],
        least_helped=tuple(sorted(answered, key=lambda line: line.helped.value or 0))[:MOST_LISTED],
        past_review=tuple(sorted(late, key=lambda line: line.until or date.max)),
        plain=plain_figures.months(administration_id),
    )


def _line(card: Card, found: tuple[Figure, ...], exact: date | None) -> Line:
    return Line(
        card.title,
        addresses.life(card.slug),
        called("reads", found),
        called("helped", found),
        exact or shown.review_date(card.fields),
    )


@dataclass(frozen=True)
class Page:
    title: str
    address: str
    office: str


@dataclass(frozen=True)
class Wanted:
    """A document that several administrations ask for, in their words, and where."""

    words: str
    offices: tuple[str, ...]
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Gaps:
    # Pages with a text for each territory that lack one, with what is missing in words.
    territories: tuple[tuple[Page, str], ...]
    documents: tuple[Wanted, ...]


def gaps() -> Gaps:
    """What is missing, or asked twice, over all live pages."""
    rows = session().execute(
        sa.select(Edition.title, Edition.slug, Administration.name, Edition.fields, Revision.tree)
        .join(Revision, Revision.id == Edition.revision_id)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .join(Administration, Administration.id == Article.lead_administration_id)
        .where(Article.state == ArticleState.LIVE)
        .order_by(Edition.title, Edition.id)
    )
    territories: list[tuple[Page, str]] = []
    asked: defaultdict[str, list[tuple[str, Page]]] = defaultdict(list)
    for title, slug, office, fields, tree in rows:
        page = Page(title, addresses.article(slug), office)
        listed = [one for one in fields.get("territories") or () if one in vocabulary.territories()]
        territories += [
            (page, finding.message)
            for finding in check_parts(tree, listed)
            if finding.code is Code.TERRITORY_MISSING
        ]
        for words in _documents(tree):
            asked[words.casefold()].append((words, page))
    return Gaps(tuple(territories), tuple(_by_several(asked)))


def _documents(tree: list[Any]) -> Iterator[str]:
    """The lines of « pièces à fournir », without what ends them."""
    for block in blocks(tree):
        if block["type"] == "documents":
            for inner in blocks([block]):
                if inner["type"] == "paragraph" and (
                    words := inline_text(inner).strip(" \u00a0\u202f;.,:\n")
                ):
                    yield words


def _by_several(asked: dict[str, list[tuple[str, Page]]]) -> list[Wanted]:
    found = []
    for entries in asked.values():
        pages = tuple(dict.fromkeys(page for _words, page in entries))
        offices = tuple(sorted({page.office for page in pages}))
        if len(offices) > 1:
            found.append(Wanted(entries[0][0], offices, pages))
    found.sort(key=lambda one: (-len(one.offices), -len(one.pages), one.words))
    return found[:MOST_DOCUMENTS]
