"""What one may do in a room, by name: the one table that the page's forms and the namespace `/labs` both ask.

An act is read first, outside any transaction: a text is opened there, to know which version is meant. It is done inside
a unit of work, where everything is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from app.db import reading, session
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import decisions, polls, room, texts
from labs.models import LabSession
from labs.room import Done, block_of
from labs.texts import Version

Do = Callable[[Actor, int, str | None], Done]
# What a number of ours can be.
_MOST = 2**53


@dataclass(frozen=True)
class Ready:
    """An act that was read and can be done."""

    session_id: int
    key: str | None
    do: Do


class Given:
    """The fields of an act, from a form or from JSON: each read into what it must be, or Invalid."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self.fields = fields

    def text(self, name: str) -> str:
        value = self.fields.get(name, "")
        if not isinstance(value, str):
            raise _unreadable()
        if "\x00" in value:
            raise Invalid(
                _("Votre envoi contient un caractère illisible : retirez-le, puis envoyez de nouveau.")
            )
        return value

    def number(self, name: str) -> int:
        found = self.maybe(name)
        if found is None:
            raise _unreadable()
        return found

    def maybe(self, name: str) -> int | None:
        """A whole number, or None where nothing is given."""
        value = self.fields.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.isdecimal() and len(value) <= 16:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST:
            raise _unreadable()
        return value

    def flag(self, name: str) -> bool:
        return self.fields.get(name) in (True, "1", "on", "true")

    def numbers(self, name: str) -> list[int]:
        value = self.fields.get(name, [])
        if isinstance(value, (str, int)):
            value = [value]
        if not isinstance(value, list) or len(value) > 100:
            raise _unreadable()
        return [Given({"one": one}).number("one") for one in value if one != ""]

    def lines(self, name: str) -> list[str]:
        """Lines of a text area, or a list of texts."""
        value = self.fields.get(name, [])
        if isinstance(value, str):
            value = value.splitlines()
        if not isinstance(value, list) or len(value) > 50 or not all(isinstance(one, str) for one in value):
            raise _unreadable()
        return value

    def about(self) -> tuple[int | None, str | None]:
        """The draft and the block that an act is about; a select of the page says both in one, as `12/b3`."""
        if about := self.text("about"):
            draft, _bar, block = about.partition("/")
            return Given({"draft": draft}).maybe("draft"), block or self.text("block") or None
        return self.maybe("draft"), self.text("block") or None

    def day(self, name: str) -> date | None:
        value = self.text(name)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Invalid(_("Indiquez une date, par exemple 2026-12-31.")) from None


def _unreadable() -> Invalid:
    return Invalid(_("Cette demande n’a pas été comprise : rechargez la page."))


Read = Callable[[Given, "Version | None"], Do]


@dataclass(frozen=True)
class Verb:
    """`act`: what one must be allowed to even ask. `about_text`: it may name a draft, whose version is looked up first."""

    act: Act
    read: Read
    about_text: bool = False


def prepare(actor: Actor, session_id: int, verb: str, fields: Mapping[str, object]) -> Ready:
    """Read an act; open the text it is about. Call it outside any transaction. Raises the errors of the verb."""
    known = VERBS.get(verb)
    if known is None:
        raise _unreadable()
    given = Given(fields)
    key = given.text("key") or None
    version = None
    if known.about_text and (draft := given.about()[0]) is not None:
        with reading():
            seance = session().get(LabSession, session_id)
            if seance is None:
                raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
            require(actor, known.act, seance.lab)
            if draft not in texts.shelf().titles(seance.lab_id):
                raise texts.unknown()
            version = texts.shelf().version(draft, block_of(given.about()[1]))
    return Ready(session_id, key, known.read(given, version))


def do(actor: Actor, ready: Ready) -> Done:
    """Do it, in the open unit of work."""
    return ready.do(actor, ready.session_id, ready.key)


def _open(_given: Given, _on: Version | None) -> Do:
    return room.open_room


def _close(_given: Given, _on: Version | None) -> Do:
    return room.close_room


def _item(given: Given, _on: Version | None) -> Do:
    said = given.fields.get("item")
    wanted: int | str = said if said in ("next", "back", "end") else given.number("item")  # type: ignore[assignment]
    seen = given.maybe("seen")
    return lambda actor, seance, key: room.go_to_item(actor, seance, wanted, seen, key)


def _extend(given: Given, _on: Version | None) -> Do:
    minutes = given.number("minutes")
    return lambda actor, seance, key: room.add_minutes(actor, seance, minutes, key)


def _hand_up(_given: Given, _on: Version | None) -> Do:
    return room.raise_hand


def _hand_down(given: Given, _on: Version | None) -> Do:
    person = given.maybe("person")
    return lambda actor, seance, key: room.lower_hand(actor, seance, person, key)


def _floor(given: Given, _on: Version | None) -> Do:
    person = given.maybe("person")
    return lambda actor, seance, key: room.give_floor(actor, seance, person, key)


def _show(given: Given, _on: Version | None) -> Do:
    draft, block = given.about()
    return lambda actor, seance, key: room.show_passage(actor, seance, draft, block, key)


def _say(given: Given, _on: Version | None) -> Do:
    text, mentions = given.text("text"), given.numbers("mentions")
    return lambda actor, seance, key: room.say(actor, seance, text, mentions, key)


def _poll(given: Given, on: Version | None) -> Do:
    question, choices, secret = given.text("question"), given.lines("choices"), given.flag("secret")
    return lambda actor, seance, key: polls.open_poll(
        actor, seance, question, choices, secret=secret, passage=on, key=key
    )


def _vote(given: Given, _on: Version | None) -> Do:
    poll, choice = given.number("poll"), given.number("choice")
    return lambda actor, seance, key: polls.vote(actor, seance, poll, choice, key)


def _close_poll(given: Given, _on: Version | None) -> Do:
    poll = given.number("poll")
    return lambda actor, seance, key: polls.close_poll(actor, seance, poll, key)


def _decide(given: Given, on: Version | None) -> Do:
    text = given.text("text")
    return lambda actor, seance, key: decisions.decide(actor, seance, text, on, key)


def _action(given: Given, _on: Version | None) -> Do:
    text, person, due = given.text("text"), given.maybe("person"), given.day("due")
    return lambda actor, seance, key: decisions.give_action(actor, seance, text, person, due, key)


def _strike(given: Given, _on: Version | None) -> Do:
    number = given.number("number")
    return lambda actor, seance, key: decisions.strike(actor, seance, number, key)


VERBS: dict[str, Verb] = {
    "open": Verb(Act.LAB_LEAD, _open),
    "close": Verb(Act.LAB_LEAD, _close),
    "item": Verb(Act.LAB_LEAD, _item),
    "extend": Verb(Act.LAB_LEAD, _extend),
    "hand_up": Verb(Act.LAB_READ, _hand_up),
    "hand_down": Verb(Act.LAB_READ, _hand_down),
    "floor": Verb(Act.LAB_READ, _floor),
    "show": Verb(Act.LAB_LEAD, _show),
    "say": Verb(Act.LAB_READ, _say),
    "poll": Verb(Act.LAB_LEAD, _poll, about_text=True),
    "vote": Verb(Act.LAB_READ, _vote),
    "close_poll": Verb(Act.LAB_LEAD, _close_poll),
    "decide": Verb(Act.LAB_LEAD, _decide, about_text=True),
    "action": Verb(Act.LAB_LEAD, _action),
    "strike": Verb(Act.LAB_LEAD, _strike),
}
