"""A minor correction: measured or agreed to; the lead administration and one other person, never fewer than two."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from app.errors import Invalid, Refused
from app.mail import Mail
from drafts import canonical, evidence, log, review, service
from drafts.models import Draft
from drafts.review_models import ReviewOutcome, Revision, SignOff, Size
from drafts.scopes import proposed_for
from drafts.sizes import size_of
from drafts.stages import Stage
from labs.models import Lab
from publish import service as publishing
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.review_world import World

Change = Callable[[World], object]


@pytest.fixture
def world(client: PageClient) -> World:
    """The article is public; Sud leads, Nord is competent too."""
    with unit_of_work():
        world = w.make_world()
    w.published(world)
    return world


def text(change: Callable[[list[dict[str, Any]]], None]) -> Change:
    return lambda world: w.rewrite(world.writer, world.draft, change)


def fields(**changes: Any) -> Change:
    return lambda world: service.set_fields(world.writer, world.draft, **changes)


SOME_WORDS = text(w.adds)


def corrected(world: World, change: Change = SOME_WORDS, *, said: bool = False) -> str:
    """Changed and proposed by Sud's writer; the fingerprint."""
    with unit_of_work():
        change(world)
        return review.submit(world.writer, world.draft, said_minor=said).fingerprint


def size(world: World) -> Size:
    with reading():
        return world.revision.size


def stage(world: World) -> Stage:
    with reading():
        return world.draft.stage


LONG = " Apportez une pièce d’identité." * 7
SIZES: dict[str, tuple[Change, Size]] = {
    "some words": (SOME_WORDS, Size.MINOR),
    "an attribute": (text(w.only_changes_an_attribute), Size.MINOR),
    "bold": (text(w.only_makes_bold), Size.MINOR),
    "a theme": (fields(themes=["logement"]), Size.MINOR),
    "nothing": (lambda world: None, Size.MINOR),
    "more than 200 characters": (text(w.adds_much), Size.MAJOR),
    "the title": (fields(title="Déménager"), Size.MAJOR),
    "the territories": (fields(territories=["province-sud"]), Size.MAJOR),
}


@pytest.mark.parametrize(("change", "meant"), SIZES.values(), ids=SIZES.keys())
def test_the_size_is_measured_against_what_the_public_reads(
    world: World, change: Change, meant: Size
) -> None:
    corrected(world, change)
    assert size(world) is meant


@pytest.mark.parametrize(
    ("kind", "name"), [("image", "image"), ("contact", "administration"), ("service", "service")]
)
def test_what_has_no_words_is_no_detail_when_it_comes_or_goes(kind: str, name: str) -> None:
    block = {"type": kind, "attrs": {"id": "b8", name: "kone"}}
    for before, after in ((w.TEXT, [*w.TEXT, block]), ([*w.TEXT, block], w.TEXT)):
        live = Revision(tree=before, canonical=canonical.canonical_bytes(before, {"title": "Titre"}))
        assert size_of(before, {"title": "Titre"}, [], live, said_minor=False) is Size.MINOR
        assert size_of(after, {"title": "Titre"}, [], live, said_minor=False) is Size.MAJOR
        assert size_of(after, {"title": "Titre"}, [], live, said_minor=True) is Size.SAID_MINOR


def test_words_put_elsewhere_are_moved(world: World) -> None:
    def swapped(tree: list[dict[str, Any]]) -> None:
        tree[2], tree[3] = tree[3], tree[2]

    with unit_of_work():
        w.rewrite(world.writer, world.draft, lambda tree: w.words(tree, 2, "Une phrase assez longue." + LONG))
    fingerprint = w.submitted(world)
    for who, place in ((world.nord_reviewer, world.nord), (world.reviewer, world.sud)):
        w.signed(world, who, place, fingerprint)
    with unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint, "Plus long.")
        w.rewrite(world.nord_writer, world.draft, lambda tree: tree[3]["content"].append(_long_paragraph()))
    fingerprint = w.submitted(world)
    for who, place in ((world.nord_reviewer, world.nord), (world.reviewer, world.sud)):
        w.signed(world, who, place, fingerprint)
    with unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint, "Plus long encore.")
    corrected(world, text(swapped))
    assert size(world) is Size.MAJOR


