"""Stored pages that name wishes are made again when something is done to one."""

from __future__ import annotations

from app import events
from labs.wish_events import WishChanged
from publish import store

PAGES = ("/", "/sitemap.xml")


@events.on(WishChanged, "publish.pages_with_wishes")
def pages_again(_news: WishChanged) -> None:
    for path in PAGES:
        store.touch(path)
