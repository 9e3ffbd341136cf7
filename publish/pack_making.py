"""A pack as a file: pages to be opened without a line, a leaflet to be printed for each theme, and a word of what it is.

Made by the worker, or by a command; never on the loop of people typing. What it holds is what everybody may read.
"""

from __future__ import annotations

import importlib
import io
import logging
import weakref
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import clock, jobs
from app.db import reading, session, unit_of_work
from app.directory import catalogue
from app.extensions import day_in_words, ngettext
from app.extensions import gettext as _
from drafts import images
from drafts.card_queries import references_of
from drafts.cards import wanted
from drafts.exchange.paper import Paper
from drafts.grammar import normalise
from publish import addresses, arranged, packs, queries, sharing, store
from publish.looks import one_look
from publish.models import Edition
from publish.pack_models import LARGEST, Pack
from publish.packs import Choice
from publish.queries import Card, SubjectKind
from publish.static_site import stock
from publish.static_site.export import rules_of
from publish.static_site.layout import ABOUT, LIST, SEARCH, file_of
from publish.static_site.making import Maker
from publish.static_site.stock import Stock

log = logging.getLogger(__name__)
Leaflet = Callable[[Sequence[Paper], str, date], bytes]
# Pages lie in a folder of their own, so that who opens the pack sees what to open.
PAGES, LEAFLETS = "pages", "feuillets"
START, READ_ME = "commencer.html", "LISEZ-MOI.txt"
STANDING = (
    SEARCH, LIST, ABOUT, "/administrations", "/espaces-connectes", "/demarches", "/accessibilite", "/mentions-legales",
    "/donnees-personnelles",
)  # fmt: skip
AT_ONCE = 25
# ZIP knows no earlier day, and the same content is the same file.
_DAY = (1980, 1, 1, 0, 0, 0)


class TooLarge(Exception):
    """A pack would have more bytes than one may."""


@dataclass(frozen=True)
class Made:
    """The file, and the state of what is in it."""

    content: bytes
    state: str


def set_leaflet(papers: Sequence[Paper], title: str, day: date) -> bytes:
    """A leaflet as PDF. What sets it is loaded by the worker only, and by it when the first pack is asked for."""
    found: Leaflet = importlib.import_module("drafts.exchange.pdf").leaflet
    return found(papers, title, day)


def state_of(found: Stock, cards: Sequence[Card]) -> str:
    """Changes when a page of the pack does."""
    return stock.digest(
        *(found.pages[addresses.article(card.slug)] for card in sorted(cards, key=lambda one: one.slug))
    )


def made(app: Flask, choice: Choice, leaflet: Leaflet = set_leaflet) -> Made:
    """The pack of a choice. Raises TooLarge. Outside any transaction: each reading of it is short."""
    public_url = app.config["SETTINGS"].public_url
    day = clock.local(clock.now()).date()
    with app.app_context():
        with reading(), one_look():
            found = stock.taken(rules_of(app, public_url))
            cards = packs.cards_of(choice)
            state = state_of(found, cards)
            inside = _inside(found, cards)
        maker = Maker(app, public_url, public_url, inside, inside.addresses() | {"/"})
        out = _Zip()
        for start in range(0, len(inside.pages), AT_ONCE):
            with reading(), one_look():
                for address in list(inside.pages)[start : start + AT_ONCE]:
                    if (page := maker.made(address)) is not None:
                        out.put(f"{PAGES}/{page.name}", page.on(day))
        with reading():
            for image in inside.images:
                picture = maker.image(image)
                out.put(f"{PAGES}/{picture.name}", picture.content)
            for page in maker.search():
                out.put(f"{PAGES}/{page.name}", page.content)
            by_theme, others = arranged.by_theme(cards)
            groups = [(one.slug, one.title, listed) for one, listed in by_theme]
            if others:
                groups.append(("autres-fiches", _("Autres fiches"), others))
            papers = {slug: [_paper(card, public_url) for card in listed] for slug, _title, listed in groups}
        for slug, title, _listed in groups:
            out.put(f"{LEAFLETS}/{slug}.pdf", leaflet(papers[slug], title, day))
        start_page = maker.renderer.html(
            "pack_start.html",
            "/",
            demonstration=False,
            day=day,
            groups=groups,
            count=len(cards),
            live=public_url,
        )
        out.put(START, start_page.encode())
        # Where « Accueil » leads: back to the beginning.
        again = maker.renderer.html(
            "copy_moved.html",
            "/",
            demonstration=False,
            target=f"../{START}",
            href=f"../{START}",
            anchor="themes",
        )
        out.put(f"{PAGES}/{file_of('/')}", again.encode())
        out.put(READ_ME, _read_me(day, groups, len(cards), public_url).encode("utf-8-sig"))
    return Made(out.closed(), state)


def _inside(found: Stock, cards: Sequence[Card]) -> Stock:
    """The part of the portal that a pack has."""
    competent = queries.competent_for([card.revision_id for card in cards])
    offices = [
        place.slug for place in catalogue.places({office for ids in competent.values() for office in ids})
    ]
    wanted_pages = [
        *STANDING,
        *(addresses.article(card.slug) for card in cards),
        *sorted({addresses.theme(slug) for card in cards for slug in card.listed(SubjectKind.THEME)}),
        *sorted(addresses.administration(office) for office in offices),
    ]
    pages = {address: found.pages[address] for address in wanted_pages if address in found.pages}
    shown = set(_images_of(cards))
    return replace(
        found, pages=pages, images=tuple(one for one in found.images if one in shown), articles=tuple(cards)
    )


