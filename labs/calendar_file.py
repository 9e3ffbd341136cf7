"""A séance as a calendar file (RFC 5545, and RFC 5546 for what is sent): one event, known by its UID for ever.

Each change has a higher SEQUENCE, so that a calendar which hears of two changes in the wrong order keeps the later one. The
time is that of Nouméa, with its zone written out: a calendar in Paris shows it at the right hour of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from icalendar import Calendar, Event, vCalAddress, vText

from app import clock
from app.extensions import gettext as _

PRODUCT = "-//Open Lab//Nouvelle-Calédonie//FR"


class Method(StrEnum):
    """What a calendar is asked to do: show it (a file that was fetched), take an invitation or its change in, take it out."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True)
class Someone:
    name: str
    email: str


@dataclass(frozen=True)
class Sitting:
    """What a calendar is told of a séance. `changed_at`: when it was last put so."""

    uid: str
    sequence: int
    title: str
    lab: str
    starts_at: datetime
    ends_at: datetime
    place: str
    video_link: str
    address: str
    is_cancelled: bool
    changed_at: datetime
    organiser: Someone | None


def text(sitting: Sitting, method: Method, to: Someone | None = None) -> str:
    """The file. `to`: whom it is sent to, for what is sent and not fetched."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", str(method))
    event = Event()
    event.add("uid", sitting.uid)
    event.add("sequence", sitting.sequence)
    event.add("dtstamp", sitting.changed_at)
    event.add("last-modified", sitting.changed_at)
    event.add("dtstart", clock.local(sitting.starts_at))
    event.add("dtend", clock.local(sitting.ends_at))
    event.add("summary", sitting.title)
    event.add("description", _description(sitting))
    event.add("location", sitting.place or sitting.video_link)
    event.add("url", sitting.address)
    event.add("status", "CANCELLED" if sitting.is_cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    organiser = sitting.organiser or Someone("Open Lab", "open-lab@openlab.invalid")
    event.add("organizer", _address(organiser))
    if to is not None:
        invited = _address(to)
        invited.params["ROLE"] = vText("REQ-PARTICIPANT")
        invited.params["PARTSTAT"] = vText("NEEDS-ACTION")
        # Who comes is seen in the room; answers would go to a mailbox that nobody counts.
        invited.params["RSVP"] = vText("FALSE")
        event.add("attendee", invited)
    calendar.add_component(event)
    calendar.add_missing_timezones()
    found: str = calendar.to_ical().decode()
    return found


def _address(one: Someone) -> vCalAddress:
    address = vCalAddress(f"MAILTO:{one.email}")
    address.params["CN"] = vText(one.name)
    return address


def _description(sitting: Sitting) -> str:
    lines = [_("Séance du lab « %(lab)s ».", lab=sitting.lab)]
    if sitting.video_link:
        lines.append(_("Visioconférence : %(link)s", link=sitting.video_link))
    lines.append(_("Ordre du jour et salle : %(address)s", address=sitting.address))
    return "\n".join(lines)
