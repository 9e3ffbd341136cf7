"""How lists of articles are arranged: by theme, and by whom they are for."""

from __future__ import annotations

from collections.abc import Sequence

from app.directory import catalogue
from drafts import vocabulary
from publish import addresses, queries
from publish.queries import Card, SubjectKind


def audiences(cards: Sequence[Card]) -> list[tuple[str, str, int]]:
    """(last part of the address, name, how many articles) of whom there is something for."""
    names = vocabulary.audiences()
    counts = [
        (slug, sum(word in card.listed("audiences") for card in cards))
        for slug, word in addresses.AUDIENCES.items()
    ]
    return [(slug, names[addresses.AUDIENCES[slug]], count) for slug, count in counts if count]


def by_theme(cards: Sequence[Card]) -> tuple[list[tuple[queries.Subject, list[Card]]], list[Card]]:
    """Articles under their first theme, in the order of their titles; and those that have none."""
    cards = sorted(cards, key=lambda card: catalogue.sort_key(card.title))
    themes = queries.subjects(SubjectKind.THEME, cards)
    under = [(theme, [card for card in cards if theme.slug in card.listed("themes")[:1]]) for theme in themes]
    placed = {card.slug for _theme, inside in under for card in inside}
    return [(theme, inside) for theme, inside in under if inside], [
        card for card in cards if card.slug not in placed
    ]
