"""The shelf: stored pages of one process, in memory, kept fresh by one cheap look per second."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from app.db import reading, unit_of_work
from app.errors import Unavailable
from publish import store
from publish.store import Page

log = logging.getLogger(__name__)
# How often a process asks whether another one published something: the longest a page can be late.
LOOK_EVERY_SECONDS = 1.0
# 64 MiB hold about a thousand articles in their three encodings.
MOST_BYTES = 64 * 1024 * 1024


class Shelf:
    """Answers "which bytes stand at this path": from memory, else from the table, else by rendering them.

    `render` returns the page at a path or None, and is called inside a `reading()`.
    """

    def __init__(self, render: Callable[[str], Page | None], build: str) -> None:
        self.render = render
        self.build = build
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._bytes = 0
        self._epoch = self._touched = 0
        self._looked_at = float("-inf")
        self._rendering = threading.Lock()

    def page(self, path: str) -> Page | None:
        """The page at `path`, None when there is none. Raises Unavailable when nothing at all can be had."""
        page = self.in_memory(path)
        if page is not None:
            return page
        with self._rendering:
            # Whoever waited here may find it done by the one before.
            return self._pages.get(path) or self._fetch(path)

    def in_memory(self, path: str) -> Page | None:
        """The page at `path` if this process has it and may still send it; None says nothing of whether there is one."""
        if time.monotonic() - self._looked_at >= LOOK_EVERY_SECONDS:
            self.look()
        page = self._pages.get(path)
        if page is not None:
            self._pages.move_to_end(path)
        return page

    def look(self) -> None:
        """Forget everything when something was published, and the pages whose counts have moved. Without a database, go on
        with what is there."""
        self._looked_at = time.monotonic()
        try:
            with reading():
                now, touched = store.epoch(), store.touches()
                moved = store.touched_since(self._touched) if touched > self._touched else []
        except Unavailable:
            log.warning("the database does not answer; public pages go on from memory")
            return
        if now != self._epoch:
            self._pages.clear()
            self._bytes = 0
            self._epoch = now
        for path in moved:
            self._drop(path)
        self._touched = touched

    def _fetch(self, path: str) -> Page | None:
        with reading():
            # First the epoch, then the content: PostgreSQL lets each statement see what is new.
            epoch, touch = store.epoch(), store.touch_of(path)
            kept = store.read(path)
            if kept is not None and kept.version == epoch and kept.build == self.build:
                return self._remember(kept.page, epoch)
            try:
                page = self.render(path)
            except Exception:
                if kept is None:
                    raise
                log.exception("%s cannot be rendered; its last state is shown", path)
                return kept.page
        if page is None:
            return None
        if kept is not None and kept.page.etag == page.etag:
            page = kept.page  # the same bytes keep their date
        try:
            with unit_of_work(patience=0.2):
                stored = store.keep(page, self.build, epoch, touch)
        except (Unavailable, RuntimeError):
            return page  # shown all the same; the next reader tries again
        return self._remember(page, epoch) if stored else page

    def _remember(self, page: Page, epoch: int) -> Page:
        # Of an epoch this process has not seen yet, it would be forgotten at the next look; of an older one, not.
        if epoch >= self._epoch:
            self._drop(page.path)
            self._pages[page.path] = page
            self._bytes += page.size
            while self._bytes > MOST_BYTES:
                self._drop(next(iter(self._pages)))
        return page

    def _drop(self, path: str) -> None:
        page = self._pages.pop(path, None)
        if page is not None:
            self._bytes -= page.size


def build_number(*folders: Path, extra: str = "") -> str:
    """Sixteen hexadecimal digits that change when any file the pages are made with changes."""
    digest = hashlib.sha256(extra.encode())
    for folder in folders:
        for path in sorted(folder.rglob("*") if folder.is_dir() else [folder]):
            if path.is_file() and path.suffix in (".py", ".html", ".xml", ".css", ".txt"):
                digest.update(path.name.encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
