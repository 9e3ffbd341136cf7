"""A house in which every kind of thing stands twice: in one wing, whose people are known, and in another of other people.

What each address of the application names, in one wing or the other, is found by `Wing.fill`: an argument that this file
does not know fails the matrix, so that a new address comes with a thing for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from app import alerts, clock
from app.accounts import cookie
from app.accounts import service as accounts
from app.accounts import tokens as personal
from app.accounts.key_models import PersonalToken
from app.accounts.models import Person, PersonKind, Role, SignIn
from app.db import Base, reading, session, unit_of_work
from app.directory.models import ConnectedSpace, Counter, OnlineService, ServiceKind
from app.jobs import DueRow
from app.mail import Mail
from app.oidc.models import ExternalIdentity
from app.policy import ANONYMOUS, Actor, PortalRole
from config import Settings
from drafts import bin as wastepaper
from drafts import bringing, expert_policy, experts, glossary, remarks, review
from drafts import service as drafts
from drafts.brought_models import BroughtPicture
from drafts.glossary import TermWords
from drafts.models import Draft, ImageUse
from drafts.notice_models import Notice
from labs import cycles, guests, joining, sessions
from labs.joining_models import LabInvitation
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member, remove_member
from publish import call_queries, calls, comments, queries, reading_tests, synonyms
from publish import service as publishing
from publish.call_models import CallAnswer, Channel
from publish.download_models import EditionFile
from publish.models import Edition
from tests import makers
from tests.guides import guides
from tests.publish.press import FIELDS

NOBODY_HAS: dict[str, object] = {"int": 987654321, "string": "inconnu"}
# Nobody who is signed in: the browser in which the link of the own wing's expert was opened with its code.
EXPERT = Actor(name="an expert")


@dataclass
class Wing:
    """An administration, its people, and one thing of each kind that is theirs."""

    place: int
    lab_id: int
    leader: Actor
    writer: Actor
    reader: Actor
    reviewer: Actor
    removed: Actor
    guest: Actor
    expert: int
    things: dict[str, dict[str, object]]

    def fill(self, rule: Rule) -> dict[str, object]:
        """The arguments that name things of this wing in an address."""
        # The longest beginning of the address that knows the argument has it.
        kinds = sorted((kind for kind in self.things if rule.rule.startswith(kind)), key=len, reverse=True)
        found: dict[str, object] = {}
        for name in rule.arguments:
            known = [self.things[kind][name] for kind in kinds if name in self.things[kind]]
            if not known:
                raise LookupError(f"tests/house/full_house.py has no thing for <{name}> of {rule.rule}")
            found[name] = known[0]
        return found


@dataclass
class FullHouse:
    app: Flask
    settings: Settings
    own: Wing
    other: Wing
    people: dict[str, Actor]
    tokens: dict[int, str] = field(default_factory=dict)

    def cookie_of(self, actor: Actor, *, fresh: bool = False) -> dict[str, str]:
        """Headers of a request by `actor`; the sign-in is made once, past the form and its slow hash."""
        if actor is EXPERT:
            kept = {"experts": [self.own.expert]}
            signed = self.app.session_interface.get_signing_serializer(self.app).dumps(kept)  # type: ignore[attr-defined]
            return {"Cookie": f"{self.app.config['SESSION_COOKIE_NAME']}={signed}"}
        if actor.is_anonymous:
            return {}
        fresh = fresh and actor is not self.people["who is suspended"]  # who gets no new one
        if fresh or actor.id not in self.tokens:
            with unit_of_work():
                token = makers.sign_in(actor.id)
            if fresh:
                return {"Cookie": f"{cookie.name(self.settings)}={token}"}
            self.tokens[actor.id] = token
        return {"Cookie": f"{cookie.name(self.settings)}={self.tokens[actor.id]}"}


def rules(app: Flask) -> list[Rule]:
    return sorted(
        (rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"), key=lambda r: r.rule
    )


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def line_of(rule: Rule, method: str) -> str:
    """As tests/house/urls.txt writes it."""
    return f"{method} {re.sub(r'<[^>:]*:', '<', rule.rule)}"


def unknown(rule: Rule) -> dict[str, object]:
    """Arguments that nobody has."""
    kinds = {name: type(rule._converters[name]).__name__ for name in rule.arguments}
    return {
        name: NOBODY_HAS["int" if kind == "IntegerConverter" else "string"] for name, kind in kinds.items()
    }


def address(app: Flask, rule: Rule, values: dict[str, Any]) -> str:
    with app.test_request_context():
        return app.url_map.bind("127.0.0.1").build(rule.endpoint, values, method=methods(rule)[0])


def digest(*, without: Iterable[str] = ()) -> dict[str, int]:
    """What stands in every table, as a number each: two that are equal say that nothing was changed in between."""
    with reading() as current:
        return {
            table.name: hash(tuple(sorted(repr(tuple(row)) for row in current.execute(sa.select(table)))))
            for table in Base.metadata.sorted_tables
            if table.name not in without
        }


def _last_token(email: str, path: str) -> str:
    session().flush()
    bodies = session().scalars(sa.select(Mail.body).where(Mail.recipient == email).order_by(Mail.id.desc()))
    return next(body for body in bodies if path in body).split(path)[1].split()[0]


def _wing(editor: Actor, word: str, wish: Any) -> Wing:
    """In an open unit of work."""
    place = makers.make_administration(slug=f"place-{word}")
    leader, writer, reader, removed, asker, invitee = (makers.make_agent(place) for _ in range(6))
    reviewer, second = makers.make_agent(place, reviewer=True), makers.make_agent(place, reviewer=True)
    lab = makers.make_lab(leader, place, writer, removed, title=f"Lab {word}")
    add_member(leader, lab, session().get_one(Person, reader.id), Right.READ)
    remove_member(leader, lab, session().get_one(Person, removed.id))

    def draft(title: str) -> Draft:
        made = makers.make_draft(writer, lab, place, title=f"{title} {word}")
        drafts.set_fields(writer, made, **FIELDS)
        return made

    plain, binned, read, out = (
        draft(title) for title in ("Un texte", "Un rebut", "Un texte relu", "Une fiche")
    )
    wastepaper.put_away(writer, binned)
    revision = review.submit(writer, read)
    mark = review.submit(writer, out, "Première publication.").fingerprint
    review.sign_off(second, out, place.id, mark)
    slug = publishing.publish(editor, out, mark, "Première publication.").slug
    edition = session().scalars(sa.select(Edition).order_by(Edition.id.desc())).first()
    assert edition is not None
    # Made by the worker, which does not run here.
    session().add(
        EditionFile(
            edition_id=edition.id, form="pdf", content=b"%PDF", size=4, digest="0" * 64, made_from="0" * 64,
            says_withdrawn=False, made_at=clock.now(),
        )
    )  # fmt: skip
    expert_email = f"experte-{word}@test.example"
    expert = experts.invite(writer, read, "Experte", expert_email, 10, "Est-ce exact ?")
    expert_token = _last_token(expert_email, "/expertise/")
    seat = expert_policy.seat_at(expert_token, frozenset({expert.id}))
    expert_remark = experts.add_remark(ANONYMOUS, seat, "b2", "À revoir.")
    guest = makers.make_guest(leader, lab, Right.WRITE)
    guest_email = session().get_one(Person, guest.id).email
    remark = remarks.open_remark(leader, plain, "Est-ce exact ?", mentions=[writer.id])
    notice = session().scalars(sa.select(Notice.id).where(Notice.person_id == writer.id)).first()
    joining.ask(asker, lab, "Je voudrais écrire avec vous.")
    joining.invite(leader, lab, [invitee.id], Right.READ)
    invitation = session().scalars(sa.select(LabInvitation.id).where(LabInvitation.lab_id == lab.id)).one()
    request = session().scalars(sa.text("SELECT max(id) FROM lab_request")).one()
    link = guests.living_links(lab)[0]
    starts = clock.now() + timedelta(days=1)
    seance = sessions.plan_session(leader, lab, "Écrire", starts, starts + timedelta(hours=2))
    image = makers.make_image(f"{hash(word) & 0xFFFF:064x}")
    brought = bringing.bring(writer, plain, f"{word}.md", BytesIO(b"Un texte."))
    session().add(BroughtPicture(file_id=brought.id, key="p1", content=b"RIFF", width=1, height=1))
    session().add(ImageUse(image_id=image, draft_id=plain.id, person_id=writer.id, at=clock.now()))
    call = calls.prepare(
        leader, title=f"Un appel {word}", question="Que faut-il dire ?", choices=["Ceci", "Cela"],
        opens_at=clock.now(), closes_at=clock.now() + timedelta(days=9), lab=lab,
    )  # fmt: skip
    calls.put_out(leader, call)
    calls.answer(
        f"marque-{word}",
        call_queries.call_called(call.slug),
        f"{1 if word == 'nord' else 2:032x}",
        Channel.MAIL,
        None,
        "Ceci.",
    )
    answer = session().scalars(sa.select(CallAnswer.id).order_by(CallAnswer.id.desc())).first()
    test = reading_tests.begin(leader, lab, revision.id, clock.now() + timedelta(days=7))
    card = queries.article_at(slug)
    comment = comments.file_comment(f"{3 if word == 'nord' else 4:032x}", card, "Léa", "Très clair.")
    counter = Counter(administration_id=place.id, name="Accueil")
    service = OnlineService(
        slug=f"service-{word}", title=f"Un service {word}", kind=ServiceKind.FORM, url="https://x.example"
    )
    space = ConnectedSpace(slug=f"espace-{word}", name=f"Un espace {word}", commune="Koné")
    identity = ExternalIdentity(
        issuer="https://id.example",
        subject=word,
        person_id=writer.id,
        linked_at=clock.now(),
        used_at=clock.now(),
    )
    session().add_all([counter, service, space, identity])
    makers.sign_in(writer.id)
    sign_in = session().scalars(sa.select(SignIn.id).where(SignIn.person_id == writer.id)).first()
    personal.make(writer, "Un programme", ["read:me"], 30, proved=True)
    token = session().scalars(sa.select(PersonalToken.id).where(PersonalToken.person_id == writer.id)).one()
    role = session().scalars(sa.select(Role.id).where(Role.person_id == second.id)).one()
    session().flush()
    job = session().scalars(sa.select(DueRow.id).order_by(DueRow.id.desc())).first()
    things: dict[str, dict[str, object]] = {
        "": {"draft_id": plain.id, "lab_id": lab.id, "wish_id": wish.id, "image": image},
        "/labs": {
            "slug": lab.slug, "draft_id": binned.id, "person_id": reader.id, "invitation_id": invitation,
            "link_id": link.id, "request_id": request, "session_id": seance.id, "form": "html", "wish_id": wish.id,
        },
        "/brouillons": {"draft_id": plain.id, "moment": "0", "form": "pdf", "invitation_id": expert.id, "remark_id": remark.public_id},
        "/brouillons/<int:draft_id>/importer": {"draft_id": plain.id, "file_id": brought.id, "key": "p1"},
        # Of these the text that is under review.
        **{f"/brouillons/<int:draft_id>/{part}": {"draft_id": read.id} for part in ("relecture", "publication", "publier", "relire", "retirer")},
        "/brouillons/<int:draft_id>/experts": {"draft_id": read.id, "remark_id": expert_remark.id},
        "/fiches": {"slug": slug, "comment_id": comment.id, "form": "pdf"},
        "/api": {"slug": slug, "draft_id": plain.id},
        "/admin/administrations": {"office_id": place.id, "counter_id": counter.id},
        "/admin/personnes": {"person_id": second.id, "role_id": role},
        "/admin/services": {"service_id": service.id}, "/admin/espaces": {"space_id": space.id},
        "/admin/taches": {"job_id": job}, "/aide": {"chapter": "agents"}, "/aide/images": {"picture": "ecran.webp"},
        "/administrations": {"slug": f"place-{word}"},
        "/connexion": {"name": "inconnu", "token": "inconnu"},
        "/espace/compte": {"name": "inconnu", "identity_id": identity.id, "sign_in_id": sign_in, "token_id": token},
        "/appels": {"slug": call.slug, "number": answer},
        "/espace": {"notice_id": notice},
        "/expertise": {"token": expert_token, "image": image},
        "/invitation": {"token": _last_token(guest_email, "/invitation/")},
        "/lectures": {"token": test.token},
        "/moderation": {"comment_id": comment.id, "wish_id": wish.id},
        "/preuves": {"edition": edition.id},
        "/s": {"code": "inconnu"}, "/themes": {"slug": "logement"}, "/situations": {"slug": "demenager"},
        "/publics": {"slug": "particuliers"}, "/aller": {"service": "inconnu"}, "/demarches": {"slug": f"service-{word}"},
        "/sitemap-": {"number": "1"}, "/espaces-connectes": {"key": "inconnu"},
        "/desabonnement": {"token": "inconnu"}, "/suivi": {"token": "inconnu"},
    }  # fmt: skip
    return Wing(
        place=place.id, lab_id=lab.id, leader=leader, writer=writer, reader=reader, reviewer=reviewer,
        removed=removed, guest=guest, expert=expert.id, things=things,
    )  # fmt: skip


def build(app: Flask, settings: Settings) -> FullHouse:
    app.config["WTF_CSRF_ENABLED"] = False  # else every POST would be refused before its guard is asked
    app.testing = False  # errors become answers, as for real people
    app.config["GUIDES"] = guides(settings.data_dir / "guides")
    with unit_of_work():
        far = makers.make_administration()
        editor = makers.make_agent(far, PortalRole.PORTAL_EDITOR)
        moderator = makers.make_agent(far, PortalRole.MODERATOR)
        administrator = makers.make_agent(far, PortalRole.ADMINISTRATOR)
        wish = makers.make_wish(moderator)
        own, other = _wing(editor, "sud", wish), _wing(editor, "nord", wish)
        alert = alerts.raise_alert("epreuve", "1", "Une alerte.")
        cycle = cycles.make_cycle(administrator, clock.now().date() + timedelta(days=20), ["Écrire"])
        words = synonyms.add(editor, "déchets, ordures")
        term = glossary.write(editor, TermWords("quittance", "Papier qui prouve que vous avez payé."))
        session().flush()
        for wing in (own, other):
            wing.things["/alertes"] = wing.things["/admin/alertes"] = {"alert_id": alert.id}
            wing.things["/cycles"] = {"number": cycle.number}
            wing.things["/recherche"] = {"number": words.id}
            wing.things["/espace/glossaire"] = {"term_id": term.id}
            wing.things["/admin/francais-simple"] = {"code": "long_sentence"}
        suspended = makers.make_agent(far)
        citizen = Person(
            email="usager@usager.invalid", name="Un usager", kind=PersonKind.CITIZEN, created_at=clock.now()
        )
        session().add(citizen)
        session().flush()
        people = {
            "a visitor": ANONYMOUS,
            "an expert": EXPERT,
            "a guest": own.guest,
            "an agent of elsewhere": makers.make_agent(far),
            "a reader": own.reader,
            "a writer": own.writer,
            "the facilitator": own.leader,
            "a removed member": own.removed,
            "a reviewer": own.reviewer,
            "the portal editor": editor,
            "a moderator": moderator,
            "a mediator": makers.make_agent(far, PortalRole.MEDIATOR),
            "communication": makers.make_agent(far, PortalRole.COMMUNICATION),
            "an administrator": administrator,
            "who is suspended": suspended,
            "a citizen": accounts.actor_for_person(citizen.id),
            "an agent who waits": accounts.actor_for_person(makers.make_person(None, "Qui attend").id),
        }
    house = FullHouse(app, settings, own, other, people)
    for actor in people.values():
        house.cookie_of(actor)
    with unit_of_work():
        accounts.suspend(administrator, session().get_one(Person, suspended.id))
    return house


def lab_of(wing: Wing) -> Lab:
    return session().get_one(Lab, wing.lab_id)
