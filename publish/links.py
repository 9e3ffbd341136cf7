"""The links of live pages and of the directory, looked at once a day, politely; who answers for them is told.

A look is made outside any transaction by a few threads that touch no database (`Round`); what it found is written by
who asked for it. One failure says nothing: a link is broken when it fails again some time later.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from app import clock, events
from app.db import session
from app.directory.models import OnlineService
from drafts.models import Article, ArticleState
from drafts.review_events import RevisionSubmitted
from drafts.review_models import OpenReview, Revision
from publish import link_mail, store
from publish.events import EditionPublished
from publish.fetching import Inside, Seen, Unreachable, Way, look
from publish.link_state import digest, links_of, on_the_web
from publish.models import CheckedLink, Edition, LinkState

DAILY = timedelta(days=1)
# After a failure it is asked again so much later, and broken if it fails then: a restart takes minutes, not an hour.
AGAIN = timedelta(hours=1)
# The same host is asked at most once in so many seconds, and so many hosts at once.
HOST_SECONDS = 5.0
AT_ONCE = 4
# These say that something is there: a door, a teapot, "not so fast" (RFC 9110, RFC 6585).
BEHIND_A_DOOR = frozenset({401, 403, 405, 406, 429})


def _on_the_web(urls: Iterable[str]) -> list[str]:
    """Each of the addresses once, without those that are no web pages."""
    return [url for url in dict.fromkeys(urls) if on_the_web(url)]


def live_links() -> dict[str, list[int]]:
    """Every address that the public is led to, with the articles that lead there (none: only the directory does)."""
    found: dict[str, list[int]] = {}
    rows = session().execute(
        sa.select(Article.id, Revision.tree)
        .join(Revision, Revision.id == Article.shown_revision_id)
        .where(Article.state == ArticleState.LIVE)
        .order_by(Article.id)
    )
    for article_id, tree in rows:
        for url in _on_the_web(links_of(tree)):
            found.setdefault(url, []).append(article_id)
    for url in _of_directory():
        found.setdefault(url, [])
    return found


def _under_review() -> list[str]:
    """What the texts whose review is open lead to: who publishes them wants to know whether it is there."""
    trees = session().scalars(
        sa.select(Revision.tree).join(OpenReview, OpenReview.revision_id == Revision.id)
    )
    return _on_the_web(url for tree in trees for url in links_of(tree))


def _of_directory() -> list[str]:
    return _on_the_web(
        session().scalars(sa.select(OnlineService.url).where(OnlineService.withdrawn_at.is_(None)))
    )


def take_stock() -> int:
    """Begin to watch what is new on live pages, and forget what no page leads to any more. Returns how many there are."""
    wanted = {digest(url): url for url in [*live_links(), *_under_review()]}
    _watch(wanted.values())
    for key in set(session().scalars(sa.select(CheckedLink.digest))) - wanted.keys():
        session().execute(sa.delete(CheckedLink).where(CheckedLink.digest == key))
    return len(wanted)


def _watch(urls: Iterable[str]) -> None:
    """Look at these as soon as may be, those that are not watched yet."""
    wanted = {digest(url): url for url in urls}
    known = set(session().scalars(sa.select(CheckedLink.digest).where(CheckedLink.digest.in_(wanted))))
    for key in wanted.keys() - known:
        session().add(CheckedLink(digest=key, url=wanted[key], due_at=clock.now()))
    session().flush()


@events.on(EditionPublished, "publish.watch_links")
def _watch_links(news: EditionPublished) -> None:
    """What one edition brings; to read all live pages again for each would cost the more the more there are."""
    tree = session().get_one(Edition, news.edition_id).revision.tree
    _watch([*_on_the_web(links_of(tree)), *_of_directory()])


@events.on(RevisionSubmitted, "publish.look_at_links")
def _look_again(news: RevisionSubmitted) -> None:
    """Links are looked at again once a text is frozen, before somebody publishes it."""
    urls = _on_the_web(links_of(session().get_one(Revision, news.revision_id).tree))
    _watch(urls)
    session().execute(
        sa.update(CheckedLink)
        .where(CheckedLink.digest.in_([digest(url) for url in urls]), CheckedLink.due_at > clock.now())
        .values(due_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def due(limit: int = 100) -> list[str]:
    """The addresses whose turn it is, the longest waiting first."""
    return list(
        session().scalars(
            sa.select(CheckedLink.url)
            .where(CheckedLink.due_at <= clock.now())
            .order_by(CheckedLink.due_at, CheckedLink.digest)
            .limit(limit)
        )
    )


@dataclass(frozen=True)
class Found:
    """What a look came to."""

    url: str
    is_there: bool
    said: str

    @property
    def is_cut_off(self) -> bool:
        """Whether it would look the same if this server had no way out."""
        return self.said in ("name", "connect", "slow")


def looked(url: str, look: Callable[[str], Seen]) -> Found:
    """One look, put into words. Touches no database."""
    try:
        seen = look(url)
    except Inside:
        return Found(url, False, "inside")
    except Unreachable as reason:
        return Found(url, False, str(reason))
    return Found(url, seen.status < 400 or seen.status in BEHIND_A_DOOR, str(seen.status))


def note(found: Found) -> None:
    """Write down what a look found; when a link breaks or heals, pages say so and who answers for it is told.

    Where nobody answers at all and nobody else has lately, it is this server that is cut off: nothing was learnt.
    """
    row = session().get(CheckedLink, digest(found.url), with_for_update=True)
    if row is None:
        return
    before, now = row.state, clock.now()
    if found.is_cut_off and not _somebody_answered(but=row.digest):
        row.due_at = now + AGAIN
        return
    row.checked_at, row.said = now, found.said
    if found.is_there:
        row.state, row.failing_since, row.due_at = LinkState.FINE, None, now + DAILY
    elif before in (LinkState.FAILING, LinkState.BROKEN):
        row.state, row.due_at = LinkState.BROKEN, now + DAILY
    else:
        row.state, row.failing_since, row.due_at = LinkState.FAILING, now, now + AGAIN
    session().flush()
    if (before is LinkState.BROKEN) != (row.state is LinkState.BROKEN):
        store.invalidate()
        if row.state is LinkState.BROKEN:
            link_mail.broken(found.url, found.said, live_links().get(found.url, []))


def _somebody_answered(but: str) -> bool:
    """Whether any other address has answered within the time in which a failure is judged."""
    return (
        session().scalar(
            sa.select(CheckedLink.digest)
            .where(
                CheckedLink.digest != but,
                CheckedLink.checked_at > clock.now() - 2 * AGAIN,
                CheckedLink.said.regexp_match("^[0-9]"),
            )
            .limit(1)
        )
        is not None
    )


class Round:
    """Looks under way: so many at once, one host at a time and not too often. Of one process, in memory only."""

    @classmethod
    def as_portal(cls, public_url: str) -> Round:
        """Looks over the network, made by the portal under that address: sites may read who asks."""
        return cls(functools.partial(look, way=Way(about=public_url)))

    def __init__(self, look: Callable[[str], Seen]) -> None:
        self._look = look
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="links")
        self._under_way: dict[str, tuple[str, Future[Found]]] = {}
        self._last: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def urls(self) -> frozenset[str]:
        """What is being looked at."""
        return frozenset(self._under_way)

    def ask(self, urls: Iterable[str]) -> int:
        """Begin to look at those whose host may be asked now. Returns how many were begun."""
        begun, now = 0, time.monotonic()
        busy = {host for host, _future in self._under_way.values()}
        for url in urls:
            host = urlsplit(url).netloc.lower()
            if len(self._under_way) >= AT_ONCE:
                break
            if (
                url in self._under_way
                or host in busy
                or now - self._last.get(host, -HOST_SECONDS) < HOST_SECONDS
            ):
                continue
            self._under_way[url] = (host, self._pool.submit(looked, url, self._look))
            busy.add(host)
            begun += 1
        return begun

    def finished(self) -> list[Found]:
        """What has been found since the last question."""
        done = [(url, *entry) for url, entry in self._under_way.items() if entry[1].done()]
        for url, host, _future in done:
            del self._under_way[url]
            self._last[host] = time.monotonic()
        if len(self._last) > 10_000:
            self._last.clear()
        return [future.result() for _url, _host, future in done]

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
