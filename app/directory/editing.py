"""What changing a thing of the directory has in common: who may, who was first, what is audited, who is told."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa

from app import audit
from app.db import note, session
from app.directory.events import DirectoryChanged
from app.directory.models import Administration, ConnectedSpace, OnlineService
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.markup import safe_href
from app.policy import PORTAL, Act, Actor, require

Kept = Administration | OnlineService | ConnectedSpace
KeptT = TypeVar("KeptT", Administration, OnlineService, ConnectedSpace)
# Stand in the addresses of forms (`…/nouvelle`), and would hide what they name.
RESERVED = {"nouvelle", "nouveau"}
_EMAIL = re.compile(r"[^@\s<>\"?&]{1,64}@[^@\s<>\"?&]{1,255}")
_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+"
)


def may_administer(actor: Actor) -> None:
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)


def as_seen(actor: Actor, kind: type[KeptT], number: int, seen: int) -> KeptT:
    """The thing under lock, as the actor saw it. Raises Missing, and MovedOn when somebody changed it since."""
    may_administer(actor)
    row = session().get(kind, number, with_for_update=True)
    if row is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    if row.version != seen:
        raise MovedOn(_("Quelqu’un a changé cette page entre-temps. Comparez, puis envoyez de nouveau."))
    return row


def changed(actor: Actor, row: Kept, act: str, *, renamed: bool = False, **detail: Any) -> None:
    """After a change: the next version, one audit entry, and the news for the public pages."""
    row.version = (row.version or 0) + 1
    session().flush()
    audit.record(actor.id, act, row.__tablename__, row.id, **detail)
    note(DirectoryChanged(kind=row.__tablename__, thing_id=row.id, renamed=renamed))


def put(row: Kept | Any, given: Mapping[str, Any]) -> list[str]:
    """Set the columns that differ. Returns their names: what is audited, without the values."""
    names = [name for name, value in given.items() if getattr(row, name) != value]
    for name in names:
        setattr(row, name, given[name])
    return sorted(names)


def one_line(words: str, longest: int, field: str, sentence: str = "", *, needed: bool = False) -> str:
    """Words on one line. Raises Invalid when they are too long, or missing."""
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    line = re.sub(r"[ \t\r\n]+", " ", words).strip()
    if len(line) > longest or (needed and not line):
        raise Invalid(sentence or _("%(count)s caractères au plus.", count=longest), field=field)
    return line


def email(words: str, field: str = "email") -> str:
    words = words.strip()
    if words and (len(words) > 320 or not _EMAIL.fullmatch(words)):
        raise Invalid(_("Donnez une adresse électronique entière, comme nom@exemple.nc."), field=field)
    return words


def web(words: str, longest: int, field: str, *, needed: bool = False) -> str:
    """An address on the web, or ""; Raises Invalid for another."""
    words = words.strip()
    if not words and not needed:
        return ""
    href = safe_href(words)
    try:
        host = urlsplit(words).hostname
    except ValueError:
        host = None
    if href is None or not host or not href.startswith(("https://", "http://")) or len(words) > longest:
        raise Invalid(_("Donnez une adresse entière, qui commence par https://."), field=field)
    return words


def domains(words: str, field: str) -> list[str]:
    """Domains, one a line or with commas between, once each."""
    found = list(dict.fromkeys(one for one in re.split(r"[\s,;]+", words.lower()) if one))
    if len(found) > 20 or any(not _DOMAIN.fullmatch(one) for one in found):
        raise Invalid(
            _("Donnez des noms de domaine comme exemple.nc, un par ligne, 20 au plus."), field=field
        )
    return found


def free_slug(kind: type[Kept], words: str, longest: int) -> str:
    """A new address for a thing, made of its name; it stays when the name changes, since people keep addresses."""
    plain = unicodedata.normalize("NFKD", words.lower().replace("œ", "oe").replace("’", " "))
    slug = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")
    slug = slug[:longest].strip("-") or "sans-nom"
    wanted, number = slug, 1
    while wanted in RESERVED or session().scalar(sa.select(kind.id).where(kind.slug == wanted)) is not None:
        number += 1
        wanted = f"{slug[: longest - 6].strip('-')}-{number}"
    return wanted
