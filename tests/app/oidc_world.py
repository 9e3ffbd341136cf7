"""A portal with two providers for agents and one for citizens, an agent who is linked, and their browser."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from flask import Flask

from app.accounts.models import Person, SignIn
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.oidc import identities
from app.oidc.exchange import Proof
from app.oidc.models import ExternalIdentity
from app.policy import Actor
from tests import makers
from tests.app.hostile_provider import HostileProvider, hostile_provider
from tests.clients import Page, PageClient

ACR = "eidas1"


@dataclass
class World:
    app: Flask
    client: PageClient
    providers: dict[str, HostileProvider]
    agent: Actor

    @property
    def provider(self) -> HostileProvider:
        return self.providers["agents"]

    def begin(self, name: str = "agents", query: str = "") -> str:
        """Go to the provider; returns the state. The provider remembers the nonce, as it should."""
        asked = asked_of(self.client.get(f"/connexion/oidc/{name}{query}", 302).location)
        self.providers[name].nonce = asked["nonce"]
        return asked["state"]

    def come_back(self, status: int, name: str = "agents", **answer: Any) -> Page:
        answer = {"code": "a-code", **answer}
        found = {key: value for key, value in answer.items() if value is not None}
        return self.client.get(f"/connexion/oidc/{name}/retour", status, query_string=found)

    def refused(self, status: int, reason: str, name: str = "agents", **answer: Any) -> Page:
        """The answer signs nobody in, and the page says what to do instead."""
        page = self.come_back(status, name, **answer)
        assert page.main.split()[-1] == reason, page.main
        assert {"/connexion"} & {link.split("?")[0] for link in page.links()} or "Mes connexions" in page.text
        assert not self.is_in(), "somebody was signed in"
        return page

    def is_in(self) -> bool:
        with reading():
            return (
                session().scalar(sa.select(sa.func.count(SignIn.id)).where(SignIn.revoked_at.is_(None))) != 0
            )

    def link_page(self) -> str:
        """Begin a link from one's own page; returns the state."""
        self.client.get("/espace/compte/connexions")
        page = self.client.send("/espace/compte/connexions/agents", 200)
        (there,) = [link for link in page.links() if link.startswith(self.provider.issuer)]
        asked = asked_of(there)
        self.provider.nonce = asked["nonce"]
        return asked["state"]


def asked_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def environ(providers: dict[str, HostileProvider]) -> dict[str, str]:
    """The variables of the three: agents asks for a level, others makes accounts, citizens is for the public."""
    more = {
        "agents": {"ACR": ACR},
        "others": {"CREATE": "1"},
        "citizens": {"CREATE": "1", "AUDIENCE": "citizens"},
    }
    return {
        f"OIDC_{name.upper()}_{variable}": value
        for name, provider in providers.items()
        for variable, value in {"ISSUER": provider.issuer, "CLIENT_ID": "open-lab", **more[name]}.items()
    }


def three_providers(stack: ExitStack) -> dict[str, HostileProvider]:
    found = {name: stack.enter_context(hostile_provider()) for name in ("agents", "others", "citizens")}
    found["agents"].changes = {"acr": ACR}
    return found


def make_world(app: Flask, client: PageClient, providers: dict[str, HostileProvider]) -> World:
    with unit_of_work():
        agent = makers.make_agent(makers.make_administration("Province du Sud"))
    return World(app, client, providers, agent)


def link(world: World, name: str = "agents", person: Actor | None = None) -> None:
    """What the linking page does, for tests that are about something else."""
    known = world.app.extensions["oidc"][name]
    proof = Proof(known.provider.issuer, world.providers[name].subject, "", "", None, False)
    with unit_of_work():
        identities.link(person or world.agent, known.provider, proof)


def linked_people() -> list[tuple[str, int]]:
    with reading():
        rows = session().execute(sa.select(ExternalIdentity.subject, ExternalIdentity.person_id)).all()
        return sorted((subject, person_id) for subject, person_id in rows)


def audited(act: str) -> list[tuple[int | None, dict[str, Any]]]:
    with reading():
        rows = session().scalars(sa.select(AuditEntry).filter_by(act=act).order_by(AuditEntry.id))
        return [(row.person_id, row.detail) for row in rows]


def people() -> list[Person]:
    with reading():
        return list(session().scalars(sa.select(Person).order_by(Person.id)))
