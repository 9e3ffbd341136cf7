"""Builders that go through the services, so that a test starts from a state people could have made."""

from __future__ import annotations

import itertools
from typing import Any

import sqlalchemy as sa

from app import clock
from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration, Kind
from app.policy import Actor, PortalRole
from drafts import service as drafts
from drafts.models import Draft, Image
from labs import guests, wishes
from labs import service as labs
from labs.access import seat
from labs.guest_models import GuestLink
from labs.models import Lab
from labs.policy import confined_to
from labs.roles import Right
from labs.wish_models import Wish

_numbers = itertools.count(1)
PASSWORD = "un mot de passe de test"
LEAD: list[dict[str, Any]] = [
    {
        "type": "lead",
        "attrs": {"id": "b1"},
        "content": [{"type": "text", "text": "L’essentiel en une phrase."}],
    },
    {
        "type": "paragraph",
        "attrs": {"id": "b2"},
        "content": [{"type": "text", "text": "Présentez-vous à la mairie."}],
    },
]


def make_administration(name: str = "", **values: Any) -> Administration:
    number = next(_numbers)
    administration = Administration(
        slug=values.pop("slug", f"administration-{number}"),
        name=name or f"Administration {number}",
        kind=values.pop("kind", Kind.PROVINCE),
        **values,
    )
    session().add(administration)
    session().flush()
    return administration


def make_person(
    administration: Administration | None = None, name: str = "", password: str | None = None
) -> Person:
    """A person; hashing a password takes long on purpose, so only tests that sign in by the form give one."""
    number = next(_numbers)
    return accounts.create_person(
        f"personne-{number}@test.example", name or f"Personne {number}", administration, password
    )


def actor(person: Person) -> Actor:
    return accounts.actor_for_person(person.id)


def make_agent(administration: Administration, *roles: PortalRole, reviewer: bool = False) -> Actor:
    person = make_person(administration)
    for role in roles:
        accounts.give_role(person, role)
    if reviewer:
        accounts.give_role(person, PortalRole.REVIEWER, administration)
    return actor(person)


def make_guest(facilitator: Actor, lab: Lab, right: Right = Right.REMARK) -> Actor:
    """A guest who is in the lab: the link was opened with its code."""
    number = next(_numbers)
    link = guests.invite_guest(facilitator, lab, f"Invité {number}", f"invite-{number}@test.example", right)
    seat(lab, link.person, right, until=link.expires_at)
    return accounts.actor_for_person(link.person_id)


def make_lab(
    facilitator: Actor, administration: Administration, *writers: Actor, title: str = "Lab de test"
) -> Lab:
    lab = labs.create_lab(facilitator, title, "Écrire ensemble.", administration)
    for writer in writers:
        labs.add_member(facilitator, lab, session().get_one(Person, writer.id), Right.WRITE)
    return lab


def make_draft(
    writer: Actor,
    lab: Lab,
    lead: Administration,
    *competent: Administration,
    title: str = "Changer d’adresse",
    tree: list[dict[str, Any]] | None = None,
) -> Draft:
    return drafts.create_draft(
        writer,
        lab,
        title=title,
        lead=lead,
        competent=competent or (lead,),
        tree=LEAD if tree is None else tree,
    )


def make_wish(
    moderator: Actor | None, title: str = "Savoir où jeter ses piles", need: str = "", **more: Any
) -> Wish:
    """A wish that came from the site; the public reads it when there is a moderator who lets it."""
    number = next(_numbers)
    wish = wishes.file_wish(None, title, need or "Je ne trouve pas où.", key=f"{number:032x}", **more)
    if moderator is not None:
        wishes.show(moderator, wish, wish.version)
    return wish


def sign_in(person_id: int) -> str:
    """A sign-in token for a person, as the form would give it."""
    link = session().scalars(sa.select(GuestLink).filter_by(person_id=person_id, revoked_at=None)).first()
    if link is None:
        return accounts.sign_in(person_id, second_factor=True).token
    return accounts.sign_in(person_id, ends_at=link.expires_at, confined_to=confined_to(link.lab_id)).token


def make_image(name: str) -> str:
    """A stored image under an id of the test's own; what it shows does not matter."""
    content = name.encode()
    session().add(
        Image(id=name, content=content, width=30, height=20, size=len(content), made_at=clock.now())
    )
    session().flush()
    return name
