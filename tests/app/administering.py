"""A small portal with administrators, for the tests of their pages."""

from __future__ import annotations

from dataclasses import dataclass

from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.policy import Actor, PortalRole
from tests import makers

# Where a page forgot to escape, this runs; in a list it pushes what follows to the left.
HOSTILE = "<script>alert(1)</script>\u202e&quot;"


@dataclass(frozen=True)
class Portal:
    """Two administrators of `south`, one agent of each place."""

    admin: Actor
    other: Actor
    agent: Actor
    north_agent: Actor
    south: int
    north: int


def make_portal() -> Portal:
    with unit_of_work():
        south = makers.make_administration("Province Sud", slug="province-sud")
        north = makers.make_administration("Province Nord", slug="province-nord")
        admin, other = (makers.make_agent(south, PortalRole.ADMINISTRATOR) for _ in range(2))
        return Portal(admin, other, makers.make_agent(south), makers.make_agent(north), south.id, north.id)


def version(person_id: int) -> int:
    with reading():
        return session().get_one(Person, person_id).version


def acts(kind: str, thing_id: int) -> list[tuple[str, dict[str, object]]]:
    """(act, detail) of the audit entries about a thing, the oldest first."""
    with reading():
        rows = session().query(AuditEntry).filter_by(object_kind=kind, object_id=str(thing_id))
        return [(row.act, row.detail) for row in rows.order_by(AuditEntry.id)]
