"""The agenda of a séance: items in order, each with its minutes, and tied to a text or to a block of it where it is about one.

Kept as JSON in the séance's row: only its facilitator changes it, and what it was during the séance is told by events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app import audit
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor
from labs import texts
from labs.models import LabSession, SessionStatus
from labs.room import append, block_of, entered, line
from labs.session_models import EventKind

MOST_ITEMS = 50
LONGEST_TITLE = 200
MOST_MINUTES = 480


@dataclass(frozen=True)
class Item:
    """`text` is the title of the draft it is about, as it was when they were tied."""

    id: int
    title: str
    minutes: int | None = None
    draft: int | None = None
    block: str | None = None
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read(stored: Iterable[Any]) -> list[Item]:
    """The items of a row, whatever an earlier version or an import wrote there."""
    found: list[Item] = []
    for number, given in enumerate(stored, start=1):
        fields: Mapping[str, Any] = given if isinstance(given, dict) else {"title": str(given)}
        draft, minutes = fields.get("draft"), fields.get("minutes")
        found.append(
            Item(
                id=fields["id"] if isinstance(fields.get("id"), int) else number,
                title=str(fields.get("title", ""))[:LONGEST_TITLE],
                minutes=minutes if isinstance(minutes, int) else None,
                draft=draft if isinstance(draft, int) else None,
                block=fields.get("block") if isinstance(draft, int) else None,
                text=str(fields.get("text", "")) if isinstance(draft, int) else "",
            )
        )
    return found


def add_item(
    actor: Actor, session_id: int, title: str, minutes: int | None = None, draft: int | None = None
) -> Item:
    """Put one more item at the end."""
    seance, items = _taken(actor, session_id)
    if len(items) >= MOST_ITEMS:
        raise Invalid(_("L’ordre du jour a déjà 50 points : retirez-en un d’abord."))
    item = _made(seance, max((one.id for one in items), default=0) + 1, title, minutes, draft, None)
    _put(actor, seance, [*items, item])
    return item


def change_item(
    actor: Actor,
    session_id: int,
    item_id: int,
    title: str,
    minutes: int | None,
    draft: int | None,
    block: str | None = None,
) -> None:
    seance, items = _taken(actor, session_id)
    place = _place(items, item_id)
    items[place] = _made(seance, item_id, title, minutes, draft, block)
    _put(actor, seance, items)


def move_item(actor: Actor, session_id: int, item_id: int, by: int) -> None:
    """Move an item up (-1) or down (1); at the end of the list nothing happens."""
    seance, items = _taken(actor, session_id)
    place = _place(items, item_id)
    there = min(max(place + by, 0), len(items) - 1)
    if there != place:
        items.insert(there, items.pop(place))
        _put(actor, seance, items)


def remove_item(actor: Actor, session_id: int, item_id: int) -> None:
    """Take an item away; the one that is under way stays until another is."""
    seance, items = _taken(actor, session_id, but=item_id)
    place = _place(items, item_id)
    _put(actor, seance, items[:place] + items[place + 1 :])


def _taken(actor: Actor, session_id: int, but: int | None = None) -> tuple[LabSession, list[Item]]:
    seance, state = entered(actor, session_id, Act.LAB_LEAD, is_open=False)
    if seance.status not in (SessionStatus.PLANNED, SessionStatus.OPEN):
        raise Invalid(_("Cette séance est close : son ordre du jour ne change plus."))
    if but is not None and state["item"] is not None and state["item"]["id"] == but:
        raise Invalid(_("Ce point est en cours : passez à un autre avant de le retirer."))
    return seance, read(seance.agenda)


def _place(items: list[Item], item_id: int) -> int:
    for place, item in enumerate(items):
        if item.id == item_id:
            return place
    raise Invalid(_("Ce point n’est plus dans l’ordre du jour."))


def _made(
    seance: LabSession, item_id: int, title: str, minutes: int | None, draft: int | None, block: str | None
) -> Item:
    title = line(title, LONGEST_TITLE, _("Donnez au point un titre de 200 caractères au plus."))
    if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
        raise Invalid(_("Un point dure de 1 à 480 minutes."))
    text = ""
    if draft is not None:
        text = texts.shelf().titles(seance.lab_id).get(draft, "")
        if not text:
            raise texts.unknown()
    return Item(item_id, title, minutes, draft, block_of(block) if draft is not None else None, text)


def _put(actor: Actor, seance: LabSession, items: list[Item]) -> None:
    seance.agenda = [item.as_json() for item in items]
    if seance.status is SessionStatus.OPEN:
        append(actor, seance, EventKind.AGENDA, agenda=seance.agenda)
    audit.record(actor.id, "change_agenda", "lab_session", seance.id)
