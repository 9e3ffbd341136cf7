"""Verbs of the room of a séance: its list of events, the item and its time, hands and the floor, what is shown, the chat.

Free functions inside an open unit of work, the actor first; each locks the séance, so that of two acts at one moment the
second one sees the first. What an act leaves is an event (labs.fold says what events add up to).
"""

from __future__ import annotations

import copy
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

import labs.policy  # noqa: F401 - registers the judge that `require` asks about a lab
from app import audit, clock
from app.accounts.erasing import searched
from app.db import Database, database, session
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import fold, texts
from labs.fold import Happened, State
from labs.models import LabSession, Membership, SessionStatus
from labs.session_models import EventKind, SessionEvent

# Longer than any séance of people; a script ends here.
MOST_EVENTS = 20_000
LONGEST_MESSAGE = 500
LONGEST_KEY = 40
MOST_MENTIONS = 10
MOST_MINUTES_ADDED = 60
# Rooms whose state a process keeps, so that an act folds what is new and not a morning.
KEPT = 64
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
_BLOCK = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True)
class Done:
    """What became of an act: the number of its event (None: it leaves none, as a secret vote does), and whether it had
    been done before under the same key."""

    number: int | None
    again: bool = False


@dataclass
class _Folded:
    number: int
    state: State


_folded: WeakKeyDictionary[Database, OrderedDict[int, _Folded]] = WeakKeyDictionary()


def entered(actor: Actor, session_id: int, act: Act, *, is_open: bool = True) -> tuple[LabSession, State]:
    """The séance, locked, and its state as it stands: what every verb begins with.

    Raises Missing, Refused; Invalid when it has to be open and is not. The state is shared: it is only read.
    """
    seance = session().get(LabSession, session_id, with_for_update=True, populate_existing=True)
    if seance is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    require(actor, act, seance.lab)
    if is_open and seance.status is not SessionStatus.OPEN:
        raise Invalid(
            _("Cette séance est close.")
            if seance.status is SessionStatus.CLOSED
            else _("Cette séance n’est pas ouverte.")
        )
    return seance, _current(seance.id)


def events_after(session_id: int, number: int) -> list[Happened]:
    """The events of a room after a number, in order."""
    rows = session().execute(
        sa.select(
            SessionEvent.number,
            SessionEvent.kind,
            SessionEvent.at,
            SessionEvent.person_id,
            SessionEvent.payload,
        )
        .where(SessionEvent.session_id == session_id, SessionEvent.number > number)
        .order_by(SessionEvent.number)
    )
    return [Happened(row.number, row.kind, milliseconds(row.at), row.person_id, row.payload) for row in rows]


def milliseconds(at: Any) -> int:
    return round(at.timestamp() * 1000)


def _current(session_id: int) -> State:
    """The state, kept from one act to the next. Never asked for after an append of the same transaction: what is rolled
    back must not be kept."""
    kept = _folded.setdefault(database(), OrderedDict())
    known = kept.get(session_id) or _Folded(0, fold.empty())
    for event in events_after(session_id, known.number):
        # Somebody else may have folded it while we asked.
        if event.number == known.number + 1:
            fold.take_in(known.state, event)
            known.number = event.number
    kept[session_id] = known
    kept.move_to_end(session_id)
    while len(kept) > KEPT:
        kept.popitem(last=False)
    return known.state


def state_of(session_id: int) -> State:
    """The state of a room for a page."""
    return copy.deepcopy(_current(session_id))


def append(actor: Actor, seance: LabSession, kind: EventKind, key: str | None = None, **payload: Any) -> Done:
    """Add one event to a séance that is locked; what was sent before under the same key is there already."""
    if key is not None:
        if not _KEY.fullmatch(key):
            raise Invalid(_("Cette demande n’a pas été comprise : rechargez la page."))
        before = session().scalar(
            sa.select(SessionEvent.number).filter_by(session_id=seance.id, person_id=actor.id, key=key)
        )
        if before is not None:
            return Done(before, again=True)
    if seance.head_number >= MOST_EVENTS:
        raise Invalid(_("Cette séance est trop longue pour une seule : closez-la et ouvrez-en une autre."))
    number = seance.head_number + 1
    session().add(
        SessionEvent(
            session_id=seance.id,
            number=number,
            kind=kind,
            at=clock.now(),
            person_id=actor.id,
            payload=payload,
            key=key,
        )
    )
    seance.head_number = number
    session().flush()
    return Done(number)


