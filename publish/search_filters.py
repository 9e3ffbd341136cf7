"""What a list of found articles may be narrowed by: theme, audience, administration, and what one can do there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from urllib.parse import urlencode

import sqlalchemy as sa

from app.db import session
from app.directory.catalogue import service_kinds, sort_key
from app.directory.models import Administration, OnlineService
from app.extensions import gettext as _
from drafts import vocabulary
from publish.queries import Card, competent_for

LONGEST_CHOICE = 120


@dataclass(frozen=True)
class Chosen:
    """The slug of one choice each, "" for all."""

    theme: str = ""
    public: str = ""
    administration: str = ""
    genre: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, name.name) for name in fields(self))

    def said(self) -> dict[str, str]:
        """The parameters of an address that asks for the same."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name)}


NONE_CHOSEN = Chosen()


@dataclass(frozen=True)
class Facet:
    """One list to choose from: (slug, label, how many of the found articles)."""

    name: str
    label: str
    options: tuple[tuple[str, str, int], ...]
    chosen: str


def chosen(given: Callable[[str], str]) -> Chosen:
    """What an address asks for; `given` answers with a parameter or ""."""
    return Chosen(**{one.name: given(one.name)[:LONGEST_CHOICE] for one in fields(Chosen)})


def address(query: str, wanted: Chosen = NONE_CHOSEN, page: int = 1, *, literally: bool = False) -> str:
    """The address of a list of results."""
    said = {"q": query, **wanted.said()}
    if literally:
        said["exact"] = "1"
    if page > 1:
        said["page"] = str(page)
    return f"/recherche?{urlencode(said)}"


def narrowed(cards: Sequence[Card], wanted: Chosen) -> tuple[list[Card], tuple[Facet, ...]]:
    """The cards that fit, in their order, and the lists to choose from. Each list counts what fits the other ones."""
    marks = _marks(cards)
    labels = _labels(marks)
    titles = {
        "theme": _("Thème"),
        "public": _("Public"),
        "administration": _("Administration"),
        "genre": _("Ce qu’on peut y faire"),
    }
    facets = []
    for name, label in titles.items():
        value = getattr(wanted, name)
        others = {other: slug for other, slug in wanted.said().items() if other != name}
        counts = Counter(
            slug
            for card in cards
            if _fits(marks[card.article_id], others)
            for slug in marks[card.article_id][name]
        )
        if value:
            # What was chosen stays in its list, were it only to be seen.
            counts.setdefault(value, 0)
        options = [(slug, labels[name].get(slug, slug), count) for slug, count in counts.items()]
        options.sort(key=lambda option: sort_key(option[1]))
        if len(options) > 1 or value:
            facets.append(Facet(name, label, tuple(options), value))
    said = wanted.said()
    return [card for card in cards if _fits(marks[card.article_id], said)], tuple(facets)


Marks = Mapping[str, frozenset[str]]


def _fits(marks: Marks, wanted: Mapping[str, str]) -> bool:
    return all(slug in marks[name] for name, slug in wanted.items())


def _marks(cards: Sequence[Card]) -> dict[int, Marks]:
    """{article: {filter: the slugs it has}}."""
    competent = competent_for([card.revision_id for card in cards])
    named = {slug for card in cards for slug in card.listed("services")}
    kinds = {
        slug: str(kind)
        for slug, kind in session().execute(
            sa.select(OnlineService.slug, OnlineService.kind).where(OnlineService.slug.in_(named))
        )
    }
    offices = {
        row.id: row.slug
        for row in session().execute(
            sa.select(Administration.id, Administration.slug).where(
                Administration.id.in_({one for ids in competent.values() for one in ids})
            )
        )
    }
    return {
        card.article_id: {
            "theme": frozenset(card.listed("themes")),
            "public": frozenset(card.listed("audiences")),
            "administration": frozenset(offices[one] for one in competent.get(card.revision_id, ())),
            "genre": frozenset(kinds[slug] for slug in card.listed("services") if slug in kinds),
        }
        for card in cards
    }


def _labels(marks: Mapping[int, Marks]) -> dict[str, dict[str, str]]:
    offices = {slug for one in marks.values() for slug in one["administration"]}
    names = session().execute(
        sa.select(Administration.slug, Administration.name).where(Administration.slug.in_(offices))
    )
    return {
        "theme": vocabulary.themes(),
        "public": vocabulary.audiences(),
        "administration": {row.slug: row.name for row in names},
        "genre": {str(kind): label for kind, label in service_kinds().items()},
    }
