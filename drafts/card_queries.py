"""What the directory knows of everything a text refers to: asked in one place, once for a page."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.db import session
from app.directory import catalogue
from app.directory.catalogue import ANYONE, Concern
from app.directory.models import Administration, OnlineService
from drafts.cards import Contact, References, Wanted, wanted
from drafts.grammar import Tree, normalise
from drafts.models import Draft, Image
from drafts.policy import competent_ids

# Of a whole administration: its two first counters, the others one click away.
MOST_DESKS = 2


def references_of(*trees: Tree, concern: Concern = ANYONE) -> References:
    """Everything these texts refer to, as a page of that concern shows it. What does not exist is not in it."""
    return references_named(wanted(*[normalise(tree) for tree in trees]), concern)


def references_named(names: Wanted, concern: Concern) -> References:
    """The same, of the names of what is referred to."""
    return References(
        contacts=_contacts(names),
        services=_services(names.services, concern),
        images=frozenset(existing_images(names.images)) if names.images else frozenset(),
    )


def references_in(draft: Draft, *trees: Tree) -> References:
    """The same for the text of a draft."""
    return references_of(*trees, concern=concern_of(draft))


def concern_of(draft: Draft) -> Concern:
    """Whom and where the text of a draft concerns: what its public page would be shown for."""
    territories = draft.fields.get("territories") or []
    return Concern(frozenset(competent_ids(draft)), frozenset(territories))


def existing_images(image_ids: Iterable[str]) -> list[str]:
    """Those of the ids under which an image is stored."""
    return list(session().scalars(sa.select(Image.id).where(Image.id.in_(list(image_ids)))))


def _contacts(names: Wanted) -> dict[tuple[str, int], Contact]:
    slugs = {slug for slug, _counter in names.contacts}
    if not slugs:
        return {}
    rows = session().scalars(
        sa.select(Administration)
        .where(Administration.slug.in_(slugs))
        .options(selectinload(Administration.counters))
    )
    found: dict[tuple[str, int], Contact] = {}
    for row in rows:
        office = catalogue.office_of(row)
        if (row.slug, 0) in names.contacts:
            desks = catalogue.desks([row])
            found[row.slug, 0] = Contact(office, desks[:MOST_DESKS], len(desks) > MOST_DESKS)
        for counter in row.counters:
            if (row.slug, counter.id) in names.contacts:
                found[row.slug, counter.id] = Contact(office, (catalogue.desk_of(counter, row),))
    return found


def _services(slugs: Collection[str], concern: Concern) -> dict[str, catalogue.Service]:
    if not slugs:
        return {}
    return {service.slug: service for service in catalogue.services(OnlineService.slug.in_(slugs), concern)}
