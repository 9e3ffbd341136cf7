"""An administration that is competent and has nobody: who may answer for it, once, visibly, and who may not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts.models import Person, PersonStatus, Role
from app.accounts.service import give_role
from app.db import reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.mail import Mail
from app.policy import Actor, PortalRole
from app.waiting import waiting_for
from drafts import evidence, review, substituting
from drafts.policy import signs_for
from drafts.review_models import Substitute
from drafts.stages import Deed, Stage
from publish import service as publishing
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.review_world import World


@pytest.fixture
def world(client: PageClient) -> World:
    """Îles is competent, and its only reviewer has left."""
    with unit_of_work():
        world = w.make_world(three=True)
        session().get_one(Person, world.iles_reviewer.id).status = PersonStatus.SUSPENDED
    return world


def stands_in(
    world: World, actor: Actor, place: int | None = None, reason: str = "Vu avec le cabinet."
) -> int:
    with unit_of_work():
        return substituting.name_substitute(actor, world.draft, place, reason)


def test_the_portal_editor_answers_for_who_has_nobody(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    with pytest.raises(Refused), unit_of_work():
        review.sign_off(world.editor, world.draft, world.iles, fingerprint)
    assert stands_in(world, world.editor) == world.iles
    with reading():
        assert signs_for(world.editor, world.draft) == {world.iles}
    w.signed(world, world.editor, world.iles, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with reading():
        assert world.draft.stage is Stage.APPROVED
        assert review.standing(world.revision).second_eyes_ids == (world.editor.id,)
        answer = next(one for one in review.standing(world.revision).answers if one.substitute)
        assert (answer.administration_id, answer.substitute_because) == (world.iles, "Vu avec le cabinet.")
        (shown,) = evidence.evidence(world.revision)["substitutes"]
        assert shown["person"] == world.editor.id and "cabinet" not in str(shown)
        assert [
            act.administration_id for act in w.acts(world.draft_id) if act.deed is Deed.NAME_SUBSTITUTE
        ] == [world.iles]
    with unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint)
        assert signs_for(world.editor, world.draft) == frozenset()


def test_a_reviewer_of_the_lead_administration_may_and_stays_who_they_are(world: World) -> None:
    """Their eyes are of the main author's administration, for whomever they answer."""
    fingerprint = w.submitted(world)
    stands_in(world, world.reviewer, world.iles)
    w.signed(world, world.reviewer, world.iles, fingerprint)
    w.signed(world, world.other_reviewer, world.sud, fingerprint)
    with unit_of_work():
        review.abstain(world.nord_reviewer, world.draft, world.nord, fingerprint)
        assert world.draft.stage is Stage.IN_REVIEW
        assert any("second regard" in line for line in review.standing(world.revision).missing)


def test_it_may_object_and_abstain_like_anybody(world: World) -> None:
    fingerprint = w.submitted(world)
    stands_in(world, world.editor)
    with unit_of_work():
        review.object_to(world.editor, world.draft, "Les tarifs sont faux.", world.iles)
        assert review.standing(world.revision).objections[0].administration_id == world.iles
        review.lift_objection(world.editor, world.draft)
        review.abstain(world.editor, world.draft, world.iles, fingerprint)
        assert world.iles not in review.standing(world.revision).unanswered


@pytest.mark.parametrize(
    ("who", "place", "reason", "error"),
    [
        ("nord_reviewer", "iles", "Oui.", Refused),
        ("writer", "iles", "Oui.", Refused),
        ("iles_reviewer", "iles", "Oui.", Refused),
        ("editor", "nord", "Oui.", Refused),
        ("editor", "iles", "   ", Invalid),
    ],
)
def test_who_may_not(world: World, who: str, place: str, reason: str, error: type[DomainError]) -> None:
    w.submitted(world)
    with pytest.raises(error):
        stands_in(world, getattr(world, who), getattr(world, place), reason)
    with reading():
        assert not session().scalars(sa.select(Substitute)).all()
        assert w.acts(world.draft_id)[-1].deed is Deed.SUBMIT
    stands_in(world, world.editor, world.iles)


def test_once_and_only_while_it_is_read(world: World) -> None:
    with pytest.raises(DomainError):
        stands_in(world, world.editor)
    w.submitted(world)
    with pytest.raises(Refused):
        stands_in(world, world.editor, world.draft_id + 1000)
    stands_in(world, world.editor)
    with pytest.raises(MovedOn):
        stands_in(world, world.reviewer, world.iles)
    with pytest.raises(Refused):
        stands_in(world, world.reviewer)


