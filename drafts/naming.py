"""Words that are kept for ever name nobody: what cannot be changed cannot be erased either."""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa

from app.accounts.models import Person
from app.db import session
from app.errors import Invalid
from app.extensions import gettext as _
from drafts.expert_models import ExpertInvitation

_ADDRESS = re.compile(r"[^@\s<>()«»,;:]+@[^@\s<>()«»,;:]+\.[^@\s<>()«»,;:.]{2,}")


def refuse_names(words: str, field: str) -> None:
    """Raises Invalid when `words` hold a mail address, or the whole name of a person or expert known here."""
    found = _ADDRESS.search(words)
    _refuse(found[0] if found is not None else _name_in(words), field)


def refuse_people(words: str, field: str) -> None:
    """As `refuse_names`, but an address that belongs to nobody known here is let through: what changed for readers may
    well be the address of a counter."""
    addresses = {address.lower() for address in _ADDRESS.findall(words)}
    known = sa.union(
        sa.select(Person.email).where(Person.email.in_(addresses)),
        sa.select(ExpertInvitation.email).where(ExpertInvitation.email.in_(addresses)),
    )
    theirs = session().scalars(known).first() if addresses else None
    _refuse(theirs or _name_in(words), field)


def _refuse(named: str, field: str) -> None:
    if named:
        raise Invalid(
            _(
                "Ces mots sont conservés pour toujours : dites-le sans nommer personne (« %(name)s »). L’historique "
                "retient déjà qui agit.",
                name=named,
            ),
            field=field,
        )


def _name_in(words: str) -> str:
    """The first known name that stands in `words` as a whole, "" for none."""
    if not words:
        return ""
    # Of one word would be « Marie » or « Elle » too: a sentence that cannot do without it names nobody by it.
    known = sa.union(
        sa.select(Person.name).where(Person.erased_at.is_(None), Person.name.contains(" ")),
        sa.select(ExpertInvitation.name).where(
            ExpertInvitation.erased_at.is_(None), ExpertInvitation.name.contains(" ")
        ),
    )
    said = _plain(words)
    for name in session().scalars(known):
        plain = _plain(name)
        # Comparing strings first: thousands of people are a few milliseconds that way.
        if plain in said and re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", said):
            return str(name)
    return ""


def _plain(words: str) -> str:
    """Words without what people type in several ways: case, apostrophes, kinds of spaces, accents apart."""
    return " ".join(unicodedata.normalize("NFC", words).casefold().replace("’", "'").split())
