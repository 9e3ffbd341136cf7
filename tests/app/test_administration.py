"""The pages of administrators: who gets in, and what they do with accounts."""

from __future__ import annotations

import threading
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, jobs
from app.accounts import people, second_factor, service
from app.accounts.models import Person, PersonStatus, Role, SignIn
from app.db import Database, reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn
from app.mail import Mail
from app.policy import Actor, PortalRole
from drafts.models import Draft, DraftClient
from tests import makers
from tests.app.administering import HOSTILE, Portal, acts, make_portal, version
from tests.clients import PageClient

PAGES = (
    "", "/personnes", "/personnes/nouvelle", "/administrations", "/administrations/nouvelle", "/services",
    "/services/nouveau", "/espaces", "/espaces/nouveau", "/taches", "/alertes", "/journal", "/reglages",
)  # fmt: skip
FILES = ("/journal.csv", "/journal.jsonl")


@pytest.fixture
def portal(app: Flask) -> Portal:
    return make_portal()


def test_every_page_is_for_administrators_alone(client: PageClient, portal: Portal) -> None:
    client.sign_in(portal.admin)
    for page in PAGES:
        assert "/admin/personnes" in client.get(f"/admin{page}").links()
    client.sign_out()
    for page in (*PAGES, *FILES):
        assert "/connexion?next=" in client.get(f"/admin{page}", 302).location
    with unit_of_work():
        place = session().get_one(Person, portal.agent.id).administration
        others = [
            makers.make_agent(place, role) for role in PortalRole if role not in ("administrator", "reviewer")
        ]
        others.append(makers.make_agent(place, reviewer=True))
    for actor in (portal.agent, *others):
        client.sign_out().sign_in(actor)
        assert "/admin" not in client.get("/espace").links()
        for page in (*PAGES, *FILES, f"/personnes/{portal.agent.id}"):
            client.get(f"/admin{page}", 403)


