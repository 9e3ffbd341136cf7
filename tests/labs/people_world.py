"""A small world for the tests of the people of a lab: one shared lab, its people, agents who are not in it, guests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.mail import Mail
from app.policy import ANONYMOUS, Act, Actor, PortalRole, acts_for
from labs import guests
from labs.guest_models import GuestLink
from labs.models import Lab, Membership
from labs.roles import Right
from labs.service import add_member, permanent_lab
from tests import makers
from tests.clients import PageClient

TITLE = "Déménager sans se perdre"
GUEST = "camille.wea@universite.example"


@dataclass(frozen=True)
class Workshop:
    """`south` carries the lab; `outsider` and `northerner` are agents who are not in it."""

    lab_id: int
    other_id: int
    draft_id: int
    slug: str
    south: int
    north: int
    permanent: str
    people: dict[str, Actor]

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    @property
    def page(self) -> str:
        return f"/labs/{self.slug}"

    @property
    def lab(self) -> Lab:
        return session().get_one(Lab, self.lab_id)

    @property
    def other(self) -> Lab:
        """A second lab, of other people."""
        return session().get_one(Lab, self.other_id)

    def acts(self, name: str) -> frozenset[Act]:
        with reading():
            return acts_for(self[name], self.lab)

    def place(self, person_id: int) -> tuple[Right, bool] | None:
        with reading():
            row = session().scalars(
                sa.select(Membership).filter_by(lab_id=self.lab_id, person_id=person_id, removed_at=None)
            ).first()  # fmt: skip
            return (row.right, row.is_facilitator) if row else None

    def audited(self) -> list[str]:
        with reading():
            return list(
                session().scalars(
                    sa.select(AuditEntry.act)
                    .where(AuditEntry.object_kind == "lab", AuditEntry.object_id == str(self.lab_id))
                    .order_by(AuditEntry.id)
                )
            )


def make_workshop() -> Workshop:
    south, north = (
        makers.make_administration("Province du Sud"),
        makers.make_administration("Province du Nord"),
    )
    facilitator, writer, reader, chief, outsider = (makers.make_agent(south) for _ in range(5))
    northerner = makers.make_agent(north)
    lab = makers.make_lab(facilitator, south, writer, title=TITLE)
    add_member(facilitator, lab, session().get_one(Person, reader.id), Right.READ)
    other = makers.make_lab(chief, north, title="Un autre lab")
    draft = makers.make_draft(writer, lab, south)
    return Workshop(
        lab_id=lab.id,
        other_id=other.id,
        draft_id=draft.id,
        slug=lab.slug,
        south=south.id,
        north=north.id,
        permanent=permanent_lab(north).slug,
        people={
            "visitor": ANONYMOUS,
            "facilitator": facilitator,
            "writer": writer,
            "reader": reader,
            "chief": chief,
            "outsider": outsider,
            "northerner": northerner,
            "administrator": makers.make_agent(south, PortalRole.ADMINISTRATOR),
        },
    )


def mails_to(email: str) -> list[str]:
    with reading():
        return list(session().scalars(sa.select(Mail.body).where(Mail.recipient == email).order_by(Mail.id)))


def code_in(body: str) -> str:
    found = re.search(r"(\d{3}) (\d{3})", body)
    assert found, body
    return found[1] + found[2]


@dataclass(frozen=True)
class Link:
    id: int
    person_id: int
    token: str

    @property
    def path(self) -> str:
        return f"/invitation/{self.token}"

    @property
    def row(self) -> GuestLink:
        return session().get_one(GuestLink, self.id)


def invited(
    workshop: Workshop, right: Right = Right.REMARK, days: int = 30, email: str = GUEST, lab: Any = None
) -> Link:
    with unit_of_work():
        target = lab or workshop.lab
        by = workshop["chief"] if lab is not None else workshop["facilitator"]
        row = guests.invite_guest(by, target, "Camille  Wéa", email.upper(), right, days)
        number, person = row.id, row.person_id
    return Link(number, person, mails_to(email)[-1].split("/invitation/")[1].split()[0])


def entered(client: PageClient, link: Link, email: str = GUEST) -> PageClient:
    """Come in by a link, as the guest does."""
    client.sign_out().get(link.path)
    client.send(f"{link.path}/code")
    client.follow()
    client.send(f"{link.path}/confirmer", code=code_in(mails_to(email)[-1]))
    return client


def refused_by_database(statement: sa.Executable) -> str:
    """Run a statement in a transaction of its own and expect the database to say no; its words."""
    with pytest.raises(sa.exc.IntegrityError) as refusal:
        with unit_of_work() as current:
            current.execute(statement)
    return str(refusal.value.orig)
