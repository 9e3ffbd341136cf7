"""Whose words they are when the real editor writes: sessions of three people in the browser's own code, against signs
that were typed once each, so that everybody knows whose they are.

What people do there: split, join, wrap, change of block, tables, moved blocks, cut by one and pasted by another, undo and
redo, suggestions taken up, remarks anchored; in half of the sessions they have not seen each other's last strokes.
`node realtime/client/tests/walk.mjs SEED SESSIONS STEPS FILE` makes more of them.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import ROOT
from drafts import whose
from drafts.authorship import RunTable
from drafts.document import apply, new_document, read_tree, rewrite_update
from drafts.grammar import blocks, inline_text, plain_text

SESSIONS, STEPS = 24, 80
RESTORER, RESTORING = 9, 9_000


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return made(tmp_path_factory.mktemp("walks") / "walks.json", 1, SESSIONS, STEPS)


def made(file: Path, first: int, sessions: int, steps: int) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["node", "realtime/client/tests/walk.mjs", str(first), str(sessions), str(steps), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def wrong(runs: RunTable, signs: dict[str, int]) -> dict[str, int]:
    """The signs that are said to be somebody else's, and whose."""
    return {
        sign: carried
        for line in runs.runs()
        for words, carried, _raw in line
        for sign in words
        if sign in signs and carried != signs[sign]
    }


def replayed(walk: dict[str, Any], checkpoint_every: int = 0) -> Iterator[RunTable]:
    """The table after each stroke of a session."""
    server = new_document()
    runs = RunTable.of(server)
    for number, stroke in enumerate(walk["strokes"], 1):
        with runs.recording(stroke["person"]):
            apply(server, base64.b64decode(stroke["update"]))
        yield runs
        if checkpoint_every and number % checkpoint_every == 0:
            stored = runs.encode(memory=True)
            runs.close()
            runs = RunTable.of(server, stored)


def test_words_keep_their_authors_whatever_is_done_with_them(walks: list[dict[str, Any]]) -> None:
    kept = 0
    for walk in walks:
        if walk["calm"]:
            for number, runs in enumerate(replayed(walk, checkpoint_every=7)):
                assert not wrong(runs, walk["signs"]), (walk["seed"], walk["strokes"][number]["deed"])
            assert runs.repairs == 0
            kept += sum(runs.shares().values())
    assert kept > 100 * SESSIONS, "the walks leave texts to look at"


def test_hardly_a_syllable_is_lost_when_people_write_over_one_another(walks: list[dict[str, Any]]) -> None:
    """Undone acts on which others have built, and strokes made without having seen the last ones, put the same words in
    several places and mix them: what is taken out in small pieces may then be said to be of who put it back."""
    lost = kept = 0
    for walk in walks:
        if not walk["calm"]:
            *_, runs = replayed(walk, checkpoint_every=7)
            assert runs.repairs == 0
            lost += len(wrong(runs, walk["signs"]))
            kept += sum(runs.shares().values())
    assert kept > 100 * SESSIONS
    assert lost <= kept / 50


def test_the_passages_are_those_of_the_blocks(walks: list[dict[str, Any]]) -> None:
    for walk in walks[:10]:
        *_, runs = replayed(walk)
        texts = {block["attrs"]["id"]: inline_text(block) for block in blocks(read_tree(runs.doc))}
        told = 0
        for held in whose.whose(runs):
            shown = texts[held.id].encode("utf-16-le")
            for start, words, person in held.passages:
                assert shown[2 * start : 2 * (start + whose.units(words))].decode("utf-16-le") == words
                told += len(words)
                if walk["calm"]:
                    assert {walk["signs"][sign] for sign in words} == {person}
        assert told == sum(runs.shares().values())


def test_a_restored_text_is_still_its_authors(walks: list[dict[str, Any]]) -> None:
    """By the server, for somebody else, in one edit: as it was half way, and as it was at the end."""
    lost = kept = 0
    for walk in walks:
        if not walk["calm"]:
            continue
        trees = []
        for runs in replayed(walk):
            trees.append(read_tree(runs.doc))
        for step, tree in enumerate((trees[len(trees) // 2], trees[-1])):
            update = rewrite_update(runs.doc, tree, RESTORING + step)
            with runs.recording(RESTORER):
                apply(runs.doc, update or b"\x00\x00")
            assert plain_text(read_tree(runs.doc)) == plain_text(tree)
            found = wrong(runs, walk["signs"])
            lost += len(found)
            kept += sum(runs.shares().values())
    assert lost <= kept / 50, (lost, kept)