def test_people_are_found_by_what_one_remembers(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        place = session().get_one(Person, portal.north_agent.id).administration
        person = makers.make_person(place, "Éloïse Naouna")
        makers.make_person(None, HOSTILE)
    client.sign_in(portal.admin)
    shown = f"/admin/personnes/{person.id}"
    for query in ("q=eloise", "q=NAOUNA+élo", f"q={person.email}", f"administration={portal.north}&q=nao"):
        found = client.get(f"/admin/personnes?{query}")
        assert shown in found.links() and f"/admin/personnes/{portal.admin.id}" not in found.links()
    for query in (
        "q=personne+inconnue",
        "role=moderator",
        "etat=suspendus",
        f"q=eloise&administration={portal.south}",
    ):
        assert shown not in client.get(f"/admin/personnes?{query}").links()
    waiting = client.get("/admin/personnes?etat=sans-administration")
    assert "<script>alert" not in waiting.source and "alert(1)" in waiting.main
    assert "1 personne attend une administration" in client.get("/admin").main


def people_in(links: set[str]) -> set[str]:
    return {link for link in links if link.startswith("/admin/personnes/") and link[-1].isdigit()}


def test_a_list_has_pages(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        for _ in range(60):
            makers.make_person()
    client.sign_in(portal.admin)
    first, second, beyond = (set(client.get(f"/admin/personnes?page={n}").links()) for n in (1, 2, 99))
    assert len(people_in(first)) == 50 and len(people_in(second)) == 14
    assert people_in(beyond) == people_in(second)
    client.get("/admin/personnes?page=-1&administration=99999999999999999999&role=x&etat=y&q=%00")


def test_an_account_is_opened_with_a_mail_that_says_where_to_choose_a_password(
    client: PageClient, portal: Portal
) -> None:
    client.sign_in(portal.admin).get("/admin/personnes/nouvelle")
    typed = {"nom": "Rose Wéa", "administration": str(portal.north)}
    refused = client.send("/admin/personnes/nouvelle", 422, courriel="pas une adresse", **typed)
    assert "Rose Wéa" in refused.source and "adresse électronique entière" in refused.main
    client.send("/admin/personnes/nouvelle", courriel=" Rose@Nord.example ")
    page = client.follow()
    assert page.heading == "Rose Wéa" and "rose@nord.example" in page.source
    with reading():
        letter = session().query(Mail).filter_by(recipient="rose@nord.example").one()
        assert "/connexion/oubli" in letter.body
        person = session().query(Person).filter_by(email="rose@nord.example").one()
        assert person.password_hash is None and person.administration_id == portal.north
    assert ("invite_person", {"administration": portal.north}) in acts("person", person.id)
    client.get("/admin/personnes/nouvelle")
    again = client.send("/admin/personnes/nouvelle", 422, courriel="rose@nord.example", **typed)
    assert "a déjà un compte" in again.main


def test_a_role_is_given_and_taken_away(client: PageClient, portal: Portal) -> None:
    address = f"/admin/personnes/{portal.agent.id}"
    client.sign_in(portal.admin).get(address)
    refused = client.send(f"{address}/roles", 422, role="reviewer")
    assert "choisissez-la" in refused.main
    refused = client.send(f"{address}/roles", 422, role="moderator", pour=str(portal.north))
    assert "vaut pour tout le portail" in refused.main
    client.send(f"{address}/roles", role="reviewer", pour=str(portal.north))
    assert "Référent d’une administration – Province Nord" in client.follow().main
    with unit_of_work():
        sign_in = service.sign_in(portal.agent.id)
        (role,) = session().scalars(sa.select(Role.id).filter_by(person_id=portal.agent.id))
        assert sign_in.actor.reviewer_of == {portal.north}
    client.get(address)
    client.send(f"{address}/roles/{role}/retirer")
    with reading():
        # Who loses a role is out at once: whoever knows them as what they were hears of it.
        assert service.actor_for_token(sign_in.token).is_anonymous
        assert not service.actor_for_person(portal.agent.id).reviewer_of
    said = [act for act in acts("person", portal.agent.id) if act[0] in ("appoint", "dismiss")]
    assert said == [
        ("appoint", {"administration": portal.north, "role": "reviewer"}),
        ("dismiss", {"administration": portal.north, "role": "reviewer"}),
    ]


def test_a_role_is_held_once(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        people.appoint(portal.admin, portal.agent.id, 1, "moderator", None)
    with pytest.raises(Invalid), unit_of_work():
        people.appoint(portal.admin, portal.agent.id, version(portal.agent.id), "moderator", None)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().add(Role(person_id=portal.agent.id, role=PortalRole.MODERATOR))


def test_suspension_and_its_end(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        opened = service.sign_in(portal.agent.id)
    address = f"/admin/personnes/{portal.agent.id}"
    client.sign_in(portal.admin).get(address)
    assert "Dites pourquoi" in client.send(f"{address}/suspendre", 422).main
    client.send(f"{address}/suspendre", raison=f"Départ {HOSTILE}")
    page = client.follow()
    assert "suspendu" in page.main and "Départ" in page.main and "<script>alert" not in page.source
    with reading():
        assert service.actor_for_token(opened.token).is_anonymous
    client.send(f"{address}/reactiver", raison="De retour")
    assert "suspendu" not in client.follow().main.replace("Comptes suspendus", "")
    assert [act for act, _detail in acts("person", portal.agent.id)][-2:] == ["suspend", "reactivate"]
    # The log holds no words of people.
    with reading():
        assert "Départ" not in str(session().execute(sa.text("SELECT detail FROM audit_entry")).all())


def test_a_lost_second_factor_is_taken_away(client: PageClient, portal: Portal) -> None:
    address = f"/admin/personnes/{portal.agent.id}"
    retire = f"{address}/second-facteur/retirer"
    assert not client.sign_in(portal.admin).get(address).offers(retire)
    with unit_of_work():
        second_factor.begin(portal.agent)
    with reading():
        secret = second_factor.standing(portal.agent.id).secret or ""
    with unit_of_work():
        second_factor.confirm(portal.agent, pyotp.TOTP(secret).at(clock.now()))
        opened = service.sign_in(portal.agent.id, second_factor=True)
    client.get(address)
    client.send(retire)
    page = client.follow()
    assert "retirée" in page.main and not page.offers(retire)
    with reading():
        assert not second_factor.is_on(portal.agent.id)
        assert service.actor_for_token(opened.token).is_anonymous
        assert (
            session().scalars(sa.select(Mail.subject).order_by(Mail.id.desc())).first()
            == "Double vérification retirée"
        )
    assert [act for act, _detail in acts("person", portal.agent.id)][-1] == "forget_second_factor"
    # Once it is gone there is nothing to take away.
    client.post(retire, {**page.forms[1].values, "version": str(version(portal.agent.id))}, 422)


def test_all_sessions_of_a_person_are_ended(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        opened = [service.sign_in(portal.agent.id) for _ in range(2)]
    client.sign_in(portal.admin).get(f"/admin/personnes/{portal.agent.id}")
    client.send(f"/admin/personnes/{portal.agent.id}/sessions/fermer")
    with reading():
        assert all(service.actor_for_token(one.token).is_anonymous for one in opened)
        assert not session().scalar(
            sa.select(sa.func.count(SignIn.id)).filter_by(person_id=portal.agent.id, revoked_at=None)
        )


def test_who_changes_administration_speaks_no_longer_for_the_former(
    client: PageClient, portal: Portal
) -> None:
    with unit_of_work():
        for place in (portal.south, portal.north):
            people.appoint(
                portal.admin,
                portal.agent.id,
                version(portal.agent.id) if place == portal.south else 2,
                "reviewer",
                place,
            )
        opened = service.sign_in(portal.agent.id)
    address = f"/admin/personnes/{portal.agent.id}"
    client.sign_in(portal.admin).get(address)
    client.send(address, nom="Un autre nom", courriel="autre@nord.example", administration=str(portal.north))
    with reading():
        assert service.actor_for_token(opened.token).is_anonymous
        now = service.actor_for_person(portal.agent.id)
        told = set(session().scalars(sa.select(Mail.recipient)))
    assert (now.name, now.administration_id, now.reviewer_of) == (
        "Un autre nom",
        portal.north,
        {portal.north},
    )
    assert {portal.agent.email, "autre@nord.example"} <= told
    assert acts("person", portal.agent.id)[-1] == (
        "correct_person",
        {"fields": ["name", "email", "administration"]},
    )


def test_an_address_has_one_account(client: PageClient, portal: Portal) -> None:
    address = f"/admin/personnes/{portal.agent.id}"
    client.sign_in(portal.admin).get(address)
    page = client.send(address, 422, courriel=portal.other.email)
    assert "a déjà un compte" in page.main and portal.other.email in page.source


def test_nobody_changes_their_own_rights(client: PageClient, portal: Portal) -> None:
    address = f"/admin/personnes/{portal.admin.id}"
    page = client.sign_in(portal.admin).get(address)
    with reading():
        (role,) = session().scalars(sa.select(Role.id).filter_by(person_id=portal.admin.id))
    for action in ("/roles", f"/roles/{role}/retirer", "/suspendre"):
        assert not page.offers(address + action)
    seen = version(portal.admin.id)
    for attempt in (
        lambda: people.appoint(portal.admin, portal.admin.id, seen, "portal_editor", None),
        lambda: people.dismiss(portal.admin, portal.admin.id, seen, role),
        lambda: people.suspend_person(portal.admin, portal.admin.id, seen, "Pour voir"),
        lambda: people.correct_person(
            portal.admin,
            portal.admin.id,
            seen,
            name="A",
            email=portal.admin.email,
            administration_id=portal.north,
        ),
    ):
        with pytest.raises(Invalid), unit_of_work():
            attempt()
    client.send(address, nom="Un nom corrigé")
    assert client.follow().heading == "Un nom corrigé"


def test_somebody_always_administers_the_portal(portal: Portal) -> None:
    with unit_of_work():
        people.suspend_person(portal.admin, portal.other.id, 1, "En congé")
    with reading():
        (role,) = session().scalars(sa.select(Role.id).filter_by(person_id=portal.admin.id))
    seen = version(portal.admin.id)
    for attempt in (
        lambda: people.suspend_person(portal.other, portal.admin.id, seen, "À mon tour"),
        lambda: people.dismiss(portal.other, portal.admin.id, seen, role),
        lambda: service.suspend(portal.other, session().get_one(Person, portal.admin.id)),
    ):
        with pytest.raises(Invalid, match="dernier administrateur"), unit_of_work():
            attempt()
    # The database says no as well.
    for statement in (
        f"UPDATE person SET status = 'suspended' WHERE id = {portal.admin.id}",
        f"DELETE FROM role WHERE id = {role}",
    ):
        with pytest.raises(sa.exc.IntegrityError), unit_of_work():
            session().execute(sa.text(statement))
    with unit_of_work():
        people.reactivate_person(portal.admin, portal.other.id, version(portal.other.id), "Revenu")
    with unit_of_work():
        people.dismiss(portal.other, portal.admin.id, seen, role)
    with reading():
        assert not service.actor_for_person(portal.admin.id).roles


def test_two_administrators_cannot_suspend_one_another(portal: Portal, db: Database) -> None:
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def suspend(actor: Actor, whom: Actor) -> None:
        gate.wait()
        try:
            with unit_of_work():
                people.suspend_person(actor, whom.id, 1, "Un désaccord")
            outcomes.append("done")
        except DomainError as error:
            outcomes.append(error.code)

    threads = [
        threading.Thread(target=suspend, args=pair)
        for pair in ((portal.admin, portal.other), (portal.other, portal.admin))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "invalid"]
    with reading():
        left = session().scalar(
            sa.select(sa.func.count(Person.id)).where(
                Person.id.in_([portal.admin.id, portal.other.id]), Person.status == PersonStatus.ACTIVE
            )
        )
    assert left == 1


def test_a_later_form_is_told_and_loses_nothing(client: PageClient, portal: Portal) -> None:
    address = f"/admin/personnes/{portal.agent.id}"
    client.sign_in(portal.admin).get(address)
    with unit_of_work():
        people.correct_person(
            portal.other,
            portal.agent.id,
            1,
            name="Nom d’Ana",
            email=portal.agent.email,
            administration_id=portal.south,
        )
    page = client.send(address, 409, nom="Nom de Ben")
    assert "entre-temps" in page.main and "Nom d’Ana" in page.main and 'value="Nom de Ben"' in page.source
    client.send(address)
    assert client.follow().heading == "Nom de Ben"
    with pytest.raises(MovedOn), unit_of_work():
        people.suspend_person(portal.admin, portal.agent.id, 1, "Trop tard")


def test_a_role_reaches_the_tables_where_somebody_sits(portal: Portal) -> None:
    """Whoever sits at a table is judged again there once they were given a role."""
    with unit_of_work():
        place = session().get_one(Person, portal.agent.id).administration
        assert place is not None
        lab = makers.make_lab(portal.agent, place)
        draft, elsewhere = (makers.make_draft(portal.agent, lab, place) for _ in range(2))
        session().add(
            DraftClient(
                draft_id=draft.id,
                client_id=77,
                person_id=portal.agent.id,
                seat="s",
                seated_until=clock.now() + timedelta(minutes=1),
            )
        )
        before = {one.id: one.access_epoch for one in (draft, elsewhere)}
    with unit_of_work():
        people.appoint(portal.admin, portal.agent.id, 1, "portal_editor", None)
    jobs.deliver_outbox()
    with reading():
        after = {number: session().get_one(Draft, number).access_epoch for number in before}
    assert after == {draft.id: before[draft.id] + 1, elsewhere.id: before[elsewhere.id]}


def test_numbers_that_no_database_holds_are_nowhere(client: PageClient, portal: Portal) -> None:
    client.sign_in(portal.admin)
    for path in ("personnes", "administrations", "services", "espaces"):
        for number in (987654321, 2**63, 10**30):
            client.get(f"/admin/{path}/{number}", 404)


def test_settings_show_no_secret(client: PageClient, portal: Portal, app: Flask) -> None:
    page = client.sign_in(portal.admin).get("/admin/reglages")
    settings = app.config["SETTINGS"]
    assert settings.secret_key not in page.source and settings.database_url not in page.source
    assert "SECRET_KEY défini" in page.main and "METRICS_TOKEN absent" in page.main
    assert "PUBLIC_URL" in page.main and settings.public_url in page.main
