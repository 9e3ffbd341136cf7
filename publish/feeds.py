"""Machine readings of the public side: site map, Atom, robots, security contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.sax.saxutils import escape, quoteattr  # nosec B406 # it writes, and reads nothing

from app import clock
from app.extensions import gettext as _
from publish import addresses
from publish.queries import Card

# A reader's feed program looks far more often than thirty articles appear.
ATOM_ENTRIES = 30
# Characters that XML 1.0 cannot carry at all, even escaped.
_NOT_XML = {code: None for code in range(0x20) if code not in (0x9, 0xA, 0xD)} | {0xFFFE: None, 0xFFFF: None}


def _text(value: str) -> str:
    return escape(value.translate(_NOT_XML))


def sitemap(public_url: str, paths: Mapping[str, Card | None]) -> str:
    """Sitemap 0.9 of the pages people read."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
    ]
    for path, card in paths.items():
        changed = f"<lastmod>{card.published_at.date().isoformat()}</lastmod>" if card is not None else ""
        lines.append(f"<url><loc>{_text(public_url + path)}</loc>{changed}</url>")
    return "\n".join([*lines, "</urlset>", ""])


@dataclass(frozen=True)
class Entry:
    """One piece of news of a feed. `fragment` tells it from others about the same page."""

    path: str
    fragment: str
    title: str
    at: datetime
    summary: str


def entry_of(card: Card) -> Entry:
    """An edition is one entry: a new one of the same article is news again."""
    return Entry(addresses.article(card.slug), str(card.number), card.title, card.published_at, card.lead)


def atom(
    public_url: str, entries: Sequence[Entry], path: str = "/atom.xml", title: str = "", about: str = "/"
) -> str:
    """An Atom feed (RFC 4287) that stands at `path` and is about the page `about`. `entries` come newest first."""
    newest = entries[:ATOM_ENTRIES]
    updated = newest[0].at if newest else clock.now()
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">',
        f"<id>{_text(public_url + path)}</id>",
        f"<title>{_text(title or _('Open Lab : les fiches publiées'))}</title>",
        f"<updated>{updated.strftime('%Y-%m-%dT%H:%M:%SZ')}</updated>",
        f"<author><name>{_text(_('Les administrations de l’Open Lab'))}</name></author>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(public_url + path)}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(public_url + about)}/>',
    ]
    for entry in newest:
        address = public_url + entry.path
        lines += [
            "<entry>",
            f"<id>{_text(address)}#{_text(entry.fragment)}</id>",
            f"<title>{_text(entry.title)}</title>",
            f"<updated>{entry.at.strftime('%Y-%m-%dT%H:%M:%SZ')}</updated>",
            f'<link rel="alternate" type="text/html" href={quoteattr(address)}/>',
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
