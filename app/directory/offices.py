"""Verbs about administrations and their counters: make, change, close with a successor, open again.

An administration is never deleted: texts, signatures and evidence name it for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from app import clock
from app.db import session
from app.directory.editing import (
    as_seen,
    changed,
    domains,
    email,
    free_slug,
    may_administer,
    one_line,
    put,
    web,
)
from app.directory.models import Administration, Counter, Kind
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.policy import Actor

# A page with more counters is a directory of its own.
MOST_COUNTERS = 60
# What a room above says stands in the way of closing an administration; None: nothing.
Hindrance = Callable[[int], str | None]
_hindrances: list[Hindrance] = []


def before_closing(ask: Hindrance) -> Hindrance:
    """Register who is asked before an administration is closed."""
    _hindrances.append(ask)
    return ask


@dataclass(frozen=True)
class OfficeWords:
    """What a form says of an administration, as it was typed."""

    name: str
    acronym: str
    kind: str
    territory: str
    site: str
    link_domains: str
    may_publish_own: bool


@dataclass(frozen=True)
class CounterWords:
    name: str
    address: str
    commune: str
    phone: str
    email: str
    hours: str


def create_administration(actor: Actor, given: OfficeWords) -> Administration:
    """A new administration. Raises Invalid, with the field, for what cannot be."""
    may_administer(actor)
    values = _checked(given)
    place = Administration(slug=free_slug(Administration, given.name, 80), version=0, **values)
    _own_name(place)
    session().add(place)
    session().flush()
    changed(actor, place, "create_administration")
    return place


def change_administration(actor: Actor, number: int, seen: int, given: OfficeWords) -> Administration:
    """Raises MovedOn when somebody changed it since, Invalid for what cannot be."""
    place = as_seen(actor, Administration, number, seen)
    fields = put(place, _checked(given))
    with session().no_autoflush:
        _own_name(place)
    if fields:
        renamed = bool({"name", "acronym"} & set(fields))
        changed(actor, place, "change_administration", renamed=renamed, fields=fields)
    return place


def _checked(given: OfficeWords) -> dict[str, object]:
    if given.kind not in list(Kind):
        raise Invalid(_("Choisissez le type de l’administration."), field="kind")
    sentence = _("Donnez le nom de l’administration (200 caractères au plus).")
    return {
        "name": one_line(given.name, 200, "name", sentence, needed=True),
        "acronym": one_line(given.acronym, 40, "acronym") or None,
        "kind": Kind(given.kind),
        "territory": one_line(given.territory, 80, "territory"),
        "site": web(given.site, 300, "site") or None,
        "link_domains": domains(given.link_domains, "link_domains"),
        "may_publish_own": given.may_publish_own,
    }


def _own_name(place: Administration) -> None:
    """Credits and forms name administrations: two of one name could not be told apart."""
    others = session().execute(
        sa.select(Administration.id, Administration.name).where(Administration.closed_at.is_(None))
    )
    mine = place.name.casefold()
    if any(number != place.id and name.casefold() == mine for number, name in others):
        raise Invalid(_("Une autre administration porte déjà ce nom."), field="name")


def close_administration(actor: Actor, number: int, seen: int, successor_id: int | None) -> Administration:
    """It is no more: it is offered nowhere, its page stays and leads to the successor. Raises Invalid while somebody
    works there, MovedOn when somebody changed it since."""
    place = as_seen(actor, Administration, number, seen)
    if place.closed_at is not None:
        raise Invalid(_("Cette administration est déjà fermée."))
    for ask in _hindrances:
        if (sentence := ask(place.id)) is not None:
            raise Invalid(sentence, field="successor")
    if successor_id is not None:
        successor = session().get(Administration, successor_id)
        if successor is None or successor.closed_at is not None or successor.id == place.id:
            raise Invalid(_("Choisissez une administration ouverte, autre que celle-ci."), field="successor")
    place.closed_at, place.successor_id = clock.now(), successor_id
    changed(actor, place, "close_administration", successor=successor_id)
    return place


def reopen_administration(actor: Actor, number: int, seen: int) -> Administration:
    place = as_seen(actor, Administration, number, seen)
    if place.closed_at is None:
        raise Invalid(_("Cette administration est ouverte."))
    place.closed_at = place.successor_id = None
    _own_name(place)
    changed(actor, place, "reopen_administration")
    return place


def add_counter(actor: Actor, number: int, seen: int, given: CounterWords) -> Counter:
    place = as_seen(actor, Administration, number, seen)
    if len(place.counters) >= MOST_COUNTERS:
        raise Invalid(_("Une administration a 60 guichets au plus."), field="name")
    counter = Counter(**_checked_counter(given))
    place.counters.append(counter)
    session().flush()
    changed(actor, place, "add_counter", counter=counter.id)
    return counter


def change_counter(actor: Actor, number: int, seen: int, counter_id: int, given: CounterWords) -> None:
    place = as_seen(actor, Administration, number, seen)
    fields = put(_counter(place, counter_id), _checked_counter(given))
    if fields:
        changed(actor, place, "change_counter", counter=counter_id, fields=fields)


def remove_counter(actor: Actor, number: int, seen: int, counter_id: int) -> None:
    """Texts that name it show nothing in its place, and say so to who writes them."""
    place = as_seen(actor, Administration, number, seen)
    place.counters.remove(_counter(place, counter_id))
    changed(actor, place, "remove_counter", counter=counter_id)


def _counter(place: Administration, counter_id: int) -> Counter:
    found = next((counter for counter in place.counters if counter.id == counter_id), None)
    if found is None:
        raise Missing(_("Ce guichet n’existe plus."))
    return found


def _checked_counter(given: CounterWords) -> dict[str, str]:
    sentence = _("Donnez le nom du guichet (200 caractères au plus).")
    return {
        "name": one_line(given.name, 200, "name", sentence, needed=True),
        "address": one_line(given.address, 300, "address"),
        "commune": one_line(given.commune, 80, "commune"),
        "phone": one_line(given.phone, 40, "phone"),
        "email": email(given.email),
        "hours": one_line(given.hours, 300, "hours"),
    }