def _long_paragraph() -> dict[str, Any]:
    words = [{"type": "text", "text": "Une autre phrase, longue aussi." + LONG}]
    return {"type": "paragraph", "attrs": {"id": "b7"}, "content": words}


def test_a_draft_of_an_older_edition_does_not_undo_what_came_since(world: World) -> None:
    """Its own difference is small; what it would take away from the public page is not."""
    with unit_of_work():
        live = session().get_one(Revision, w.article_of(world).live_revision_id)
        older = service.revise(world.writer, session().get_one(Lab, world.lab_id), live).id
    fingerprint = corrected(world, text(w.adds_much))
    for who, place in ((world.nord_reviewer, world.nord), (world.reviewer, world.sud)):
        w.signed(world, who, place, fingerprint)
    with unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint, "Plus long.")
    with unit_of_work():
        draft = session().get_one(Draft, older)
        tree = copy.deepcopy(log.load(older).tree)
        w.words(tree, 1, "En mairie")
        service.replace_text(world.writer, draft, tree)
        assert review.submit(world.writer, draft).size is Size.MAJOR


def test_a_first_edition_is_never_minor(client: PageClient) -> None:
    with unit_of_work():
        world = w.make_world()
    corrected(world, said=True)
    assert size(world) is Size.MAJOR


def test_the_lead_administration_and_one_other_person_suffice(world: World) -> None:
    fingerprint = corrected(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    with reading():
        standing = review.standing(world.revision)
        assert world.draft.stage is Stage.APPROVED and standing.is_minor and standing.missing == ()
        assert standing.second_eyes_ids == (world.reviewer.id,)
        assert evidence.evidence(world.revision)["revision"]["size"] == "minor"
    with unit_of_work():
        assert publishing.publish(world.editor, world.draft, fingerprint).number == 2, "no note is asked for"


def test_not_without_the_lead_administration(world: World) -> None:
    fingerprint = corrected(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    assert stage(world) is Stage.IN_REVIEW
    with unit_of_work():
        review.abstain(world.reviewer, world.draft, world.sud, fingerprint)
        assert world.draft.stage is Stage.APPROVED, "everybody has answered, as for any text"


def test_never_fewer_than_two_people(world: World) -> None:
    """The lead administration's signer wrote: somebody else reads, a signer or who publishes."""
    with unit_of_work():
        w.rewrite(world.writing_reviewer, world.draft, w.adds)
        fingerprint = review.submit(world.writing_reviewer, world.draft).fingerprint
    w.signed(world, world.writing_reviewer, world.sud, fingerprint)
    assert stage(world) is Stage.IN_REVIEW
    with reading() as current:
        assert review.standing(world.revision).publisher_may_read
        revision = world.revision
        current.expunge(revision)
    outcome = {"revision_id": revision.id, "fingerprint": fingerprint, "approved_at": clock.now()}
    for eyes in ("second_eyes", "wrote"):
        w.refused_by_database(
            sa.insert(ReviewOutcome).values(
                **outcome, second_eyes_person_id=world.writing_reviewer.id, second_eyes=eyes
            )
        )
    with pytest.raises(Refused), unit_of_work():
        review.approve_as_publisher(world.writing_reviewer, revision)
    with unit_of_work():
        publishing.sign_and_publish(world.editor, world.draft, fingerprint)
        assert session().get_one(ReviewOutcome, revision.id).second_eyes_person_id == world.editor.id


def test_an_objection_stops_a_minor_correction_as_well(world: World) -> None:
    fingerprint = corrected(world)
    with unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "C’est faux.")
    w.signed(world, world.reviewer, world.sud, fingerprint)
    assert stage(world) is Stage.IN_REVIEW
    with unit_of_work():
        review.lift_objection(world.nord_reviewer, world.draft)
    assert stage(world) is Stage.APPROVED


def test_what_a_writer_calls_minor_counts_once_a_reader_agrees(world: World) -> None:
    fingerprint = corrected(world, text(w.adds_much), said=True)
    assert size(world) is Size.SAID_MINOR
    w.signed(world, world.reviewer, world.sud, fingerprint)
    assert stage(world) is Stage.IN_REVIEW
    with reading():
        assert not publishing.is_minor(world.revision)
    with unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint, agrees_minor=True)
        assert world.draft.stage is Stage.APPROVED and publishing.is_minor(world.revision)
        shown = evidence.evidence(world.revision)["sign_offs"]
    assert [line["agrees_minor"] for line in shown] == [False, True]


