"""A list of people to invite: lines of e-mail, name and right, as spreadsheets write them; the fate of each line.

Nothing is sent before the list was looked at, and no line is lost: what cannot be sent stays, with its number and why.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from app.accounts import mailed_links
from app.accounts.models import NAME_LENGTH, Person, PersonKind
from app.db import session
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import guests, joining
from labs.guest_models import GUEST_RIGHTS
from labs.models import Lab
from labs.roles import Right
from labs.words import folded, right_word

# A list is read at one sitting, and each line of it is a mail.
MOST_LINES = 200
LARGEST = 64 * 1024
_RIGHTS = {
    "lecture": Right.READ,
    "lire": Right.READ,
    "read": Right.READ,
    "remarque": Right.REMARK,
    "remarques": Right.REMARK,
    "remark": Right.REMARK,
    "suggestion": Right.SUGGEST,
    "suggestions": Right.SUGGEST,
    "suggerer": Right.SUGGEST,
    "suggest": Right.SUGGEST,
    "ecriture": Right.WRITE,
    "ecrire": Right.WRITE,
    "write": Right.WRITE,
}
_HEADINGS = {"courriel", "e-mail", "email", "mail", "adresse", "adresse electronique", "adresse e-mail"}


class Fate(StrEnum):
    """What happens to a line: an agent is invited, somebody outside gets a link, or nothing can be sent."""

    INVITE = "invite"
    GUEST = "guest"
    WRONG = "wrong"


@dataclass(frozen=True)
class Line:
    """`number` counts the lines of the list from one, as a spreadsheet shows them; `source` is what stood there."""

    number: int
    source: str
    fate: Fate
    says: str
    email: str = ""
    name: str = ""
    right: Right | None = None
    person_id: int | None = None


@dataclass(frozen=True)
class Sent:
    invited: int
    guests: int
    left: tuple[Line, ...]


def mark_of(words: str) -> str:
    """Tells one list from another, whichever way the lines end: what is sent is what was looked at."""
    return hashlib.sha256("\n".join(words.splitlines()).encode()).hexdigest()[:16]


def decoded(content: bytes) -> str:
    """The words of a file as spreadsheets write it: UTF-8, or the code page of Windows. Raises Invalid."""
    if len(content) > LARGEST:
        raise Invalid(
            _("Ce fichier est trop grand (64 Ko au plus) : envoyez-le en plusieurs fois."), field="file"
        )
    marked = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    try:
        words = content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        words = content.decode("cp1252", errors="replace")
    if "\x00" in words:
        raise Invalid(
            _("Ce fichier n’est pas une liste en texte. Dans le tableur, enregistrez-la au format CSV."),
            field="file",
        )
    return words


def read(actor: Actor, lab: Lab, words: str) -> list[Line]:
    """Each line of a list with its fate. Raises Invalid for a list that is empty or too long."""
    require(actor, Act.LAB_LEAD, lab)
    if len(words) > LARGEST:
        raise Invalid(_("Cette liste est trop longue : envoyez-la en plusieurs fois."), field="list")
    rows = [(number, row) for number, row in enumerate(_rows(words), 1) if any(cell for cell in row)]
    if rows and folded(rows[0][1][0]) in _HEADINGS:
        rows = rows[1:]
    if not rows:
        raise Invalid(_("La liste est vide : donnez au moins une adresse."), field="list")
    if len(rows) > MOST_LINES:
        raise Invalid(
            _("La liste a %(count)s lignes. Envoyez-en 200 au plus à la fois.", count=len(rows)), field="list"
        )
    seen: set[str] = set()
    found = []
    for number, row in rows:
        line = _line(lab, number, row)
        if line.email and line.email in seen:
            line = _wrong(number, row, _("cette adresse est déjà plus haut dans la liste"))
        seen.add(line.email)
        found.append(line)
    return found


def _rows(words: str) -> list[list[str]]:
    """The cells of each line. Spreadsheets in French write semicolons; what has none is parted by tabs or commas.

    Line by line: an inverted comma that is never closed must not swallow the lines below.
    """
    mark = next((mark for mark in (";", "\t") if mark in words), ",")
    rows = []
    for line in words.splitlines():
        try:
            cells = next(csv.reader(io.StringIO(line), delimiter=mark), [])
        except csv.Error:
            cells = [line]
        rows.append([" ".join(cell.split()) for cell in cells])
    return rows


def _line(lab: Lab, number: int, row: list[str]) -> Line:
    email, name, word = ([*row, "", "", ""])[:3]
    try:
        email = mailed_links.address_of(email)
    except Invalid:
        return _wrong(number, row, _("la première colonne n’est pas une adresse électronique"))
    right = _RIGHTS.get(folded(word)) if word else Right.REMARK
    if right is None:
        return _wrong(
            number,
            row,
            _(
                "le droit « %(word)s » n’est pas connu : lecture, remarques, suggestions ou écriture",
                word=word,
            ),
        )
    person = session().scalars(sa.select(Person).where(Person.email == email)).first()
    if person is not None and person.kind is PersonKind.AGENT:
        reason = joining.why_not(lab, person)
        if reason is not None:
            return _wrong(number, row, f"{person.name} {reason}", email)
        says = _("%(name)s recevra une invitation : %(right)s", name=person.name, right=right_word(right))
        return Line(number, _joined(row), Fate.INVITE, says, email, person.name, right, person.id)
    if not name or len(name) > NAME_LENGTH:
        return _wrong(
            number,
            row,
            _("cette adresse n’a pas de compte : pour envoyer un lien d’invité, donnez aussi le nom"),
            email,
        )
    if right not in GUEST_RIGHTS:
        return _wrong(
            number,
            row,
            _("cette adresse n’a pas de compte, et un invité a au moins le droit de faire des remarques"),
            email,
        )
    if person is not None and any(link.person_id == person.id for link in guests.living_links(lab)):
        return _wrong(number, row, _("cette personne est déjà invitée par un lien"), email)
    says = _(
        "%(name)s n’a pas de compte et recevra un lien d’invité de 30 jours : %(right)s",
        name=name,
        right=right_word(right),
    )
    return Line(number, _joined(row), Fate.GUEST, says, email, name, right)


def _wrong(number: int, row: list[str], says: str, email: str = "") -> Line:
    return Line(number, _joined(row), Fate.WRONG, says, email)


def _joined(row: list[str]) -> str:
    """A line as it can be put right and sent again."""
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="").writerow(row)
    return written.getvalue()


def send(actor: Actor, lab: Lab, words: str) -> Sent:
    """Invite everybody whose line is good. The others are left, with what is wrong with them."""
    lines = read(actor, lab, words)
    invited = sent = 0
    for line in lines:
        if line.fate is Fate.INVITE and line.right is not None and line.person_id is not None:
            joining.invite(actor, lab, [line.person_id], line.right)
            invited += 1
        elif line.fate is Fate.GUEST and line.right is not None:
            guests.invite_guest(actor, lab, line.name, line.email, line.right)
            sent += 1
    return Sent(invited, sent, tuple(line for line in lines if line.fate is Fate.WRONG))
