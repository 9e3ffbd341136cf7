"""The open suggestions of a draft with those who made them, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.extensions import gettext as _
from app.policy import Actor
from drafts import log
from drafts.models import Draft, DraftClient
from drafts.suggested import Suggestion, client_of, suggestions_in


@dataclass(frozen=True)
class Author:
    """Who suggested, for the administration of the time. `is_me`: the person who reads."""

    person_id: int
    name: str
    administration: str
    is_me: bool

    @property
    def called(self) -> str:
        return f"{self.name} – {self.administration}" if self.administration else self.name


@dataclass(frozen=True)
class Group:
    """The suggestions of one person in reading order; those of ids that nobody was given have no author."""

    author: Author | None
    suggestions: tuple[Suggestion, ...]

    @property
    def idents(self) -> tuple[str, ...]:
        return tuple(one.ident for one in self.suggestions)


@dataclass(frozen=True)
class OpenSuggestions:
    seq: int
    groups: tuple[Group, ...]
    # The author of each client id under which one of them was made.
    authors: dict[int, Author]

    @property
    def count(self) -> int:
        return sum(len(group.suggestions) for group in self.groups)


def open_suggestions(actor: Actor, draft: Draft) -> OpenSuggestions:
    """What waits for an answer in the text as it is stored, by person, in the order of their first suggestion."""
    text = log.text(draft.id)
    found = suggestions_in(text.tree)
    clients = {client for one in found if (client := client_of(one.ident)) is not None}
    authors = _authors(actor, draft.id, clients)
    groups: dict[int, list[Suggestion]] = {}
    people: dict[int, Author | None] = {}
    for one in found:
        author = authors.get(client_of(one.ident) or 0)
        key = author.person_id if author else 0
        people.setdefault(key, author)
        groups.setdefault(key, []).append(one)
    return OpenSuggestions(
        text.seq, tuple(Group(people[key], tuple(held)) for key, held in groups.items()), authors
    )


def _authors(actor: Actor, draft_id: int, clients: set[int]) -> dict[int, Author]:
    rows = session().execute(
        sa.select(DraftClient.client_id, Person.id, Person.name, Administration.acronym, Administration.name)
        .join(Person, Person.id == DraftClient.person_id)
        .outerjoin(Administration, Administration.id == DraftClient.administration_id)
        .where(DraftClient.draft_id == draft_id, DraftClient.client_id.in_(clients))
    )
    return {
        client: Author(person, name or _("Compte effacé"), acronym or place or "", person == actor.id)
        for client, person, name, acronym, place in rows
    }