def is_done(actor: Actor, seance: LabSession, key: str | None) -> Done | None:
    """What an act left that was sent before under this key; asked where the state would now refuse it."""
    if key is None:
        return None
    before = session().scalar(
        sa.select(SessionEvent.number).filter_by(session_id=seance.id, person_id=actor.id, key=key)
    )
    return Done(before, again=True) if before is not None else None


def open_room(actor: Actor, session_id: int, key: str | None = None) -> Done:
    """The séance begins: its agenda and where each text stands are written down."""
    seance, _state = entered(actor, session_id, Act.LAB_LEAD, is_open=False)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    if seance.status is SessionStatus.OPEN:
        raise MovedOn(_("Cette séance est déjà ouverte."))
    if seance.status is not SessionStatus.PLANNED:
        raise Invalid(_("Une séance close ou annulée ne s’ouvre plus : prévoyez-en une autre."))
    seance.status, seance.opened_at = SessionStatus.OPEN, clock.now()
    done = append(actor, seance, EventKind.OPENED, key, agenda=seance.agenda, heads=_heads(seance.lab_id))
    audit.record(actor.id, "open_session", "lab_session", seance.id)
    return done


def close_room(actor: Actor, session_id: int, key: str | None = None) -> Done:
    """The séance ends; the minutes are asked for. Open polls have to be closed first, or their votes would be lost."""
    seance, state = entered(actor, session_id, Act.LAB_LEAD, is_open=False)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    if seance.status is not SessionStatus.OPEN:
        raise Invalid(_("Cette séance n’est pas ouverte."))
    if any(poll["closed_at"] is None for poll in state["polls"].values()):
        raise Invalid(_("Un sondage est encore ouvert : closez-le avant de clore la séance."))
    seance.status, seance.closed_at = SessionStatus.CLOSED, clock.now()
    seance.minutes_wanted_at = clock.now()
    done = append(actor, seance, EventKind.CLOSED, key, heads=_heads(seance.lab_id))
    audit.record(actor.id, "close_session", "lab_session", seance.id)
    return done


def _heads(lab_id: int) -> dict[str, int]:
    return {str(draft): seq for draft, seq in texts.shelf().heads(lab_id).items()}


def go_to_item(
    actor: Actor, session_id: int, item: int | str, seen: int | None = None, key: str | None = None
) -> Done:
    """Begin an item of the agenda: by its id, "next", "back", or "end" for none.

    `seen` is the number of the event that began the item one looked at: of two who press "next" one is told.
    """
    seance, state = entered(actor, session_id, Act.LAB_LEAD)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    now = state["item"]
    if seen is not None and seen != (now["number"] if now else 0):
        raise MovedOn(_("Le point en cours vient de changer."))
    wanted = _wanted(state, item)
    if wanted is None:
        return append(actor, seance, EventKind.ITEM, key, item=None, title="", minutes=None)
    return append(
        actor,
        seance,
        EventKind.ITEM,
        key,
        item=wanted["id"],
        title=wanted["title"],
        minutes=wanted["minutes"],
    )


def _wanted(state: State, item: int | str) -> Mapping[str, Any] | None:
    agenda, now = state["agenda"], state["item"]
    if item == "end":
        if now is None:
            raise MovedOn(_("Aucun point n’est en cours."))
        return None
    place = next((place for place, one in enumerate(agenda) if now and one["id"] == now["id"]), None)
    if item == "next":
        found = 0 if place is None else place + 1
    elif item == "back":
        found = -1 if place is None else place - 1
    else:
        found = next((place for place, one in enumerate(agenda) if one["id"] == item), -1)
    if not 0 <= found < len(agenda):
        raise Invalid(_("Il n’y a pas d’autre point de ce côté de l’ordre du jour."))
    wanted: Mapping[str, Any] = agenda[found]
    return wanted


