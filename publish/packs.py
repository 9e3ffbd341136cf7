"""To ask for a pack, and what stands there already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import clock
from app.db import insert, session
from app.directory.models import Administration
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from publish import queries
from publish.pack_models import WITH_CONTENT, Pack
from publish.pack_policy import PACKS
from publish.queries import Card, SubjectKind

MOST_THEMES, MOST_ADMINISTRATIONS = 40, 20
# The texts of one pack: a leaflet of all of them would have a thousand pages.
MOST_ARTICLES = 400
# How many are kept, the last that were asked for; and how long one that nobody asks for.
MOST_KEPT, KEPT = 20, timedelta(days=30)


@dataclass(frozen=True)
class Choice:
    """What a pack is made of: the articles of these themes for which one of these administrations is competent; an empty
    list chooses all."""

    themes: tuple[str, ...] = ()
    administrations: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        text = json.dumps([sorted(self.themes), sorted(self.administrations)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class PackLine:
    """A pack in the list. `made_at` is None while it is being made."""

    key: str
    themes: tuple[str, ...]
    administrations: tuple[str, ...]
    asked_at: datetime
    made_at: datetime | None
    size: int
    failure: str


def chosen(themes: Sequence[str], administrations: Sequence[str]) -> Choice:
    """What somebody chose, in words that exist. Raises Invalid."""
    choice = Choice(tuple(sorted(set(themes))), tuple(sorted(set(administrations))))
    known = {one.slug for one in queries.subjects(SubjectKind.THEME, queries.live_cards())}
    if not known.issuperset(choice.themes) or len(choice.themes) > MOST_THEMES:
        raise Invalid(_("Un de ces thèmes n’existe pas, ou plus : choisissez dans la liste."), field="themes")
    found = session().scalar(
        sa.select(sa.func.count())
        .select_from(Administration)
        .where(Administration.slug.in_(choice.administrations))
    )
    if found != len(choice.administrations) or len(choice.administrations) > MOST_ADMINISTRATIONS:
        raise Invalid(
            _(
                "Une de ces administrations n’existe pas, ou plus. Choisissez-en %(most)s au plus.",
                most=MOST_ADMINISTRATIONS,
            ),
            field="administrations",
        )
    count = len(cards_of(choice))
    if not count:
        raise Invalid(
            _("Aucune fiche ne répond à ce choix : retirez un thème ou une administration."), field="themes"
        )
    if count > MOST_ARTICLES:
        raise Invalid(
            _("Ce choix contient %(count)s fiches, et un classeur %(most)s au plus : choisissez moins de thèmes.",
              count=count, most=MOST_ARTICLES), field="themes",
        )  # fmt: skip
    return choice


def cards_of(choice: Choice) -> list[Card]:
    """The live articles of a choice."""
    cards = queries.live_cards()
    if choice.themes:
        cards = [card for card in cards if set(choice.themes).intersection(card.listed(SubjectKind.THEME))]
    if choice.administrations:
        wanted = set(
            session().scalars(
                sa.select(Administration.id).where(Administration.slug.in_(choice.administrations))
            )
        )
        competent = queries.competent_for([card.revision_id for card in cards])
        cards = [card for card in cards if wanted.intersection(competent.get(card.revision_id, ()))]
    return cards


def ask(actor: Actor, choice: Choice) -> str:
    """Have a pack made, or made again when something in it has changed; its key. Raises Refused."""
    require(actor, Act.PACK_MAKE, PACKS)
    now = clock.now()
    row = insert(Pack).values(
        key=choice.key, themes=list(choice.themes), administrations=list(choice.administrations), asked_at=now,
        state="", failure="", size=0,
    )  # fmt: skip
    session().execute(
        row.on_conflict_do_update(index_elements=["key"], set_={"asked_at": now, "failure": ""})
    )
    return choice.key


def kept() -> list[PackLine]:
    """The packs that are there or on their way, the last that was asked for first."""
    rows = session().scalars(sa.select(Pack).order_by(Pack.asked_at.desc(), Pack.key).limit(MOST_KEPT))
    return [
        PackLine(
            row.key,
            tuple(row.themes),
            tuple(row.administrations),
            row.asked_at,
            row.made_at,
            row.size,
            row.failure,
        )
        for row in rows
    ]


def file_of(actor: Actor, key: str) -> tuple[bytes, datetime]:
    """The file of a pack, and when it was made. Raises Missing while there is none."""
    require(actor, Act.PACK_MAKE, PACKS)
    row = session().get(Pack, key, options=[WITH_CONTENT])
    if row is None or row.content is None or row.made_at is None:
        raise Missing(_("Ce classeur n’est pas prêt, ou n’est plus gardé : demandez-le de nouveau."))
    return row.content, row.made_at


def forget_old() -> int:
    """Packs that nobody asked for in a month, and those over the number that is kept."""
    last = sa.select(Pack.key).order_by(Pack.asked_at.desc()).limit(MOST_KEPT)
    gone = session().execute(
        sa.delete(Pack)
        .where(sa.or_(Pack.asked_at < clock.now() - KEPT, Pack.key.not_in(last)))
        .returning(Pack.key)
    )
    return len(gone.all())
