"""Verbs about people: sign in, sign out, create, suspend, give a role."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import audit, clock, events, mail
from app.accounts import delays, passwords
from app.accounts.key_models import PersonalToken
from app.accounts.models import (
    NAME_LENGTH,
    Person,
    PersonKind,
    PersonStatus,
    Role,
    SignIn,
)
from app.accounts.obliged import held_back
from app.db import note, session, unit_of_work, unless_somebody_was_first
from app.directory.models import Administration
from app.errors import Invalid, Missing, Refused
from app.extensions import gettext as _
from app.policy import ANONYMOUS, PORTAL, Act, Actor, PortalRole, Scope, require

IDLE = timedelta(days=7)
IDLE_SHARED = timedelta(minutes=20)
# However busy somebody is: after so long they prove again who they are (NIST SP 800-63B-4, 2.2.3: 30 days at the most).
ABSOLUTE = timedelta(days=30)
ABSOLUTE_SHARED = timedelta(hours=4)
FREE_TRIES = delays.FREE_TRIES


@events.event
@dataclass(frozen=True)
class AccessEnded(events.Event):
    """A person's sign-ins ended (all of them, or one): sockets must follow."""

    name = "accounts.access_ended"
    person_id: int
    sign_in_id: int | None = None


@dataclass(frozen=True)
class Opened:
    """A new sign-in: the token goes into the cookie and nowhere else."""

    token: str
    actor: Actor
    lifetime: timedelta


def check_password(email: str, password: str, address: str | None = None) -> int:
    """The id of the person. Raises Invalid with one sentence for every cause, RateLimited after failures.

    `address` is that of the computer it comes from. Runs outside a unit of work, because argon2 takes tens of
    milliseconds on another thread. Whether the account exists or not, the same is done.
    """
    email = email.strip().lower()[:320]
    charged = (delays.of_account(email), delays.of_neighbourhood(address))
    delays.look(*charged)
    with unit_of_work() as current:
        delays.charge(*charged)
        row = current.execute(
            sa.select(Person.id, Person.password_hash).where(
                Person.email == email, Person.status == PersonStatus.ACTIVE
            )
        ).first()
    good = passwords.matches(row.password_hash if row else None, password[: passwords.LONGEST])
    if not good or row is None:
        raise Invalid(_("L’adresse ou le mot de passe ne correspond pas. Vérifiez les deux, puis réessayez."))
    with unit_of_work():
        delays.give_back(*charged)
    return int(row.id)


def sign_in(
    person_id: int,
    *,
    shared_computer: bool = False,
    ends_at: datetime | None = None,
    confined_to: str | None = None,
    second_factor: bool = False,
    device: str = "",
) -> Opened:
    """Open a session for a person who proved who they are. A new token each time: nothing is fixed beforehand.

    It ends when nobody is at work for a while, and for good after 30 days (4 hours on a shared computer), or at `ends_at`
    when that is sooner. With `confined_to` it opens that and nothing else. `second_factor`: they proved it twice. `device`:
    what they will know it by (`app.accounts.devices.label`).
    """
    token = secrets.token_urlsafe(32)
    now, idle = clock.now(), IDLE_SHARED if shared_computer else IDLE
    last = now + (ABSOLUTE_SHARED if shared_computer else ABSOLUTE)
    ends_at = last if ends_at is None else min(ends_at, last)
    until = min(now + idle, ends_at)
    row = SignIn(
        token_digest=passwords.digest(token),
        person_id=person_id,
        created_at=now,
        seen_at=now,
        expires_at=until,
        ends_at=ends_at,
        confined_to=confined_to,
        shared_computer=shared_computer,
        second_factor=second_factor,
        device=device[:40],
    )
    session().add(row)
    session().flush()
    audit.record(person_id, "sign_in", "person", person_id)
    actor = actor_of(row.id)
    if actor is None:  # suspended since they proved who they are
        raise Refused(_("Ce compte n’est pas ouvert. Adressez-vous à un administrateur du portail."))
    return Opened(token, actor, ends_at - now)


def sign_out(actor: Actor) -> None:
    _end(SignIn.id == actor.session_id)
    audit.record(actor.id, "sign_out", "person", actor.id)
    note(AccessEnded(person_id=actor.id, sign_in_id=actor.session_id))


def suspend(actor: Actor, person: Person, reason: str = "") -> None:
    """Close every door of a person at once; what they wrote stays theirs. Raises Invalid for oneself, and for the last
    administrator."""
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    if person.id == actor.id:
        raise Invalid(_("Demandez à un autre administrateur de suspendre votre compte."), field="reason")
    keep_an_administrator(person.id)
    person.status, person.status_reason = PersonStatus.SUSPENDED, reason
    end_all(person.id)
    audit.record(actor.id, "suspend", "person", person.id)


