"""Machine readings of the public side: site map, Atom, robots, security contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from xml.sax.saxutils import escape, quoteattr

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


def atom(public_url: str, cards: Sequence[Card]) -> str:
    """The newest editions as an Atom feed (RFC 4287). `cards` come newest first."""
    newest = cards[:ATOM_ENTRIES]
    updated = newest[0].published_at if newest else clock.now()
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">',
        f"<id>{_text(public_url)}/atom.xml</id>",
        f"<title>{_text(_('Open Lab : les fiches publiées'))}</title>",
        f"<updated>{updated.strftime('%Y-%m-%dT%H:%M:%SZ')}</updated>",
        f"<author><name>{_text(_('Les administrations de l’Open Lab'))}</name></author>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(public_url + "/atom.xml")}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(public_url + "/")}/>',
    ]
    for card in newest:
        address = public_url + addresses.article(card.slug)
        lines += [
            "<entry>",
            # An edition is one entry: a new one of the same article is news again.
            f"<id>{_text(address)}#{card.number}</id>",
            f"<title>{_text(card.title)}</title>",
            f"<updated>{card.published_at.strftime('%Y-%m-%dT%H:%M:%SZ')}</updated>",
            f'<link rel="alternate" type="text/html" href={quoteattr(address)}/>',
            f"<summary>{_text(card.lead)}</summary>",
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
