"""Verbs and queries about who is known to which provider: come in, link, take a link away."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app import audit, clock
from app.accounts import service as accounts
from app.accounts.erasing import erases
from app.accounts.models import Person, PersonKind, PersonStatus
from app.db import session, unless_somebody_was_first
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.oidc.exchange import Proof
from app.oidc.models import ExternalIdentity
from app.oidc.refusing import Reason, TurnedAway
from app.policy import PORTAL, Act, Actor, acts_for, judges, require
from config import Audience, Provider

KIND_OF = {Audience.AGENTS: PersonKind.AGENT, Audience.CITIZENS: PersonKind.CITIZEN}
# Where an account without an address of its own gets its mail: nowhere (RFC 2606).
NOWHERE = "sans-adresse.invalid"
THING = "external_identity"


@judges(Provider)
def _provider(actor: Actor, provider: Provider) -> frozenset[Act]:
    """Everybody may come by a provider; who has an account of the kind it vouches for may link it."""
    acts = acts_for(actor, PORTAL) & {Act.PORTAL_SIGN_IN, Act.ACCOUNT_LINK}
    if actor.is_citizen != (provider.audience is Audience.CITIZENS):
        acts -= {Act.ACCOUNT_LINK}
    return acts


@judges(ExternalIdentity)
def _identity(actor: Actor, identity: ExternalIdentity) -> frozenset[Act]:
    return acts_for(actor, PORTAL) & {Act.ACCOUNT_LINK} if actor.id == identity.person_id else frozenset()


def come_in(provider: Provider, proof: Proof) -> int:
    """The person whom a provider vouches for, made when there is none and it may be. Raises TurnedAway."""
    identity = _known(proof)
    if identity is None:
        return _welcome(provider, proof)
    person = session().get_one(Person, identity.person_id)
    if person.status is not PersonStatus.ACTIVE or person.erased_at is not None:
        raise TurnedAway(Reason.CLOSED, person_id=person.id)
    if person.kind is not KIND_OF[provider.audience]:
        raise TurnedAway(Reason.AUDIENCE, person_id=person.id)
    identity.used_at = clock.now()
    audit.record(person.id, "oidc_sign_in", THING, identity.id, provider=provider.name)
    return person.id


def _welcome(provider: Provider, proof: Proof) -> int:
    """A new account without any right; an address that somebody here has already never leads to their account."""
    if proof.email and session().scalar(sa.select(Person.id).where(Person.email == proof.email)):
        raise TurnedAway(Reason.EMAIL)
    if not provider.create:
        raise TurnedAway(Reason.UNKNOWN)
    kind = KIND_OF[provider.audience]
    # Nothing is ever mailed to a citizen: their address is not kept. That of an agent is, once it is verified.
    wanted = proof.email if kind is PersonKind.AGENT and proof.email_is_verified else None
    person = Person(
        email=wanted or f"{secrets.token_hex(16)}@{NOWHERE}",
        name=proof.name or (_("Agent sans nom") if kind is PersonKind.AGENT else _("Usager sans nom")),
        kind=kind,
        created_at=clock.now(),
    )
    with unless_somebody_was_first(_("Ce compte vient d’être créé : recommencez la connexion.")):
        session().add(person)
        session().flush()
        identity = _attach(proof, person.id)
    audit.record(None, "create_person", "person", person.id, provider=provider.name)
    audit.record(person.id, "oidc_sign_in", THING, identity.id, provider=provider.name)
    return person.id


def link(actor: Actor, provider: Provider, proof: Proof) -> None:
    """Let `actor` come by this identity from now on. Raises TurnedAway when it is somebody else's, or they have one."""
    require(actor, Act.ACCOUNT_LINK, provider)
    identity = _known(proof)
    if identity is not None and identity.person_id != actor.id:
        raise TurnedAway(Reason.TAKEN, person_id=actor.id)
    if identity is not None:
        return  # it is linked already: nothing to do, nothing to complain of
    if session().scalar(
        sa.select(ExternalIdentity.id).filter_by(person_id=actor.id, issuer=proof.issuer).with_for_update()
    ):
        raise TurnedAway(Reason.ANOTHER, person_id=actor.id)
    with unless_somebody_was_first(_("Cette identité vient d’être liée : rechargez la page.")):
        identity = _attach(proof, actor.id)
    audit.record(actor.id, "oidc_link", THING, identity.id, provider=provider.name)


