"""What waits for a person: why, until when, the most urgent first, with a link to the very act."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.db import database, reading, session, unit_of_work
from app.policy import Actor
from app.waiting import Waiting, waiting_for
from drafts import remarks, review
from drafts.models import DraftClient
from labs.models import Lab
from labs.service import remove_member
from publish import schedule
from tests import makers
from tests.clients import PageClient
from tests.drafts.review_world import World, adds, make_world, rewrite, signed, submitted

LATE = timedelta(days=20)


@pytest.fixture
def world(client: PageClient) -> World:
    with unit_of_work():
        return make_world()


def told(actor: Actor) -> list[Waiting]:
    with reading():
        return list(waiting_for(actor))


def hrefs(actor: Actor) -> list[str]:
    return [item.href.partition("/brouillons/")[2].partition("/")[2] for item in told(actor)]


def whats(actor: Actor) -> list[str]:
    return [item.what for item in told(actor)]


def test_nothing_waits_for_anybody_while_a_text_is_written(client: PageClient, world: World) -> None:
    for person in (world.writer, world.reviewer, world.nord_reviewer, world.editor):
        assert told(person) == []
    shown = client.sign_in(world.reviewer).get("/espace")
    assert "Aucun texte n’attend votre signature." in shown.main and "À faire" not in shown.text


def test_answers_are_awaited_of_who_can_give_them_until_a_day(world: World) -> None:
    fingerprint = submitted(world)
    (mine,) = told(world.nord_reviewer)
    assert mine.href.endswith(f"/relecture#visa-{world.nord}") and mine.until is not None and not mine.is_late
    assert whats(world.iles_reviewer) == [] and whats(world.writer) == []
    with clock.shifted(LATE):
        assert told(world.nord_reviewer)[0].is_late
    signed(world, world.nord_reviewer, world.nord, fingerprint)
    assert told(world.nord_reviewer) == []


def test_who_may_go_on_without_an_answer_hears_that_the_deadline_has_passed(world: World) -> None:
    with unit_of_work():
        rewrite(world.writing_reviewer, world.draft, adds)
    fingerprint = submitted(world)
    signed(world, world.reviewer, world.sud, fingerprint)
    assert hrefs(world.editor) == []
    with clock.shifted(LATE):
        for person in (world.editor, world.other_reviewer):  # the portal editor, and the lead administration
            assert hrefs(person) == ["relecture#aller-de-l-avant"]
        assert "Province Nord" in told(world.editor)[0].why
        # Who wrote does not go on without others, who is waited for answers.
        assert hrefs(world.writing_reviewer) == []
        assert hrefs(world.nord_reviewer) == [f"relecture#visa-{world.nord}"]


def test_an_objection_waits_for_those_who_can_end_it(world: World) -> None:
    submitted(world)
    with unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "La loi change.")
    assert hrefs(world.nord_reviewer) == ["relecture#autres-reponses"]
    assert "relecture#ou-en-est-on" in hrefs(world.writer)
    assert "relecture#aller-de-l-avant" in hrefs(world.reviewer)
    with unit_of_work():
        from drafts import overruling

        overruling.arbitrate(world.reviewer, world.draft, world.nord, "Non.")
    assert "relecture#aller-de-l-avant" not in hrefs(world.reviewer), "they have decided"
    assert "deuxième" in told(world.editor)[0].why
    with unit_of_work():
        overruling.arbitrate(world.editor, world.draft, world.nord, "Non plus.")
    assert hrefs(world.editor) == [] and hrefs(world.nord_reviewer) == [f"relecture#visa-{world.nord}"]


def test_an_approved_text_waits_for_its_publication_then_for_its_hour(world: World) -> None:
    fingerprint = submitted(world)
    signed(world, world.reviewer, world.sud, fingerprint)
    assert told(world.editor) == []
    signed(world, world.nord_reviewer, world.nord, fingerprint)
    assert hrefs(world.editor) == ["relecture#publier"] and told(world.reviewer) == []
    with unit_of_work():
        schedule.schedule(world.editor, world.draft, fingerprint, clock.now() + timedelta(days=2))
    (item,) = told(world.editor)
    assert item.is_news and item.until is not None and item.href.endswith("relecture#publier")


def test_where_one_administration_is_alone_the_publisher_is_the_second_pair_of_eyes(
    client: PageClient,
) -> None:
    with unit_of_work():
        world = make_world(alone=True)
        rewrite(world.writing_reviewer, world.draft, adds)
    fingerprint = submitted(world)
    assert told(world.reviewer)[0].until is None, "a deadline is for who waits for others"
    signed(world, world.writing_reviewer, world.sud, fingerprint)
    assert hrefs(world.editor) == ["relecture#publier"] and told(world.writing_reviewer) == []


def test_a_carried_signature_is_told_to_its_signer(world: World) -> None:
    fingerprint = submitted(world)
    signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        review.retract(world.writer, world.draft)
    submitted(world)
    (item,) = told(world.nord_reviewer)
    assert item.is_news and "reste valable" in item.what


def test_a_request_waits_for_those_who_write_the_text(world: World) -> None:
    submitted(world)
    with unit_of_work():
        review.request_changes(world.nord_reviewer, world.draft, "À revoir.")
    (item,) = told(world.writer)
    assert "Province Nord" in item.why and item.href == f"/brouillons/{world.draft_id}"
    assert told(world.nord_writer) == [], "a member of the lab who never wrote in it"
    with unit_of_work():
        session().add(DraftClient(draft_id=world.draft_id, client_id=77, person_id=world.nord_writer.id))
    assert len(told(world.nord_writer)) == 1
    with unit_of_work():
        lab = session().get_one(Lab, world.lab_id)
        remove_member(world.facilitator, lab, session().get_one(Person, world.nord_writer.id))
    assert told(world.nord_writer) == []


def test_remarks_and_mentions_wait_until_they_are_answered(world: World) -> None:
    with unit_of_work():
        asked = remarks.open_remark(
            world.nord_writer, world.draft, "Qui sait ?", mentions=[world.facilitator.id], blocking=True
        )
        remarks.open_remark(world.nord_writer, world.draft, "Et ceci ?")
        names = asked.public_id
    (mention,) = told(world.facilitator)
    assert mention.href.endswith(f"/remarques#r-{names}")
    (item,) = told(world.writer)
    assert item.why == "2 remarques sont sans réponse, dont 1 bloquante."
    with unit_of_work():
        remarks.answer(world.facilitator, world.draft, names, "Moi.")
    assert told(world.facilitator) == [] and "1 remarque est" in told(world.writer)[0].why
    with unit_of_work():
        for row in session().scalars(sa.select(remarks.Remark.public_id)).all():
            remarks.resolve(world.writer, world.draft, row)
    assert told(world.writer) == [] and told(world.nord_writer) == []


def test_the_most_urgent_stands_first_and_the_header_counts(client: PageClient, world: World) -> None:
    with unit_of_work():
        second = makers.make_draft(
            world.writer, world.draft.lab, world.draft.article.lead, *world.draft.article.competent,
            title="Une autre fiche",
        )  # fmt: skip
        first, other = world.draft_id, second.id
    submitted(world)
    with clock.shifted(LATE):
        with unit_of_work():
            review.submit(world.writer, session().get_one(type(second), other))
            remarks.open_remark(world.writer, world.draft, "Voyez ceci.", mentions=[world.nord_reviewer.id])
        late, soon, undated = told(world.nord_reviewer)
        assert (late.is_late, soon.is_late) == (True, False) and undated.until is None
        assert late.href.startswith(f"/brouillons/{first}/") and soon.href.startswith(f"/brouillons/{other}/")
        shown = client.sign_in(world.nord_reviewer).get("/espace")
        assert "En retard" in shown.main and "À faire (3" in shown.text
        at = [shown.links().index(item.href) for item in (late, soon, undated)]
        assert at == sorted(at)
        for link in {item.href.partition("#")[0] for item in (late, soon, undated)}:
            client.get(link)


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    sa.event.listen(database().engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        sa.event.remove(database().engine, "before_cursor_execute", count)


def test_it_costs_the_same_however_much_waits(world: World) -> None:
    submitted(world)
    costs = []
    for more in (0, 6):
        with unit_of_work():
            for number in range(more):
                draft = makers.make_draft(
                    world.writer, world.draft.lab, world.draft.article.lead, *world.draft.article.competent,
                    title=f"Fiche {number}",
                )  # fmt: skip
                review.submit(world.writer, draft)
                remarks.open_remark(world.facilitator, draft, "Voyez.", mentions=[world.editor.id])
        for person in (world.editor, world.reviewer, world.writer):
            with reading(), counted() as statements:
                waiting_for(person)
            costs.append(len(statements))
    assert costs[:3] == costs[3:] and max(costs) <= 21, costs
