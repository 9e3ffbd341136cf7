"""Stored pages: public pages kept as the bytes that are sent.

One row, under the empty path, holds the *epoch*. Whoever changes what pages show raises it in the transaction of
the change; a page is good while it carries the epoch's number. Whoever renders a page may keep it only if the
epoch is still the one from before they looked at the content, so a page made of old content can never be kept
over a publication, on either database. A page rendered again to the same bytes keeps its tag and date, so that
readers' copies stay good. And a process learns by one number whether anything it remembers may be old.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import brotli
import sqlalchemy as sa

from app import clock, events
from app.db import insert, session
from drafts.review_events import CompetencesChanged
from publish.models import StoredPage
from publish.voice_models import TouchedPage

EPOCH_PATH = ""
# The version of a page that is to be made again although the epoch stands.
STALE = -1
# Quality 6 of 11: 1 ms for a page of 25 kB, in a process where people type. 11 takes 29 ms and saves 8 % (measured).
BROTLI_QUALITY = 6
GZIP_LEVEL = 9


@dataclass(frozen=True)
class Page:
    """One public page, ready to be sent. `etag` is that of the uncompressed bytes, without quotes."""

    path: str
    status: int
    content_type: str
    body: bytes
    gzip: bytes
    brotli: bytes
    etag: str
    csp: str
    location: str
    modified_at: datetime
    # The answers that were made of it, by encoding; they go when the page goes.
    ready: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def size(self) -> int:
        # Heads of answers in three encodings, and what Python keeps beside them.
        return len(self.body) + len(self.gzip) + len(self.brotli) + 5000


def made(path: str, body: str, content_type: str, csp: str, *, status: int = 200, location: str = "") -> Page:
    """A page out of its text, with both compressed forms."""
    raw = body.encode()
    digest = hashlib.sha256(b"\x00".join([str(status).encode(), location.encode(), csp.encode(), raw]))
    return Page(
        path=path,
        status=status,
        content_type=content_type,
        body=raw,
        gzip=gzip.compress(raw, GZIP_LEVEL, mtime=0) if raw else b"",
        brotli=brotli.compress(raw, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY) if raw else b"",
        etag=digest.hexdigest()[:32],
        csp=csp,
        location=location,
        # Last-Modified has whole seconds; so does what it is compared with.
        modified_at=clock.now().replace(microsecond=0),
    )


def epoch(*, locked: bool = False) -> int:
    """The number of the last publication; 0 before the first. Locked, it stays until the transaction ends."""
    query = sa.select(StoredPage.version).where(StoredPage.path == EPOCH_PATH)
    return session().scalar(query.with_for_update() if locked else query) or 0


def invalidate() -> int:
    """Every page is to be made again, once the open unit of work has committed. Returns the new epoch."""
    _have_epoch()
    # The row stays locked until the commit, so that epochs become visible in their order.
    number = session().scalar(
        sa.update(StoredPage)
        .where(StoredPage.path == EPOCH_PATH)
        .values(version=StoredPage.version + 1)
        .returning(StoredPage.version)
        .execution_options(synchronize_session=False)
    )
    assert number is not None
    return int(number)


@events.on(CompetencesChanged, "publish.pages_again")
def _again(_news: CompetencesChanged) -> None:
    """Pages name who answers for them."""
    invalidate()


def touch(path: str) -> None:
    """This page alone is to be made again, once the open unit of work has committed: its counts have moved."""
    _have_epoch()
    # The epoch's row orders this against who keeps the page.
    epoch(locked=True)
    last = session().scalar(sa.select(sa.func.max(TouchedPage.number))) or 0
    session().execute(
        insert(TouchedPage)
        .values(path=path, number=last + 1)
        .on_conflict_do_update(index_elements=["path"], set_={"number": last + 1})
    )
    session().execute(
        sa.update(StoredPage)
        .where(StoredPage.path == path)
        .values(version=STALE)
        .execution_options(synchronize_session=False)
    )


def touches() -> int:
    """The number of the last touch."""
    return session().scalar(sa.select(sa.func.max(TouchedPage.number))) or 0


def go_on_from(pages: int, last_touch: int) -> None:
    """Everything was put in the place of what was: processes that saw the epoch `pages` and the touch `last_touch` of before
    see that each page is to be made again."""
    _have_epoch()
    session().execute(
        sa.update(StoredPage)
        .where(StoredPage.path == EPOCH_PATH)
        .values(version=max(pages, epoch()) + 1)
        .execution_options(synchronize_session=False)
    )
    number = max(last_touch, touches()) + 1
    session().execute(
        insert(TouchedPage)
        .values(path=EPOCH_PATH, number=number)
        .on_conflict_do_update(index_elements=["path"], set_={"number": number})
    )


def touch_of(path: str) -> int:
    return session().scalar(sa.select(TouchedPage.number).where(TouchedPage.path == path)) or 0


def touched_since(number: int) -> list[str]:
    return list(session().scalars(sa.select(TouchedPage.path).where(TouchedPage.number > number)))


def _have_epoch() -> None:
    session().execute(
        insert(StoredPage)
        .values(path=EPOCH_PATH, version=0, modified_at=clock.now())
        .on_conflict_do_nothing()
    )


def keep(page: Page, build: str, seen_epoch: int, seen_touch: int) -> bool:
    """Store a rendered page, unless something was published or the page touched since. True when it was kept."""
    if seen_epoch == 0:
        _have_epoch()
    if epoch(locked=True) != seen_epoch or touch_of(page.path) != seen_touch:
        return False
    row = session().get(StoredPage, page.path)
    if row is None:
        row = StoredPage(path=page.path, etag="")
        session().add(row)
    row.build, row.version = build, seen_epoch
    if row.etag != page.etag:
        row.status, row.content_type, row.location, row.csp = (
            page.status,
            page.content_type,
            page.location,
            page.csp,
        )
        row.body, row.gzip, row.brotli, row.etag = page.body, page.gzip, page.brotli, page.etag
        row.modified_at = page.modified_at
    session().flush()
    return True


@dataclass(frozen=True)
class Kept:
    """A stored page, with the epoch and the build it was made in."""

    page: Page
    version: int
    build: str


def read(path: str) -> Kept | None:
    """What is stored at `path`."""
    row = session().get(StoredPage, path) if path != EPOCH_PATH else None
    if row is None:
        return None
    page = Page(
        path=path,
        status=row.status,
        content_type=row.content_type,
        body=row.body,
        gzip=row.gzip,
        brotli=row.brotli,
        etag=row.etag,
        csp=row.csp,
        location=row.location,
        modified_at=row.modified_at,
    )
    return Kept(page, row.version, row.build)
