"""The gate refuses, quickly and with the right code, all that would hang, crash, poison or forge."""

import time
from collections.abc import Container

import pytest

from drafts import document
from drafts.gate import GateRefusal, RoomIndex, check
from tests.drafts import hostile
from tests.drafts.every_block import EVERY
from tests.drafts.hostile import ROOT, element, mark, update, values, words, xml_text

ANNE, BOB = 3_000_000_001, 1_700_000_002


def room() -> tuple[bytes, RoomIndex]:
    """A document in which both have written, with emoji, an attribute written twice and something deleted."""
    doc = document.new_document()
    for data in (
        hostile.honest_update(BOB, 0, "Bonjour 😀😁 à tous"),
        hostile.honest_update(ANNE, 0, "Salut"),
        update(deletes={BOB: [(3, 3)]}),
        update((BOB, 21, [values(hostile.any_text("autre"), origin=(BOB, 1))])),
    ):
        document.apply(doc, data)
    return document.state(doc), RoomIndex.of(document.state(doc))


STATE, _ = room()
HOSTILE = hostile.hostile_updates(ANNE, BOB, STATE)


def refused(index: RoomIndex, data: bytes, allowed: Container[int] = (ANNE,), bulk: bool = False) -> str:
    with pytest.raises(GateRefusal) as caught:
        check(index, data, allowed, bulk=bulk)
    return caught.value.code


def test_the_names_are_told_apart() -> None:
    assert len({case.name for case in HOSTILE}) == len(HOSTILE) > 250


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: ascii(case.name)[1:-1])
def test_a_hostile_update_is_refused_and_changes_nothing(case: hostile.Hostile) -> None:
    index = RoomIndex.of(STATE)
    before = time.perf_counter()
    code = refused(index, case.update)
    assert time.perf_counter() - before < 1
    assert code in case.codes
    # The index is as it was: the honest stroke still passes, at the same clock.
    assert {client: clocks.end for client, clocks in index.clients.items()} == {ANNE: 8, BOB: 22}
    honest = hostile.honest_update(ANNE, index.end(ANNE))
    accepted = check(index, honest, {ANNE})
    doc = document.replay(STATE, ())
    document.apply(doc, honest)
    index.admit(accepted)
    assert "honnête 😀 fin" in document.plain_text(document.read_tree(doc))


@pytest.mark.parametrize(
    "case",
    [case for case in HOSTILE if "too_large" not in case.codes],
    ids=lambda case: ascii(case.name)[1:-1],
)
def test_the_bulk_door_refuses_the_same(case: hostile.Hostile) -> None:
    assert refused(RoomIndex.of(STATE), case.update, bulk=True) in case.codes


def test_an_empty_update_passes() -> None:
    accepted = check(RoomIndex.of(STATE), b"\x00\x00", {ANNE})
    assert accepted.is_empty and not accepted.clients


def test_what_is_known_may_come_again_even_from_others() -> None:
    """A client that joins again may send its whole state: its words, everybody's words, all deletions."""
    index = RoomIndex.of(STATE)
    accepted = check(index, STATE, {ANNE})
    assert not accepted.clients
    index.admit(accepted)
    assert index.end(BOB) == 22
    # One new word among them is enough to be forged.
    doc = document.replay(STATE, ())
    document.apply(doc, update((BOB, 22, [words("!", origin=(BOB, 20))])))
    assert refused(index, document.state(doc)) == "forged"
    assert check(index, document.state(doc), {ANNE, BOB}).clients == {BOB}


def test_a_resent_stroke_may_bring_a_tail() -> None:
    """A client that was not answered merges its strokes: the head is known, the rest is not."""
    index = RoomIndex()
    index.admit(check(index, hostile.honest_update(ANNE, 0, "abc"), {ANNE}))
    longer = hostile.honest_update(ANNE, 0, "abcdé😀")
    index.admit(check(index, longer, {ANNE}))
    assert index.end(ANNE) == 10
    assert refused(index, update((ANNE, 10, [words("x", origin=(ANNE, 8))]))) == "malformed"
    # The tail of a block must stand where its head does.
    elsewhere = update(
        (
            ANNE,
            10,
            [
                element("paragraph", origin=(ANNE, 0)),
                xml_text(parent=(ANNE, 10)),
                words("z", parent=(ANNE, 11)),
            ],
        )
    )
    index.admit(check(index, elsewhere, {ANNE}))
    assert refused(index, update((ANNE, 12, [words("zz", origin=(ANNE, 9))]))) == "malformed"


