"""Asking to join a lab, being invited, leaving: both sides of each question, over HTTP and by the verbs."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts import erasing
from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, RateLimited, Refused
from app.policy import Act
from app.waiting import waiting_for
from labs import bounds, joining
from labs.joining_models import LabInvitation, LabRequest, Outcome
from labs.models import Membership
from labs.queries import lab_called
from labs.roles import Right
from labs.service import add_member, change_right, describe, remove_member
from tests.clients import PageClient
from tests.labs.people_world import Workshop, mails_to, refused_by_database

WHY = "Je m’occupe du changement d’adresse à la CAFAT."


def waits(workshop: Workshop, name: str) -> list[tuple[str, str]]:
    with reading():
        return [(item.what, item.href) for item in waiting_for(workshop[name])]


def asked(workshop: Workshop, name: str = "northerner") -> int:
    with unit_of_work():
        return joining.ask(workshop[name], workshop.lab, WHY).id


# Asking


def test_a_walk_from_the_list_to_a_place(client: PageClient, workshop: Workshop) -> None:
    who = workshop["northerner"]
    assert f"{workshop.page}#demander" in client.sign_in(who).get("/labs").links()
    client.get(workshop.page)
    refused = client.send(f"{workshop.page}/demande", 422, phrase="  ")
    assert "#phrase" in refused.links()
    client.send(f"{workshop.page}/demande", phrase=WHY)
    page = client.follow()
    assert "Votre demande attend une réponse" in page.main and not page.offers(f"{workshop.page}/demande")
    assert "Votre demande attend une réponse" in client.get("/labs").main

    # Who facilitates hears of it by mail, in their list and on the lab's page.
    doors = f"{workshop.page}/portes"
    assert doors in mails_to(workshop["facilitator"].email)[-1]
    assert ("Répondre à une demande d’entrée", f"{doors}#demandes") in waits(workshop, "facilitator")
    assert waits(workshop, "writer") == []
    client.sign_out().sign_in(workshop["facilitator"])
    assert "1 personne demande à entrer" in client.get(workshop.page).main
    page = client.get(doors)
    assert WHY in page.main
    with reading():
        (number,) = session().scalars(sa.select(LabRequest.id))
    client.send(f"{doors.removesuffix('/portes')}/demandes/{number}/accepter", droit="suggest")
    assert f"{who.name} fait maintenant partie du lab" in client.follow().main
    assert workshop.place(who.id) == (Right.SUGGEST, False)
    assert "vous accueille" in mails_to(who.email)[-1]
    assert ("Votre demande est acceptée", workshop.page) in waits(workshop, "northerner")
    assert "ask_to_join" in workshop.audited() and "request_accepted" in workshop.audited()


def test_a_request_is_declined_with_a_reason_that_is_told(client: PageClient, workshop: Workshop) -> None:
    number = asked(workshop)
    client.sign_in(workshop["facilitator"]).get(f"{workshop.page}/portes")
    path = f"{workshop.page}/demandes/{number}/refuser"
    refused = client.send(path, 422, raison="")
    assert f"#raison-{number}" in refused.links() and "Dites pourquoi" in refused.main
    client.send(path, raison="Le lab est complet jusqu’en mars.")
    client.follow()
    assert "complet jusqu’en mars" in mails_to(workshop["northerner"].email)[-1]
    page = client.sign_out().sign_in(workshop["northerner"]).get(workshop.page)
    assert "complet jusqu’en mars" in page.main and page.offers(f"{workshop.page}/demande")
    assert workshop.place(workshop["northerner"].id) is None


def test_a_request_is_taken_back_by_who_asked(client: PageClient, workshop: Workshop) -> None:
    number = asked(workshop)
    client.sign_in(workshop["northerner"]).get(workshop.page)
    client.send(f"{workshop.page}/demande/retirer")
    assert client.follow().offers(f"{workshop.page}/demande")
    with unit_of_work(), pytest.raises(MovedOn):
        joining.accept(workshop["facilitator"], workshop.lab, number, Right.READ)
    with unit_of_work(), pytest.raises(MovedOn):
        joining.take_back(workshop["northerner"], workshop.lab)


@pytest.mark.parametrize("who", ["writer", "reader", "outsider", "administrator", "northerner"])
def test_only_a_facilitator_answers(workshop: Workshop, who: str) -> None:
    number = asked(workshop)
    with unit_of_work(), pytest.raises((Refused, Missing)):
        joining.accept(workshop[who], workshop.lab, number, Right.WRITE)
    with unit_of_work(), pytest.raises((Refused, Missing)):
        joining.decline(workshop[who], workshop.lab, number, "Non.")
    with unit_of_work(), pytest.raises(Missing):
        # An id proves nothing: it is of another lab.
        joining.accept(workshop["chief"], workshop.other, number, Right.WRITE)
    with unit_of_work():
        joining.accept(workshop["facilitator"], workshop.lab, number, Right.WRITE)


def test_a_request_is_answered_once(workshop: Workshop) -> None:
    number = asked(workshop)
    with unit_of_work():
        joining.decline(workshop["facilitator"], workshop.lab, number, "Non.")
    with unit_of_work(), pytest.raises(MovedOn):
        joining.accept(workshop["facilitator"], workshop.lab, number, Right.WRITE)
    assert workshop.place(workshop["northerner"].id) is None


def test_requests_are_bounded(workshop: Workshop) -> None:
    who = workshop["northerner"]
    for _time in range(joining.MOST_TO_ONE_LAB):
        number = asked(workshop)
        with unit_of_work(), pytest.raises(Invalid):
            joining.ask(who, workshop.lab, WHY)
        with unit_of_work():
            joining.decline(workshop["facilitator"], workshop.lab, number, "Pas encore.")
    with unit_of_work(), pytest.raises(RateLimited):
        joining.ask(who, workshop.lab, WHY)
    with clock.shifted(joining.WITHIN + timedelta(days=1)):
        asked(workshop)
    with unit_of_work(), pytest.raises(Invalid):
        joining.ask(workshop["outsider"], workshop.lab, "x" * 501)


def test_a_lab_that_is_closed_to_requests_is_not_found(client: PageClient, workshop: Workshop) -> None:
    with unit_of_work():
        describe(
            workshop["facilitator"],
            workshop.lab,
            purpose="Pour nous.",
            themes=["logement", "inconnu"],
            open_to_requests=False,
        )
        assert workshop.lab.themes == ["logement"]
    client.sign_in(workshop["northerner"]).get(workshop.page, 404)
    assert workshop.page not in client.get("/labs").links()
    with unit_of_work(), pytest.raises(Missing):
        joining.ask(workshop["northerner"], workshop.lab, WHY)
    client.get(f"/labs/{workshop.permanent}", 200)
    client.sign_out().sign_in(workshop["outsider"]).get(f"/labs/{workshop.permanent}", 404)


# Being invited


def test_a_walk_from_the_search_to_an_invitation_that_is_taken(
    client: PageClient, workshop: Workshop
) -> None:
    who = workshop["northerner"]
    client.sign_in(workshop["facilitator"]).get(f"{workshop.page}/inviter")
    page = client.get(f"{workshop.page}/inviter?q={who.name.upper()}")
    assert who.email in page.main
    action = next(form.action for form in page.forms if form.action.startswith(f"{workshop.page}/membres"))
    refused = client.send(action, 422, droit="write")
    assert "Cochez au moins une personne." in refused.main
    client.send(action, 422, personnes=[str(who.id)], droit="everything")
    client.send(action, personnes=[str(who.id)], droit="write")
    assert f"1 personne est invitée : {who.name}." in client.follow().main.replace("\u00a0", " ")
    # Nothing is open before it was accepted.
    assert workshop.place(who.id) is None and Act.LAB_READ not in workshop.acts("northerner")
    assert ("Accepter l’invitation dans un lab, ou la refuser", f"{workshop.page}#invitation") in waits(
        workshop, "northerner"
    )
    assert f"{workshop.page}#invitation" in mails_to(who.email)[-1]
    page = client.sign_out().sign_in(who).get(workshop.page)
    assert "Vous êtes invité dans ce lab" in page.main and not page.offers(f"{workshop.page}/demande")
    form = page.form(f"{workshop.page}/invitation")
    client.post(f"{workshop.page}/invitation", {**form.values, "reponse": "oui"})
    assert "Personnes et droits" in client.follow().main
    assert workshop.place(who.id) == (Right.WRITE, False)
    assert any("accepte votre invitation" in what for what, _href in waits(workshop, "facilitator"))
    client.post(f"{workshop.page}/invitation", {**form.values, "reponse": "oui"}, 409)


def test_all_agents_of_an_administration_are_there_to_be_ticked(
    client: PageClient, workshop: Workshop
) -> None:
    client.sign_in(workshop["facilitator"])
    page = client.get(f"{workshop.page}/inviter?administration={workshop.south}")
    shown = page.main
    for name in ("outsider", "administrator", "chief"):
        assert workshop[name].email in shown
    assert "fait déjà partie du lab" in shown and workshop["northerner"].name not in shown
    action = next(form.action for form in page.forms if form.action.startswith(f"{workshop.page}/membres"))
    chosen = [workshop["outsider"].id, workshop["chief"].id, workshop["writer"].id]
    client.send(action, personnes=[str(one) for one in chosen], droit="remark")
    said = client.follow().main
    assert (
        "2 personnes sont invitées" in said and f"{workshop['writer'].name} fait déjà partie du lab" in said
    )
    with reading():
        open_ones = session().scalars(sa.select(LabInvitation.person_id)).all()
    assert set(open_ones) == {workshop["outsider"].id, workshop["chief"].id}


def test_an_invitation_shows_even_a_lab_of_an_administration(client: PageClient, workshop: Workshop) -> None:
    """A permanent lab stays out of sight until it invites someone."""
    path = f"/labs/{workshop.permanent}"
    client.sign_in(workshop["outsider"]).get(path, 404)
    with unit_of_work():
        lab = lab_called(workshop.permanent)
        session().execute(
            sa.update(Membership)
            .where(Membership.lab_id == lab.id, Membership.person_id == workshop["northerner"].id)
            .values(is_facilitator=True)
        )
        joining.invite(workshop["northerner"], lab, [workshop["outsider"].id], Right.READ)
    page = client.get(path)
    form = page.form(f"{path}/invitation")
    client.post(f"{path}/invitation", {**form.values, "reponse": "non"})
    client.get(path, 404)


def test_an_invitation_ends_by_itself_or_by_who_sent_it(client: PageClient, workshop: Workshop) -> None:
    who = workshop["outsider"]
    with unit_of_work():
        joining.invite(workshop["facilitator"], workshop.lab, [who.id], Right.WRITE)
    with clock.shifted(joining.INVITATION_LASTS + timedelta(minutes=1)):
        assert Act.LAB_ANSWER not in workshop.acts("outsider")
        with unit_of_work(), pytest.raises(MovedOn):
            joining.take_place(who, workshop.lab)
        with unit_of_work():
            joining.invite(workshop["facilitator"], workshop.lab, [who.id], Right.READ)
    with reading():
        first, second = session().scalars(sa.select(LabInvitation).order_by(LabInvitation.id))
        assert first.outcome is Outcome.EXPIRED and second.outcome is None
    client.sign_in(workshop["facilitator"]).get(f"{workshop.page}/portes")
    client.send(f"{workshop.page}/portes/invitations/{second.id}/retirer")
    client.follow()
    with unit_of_work(), pytest.raises(MovedOn):
        joining.take_place(who, workshop.lab)
    with unit_of_work(), pytest.raises(MovedOn):
        joining.withdraw(workshop["facilitator"], workshop.lab, second.id)
    with unit_of_work(), pytest.raises(Missing):
        joining.withdraw(workshop["chief"], workshop.other, second.id)


def test_nobody_is_invited_twice_nor_past_their_own_question(workshop: Workshop) -> None:
    asked(workshop)
    people = [workshop[name].id for name in ("northerner", "writer", "outsider")]
    with unit_of_work():
        done = joining.invite(workshop["facilitator"], workshop.lab, people, Right.READ)
    assert done.names == (workshop["outsider"].name,) and len(done.passed) == 2
    with unit_of_work():
        again = joining.invite(workshop["facilitator"], workshop.lab, [people[2]], Right.READ)
    assert not again.names
    with unit_of_work(), pytest.raises(Invalid):
        joining.ask(workshop["outsider"], workshop.lab, WHY)
    with unit_of_work(), pytest.raises(Refused):
        joining.invite(workshop["writer"], workshop.lab, [workshop["chief"].id], Right.READ)


def test_invitations_of_a_day_are_bounded(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_INVITED_A_DAY", 1)
    with unit_of_work():
        joining.invite(workshop["facilitator"], workshop.lab, [workshop["outsider"].id], Right.READ)
    with pytest.raises(RateLimited), unit_of_work():
        joining.invite(workshop["facilitator"], workshop.lab, [workshop["chief"].id], Right.READ)
    with clock.shifted(timedelta(days=2)), unit_of_work():
        joining.invite(workshop["facilitator"], workshop.lab, [workshop["chief"].id], Right.READ)


# Leaving and leading


def test_a_lab_keeps_a_facilitator_whoever_leaves(client: PageClient, workshop: Workshop) -> None:
    client.sign_in(workshop["facilitator"]).get(workshop.page)
    refused = client.send(f"{workshop.page}/quitter", 422)
    assert "nommez-en un autre" in refused.main and workshop.place(workshop["facilitator"].id) is not None
    with unit_of_work():
        writer = session().get_one(Person, workshop["writer"].id)
        change_right(workshop["facilitator"], workshop.lab, writer, Right.WRITE, facilitator=True)
    client.get(workshop.page)
    client.send(f"{workshop.page}/quitter")
    assert "Vous ne faites plus partie du lab" in client.follow().main
    assert workshop.place(workshop["facilitator"].id) is None
    client.sign_out().sign_in(workshop["writer"]).get(workshop.page)
    client.send(f"{workshop.page}/quitter", 422)
    with unit_of_work(), pytest.raises(Invalid):
        remove_member(workshop["writer"], workshop.lab, session().get_one(Person, workshop["writer"].id))


def test_who_is_suspended_does_not_keep_a_lab(workshop: Workshop) -> None:
    with unit_of_work():
        writer = session().get_one(Person, workshop["writer"].id)
        change_right(workshop["facilitator"], workshop.lab, writer, Right.WRITE, facilitator=True)
        accounts.suspend(workshop["administrator"], writer)
    with unit_of_work(), pytest.raises(Invalid):
        joining.leave(workshop["facilitator"], workshop.lab)


def test_any_member_leaves_and_may_come_back(client: PageClient, workshop: Workshop) -> None:
    client.sign_in(workshop["reader"]).get(workshop.page)
    client.send(f"{workshop.page}/quitter")
    assert workshop.place(workshop["reader"].id) is None and "leave" in workshop.audited()
    assert client.get(workshop.page).offers(f"{workshop.page}/demande")
    with unit_of_work():
        reader = session().get_one(Person, workshop["reader"].id)
        add_member(workshop["facilitator"], workshop.lab, reader, Right.WRITE)
    assert workshop.place(workshop["reader"].id) == (Right.WRITE, False)


def test_who_is_erased_leaves_no_question_behind(workshop: Workshop) -> None:
    asked(workshop)
    with unit_of_work():
        joining.invite(workshop["facilitator"], workshop.lab, [workshop["outsider"].id], Right.READ)
        for name in ("northerner", "outsider"):
            erasing.erase(None, workshop[name].id)
    with reading():
        assert not session().scalars(sa.select(LabRequest)).all()
        assert not session().scalars(sa.select(LabInvitation)).all()


def test_the_database_refuses_what_the_verbs_refuse(workshop: Workshop) -> None:
    number, now = asked(workshop), clock.now()
    row = {
        "lab_id": workshop.lab_id,
        "person_id": workshop["northerner"].id,
        "sentence": WHY,
        "asked_at": now,
        "reason": "",
    }
    one = sa.update(LabRequest).where(LabRequest.id == number)
    answered = {"outcome": "accepted", "answered_at": now, "answered_by": workshop["facilitator"].id}
    for statement in (
        sa.insert(LabRequest).values(row),
        sa.insert(LabRequest).values({**row, **answered, "sentence": ""}),
        sa.insert(LabRequest).values({**row, **answered, "sentence": "x" * 501}),
        one.values(outcome="accepted"),
        one.values({**answered, "outcome": "declined"}),
        one.values({**answered, "outcome": sa.literal_column("'forgotten'")}),
    ):
        refused_by_database(statement)
    offer = {
        "lab_id": workshop.lab_id,
        "person_id": workshop["outsider"].id,
        "right_held": "read",
        "is_facilitator": False,
        "invited_by": workshop["facilitator"].id,
        "invited_at": now,
        "expires_at": now + timedelta(days=1),
    }
    table = LabInvitation.__table__
    with unit_of_work() as current:
        current.execute(sa.insert(table).values(offer))
    for change in (
        {},
        {"outcome": "accepted"},
        {"person_id": workshop["chief"].id, "right_held": sa.literal_column("'sign'")},
        {"person_id": workshop["chief"].id, "expires_at": now},
    ):
        refused_by_database(sa.insert(table).values({**offer, **change}))


def test_the_second_of_two_at_one_moment_hears_that_the_page_has_moved_on(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What both looked for before they wrote was not there yet; the database takes one."""
    asked(workshop)
    with unit_of_work() as current, pytest.raises(MovedOn):
        monkeypatch.setattr(current, "scalar", lambda *_args, **_more: 0)
        joining.ask(workshop["northerner"], workshop.lab, WHY)
    with reading():
        assert len(session().scalars(sa.select(LabRequest)).all()) == 1
