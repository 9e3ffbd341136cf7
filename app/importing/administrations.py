"""Administrations and their counters from a partner's table: one row for each counter, those of one administration together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from app.db import session
from app.directory import catalogue, offices
from app.directory.models import Administration, Counter
from app.directory.models import Kind as PlaceKind
from app.directory.offices import CounterWords, OfficeWords
from app.errors import Invalid
from app.extensions import gettext as _
from app.importing.mapping import Field
from app.importing.models import ImportRecord, Kind
from app.importing.records import Group, Taken
from app.policy import Actor

_COUNTER = "counter_"
_OF_COUNTERS = ("name", "address", "commune", "phone", "email", "hours")
_OF_PLACES = ("name", "acronym", "kind", "territory", "site", "link_domains")


class Administrations:
    kind = Kind.ADMINISTRATIONS
    named_by = "name"
    grouped = True
    is_personal = False
    fields: tuple[Field, ...] = (
        Field("key", "the partner's own key; without it, the name"),
        Field("name", "its whole name", needed=True),
        Field("acronym", "its acronym"),
        Field("kind", f"one of {', '.join(PlaceKind)}, or the French words of the pages", needed=True),
        Field("territory", "where it is competent"),
        Field("site", "its site, https://…"),
        Field("link_domains", "domains its texts may link to, with spaces between"),
        Field("counter_name", "a counter; several are several rows"),
        Field("counter_address", "street and number"),
        Field("counter_commune", "commune"),
        Field("counter_phone", "telephone"),
        Field("counter_email", "e-mail of the counter"),
        Field("counter_hours", "opening hours, in words"),
    )

    def __init__(self, *, mark_removed: bool = False) -> None:
        self.mark_removed = mark_removed

    def is_due(self, record: ImportRecord) -> bool:
        return False

    def take(self, actor: Actor, group: Group, record: ImportRecord | None) -> Taken:
        _one_story(group)
        place = session().get(Administration, record.our_id) if record is not None else _called(group)
        before = _shown(place) if place is not None else None
        note = ""
        if place is None:
            place = offices.create_administration(actor, _words(group, None))
        else:
            if record is not None and record.put_away and place.closed_at is not None:
                offices.reopen_administration(actor, place.id, place.version)
            elif place.closed_at is not None:
                note = "It was closed here by hand, and stays closed."
            offices.change_administration(actor, place.id, place.version, _words(group, place))
        held, kept = self._counters(actor, place, group, record)
        if kept:
            note = f"Counters that the file no longer has stay: {', '.join(kept)}."
        return Taken(place.id, place.name, before, _shown(place), {"counters": held}, note)

    def _counters(
        self, actor: Actor, place: Administration, group: Group, record: ImportRecord | None
    ) -> tuple[list[int], list[str]]:
        """The ids of the counters that the file has, and the names of those it no longer has."""
        before = set(record.left_as.get("counters", [])) if record is not None else set()
        if _COUNTER + "name" not in group.first:
            return sorted(before), []
        held: list[int] = []
        for row in group.rows:
            name = row.get(_COUNTER + "name", "")
            if not name:
                if any(row.get(_COUNTER + one) for one in _OF_COUNTERS):
                    raise Invalid(_("Donnez le nom du guichet."), field="counter_name")
                continue
            there = next((one for one in place.counters if one.name.casefold() == name.casefold()), None)
            if there is not None and there.id in held:
                raise Invalid(_("Ce guichet est deux fois dans le fichier."), field="counter_name")
            words = _counter_words(row, there)
            if there is None:
                there = offices.add_counter(actor, place.id, place.version, words)
            else:
                offices.change_counter(actor, place.id, place.version, there.id, words)
            held.append(there.id)
        kept = []
        for counter in [one for one in place.counters if one.id in before - set(held)]:
            if self.mark_removed:
                offices.remove_counter(actor, place.id, place.version, counter.id)
            else:
                kept.append(counter.name)
                held.append(counter.id)
        session().flush()
        return sorted(held), kept

    def put_away(self, actor: Actor, record: ImportRecord) -> None:
        place = session().get_one(Administration, record.our_id)
        if place.closed_at is None:
            offices.close_administration(actor, place.id, place.version, None)

    def called(self, record: ImportRecord) -> str:
        place = session().get(Administration, record.our_id)
        return place.name if place is not None else record.their_key


def _one_story(group: Group) -> None:
    """Rows of one administration say the same of it, or nothing."""
    for row in group.rows[1:]:
        for name in _OF_PLACES:
            if row.get(name) and row[name] != group.first.get(name):
                raise Invalid(
                    _("Les lignes de cette administration ne disent pas la même chose."), field=name
                )


def _called(group: Group) -> Administration | None:
    """The open administration with this name: what somebody made by hand is taken over, not made twice."""
    wanted = group.first.get("name", "").casefold()
    rows = session().execute(
        sa.select(Administration.id, Administration.name).where(Administration.closed_at.is_(None))
    )
    number = next((number for number, name in rows if name.casefold() == wanted), None)
    return session().get(Administration, number) if number is not None else None


def _words(group: Group, place: Administration | None) -> OfficeWords:
    """What the file says, over what stands here for fields it does not have."""
    here = (
        OfficeWords(
            place.name, place.acronym or "", str(place.kind), place.territory, place.site or "",
            "\n".join(place.link_domains), place.may_publish_own,
        )
        if place is not None
        # To publish one's own is a right, which somebody gives here.
        else OfficeWords("", "", "", "", "", "", False)
    )  # fmt: skip
    said: dict[str, Any] = {name: group.first[name] for name in _OF_PLACES if name in group.first}
    if "kind" in said:
        said["kind"] = word_of(
            said["kind"], {str(key): label for key, label in catalogue.kind_names().items()}
        )
    return replace(here, **said)


def word_of(cell: str, labels: dict[str, str]) -> str:
    """Our word for what a cell says in ours or in the French of the pages; the cell itself when it is neither."""
    folded = cell.strip().casefold().replace("’", "'")
    for word, label in labels.items():
        if folded in (word, label.casefold().replace("’", "'")):
            return word
    return cell


def _counter_words(row: Mapping[str, str], there: Counter | None) -> CounterWords:
    here = (
        CounterWords(there.name, there.address, there.commune, there.phone, there.email, there.hours)
        if there is not None
        else CounterWords("", "", "", "", "", "")
    )
    said = {name: row[_COUNTER + name] for name in _OF_COUNTERS if _COUNTER + name in row}
    return replace(here, **said)


def _shown(place: Administration) -> dict[str, str]:
    found = {
        "name": place.name,
        "acronym": place.acronym or "",
        "kind": str(place.kind),
        "territory": place.territory,
        "site": place.site or "",
        "link_domains": " ".join(place.link_domains),
        "closed": "yes" if place.closed_at is not None else "",
    }
    for counter in place.counters:
        words = asdict(
            CounterWords(
                counter.name, counter.address, counter.commune, counter.phone, counter.email, counter.hours
            )
        )
        found[f"counter {counter.name}"] = " / ".join(value for value in words.values() if value)
    return found
