"""The list of online services: narrowed as somebody asks, and whole as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import sqlalchemy as sa

from app.db import session
from app.directory import catalogue
from app.directory.catalogue import Service
from app.directory.models import Administration, Login, OnlineService, ServiceKind, service_owner
from app.extensions import gettext as _
from drafts import vocabulary
from publish import addresses
from publish.queries import live_cards, with_link_state

LICENCE = "Licence Ouverte 2.0"
# Longer than any slug: what is longer is no choice of ours.
LONGEST_CHOICE = 120
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Asked:
    """One choice of each list, "" for all. The names are those of the address."""

    theme: str = ""
    genre: str = ""
    administration: str = ""
    compte: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))


ALL = Asked()
NAMES = tuple(one.name for one in fields(Asked))


@dataclass(frozen=True)
class Facet:
    """One list to choose from: (value, words)."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True)
class Listing:
    """Services under their first letters, and what the list may be narrowed by."""

    letters: dict[str, list[Service]]
    count: int
    facets: tuple[Facet, ...]
    is_narrowed: bool


def asked(given: Callable[[str], str]) -> Asked:
    """What an address asks for; `given` answers with a parameter or ""."""
    return Asked(**{name: given(name)[:LONGEST_CHOICE] for name in NAMES})


def listing(wanted: Asked = ALL) -> Listing:
    """The services that fit. A choice that does not exist fits none."""
    by_theme = _by_theme()
    letters: dict[str, list[Service]] = {}
    found = with_link_state(catalogue.services(_where(wanted, by_theme)))
    for service in found:
        letter = catalogue.sort_key(service.title)[:1].upper()
        letters.setdefault(letter if letter.isalpha() else "0-9", []).append(service)
    return Listing(letters, len(found), _facets(wanted, by_theme), bool(wanted))


def _by_theme() -> dict[str, set[str]]:
    """{theme: services} of the articles that lead to them: a service is about what its articles are about."""
    found: dict[str, set[str]] = {}
    for card in live_cards():
        for theme in card.listed("themes"):
            found.setdefault(theme, set()).update(card.listed("services"))
    return found


def _where(wanted: Asked, by_theme: dict[str, set[str]]) -> sa.ColumnElement[bool] | None:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.theme:
        conditions.append(OnlineService.slug.in_(by_theme.get(wanted.theme, ())))
    # Compared as words: a value that the enumeration does not know is a choice that fits nothing, not an error.
    if wanted.genre:
        conditions.append(sa.cast(OnlineService.kind, sa.String) == wanted.genre)
    if wanted.compte:
        conditions.append(sa.cast(OnlineService.login, sa.String) == wanted.compte)
    if wanted.administration:
        conditions.append(OnlineService.owners.any(Administration.slug == wanted.administration))
    return sa.and_(*conditions) if conditions else None


def _facets(wanted: Asked, by_theme: dict[str, set[str]]) -> tuple[Facet, ...]:
    """Only what at least one service has is there to be chosen."""
    rows = (
        session()
        .execute(
            sa.select(OnlineService.slug, OnlineService.kind, OnlineService.login).where(
                OnlineService.withdrawn_at.is_(None)
            )
        )
        .all()
    )
    slugs = {row.slug for row in rows}
    kinds: set[ServiceKind] = {row.kind for row in rows}
    ways: set[Login] = {row.login for row in rows}
    titles = vocabulary.themes()
    owners = session().execute(
        sa.select(Administration.slug, Administration.name).where(
            Administration.id.in_(sa.select(service_owner.c.administration_id))
        )
    )
    return (
        Facet(
            "theme", _("Thème"), tuple((slug, titles[slug]) for slug in titles if by_theme.get(slug, set()) & slugs),
            wanted.theme,
        ),
        Facet(
            "genre", _("Ce qu’on peut y faire"),
            tuple((str(kind), words) for kind, words in catalogue.service_kinds().items() if kind in kinds),
            wanted.genre,
        ),
        Facet(
            "administration", _("Administration"),
            tuple(sorted(((row.slug, row.name) for row in owners), key=lambda one: catalogue.sort_key(one[1]))),
            wanted.administration,
        ),
        Facet(
            "compte", _("Compte nécessaire"),
            tuple((str(way), words) for way, words in catalogue.logins().items() if way in ways),
            wanted.compte,
        ),
    )  # fmt: skip


def table(public_url: str) -> str:
    """All services as CSV (RFC 4180) under an open licence; the mark at its head tells spreadsheets of UTF-8."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(
        ["identifiant", "intitule", "type", "compte", "administrations", "adresse", "page", "resume", "indisponibilite",
         "guichet", "commune_du_guichet", "telephone_du_guichet", "licence"]
    )  # fmt: skip
    for one in with_link_state(catalogue.services()):
        desk = one.desk
        rows.writerow(
            harmless(
                [one.slug, one.title, one.kind, one.login, " | ".join(office.name for office in one.offices),
                 one.href or "", public_url + addresses.opening(one.slug) if one.href else "", one.summary, one.outage,
                 desk.name if desk else "", desk.commune if desk else "", desk.phone if desk else "", LICENCE]
            )
        )  # fmt: skip
    return "\ufeff" + written.getvalue()


def harmless(cells: Sequence[str]) -> list[str]:
    """A cell that a spreadsheet would work out begins with an apostrophe, which it shows as text."""
    return [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
