"""Articles for the copy of the site, in a scratch database: published through the services, each in one transaction.

Texts are made of sentences of the demonstration's articles, so that the search has real words; the lengths are those of its
short articles, every tenth is a long one.
"""

from __future__ import annotations

import random
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
            sa.event.listen(database().engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF"))
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
            draft = makers.make_draft(self.writer, session().get_one(Lab, self.lab_id), place, title=title, tree=tree)
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


def fill(count: int, tell: Callable[[int], None]) -> World:
    """A world of so many articles."""
    world = World()
    for number in range(count):
        world.publish(number)
        tell(number + 1)
    return world
