"""Machine readings of the public side: site map, Atom, robots, security contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape, quoteattr  # nosec B406 # it writes, and reads nothing

import sqlalchemy as sa

from app import clock
from app.db import session
from app.extensions import gettext as _
from drafts import vocabulary
from publish import addresses, sharing
from publish.models import Edition
from publish.queries import Card
from publish.service_list import LICENCE

# A reader's feed program looks far more often than thirty articles appear.
ATOM_ENTRIES = 30
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
# What the protocol lets one file name; of more there is an index.
MOST_IN_A_MAP = 50_000
# The year in which the names of our news were first given; a tag URI carries it for ever.
TAGGED_SINCE = 2026
# Characters that XML 1.0 cannot carry at all, even escaped.
_NOT_XML = {code: None for code in range(0x20) if code not in (0x9, 0xA, 0xD)} | {0xFFFE: None, 0xFFFF: None}


def _clean(value: str) -> str:
    return value.translate(_NOT_XML)


def _text(value: str) -> str:
    return escape(_clean(value))


def _quoted(value: str) -> str:
    return quoteattr(_clean(value))


def sitemap(public_url: str, paths: Mapping[str, Card | None]) -> str:
    """Sitemap 0.9 of the pages people read; of more than one file may name, the index of the files that do."""
    if len(paths) <= MOST_IN_A_MAP:
        return _urls(public_url, list(paths.items()))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<sitemapindex xmlns="{SITEMAP}">']
    for number, part in enumerate(_parts(paths), start=1):
        moments = [card.published_at for _path, card in part if card is not None]
        changed = f"<lastmod>{_moment(max(moments))}</lastmod>" if moments else ""
        lines.append(
            f"<sitemap><loc>{_text(public_url + addresses.sitemap_part(number))}</loc>{changed}</sitemap>"
        )
    return "\n".join([*lines, "</sitemapindex>", ""])


def sitemap_part(public_url: str, paths: Mapping[str, Card | None], number: int) -> str | None:
    """One of the files that the index names; None when it names none of that number."""
    parts = _parts(paths) if len(paths) > MOST_IN_A_MAP else []
    return _urls(public_url, parts[number - 1]) if number <= len(parts) else None


def _parts(paths: Mapping[str, Card | None]) -> list[list[tuple[str, Card | None]]]:
    every = list(paths.items())
    return [every[start : start + MOST_IN_A_MAP] for start in range(0, len(every), MOST_IN_A_MAP)]


def _urls(public_url: str, paths: Sequence[tuple[str, Card | None]]) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<urlset xmlns="{SITEMAP}">']
    for path, card in paths:
        changed = f"<lastmod>{_moment(card.published_at)}</lastmod>" if card is not None else ""
        lines.append(f"<url><loc>{_text(public_url + path)}</loc>{changed}</url>")
    return "\n".join([*lines, "</urlset>", ""])


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Entry:
    """One piece of news of a feed. `key` names it for ever, whatever address the page has by then."""

    path: str
    key: str
    title: str
    at: datetime
    summary: str
    authors: tuple[str, ...] = ()
    # (slug, name) of the themes it is about.
    themes: tuple[tuple[str, str], ...] = ()


def entries_of(cards: Sequence[Card]) -> list[Entry]:
    """The first of these, as many as a feed holds. An edition is one entry: a new one of the same article is news again."""
    first = cards[:ATOM_ENTRIES]
    written: dict[int, list[Any]] = dict(
        session()
        .execute(sa.select(Edition.id, Edition.credits).where(Edition.id.in_([one.edition_id for one in first])))
        .all()
    )  # fmt: skip
    return [
        Entry(
            addresses.article(card.slug),
            edition_key(card.article_id, card.number),
            card.title,
            card.published_at,
            card.lead,
            authors_of(written.get(card.edition_id, [])),
            themes_of(card.fields),
        )
        for card in first
    ]


def edition_key(article_id: int, number: int) -> str:
    return f"fiche-{sharing.code_of(article_id)}-version-{number}"


def authors_of(credits: Sequence[Any]) -> tuple[str, ...]:
    """The administrations that wrote an edition; no person is named."""
    return tuple(str(entry["name"]) for entry in credits if entry.get("name"))


def themes_of(fields: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    names = vocabulary.themes()
    slugs = [slug for slug in fields.get("themes") or () if isinstance(slug, str)]
    return tuple((slug, names.get(slug, slug)) for slug in slugs)


def tag(public_url: str, key: str) -> str:
    """A tag URI (RFC 4151): it names a thing of ours and stays when the address of its page does not."""
    return f"tag:{urlsplit(public_url).hostname},{TAGGED_SINCE}:{quote(key, safe='/-._')}"


def atom(
    public_url: str,
    entries: Sequence[Entry],
    path: str = "/atom.xml",
    title: str = "",
    about: str = "/",
    *,
    number: int = 1,
    more: bool = False,
) -> str:
    """An Atom feed (RFC 4287) that stands at `path` and is about the page `about`. `entries` come newest first; they are
    those of the page `number`, behind which there are `more` or not (RFC 5005)."""
    newest = entries[:ATOM_ENTRIES]

    def page(at: int) -> str:
        return quoteattr(public_url + path + (f"?page={at}" if at > 1 else ""))

    updated = newest[0].at if newest else clock.now()
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">',
        f"<id>{_text(tag(public_url, 'fil' + path))}</id>",
        f"<title>{_text(title or _('Open Lab : les fiches publiées'))}</title>",
        f"<updated>{_moment(updated)}</updated>",
        f"<author><name>{_text(_('Les administrations de l’Open Lab'))}</name></author>",
        f"<rights>{_text(LICENCE)}</rights>",
        f'<link rel="self" type="application/atom+xml" href={page(number)}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(public_url + about)}/>',
        *([f'<link rel="first" href={page(1)}/>'] if more or number > 1 else []),
        *([f'<link rel="previous" href={page(number - 1)}/>'] if number > 1 else []),
        *([f'<link rel="next" href={page(number + 1)}/>'] if more else []),
    ]
    for entry in newest:
        lines += [
            "<entry>",
            f"<id>{_text(tag(public_url, entry.key))}</id>",
            f"<title>{_text(entry.title)}</title>",
            f"<updated>{_moment(entry.at)}</updated>",
            *(f"<author><name>{_text(name)}</name></author>" for name in entry.authors),
            *(
                f"<category term={_quoted(slug)} scheme={quoteattr(public_url + '/#themes')} "
                f"label={_quoted(name)}/>"
                for slug, name in entry.themes
            ),
            f'<link rel="alternate" type="text/html" href={quoteattr(public_url + entry.path)}/>',
            f"<summary>{_text(entry.summary)}</summary>",
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>", ""])


def robots(public_url: str) -> str:
    closed = (
        "/connexion",
        "/espace",
        "/expertise",
        "/labs",
        "/brouillons",
        "/moderation",
        "/tableau-de-bord",
        "/admin",
        "/recherche",
        "/aller",
    )
    return "\n".join(
        ["User-agent: *", *(f"Disallow: {path}" for path in closed), f"Sitemap: {public_url}/sitemap.xml", ""]
    )


def security(public_url: str, contact: str) -> str:
    """security.txt (RFC 9116). It expires in six months, counted from the month's first day so that it stays put."""
    first = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return "\n".join(
        [
            f"Contact: mailto:{contact}",
            f"Expires: {(first + timedelta(days=180)).strftime('%Y-%m-%dT%H:%M:%SZ')}",
            "Preferred-Languages: fr, en",
            f"Canonical: {public_url}/.well-known/security.txt",
            "",
        ]
    )