def test_it_holds_for_the_next_version_until_somebody_is_there(world: World) -> None:
    fingerprint = w.submitted(world)
    stands_in(world, world.editor)
    w.signed(world, world.editor, world.iles, fingerprint)
    with unit_of_work():
        review.retract(world.writer, world.draft)
    w.submitted(world)
    with reading():
        assert world.iles not in review.standing(world.revision).unanswered, "the text is the same"
    with unit_of_work():
        review.retract(world.writer, world.draft)
        w.rewrite(world.writer, world.draft, w.adds)
    changed = w.submitted(world)
    w.signed(world, world.editor, world.iles, changed)
    with unit_of_work():
        review.retract(world.writer, world.draft)
        person = w.make_agent(world.draft.article.lead)
        from app.directory.models import Administration

        iles = session().get_one(Administration, world.iles)
        give_role(session().get_one(Person, person.id), PortalRole.REVIEWER, iles)
    w.submitted(world)
    with reading():
        assert not [
            row for row in session().scalars(sa.select(Substitute)) if row.revision_id == world.revision.id
        ]
        assert world.iles in review.standing(world.revision).unanswered


def test_who_may_act_is_told_and_sees_it_waiting(world: World) -> None:
    w.submitted(world)
    with reading():
        told = set(session().scalars(sa.select(Mail.recipient).where(Mail.subject.like("Sans référent%"))))
        hrefs = [item.href for item in waiting_for(world.editor)]
    leads = {world.reviewer.email, world.other_reviewer.email, world.writing_reviewer.email}
    assert told == {*leads, world.editor.email}
    path = f"/brouillons/{world.draft_id}/relecture"
    assert hrefs == [f"{path}#sans-referent"]
    stands_in(world, world.editor)
    with reading():
        told = set(session().scalars(sa.select(Mail.recipient).where(Mail.subject.like("Suppléance%"))))
        assert [item.href for item in waiting_for(world.editor)] == [f"{path}#visa-{world.iles}"]
        assert not [item for item in waiting_for(world.other_reviewer) if "sans-referent" in item.href]
    assert told == {*leads, world.writer.email}


def test_the_database_refuses_it_too(world: World) -> None:
    w.submitted(world)
    with reading() as current:
        revision = world.revision
        current.expunge(revision)

    def row(person: int, place: int = world.iles, reason: str = "Oui.") -> sa.Insert:
        return sa.insert(Substitute).values(
            revision_id=revision.id, administration_id=place, person_id=person, reason=reason, at=clock.now()
        )

    assert "needs no substitute" in w.refused_by_database(row(world.editor.id, world.nord))
    for person in (world.nord_reviewer.id, world.writer.id):
        assert "portal editor" in w.refused_by_database(row(person))
    w.refused_by_database(row(world.editor.id, reason=""))
    w.refused_by_database(row(world.editor.id, place=world.iles + 1000))
    signature = {"revision": revision, "administration_id": world.iles, "person_id": world.editor.id}
    assert "substitute signs" in w.refused_by_database(w.raw_sign_off(world, **signature))
    stands_in(world, world.editor)
    for statement in (sa.delete(Substitute), sa.update(Substitute).values(person_id=world.reviewer.id)):
        assert "append-only" in w.refused_by_database(statement)
    with unit_of_work() as current:
        current.execute(w.raw_sign_off(world, **signature))
    with unit_of_work():
        review.retract(world.writer, world.draft)
    assert "while the review is open" in w.refused_by_database(row(world.reviewer.id))


def test_the_page_offers_it_to_who_may(client: PageClient, world: World) -> None:
    w.submitted(world)
    path = f"/brouillons/{world.draft_id}/relecture"
    assert not client.sign_in(world.nord_reviewer).get(path).offers(f"{path}/suppleer")
    shown = client.sign_in(world.editor).get(path)
    assert "Personne n’y est référent" in shown.main
    client.send(f"{path}/suppleer", 422, motif="  ")
    client.send(f"{path}/suppleer", motif="Vu avec le cabinet.")
    shown = client.follow()
    assert "répond à sa place, faute de référent" in shown.main and "Vu avec le cabinet." in shown.main
    assert shown.offers(f"{path}/signer") and not shown.offers(f"{path}/suppleer")
    client.send(f"{path}/signer", relu="y")
    assert "second regard" in client.follow().main


def test_a_lead_that_has_nobody_is_led_by_who_answers_for_it(client: PageClient, world: World) -> None:
    with unit_of_work():
        session().execute(sa.delete(Role).where(Role.administration_id == world.sud))
    w.submitted(world)
    page = f"/brouillons/{world.draft_id}/administrations"
    client.sign_in(world.editor).get(page, 403)
    stands_in(world, world.editor, world.sud)
    assert client.get(page).offers(page)
