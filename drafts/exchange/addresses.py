"""Addresses of links that come in from outside: the grammar's schemes, and no trick."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from app.markup import safe_href
from drafts.grammar import GRAMMAR

_FORBIDDEN = re.compile(r'[\x00-\x20\x7f-\xa0\\<>"]')
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_SCHEMES = frozenset({"https", "http", "mailto", "tel"})
# The longest address the grammar bears.
LONGEST = GRAMMAR.marks["link"]["href"].longest


def address(raw: str | None) -> str | None:
    """The address as a text may hold it, or None. What a page of Google wraps around it is taken off."""
    href = _unwrapped((raw or "").strip())
    if not href or len(href) > LONGEST or _FORBIDDEN.search(href):
        return None
    scheme = _SCHEME.match(href)
    if scheme is None or scheme[1].lower() not in _SCHEMES:
        return None
    return safe_href(href)


def _unwrapped(href: str) -> str:
    """Google Docs writes each link of an export as a redirection through its own site."""
    if not href.startswith(("https://www.google.com/url?", "http://www.google.com/url?")):
        return href
    try:
        wanted = parse_qs(urlsplit(href).query).get("q", [""])
    except ValueError:
        return href
    return wanted[0] or href
