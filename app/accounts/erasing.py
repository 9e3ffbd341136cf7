"""The erasure of a person: names and addresses go, for ever; what they did stays, under their number.

Names stand in the table of persons alone; what else holds one (mails) or speaks of a person for their own sake
(notices, memberships) is erased by the rooms that own it: each registers its verb here, called in the same
transaction. A name that others wrote in their own words (reasons, remarks, what was said in a séance) is taken out of
them: each room registers the columns that hold such words. Evidence and audit hold numbers and are not touched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from app import audit, clock, mail
from app.accounts import delays
from app.accounts.key_models import (
    HalfOpen,
    PasswordReset,
    PersonalToken,
    RecoveryCode,
    ResetRequest,
    SecondFactor,
)
from app.accounts.models import Person, PersonStatus, Role, SignIn
from app.accounts.service import end_all, keep_an_administrator
from app.db import session
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.policy import PORTAL, Act, Actor, require

# What pages show where the name was. Kept in its place, so that no page has to know.
ERASED = "Personne effacée"
_rooms: list[Callable[[int], None]] = []
# Columns in which people write about one another, and how much each may hold (None: the database sets no bound).
_words: dict[sa.Column[Any], int | None] = {}


@dataclass(frozen=True)
class Found:
    id: int
    name: str
    email: str


def erases(verb: Callable[[int], None]) -> Callable[[int], None]:
    """A room registers what it forgets of a person (by id), in the open unit of work."""
    _rooms.append(verb)
    return verb


def searched(*columns: sa.orm.InstrumentedAttribute[Any], longest: int | None = None) -> None:
    """A room registers columns with words about people, as text or JSON: who is erased goes out of them.

    `longest` is what a constraint of the table lets a column hold; the length of a `String` is known.
    """
    for attribute in columns:
        column = attribute.property.columns[0]
        _words[column] = longest or getattr(column.type, "length", None)


def searched_columns() -> frozenset[str]:
    """What is searched, as "table.column"."""
    return frozenset(f"{column.table.name}.{column.name}" for column in _words)


def found(who: str) -> Found | None:
    """The person of an address or an id; None when there is none, or they are erased."""
    match = (
        Person.id == int(who) if re.fullmatch(r"[0-9]{1,18}", who) else Person.email == who.strip().lower()
    )
    person = session().scalars(sa.select(Person).where(match, Person.erased_at.is_(None))).first()
    return Found(person.id, person.name, person.email) if person is not None else None


def erase(actor: Actor | None, person_id: int) -> list[int]:
    """Erase a person; by an administrator, or a command (None). Returns the ids of mails whose files have to go.

    Raises Missing for who is not there, Invalid for who is erased already or erases themselves.
    """
    if actor is not None:
        require(actor, Act.PORTAL_ADMINISTER, PORTAL)
        if actor.id == person_id:
            raise Invalid(_("Demandez à une autre personne d’effacer votre compte."))
    person = session().get(Person, person_id, with_for_update=True)
    if person is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    if person.erased_at is not None:
        raise Invalid(_("Cette personne est déjà effacée."))
    keep_an_administrator(person.id)
    end_all(person.id)
    for room in _rooms:
        room(person.id)
    mails = forget_in_mails(person.name, person.email)
    forget_in_words(person.name, person.email)
    delays.lift(delays.of_account(person.email), delays.of_code(person.id))
    session().execute(sa.delete(ResetRequest).where(ResetRequest.email == person.email))
    for keys in (PasswordReset, SecondFactor, RecoveryCode, HalfOpen, PersonalToken):
        session().execute(sa.delete(keys).where(keys.person_id == person.id))
    session().execute(sa.delete(SignIn).where(SignIn.person_id == person.id))
    session().execute(sa.delete(Role).where(Role.person_id == person.id))
    session().expire(person, ["roles"])
    person.name, person.email = ERASED, f"personne-{person.id}@erased.invalid"
    person.password_hash, person.status, person.erased_at = None, PersonStatus.SUSPENDED, clock.now()
    person.status_reason = ""
    session().flush()
    audit.record(actor.id if actor else None, "erase_person", "person", person.id)
    return mails


def forget_in_mails(name: str, email: str) -> list[int]:
    """Mails to an address go; in those to others name and address are taken out. What is shown as HTML is made of
    the plain words when a mail is sent, and kept nowhere. Returns the ids of the mails whose files have to go."""
    mine = session().scalars(sa.select(mail.Mail.id).where(sa.func.lower(mail.Mail.recipient) == email)).all()
    session().execute(sa.delete(mail.Mail).where(mail.Mail.id.in_(mine)))
    touched = list(mine)
    for item in session().scalars(
        sa.select(mail.Mail).where(
            sa.or_(*(
                column.icontains(_fragment(words), autoescape=True)
                for column in (mail.Mail.subject, mail.Mail.body)
                for words in (name, email)
            ))
        )
    ):  # fmt: skip
        subject, body = without(item.subject, name, email)[:300], without(item.body, name, email)
        if (subject, body) != (item.subject, item.body):
            item.subject, item.body = subject, body
            touched.append(item.id)
    return touched


def forget_in_words(name: str, email: str) -> int:
    """Take a person out of what others wrote in the registered columns. Returns how many values were changed.

    A name of one word is left: it would be « Marie », or « Accueil », in sentences about something else as well, and
    names nobody by itself (as in `drafts.naming`). Tables that only grow let a name go out, and nothing else (triggers).
    """
    names = (name, email) if len(name.split()) > 1 else (email,)
    changed = 0
    for column, longest in _words.items():
        table = column.table
        text = sa.cast(column, sa.Text)
        rows = session().execute(
            sa.select(*table.primary_key, column.label("words")).where(
                sa.or_(*(text.icontains(_fragment(one), autoescape=True) for one in names))
            )
        )
        for *key, words in rows.all():
            kept = _without(words, names)
            if kept == words:
                continue
            if longest is not None and len(kept) > longest:
                kept = _cut(kept, longest)
            here = [part == value for part, value in zip(table.primary_key, key, strict=True)]
            session().execute(
                sa.update(table).where(*here).values({column: kept}),
                execution_options={"synchronize_session": False},
            )
            changed += 1
    return changed


def _cut(words: str, longest: int) -> str:
    """So much of the words as there is room for; that somebody was named in them is still to be seen."""
    kept = words[:longest]
    return kept if ERASED in kept else kept[: longest - len(ERASED)] + ERASED


def without(words: str, name: str, email: str) -> str:
    """The words of somebody else with `ERASED` in the place of a name and an address."""
    return str(_without(words, (name, email)))


def _without(value: Any, names: tuple[str, ...]) -> Any:
    """A text, or a JSON value with all its texts, without these names."""
    if isinstance(value, str):
        for name in names:
            value = _spoken(name).sub(ERASED, value)
        return value
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items()}
    return value


@lru_cache(maxsize=16)
def _spoken(name: str) -> re.Pattern[str]:
    """A name as people type it: in either case, with a straight or a curly apostrophe, any space or hyphen between its
    words, and accents that some keyboards send as characters of their own."""
    return re.compile(rf"(?<!\w){''.join(_ways(name))}(?![\w\u0300-\u036f])", re.IGNORECASE)


def _ways(name: str) -> Iterator[str]:
    for character in re.sub(r"\s+", " ", unicodedata.normalize("NFC", name.strip())):
        parts = unicodedata.normalize("NFD", character)
        if character == " ":
            yield r"\s+"
        elif character in "'’ʼ":
            yield "['’ʼ]"
        elif character in "-‐‑":
            yield "[-‐‑]"
        elif parts != character:
            yield f"(?:{re.escape(character)}|{re.escape(parts)})"
        else:
            yield re.escape(character)


def _fragment(name: str) -> str:
    """The longest run of plain letters and digits in a name: databases fold the case of those alone in the same way, and
    no spelling of the rest keeps a row from being looked at."""
    return max(re.findall(r"[A-Za-z0-9]+", unicodedata.normalize("NFC", name)) or [""], key=len)
