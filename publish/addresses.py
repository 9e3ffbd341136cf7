"""The public addresses: which path is which page. One table, read by the renderer, the routes and the feeds."""

from __future__ import annotations

import re
from enum import StrEnum

SLUG = r"[a-z0-9](?:[a-z0-9-]{0,118}[a-z0-9])?"


class Kind(StrEnum):
    HOME = "home"
    ARTICLE = "article"
    HISTORY = "history"
    THEME = "theme"
    LIFE_EVENT = "life_event"
    ADMINISTRATIONS = "administrations"
    ADMINISTRATION = "administration"
    SERVICES = "services"
    SITE_MAP = "site_map"
    ACCESSIBILITY = "accessibility"
    PRIVACY = "privacy"
    LEGAL = "legal"
    SITEMAP_XML = "sitemap_xml"
    ATOM = "atom"
    ROBOTS = "robots"


FIXED = {
    "/": Kind.HOME,
    "/administrations": Kind.ADMINISTRATIONS,
    "/demarches": Kind.SERVICES,
    "/plan-du-site": Kind.SITE_MAP,
    "/accessibilite": Kind.ACCESSIBILITY,
    "/donnees-personnelles": Kind.PRIVACY,
    "/mentions-legales": Kind.LEGAL,
    "/sitemap.xml": Kind.SITEMAP_XML,
    "/atom.xml": Kind.ATOM,
    "/robots.txt": Kind.ROBOTS,
}
_BY_SLUG = (
    (re.compile(rf"/fiches/({SLUG})"), Kind.ARTICLE),
    (re.compile(rf"/fiches/({SLUG})/historique"), Kind.HISTORY),
    (re.compile(rf"/themes/({SLUG})"), Kind.THEME),
    (re.compile(rf"/situations/({SLUG})"), Kind.LIFE_EVENT),
    (re.compile(rf"/administrations/({SLUG})"), Kind.ADMINISTRATION),
)


def understood(path: str) -> tuple[Kind, str] | None:
    """(kind, slug) of a path that may be a stored page; None for every other spelling, which is Flask's affair.

    Only exact, lower-case, unescaped paths match: what carries `\\`, `..`, `//` or a control character does not.
    """
    if path in FIXED:
        return FIXED[path], ""
    for pattern, kind in _BY_SLUG:
        if match := pattern.fullmatch(path):
            return kind, match.group(1)
    return None


def article(slug: str) -> str:
    return f"/fiches/{slug}"


def history(slug: str) -> str:
    return f"/fiches/{slug}/historique"


def theme(slug: str) -> str:
    return f"/themes/{slug}"


def life_event(slug: str) -> str:
    return f"/situations/{slug}"


def administration(slug: str) -> str:
    return f"/administrations/{slug}"
