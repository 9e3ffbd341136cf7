"""What the page of an article says, for its template."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from drafts import vocabulary
from drafts.outline import outline
from publish import (
    addresses,
    comment_queries,
    glossary_page,
    queries,
    sharing,
    structured,
    territories,
    voice_queries,
)
from publish.queries import Card

# A text of two parts is seen at a glance; from three on, a list of them saves scrolling.
FEWEST_HEADINGS = 3
_LEAD = re.compile(r'<p class="lead"[^>]*>.*?</p>', re.DOTALL)


def words(card: Card, public_url: str, territory: str = "") -> dict[str, Any]:
    """What the template of an article says; `territory`: of what is for that one."""
    reading = queries.reading(card, territory=territory)
    lead, rest = parted(reading.body)
    return {
        "it": reading,
        "lead": lead,
        "body": rest,
        "steps": [(theme.title, addresses.theme(theme.slug)) for theme in reading.themes[:1]],
        "contents": headings(reading.tree),
        "overdue": _overdue(reading),
        "faq": structured.questions(reading.tree),
        "explained": glossary_page.explained(reading.tree),
        "history": addresses.history(card.slug),
        "voice": voice_queries.counts_of(card.article_id),
        "heard": comment_queries.heard(card.article_id),
        "share": sharing.share(card.article_id, card.title, public_url),
        "territories": [] if territory else territories.named(reading.tree),
        "territory": vocabulary.territories().get(territory, ""),
    }


def parted(body: str) -> tuple[Markup, Markup]:
    """The lead, and the rest: between them stands the list of what is on the page. Nothing is lost or moved."""
    match = _LEAD.match(body)
    cut = match.end() if match is not None else 0
    return Markup(body[:cut]), Markup(body[cut:])  # noqa: S704 # nosec B704 # made by drafts.render at publication


def _overdue(reading: queries.Reading) -> bool:
    return reading.review_date is not None and reading.review_date < queries.today()


def headings(tree: list[Any]) -> list[tuple[str, str]]:
    """(anchor, words) of the headings of level 2, when there are enough to need a list."""
    found = [(line.id, line.text) for line in outline(tree) if line.level == 2 and line.id]
    return found if len(found) >= FEWEST_HEADINGS else []