def unlink(actor: Actor, identity_id: int) -> None:
    """Take an identity away from one's account. Raises Invalid for the last way in."""
    identity = identity_called(identity_id)
    require(actor, Act.ACCOUNT_LINK, identity)
    person = session().get_one(Person, actor.id, with_for_update=True)
    others = sa.select(ExternalIdentity.id).where(
        ExternalIdentity.person_id == actor.id, ExternalIdentity.id != identity.id
    )
    if person.password_hash is None and session().scalar(others.limit(1)) is None:
        raise Invalid(
            _(
                "C’est votre seul moyen d’entrer. Donnez d’abord un mot de passe à votre compte, puis retirez "
                "cette identité."
            )
        )
    session().delete(identity)
    audit.record(actor.id, "oidc_unlink", THING, identity.id)


def turned_away(provider: Provider, refusal: TurnedAway) -> None:
    """Note why somebody did not come in. Codes only: no claim, no token."""
    audit.record(
        refusal.person_id,
        "oidc_refused",
        "provider",
        provider.name,
        reason=str(refusal.reason),
        why=refusal.why,
    )


def _known(proof: Proof) -> ExternalIdentity | None:
    query = sa.select(ExternalIdentity).filter_by(issuer=proof.issuer, subject=proof.subject)
    return session().scalars(query.with_for_update()).first()


def _attach(proof: Proof, person_id: int) -> ExternalIdentity:
    now = clock.now()
    identity = ExternalIdentity(
        issuer=proof.issuer, subject=proof.subject, person_id=person_id, linked_at=now, used_at=now
    )
    session().add(identity)
    session().flush()
    return identity


@erases
def _erase(person_id: int) -> None:
    """What providers call a person; their tokens go with their sign-ins."""
    session().execute(sa.delete(ExternalIdentity).where(ExternalIdentity.person_id == person_id))


@dataclass(frozen=True)
class Way:
    """One provider as a person sees it: linked since and used at some moment, or not linked (`id` None)."""

    name: str
    label: str
    id: int | None = None
    linked_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """What the page of one's ways in says of an account."""

    is_citizen: bool
    # An account of an agent that nobody has given an administration yet.
    waits: bool
    has_password: bool
    ways: tuple[Way, ...]


def identity_called(identity_id: int) -> ExternalIdentity:
    found = session().get(ExternalIdentity, identity_id)
    if found is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return found


def label_of(identity: ExternalIdentity, providers: Iterable[Provider]) -> str:
    """What the provider of an identity is called; its address when it is not configured any more."""
    return next((one.label for one in providers if one.issuer == identity.issuer), identity.issuer)


def standing_of(actor: Actor, providers: Iterable[Provider]) -> Standing:
    person = session().get_one(Person, actor.id)
    held = {
        identity.issuer: identity
        for identity in session().scalars(sa.select(ExternalIdentity).filter_by(person_id=actor.id))
    }
    ways = []
    for provider in providers:
        identity = held.pop(provider.issuer, None)
        if identity is not None:
            ways.append(Way(provider.name, provider.label, identity.id, identity.linked_at, identity.used_at))
        elif Act.ACCOUNT_LINK in acts_for(actor, provider):
            ways.append(Way(provider.name, provider.label))
    # Of a provider that is not configured any more: it opens nothing, and can be taken away.
    ways += [Way("", left.issuer, left.id, left.linked_at, left.used_at) for left in held.values()]
    return Standing(
        is_citizen=actor.is_citizen,
        waits=not actor.is_citizen and actor.administration_id is None and not actor.roles,
        has_password=person.password_hash is not None,
        ways=tuple(ways),
    )


def has_a_place(person_id: int) -> bool:
    """Whether somebody may go further into the house than to their own account."""
    actor = accounts.actor_for_person(person_id)
    return actor.administration_id is not None or bool(actor.roles)
