"""Articles for the copy of the site, in a scratch database on SQLite.

The first are published through the services, each in one transaction, which takes some tenths of a second; the others are rows
copied from those, under other numbers, addresses and titles. What is measured reads editions, and cannot tell them apart.
Texts are made of sentences of the demonstration's articles, so that the search has real words; the lengths are those of its
short articles, every tenth is a long one.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app import seed
from app.db import database, session, unit_of_work
from app.directory.models import Administration
from app.policy import Actor, PortalRole
from drafts import review, service
from drafts.grammar import plain_text
from drafts.models import Draft
from labs.models import Lab
from publish import service as publishing
from publish import store
from tests import makers

THEMES = (
    "logement", "sante", "transports", "emploi", "famille", "education", "impots", "papiers", "justice", "entreprise",
    "environnement", "culture",
)  # fmt: skip
EVENTS = ("demenager", "naissance", "perdre-son-emploi", "creer-son-entreprise")


def sentences() -> list[str]:
    """What the demonstration's articles say, sentence by sentence."""
    found = []
    for entry in [*seed.entries("articles"), *seed.entries("short_articles", "articles")]:
        for block in entry.get("tree") or entry.get("blocks") or ():
            text = plain_text([block]) if isinstance(block, dict) else str(block)
            found += [part.strip() + "." for part in text.replace("\n", " ").split(". ") if len(part) > 30]
    return found


def _text(words: random.Random, known: list[str], paragraphs: int, number: int) -> list[dict[str, Any]]:
    def block(kind: str, ident: str, text: str, **attrs: Any) -> dict[str, Any]:
        return {"type": kind, "attrs": {"id": ident, **attrs}, "content": [{"type": "text", "text": text}]}

    tree = [block("lead", "b0", f"{words.choice(known)} Dossier {number}.")]
    for place in range(1, paragraphs + 1):
        if place % 4 == 1:
            tree.append(block("heading", f"h{place}", words.choice(known)[:70].rsplit(" ", 1)[0]))
        tree.append(block("paragraph", f"p{place}", " ".join(words.choices(known, k=3))))
    return tree


class World:
    """The people who write and sign, and what they have published."""

    def __init__(self) -> None:
        # A scratch database: nobody minds what a power cut would take of it.
        if database().is_sqlite:
            sa.event.listen(
                database().engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF")
            )
            database().engine.dispose()
        self.words = random.Random(20_26)  # nosec B311 # the same articles each time
        self.known = sentences()
        with unit_of_work():
            for entry in seed.entries("administrations"):
                seed.add_administration(entry)
            offices = list(session().scalars(sa.select(Administration).order_by(Administration.id)))
            first = offices[0]
            self.writer = makers.make_agent(first)
            self.editor = makers.make_agent(offices[1], PortalRole.PORTAL_EDITOR)
            self.lab_id = makers.make_lab(self.writer, first).id
            self.offices = [office.id for office in offices[:12]]
            self.reviewers: dict[int, Actor] = {
                office.id: makers.make_agent(office, reviewer=True) for office in offices[:12]
            }
        self.drafts: list[int] = []

    def publish(self, number: int) -> None:
        office = self.offices[number % len(self.offices)]
        tree = _text(self.words, self.known, 24 if number % 10 == 0 else 6, number)
        title = f"{self.words.choice(self.known)[:60].rsplit(' ', 1)[0]}, cas {number}"
        with unit_of_work():
            place = session().get_one(Administration, office)
            draft = makers.make_draft(
                self.writer, session().get_one(Lab, self.lab_id), place, title=title, tree=tree
            )
            service.set_fields(
                self.writer, draft, themes=[THEMES[number % len(THEMES)]], life_events=[EVENTS[number % len(EVENTS)]],
                review_date="2030-05-31",
            )  # fmt: skip
            self._out(draft, office)
            self.drafts.append(draft.id)

    def again(self, number: int) -> None:
        """One article says something else."""
        office = self.offices[number % len(self.offices)]
        with unit_of_work():
            draft = session().get_one(Draft, self.drafts[number])
            service.replace_text(self.writer, draft, _text(self.words, self.known, 6, number))
        with unit_of_work():
            self._out(session().get_one(Draft, self.drafts[number]), office)

    def _out(self, draft: Draft, office: int) -> None:
        revision = review.submit(self.writer, draft, "Mise à jour.")
        review.sign_off(self.reviewers[office], draft, office, revision.fingerprint)
        publishing.publish(self.editor, draft, revision.fingerprint, "")


# What a public page is read from. Columns that hold a number of ours, by what they number.
_NUMBERS = {
    "article": ("id", "live_revision_id", "urgent_revision_id"), "revision": ("id", "number"), "revision_part": ("revision_id",), "revision_scope": ("revision_id",),
    "revision_competence": ("revision_id",), "sign_off": ("id", "revision_id"), "review_outcome": ("revision_id",),
    "edition": ("id", "article_id", "revision_id"), "address": ("article_id",), "search_term": ("article_id",),
    "searched_article": ("article_id", "edition_id"),
}  # fmt: skip
_APART = 10_000


def _multiply(times: int) -> None:
    """Every article so many times. Nobody writes in a scratch database but who measures: its rules are put aside."""
    raw = sqlite3.connect(database().engine.url.database or "")
    raw.execute("PRAGMA foreign_keys=OFF")
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f'DROP TRIGGER "{name}"')
    for table, numbers in _NUMBERS.items():
        columns = [row[1] for row in raw.execute(f'PRAGMA table_info("{table}")')]
        rows = raw.execute(f'SELECT * FROM "{table}"').fetchall()  # nosec B608 # a name of the list above
        marks = ", ".join("?" * len(columns))
        for turn in range(1, times):
            raw.executemany(
                f'INSERT INTO "{table}" VALUES ({marks})',  # nosec B608 # a name of the list above
                (
                    [_other(column, value, turn, numbers) for column, value in zip(columns, row, strict=True)]
                    for row in rows
                ),
            )
    raw.commit()
    raw.close()
    with unit_of_work():
        store.invalidate()


def _other(column: str, value: Any, turn: int, numbers: tuple[str, ...]) -> Any:
    if value is None:
        return None
    if column in numbers:
        return value + turn * _APART
    if column == "slug":
        return f"{value[:100]}-{turn}"
    if column == "title":
        return f"{value[:180]}, suite {turn}"
    return value


# So many are published through the services.
THROUGH_SERVICES = 200


def fill(count: int, tell: Callable[[int], None]) -> World:
    """A world of so many articles."""
    world = World()
    real = min(count, THROUGH_SERVICES)
    for number in range(real):
        world.publish(number)
        tell(number + 1)
    if count > real:
        database().engine.dispose()
        _multiply(count // real)
        tell(count)
    return world
