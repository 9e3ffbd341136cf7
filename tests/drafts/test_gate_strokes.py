"""What real editors send passes the gate, stroke by stroke, and the document reads as theirs.

The strokes were recorded from yjs and y-prosemirror by tests/drafts/yjs_strokes.mjs.
"""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from drafts import document
from drafts.bulk_check import BulkChecker
from drafts.gate import BULK, STROKE, GateRefusal, RoomIndex, check
from drafts.grammar import GRAMMAR
from tests.drafts.hostile import picture

VECTORS = json.loads(
    gzip.decompress((Path(__file__).parents[1] / "vectors/yjs_strokes.json.gz").read_bytes())
)
CASES = {case["name"]: case for case in VECTORS["cases"]}
LARGE = VECTORS["large_undo"]


def strokes(case: dict[str, Any]) -> list[tuple[set[int], bytes]]:
    return [(set(stroke["allowed"]), base64.b64decode(stroke["update"])) for stroke in case["strokes"]]


@pytest.mark.parametrize("name", CASES)
def test_recorded_strokes_pass_and_the_document_reads_as_the_editors_do(name: str) -> None:
    doc, index = document.new_document(), RoomIndex()
    for allowed, update in strokes(CASES[name]):
        accepted = check(index, update, allowed)
        assert accepted.clients <= allowed
        document.apply(doc, update)
        index.admit(accepted)
    assert picture(doc) == CASES[name]["expected"]
    # The document that a restart would load is the same.
    assert picture(document.replay(document.state(doc), ())) == CASES[name]["expected"]


@pytest.mark.parametrize("name", CASES)
def test_an_index_made_from_the_state_judges_as_one_that_followed(name: str) -> None:
    doc = document.new_document()
    for allowed, update in strokes(CASES[name]):
        index = RoomIndex.of(document.state(doc))
        index.admit(check(index, update, allowed))
        document.apply(doc, update)
        again = RoomIndex.of(document.state(doc))
        assert {client: clocks.end for client, clocks in index.clients.items()} == {
            client: clocks.end for client, clocks in again.clients.items()
        }


@pytest.mark.parametrize("name", CASES)
def test_a_whole_case_comes_back_in_one_offline_update(name: str) -> None:
    doc = document.new_document()
    everybody: set[int] = set()
    for allowed, update in strokes(CASES[name]):
        document.apply(doc, update)
        everybody |= allowed
    whole = document.state(doc)
    fresh = document.new_document()
    check(RoomIndex(), whole, everybody)
    document.apply(fresh, whole)
    assert picture(fresh) == CASES[name]["expected"]


@pytest.mark.parametrize("name", CASES)
def test_a_stroke_of_somebody_else_is_refused(name: str) -> None:
    allowed, update = next((allowed, update) for allowed, update in strokes(CASES[name]) if update[0])
    with pytest.raises(GateRefusal) as refusal:
        check(RoomIndex(), update, {5})
    assert refusal.value.code == "forged"


def test_a_stroke_after_a_lost_one_asks_for_the_lost_one() -> None:
    index = RoomIndex()
    first, _lost, third, *_ = strokes(CASES["typing"])
    index.admit(check(index, first[1], first[0]))
    with pytest.raises(GateRefusal) as refusal:
        check(index, third[1], third[0])
    assert refusal.value.code == "resync"


def test_the_undo_of_delete_all_passes_by_the_bulk_door() -> None:
    state, removal, undo = (base64.b64decode(LARGE[part]) for part in ("state", "removal", "undo"))
    allowed = {LARGE["client"]}
    doc = document.replay(state, ())
    index = RoomIndex.of(state)
    # The removal is one range for each run of clocks, few enough for a stroke.
    index.admit(check(index, removal, allowed))
    document.apply(doc, removal)
    with pytest.raises(GateRefusal) as refusal:
        check(index, undo, allowed)
    assert refusal.value.code == "too_large"
    checker = BulkChecker()
    try:
        checker.check(document.state(doc), undo, allowed)
        with pytest.raises(GateRefusal) as forged:
            checker.check(document.state(doc), undo, {5})
        assert forged.value.code == "forged"
    finally:
        checker.close()
    accepted = check(index, undo, allowed, bulk=True)
    document.apply(doc, undo)
    index.admit(accepted)
    assert len(document.plain_text(document.read_tree(doc))) == LARGE["length"] >= 105_000
    assert len(undo) < BULK.size


def test_both_doors_have_the_documented_size() -> None:
    assert (STROKE.size, STROKE.structs, STROKE.ranges) == (262_144, 5_000, 5_000)
    assert (BULK.size, BULK.structs, BULK.ranges) == (4_194_304, 100_000, 20_000)
    assert GRAMMAR.fragment == "content"
