"""Who answers for an article changes: by the lead administration, before, during and after a review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.db import reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.mail import Mail
from app.policy import Act, Actor, acts_for
from drafts import canonical, competences, evidence, overruling, review, service
from drafts.models import Article, Draft, article_administration
from drafts.review_models import OpenReview, Revision
from drafts.scopes import proposed_for
from drafts.stages import Deed, Stage
from publish import schedule, store
from publish import service as publishing
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.review_world import World


@pytest.fixture
def world(client: PageClient) -> World:
    """Sud leads, Nord is competent too, Îles is not."""
    with unit_of_work():
        return w.make_world()


def changes(world: World, actor: Actor, *places: int, reason: str = "La loi a changé.") -> bool:
    with unit_of_work():
        return competences.change_competences(actor, world.draft, places, reason)


def hands_over(world: World, actor: Actor, place: int, reason: str = "Convention du 3 mars.") -> bool:
    with unit_of_work():
        return competences.hand_over(actor, world.draft, place, reason)


def who_answers(world: World) -> tuple[int, set[int]]:
    with reading():
        article = w.article_of(world)
        return article.lead_administration_id, {place.id for place in article.competent}


def stage(world: World) -> Stage:
    with reading():
        return world.draft.stage


def deeds(world: World) -> list[Deed]:
    with reading():
        return [act.deed for act in w.acts(world.draft_id)]


def told(subject: str) -> set[str]:
    with reading():
        return set(session().scalars(sa.select(Mail.recipient).where(Mail.subject.startswith(subject))))


# Before anything was proposed


def test_who_began_the_draft_for_it_may_mend_their_choice(world: World) -> None:
    assert changes(world, world.writer, world.sud, world.iles)
    assert who_answers(world) == (world.sud, {world.sud, world.iles})
    assert hands_over(world, world.writer, world.nord)
    assert who_answers(world) == (world.nord, {world.sud, world.iles, world.nord})
    assert deeds(world)[-2:] == [Deed.CHANGE_COMPETENCES, Deed.HAND_OVER]
    # It is Nord's from now on.
    with pytest.raises(Refused):
        changes(world, world.writer, world.sud)
    assert not told("Administrations compétentes"), "reviewers do not know of a text that was never proposed"


def test_once_it_was_proposed_its_reviewers_decide(world: World) -> None:
    w.submitted(world)
    with unit_of_work():
        review.retract(world.writer, world.draft)
    with pytest.raises(Refused):
        changes(world, world.writer, world.sud)
    assert changes(world, world.reviewer, world.sud)
    assert who_answers(world) == (world.sud, {world.sud})
    assert stage(world) is Stage.WRITING


def test_nothing_changes_without_a_change(world: World) -> None:
    before = deeds(world)
    assert not changes(world, world.reviewer, world.nord, world.sud)
    assert not hands_over(world, world.reviewer, world.sud)
    assert deeds(world) == before


@pytest.mark.parametrize("who", ["nord_writer", "nord_reviewer", "iles_reviewer", "editor", "facilitator"])
def test_nobody_else_does(world: World, who: str) -> None:
    for read in (False, True):
        if read:
            w.submitted(world)
        for deed in (
            lambda: changes(world, getattr(world, who), world.sud),
            lambda: hands_over(world, getattr(world, who), world.nord),
        ):
            with pytest.raises(DomainError):
                deed()
        assert who_answers(world) == (world.sud, {world.sud, world.nord})
    assert changes(world, world.reviewer, world.sud)


def test_what_is_missing_is_said(world: World) -> None:
    w.submitted(world)
    for places, reason, field in (
        ((world.sud,), "  ", "reason"),
        ((), "Oui.", "competent"),
        ((world.sud, world.sud + 1000), "Oui.", "competent"),
    ):
        with pytest.raises(Invalid) as refusal:
            changes(world, world.reviewer, *places, reason=reason)
        assert refusal.value.detail["field"] == field
    with pytest.raises(Invalid):
        hands_over(world, world.reviewer, world.nord, "")
    with pytest.raises(Invalid):
        hands_over(world, world.reviewer, world.sud + 1000)
    assert stage(world) is Stage.IN_REVIEW and deeds(world)[-1] is Deed.SUBMIT


def test_the_epoch_moves_for_every_draft_of_the_article(world: World) -> None:
    with unit_of_work():
        other = w.second_draft(world).id
        before = {draft.id: draft.access_epoch for draft in session().scalars(sa.select(Draft))}
    changes(world, world.reviewer, world.sud)
    with reading():
        after = {draft.id: draft.access_epoch for draft in session().scalars(sa.select(Draft))}
    assert after == {world.draft_id: before[world.draft_id] + 1, other: before[other] + 1}


# During a review


def test_the_same_text_is_asked_for_again(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds)
        first = world.revision.id
    assert changes(world, world.reviewer, world.sud, world.nord, world.iles)
    with reading():
        before, after = session().get_one(Revision, first), world.revision
        assert after.number == 2 and after.fingerprint != before.fingerprint
        for name in ("tree", "seq", "title", "fields", "authorship", "authors", "created_by", "created_at"):
            assert getattr(after, name) == getattr(before, name), name
        assert canonical.parse(after.canonical)[0] == canonical.parse(before.canonical)[0]
        assert len(canonical.parse(after.canonical)[1]["competent_administrations"]) == 3
        standing = review.standing(after)
        assert set(standing.unanswered) == {world.sud, world.nord, world.iles}
        assert review.contributions(after).people_since == review.contributions(before).people_since
        acts = evidence.evidence(after)["acts"]
    assert [act["deed"] for act in acts] == ["change_competences", "ask_again"]
    assert stage(world) is Stage.IN_REVIEW
    assert told("Administrations compétentes") == {world.iles_reviewer.email, world.writer.email}
    with pytest.raises(MovedOn), unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint)
    with reading():
        again = world.revision.fingerprint
    for actor, place in (
        (world.reviewer, world.sud),
        (world.nord_reviewer, world.nord),
        (world.iles_reviewer, world.iles),
    ):
        w.signed(world, actor, place, again)
    with unit_of_work():
        edition = publishing.publish(world.editor, world.draft, again)
        assert "gratuit" not in edition.plain, "what was written meanwhile waits for the next version"
    with unit_of_work():
        review.submit(world.writer, world.draft)
        assert [line.id for line in review.contributions(world.revision).people_since] == [world.writer.id]


def test_who_answers_no_more_is_not_waited_for(world: World) -> None:
    w.submitted(world)
    changes(world, world.reviewer, world.sud)
    with reading():
        assert review.standing(world.revision).unanswered == (world.sud,)
        assert Act.DRAFT_REVIEW not in acts_for(world.nord_reviewer, world.draft)
        again = world.revision.fingerprint
    assert world.nord_reviewer.email in told("Administrations compétentes")
    w.signed(world, world.other_reviewer, world.sud, again)
    assert stage(world) is Stage.APPROVED


def test_an_approval_falls_with_it(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    assert stage(world) is Stage.APPROVED
    hands_over(world, world.reviewer, world.nord)
    assert stage(world) is Stage.IN_REVIEW and who_answers(world)[0] == world.nord
    with pytest.raises(DomainError), unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint)
    assert told("Administration responsable") >= {world.nord_reviewer.email, world.writer.email}


def test_a_part_that_nothing_touched_holds_on(client: PageClient) -> None:
    """Nobody else's administrations stand in a part; those of the whole text do, and the new lead reads it all."""
    with unit_of_work():
        world = w.make_world(three=True)
        scopes = {world.nord: ["b4"], world.iles: ["b3"]}
        whole = review.submit(world.writer, world.draft, scopes=scopes).fingerprint
        for actor, place in ((world.nord_reviewer, world.nord), (world.iles_reviewer, world.iles)):
            review.sign_off(actor, world.draft, place, proposed_for(world.revision.id)[place].fingerprint)
        review.sign_off(world.reviewer, world.draft, world.sud, whole)
    hands_over(world, world.reviewer, world.iles)
    with reading():
        assert set(review.standing(world.revision).unanswered) == {world.sud, world.iles}
        assert set(proposed_for(world.revision.id)) == {world.nord}