def add_minutes(actor: Actor, session_id: int, minutes: int, key: str | None = None) -> Done:
    """More time for the item that is under way."""
    seance, state = entered(actor, session_id, Act.LAB_LEAD)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    if state["item"] is None:
        raise MovedOn(_("Aucun point n’est en cours."))
    if not 1 <= minutes <= MOST_MINUTES_ADDED:
        raise Invalid(_("Ajoutez de 1 à %(most)s minutes.", most=MOST_MINUTES_ADDED))
    return append(actor, seance, EventKind.EXTENDED, key, minutes=minutes)


def raise_hand(actor: Actor, session_id: int, key: str | None = None) -> Done:
    """Ask for the floor; who has asked already keeps their place."""
    seance, state = entered(actor, session_id, Act.LAB_READ)
    if any(hand["person"] == actor.id for hand in state["hands"]):
        return Done(None, again=True)
    return append(actor, seance, EventKind.HAND_UP, key)


def lower_hand(actor: Actor, session_id: int, person: int | None = None, key: str | None = None) -> Done:
    """Take one's hand down; a facilitator takes down that of others."""
    mine = person in (None, actor.id)
    seance, state = entered(actor, session_id, Act.LAB_READ if mine else Act.LAB_LEAD)
    whose = actor.id if mine else person
    if all(hand["person"] != whose for hand in state["hands"]):
        return Done(None, again=True)
    return append(actor, seance, EventKind.HAND_DOWN, key, person=whose)


def give_floor(actor: Actor, session_id: int, person: int | None, key: str | None = None) -> Done:
    """Give the floor to somebody of the lab, or take it back (None). Who has it may give it back themselves."""
    seance, state = entered(actor, session_id, Act.LAB_READ)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    has_it = state["floor"] is not None and state["floor"]["person"] == actor.id
    if person is not None or not has_it:
        require(actor, Act.LAB_LEAD, seance.lab)
    if person is None and state["floor"] is None:
        return Done(None, again=True)
    if person is not None and person not in members(seance.lab_id, [person]):
        raise Invalid(_("Cette personne ne fait plus partie du lab."))
    return append(actor, seance, EventKind.FLOOR, key, person=person)


def show_passage(
    actor: Actor, session_id: int, draft: int | None, block: str | None = None, key: str | None = None
) -> Done:
    """« Suivez-moi » : what the facilitator looks at, or nothing any more."""
    seance, state = entered(actor, session_id, Act.LAB_LEAD)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    if draft is None:
        if state["shown"] is None:
            return Done(None, again=True)
        return append(actor, seance, EventKind.SHOWN, key, draft=None, title="", block=None)
    title = texts.shelf().titles(seance.lab_id).get(draft)
    if title is None:
        raise texts.unknown()
    return append(actor, seance, EventKind.SHOWN, key, draft=draft, title=title, block=block_of(block))


def block_of(block: str | None) -> str | None:
    """The id of a block as a client gave it. Raises Invalid for what can be none."""
    if block and not _BLOCK.fullmatch(block):
        raise Invalid(_("Ce passage n’existe pas : choisissez-en un de la liste."))
    return block or None


def say(
    actor: Actor, session_id: int, text: str, mentions: Iterable[int] = (), key: str | None = None
) -> Done:
    """Write to everybody in the room."""
    seance, _state = entered(actor, session_id, Act.LAB_READ)
    text = line(
        text, LONGEST_MESSAGE, _("Écrivez un message de %(most)s caractères au plus.", most=LONGEST_MESSAGE)
    )
    named = members(seance.lab_id, list(mentions)[:MOST_MENTIONS])
    return append(actor, seance, EventKind.SAID, key, text=text, mentions=sorted(named))


def line(text: str, most: int, otherwise: str) -> str:
    """What somebody wrote, on one line, within a bound; else Invalid with the sentence given."""
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    found = re.sub(r"[ \t\r\n]+", " ", text).strip()
    if not found or len(found) > most:
        raise Invalid(otherwise)
    return found


def members(lab_id: int, people: Iterable[int]) -> set[int]:
    """Those among some people who belong to the lab."""
    return set(
        session().scalars(
            sa.select(Membership.person_id).where(
                Membership.lab_id == lab_id,
                Membership.person_id.in_(list(people)),
                Membership.removed_at.is_(None),
            )
        )
    )


searched(SessionEvent.payload)
