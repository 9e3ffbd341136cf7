"""Verbs about online services: make, change, announce an outage, withdraw, bring back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app import clock, jobs
from app.db import note, session
from app.directory.editing import as_seen, changed, free_slug, may_administer, one_line, put, web
from app.directory.events import DirectoryChanged
from app.directory.models import Administration, Login, OnlineService, ServiceKind
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Actor

# Whose words are on public pages: when an announced outage begins and ends, they are made again.
TURN = "directory.outage_turns"
LONGEST_SUMMARY = 1000


@dataclass(frozen=True)
class ServiceWords:
    """What a form says of a service, as it was typed; `owners` are ids of administrations."""

    title: str
    kind: str
    url: str
    login: str
    summary: str
    owners: frozenset[int]


def create_service(actor: Actor, given: ServiceWords) -> OnlineService:
    """A new service. Raises Invalid, with the field, for what cannot be."""
    may_administer(actor)
    values = _checked(given)
    owners = _owners(given.owners, ())
    row = OnlineService(slug=free_slug(OnlineService, given.title, 120), version=0, **values)
    row.owners = owners
    session().add(row)
    session().flush()
    changed(actor, row, "create_service", owners=sorted(given.owners))
    return row


def change_service(actor: Actor, number: int, seen: int, given: ServiceWords) -> OnlineService:
    row = as_seen(actor, OnlineService, number, seen)
    had = {place.id for place in row.owners}
    owners = _owners(given.owners, had)
    fields = put(row, _checked(given))
    if had != given.owners:
        row.owners = owners
        fields.append("owners")
    if fields:
        changed(
            actor, row, "change_service", renamed="kind" in fields, fields=fields, owners=sorted(given.owners)
        )
    return row


def _checked(given: ServiceWords) -> dict[str, object]:
    if given.kind not in list(ServiceKind):
        raise Invalid(_("Choisissez ce que l’on peut faire avec ce service."), field="kind")
    if given.login not in list(Login):
        raise Invalid(_("Choisissez le compte qui est nécessaire."), field="login")
    sentence = _("Donnez le titre du service (200 caractères au plus).")
    return {
        "title": one_line(given.title, 200, "title", sentence, needed=True),
        "kind": ServiceKind(given.kind),
        "url": web(given.url, 500, "url", needed=True),
        "login": Login(given.login),
        "summary": one_line(given.summary, LONGEST_SUMMARY, "summary"),
    }


def _owners(wanted: Collection[int], had: Collection[int]) -> list[Administration]:
    """The administrations of these ids; one that is closed stays where it was, and is given nothing new."""
    rows = list(session().scalars(sa.select(Administration).where(Administration.id.in_(wanted))))
    if not rows or len(rows) != len(wanted):
        raise Invalid(_("Choisissez au moins une administration."), field="owners")
    if any(row.closed_at is not None and row.id not in had for row in rows):
        raise Invalid(_("Une administration fermée ne reçoit plus de service."), field="owners")
    return rows


def announce_outage(
    actor: Actor, number: int, seen: int, words: str, begins: datetime | None, ends: datetime | None
) -> OnlineService:
    """Say that a service does not work, from a moment on and until another; without words it works again."""
    row = as_seen(actor, OnlineService, number, seen)
    words = one_line(words, 300, "words")
    if not words:
        begins = ends = None
    if ends is not None and (ends <= clock.now() or (begins is not None and ends <= begins)):
        raise Invalid(_("La fin vient après le début, et après maintenant."), field="ends")
    fields = put(row, {"outage": words, "outage_from": begins, "outage_until": ends})
    for name, moment in (("from", begins), ("until", ends)):
        key = f"{row.id}:{name}"
        if moment is not None and moment > clock.now():
            jobs.plan(TURN, key, moment, service_id=row.id)
        else:
            jobs.cancel(TURN, key)
    if fields:
        changed(actor, row, "announce_outage" if words else "end_outage", fields=fields)
    return row


@jobs.due(TURN)
def _outage_turns(_key: str, payload: dict[str, int]) -> None:
    note(DirectoryChanged(kind="online_service", thing_id=payload["service_id"]))


def withdraw_service(actor: Actor, number: int, seen: int) -> OnlineService:
    """No page leads to it any more; its address says that it is gone."""
    row = as_seen(actor, OnlineService, number, seen)
    if row.withdrawn_at is not None:
        raise Invalid(_("Ce service est déjà retiré."))
    row.withdrawn_at = clock.now()
    changed(actor, row, "withdraw_service")
    return row


def bring_back_service(actor: Actor, number: int, seen: int) -> OnlineService:
    row = as_seen(actor, OnlineService, number, seen)
    if row.withdrawn_at is None:
        raise Invalid(_("Ce service est déjà montré."))
    row.withdrawn_at = None
    changed(actor, row, "bring_back_service")
    return row