def test_nobody_is_left_behind_with_an_objection(world: World) -> None:
    w.submitted(world)
    with unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "C’est faux.")
    for deed in (
        lambda: changes(world, world.reviewer, world.sud),
        lambda: hands_over(world, world.reviewer, world.nord),
    ):
        with pytest.raises(Invalid):
            deed()
    with unit_of_work():
        overruling.arbitrate(world.reviewer, world.draft, world.nord, "Non.")
        overruling.arbitrate(world.editor, world.draft, world.nord, "Non plus.")
    assert changes(world, world.reviewer, world.sud)


def test_a_plan_is_cancelled_first(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        schedule.schedule(world.editor, world.draft, fingerprint, clock.now() + timedelta(days=1))
    with pytest.raises(MovedOn):
        changes(world, world.reviewer, world.sud)
    with unit_of_work():
        schedule.cancel(world.editor, world.draft)
    assert changes(world, world.reviewer, world.sud)


def test_on_the_page_of_the_draft_that_is_read(world: World) -> None:
    with unit_of_work():
        other = w.second_draft(world).id
    w.submitted(world)
    with pytest.raises(MovedOn), unit_of_work():
        service.replace_text(world.reviewer, session().get_one(Draft, other), w.TEXT)
        competences.change_competences(world.reviewer, session().get_one(Draft, other), [world.sud], "Oui.")


def test_after_the_publication_it_counts_from_the_next_version_on(world: World) -> None:
    w.published(world)
    assert changes(world, world.reviewer, world.sud)
    assert stage(world) is Stage.PUBLISHED
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds)
        revision = review.submit(world.writer, world.draft)
        assert review.standing(revision).unanswered == (world.sud,)


