"""/chiffres for people, as a table for spreadsheets and as JSON for programs: the same figures, renewed every hour."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.directory.catalogue import Office, office_of, places
from publish import (
    addresses,
    figure_sources,  # noqa: F401 - registers what is counted here
    figure_voices,  # noqa: F401 - registers what is counted there
    plain_figures,
    store,
)
from publish.figures import Figure, Figures, Level, called, figures
from publish.plain_figures import Month
from publish.queries import Card, live_cards
from publish.service_list import LICENCE, harmless

# The most read articles that the page lists; the table has them all.
MOST_LISTED = 20
PATHS = (addresses.FIGURES, addresses.FIGURES_CSV, addresses.COUNTS)


@dataclass(frozen=True)
class OfficeLine:
    """An administration, with how many live articles it is competent for."""

    office: Office
    articles: int
    figures: tuple[Figure, ...]

    def called(self, key: str) -> Figure:
        return called(key, self.figures)


@dataclass(frozen=True)
class ArticleLine:
    card: Card
    figures: tuple[Figure, ...]

    def called(self, key: str) -> Figure:
        return called(key, self.figures)


@dataclass(frozen=True)
class FigurePage:
    """What the page shows: the portal's figures, the administrations that answer for something, the most read articles."""

    mondays: tuple[date, ...]
    until: date
    portal: tuple[Figure, ...]
    articles: int
    offices: tuple[OfficeLine, ...]
    most_read: tuple[ArticleLine, ...]
    # How plain the texts are that were published, month by month.
    plain: tuple[Month, ...]


def figure_page() -> FigurePage:
    counted, cards = figures(), live_cards()
    by_reads = sorted(_articles(counted, cards), key=lambda line: -(line.called("reads").value or 0))
    return FigurePage(
        mondays=counted.period.mondays,
        until=counted.period.mondays[-1] + timedelta(days=6),
        portal=counted.of_portal(),
        articles=len(cards),
        offices=tuple(line for line in _offices(counted, cards) if _says_something(line)),
        most_read=tuple(line for line in by_reads if line.called("reads").value)[:MOST_LISTED],
        plain=plain_figures.months(),
    )


def _says_something(line: OfficeLine) -> bool:
    return bool(line.articles or any(figure.value for figure in line.figures))


def _offices(counted: Figures, cards: Sequence[Card]) -> list[OfficeLine]:
    """In alphabetical order."""
    competent = [counted.competent.get(card.article_id, frozenset()) for card in cards]
    return [
        OfficeLine(
            office_of(place),
            sum(place.id in ids for ids in competent),
            counted.of_administration(place.id),
        )
        for place in places()
    ]


def _articles(counted: Figures, cards: Sequence[Card]) -> list[ArticleLine]:
    return [ArticleLine(card, counted.of_article(card.article_id)) for card in cards]


def table() -> str:
    """Every figure as CSV (RFC 4180): a line for each week of the portal's and administrations', and one for the whole time
    of each article's. What too few answered is an empty cell."""
    counted, cards = figures(), live_cards()
    mondays = counted.period.mondays
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(
        [
            "niveau",
            "identifiant",
            "intitule",
            "chiffre",
            "libelle",
            "unite",
            "du",
            "semaines",
            "valeur",
            "licence",
        ]
    )

    def line(thing: tuple[str, str, str], figure: Figure, since: date, weeks: int, value: int | None) -> None:
        cells = [
            *thing,
            figure.key,
            figure.name,
            "%" if figure.is_share else "nombre",
            since.isoformat(),
            str(weeks),
        ]
        rows.writerow(harmless([*cells, "" if value is None else str(value), LICENCE]))

    things = [(("portail", "", "Portail"), counted.of_portal())]
    things += [
        (("administration", one.office.slug, one.office.name), one.figures)
        for one in _offices(counted, cards)
        if _says_something(one)
    ]
    for thing, found in things:
        for figure in found:
            for monday, value in zip(mondays, figure.weeks, strict=True):
                line(thing, figure, monday, 1, value)
    for one in _articles(counted, cards):
        for figure in one.figures:
            line(("fiche", one.card.slug, one.card.title), figure, mondays[0], len(mondays), figure.value)
    return "\ufeff" + written.getvalue()


def counts() -> str:
    """Every figure as JSON, as /api/v1/counts gives it."""
    counted, cards = figures(), live_cards()
    items = _items(Level.PORTAL, "", counted.of_portal(), weekly=True)
    for office in _offices(counted, cards):
        if _says_something(office):
            items += _items(Level.ADMINISTRATION, office.office.slug, office.figures, weekly=True)
    for one in _articles(counted, cards):
        items += _items(Level.ARTICLE, one.card.slug, one.figures, weekly=False)
    said = {
        "weeks": [monday.isoformat() for monday in counted.period.mondays],
        "licence": LICENCE,
        "items": items,
        "next": None,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _items(level: Level, slug: str, found: Sequence[Figure], *, weekly: bool) -> list[dict[str, Any]]:
    return [
        {
            "level": str(level),
            "slug": slug,
            "figure": figure.key,
            "name": figure.name,
            "unit": "percent" if figure.is_share else "number",
            "value": figure.value,
            **({"answers": figure.answers} if figure.is_share else {}),
            **({"weeks": figure.weeks} if weekly else {}),
        }
        for figure in found
    ]


def renew() -> None:
    """For the worker, once an hour: the next reader gets the figures of now."""
    for path in PATHS:
        store.touch(path)