def test_the_lead_administrations_reader_agrees_alone(world: World) -> None:
    fingerprint = corrected(world, text(w.adds_much), said=True)
    with unit_of_work():
        review.sign_off(world.reviewer, world.draft, world.sud, fingerprint, agrees_minor=True)
        assert world.draft.stage is Stage.APPROVED
    with unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint)


def test_who_reads_a_part_cannot_say_that_the_whole_is_a_detail(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds_much)
        review.submit(world.writer, world.draft, scopes={world.nord: ["b4"]}, said_minor=True)
        part = proposed_for(world.revision.id)[world.nord].fingerprint
    with pytest.raises(Invalid), unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, part, agrees_minor=True)
    with unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, part)


def test_who_wrote_agrees_with_nobody(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.writing_reviewer, world.draft, w.adds_much)
    fingerprint = corrected(world, said=True)
    with unit_of_work():
        row = review.sign_off(world.writing_reviewer, world.draft, world.sud, fingerprint, agrees_minor=True)
        assert not row.agrees_minor and world.draft.stage is Stage.IN_REVIEW


def test_nobody_is_asked_whether_a_major_change_is_minor(world: World) -> None:
    fingerprint = corrected(world, text(w.adds_much))
    with unit_of_work():
        row = review.sign_off(world.reviewer, world.draft, world.sud, fingerprint, agrees_minor=True)
        assert not row.agrees_minor and world.draft.stage is Stage.IN_REVIEW


def test_the_database_counts_for_itself(world: World) -> None:
    """A row that says minor of a text that moves more, or of one that nobody agreed to, lets nothing out."""
    fingerprint = corrected(world, text(w.adds_much), said=True)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    with reading():
        outcome = sa.insert(ReviewOutcome).values(
            revision_id=world.revision.id, fingerprint=fingerprint, second_eyes="second_eyes",
            second_eyes_person_id=world.reviewer.id, approved_at=clock.now(),
        )  # fmt: skip
    assert "first" in (said := w.refused_by_database(outcome)) or "outside" in said
    w.refused_by_database(sa.update(SignOff).values(agrees_minor=True))
    w.refused_by_database(sa.update(Revision).values(size="minor"))
    names = [column.name for column in sa.inspect(Revision).columns if column.name != "id"]
    copied = ", ".join({"number": "number + 1", "size": "'tiny'"}.get(name, name) for name in names)
    w.refused_by_database(sa.text(f"INSERT INTO revision ({', '.join(names)}) SELECT {copied} FROM revision"))


def test_reviewers_and_the_page_are_told(client: PageClient, world: World) -> None:
    corrected(world)
    path = f"/brouillons/{world.draft_id}/relecture"
    with reading():
        bodies = session().scalars(sa.select(Mail.body).where(Mail.subject.like("À relire%"))).all()
    assert "correction mineure" in bodies[-1]
    shown = client.sign_in(world.reviewer).get(path)
    assert "Correction mineure" in shown.main
    assert "mineure" not in shown.form(f"{path}/signer").names
    client.send(f"{path}/signer", relu="y")
    assert "N’a pas à répondre" in client.follow().main


def test_a_writer_says_so_and_a_reader_agrees_on_the_page(client: PageClient, world: World) -> None:
    draft = f"/brouillons/{world.draft_id}"
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds_much)
    client.sign_in(world.writer).get(draft)
    client.send(f"{draft}/proposer", mineure="y")
    assert size(world) is Size.SAID_MINOR
    shown = client.sign_in(world.reviewer).get(f"{draft}/relecture")
    assert "dit que c’est une correction mineure" in shown.main
    client.send(f"{draft}/relecture/signer", relu="y", mineure="y")
    assert "D’accord : c’est une correction mineure." in client.follow().main
    assert stage(world) is Stage.APPROVED


def test_it_is_asked_only_where_it_makes_a_difference(client: PageClient) -> None:
    with unit_of_work():
        world = w.make_world(alone=True)
    draft = f"/brouillons/{world.draft_id}"
    assert "mineure" not in client.sign_in(world.writer).get(draft).form(f"{draft}/proposer").names
    w.published(world)
    assert "mineure" not in client.get(draft).form(f"{draft}/proposer").names