def test_public_pages_are_made_again_by_who_leads_now(world: World) -> None:
    w.published(world)
    jobs.deliver_outbox()
    with reading():
        before = store.epoch()
    hands_over(world, world.reviewer, world.nord)
    jobs.deliver_outbox()
    with reading():
        assert store.epoch() > before


def test_the_database_lets_nobody_change_it_under_a_review(world: World) -> None:
    w.submitted(world)
    refused: Callable[[sa.Executable], str] = w.refused_by_database
    with reading():
        article = world.draft.article_id
    pairs = article_administration
    for statement in (
        sa.update(Article).values(lead_administration_id=world.nord),
        sa.insert(pairs).values(article_id=article, administration_id=world.iles),
        sa.delete(pairs).where(pairs.c.administration_id == world.nord),
        sa.update(pairs).where(pairs.c.administration_id == world.nord).values(administration_id=world.iles),
    ):
        assert "article" in refused(statement)
    with unit_of_work() as current:
        current.execute(sa.delete(OpenReview))
        current.execute(sa.insert(pairs).values(article_id=article, administration_id=world.iles))
        current.execute(sa.update(Article).values(lead_administration_id=world.nord))
    assert who_answers(world) == (world.nord, {world.sud, world.nord, world.iles})


# The pages


def test_the_page_of_the_administrations(client: PageClient, world: World) -> None:
    draft, page = f"/brouillons/{world.draft_id}", f"/brouillons/{world.draft_id}/administrations"
    assert page not in client.sign_in(world.nord_writer).get(draft).links()
    client.get(page, 403)
    assert page in client.sign_in(world.writer).get(draft).links()
    client.get(page)
    refused = client.send(page, 422, competentes=[], motif="Parce que.")
    assert refused.form(page).values["motif"] == "Parce que."
    refused = client.send(page, 422, competentes=[str(world.sud), str(world.iles)], motif=" ")
    assert set(refused.form(page).values["competentes"]) == {str(world.iles), str(world.sud)}
    client.send(page, competentes=[str(world.sud), str(world.iles)], motif="La loi a changé.")
    assert "Province des Îles" in client.follow().main
    w.submitted(world)
    shown = client.sign_in(world.reviewer).get(page)
    assert "en relecture" in shown.main
    client.send(f"{page}/responsable", 422, responsable=str(world.nord), pourquoi="")
    client.send(f"{page}/responsable", responsable=str(world.nord), pourquoi="Convention.")
    client.follow()
    client.get(page, 403)
    shown = client.get(f"{draft}/relecture")
    assert "Version figée 2" in shown.main and "Depuis la dernière relecture" not in shown.main
    history = client.get(f"{draft}/historique").main
    assert "Changement d’administration responsable" in history and "Convention." in history
