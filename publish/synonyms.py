"""Words that mean the same to who searches, acronyms among them: a list that portal editors keep.

A line is a group; what is sought by one of its words or expressions is found by the others as well. The list is read
at each search, so a change holds on every process with its commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from app import audit, clock
from app.db import session
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.jobs import Lease
from app.policy import PORTAL, Act, Actor, require
from publish import spelling
from publish.search_models import LONGEST_GROUP, SearchSynonym
from publish.words import Expression, Kin, Sought, fold, sought

FIRST = Path(__file__).parent / "synonyms.txt"
# Stands once the first list was put in, so that what editors take out stays out.
MARKER = "first synonyms"
MOST_GROUPS = 1000
MOST_IN_GROUP = 15
LONGEST_EXPRESSION = 5


@dataclass(frozen=True)
class Group:
    """A line of the list, as it is edited."""

    id: int
    words: str


@dataclass(frozen=True)
class Match:
    """Words of a query that are an expression of the list: how many, and the expressions that mean the same."""

    length: int
    others: tuple[Expression, ...]


class Thesaurus:
    """The list, taken apart."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.groups: list[list[Expression]] = []
        # {stem of a first word: [(group, expression)]}
        self._first: dict[str, list[tuple[int, Expression]]] = {}
        for line in lines:
            group = [expression for part in line.split(",") if (expression := tuple(sought(part)))]
            for expression in group:
                for stem in expression[0].stems:
                    self._first.setdefault(stem, []).append((len(self.groups), expression))
            self.groups.append(group)
        # {a word of the list: the pairs of letters it has}, for those who type it wrongly.
        self.spellings = {
            word.text: spelling.grams(fold(word.text))
            for group in self.groups
            for expression in group
            for word in expression
            if len(word.text) >= spelling.SHORTEST
        }

    def at(self, wanted: Sequence[Sought]) -> Match | None:
        """The longest expression that the sought words begin with, whatever group it is of."""
        candidates = {entry for stem in wanted[0].stems for entry in self._first.get(stem, ())}
        for length in range(min(LONGEST_EXPRESSION, len(wanted)), 0, -1):
            here = [
                (group, expression)
                for group, expression in candidates
                if len(expression) == length and _are_same(expression, wanted[:length])
            ]
            if here:
                mine = {expression for _group, expression in here}
                others = [
                    expression
                    for group in sorted({group for group, _expression in here})
                    for expression in self.groups[group]
                    if expression not in mine
                ]
                return Match(length, tuple(dict.fromkeys(others)))
        return None


def _are_same(expression: Expression, wanted: Sequence[Sought]) -> bool:
    return all(
        mine.stems & asked.stems
        and Kin.ITSELF in (mine.kin_of(asked.text.lower()), asked.kin_of(mine.text.lower()))
        for mine, asked in zip(expression, wanted, strict=True)
    )


@lru_cache(maxsize=4)
def _taken_apart(lines: tuple[str, ...]) -> Thesaurus:
    return Thesaurus(lines)


def thesaurus() -> Thesaurus:
    """The list of this moment. Taking it apart is remembered for as long as nobody changes it."""
    rows = session().scalars(sa.select(SearchSynonym.words).order_by(SearchSynonym.id).limit(MOST_GROUPS))
    return _taken_apart(tuple(rows))


def groups() -> list[Group]:
    """The list for its editors, in alphabetical order."""
    rows = session().execute(sa.select(SearchSynonym.id, SearchSynonym.words))
    return sorted((Group(*row) for row in rows), key=lambda group: group.words.lower())


def put_first_list() -> bool:
    """Give a new portal the list it starts with, once; False when it has been given."""
    if session().get(Lease, MARKER) is not None:
        return False
    session().add(Lease(name=MARKER, holder="publish", until=clock.now()))
    lines = FIRST.read_text(encoding="utf-8").splitlines()
    session().add_all(
        SearchSynonym(words=line.strip()) for line in lines if line.strip() and not line.startswith("#")
    )
    session().flush()
    return True


def add(actor: Actor, words: str) -> SearchSynonym:
    """A new group. Raises Invalid when it is none."""
    require(actor, Act.PORTAL_PUBLISH, PORTAL)
    words = _checked(words)
    if (session().scalar(sa.select(sa.func.count()).select_from(SearchSynonym)) or 0) >= MOST_GROUPS:
        raise Invalid(_("La liste est pleine : retirez d’abord une ligne."), field="words")
    row = SearchSynonym(words=words)
    session().add(row)
    session().flush()
    audit.record(actor.id, "add_synonyms", "search_synonym", row.id)
    return row


def change(actor: Actor, number: int, seen: str, words: str) -> None:
    """Other words for a group. Raises MovedOn when it is not what the actor saw any more, Invalid when it is none."""
    row = _as_seen(actor, number, seen)
    row.words = _checked(words)
    audit.record(actor.id, "change_synonyms", "search_synonym", number)


def remove(actor: Actor, number: int, seen: str) -> None:
    """Take a group out. Raises MovedOn when it is not what the actor saw any more."""
    row = _as_seen(actor, number, seen)
    session().delete(row)
    audit.record(actor.id, "remove_synonyms", "search_synonym", number)


def _as_seen(actor: Actor, number: int, seen: str) -> SearchSynonym:
    require(actor, Act.PORTAL_PUBLISH, PORTAL)
    row = session().get(SearchSynonym, number, with_for_update=True)
    if row is None:
        raise Missing(_("Cette ligne n’est plus dans la liste."))
    if row.words != seen:
        raise MovedOn(_("Quelqu’un a changé cette ligne entre-temps : relisez-la, puis recommencez."))
    return row


def _checked(words: str) -> str:
    """The group on one line, its expressions once each."""
    parts = [" ".join(part.split()) for part in words.split(",")]
    parts = list(dict.fromkeys(part for part in parts if part))
    line = ", ".join(parts)
    if len(parts) < 2:
        raise Invalid(
            _("Écrivez au moins deux mots ou expressions, séparés par des virgules."), field="words"
        )
    if len(parts) > MOST_IN_GROUP or len(line) > LONGEST_GROUP:
        raise Invalid(
            _("Une ligne a 15 expressions et 400 caractères au plus : faites-en deux."), field="words"
        )
    for part in parts:
        found = sought(part)
        if not found:
            raise Invalid(_("« %(words)s » n’a aucun mot qui se cherche.", words=part), field="words")
        if len(found) > LONGEST_EXPRESSION:
            raise Invalid(
                _("« %(words)s » est trop long : cinq mots qui comptent au plus.", words=part), field="words"
            )
    return line