def keep_an_administrator(leaving: int) -> None:
    """Raises Invalid when nobody else administers the portal. The roles are under lock, so that of two who leave at one
    moment the second one hears it; the database refuses it too."""
    administrators = sa.select(Role.person_id).where(Role.role == PortalRole.ADMINISTRATOR)
    session().execute(administrators.order_by(Role.id).with_for_update()).all()
    # A statement of its own: it sees what was committed while the one before waited.
    active = session().scalars(
        sa.select(Person.id).where(Person.id.in_(administrators), Person.status == PersonStatus.ACTIVE)
    )
    if set(active) == {leaving}:
        raise Invalid(
            _("C’est le dernier administrateur du portail : nommez-en un autre d’abord."), field="reason"
        )


def change_password(actor: Actor, person: Person, new_hash: str) -> None:
    """Give a person the password behind `new_hash` (`new_password`); whoever is signed in under their name is out."""
    if person.id != actor.id:
        require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    person.password_hash = new_hash
    end_all(person.id)
    audit.record(actor.id, "change_password", "person", person.id)
    tell_of_password(person)


def new_password(new: str, *about: str) -> str:
    """The digest of a new password. Raises Invalid for a weak one; `about` are words that others know of the person.

    Outside a unit of work, as `check_password`.
    """
    weakness = passwords.weakness(new, *about)
    if weakness == "too_short":
        raise Invalid(_("Choisissez un mot de passe d’au moins douze caractères."), field="new")
    if weakness:
        raise Invalid(
            _(
                "Ce mot de passe se devine trop vite. Prenez plutôt quatre mots qui ne vont pas ensemble, sans votre nom ni "
                "une suite de touches."
            ),
            field="new",
        )
    return passwords.hashed(new[: passwords.LONGEST])


def tell_of_password(person: Person) -> None:
    """A mail to the person, so that a change that is not theirs is seen."""
    body = _(
        "Bonjour %(name)s,\n\n"
        "Le mot de passe de votre compte Open Lab vient d’être changé. Toutes les sessions ouvertes avec l’ancien sont fermées.\n\n"
        "Si vous ne l’avez pas changé vous-même, choisissez tout de suite un nouveau mot de passe ici :\n\n%(address)s\n\n"
        "puis prévenez l’administrateur du portail.",
        name=person.name,
        address=mail.address("/connexion/oubli"),
    )
    mail.write(person.email, _("Votre mot de passe a été changé"), body + "\n")


