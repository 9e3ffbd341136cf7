"""Where texts lead to, and which of these addresses do not answer now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from app.db import session
from drafts.grammar import Tree
from drafts.review_models import Revision
from publish.models import CheckedLink, LinkState


def links_of(tree: Tree) -> list[str]:
    """Every address that a text leads to, in no particular order."""
    found: list[str] = []
    stack: list[dict[str, Any]] = list(tree)
    while stack:
        node = stack.pop()
        if node["type"] == "legal" and (href := node.get("attrs", {}).get("href")):
            found.append(href)
        for mark in node.get("marks", ()):
            # Words that have lost their address are words; the page shows them so.
            if mark["type"] == "link" and (href := mark.get("attrs", {}).get("href")):
                found.append(href)
        stack.extend(node.get("content", ()))
    return found


def digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def broken_among(urls: Iterable[str]) -> frozenset[str]:
    """Those of these addresses that are broken now."""
    keys = {digest(url): url for url in urls}
    rows = session().scalars(
        sa.select(CheckedLink.digest).where(
            CheckedLink.digest.in_(keys), CheckedLink.state == LinkState.BROKEN
        )
    )
    return frozenset(keys[key] for key in rows)


def links_since(revision: Revision) -> tuple[tuple[str, ...], int]:
    """Of the addresses a frozen text leads to: those that do not answer now, and how many nobody has looked at since."""
    urls = [url for url in dict.fromkeys(links_of(revision.tree)) if on_the_web(url)]
    rows = {
        row.digest: row
        for row in session().scalars(
            sa.select(CheckedLink).where(CheckedLink.digest.in_([digest(url) for url in urls]))
        )
    }
    seen = {url: rows.get(digest(url)) for url in urls}
    down = tuple(
        url
        for url, row in seen.items()
        if row is not None and row.state in (LinkState.BROKEN, LinkState.FAILING)
    )
    unchecked = sum(
        row is None or row.checked_at is None or row.checked_at < revision.created_at for row in seen.values()
    )
    return down, unchecked


def on_the_web(url: str) -> bool:
    """Whether it is the address of a web page, and no telephone number or mailbox."""
    return url.lower().startswith(("http://", "https://"))
