"""How often articles are read: counted in memory where stored pages are answered, written down now and then.

A read costs one look at a word of the request and one addition. Every half minute, and at its end, a process adds what it has
counted to the table in one statement. Lost with a process that is killed is what it counted since. Nothing is known of who
read: no cookie, no address, no program, no hour.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import lru_cache

import sqlalchemy as sa

from app import clock
from app.db import insert, reading, session, unit_of_work
from app.errors import Unavailable
from publish.figure_models import ArticleRead
from publish.models import Address

log = logging.getLogger(__name__)
WRITE_EVERY_SECONDS = 30
# What programs that read for nobody say of themselves, in any case. People's browsers say none of these.
ROBOTS = (
    "bot", "crawl", "spider", "slurp", "scrap", "archiver", "preview", "facebookexternalhit", "monitor", "uptime",
    "headless", "lighthouse", "curl", "wget", "python-", "aiohttp", "go-http", "okhttp", "libwww", "java/", "feed",
)  # fmt: skip
# Programs name themselves within their first words; more of it is not looked at.
LONGEST_NAME = 300
# Counted here since the last writing: {slug: how often}.
_since: dict[str, int] = {}
# What could not be written yet: {(slug, day): how often}.
_waiting: Counter[tuple[str, date]] = Counter()


def note(slug: str, asked: Callable[[str, str], str]) -> None:
    """One article was sent, or was still good in the reader's copy (GET, 200 or 304). `asked(name, default)` gives the fields of
    the request's header."""
    # What is fetched before anybody has followed a link is read by nobody yet; the second name is that of older browsers.
    foretold = asked("sec-purpose", "") + asked("purpose", "")
    if is_person(asked("user-agent", "")[:LONGEST_NAME]) and "prefetch" not in foretold:
        _since[slug] = _since.get(slug, 0) + 1


@lru_cache(maxsize=2000)
def is_person(program: str) -> bool:
    """Whether somebody reads, by what the program that asks calls itself. One without a name is no browser."""
    name = program.lower()
    return bool(name) and not any(word in name for word in ROBOTS)


def write() -> int:
    """Add what was counted here to the table. Returns how many reads; what cannot be written now waits."""
    global _since
    counted, _since = _since, {}
    # A read of the last half minute of a day may count for the next one.
    today = clock.local(clock.now()).date()
    for slug, count in counted.items():
        _waiting[slug, today] += count
    if not _waiting:
        return 0
    # Taken out first: on a loop that others share, nobody writes the same twice.
    taken = dict(_waiting)
    _waiting.clear()
    try:
        with reading():
            articles = _articles({slug for slug, _day in taken})
        with unit_of_work():
            return _add(taken, articles)
    except Unavailable:
        _waiting.update(taken)
        log.warning("reads could not be written down; they wait")
        return 0


def _articles(slugs: set[str]) -> dict[str, int]:
    rows = session().execute(sa.select(Address.slug, Address.article_id).where(Address.slug.in_(slugs)))
    return dict(rows.all())


def _add(counted: dict[tuple[str, date], int], articles: dict[str, int]) -> int:
    rows: Counter[tuple[int, date]] = Counter()
    for (slug, day), count in counted.items():
        if slug in articles:
            rows[articles[slug], day] += count
    if rows:
        # In one order, so that two processes do not wait for one another.
        values = [
            {"article_id": article_id, "day": day, "count": count}
            for (article_id, day), count in sorted(rows.items())
        ]
        row = insert(ArticleRead).values(values)
        session().execute(
            row.on_conflict_do_update(
                index_elements=[ArticleRead.article_id, ArticleRead.day],
                set_={"count": ArticleRead.count + row.excluded.count},
            )
        )
    return sum(rows.values())
