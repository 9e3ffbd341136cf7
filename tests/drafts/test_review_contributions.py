"""Who contributed what, to the whole text and to the difference, and what the public credit line says."""

from __future__ import annotations

import pytest

from app.db import Database, reading, session, unit_of_work
from drafts import contributions, log, review, service
from drafts.attribution import attribution
from drafts.contributions import Tally
from drafts.models import Draft
from drafts.review_models import Part, Revision, RevisionPart
from labs.models import Lab
from publish import service as publishing
from tests.drafts import review_world as w
from tests.drafts.review_world import World


@pytest.fixture
def world(db: Database) -> World:
    with unit_of_work():
        return w.make_world()


def _parts(world: World) -> dict[int, RevisionPart]:
    """Who is down as having written the revision under review."""
    return {
        part.person_id: part
        for part in session().query(RevisionPart).filter_by(revision_id=world.revision.id)
        if part.part is Part.WROTE
    }


def test_everybody_counts_for_what_they_did(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.nord_writer, world.draft, w.adds)
        w.rewrite(world.nord_writing_reviewer, world.draft, w.only_makes_bold)
        service.set_fields(world.editor, world.draft, themes=["logement"])
    w.submitted(world)
    with reading():
        parts = _parts(world)
        assert set(parts) == {
            world.writer.id, world.nord_writer.id, world.nord_writing_reviewer.id, world.editor.id
        }  # fmt: skip
        assert parts[world.nord_writer.id].inserted == len(" C’est gratuit.")
        assert parts[world.nord_writing_reviewer.id].attributes > 0
        assert parts[world.editor.id].fields == 1
        assert parts[world.writer.id].administration_id == world.sud
        assert world.revision.main_author_administration_id == world.sud


def test_breaking_a_paragraph_does_not_change_whose_words_they_are(world: World) -> None:
    """Enter in a colleague's paragraph re-creates its words in the document; the credit stays."""

    def breaks(tree: list[dict]) -> None:  # type: ignore[type-arg]
        words = tree[2]["content"][0]["text"]
        tree[2]["content"] = [{"type": "text", "text": words[:20]}]
        tree.insert(3, {"type": "paragraph", "content": [{"type": "text", "text": words[20:]}]})

    with unit_of_work():
        before = {line.id: line.characters for line in review.contributions(world.draft).people}
        w.rewrite(world.nord_writing_reviewer, world.draft, breaks)
        after = {line.id: line.characters for line in review.contributions(world.draft).people}
        revision = review.submit(world.writer, world.draft)
        assert contributions.credit(revision) == ["Province Sud"]
        assert world.nord_writing_reviewer.id in _parts(world)
    assert after == before


def test_the_difference_begins_at_the_live_edition(world: World) -> None:
    """Also when people went on writing between the freeze and the publication."""
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        w.rewrite(world.nord_writer, world.draft, w.adds)
        service.set_fields(world.editor, world.draft, themes=["logement"])
        publishing.publish(world.editor, world.draft, fingerprint)
    with reading():
        now = review.contributions(world.draft)
        assert {line.id for line in now.people_since} == {world.nord_writer.id, world.editor.id}
        assert {line.id for line in now.people} == {world.writer.id, world.nord_writer.id}
    w.submitted(world)
    with reading():
        assert set(_parts(world)) == {world.nord_writer.id, world.editor.id}
        assert world.revision.main_author_administration_id == world.nord
        assert contributions.credit(world.revision) == ["Province Sud", "Province Nord"]


def test_who_wrote_an_earlier_edition_may_read_the_next_one(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.nord_writing_reviewer, world.draft, w.adds)
    w.published(world)
    with unit_of_work():
        w.rewrite(world.writer, world.draft, lambda tree: w.words(tree, 0, "Une phrase toute neuve."))
    fingerprint = w.submitted(world)
    with unit_of_work():
        review.sign_off(world.nord_writing_reviewer, world.draft, world.nord, fingerprint)
        review.sign_off(world.reviewer, world.draft, world.sud, fingerprint)
        assert review.standing(world.revision).second_eyes_ids == (world.nord_writing_reviewer.id,)


def test_a_deletion_of_what_a_colleague_wrote_since_counts(world: World) -> None:
    """The words are in neither edition, and yet what is left was decided by two."""
    w.published(world)
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds)
        w.rewrite(
            world.nord_writer, world.draft, lambda tree: w.words(tree, 2, w.TEXT[2]["content"][0]["text"])
        )
    w.submitted(world)
    with reading():
        assert _parts(world)[world.nord_writer.id].deleted == len(" C’est gratuit.")


def test_a_new_draft_of_a_live_article_keeps_its_authors(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.nord_writer, world.draft, w.adds)
    w.published(world)
    with unit_of_work():
        live = session().get_one(Revision, world.draft.article.live_revision_id)
        draft = service.revise(world.other_reviewer, session().get_one(Lab, world.lab_id), live)
        w.rewrite(world.other_reviewer, draft, lambda tree: w.words(tree, 0, "Une phrase plus courte."))
        draft_id = draft.id
    with reading():
        found = attribution(session().get_one(Draft, draft_id))
        assert found.inherited and found.characters > found.inherited
        assert {one.id for one in found.people} == {
            world.other_reviewer.id,
            world.writer.id,
            world.nord_writer.id,
        }
        assert {one.name for one in found.administrations} == {"Province Sud", "Province Nord"}
        assert sum(one.characters for one in found.people) == found.characters
    with unit_of_work():
        revision = review.submit(world.other_reviewer, session().get_one(Draft, draft_id))
        parts = {row.person_id for row in session().query(RevisionPart).filter_by(revision_id=revision.id)}
        assert parts == {world.other_reviewer.id}
        shares = {line.id for line in review.contributions(revision).people}
        assert shares == {world.other_reviewer.id, world.writer.id, world.nord_writer.id}
        assert contributions.credit(revision) == ["Province Sud", "Province Nord"]


def test_nobody_looks_as_if_a_text_had_no_author(world: World) -> None:
    """Proposed again without any change: who proposes it stands for it, and cannot be the second person."""
    w.published(world)
    with unit_of_work():
        review.submit(world.reviewer, world.draft)
        assert set(_parts(world)) == {world.reviewer.id}


def test_the_percentages_are_of_the_text(world: World) -> None:
    with reading():
        made = review.contributions(world.draft)
        assert [(line.name, line.percent) for line in made.administrations] == [("Province Sud", 100)]
        assert sum(line.characters for line in made.people) == sum(
            log.load(world.draft_id).runs.shares().values()
        )


def test_the_main_author_is_the_administration_with_the_largest_part() -> None:
    assert contributions.main_administration([]) is None
    tallies = [Tally(1, 5, inserted=3), Tally(2, 4, inserted=2, fields=1), Tally(3, 5, deleted=1)]
    assert contributions.main_administration(tallies) == 5
    assert contributions.main_administration([Tally(1, 5, inserted=3), Tally(2, 4, deleted=3)]) == 4
