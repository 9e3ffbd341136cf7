"""The easy-to-read twin: its parts, what makes one stale, two people at once, and what a freeze signs of it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from app import clock
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Invalid, MovedOn, Refused
from drafts import bin as bin_
from drafts import canonical, easy, easy_parts, log, review, service
from drafts.easy_models import EasyDeed, EasyPart, EasyReaders, EasyReading, EasyTwin
from drafts.easy_parts import State
from drafts.easy_text import digest, passages_of, read_signed
from drafts.easy_versions import versions_of
from drafts.grammar import Tree, blocks, inline_text
from drafts.models import FieldChange
from drafts.review_models import Part, Revision, RevisionPart
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.easy_world import EASY, edit, reword, states, typed, write
from tests.drafts.every_block import block
from tests.drafts.review_world import World
from tests.makers import make_agent


@pytest.fixture
def world(client: PageClient) -> World:
    with unit_of_work():
        return w.make_world(three=True)


def test_a_part_is_stale_when_its_own_block_changed_and_only_then(world: World) -> None:
    assert set(states(world).values()) == {State.TO_WRITE}
    write(world, EASY)
    assert set(states(world).values()) == {State.UP_TO_DATE}
    edit(world, reword("b3", "Présentez-vous à la mairie avec deux justificatifs."))
    assert states(world) == {**dict.fromkeys(EASY, State.UP_TO_DATE), "b3": State.STALE}
    # Spaces of another kind are no other words; a mark of punctuation is.
    edit(world, reword("b3", "Présentez-vous à la mairie  avec un justificatif."))
    assert states(world)["b3"] is State.UP_TO_DATE
    edit(world, reword("b3", "Présentez-vous à la mairie avec un justificatif !"))
    assert states(world)["b3"] is State.STALE
    edit(world, lambda tree: tree.__delitem__(2))
    assert states(world)["b3"] is State.GONE


def test_what_is_only_suggested_makes_nothing_stale(world: World) -> None:
    write(world, EASY)
    words = [
        {"type": "text", "text": "Présentez-vous à la mairie avec un "},
        {"type": "text", "text": "seul ", "marks": [{"type": "insertion", "attrs": {"id": "7-a"}}]},
        {"type": "text", "text": "justificatif.", "marks": [{"type": "deletion", "attrs": {"id": "7-b"}}]},
    ]
    tree = copy.deepcopy(w.TEXT)
    tree[2]["content"] = words
    found = {one.block_id: one.digest for one in passages_of(tree)}
    assert found["b3"] == digest("Présentez-vous à la mairie avec un justificatif.")


WORDS = st.lists(st.sampled_from(["un", "deux", "trois", "mairie", "été"]), min_size=1, max_size=4).map(
    " ".join
)
MARKED = st.sampled_from([[], [{"type": "strong"}], [{"type": "em"}, {"type": "strong"}]])


def _leaf(number: int, words: str, kind: str) -> dict[str, Any]:
    return {"type": kind, "attrs": {"id": f"k{number}"}, "content": [{"type": "text", "text": words}]}


@st.composite
def edited(draw: st.DrawFn) -> tuple[Tree, Tree]:
    """A random tree, and what became of it by random edits: blocks that come and go, move, change words, marks or kind."""
    kinds = st.sampled_from(["paragraph", "heading", "cost", "delay"])
    tree: Tree = [_leaf(number, draw(WORDS), draw(kinds)) for number in range(draw(st.integers(1, 8)))]
    after = copy.deepcopy(tree)
    for step in range(draw(st.integers(0, 8))):
        deed = draw(st.sampled_from(["insert", "delete", "words", "move", "marks", "kind", "wrap"]))
        if deed == "insert":
            after.insert(draw(st.integers(0, len(after))), _leaf(100 + step, draw(WORDS), draw(kinds)))
            continue
        if not after:
            continue
        place = draw(st.integers(0, len(after) - 1))
        node = after[place]
        inner = node["content"][0] if node["type"] == "note" else node
        if deed == "delete":
            after.pop(place)
        elif deed == "words":
            inner["content"] = [{"type": "text", "text": draw(WORDS)}]
        elif deed == "move":
            after.insert(draw(st.integers(0, len(after) - 1)), after.pop(place))
        elif deed == "marks":
            words, marks = inline_text(inner), draw(MARKED)
            half = len(words) // 2
            inner["content"] = [
                {"type": "text", "text": part, **({"marks": marks} if marks and number else {})}
                for number, part in enumerate((words[:half], words[half:]))
                if part
            ]
        elif deed == "kind":
            inner["type"] = draw(kinds)
        elif node["type"] != "note":
            after[place] = {"type": "note", "attrs": {"id": f"n{step}"}, "content": [node]}
    return tree, after


@given(edited())
@settings(max_examples=150, deadline=None)
def test_stale_is_exactly_what_reads_otherwise_than_when_it_was_written(trees: tuple[Tree, Tree]) -> None:
    before, after = trees

    def words(tree: Tree) -> dict[str, str]:
        return {
            node["attrs"]["id"]: inline_text(node)
            for node in blocks(tree)
            if node["type"] != "note" and inline_text(node).strip()
        }

    written = {one.block_id: one.digest for one in passages_of(before)}
    now = {one.block_id: one.digest for one in passages_of(after)}
    stale = {ident for ident, said in written.items() if ident in now and now[ident] != said}
    had, has = words(before), words(after)
    assert written.keys() == had.keys() and now.keys() == has.keys()
    assert stale == {ident for ident in had if ident in has and had[ident] != has[ident]}


def test_still_right_is_a_version_and_no_contribution(world: World) -> None:
    write(world, EASY)
    edit(world, reword("b3", "Présentez-vous à la mairie avec un papier."))
    with reading():
        before = session().scalar(sa.select(sa.func.count()).select_from(FieldChange))
    with unit_of_work():
        draft = world.draft
        easy.confirm(world.nord_writer, draft, "b3", 1, draft.head_seq)
    assert states(world)["b3"] is State.UP_TO_DATE
    with reading():
        last, first = versions_of(world.draft_id, "b3")
        assert (last.deed, last.text, last.number) == (EasyDeed.CONFIRMED, first.text, 2)
        assert session().scalar(sa.select(sa.func.count()).select_from(FieldChange)) == before
    with pytest.raises(MovedOn), unit_of_work():
        easy.confirm(world.nord_writer, world.draft, "b3", 1, world.draft.head_seq)


def test_what_was_written_for_older_words_is_stale_at_once(world: World) -> None:
    with reading():
        seen = world.draft.head_seq
    edit(world, reword("b3", "Présentez-vous au guichet."))
    with unit_of_work():
        easy.save(world.writer, world.draft, typed(EASY), seen)
    assert states(world)["b3"] is State.STALE and states(world)["b5"] is State.UP_TO_DATE
    with reading():
        assert easy_parts.current(world.draft_id)["b3"].source_words.startswith("Présentez-vous à la mairie")
    with unit_of_work():
        # A number that no text ever had: nobody knows what was read.
        easy.save(world.writer, world.draft, [easy.Typed("b5", 1, "Fermé.")], 10**9)
    assert states(world)["b5"] is State.STALE


def test_of_two_who_write_one_part_the_second_sees_both_and_nothing_is_lost(world: World) -> None:
    write(world, EASY)
    with unit_of_work():
        draft = world.draft
        easy.save(world.nord_writer, draft, [easy.Typed("b3", 1, "Allez à la mairie.")], draft.head_seq)
    found = write(world, {**EASY, "b3": "Venez à la mairie.", "b5": "Lundi : fermé."}, 1)
    (conflict,) = found.conflicts
    assert found.blocks == ("b5",), "the other parts of the form are kept"
    assert (conflict.typed.text, conflict.theirs.text) == ("Venez à la mairie.", "Allez à la mairie.")
    # Who has seen both saves on what the other one saved.
    assert write(world, {"b3": "Venez à la mairie."}, 2).blocks == ("b3",)
    with reading():
        assert [one.text for one in versions_of(world.draft_id, "b3")] == [
            "Venez à la mairie.", "Allez à la mairie.", EASY["b3"],
        ]  # fmt: skip
    assert write(world, {"b3": "Venez à la mairie."}, 2) == easy.Saved((), ()), (
        "the same words twice are no conflict"
    )


def test_a_part_is_left_out_put_away_and_brought_back(world: World) -> None:
    write(world, EASY)
    write(world, {}, 1, "b5")
    with reading():
        assert easy_parts.current(world.draft_id)["b5"].is_left_out
    assert states(world)["b5"] is State.UP_TO_DATE
    edit(world, reword("b5", "Fermé le mardi."))
    assert states(world)["b5"] is State.STALE, "left out of other words than these"
    with pytest.raises(Invalid), unit_of_work():
        easy.save(world.writer, world.draft, [easy.Typed("b3", 1, "Autre texte", True)], world.draft.head_seq)
    with unit_of_work():
        easy.put_away(world.writer, world.draft, "b5")
    assert states(world)["b5"] is State.TO_WRITE
    with unit_of_work():
        easy.bring_back(world.writer, world.draft, "b5", 1)
    assert states(world)["b5"] is State.STALE, "it was written for the words of its time"
    for block_id, number in (("b5", 3), ("b5", 9), ("zz", 1)):
        with pytest.raises(MovedOn), unit_of_work():
            easy.bring_back(world.writer, world.draft, block_id, number)


def test_words_of_a_block_that_is_gone_move_to_another_or_stay(world: World) -> None:
    write(world, EASY)

    def split(tree: Tree) -> None:
        tree[2] = block("paragraph", "c1", {"type": "text", "text": "Allez au guichet."})

    edit(world, split)
    assert states(world)["b3"] is State.GONE and states(world)["c1"] is State.TO_WRITE
    for target in ("b5", "nowhere", "b3"):
        with pytest.raises(Invalid), unit_of_work():
            easy.move(world.writer, world.draft, "b3", target, world.draft.head_seq)
    with unit_of_work():
        easy.move(world.writer, world.draft, "b3", "c1", world.draft.head_seq)
    assert "b3" not in states(world) and states(world)["c1"] is State.UP_TO_DATE


def test_only_who_writes_the_text_writes_its_twin(world: World) -> None:
    with unit_of_work():
        reader = make_agent(session().get_one(Administration, world.iles))
        lab, person = session().get_one(Lab, world.lab_id), session().get_one(Person, reader.id)
        add_member(world.facilitator, lab, person, Right.SUGGEST)
    with pytest.raises(Refused), unit_of_work():
        easy.save(reader, world.draft, typed(EASY), world.draft.head_seq)
    with pytest.raises(Refused), unit_of_work():
        easy.put_away(reader, world.draft, "b3")
    with pytest.raises(Refused), unit_of_work():
        easy.join(reader, world.draft, joins=False)
    with pytest.raises(Refused), unit_of_work():
        easy.record_reading(reader, world.draft, EasyReaders.MIXED, count=1, read_on=clock.now().date())
    write(world, EASY)


def test_nothing_sent_is_unbounded(world: World) -> None:
    write(world, {"b3": "a" * 2000})
    for ident, text in (("b5", "a" * 2001), ("é" * 4, "x"), ("a" * 33, "x")):
        with pytest.raises(Invalid), unit_of_work():
            easy.save(world.writer, world.draft, [easy.Typed(ident, 0, text)], world.draft.head_seq)
    # PostgreSQL measures a column before it looks at its constraint.
    with pytest.raises((sa.exc.IntegrityError, sa.exc.DataError)), unit_of_work():
        session().execute(sa.update(EasyPart).values(text="a" * 2001))
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().execute(sa.update(EasyPart).values(text=""))


# The freeze


def fields_of(revision: Revision) -> dict[str, Any]:
    return canonical.parse(revision.canonical)[1]


def test_a_text_without_a_twin_has_the_form_it_always_had(world: World) -> None:
    with unit_of_work():
        revision = review.submit(world.writer, world.draft)
        assert "easy" not in fields_of(revision)
        assert revision.fingerprint == canonical.fingerprint(
            canonical.canonical_bytes(w.TEXT, fields_of(revision))
        )


def test_a_twin_that_is_not_ready_is_completed_or_left_out_before_a_proposal(world: World) -> None:
    write(world, {ident: text for ident, text in EASY.items() if ident != "b5"})
    with pytest.raises(Invalid) as caught, unit_of_work():
        review.submit(world.writer, world.draft)
    assert "facile" in caught.value.message and caught.value.detail["fields"] == ["facile"]
    with unit_of_work():
        easy.join(world.writer, world.draft, joins=False)
        assert "easy" not in fields_of(review.submit(world.writer, world.draft))
        review.retract(world.writer, world.draft)
        easy.join(world.writer, world.draft, joins=True)
    write(world, {"b5": EASY["b5"]})
    with unit_of_work():
        signed = read_signed(fields_of(review.submit(world.writer, world.draft)))
    assert [(one.block_id, one.text, one.level) for one in signed] == [
        ("b1", EASY["b1"], 0), ("b2", EASY["b2"], 2), ("b3", EASY["b3"], 0), ("b5", EASY["b5"], 0),
    ]  # fmt: skip


def test_the_fingerprint_covers_every_easy_word(world: World) -> None:
    write(world, EASY)
    with unit_of_work():
        first = review.submit(world.writer, world.draft).fingerprint
        review.retract(world.writer, world.draft)
    write(world, {"b5": "Le lundi, c’est ouvert."}, 1)
    with unit_of_work():
        second = review.submit(world.writer, world.draft)
        assert second.fingerprint != first


def test_a_part_that_was_signed_covers_the_easy_words_of_its_blocks(world: World) -> None:
    """Nord signs the note: the next version carries it while neither the note nor its easy words changed."""
    write(world, EASY)

    def scope() -> str:
        revision = review.open_revision(world.draft)
        assert revision is not None
        tree, fields = canonical.parse(revision.canonical)
        return canonical.scope_fingerprint(tree, fields, ["b4"])

    found = []
    for ident, words in (("", ""), ("b3", "Allez à la mairie demain."), ("b5", "Fermé !"), ("b1", "Bref.")):
        if ident:
            with unit_of_work():
                review.retract(world.writer, world.draft)
            with reading():
                number = easy_parts.current(world.draft_id)[ident].number
            write(world, {ident: words}, number)
        with unit_of_work():
            review.submit(world.writer, world.draft)
            found.append(scope())
    assert found[0] == found[1], "the easy words of another block are not in this part"
    assert found[1] != found[2], "those of a block inside the part are"
    assert found[2] != found[3], "and those of the lead are in every part"


def test_who_wrote_easy_words_is_nobodys_second_pair_of_eyes(world: World) -> None:
    with unit_of_work():
        draft = world.draft
        easy.save(world.other_reviewer, draft, typed(EASY), draft.head_seq)
    with unit_of_work():
        revision = review.submit(world.writer, world.draft)
        wrote = session().scalars(
            sa.select(RevisionPart.person_id).where(
                RevisionPart.revision_id == revision.id, RevisionPart.part == Part.WROTE
            )
        )
        assert world.other_reviewer.id in set(wrote)


def test_a_new_version_of_the_page_begins_with_its_twin(world: World) -> None:
    write(world, EASY)
    with unit_of_work():
        review.submit(world.writer, world.draft)
    with unit_of_work():
        revision = world.revision
        draft = service.revise(world.writer, world.draft.lab, revision)
        found = easy_parts.placed(draft.id, log.text(draft.id).tree)
        assert [one.state for one in found] == [State.UP_TO_DATE] * 4
        assert [one.part.text for one in found if one.part is not None] == list(EASY.values())
        changes = sa.select(sa.func.count()).select_from(FieldChange).where(FieldChange.draft_id == draft.id)
        assert session().scalar(changes) == 0


# Readings


def test_readings_are_kept_and_taken_back(world: World) -> None:
    today = clock.local(clock.now()).date()
    with unit_of_work():
        row = easy.record_reading(
            world.writer, world.draft, EasyReaders.CONCERNED, count=6, read_on=today, place="Koné",
            who="Association du Nord", may_name=True, changed_after="Deux mots sont plus simples.",
        )  # fmt: skip
        kept = row.id
    wrong: Sequence[dict[str, Any]] = (
        {"count": 0}, {"count": 501}, {"read_on": today + timedelta(days=1)}, {"may_name": True, "who": "  "},
        {"place": "a" * 121}, {"changed_after": "a" * 1001}, {"changed_after": f"Grâce à {world.reviewer.name}."},
    )  # fmt: skip
    for more in wrong:
        with pytest.raises(Invalid), unit_of_work():
            easy.record_reading(
                world.writer, world.draft, EasyReaders.MIXED, **{"count": 1, "read_on": today, **more}
            )
    with unit_of_work():
        other = w.second_draft(world)
        with pytest.raises(MovedOn):
            easy.remove_reading(world.writer, other, kept)
    with unit_of_work():
        easy.remove_reading(world.writer, world.draft, kept)
        assert session().get(EasyReading, kept) is None


def test_nothing_of_a_twin_survives_its_draft(world: World) -> None:
    write(world, EASY)
    with unit_of_work():
        easy.join(world.writer, world.draft, joins=False)
        easy.record_reading(
            world.writer, world.draft, EasyReaders.MIXED, count=1, read_on=clock.local(clock.now()).date()
        )
        bin_.put_away(world.writer, world.draft)
        bin_.purge(world.draft_id)
        for kind in (EasyPart, EasyTwin, EasyReading):
            assert session().scalar(sa.select(sa.func.count()).select_from(kind)) == 0
