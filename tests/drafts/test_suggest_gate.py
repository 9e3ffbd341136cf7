"""What a seat that may only suggest sends: suggestions pass, whoever writes at the same time, and nothing else does.

The strokes were recorded from the editor's own code by tests/drafts/suggest_strokes.mjs.
"""

import base64
import gzip
import json
import os
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import pycrdt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from drafts import document
from drafts.bulk_check import BulkChecker
from drafts.gate import GateRefusal, RoomIndex, check
from drafts.suggest_gate import MOST_BEHIND, Trial
from drafts.suggested import client_of, suggestions_in

VECTORS = Path(__file__).parents[1] / "vectors/suggest_strokes.json.gz"
WORDS = "Présentez-vous à la mairie."
ME, OTHER = 10, 20


def cases(path: Path) -> dict[str, Any]:
    return {case["name"]: case for case in json.loads(gzip.decompress(path.read_bytes()))["cases"]}


CASES = cases(VECTORS)


class Room:
    """A document with its gate, as a table has it."""

    def __init__(self, state: bytes) -> None:
        self.doc, self.index, self.trial = document.replay(state, ()), RoomIndex.of(state), Trial()

    def take(self, update: bytes, client: int, *, suggests: bool) -> str:
        """What becomes of a stroke: "" or the code of a refusal."""
        try:
            accepted = check(self.index, update, {client})
            if suggests:
                self.trial.judge(self.doc, update, {client}, self.index, accepted.news)
        except GateRefusal as refusal:
            return refusal.code
        document.apply(self.doc, update)
        self.index.admit(accepted)
        if not suggests:
            self.trial.follow(update)
        return ""

    @property
    def tree(self) -> Any:
        return document.read_tree(self.doc)


def beside(tree: Any, stroke: dict[str, Any]) -> list[Any]:
    """What a stroke that only suggests leaves as it is: every block with its plain words and their marks, and what others
    suggest. Found without anything of the gate."""
    found: list[Any] = []

    def walk(nodes: Any) -> None:
        for node in nodes:
            if node["type"] != "text":
                found.append((node["type"], node.get("attrs")))
                walk(node.get("content", ()))
                continue
            marks = {mark["type"]: mark.get("attrs") or {} for mark in node.get("marks", ())}
            own = {
                name
                for name in ("insertion", "deletion")
                if name in marks and client_of(marks[name]["id"]) == stroke["client"]
            }
            if "insertion" in own:
                continue
            if "insertion" in marks:
                # Words that are put in where somebody takes out were not there to be taken out.
                own.add("deletion")
            kept = sorted((name, str(attrs)) for name, attrs in marks.items() if name not in own)
            if found and found[-1][0] == "text" and found[-1][2] == kept:
                found[-1] = ("text", found[-1][1] + node["text"], kept)
            else:
                found.append(("text", node["text"], kept))

    walk(tree)
    return found


def replayed(case: dict[str, Any]) -> tuple[int, int, int]:
    """(suggesting strokes, honest ones that were refused, those astray that were let in) of a session."""
    room = Room(base64.b64decode(case["state"]))
    count = refused = let_in = 0
    for stroke in case["strokes"]:
        before = room.tree
        code = room.take(base64.b64decode(stroke["update"]), stroke["client"], suggests=stroke["suggests"])
        count += stroke["suggests"]
        # A stroke that the recording took for astray may be a suggestion all the same: what it leaves tells.
        let_in += stroke["suggests"] and code == "" and beside(before, stroke) != beside(room.tree, stroke)
        assert code in ("", "resync", "forbidden") and (code == "" or room.tree == before)
        if code != "" and not stroke["astray"]:
            # The record goes on as if it had been taken: what follows builds on words that nobody here has.
            refused += 1
            break
    return count, refused, let_in


@pytest.mark.parametrize("name", CASES)
def test_what_the_editor_sends_passes(name: str) -> None:
    count, refused, let_in = replayed(CASES[name])
    assert count and not refused and not let_in


