"""Each address of a copy as the bytes of its file, made by the portal's own renderer: no request, no person, nothing stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.exceptions import HTTPException

from app import clock
from app.db import session
from app.directory.catalogue import sort_key
from drafts import images
from labs import wish_queries
from labs.wish_models import Standing
from publish import addresses, call_queries, kept_files, open_files, pages, queries, site, wish_answers
from publish.call_words import state_word
from publish.models import StoredPage
from publish.queries import Card
from publish.static_site import stock, words
from publish.static_site.layout import ABOUT, LIST, SEARCH, file_of, way
from publish.static_site.rewriting import DAY, Surroundings, dated, rewritten
from publish.static_site.stock import CALLS, Stock
from publish.store import EPOCH_PATH, Page, epoch

SCRIPT = Path(__file__).with_name("search.js")
# Of what may be asked of Flask in the place of a stored page.
LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Made:
    """A file before the day stands in it. `source` is a digest that changes when it does, whatever the day."""

    name: str
    content: bytes
    source: str
    links: tuple[str, ...] = ()
    is_dated: bool = False

    def on(self, day: date) -> bytes:
        return dated(self.content.decode(), day).encode() if self.is_dated else self.content


class CopyRenderer(site.Renderer):
    """Makes the same pages, and compresses none: nobody is sent them."""

    def made(self, template: str, path: str, **context: Any) -> Page:
        text = self.html(template, path, **context)
        return self._bare(path, text, site.HTML, self.policy_of(text))

    def plain(self, path: str, text: str, content_type: str) -> Page:
        return self._bare(path, text, content_type, self.plain_csp)

    @staticmethod
    def _bare(path: str, text: str, content_type: str, csp: str) -> Page:
        body = text.encode()
        return Page(
            path,
            200,
            content_type,
            body,
            b"",
            b"",
            hashlib.sha256(body).hexdigest()[:32],
            csp,
            "",
            clock.now(),
        )


class Maker:
    """Makes files of a stock. Each call runs inside a `reading()` and the application's context."""

    def __init__(
        self, app: Flask, public_url: str, base_url: str, found: Stock, known: Collection[str]
    ) -> None:
        self.app = app
        self.renderer = CopyRenderer(app, public_url)
        self.build = pages.shelf(app).build
        self.stock = found
        self.among = Surroundings(public_url, base_url, known, found.doors)
        self._own: dict[str, Callable[[str], Page | None]] = {
            SEARCH: lambda path: self.renderer.made("copy_search.html", path),
            LIST: self._list,
            ABOUT: lambda path: self.renderer.made(
                "copy_about.html", path, day=DAY, count=len(found.articles)
            ),
            CALLS: lambda path: self.renderer.made(
                "copy_calls.html", path, calls=stock.calls(), state_word=state_word
            ),
            addresses.WISHES: self._wishes,
        }

    def open_data(self, address: str) -> Made | None:
        """A file of open data, outside of any `reading()`: it is read piece by piece, and made anew when it was taken away."""
        name = address.rpartition("/")[2]
        for _try in range(3):
            head = open_files.fit(name)
            if head is None or head.size > LARGEST:
                return None
            try:
                content = b"".join(kept_files.pieces(head, packed=False))
            except LookupError:
                continue
            return self._as_it_is(address, content)
        return None

    def made(self, address: str) -> Made | None:
        """The file of an address; None when nothing stands there by now."""
        page = self._page(address)
        if page is None:
            return None
        if page.location:
            return self._moved(address, page)
        if page.content_type != site.HTML:
            return self._as_it_is(address, page.body)
        text = rewritten(page.body.decode(), address, self.among, page.csp, scripted=address == SEARCH)
        # What says when the copy was last brought up to date is another page each time that it was.
        more = self.stock.pulse if address == ABOUT else ""
        source = hashlib.sha256((text.text + more).encode()).hexdigest()
        return Made(file_of(address), text.text.encode(), source, tuple(text.links), is_dated=True)

    def _as_it_is(self, address: str, content: bytes) -> Made:
        """What is no page: its bytes, with the addresses of where the copy is to stand."""
        if self.among.base_url != self.among.public_url:
            content = content.replace(self.among.public_url.encode(), self.among.base_url.encode())
        return Made(file_of(address), content, hashlib.sha256(content).hexdigest())

    def _page(self, address: str) -> Page | None:
        path, _mark, query = address.partition("?")
        own = self._own.get(path)
        if own is not None:
            return own(address)
        if path.startswith(f"{addresses.WISHES}/"):
            return self._wish(path)
        if path.startswith(f"{CALLS}/"):
            return self._call(path)
        if addresses.understood(path) is None:
            return self._asked(path)
        return self._kept(path) or self.renderer.page(path)

    def _kept(self, path: str) -> Page | None:
        """A page that the portal has stored already, and that is good still."""
        row = session().execute(
            sa.select(StoredPage.status, StoredPage.content_type, StoredPage.body, StoredPage.etag, StoredPage.csp,
                      StoredPage.location, StoredPage.modified_at)
            .where(StoredPage.path == path, StoredPage.path != EPOCH_PATH, StoredPage.version == epoch(),
                   StoredPage.build == self.build)
        ).first()  # fmt: skip
        if row is None:
            return None
        return Page(
            path,
            row.status,
            row.content_type,
            row.body,
            b"",
            b"",
            row.etag,
            row.csp,
            row.location,
            row.modified_at,
        )

    def _asked(self, path: str) -> Page | None:
        """What is no stored page: asked of Flask as a program would, without a cookie."""
        view = self.app.test_client(use_cookies=False)
        try:
            answer = view.get(path, headers={"User-Agent": "openlab-site-copy-bot"})
        except HTTPException:
            return None
        body = answer.get_data()
        if answer.status_code != 200 or len(body) > LARGEST:
            return None
        kind = answer.headers.get("Content-Type", "")
        csp = answer.headers.get("Content-Security-Policy", self.renderer.plain_csp)
        return Page(path, 200, kind, body, b"", b"", "", csp, answer.headers.get("Location", ""), clock.now())

    def _moved(self, address: str, page: Page) -> Made:
        """Where the portal redirects, a page that does: a server of files knows no other way."""
        target = page.location
        found = self.among.public_url + target
        if target in self.among.known:
            found = way(file_of(address), file_of(target))
        text = self.renderer.html("copy_moved.html", address, demonstration=False, target=found, href=target)
        made = rewritten(text, address, self.among, self.renderer.plain_csp)
        content = made.text.encode()
        return Made(file_of(address), content, hashlib.sha256(content).hexdigest(), tuple(made.links))

    def _list(self, path: str) -> Page:
        letters: dict[str, list[Card]] = {}
        for card in sorted(queries.live_cards(), key=lambda card: (sort_key(card.title), card.slug)):
            letter = sort_key(card.title)[:1].upper()
            letters.setdefault(letter if letter.isalpha() else "0-9", []).append(card)
        return self.renderer.made(
            "copy_list.html", path, letters=letters, count=sum(map(len, letters.values()))
        )

    def _wishes(self, address: str) -> Page:
        _path, _mark, query = address.partition("?page=")
        number = int(query or 1)
        total = wish_queries.count()
        return self.renderer.made(
            "wishes.html", addresses.WISHES,
            cards=wish_queries.cards(limit=stock.WISHES_A_PAGE, offset=(number - 1) * stock.WISHES_A_PAGE),
            total=total, page=number, pages=-(-total // stock.WISHES_A_PAGE), query="", chosen="", newest=False,
            leading=lambda other: addresses.WISHES if other == 1 else f"{addresses.WISHES}?page={other}",
            states=[], thanked=False,
        )  # fmt: skip

    def _wish(self, path: str) -> Page | None:
        number = int(path.rpartition("/")[2])
        wish = wish_queries.wish_numbered(number)
        if wish.standing is not Standing.SHOWN or wish.merged_into is not None:
            return None
        return self.renderer.made(
            "wish.html",
            path,
            it=wish_queries.view(wish),
            article=wish_answers.article_of(wish),
            supports=False,
        )

    def _call(self, path: str) -> Page:
        call = call_queries.call_called(path.rpartition("/")[2])
        return self.renderer.made(
            "call.html", path, call=call, state=call.state_now, state_word=state_word(call),
            extract=call_queries.extract_of(call), own=call_queries.own(call, None),
            results=call_queries.shown_results(call), channel="", came="", sheet="", typed=None, wrong="",
        )  # fmt: skip

    def image(self, image: str) -> Made:
        content = images.content_of(image)
        # Its name is the digest of what it is.
        return Made(file_of(f"/images/{image}.webp"), content, image)

    def search(self) -> list[Made]:
        """The files of the search."""
        found = [(name, text.encode()) for name, text in words.files(self.stock.articles)]
        found.append((f"{words.FOLDER}/recherche.js", SCRIPT.read_bytes()))
        return [Made(name, content, hashlib.sha256(content).hexdigest()) for name, content in found]
