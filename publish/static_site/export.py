"""The portal into a folder: what changed is written, what is gone is taken away, everything else stays as it is.

It only reads the portal, a few pages in one transaction, so that it may run while the portal serves. What is published
meanwhile is seen by the next run: a page is never noted as newer than what it was made of.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from flask import Flask

from app import clock
from app.db import reading
from app.errors import Missing
from publish import open_files, pages
from publish.looks import one_look
from publish.shelf import build_number
from publish.site import STYLES
from publish.static_site import manifest as manifests
from publish.static_site import stock, words
from publish.static_site.layout import file_of
from publish.static_site.making import Made, Maker
from publish.static_site.manifest import Kept, Manifest, NotOurs
from publish.static_site.stock import OPEN_DATA, Stock
from publish.static_site.writer import digest, is_there, put, remove

# Pages made in one transaction: some tenths of a second.
AT_ONCE = 25
# After so many files what was done is written down, so that a run that is broken off goes on from there.
NOTE_EVERY = 500
_HERE = Path(__file__).parent
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """`force`: a folder that is not ours is written into as well. `everything`: each page is made again. `dry`: nothing is
    written."""

    folder: Path
    base_url: str = ""
    dry: bool = False
    force: bool = False
    everything: bool = False


@dataclass
class Report:
    """What a run wrote, took away, and left alone because somebody else changed it; the names of files."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed_by_others: list[str] = field(default_factory=list)
    total: int = 0
    made: int = 0


def rules_of(app: Flask, base_url: str) -> str:
    """What all pages depend on beside the database: how they are made, and where they are to stand."""
    settings = app.config["SETTINGS"]
    static = Path(app.static_folder or "")
    ours = build_number(_HERE, *(static / name for name in STYLES), extra=f"{settings.public_url} {base_url}")
    return f"{pages.shelf(app).build} {ours}"


def export(app: Flask, wanted: Wanted, tell: Tell = lambda _done, _total: None) -> Report:
    """Bring a folder up to date. Raises NotOurs or `writer.InTheWay`, and writes nothing then that was not ours."""
    public_url = app.config["SETTINGS"].public_url
    base_url = wanted.base_url or public_url
    before = _before(wanted)
    with app.app_context(), _alone(wanted):
        for name in open_files.NAMES:
            # Made outside of any transaction: what is written in one is not seen by those that began before.
            open_files.fit(name)
        with reading(), one_look():
            found = stock.taken(rules_of(app, base_url))
        run = _Run(app, wanted, Maker(app, public_url, base_url, found, found.addresses()), before, tell)
        run.go()
    return run.report


def _before(wanted: Wanted) -> Manifest:
    folder = wanted.folder
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise NotOurs(f"{folder} is no folder")
    found = manifests.read(folder) if folder.is_dir() else None
    if found is None and folder.is_dir() and any(folder.iterdir()) and not wanted.force:
        raise NotOurs(
            f"{folder} is not empty, and no copy of a portal: choose another folder, or give --force"
        )
    return found or Manifest()


