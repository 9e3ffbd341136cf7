"""Online services from a partner's table. Two partners may have the same one: it has both as owners then.

Whose words a shared service has: those of the partner whose file had it first, and still has.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from app.db import session
from app.directory import catalogue, online
from app.directory.models import Login, OnlineService, ServiceKind
from app.directory.online import ServiceWords
from app.errors import Invalid
from app.extensions import gettext as _
from app.importing import places, records
from app.importing.administrations import word_of
from app.importing.mapping import Field
from app.importing.models import ImportRecord, Kind
from app.importing.records import Group, Taken
from app.policy import Actor

_WORDS = ("title", "kind", "url", "login", "summary")


class Services:
    kind = Kind.SERVICES
    named_by = "url"
    grouped = False
    is_personal = False
    fields: tuple[Field, ...] = (
        Field("key", "the partner's own key; without it, the address"),
        Field("title", "what one reads", needed=True),
        Field("kind", f"one of {', '.join(ServiceKind)}, or the French words of the pages", needed=True),
        Field("url", "its address, https://…", needed=True),
        Field("login", f"one of {', '.join(Login)}, or the French words of the pages; none when empty"),
        Field("summary", "one or two sentences"),
        Field("owners", "administrations (address, name or acronym) with | between; the partner when empty"),
    )

    def __init__(self, partner: str) -> None:
        self.partner = partner

    def is_due(self, record: ImportRecord) -> bool:
        return False

    def take(self, actor: Actor, group: Group, record: ImportRecord | None) -> Taken:
        row = session().get(OnlineService, record.our_id) if record is not None else _at(group.first["url"])
        mine = self._owners(group)
        if row is None:
            made = online.create_service(actor, _words(group, None, frozenset(mine)))
            return Taken(made.id, made.title, None, _shown(made), {"owners": sorted(mine)})
        before, note = _shown(row), ""
        others = records.others(record, self.kind, row.id)
        if row.withdrawn_at is not None:
            if _was_put_away(row.id):
                online.bring_back_service(actor, row.id, row.version)
            else:
                note = "It was withdrawn here by hand, and stays withdrawn."
        had = set(record.left_as.get("owners", [])) if record is not None else set()
        claimed = {owner for other in others for owner in other.left_as.get("owners", [])}
        owners = frozenset(({place.id for place in row.owners} - had) | claimed | set(mine))
        is_first = not any(record is None or other.id < record.id for other in others)
        if is_first:
            words = _words(group, row, owners)
        else:
            words = replace(_here(row), owners=owners)
            note = note or "Another partner's file had it first, and holds its words; owners are added."
        online.change_service(actor, row.id, row.version, words)
        return Taken(row.id, row.title, before, _shown(row), {"owners": sorted(mine)}, note)

    def _owners(self, group: Group) -> set[int]:
        words = group.first.get("owners", "")
        found = places.several(words, "owners") if words else [places.named(self.partner, "owners")]
        return {place.id for place in found}

    def put_away(self, actor: Actor, record: ImportRecord) -> None:
        """Withdraw it; while others have it, only those who owned it by this file go."""
        row = session().get_one(OnlineService, record.our_id)
        if row.withdrawn_at is not None:
            return
        others = records.others(record, self.kind, row.id)
        if not others:
            online.withdraw_service(actor, row.id, row.version)
            return
        claimed = {owner for other in others for owner in other.left_as.get("owners", [])}
        left = frozenset({place.id for place in row.owners} - set(record.left_as.get("owners", []))) | claimed
        online.change_service(actor, row.id, row.version, replace(_here(row), owners=left))

    def called(self, record: ImportRecord) -> str:
        row = session().get(OnlineService, record.our_id)
        return row.title if row is not None else record.their_key


def _was_put_away(service_id: int) -> bool:
    """Whether it is withdrawn because files no longer had it, and by nobody's hand."""
    found = session().scalar(
        sa.select(ImportRecord.id).where(
            ImportRecord.kind == Kind.SERVICES, ImportRecord.our_id == service_id, ImportRecord.put_away
        )
    )
    return found is not None


def _at(url: str) -> OnlineService | None:
    """The service at this address that is shown: what somebody made by hand is taken over, not made twice."""
    rows = list(
        session().scalars(
            sa.select(OnlineService)
            .where(OnlineService.url == url.strip(), OnlineService.withdrawn_at.is_(None))
            .limit(2)
        )
    )
    if len(rows) > 1:
        raise Invalid(_("Plusieurs services ont cette adresse ici : retirez-en un d’abord."), field="url")
    return rows[0] if rows else None


def _here(row: OnlineService) -> ServiceWords:
    owners = frozenset(place.id for place in row.owners)
    return ServiceWords(row.title, str(row.kind), row.url, str(row.login), row.summary, owners)


def _words(group: Group, row: OnlineService | None, owners: frozenset[int]) -> ServiceWords:
    here = _here(row) if row is not None else ServiceWords("", "", "", str(Login.NONE), "", owners)
    said = {name: group.first[name] for name in _WORDS if name in group.first}
    if "kind" in said:
        kinds = {str(key): label for key, label in catalogue.service_kinds().items()}
        said["kind"] = word_of(said["kind"], kinds)
    if "login" in said:
        logins = {str(key): label for key, label in catalogue.logins().items()}
        said["login"] = word_of(said["login"], logins) or str(Login.NONE)
    return replace(here, owners=owners, **said)


def _shown(row: OnlineService) -> dict[str, str]:
    return {
        "title": row.title,
        "kind": str(row.kind),
        "url": row.url,
        "login": str(row.login),
        "summary": row.summary,
        "owners": ", ".join(sorted(place.slug for place in row.owners)),
        "withdrawn": "yes" if row.withdrawn_at is not None else "",
    }
