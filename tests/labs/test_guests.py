"""Guests: a link to one lab, a code to the address, an end; what they see there, and that they never sign."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock, mail
from app.accounts import erasing
from app.accounts import service as accounts
from app.accounts.models import Person, PersonKind, Role, SignIn
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Invalid, Missing, MovedOn, RateLimited, Refused
from app.jobs import sweep
from app.mail import Mail
from app.policy import PORTAL, Act, Actor, PortalRole, acts_for
from drafts import remarks, review
from drafts.models import Draft
from drafts.review_models import RevisionPart, SignOff
from drafts.service import replace_text
from labs import guests, joining
from labs.guest_models import GuestLink
from labs.models import Membership
from labs.policy import confined_to, rights_in
from labs.roles import Right, up_to
from labs.service import change_right, remove_member
from publish import service as publication
from realtime import fanout, pulse
from realtime.protocol import Code
from realtime.rooms import table_of, tables
from realtime.seats import Connection, Seat
from tests import makers
from tests.clients import PageClient
from tests.labs.people_world import (
    GUEST,
    Link,
    Workshop,
    code_in,
    entered,
    invited,
    mails_to,
    refused_by_database,
)


def seated(workshop: Workshop, link: Link) -> Actor:
    """The guest as a request sees them, from a sign-in that the link gave."""
    with reading():
        found = (
            session()
            .scalars(
                sa.select(SignIn.id).where(SignIn.person_id == link.person_id).order_by(SignIn.id.desc())
            )
            .first()
        )
        assert found is not None
        actor = accounts.actor_of(found)
    assert actor is not None
    return actor


def is_out(workshop: Workshop, link: Link) -> bool:
    """Nothing opens: no sign-in is good, no place is held, no right is left."""
    with reading():
        good = [
            row
            for row in session().scalars(sa.select(SignIn.id).where(SignIn.person_id == link.person_id))
            if accounts.actor_of(row) is not None
        ]
        held = rights_in(accounts.actor_for_person(link.person_id), workshop.lab_id)
    return not good and not held


# The walk


def test_a_walk_from_the_invitation_to_a_remark(client: PageClient, workshop: Workshop) -> None:
    invite = f"{workshop.page}/inviter/lien"
    client.sign_in(workshop["facilitator"]).get(invite)
    refused = client.send(invite, 422, nom="Lui", courriel="sans arobase", droit="remark", jours="10")
    assert "#courriel" in refused.links() and refused.form(invite).values["nom"] == "Lui"
    client.send(invite, 422, nom="Lui", courriel=GUEST, jours="91")
    client.send(invite, 422, nom="Lui", courriel=workshop["writer"].email, jours="10")
    client.send(invite, nom="Camille Wéa", courriel=GUEST, droit="remark", jours="30")
    assert "Lien d’invité, pas encore ouvert" in client.follow().main
    body = mails_to(GUEST)[-1]
    path = "/invitation/" + body.split("/invitation/")[1].split()[0]

    client.sign_out()
    shown = client.get(path)
    assert "Déménager" not in shown.source and "Camille" not in shown.source
    client.send(f"{path}/code")
    client.follow()
    code = code_in(mails_to(GUEST)[-1])
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert "Ce code n’est pas le bon" in client.send(f"{path}/confirmer", 422, code=wrong).main
    client.send(f"{path}/confirmer", code=f"{code[:3]} {code[3:]}")
    page = client.follow()
    assert page.heading == "Déménager sans se perdre" and "Camille Wéa" in page.text
    draft = f"/brouillons/{workshop.draft_id}"
    assert draft in page.links() and f"{workshop.page}/portes" not in page.links()
    client.get(draft)
    client.get(f"{draft}/remarques")
    client.send(f"{draft}/remarques", texte="Et pour les îles\u00a0?")
    assert "Camille Wéa" in client.follow().main
    # The link is the way back in this browser, and asks for the code again in every other.
    assert client.get(path, 303).location.endswith(workshop.page)
    assert "Recevoir le code" in client.sign_out().get(path).main
    assert {"invite_guest", "confirm_guest"} <= set(workshop.audited())


def test_a_guest_sees_their_lab_and_nothing_else(client: PageClient, workshop: Workshop) -> None:
    with unit_of_work():
        foreign = makers.make_draft(workshop["chief"], workshop.other, workshop.other.administration).id
    link = invited(workshop, Right.WRITE)
    entered(client, link)
    page = client.get("/labs")
    assert (
        workshop.page in page.links() and len([one for one in page.links() if one.startswith("/labs/")]) == 1
    )
    for path in ("/espace", "/espace/avis", "/api/v1/me", "/api/v1/labs", "/api/v1/drafts"):
        client.get(path, 403)
    for path in ("/labs/un-autre-lab", f"/brouillons/{foreign}", "/cycles"):
        client.get(path, 404)
    for path in (
        f"{workshop.page}/portes",
        f"{workshop.page}/inviter",
        f"{workshop.page}/presentation",
        f"{workshop.page}/brouillons/nouveau",
        f"{workshop.page}/corbeille",
        f"/brouillons/{workshop.draft_id}/corbeille",
    ):
        client.get(path, 403)
    client.get(f"/brouillons/{workshop.draft_id}")
    client.get(f"/brouillons/{workshop.draft_id}/champs")


@pytest.mark.parametrize("right", [Right.REMARK, Right.SUGGEST, Right.WRITE])
def test_what_each_right_gives_a_guest(client: PageClient, workshop: Workshop, right: Right) -> None:
    link = invited(workshop, right)
    entered(client, link)
    actor = seated(workshop, link)
    assert actor.is_guest and actor.confined_to == confined_to(workshop.lab_id)
    with reading():
        draft = session().get_one(Draft, workshop.draft_id)
        acts = acts_for(actor, draft)
        assert acts_for(actor, workshop.lab) == {Act.LAB_SEE, Act.LAB_READ}
        portal = acts_for(actor, PORTAL)
    assert (Act.DRAFT_SUGGEST in acts) is (right is not Right.REMARK)
    assert (Act.DRAFT_WRITE in acts) is (right is Right.WRITE)
    for act in (Act.DRAFT_SUBMIT, Act.DRAFT_HISTORY, Act.DRAFT_STEER, Act.DRAFT_RETRACT, Act.DRAFT_SIGN):
        assert act not in acts
    assert Act.PORTAL_SIT in portal and Act.PORTAL_WORK not in portal
    with unit_of_work(), pytest.raises(Refused):
        review.submit(actor, session().get_one(Draft, workshop.draft_id), "Non.")


def test_an_invitation_needs_a_facilitator(workshop: Workshop) -> None:
    for who in ("writer", "reader", "outsider", "administrator", "northerner"):
        with unit_of_work(), pytest.raises((Refused, Missing)):
            guests.invite_guest(workshop[who], workshop.lab, "Lui", GUEST, Right.REMARK)
    for right, days in ((Right.READ, 30), (Right.REMARK, 0), (Right.REMARK, 91)):
        with unit_of_work(), pytest.raises(Invalid):
            guests.invite_guest(workshop["facilitator"], workshop.lab, "Lui", GUEST, right, days)
    invited(workshop)
    with unit_of_work(), pytest.raises(Invalid):
        guests.invite_guest(workshop["facilitator"], workshop.lab, "Lui", GUEST, Right.REMARK)


# Ends


@pytest.mark.parametrize("how", ["expired", "closed", "all closed", "removed", "left"])
def test_nothing_opens_once_it_is_over(client: PageClient, workshop: Workshop, how: str) -> None:
    link = invited(workshop, days=5)
    entered(client, link)
    client.get(workshop.page)
    by = workshop["facilitator"]
    before = workshop_epoch(workshop)
    shift = timedelta(0)
    if how == "expired":
        shift = timedelta(days=5, minutes=1)
    elif how == "left":
        client.get(workshop.page)
        client.send(f"{workshop.page}/quitter")
    else:
        with unit_of_work():
            if how == "closed":
                guests.close(by, workshop.lab, link.id)
            elif how == "all closed":
                assert guests.close_all(by, workshop.lab) == 1
            else:
                remove_member(by, workshop.lab, session().get_one(Person, link.person_id))
    with clock.shifted(shift):
        assert is_out(workshop, link)
        client.get(workshop.page, 302)
        client.get(f"/brouillons/{workshop.draft_id}", 302)
        over = client.get(link.path, 410)
        assert "Ce lien n’ouvre plus rien" in over.main and not over.offers(f"{link.path}/code")
        client.post(f"{link.path}/code", {"csrf_token": over_token(client)}, 410)
        with unit_of_work(), pytest.raises(Refused):
            guests.try_code(link.token, "000000", shared_computer=False)
        if how == "expired":
            assert workshop.place(link.person_id) is not None
            sweep()
    assert workshop.place(link.person_id) is None
    # Whoever is seated is asked again: the epoch of the lab has moved on.
    assert workshop_epoch(workshop) > before


def workshop_epoch(workshop: Workshop) -> int:
    with reading():
        return workshop.lab.access_epoch


def over_token(client: PageClient) -> str:
    """The page of a link that is over has no form: the token of the sign-in page is of the same browser."""
    return str(client.get("/connexion").form("/connexion").values["csrf_token"])


def test_the_session_of_a_guest_ends_with_the_link_however_busy_they_are(
    client: PageClient, workshop: Workshop
) -> None:
    link = invited(workshop, days=8)
    entered(client, link)
    actor = seated(workshop, link)
    for days in (3, 6, 7):
        with clock.shifted(timedelta(days=days, hours=23)), unit_of_work():
            accounts.keep_alive([actor.session_id])
    with reading():
        row = session().get_one(SignIn, actor.session_id)
        assert row.expires_at == row.ends_at == link.row.expires_at


def test_a_link_is_renewed_without_losing_the_place(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop, Right.REMARK, days=2)
    entered(client, link)
    with unit_of_work():
        guest = session().get_one(Person, link.person_id)
        change_right(workshop["facilitator"], workshop.lab, guest, Right.SUGGEST)
        with pytest.raises(Invalid):
            change_right(workshop["facilitator"], workshop.lab, guest, Right.READ)
        with pytest.raises(Invalid):
            change_right(workshop["facilitator"], workshop.lab, guest, Right.WRITE, facilitator=True)
    client.sign_out().sign_in(workshop["facilitator"]).get(f"{workshop.page}/portes")
    client.send(f"{workshop.page}/portes/liens/{link.id}/renouveler")
    assert "Un nouveau lien de 30 jours" in client.follow().main
    client.sign_out().get(link.path, 410)
    fresh = Link(0, link.person_id, mails_to(GUEST)[-1].split("/invitation/")[1].split()[0])
    with clock.shifted(timedelta(days=10)):
        entered(client, fresh)
        assert workshop.place(link.person_id) == (Right.SUGGEST, False)
        sweep()
        assert workshop.place(link.person_id) is not None
    with unit_of_work(), pytest.raises(MovedOn):
        guests.renew(workshop["facilitator"], workshop.lab, link.id)


def test_a_link_opens_its_own_lab_even_for_somebody_who_is_in_two(
    client: PageClient, workshop: Workshop
) -> None:
    here = invited(workshop)
    with reading():
        other = workshop.other
    there = invited(workshop, lab=other)
    assert here.person_id == there.person_id
    with clock.shifted(timedelta(minutes=2)):
        entered(client, there)
        client.get("/labs/un-autre-lab")
        client.get(workshop.page, 404)
        entered(client, here)
        client.get(workshop.page)
        client.get("/labs/un-autre-lab", 404)
        assert "/labs/un-autre-lab" not in client.get("/labs").links()
        with unit_of_work(), pytest.raises(Missing):
            guests.close(workshop["facilitator"], workshop.lab, there.id)
        with unit_of_work():
            guests.close(workshop["facilitator"], workshop.lab, here.id)
        client.get(workshop.page, 302)
    with clock.shifted(timedelta(minutes=5)):
        entered(client, there)
        client.get("/labs/un-autre-lab")


# The link in strange hands


def test_a_forwarded_link_asks_for_the_code_of_the_named_address(
    client: PageClient, workshop: Workshop
) -> None:
    link = invited(workshop)
    entered(client, link)
    with clock.shifted(timedelta(minutes=2)):
        stranger = client.sign_out()
        page = stranger.get(link.path)
        assert "Déménager" not in page.source and GUEST not in page.source and "Wéa" not in page.source
        stranger.send(f"{link.path}/code")
        assert len(mails_to(GUEST)) == 3
        for guess in range(6):
            stranger.get(link.path)
            stranger.send(f"{link.path}/confirmer", 422, code=f"{guess:06d}")
        # After five the right one is worth nothing either.
        stranger.send(f"{link.path}/confirmer", 422, code=code_in(mails_to(GUEST)[-1]))
        stranger.get(workshop.page, 302)


def test_codes_are_bounded_and_used_once(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop)
    with unit_of_work():
        guests.send_code(link.token)
    with unit_of_work(), pytest.raises(RateLimited):
        guests.send_code(link.token)
    with clock.shifted(timedelta(minutes=16)), unit_of_work():
        assert guests.try_code(link.token, code_in(mails_to(GUEST)[-1]), shared_computer=False) is None
    for number in range(1, 10):
        with clock.shifted(timedelta(minutes=2 * number)), unit_of_work():
            guests.send_code(link.token)
    with clock.shifted(timedelta(minutes=40)):
        with unit_of_work(), pytest.raises(Refused):
            guests.send_code(link.token)
    code = code_in(mails_to(GUEST)[-1])
    with clock.shifted(timedelta(minutes=20)):
        with unit_of_work():
            assert guests.try_code(link.token, code, shared_computer=True) is not None
        with unit_of_work():
            assert guests.try_code(link.token, code, shared_computer=True) is None


def test_wrong_tokens_look_all_the_same(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop)
    known = client.get("/invitation/" + "x" * 43, 404).main
    for token in (link.token[:-1], link.token + "x", link.token.swapcase(), "x" * 3000):
        assert client.get(f"/invitation/{token}", 404).main == known


def test_what_is_answered_is_kept_by_nobody(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop)
    answer = client.get(link.path).response
    assert answer.headers["Cache-Control"] == "no-store" and "noindex" in answer.headers["X-Robots-Tag"]
    with reading():
        digests = session().scalars(sa.select(GuestLink.token_digest)).all()
        waiting = mail.waiting()
    assert link.token not in digests
    with unit_of_work():
        for item in waiting:
            mail.mark_sent(item.id)
    with reading():
        assert not any(link.token in body for body in session().scalars(sa.select(Mail.body)))


def test_entering_ends_the_session_that_was_there(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop)
    client.sign_in(workshop["outsider"])
    page = client.get(link.path)
    assert f"{workshop['outsider'].name} est connecté" in page.main
    client.send(f"{link.path}/code")
    client.follow()
    client.send(f"{link.path}/confirmer", code=code_in(mails_to(GUEST)[-1]))
    assert "Camille Wéa" in client.follow().text
    with reading():
        ended = session().scalars(
            sa.select(SignIn.revoked_at).where(SignIn.person_id == workshop["outsider"].id)
        )
        assert all(ended)


# A person of their own kind


def test_a_guest_never_signs_and_holds_no_role(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop, Right.WRITE)
    entered(client, link)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        accounts.give_role(session().get_one(Person, link.person_id), PortalRole.PORTAL_EDITOR)
    with unit_of_work():
        draft = session().get_one(Draft, workshop.draft_id)
        revision = review.submit(workshop["writer"], draft, "Une fiche.")
        row = {
            "revision_id": revision.id,
            "administration_id": workshop.south,
            "fingerprint": revision.fingerprint,
            "person_id": link.person_id,
            "decision": "signed",
            "signed_as": "author",
            "second_eyes": None,
            "reason": "",
            "signature": b"\x00" * 64,
            "key_id": "x",
            "at": clock.now(),
            "carried_from": None,
        }
    columns = SignOff.__table__.columns.keys()
    statement = sa.insert(SignOff.__table__).values({name: row[name] for name in row if name in columns})
    assert "a guest signs nothing" in refused_by_database(statement)
    client.get(f"/brouillons/{workshop.draft_id}/relecture")
    assert client.page is not None
    assert not any("/signer" in form.action for form in client.page.forms)


def test_the_database_refuses_what_the_verbs_refuse(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop)
    entered(client, link)
    guest, agent, now = link.person_id, workshop["outsider"].id, clock.now()
    place = sa.update(Membership).where(Membership.person_id == guest)
    one = sa.update(GuestLink).where(GuestLink.id == link.id)
    row = {
        "lab_id": workshop.lab_id,
        "person_id": guest,
        "right_held": "remark",
        "token_digest": "f" * 64,
        "invited_by": workshop["facilitator"].id,
        "invited_at": now,
        "expires_at": now + timedelta(days=90),
        "code_tries": 0,
        "codes_sent": 0,
    }
    for statement, words in (
        (sa.insert(Role).values(person_id=guest, role="moderator"), "no role"),
        (place.values(until=None), "has an end"),
        (place.values(is_facilitator=True), "has an end"),
        (place.values(right="read"), "has an end"),
        (sa.update(SignIn).where(SignIn.person_id == guest).values(ends_at=None), "until an end"),
        (sa.update(SignIn).where(SignIn.person_id == guest).values(confined_to=None), "until an end"),
        (
            sa.update(SignIn).where(SignIn.person_id == guest).values(expires_at=now + timedelta(days=400)),
            "until an end",
        ),
        (one.values(expires_at=now + timedelta(days=100)), "90 days"),
        (one.values(right="read"), "right_of_a_guest"),
        (one.values(code_tries=6), "tries_bounded"),
        (one.values(codes_sent=11), "codes_bounded"),
        (one.values(revoked_at=now), "revoked_by_somebody"),
        (sa.insert(GuestLink.__table__).values(row), ""),
        (sa.insert(GuestLink.__table__).values({**row, "person_id": agent}), "for a guest"),
        (
            sa.update(Person).where(Person.id == guest).values(administration_id=workshop.south),
            "from_outside",
        ),
        (sa.update(Person).where(Person.id == guest).values(password_hash="x"), "from_outside"),
        (
            sa.update(Person).where(Person.id == workshop["administrator"].id).values(kind="guest"),
            "",
        ),
    ):
        assert words in refused_by_database(statement), str(statement)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        joining._offer(
            workshop["facilitator"], workshop.lab, session().get_one(Person, guest), Right.READ, False
        )


def test_a_guest_who_gets_an_account_keeps_what_they_did(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop, days=10)
    entered(client, link)
    actor = seated(workshop, link)
    with unit_of_work():
        remarks.open_remark(actor, session().get_one(Draft, workshop.draft_id), "Et pour les îles ?")
        north = session().get_one(Administration, workshop.north)
        person = accounts.create_person(GUEST, "Camille Wéa", north)
        assert person.id == link.person_id and person.kind is PersonKind.AGENT
        with pytest.raises(Invalid):
            accounts.create_person(GUEST, "Une autre", north)
    client.get(workshop.page, 302)
    over = client.get(link.path, 410)
    assert "connectez-vous" in over.main and "/connexion" in over.links()
    # Their place goes on until its end, as it was given.
    with reading():
        agent = accounts.actor_for_person(link.person_id)
        assert not agent.is_guest and Right.REMARK in rights_in(agent, workshop.lab_id)
    with clock.shifted(timedelta(days=11)), reading():
        assert not rights_in(agent, workshop.lab_id)


def test_a_guest_is_erased_as_everybody(client: PageClient, workshop: Workshop) -> None:
    link = invited(workshop)
    entered(client, link)
    with unit_of_work():
        found = erasing.found(GUEST)
        assert found is not None and found.id == link.person_id
        erasing.erase(None, link.person_id)
    assert is_out(workshop, link) and mails_to(GUEST) == []
    client.get(link.path, 410)
    with reading():
        assert "Wéa" not in session().get_one(Person, link.person_id).name
    # The address is free again, for somebody new.
    assert invited(workshop).person_id != link.person_id


def test_a_mention_reaches_a_guest_by_mail_and_tells_them_how_to_come(
    client: PageClient, workshop: Workshop
) -> None:
    link = invited(workshop)
    entered(client, link)
    before = len(mails_to(GUEST))
    with unit_of_work():
        draft = session().get_one(Draft, workshop.draft_id)
        remark = remarks.open_remark(workshop["writer"], draft, "Une remarque.")
        remarks.answer(
            workshop["writer"],
            draft,
            remark.public_id,
            "@Camille Wéa est-ce exact ?",
            mentions=[link.person_id],
        )
    bodies = mails_to(GUEST)[before:]
    assert len(bodies) == 1 and "Ouvrez d’abord le lien de votre invitation" in bodies[0]
    assert not re.search("/espace", bodies[0])


def test_what_a_guest_wrote_is_theirs_and_others_sign_it(client: PageClient, workshop: Workshop) -> None:
    """Words of somebody without an administration: no second eyes, no credit, and nobody in the way."""
    with unit_of_work():
        south = session().get_one(Administration, workshop.south)
        north = session().get_one(Administration, workshop.north)
        guest = makers.make_guest(workshop["facilitator"], workshop.lab, Right.WRITE)
        draft = session().get_one(Draft, workshop.draft_id)
        tree = [*makers.LEAD, block("b9", "Un paragraphe que l’invité a écrit de bout en bout.")]
        replace_text(guest, draft, tree)
        revision = review.submit(workshop["writer"], draft, "Une fiche.")
        parts = session().scalars(
            sa.select(RevisionPart.person_id).where(RevisionPart.revision_id == revision.id)
        )
        assert guest.id in set(parts)
        reviewer, editor = (
            makers.make_agent(south, reviewer=True),
            makers.make_agent(north, PortalRole.PORTAL_EDITOR),
        )
        review.sign_off(reviewer, draft, south.id, revision.fingerprint)
        edition = publication.publish(editor, draft, revision.fingerprint)
        assert [credit["name"] for credit in edition.credits] == ["Province du Sud"]


def block(ident: str, words: str) -> dict[str, Any]:
    return {"type": "paragraph", "attrs": {"id": ident}, "content": [{"type": "text", "text": words}]}


@pytest.mark.parametrize("how", ["expired", "closed"])
def test_a_seat_ends_at_the_next_beat(
    client: PageClient, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Expiry comes without anybody's deed: the pulse looks at the clock, within a second."""
    told: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(fanout, "one", lambda seat, _event, news: told.append((seat.sid, news["rights"])))
    monkeypatch.setattr(fanout, "hang_up_soon", lambda _sid: None)
    link = invited(workshop, Right.WRITE, days=2)
    entered(client, link)
    actor = seated(workshop, link)
    table = table_of(workshop.draft_id)
    seat = Seat("guest", workshop.draft_id, actor, 1, up_to(Right.WRITE))
    table.seats["guest"], pulse.connections["guest"] = seat, Connection("guest", actor)
    try:
        pulse.beat()
        assert told == [] and seat.rights
        if how == "closed":
            with unit_of_work():
                guests.close(workshop["facilitator"], workshop.lab, link.id)
        with clock.shifted(timedelta(days=2, seconds=1) if how == "expired" else timedelta(0)):
            pulse.beat()
        assert ("guest", []) in told and not seat.rights and seat.lost is Code.NOT_FOUND
    finally:
        pulse.connections.clear()
        tables.pop(workshop.draft_id, None)