@contextmanager
def _alone(wanted: Wanted) -> Iterator[None]:
    """Two runs at once would each take away what the other has written."""
    if wanted.dry:
        yield
        return
    wanted.folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(wanted.folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise NotOurs(f"{wanted.folder} is being written by another run") from error
        yield
    finally:
        os.close(descriptor)


class _Run:
    """One run: the files there are to be, those there are, and what is done about it."""

    def __init__(self, app: Flask, wanted: Wanted, maker: Maker, before: Manifest, tell: Tell) -> None:
        self.app, self.wanted, self.maker, self.before, self.tell = app, wanted, maker, before, tell
        self.stock: Stock = maker.stock
        self.day: date = clock.local(clock.now()).date()
        self.report = Report()
        settings = app.config["SETTINGS"]
        self.now = Manifest(
            settings.public_url, maker.among.base_url, "", dict(before.files), list(before.pending)
        )
        # Addresses that came or went: a page that leads to one of them leads elsewhere now.
        there = self.stock.addresses()
        self._moved = {
            link
            for kept in before.files.values()
            for link in kept.links
            if (file_of(link) in before.files) != (link in there)
        }
        self._since_note = 0

    def go(self) -> None:
        pages_to_make = [address for address in self.stock.pages if not self._is_good(address)]
        images = [
            image for image in self.stock.images if not self._has(file_of(f"/images/{image}.webp"), image)
        ]
        expected = {file_of(address) for address in self.stock.addresses()}
        # Whatever could change in a word of an article changes the page of one, or the list of all.
        words_again = self.wanted.everything or self.before.pulse != self.stock.pulse or self._misses_words()
        self.report.total = len(self.before.files)
        if (
            not pages_to_make
            and not images
            and not words_again
            and not set(self.before.files) - self._all(expected)
        ):
            return
        self._announce([file_of(address) for address in pages_to_make])
        total = len(pages_to_make) + len(images)
        done = 0
        gone: set[str] = set()
        for start in range(0, total, AT_ONCE):
            some = (pages_to_make + [f"image {image}" for image in images])[start : start + AT_ONCE]
            for address, made in self._made(some):
                if made is None:
                    gone.add(file_of(address))
                    continue
                self._keep(made, self._depends(address))
            done += len(some)
            self.tell(done, total)
        if words_again:
            with reading():
                searched = self.maker.search()
            for made in searched:
                self._keep(made, "words")
            expected |= {made.name for made in searched}
        else:
            expected = self._all(expected)
        self._tidy(expected - gone)
        self.report.total = len(expected - gone)
        if not self.wanted.dry:
            self.now.pulse, self.now.pending = self.stock.pulse, []
            manifests.write(self.wanted.folder, self.now)

    def _all(self, expected: set[str]) -> set[str]:
        return expected | {name for name in self.before.files if name.startswith(f"{words.FOLDER}/")}

    def _misses_words(self) -> bool:
        folder = self.wanted.folder
        names = [name for name, kept in self.before.files.items() if kept.depends == "words"]
        return not names or any(not is_there(folder, name, self.before.files[name].size) for name in names)

    def _depends(self, address: str) -> str:
        return self.stock.pages.get(address, "")

    def _is_good(self, address: str) -> bool:
        """Whether the page stands there, made of what it would be made of now, leading where it would lead."""
        kept = self.before.files.get(file_of(address))
        return (
            kept is not None
            and not self.wanted.everything
            and kept.depends == self._depends(address)
            and not self._moved.intersection(kept.links)
            and is_there(self.wanted.folder, file_of(address), kept.size)
        )

    def _has(self, name: str, source: str) -> bool:
        kept = self.before.files.get(name)
        return kept is not None and kept.source == source and is_there(self.wanted.folder, name, kept.size)

    def _announce(self, names: list[str]) -> None:
        """What this run will write is ours, should it be broken off; a file of others in its place is not written over."""
        if not self.wanted.force:
            for name in names:
                if not self.before.owns(name) and os.path.lexists(self.wanted.folder / name):
                    raise NotOurs(
                        f"{self.wanted.folder / name} is no file of this copy: move it away, or give --force"
                    )
        if not self.wanted.dry:
            self.now.pending = sorted({*self.before.pending, *names})
            manifests.write(self.wanted.folder, self.now)

    def _made(self, some: Sequence[str]) -> list[tuple[str, Made | None]]:
        found: list[tuple[str, Made | None]] = [
            (address, self.maker.open_data(address)) for address in some if address in OPEN_DATA
        ]
        with reading(), one_look():
            for address in some:
                if address in OPEN_DATA:
                    continue
                kind, _space, image = address.partition(" ")
                try:
                    found.append(
                        (address, self.maker.image(image) if kind == "image" else self.maker.made(address))
                    )
                except Missing:
                    # Taken away since the stock was taken.
                    found.append((address, None))
        self.report.made += len(found)
        return found

    def _keep(self, made: Made, depends: str) -> None:
        folder = self.wanted.folder
        kept = self.before.files.get(made.name)
        if kept is not None and kept.source == made.source and is_there(folder, made.name, kept.size):
            kept = self.now.files[made.name]
            kept.depends, kept.links = depends, list(made.links)
            return
        content = made.on(self.day)
        self.report.written.append(made.name)
        if self.wanted.dry:
            return
        put(folder, made.name, content)
        self.now.files[made.name] = Kept(
            digest(content), len(content), made.source, depends, self.day.isoformat(), list(made.links)
        )
        self._since_note += 1
        if self._since_note >= NOTE_EVERY:
            manifests.write(folder, self.now)
            self._since_note = 0

    def _tidy(self, expected: set[str]) -> None:
        """Take away what this command wrote and nobody is to find any more; a file that others changed stays theirs."""
        for name in sorted({*self.before.files, *self.before.pending} - expected):
            kept = self.before.files.get(name)
            if self.wanted.dry:
                self.report.removed.append(name)
            elif remove(self.wanted.folder, name, kept.sha256 if kept else "") or not os.path.lexists(
                self.wanted.folder / name
            ):
                self.report.removed.append(name)
                self.now.files.pop(name, None)
            else:
                self.report.changed_by_others.append(name)
                self.now.files.pop(name, None)
