"""A strict reader of calendar files that shares nothing with the writer: RFC 5545 as it is written.

It refuses what careless programs would forgive: lines that end otherwise than in CRLF, lines of more than 75 octets, folding
inside a letter, properties without a value, unknown escapes, times in a zone that is not defined in the file, a component
that lacks what it must have or has twice what it may have once.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9-]+)(?P<params>(?:;[A-Za-z0-9-]+=(?:\"[^\"\x00-\x08\x0a-\x1f\x7f]*\"|[^\";:,\x00-\x1f\x7f]*)"
    r"(?:,(?:\"[^\"]*\"|[^\";:,]*))*)*):(?P<value>[^\x00-\x08\x0a-\x1f\x7f]*)"
)
_TEXT = {"SUMMARY", "DESCRIPTION", "LOCATION", "PRODID", "UID", "STATUS", "CLASS"}
ONCE = ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "ORGANIZER", "STATUS", "URL", "LOCATION")
# What RFC 5546 asks of each method.
NEEDED = {
    "PUBLISH": ("UID", "DTSTAMP", "DTSTART", "SUMMARY", "ORGANIZER"),
    "REQUEST": ("UID", "DTSTAMP", "DTSTART", "SUMMARY", "ORGANIZER", "ATTENDEE"),
    "CANCEL": ("UID", "DTSTAMP", "ORGANIZER", "SEQUENCE"),
}


class NotStrict(ValueError):
    pass


def parsed(text: str) -> dict[str, Any]:
    """The calendar: its properties, "events" and the zones it defines. Raises NotStrict."""
    stack: list[dict[str, Any]] = []
    whole: dict[str, Any] | None = None
    for name, params, value in _lines(text):
        if name == "BEGIN":
            component: dict[str, Any] = {"kind": value.upper(), "parts": [], "lines": []}
            if stack:
                stack[-1]["parts"].append(component)
            elif whole is not None:
                raise NotStrict("two calendars in one file")
            else:
                whole = component
            stack.append(component)
        elif name == "END":
            if not stack or stack.pop()["kind"] != value.upper():
                raise NotStrict(f"END:{value} closes nothing")
        elif not stack:
            raise NotStrict(f"{name} outside of everything")
        else:
            stack[-1]["lines"].append((name, params, value))
    if stack or whole is None or whole["kind"] != "VCALENDAR":
        raise NotStrict("not one whole VCALENDAR")
    return _calendar(whole)


def _lines(text: str) -> list[tuple[str, dict[str, str], str]]:
    if not text.endswith("\r\n") or "\n" in text.replace("\r\n", "") or "\r" in text.replace("\r\n", ""):
        raise NotStrict("lines end in CRLF")
    found: list[str] = []
    for raw in text.encode()[:-2].split(b"\r\n"):
        if len(raw) > 75:
            raise NotStrict(f"a line of {len(raw)} octets")
        words = raw.decode()  # a fold inside a letter is an error here
        if words.startswith((" ", "\t")):
            found[-1] += words[1:]
        elif not words:
            raise NotStrict("an empty line")
        else:
            found.append(words)
    lines = []
    for line in found:
        match = _LINE.fullmatch(line)
        if match is None:
            raise NotStrict(f"no content line: {line!r}")
        pieces = re.findall(r";([A-Za-z0-9-]+)=((?:\"[^\"]*\"|[^\";:])*)", match["params"])
        params = {key.upper(): value.strip('"') for key, value in pieces}
        lines.append((match["name"].upper(), params, match["value"]))
    return lines


def _calendar(whole: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, _params, value in whole["lines"]:
        if name in found:
            raise NotStrict(f"{name} twice in the calendar")
        found[name] = value
    if found.get("VERSION") != "2.0" or not found.get("PRODID"):
        raise NotStrict("VERSION:2.0 and PRODID are required")
    if found.get("METHOD") not in NEEDED:
        raise NotStrict("no METHOD we know")
    zones = {}
    for part in whole["parts"]:
        if part["kind"] == "VTIMEZONE":
            (name,) = [value for key, _params, value in part["lines"] if key == "TZID"]
            observances = [one for one in part["parts"] if one["kind"] in ("STANDARD", "DAYLIGHT")]
            if not observances:
                raise NotStrict("a zone without a rule")
            for one in observances:
                keys = {key for key, _params, _value in one["lines"]}
                if not {"DTSTART", "TZOFFSETTO", "TZOFFSETFROM"} <= keys:
                    raise NotStrict("a rule of a zone lacks its offsets")
            zones[name] = [
                value for one in observances for key, _params, value in one["lines"] if key == "TZOFFSETTO"
            ]
    found["zones"] = zones
    found["events"] = [
        _event(part, zones, found["METHOD"]) for part in whole["parts"] if part["kind"] == "VEVENT"
    ]
    if not found["events"]:
        raise NotStrict("no event")
    return found


def _event(part: dict[str, Any], zones: dict[str, list[str]], method: str) -> dict[str, Any]:
    event: dict[str, Any] = {}
    for name, params, value in part["lines"]:
        if name in event and name in ONCE:
            raise NotStrict(f"{name} twice in an event")
        if name in ("DTSTART", "DTEND", "DTSTAMP", "LAST-MODIFIED"):
            event[name] = _time(name, params, value, zones)
        elif name in _TEXT:
            event[name] = _unescaped(value)
        elif name in ("ORGANIZER", "ATTENDEE"):
            if not re.fullmatch(r"(?i:mailto):[^\s@]+@[^\s@]+", value):
                raise NotStrict(f"{name} is no address: {value}")
            event[name] = value
        elif name == "SEQUENCE":
            if not value.isdecimal():
                raise NotStrict("SEQUENCE is a number")
            event[name] = value
        else:
            event[name] = value
    missing = [name for name in NEEDED[method] if name not in event]
    if missing:
        raise NotStrict(f"a {method} without {missing}")
    if method == "PUBLISH" and "ATTENDEE" in event:
        raise NotStrict("what is published invites nobody")
    if "DTEND" in event and event["DTEND"] <= event["DTSTART"]:
        raise NotStrict("it ends before it begins")
    return event


def _time(name: str, params: dict[str, str], value: str, zones: dict[str, list[str]]) -> datetime:
    found = re.fullmatch(r"(\d{8}T\d{6})(Z?)", value)
    if found is None:
        raise NotStrict(f"{name} is no time: {value}")
    at = datetime.strptime(found[1], "%Y%m%dT%H%M%S")
    if found[2]:
        if "TZID" in params:
            raise NotStrict("a time in UTC has no zone")
        return at.replace(tzinfo=UTC)
    if name in ("DTSTAMP", "LAST-MODIFIED"):
        raise NotStrict(f"{name} is in UTC")
    zone = params.get("TZID")
    if zone not in zones:
        raise NotStrict(f"the zone {zone} is not defined in the file")
    told = at.replace(tzinfo=ZoneInfo(str(zone)))
    offset = told.utcoffset() or timedelta()
    written = f"{'-' if offset < timedelta() else '+'}{abs(offset) // timedelta(hours=1):02d}00"
    if written not in zones[str(zone)]:
        raise NotStrict("the zone in the file says another hour")
    return told.astimezone(UTC)


def _unescaped(value: str) -> str:
    if re.search(r"(?<!\\)(?:\\\\)*[;,]", value):
        raise NotStrict(f"a comma or semicolon stands bare in {value!r}")
    if re.search(r"(?<!\\)(?:\\\\)*\\[^\\;,nN]", value):
        raise NotStrict(f"an unknown escape in {value!r}")
    return re.sub(r"\\([\\;,nN])", lambda match: "\n" if match[1] in "nN" else match[1], value)


def event_of(calendar: dict[str, Any]) -> dict[str, Any]:
    """The one event of a calendar."""
    (event,) = calendar["events"]
    assert isinstance(event, dict)
    return event