@pytest.mark.soak
@pytest.mark.parametrize("habit", ["writing", "undoing"])
def test_thousands_of_sessions(tmp_path: Path, habit: str) -> None:
    """Two who change the very same letters at one moment may cross: then the second hears so, and keeps its words."""
    recorded = tmp_path / "sessions.json.gz"
    sessions, seed = os.environ.get("SUGGEST_SESSIONS", "1500"), os.environ.get("SUGGEST_SEED", "90000")
    record = ["node", "tests/drafts/suggest_strokes.mjs", sessions, seed, str(recorded), habit]
    subprocess.run(record, check=True)
    together = apart = crossed = 0
    for name, case in cases(recorded).items():
        count, refused, let_in = replayed(case)
        assert not let_in, name
        if name.endswith("apart 0"):
            together += count
            assert not refused, name
        else:
            apart, crossed = apart + count, crossed + refused
    print(f"{together} and {apart} strokes, {crossed} crossed")
    assert crossed * 200 <= apart


# What is not a suggestion. Each edit is made on a text with suggestions of both people and says whether it did anything.


@lru_cache(maxsize=1)
def scenes() -> list[bytes]:
    """Texts as they stood in the recorded sessions, with suggestions of ME and OTHER in them."""
    found = []
    for case in CASES.values():
        room = Room(base64.b64decode(case["state"]))
        for stroke in case["strokes"]:
            room.take(base64.b64decode(stroke["update"]), stroke["client"], suggests=stroke["suggests"])
            people = {client_of(one.ident) for one in suggestions_in(room.tree)}
            if people >= {ME, OTHER}:
                found.append(document.state(room.doc))
    assert len(found) > 20
    return found


def runs_of(root: Any) -> list[tuple[Any, int, int, dict[str, Any]]]:
    """(text, start, end, marks) of every run; offsets are bytes."""
    found = []
    for block in root.children:
        for text in block.children:
            at = 0
            for words, marks in text.diff() if hasattr(text, "diff") else ():
                found.append((text, at, at + len(words.encode()), marks or {}))
                at += len(words.encode())
    return found


def ident(marks: dict[str, Any], name: str) -> str:
    return str((marks.get(name) or {}).get("id", ""))


def is_ordinary(marks: dict[str, Any]) -> bool:
    return "insertion" not in marks


def of(marks: dict[str, Any], name: str, client: int) -> bool:
    return name in marks and client_of(ident(marks, name)) == client


def emptied(text: Any, marks: dict[str, Any]) -> None:
    """Marked words come and go; the mark stays, for whoever writes there next."""
    text.insert(0, "z", marks)
    del text[0:1]