def _images_of(cards: Sequence[Card]) -> Iterator[str]:
    for card in cards:
        yield from wanted(normalise(_edition(card).revision.tree)).images


def _edition(card: Card) -> Edition:
    return session().get_one(Edition, card.edition_id)


def _paper(card: Card, public_url: str) -> Paper:
    """An article as it is printed: with who wrote it, of when it is, and where its newest words are."""
    reading_ = queries.reading(card)
    facts = [
        (_("Rédigé par"), ", ".join(office.name for office in reading_.credits)),
        (_("Vérifié le"), day_in_words(clock.local(reading_.verified_at).date())),
    ]
    if reading_.review_date is not None:
        facts.append((_("À vérifier avant le"), day_in_words(reading_.review_date)))
    facts.append((_("La fiche à jour"), public_url + addresses.short(sharing.code_of(card.article_id))))
    names = wanted(normalise(reading_.tree)).images
    return Paper(
        title=card.title,
        tree=reading_.tree,
        facts=tuple((label, value) for label, value in facts if value),
        references=references_of(reading_.tree),
        pictures={name: images.content_of(name) for name in names},
    )


def _read_me(
    day: date, groups: Sequence[tuple[str, str, Sequence[Card]]], count: int, public_url: str
) -> str:
    """For who sees files and does not know what they are. Lines end as Windows ends them."""
    lines = [
        _("Classeur du médiateur : les fiches du portail des démarches, à lire et à imprimer sans connexion"),
        "",
        _("À jour au %(day)s.", day=day_in_words(day)),
        ngettext("%(num)d fiche.", "%(num)d fiches.", count),
        "",
        _("Pour lire : ouvrez « %(start)s ».", start=START),
        _("Pour imprimer : le dossier « %(folder)s » a un feuillet PDF par thème.", folder=LEAFLETS),
        "",
        _("Une fiche, un horaire ou un numéro a pu changer depuis. La dernière version est en ligne :"),
        public_url,
        "",
        _("Les textes sont sous Licence Ouverte 2.0 : copiez-les, en disant d’où ils viennent et de quand."),
        "",
    ]
    for _slug, title, listed in groups:
        lines += [title, *(f"  - {card.title}" for card in listed), ""]
    return "\r\n".join(lines)


class _Zip:
    """A file of files, no larger than a pack may be."""

    def __init__(self) -> None:
        self._out = io.BytesIO()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED)

    def put(self, name: str, content: bytes) -> None:
        entry = zipfile.ZipInfo(name, _DAY)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        self._zip.writestr(entry, content)
        if self._out.tell() > LARGEST:
            raise TooLarge

    def closed(self) -> bytes:
        self._zip.close()
        return self._out.getvalue()


_app: weakref.ref[Flask] | None = None
# What the portal had published when the packs were last looked at.
_seen: tuple[int, int] = (-1, -1)


def init_app(app: Flask) -> None:
    """The worker makes pages with the application it was started with."""
    global _app, _seen
    _app, _seen = weakref.ref(app), (-1, -1)


@jobs.chore(5.0)
def make_waiting(_data_dir: Path, leaflet: Leaflet = set_leaflet) -> bool:
    """Make the pack that has waited longest. True when there was one."""
    app = _app() if _app is not None else None
    with reading():
        row = session().scalars(
            sa.select(Pack).where(Pack.made_at.is_(None), Pack.failure == "").order_by(Pack.asked_at).limit(1)
        ).first()  # fmt: skip
    if row is None or app is None:
        return False
    choice = Choice(tuple(row.themes), tuple(row.administrations))
    try:
        done = made(app, choice, leaflet)
    except TooLarge:
        _note(row.key, failure="too_large")
    except Exception:
        log.exception("pack %s could not be made", row.key)
        _note(row.key, failure="broken")
    else:
        _note(row.key, content=done.content, size=len(done.content), state=done.state, made_at=clock.now())
    return True


def _note(key: str, **values: object) -> None:
    with unit_of_work():
        session().execute(sa.update(Pack).where(Pack.key == key).values(**values))


@jobs.chore(60.0)
def drop_outdated(_data_dir: Path) -> int:
    """Take away the file of a pack in which something has changed, and packs that nobody asks for. Returns how many files."""
    global _seen
    app = _app() if _app is not None else None
    if app is None:
        return 0
    with reading(), one_look():
        now = (store.epoch(), store.touches())
        rows = (
            list(session().scalars(sa.select(Pack).where(Pack.made_at.is_not(None)))) if now != _seen else []
        )
        old: list[str] = []
        if rows:
            with app.app_context():
                found = stock.taken(rules_of(app, app.config["SETTINGS"].public_url))
                old = [
                    row.key
                    for row in rows
                    if state_of(found, packs.cards_of(Choice(tuple(row.themes), tuple(row.administrations))))
                    != row.state
                ]
    for key in old:
        _note(key, content=None, made_at=None, size=0, state="", failure="outdated")
    with unit_of_work():
        packs.forget_old()
    _seen = now
    return len(old)
