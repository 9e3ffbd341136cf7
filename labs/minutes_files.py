"""The minutes as files: Markdown at once; PDF and docx as the worker set them (labs.minutes_set)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.db import session
from app.extensions import gettext as _
from labs import session_mail
from labs.minutes import Section
from labs.models import LabSession
from labs.session_models import MinutesFile

FORMS = ("pdf", "docx")


@dataclass(frozen=True)
class Head:
    """What stands above the sections."""

    title: str
    facts: tuple[tuple[str, str], ...]
    made_at: datetime


def head_of(seance: LabSession, made_at: datetime) -> Head:
    facts = [(_("Lab"), seance.lab.title), (_("Date"), session_mail.when(seance))]
    if seance.place:
        facts.append((_("Lieu"), seance.place))
    return Head(_("Compte rendu : %(title)s", title=seance.title), tuple(facts), made_at)


def markdown(head: Head, sections: tuple[Section, ...]) -> str:
    """CommonMark, in which what people wrote is words and never markup."""
    parts = [f"# {_escaped(head.title)}"]
    parts.append("\n".join(f"- **{label}** : {_escaped(value)}" for label, value in head.facts))
    for section in sections:
        if section.lines:
            parts.append(f"## {_escaped(section.title)}")
            parts.append("\n".join(f"- {_escaped(line)}" for line in section.lines))
    return "\n\n".join(parts) + "\n"


def _escaped(words: str) -> str:
    return "".join("\\" + letter if letter in "\\`*_{}[]<>#|~!&" else letter for letter in words)


def stored(session_id: int, number: int, form: str) -> bytes | None:
    """A version as a file, once the worker has set it."""
    row = session().get(MinutesFile, (session_id, number, form))
    return row.content if row is not None else None