EDITS: dict[str, tuple[Any, Any]] = {
    # name: (which runs, what is done to one)
    "plain words": (lambda m: True, lambda t, a, b, m: t.insert(a, "zz", {})),
    "words in somebody else's name": (
        lambda m: True,
        lambda t, a, b, m: t.insert(a, "zz", {"insertion": {"id": f"{OTHER}-new"}}),
    ),
    "words that somebody else takes out once they are accepted": (
        lambda m: True,
        lambda t, a, b, m: t.insert(
            a, "zz", {"insertion": {"id": f"{ME}-new"}, "deletion": {"id": f"{OTHER}-new"}}
        ),
    ),
    "words of nobody": (lambda m: True, lambda t, a, b, m: t.insert(a, "zz", {"insertion": {"id": "zz"}})),
    "words without an id": (lambda m: True, lambda t, a, b, m: t.insert(a, "zz", {"insertion": {}})),
    "ordinary words out": (is_ordinary, lambda t, a, b, m: t.__delitem__(slice(a, b))),
    "bold": (is_ordinary, lambda t, a, b, m: t.format(a, b, {"strong": None if "strong" in m else {}})),
    "a link": (is_ordinary, lambda t, a, b, m: t.format(a, b, {"link": {"href": "https://autre.nc/"}})),
    "a remark": (
        is_ordinary,
        lambda t, a, b, m: t.format(a, b, {"remark--AAAAAAAA": {"id": "r1"}}),
    ),
    "one's own put in is accepted": (
        lambda m: of(m, "insertion", ME),
        lambda t, a, b, m: t.format(a, b, {"insertion": None}),
    ),
    "one's own taken out is accepted": (
        lambda m: of(m, "deletion", ME) and is_ordinary(m),
        lambda t, a, b, m: t.__delitem__(slice(a, b)),
    ),
    "another's put in is taken away": (
        lambda m: of(m, "insertion", OTHER),
        lambda t, a, b, m: t.__delitem__(slice(a, b)),
    ),
    "another's put in is accepted": (
        lambda m: of(m, "insertion", OTHER),
        lambda t, a, b, m: t.format(a, b, {"insertion": None}),
    ),
    "another's put in becomes one's own": (
        lambda m: of(m, "insertion", OTHER),
        lambda t, a, b, m: t.format(a, b, {"insertion": {"id": f"{ME}-stolen"}}),
    ),
    "another's words are made bold": (
        lambda m: of(m, "insertion", OTHER),
        lambda t, a, b, m: t.format(a, b, {"strong": None if "strong" in m else {}}),
    ),
    "another's taken out is kept": (
        lambda m: of(m, "deletion", OTHER) and is_ordinary(m),
        lambda t, a, b, m: t.format(a, b, {"deletion": None}),
    ),
    "another's taken out becomes one's own": (
        lambda m: of(m, "deletion", OTHER) and is_ordinary(m),
        lambda t, a, b, m: t.format(a, b, {"deletion": {"id": f"{ME}-stolen"}}),
    ),
    "another's grows": (
        lambda m: is_ordinary(m) and "deletion" not in m,
        lambda t, a, b, m: t.format(a, b, {"deletion": {"id": f"{OTHER}-1"}}),
    ),
    "ordinary words become put in": (
        is_ordinary,
        lambda t, a, b, m: t.format(a, b, {"insertion": {"id": f"{ME}-own"}}),
    ),
}
BLOCKS: dict[str, Any] = {
    "a mark that covers nothing yet": lambda root: emptied(
        root.children[0].children[0], {"abbr": {"title": "x"}}
    ),
    "another's mark that covers nothing yet": lambda root: emptied(
        root.children[0].children[0], {"insertion": {"id": f"{OTHER}-z"}}
    ),
    "an id": lambda root: root.children[0].attributes.__setitem__("id", "zz"),
    "a level": lambda root: root.children[3].attributes.__setitem__("level", 4),
    "a new block": lambda root: root.children.append(pycrdt.XmlElement("paragraph")),
    "a block out": lambda root: root.children.__delitem__(slice(1, 2)),
    "a line break": lambda root: root.children[1].children.append(pycrdt.XmlElement("hard_break")),
    "a text full of plain words": lambda root: root.children[1].children.append(pycrdt.XmlText("zz")),
    "a whole text out": lambda root: root.children[1].children.__delitem__(slice(0, 1)),
}


def stroke(state: bytes, client: int, *edits: Any) -> bytes:
    """The update that these edits make, as one who sits at the table would send it."""
    peer = document.new_document(client)
    document.apply(peer, state)
    before = document.state_vector(peer)
    with peer.transaction():
        for edit in edits:
            edit(document.content(peer))
    return document.diff(peer, before)


def honest(root: Any) -> None:
    """A suggestion that would pass by itself."""
    text = runs_of(root)[0][0]
    text.insert(0, "bien ", {"insertion": {"id": f"{ME}-h"}})


FEW = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.filter_too_much]
)


@pytest.mark.parametrize("name", EDITS)
@FEW
@given(data=st.data())
def test_what_is_no_suggestion_never_passes(name: str, data: st.DataObject) -> None:
    which, act = EDITS[name]
    number = data.draw(st.integers(0, len(scenes()) - 1))
    state = scenes()[number]
    room = Room(state)
    before = room.tree
    places = [place for place, run in enumerate(runs_of(document.content(room.doc))) if which(run[3])]
    assume(places)
    place = data.draw(st.sampled_from(places))

    def edit(root: Any) -> None:
        text, start, end, marks = runs_of(root)[place]
        act(text, start, end, marks)

    beside = data.draw(st.booleans())
    # Hidden behind a suggestion in the same stroke, or alone. It comes last, so that places are still true.
    update = stroke(state, ME, edit, *([honest] if beside else []))
    # Words that go on in one's own are asked for again, since they may have been a suggestion when they were typed.
    codes = {"forbidden", "resync"} if name == "plain words" else {"forbidden"}
    assert room.take(update, ME, suggests=True) in codes
    assert room.tree == before
    # The same stroke of somebody who writes is no fault, and the room goes on.
    assert room.take(stroke(state, ME, honest), ME, suggests=True) == ""


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_and_their_attributes_are_left_alone(name: str) -> None:
    for case in list(CASES.values())[:3]:
        state = base64.b64decode(case["state"])
        for edits in ((BLOCKS[name],), (BLOCKS[name], honest)):
            room = Room(state)
            before = room.tree
            assert room.take(stroke(state, ME, *edits), ME, suggests=True) == "forbidden"
            assert room.tree == before
            assert Room(state).take(stroke(state, ME, *edits), ME, suggests=False) == ""


