"""Administrations as partners name them in a cell: by address, name or acronym."""

from __future__ import annotations

import re

import sqlalchemy as sa

from app.db import session
from app.directory.models import Administration
from app.errors import Invalid
from app.extensions import gettext as _

# As many as a service may plausibly have; more is a cell of something else.
MOST_OWNERS = 40


def named(words: str, field: str) -> Administration:
    """The open administration a cell names. Raises Invalid for none, and for a name that several have."""
    wanted = words.strip()
    found = _found(wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise Invalid(
            _("Plusieurs administrations s’appellent « %(name)s » : donnez leur adresse.", name=wanted[:80]),
            field=field,
        )
    raise Invalid(
        _("Aucune administration ouverte ne s’appelle « %(name)s ».", name=wanted[:80]), field=field
    )


def several(words: str, field: str) -> list[Administration]:
    """The administrations of a cell with several: between them stand `|`, `;` or a line break."""
    names = [one for one in (part.strip() for part in re.split(r"[|;\n]", words)) if one]
    if len(names) > MOST_OWNERS:
        raise Invalid(_("%(count)s administrations au plus.", count=MOST_OWNERS), field=field)
    return list({place.id: place for place in (named(name, field) for name in names)}.values())


def _found(wanted: str) -> list[Administration]:
    if not wanted:
        return []
    rows = session().execute(
        sa.select(Administration.id, Administration.slug, Administration.name, Administration.acronym).where(
            Administration.closed_at.is_(None)
        )
    )
    folded = wanted.casefold()
    by_slug, by_name, by_acronym = [], [], []
    for number, slug, name, acronym in rows:
        if slug == folded:
            by_slug.append(number)
        elif name.casefold() == folded:
            by_name.append(number)
        elif acronym and acronym.casefold() == folded:
            by_acronym.append(number)
    ids = by_slug or by_name or by_acronym
    return [session().get_one(Administration, number) for number in ids]