def end_all(person_id: int) -> None:
    """Every session of a person, and what their programs hold."""
    _end(SignIn.person_id == person_id)
    session().execute(
        sa.update(PersonalToken)
        .where(PersonalToken.person_id == person_id, PersonalToken.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    note(AccessEnded(person_id=person_id))


def end_one(actor: Actor, sign_in_id: int) -> None:
    """End one of one's own sessions. Raises Missing for one that is somebody else's, or over."""
    row = session().get(SignIn, sign_in_id, with_for_update=True)
    if (
        row is None
        or row.person_id != actor.id
        or row.revoked_at is not None
        or row.expires_at <= clock.now()
    ):
        raise Missing(_("Cette session est déjà fermée."))
    _end(SignIn.id == sign_in_id)
    audit.record(actor.id, "end_session", "sign_in", sign_in_id)
    note(AccessEnded(person_id=actor.id, sign_in_id=sign_in_id))


def end_others(actor: Actor) -> None:
    """End all of one's own sessions but the one at work."""
    _end((SignIn.person_id == actor.id) & (SignIn.id != actor.session_id))
    audit.record(actor.id, "end_other_sessions", "person", actor.id)
    note(AccessEnded(person_id=actor.id))


def end_confined(person_id: int, confined_to: str) -> None:
    """End the sign-ins of a person that open this one thing."""
    _end((SignIn.person_id == person_id) & (SignIn.confined_to == confined_to))
    note(AccessEnded(person_id=person_id))


def _end(which: sa.ColumnElement[bool]) -> None:
    session().execute(
        sa.update(SignIn).where(which, SignIn.revoked_at.is_(None)).values(revoked_at=clock.now())
    )


def actor_for_token(token: str) -> Actor:
    """Who holds this cookie now; ANONYMOUS when it is unknown, expired, revoked, or the person suspended."""
    if not token or len(token) > 200:
        return ANONYMOUS
    sign_in_id = session().scalar(sa.select(SignIn.id).where(SignIn.token_digest == passwords.digest(token)))
    return (actor_of(sign_in_id) if sign_in_id else None) or ANONYMOUS


def actor_of(sign_in_id: int) -> Actor | None:
    """The actor behind a sign-in that is still good, read afresh; None when it has ended."""
    current = session()
    row = current.execute(
        sa.select(SignIn, Person, Administration)
        .join(Person, Person.id == SignIn.person_id)
        .outerjoin(Administration, Administration.id == Person.administration_id)
        .where(
            SignIn.id == sign_in_id,
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > clock.now(),
            Person.status == PersonStatus.ACTIVE,
        )
    ).first()
    if row is None:
        return None
    opened, person, administration = row
    return _actor(person, administration, opened)


def names_of(people: Iterable[int | None]) -> dict[int, str]:
    """The names of people by their id; None, and whoever is not there, is left out."""
    wanted = {person for person in people if person is not None}
    return dict(session().execute(sa.select(Person.id, Person.name).where(Person.id.in_(wanted))).all())


def actor_for_person(person_id: int, token: PersonalToken | None = None) -> Actor:
    """A person as an actor without a sign-in: for commands and jobs that act in somebody's name, or by their token."""
    person = session().get_one(Person, person_id)
    return _actor(person, person.administration, None, token)


def _actor(
    person: Person,
    administration: Administration | None,
    opened: SignIn | None,
    token: PersonalToken | None = None,
) -> Actor:
    held = (
        session()
        .execute(sa.select(Role.role, Role.administration_id).where(Role.person_id == person.id))
        .all()
    )
    roles = frozenset(role for role, _at in held)
    waiting = held_back(person, roles, opened or token)
    return Actor(
        id=person.id,
        name=person.name,
        email=person.email,
        administration_id=person.administration_id,
        administration=administration.short_name if administration else "",
        roles=roles - waiting,
        held_back=waiting,
        reviewer_of=frozenset(at for role, at in held if role is PortalRole.REVIEWER and at is not None),
        session_id=opened.id if opened else 0,
        shared_computer=bool(opened and opened.shared_computer),
        is_guest=person.kind is PersonKind.GUEST,
        is_citizen=person.kind is PersonKind.CITIZEN,
        confined_to=opened.confined_to if opened else None,
        second_factor=bool(opened and opened.second_factor) or bool(token and token.second_factor),
        token_id=token.id if token else 0,
        scopes=frozenset(map(Scope, token.scopes)) if token else frozenset(),
    )


def keep_alive(sign_in_ids: Collection[int]) -> None:
    """Push the end of these sessions further, because their people are at work; at most every five minutes each.

    On a shared computer the five minutes would be a quarter of the whole; there it is every minute.
    """
    now = clock.now()
    for shared, idle, every in (
        (False, IDLE, timedelta(minutes=5)),
        (True, IDLE_SHARED, timedelta(minutes=1)),
    ):
        session().execute(
            sa.update(SignIn)
            .where(
                SignIn.id.in_(sign_in_ids),
                SignIn.shared_computer.is_(shared),
                SignIn.revoked_at.is_(None),
                SignIn.expires_at > now,
                SignIn.seen_at < now - every,
            )
            .values(
                seen_at=now,
                expires_at=sa.case((SignIn.ends_at < now + idle, SignIn.ends_at), else_=now + idle),
            )
            .execution_options(synchronize_session=False)
        )


def create_person(
    email: str,
    name: str,
    administration: Administration | None,
    password: str | None = None,
    *,
    is_demo: bool = False,
) -> Person:
    """Add a person. Raises Invalid for an address already taken or a name that is empty or too long."""
    email, name = email.strip().lower(), " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or "@" not in email:
        raise Invalid(_("Il faut un nom (128 caractères au plus) et une adresse électronique."))
    person = session().scalars(sa.select(Person).where(Person.email == email).with_for_update()).first()
    if person is not None and person.kind is not PersonKind.GUEST:
        raise Invalid(_("Cette adresse a déjà un compte."))
    hashed = passwords.hashed(password) if password else None
    if person is None:
        person = Person(email=email, created_at=clock.now())
        session().add(person)
    else:
        # Who came as a guest keeps what they did there. Their way in was the link; from now on it is the account.
        end_all(person.id)
    person.name, person.kind, person.is_demo = name, PersonKind.AGENT, is_demo
    person.administration_id = administration.id if administration else None
    person.password_hash = hashed
    session().flush()
    audit.record(None, "create_person", "person", person.id)
    return person


def guest_called(email: str, name: str) -> Person:
    """The guest with this address, made when there is none; a name that is known already stays as it is.

    Raises Invalid for an address that has an account, and for a name that is empty or too long.
    """
    email, name = email.strip().lower(), " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(_("Donnez le nom de la personne (128 caractères au plus)."), field="name")
    found = session().scalars(sa.select(Person).where(Person.email == email)).first()
    if found is not None and found.kind is not PersonKind.GUEST:
        raise Invalid(
            _("Cette adresse a un compte d’agent : invitez la personne par son nom."), field="email"
        )
    if found is None:
        found = Person(email=email, name=name, kind=PersonKind.GUEST, created_at=clock.now())
        with unless_somebody_was_first(
            _("Cette adresse vient d’être invitée ailleurs : envoyez de nouveau.")
        ):
            session().add(found)
        audit.record(None, "create_guest", "person", found.id)
    return found


def give_role(person: Person, role: PortalRole, administration: Administration | None = None) -> None:
    session().add(
        Role(person_id=person.id, role=role, administration_id=administration.id if administration else None)
    )
    session().flush()
    audit.record(None, "give_role", "person", person.id, role=str(role))