def texts_in(block: Any) -> list[Any]:
    return [child for child in block.children if hasattr(child, "diff")]


def test_a_suggestion_of_somebody_else_is_opened_only_where_it_stands() -> None:
    """Elsewhere it would cover what is written there next, though it covers nothing yet: in a block that is not touched, and in
    one that is, while the sender suggests something honest where the mark does stand."""
    tried = {"ghost": 0, "hidden": 0, "true": 0}
    for state in scenes():
        children = document.content(Room(state).doc).children
        blocks = [
            {ident(marks or {}, "deletion") for text in texts_in(block) for _, marks in text.diff()}
            for block in children
        ]
        others = sorted({found for here in blocks for found in here if client_of(found) == OTHER})
        worded = [place for place, block in enumerate(children) if texts_in(block)]
        for place, found in ((place, found) for place in worded for found in others):
            there = next(number for number, here in enumerate(blocks) if found in here)

            def opens(root: Any, place: int = place, found: str = found) -> None:
                emptied(texts_in(root.children[place])[0], {"deletion": {"id": found}})

            def hides(root: Any, touched: tuple[int, ...] = (place, there)) -> None:
                for number in sorted(set(touched)):
                    put_in = {"insertion": {"id": f"{ME}-h{number}"}}
                    texts_in(root.children[number])[0].insert(0, "bien ", put_in)

            elsewhere = next(number for number in worded if number != place)
            if found in blocks[place]:
                update = stroke(state, ME, opens, lambda root, both=(place, elsewhere): hides(root, both))
                assert Room(state).take(update, ME, suggests=True) == ""
                tried["true"] += 1
                continue
            for name, edits in (("ghost", (opens,)), ("hidden", (opens, hides))):
                room = Room(state)
                before = room.tree
                assert room.take(stroke(state, ME, *edits), ME, suggests=True) == "forbidden", (name, place)
                assert room.tree == before
                tried[name] += 1
    assert min(tried.values()) > 20, tried


def test_the_copy_follows_what_others_write() -> None:
    state = base64.b64decode(next(iter(CASES.values()))["state"])
    room = Room(state)
    assert room.take(stroke(state, ME, honest), ME, suggests=True) == "" and room.trial.is_ready
    for number in range(MOST_BEHIND + 1):
        text = document.state(room.doc) if number in (0, MOST_BEHIND) else None
        if text is None:
            room.trial.follow(b"\x00\x00")
            continue
        writes = stroke(text, 30, lambda root: root.children[0].children[0].insert(0, "x", {}))
        assert room.take(writes, 30, suggests=False) == ""
    # Too far behind it is made anew; the judgement is the same.
    assert not room.trial.is_ready
    plain = stroke(
        document.state(room.doc), OTHER, lambda root: root.children[0].children[0].insert(0, "x", {})
    )
    assert room.take(plain, OTHER, suggests=True) == "forbidden" and not room.trial.is_ready
    again = stroke(document.state(room.doc), ME, lambda root: None)
    assert room.take(again, ME, suggests=True) == "" and room.trial.is_ready


def test_the_wide_door_asks_the_same() -> None:
    state = base64.b64decode(next(iter(CASES.values()))["state"])
    checker = BulkChecker()
    try:
        plain = stroke(state, ME, lambda root: root.children[0].children[0].insert(0, "x", {}))
        checker.check(state, stroke(state, ME, honest), [ME], suggests=True)
        checker.check(state, plain, [ME])
        with pytest.raises(GateRefusal) as refused:
            checker.check(state, plain, [ME], suggests=True)
        assert refused.value.code == "forbidden"
    finally:
        checker.close()
