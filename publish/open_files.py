"""The files of open data: what each is made of, whether it is still true, and when it is made again.

The worker makes them when something has changed (`made_again`, every few seconds) and keeps them (`publish.kept_files`).
A reader gets what is kept. Three things bend that rule, so that open data is never older than the pages where it matters:
a small portal's files are made for the reader who comes first; what holds words that the public may no longer read is
made again before it is sent; and so is what was never made.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import gevent
import sqlalchemy as sa
from babel.numbers import format_decimal
from gevent import monkey

from app import clock, jobs
from app.db import reading, session
from app.extensions import gettext as _
from app.mail import address
from publish import addresses, kept_files, open_articles, open_catalogue, open_tables, store
from publish.kept_files import Head
from publish.models import Edition
from publish.open_words import Column

T = TypeVar("T")
CSV, JSON_LINES = "text/csv; charset=utf-8", "application/jsonl; charset=utf-8"
JSON_LD, TURTLE = "application/ld+json; charset=utf-8", "text/turtle; charset=utf-8"
# Up to so many articles the reader who comes first waits for the file: half a second.
FEW = 200
EVERY_SECONDS = 5.0
# A large file is made at most once a minute, however much is published: it takes the worker some seconds.
REST = timedelta(minutes=1)
# A change of the shape of a file makes all of them anew.
SHAPE = 1
_making = threading.Lock()
# Whom the catalogue names for questions.
_contact = ""


@dataclass(frozen=True)
class File:
    """One file: `lines` gives its content, `holds` the articles whose words are in it."""

    name: str
    content_type: str
    lines: Callable[[], Iterator[str]]
    columns: Callable[[], tuple[Column, ...]]
    holds: Callable[[], Iterable[int]] = tuple
    is_large: bool = False
    # What it depends on besides what all depend on.
    state: Callable[[], str] = str

    @property
    def path(self) -> str:
        return f"{addresses.OPEN_DATA}/{self.name}"


@dataclass(frozen=True)
class Subject:
    """Files with the same content in several forms: a dataset of the catalogue."""

    name: str
    title: Callable[[], str]
    description: Callable[[], str]
    keywords: Callable[[], tuple[str, ...]]
    theme: str
    files: tuple[File, ...]


_SUBJECTS = (
    Subject(
        "fiches", lambda: _("Fiches pratiques"),
        lambda: _("Les fiches en ligne : texte, administrations compétentes, thèmes, démarches, guichets, dates et empreinte. "
                  "Les fiches retirées y figurent sans leur texte."),
        lambda: (_("démarches administratives"), _("droits"), _("service public"), "Nouvelle-Calédonie"), "GOVE",
        (File("fiches.jsonl", JSON_LINES, open_articles.as_lines, open_articles.members, open_articles.ids, True),
         File("fiches.csv", CSV, open_articles.as_table, open_articles.columns, open_articles.ids, True)),
    ),
    Subject(
        "demarches", lambda: _("Démarches en ligne"),
        lambda: _("Les démarches en ligne : ce qu’on peut y faire, le compte nécessaire, l’administration, l’adresse et le guichet."),
        lambda: (_("démarches en ligne"), _("administration électronique"), "Nouvelle-Calédonie"), "GOVE",
        (File("demarches.jsonl", JSON_LINES, open_tables.service_lines, open_tables.service_members),
         File("demarches.csv", CSV, open_tables.service_table, open_tables.service_columns)),
    ),
    Subject(
        "administrations", lambda: _("Annuaire des administrations"),
        lambda: _("Les administrations et leurs guichets : adresse, téléphone, horaires."),
        lambda: (_("annuaire"), _("guichets"), _("horaires"), "Nouvelle-Calédonie"), "GOVE",
        (File("administrations.jsonl", JSON_LINES, open_tables.administration_lines, open_tables.administration_members),
         File("administrations.csv", CSV, open_tables.administration_table, open_tables.administration_columns)),
    ),
    Subject(
        "souhaits", lambda: _("Souhaits des habitants"),
        lambda: _("Ce que les habitants demandent au portail, où en est chaque souhait et combien de personnes le soutiennent."),
        lambda: (_("participation citoyenne"), _("souhaits"), "Nouvelle-Calédonie"), "SOCI",
        (File("souhaits.jsonl", JSON_LINES, open_tables.wish_lines, open_tables.wish_members,
              state=open_tables.state_of_wishes),),
    ),
)  # fmt: skip
FILES = {file.name: file for subject in _SUBJECTS for file in subject.files}
CATALOGUES = {"catalogue.jsonld": JSON_LD, "catalogue.ttl": TURTLE}
NAMES = (*FILES, *CATALOGUES)


def configure(contact: str) -> None:
    global _contact
    _contact = contact


def fit(name: str) -> Head | None:
    """The file of that name as it may be sent now, made if need be; None when it cannot be had at this moment."""
    if name in CATALOGUES:
        return _fit_catalogue(name)
    file = FILES[name]
    with reading():
        head, is_good = _looked_at(file)
        may_be_late = head is not None and not is_good and file.is_large and _are_many()
    return head if is_good or may_be_late else _make(file)


def _looked_at(file: File) -> tuple[Head | None, bool]:
    """What is kept of a file unless it may not be sent any more, and whether it is true now."""
    head = kept_files.head(file.name)
    if head is None:
        return None, False
    # Whatever hides an article raises the epoch, which the stamp carries: only of a late file one has to ask.
    if head.stamp == stamp(file):
        return head, True
    return (head, False) if _may_be_read(head) else (None, False)


def _may_be_read(head: Head) -> bool:
    """Whether all whose words are in the file may still be read: one that was masked is not sent once more."""
    return not head.holds or set(open_articles.ids()).issuperset(head.holds)


def _are_many() -> bool:
    return len(open_articles.ids()) > FEW


def stamp(file: File) -> str:
    """What the content depends on, in one word: the epoch of the pages, and the hour, since an outage begins and a site stops
    answering without news of it."""
    said = f"{SHAPE} {address('')} {store.epoch()} {clock.now():%Y-%m-%dT%H} {file.state()}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _make(file: File) -> Head | None:
    with _making:
        with reading():
            # Whoever waited here may find it done by the one before.
            head, is_good = _looked_at(file)
            if is_good:
                return head
            now, holds = stamp(file), tuple(file.holds())
        return kept_files.keep(
            file.name, file.lines(), file.content_type, now, holds=holds, after=_page_is_old
        )


def _page_is_old() -> None:
    store.touch(addresses.OPEN_DATA)


def _fit_catalogue(name: str) -> Head | None:
    heads = {one: fit(one) for one in FILES}
    if any(head is None for head in heads.values()):
        return None
    there = {one: head for one, head in heads.items() if head is not None}
    said = [
        SHAPE,
        address(""),
        _contact,
        *((one, head.sha256, str(head.modified_at)) for one, head in there.items()),
    ]
    now = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
    with reading():
        kept = kept_files.head(name)
    if kept is not None and kept.stamp == now:
        return kept
    with _making:
        with reading():
            it = _catalogue(there)
        json_ld, turtle = _aside(lambda: open_catalogue.written(it))
        made = {
            one: kept_files.keep(one, [text], CATALOGUES[one], now)
            for one, text in (("catalogue.jsonld", json_ld), ("catalogue.ttl", turtle))
        }
    return made[name]


def _aside(work: Callable[[], T]) -> T:
    """On a thread of its own where people type on this one."""
    if monkey.is_module_patched("threading"):
        return gevent.get_hub().threadpool.apply(work)  # type: ignore[no-any-return]
    return work()


def _catalogue(heads: dict[str, Head]) -> open_catalogue.Catalogue:
    first = session().scalar(sa.select(sa.func.min(Edition.published_at)))
    since = clock.local(first).date() if first is not None else None
    datasets = tuple(
        _dataset(subject, heads, since if subject.name == "fiches" else None) for subject in _SUBJECTS
    )
    return open_catalogue.Catalogue(
        home=address("/"),
        page=address(addresses.OPEN_DATA),
        url=address(addresses.CATALOGUE_TURTLE),
        title=_("Données ouvertes de l’Open Lab"),
        description=_("Les fiches, les démarches, les administrations et les souhaits du portail public de la Nouvelle-Calédonie."),
        publisher=_("Les administrations de l’Open Lab"),
        contact=_contact,
        api=address("/api/v1"),
        api_described_at=address("/api/openapi.json"),
        api_title=_("API de lecture de l’Open Lab"),
        api_description=_("Fiches, administrations, souhaits et chiffres en JSON, sans clé : /api/v1/articles, /api/v1/administrations, "
                          "/api/v1/wishes, /api/v1/counts."),
        issued=first or min(head.modified_at for head in heads.values()),
        modified=max(head.modified_at for head in heads.values()),
        datasets=datasets,
    )  # fmt: skip


def _dataset(subject: Subject, heads: dict[str, Head], since: date | None) -> open_catalogue.Dataset:
    return open_catalogue.Dataset(
        name=subject.name,
        title=subject.title(),
        description=subject.description(),
        keywords=subject.keywords(),
        theme=subject.theme,
        since=since,
        distributions=tuple(
            open_catalogue.Distribution(
                name=file.name,
                url=address(file.path),
                title=f"{subject.title()} ({file.name.rpartition('.')[2].upper()})",
                media_type=file.content_type.partition(";")[0],
                size=heads[file.name].size,
                sha256=heads[file.name].sha256,
                issued=heads[file.name].modified_at,
                modified=heads[file.name].modified_at,
            )
            for file in subject.files
        ),
    )


@dataclass(frozen=True)
class FileLine:
    """A file on the page of open data; without `head` it has not been made yet."""

    file: File
    head: Head | None

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.file.columns()

    @property
    def size(self) -> str:
        """How large it is, as one says it: « 12 ko »."""
        count: float = self.head.size if self.head is not None else 0
        unit = "octets"
        for larger in ("ko", "Mo"):
            if count >= 1000:
                count, unit = count / 1000, larger
        count = round(count, 1 if unit == "Mo" else 0)
        return f"{format_decimal(count, locale='fr')}\u00a0{unit}"


@dataclass(frozen=True)
class SubjectLines:
    name: str
    title: str
    description: str
    files: tuple[FileLine, ...]


def shown() -> tuple[SubjectLines, ...]:
    """What the page says of the files, in the open reading."""
    return tuple(
        SubjectLines(
            subject.name,
            subject.title(),
            subject.description(),
            tuple(FileLine(file, kept_files.head(file.name)) for file in subject.files),
        )
        for subject in _SUBJECTS
    )


@jobs.chore(EVERY_SECONDS)
def made_again(_data_dir: Path) -> None:
    """For the worker: every file that is not true any more, and the catalogue that names them."""
    for file in FILES.values():
        with reading():
            head, is_good = _looked_at(file)
            rests = head is not None and file.is_large and clock.now() - head.made_at < REST and _are_many()
        if not is_good and not rests:
            _make(file)
    for name in CATALOGUES:
        fit(name)