@pytest.mark.parametrize(
    "item, code",
    [
        # Found by mutation: each made every Yjs throw or wait for ever, or pycrdt refuse the row at each load.
        (words("lut", origin=(BOB, 900)), "malformed"),
        (words("lut", origin=(77, 0)), "malformed"),
        (words("lut", origin=(ANNE, 0), right=(ANNE, 8)), "malformed"),
        (words("lut", origin=(ANNE, 5)), "malformed"),
        (words("lut", parent=(ANNE, 7)), "malformed"),
        # Bob's first emoji stands at 11 and 12.
        (words("lut", origin=(BOB, 11)), "malformed"),
        (words("lut", right=(BOB, 12)), "malformed"),
        (mark("link", '{"href', origin=(ANNE, 4)), "malformed"),
        (mark("script", "{}", origin=(ANNE, 4)), "schema"),
        (element("script", origin=(ANNE, 4)), "schema"),
        (hostile.block(5, hostile.text("{}"), origin=(ANNE, 4)), "schema"),
    ],
)
def test_a_resent_block_is_passed_over_only_when_it_is_sound(item: bytes, code: str) -> None:
    index = RoomIndex.of(STATE)
    assert refused(index, update((ANNE, 5, [item]))) == code
    check(index, update((ANNE, 5, [words("lut", origin=(ANNE, 4))])), {ANNE})


def test_a_tail_that_cuts_a_pair_is_refused() -> None:
    index = RoomIndex()
    index.admit(check(index, hostile.honest_update(ANNE, 0, "ab"), {ANNE}))
    assert refused(index, update((ANNE, 3, [words("a😀", parent=(ANNE, 2))]))) == "malformed"


def test_sections_may_need_one_another_but_not_in_a_circle() -> None:
    both = {ANNE, BOB}
    first = [element("paragraph", parent=ROOT), xml_text(parent=(ANNE, 0)), words("a", parent=(ANNE, 1))]
    ladder_anne = [*first, words("c", origin=(BOB, 0))]
    ladder_bob = [words("b", origin=(ANNE, 2)), words("d", origin=(ANNE, 3))]
    for sections in (
        ((BOB, 0, ladder_bob), (ANNE, 0, ladder_anne)),
        ((ANNE, 0, ladder_anne), (BOB, 0, ladder_bob)),
    ):
        index, doc = RoomIndex(), document.new_document()
        index.admit(check(index, update(*sections), both))
        document.apply(doc, update(*sections))
        assert document.plain_text(document.read_tree(doc)) == "abcd"
    circle = ((ANNE, 0, [*first, words("c", origin=(BOB, 0))]), (BOB, 0, [words("b", origin=(ANNE, 3))]))
    assert refused(RoomIndex(), update(*circle), both) == "malformed"
    assert refused(RoomIndex(), update(*circle), both, bulk=True) == "malformed"


def test_long_ladders_between_sections_stay_quick() -> None:
    count = 2_400
    first = [element("paragraph", parent=ROOT), xml_text(parent=(ANNE, 0)), words("a", parent=(ANNE, 1))]
    anne = first + [words("a", origin=(BOB, n)) for n in range(count)]
    bob = [words("b", origin=(ANNE, 2 + n)) for n in range(count)]
    before = time.perf_counter()
    check(RoomIndex(), update((ANNE, 0, anne), (BOB, 0, bob)), {ANNE, BOB})
    assert time.perf_counter() - before < 1


def test_marks_with_suffix_and_numbers_of_any_kind_pass() -> None:
    index = RoomIndex()
    heading = [
        element("heading", parent=ROOT),
        values(hostile.any_int(3), parent=(ANNE, 0), key="level"),
        values(hostile.any_float(2.0), origin=(ANNE, 1)),
        # Two values at once: Yjs joins neighbours that were both overwritten.
        values(hostile.any_int(4), hostile.any_int(3), origin=(ANNE, 2)),
        xml_text(parent=(ANNE, 0)),
        mark("link--f8Tf0l4X", '{"href": "HTTPS://exemple.nc/é?a=\\u00e9"}', parent=(ANNE, 5)),
        words("lien", origin=(ANNE, 6)),
        mark("link--f8Tf0l4X", "null", origin=(ANNE, 10)),
        mark("strong", " {} ", origin=(ANNE, 11)),
        mark("link", '{"href":""}', origin=(ANNE, 12)),
    ]
    data = update((ANNE, 0, heading))
    index.admit(check(index, data, {ANNE}))
    assert document.read_tree(document.replay(None, [data]))[0]["content"][0]["text"] == "lien"


def test_collected_blocks_pass_when_they_are_deleted_in_the_same_update() -> None:
    data = update(
        (ANNE, 0, [hostile.collected(3), hostile.collected(2), element("paragraph", parent=ROOT)]),
        deletes={ANNE: [(0, 2), (2, 3)]},
    )
    index = RoomIndex()
    index.admit(check(index, data, {ANNE}))
    assert index.end(ANNE) == 6


def test_words_for_a_deleted_block_pass_and_are_collected() -> None:
    """Somebody who was away writes into what has gone: no refusal, and nothing is left of it."""
    doc = document.new_document()
    for data in (hostile.honest_update(BOB, 0), update(deletes={BOB: [(0, 1)]})):
        document.apply(doc, data)
    late = update(
        (ANNE, 0, [xml_text(parent=(BOB, 0)), words("tard", parent=(ANNE, 0)), words("ab", origin=(BOB, 4))])
    )
    index = RoomIndex.of(document.state(doc))
    index.admit(check(index, late, {ANNE}))
    document.apply(doc, late)
    assert document.read_tree(doc) == []
    assert RoomIndex.of(document.state(doc)).end(ANNE) == 7
    deep = [element("note", parent=(BOB, 0)), element("script", parent=(ANNE, 7))]
    assert refused(index, update((ANNE, 7, deep))) == "schema"


def test_the_depth_of_the_room_counts() -> None:
    index, doc = RoomIndex(), document.new_document()
    for level in range(32):
        parent: object = (ANNE, level - 1) if level else ROOT
        data = update((ANNE, level, [element("note", parent=parent)]))
        index.admit(check(index, data, {ANNE}))
        document.apply(doc, data)
    deeper = update((ANNE, 32, [element("note", parent=(ANNE, 31))]))
    assert refused(index, deeper) == "schema"
    assert refused(RoomIndex.of(document.state(doc)), deeper) == "schema"


def test_a_key_may_be_begun_by_people_who_did_not_see_one_another_but_not_for_ever() -> None:
    index = RoomIndex()
    index.admit(check(index, update((ANNE, 0, [element("heading", parent=ROOT)])), {ANNE}))
    for client in range(10, 74):
        index.admit(
            check(
                index,
                update((client, 0, [values(hostile.any_int(2), parent=(ANNE, 0), key="level")])),
                {client},
            )
        )
    one_more = update((99, 0, [values(hostile.any_int(2), parent=(ANNE, 0), key="level")]))
    assert refused(index, one_more, {99}) == "malformed"


def test_an_acceptance_is_not_taken_in_twice_nor_by_another_room() -> None:
    index = RoomIndex()
    accepted = check(index, hostile.honest_update(ANNE, 0), {ANNE})
    index.admit(accepted)
    with pytest.raises(ValueError, match="another state"):
        index.admit(accepted)


def test_what_a_program_writes_with_pycrdt_passes() -> None:
    """The server's own edits, and a robot that knows only the protocol, use pycrdt and not Yjs."""
    tree = [
        {
            "type": "heading",
            "attrs": {"id": "h1", "level": 3},
            "content": [{"type": "text", "text": "Été 😀"}],
        },
        {
            "type": "bullet_list",
            "attrs": {"id": "l1"},
            "content": [
                {"type": "list_item", "attrs": {"id": "i1"}, "content": [paragraph("p1", "un", "strong")]}
            ],
        },
        paragraph("p2", "deux", "em"),
    ]
    rewritten = [
        paragraph("p2", "deux 😁 et demi", "strong"),
        {
            "type": "heading",
            "attrs": {"id": "h1", "level": 4},
            "content": [{"type": "text", "text": "Hiver 😁"}],
        },
        {
            "type": "note",
            "attrs": {"id": "n1", "kind": "warning"},
            "content": [paragraph("p3", "gare", "em")],
        },
    ]
    index, doc = RoomIndex(), document.new_document()
    for client, data in (
        (ANNE, document.seed_update(tree, ANNE)),
        (BOB, lambda: document.rewrite_update(doc, rewritten, BOB)),
        (77, lambda: document.rewrite_update(doc, tree, 77)),
    ):
        written = data if isinstance(data, bytes) else data()
        accepted = check(index, written, {client})
        document.apply(doc, written)
        index.admit(accepted)
        again = document.replay(document.state(doc), ())
        assert document.read_tree(again) == document.read_tree(doc)
    assert document.read_tree(doc) == tree


def test_every_block_of_the_grammar_passes() -> None:
    index, doc = RoomIndex(), document.new_document()
    for client, tree in ((ANNE, EVERY), (BOB, list(reversed(EVERY))), (77, [])):
        data = (
            document.rewrite_update(doc, tree, client)
            if index.end(ANNE)
            else document.seed_update(tree, ANNE)
        )
        accepted = check(index, data, {client})
        document.apply(doc, data)
        index.admit(accepted)
        assert document.read_tree(doc) == tree


def paragraph(id_: str, text: str, mark_name: str) -> dict[str, object]:
    run = {"type": "text", "text": text, "marks": [{"type": mark_name}]}
    return {"type": "paragraph", "attrs": {"id": id_}, "content": [run]}
