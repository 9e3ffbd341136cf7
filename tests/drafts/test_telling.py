"""A moment comes back as it was: its blocks, its words, and whose they are."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from drafts import canonical, document
from drafts.anchors import Passage
from drafts.grammar import GRAMMAR, blocks, with_ids
from drafts.retelling import Span, spans_of, words_of
from drafts.telling import replayed, tell
from tests.drafts.every_block import EVERY, p, words
from tests.drafts.random_texts import Life, lived

ANA, BEN, EVE = 1, 2, 9


def back(life: Life, tree: list[dict[str, Any]], spans: list[Span] | None) -> Any:
    """What the text reads as, and whose it is, after EVE went back to `tree`; the rows, and letters that went astray."""
    told = tell(life.doc, life.runs, tree, spans, asked_by=EVE, clients=range(10**6, 10**6 + 80))
    doc, table = replayed(life.doc, life.runs, told.rows)
    found = document.read_tree(doc)
    return found, spans_of(found, table.runs()), told


def people(spans: list[Span] | None) -> list[int]:
    return [span.person for span in spans or () for _ in range(span.characters)]


def bare(tree: list[dict[str, Any]]) -> Any:
    """Without anchors of remarks."""
    found = []
    for node in tree:
        node = dict(node)
        if "marks" in node:
            marks = [one for one in node.pop("marks") if one["type"] not in GRAMMAR.beside]
            node |= {"marks": marks} if marks else {}
        if "content" in node:
            node["content"] = bare(node["content"])
        last = found[-1] if found else None
        if (
            node["type"] == "text"
            and last
            and last["type"] == "text"
            and last.get("marks") == node.get("marks")
        ):
            found[-1] = {**last, "text": last["text"] + node["text"]}
        else:
            found.append(node)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_any_moment_of_a_random_life_comes_back_with_its_authors(seed: int) -> None:
    life = lived(Random(seed))
    for tree, spans in life.moments[::3]:
        found, whose, told = back(life, tree, spans)
        assert bare(found) == bare(tree)
        assert whose is not None and spans is not None
        assert people(whose) == people(spans), told.off
        # Nobody writes under the name of somebody whose words do not come back.
        assert {person for person, _client, _update in told.rows} <= {EVE, *people(spans)}
        assert len({client for _person, client, _update in told.rows}) == len(told.rows)


def plain(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without open suggestions, which have no canonical form."""
    for block in blocks(tree):
        for node in block.get("content", ()):
            if "marks" in node:
                node["marks"] = [one for one in node["marks"] if one["type"] not in ("insertion", "deletion")]
    return tree


@pytest.mark.parametrize("seed", range(6))
def test_the_canonical_form_is_the_old_one(seed: int) -> None:
    life = lived(Random(1000 + seed))
    tree, spans = life.moments[4]
    tree = plain(tree)
    found, _whose, _told = back(life, tree, spans)
    assert canonical.canonical_bytes(canonical.tidy(found), {}) == canonical.canonical_bytes(
        canonical.tidy(tree), {}
    )


def test_every_kind_of_block_comes_back_from_nothing() -> None:
    life = Life()
    life.rewrite(ANA, EVERY)
    life.rewrite(BEN, [])
    tree, spans = life.moments[0]
    found, whose, told = back(life, tree, spans)
    assert found == with_ids(EVERY)
    assert set(people(whose)) == {ANA} and told.off == 0


def test_a_sentence_that_two_people_typed_stays_each_ones_own() -> None:
    """The table of authors takes a long piece for a copy of the words that stand elsewhere."""
    sentence = "Présentez-vous à la mairie de la commune."
    life = Life()
    life.rewrite(ANA, [p("a", sentence), p("b", "")])
    for end in range(1, len(sentence) + 1):
        life.rewrite(BEN, [p("a", sentence), p("b", sentence[:end])])
    tree, spans = life.moments[-1]
    assert set(people(spans)) == {ANA, BEN}
    life.rewrite(ANA, [p("a", sentence)])
    _found, whose, told = back(life, tree, spans)
    assert people(whose) == people(spans) and told.off == 0


def test_blocks_that_are_the_same_are_not_touched() -> None:
    life = Life()
    life.rewrite(ANA, [p("a", "Un."), p("b", "Deux."), p("c", "Trois.")])
    tree, spans = life.moments[0]
    life.rewrite(BEN, [p("a", "Un."), p("b", "Deux et demi."), p("c", "Trois.")])
    _found, _whose, told = back(life, tree, spans)
    # Only what goes is said.
    assert len(told.rows) == 1 and told.rows[0][0] == EVE and len(told.rows[0][2]) < 20


def test_words_of_nobody_who_is_known_come_back_under_who_asked() -> None:
    life = Life()
    life.rewrite(ANA, [p("a", "Un.")])
    _found, whose, told = back(life, [p("b", "Deux."), p("a", "Un.")], None)
    assert set(people(whose)) == {ANA, EVE}
    assert {person for person, _client, _update in told.rows} == {EVE}


def test_nothing_is_written_when_nothing_changes() -> None:
    life = Life()
    life.rewrite(ANA, [p("a", "Un.")])
    assert back(life, *life.moments[0])[2].rows == ()


def test_anchors_of_remarks_follow_the_words_that_stay_and_no_others() -> None:
    life = Life()
    life.rewrite(ANA, [{**p("a", ""), "content": [words("Le dossier complet")]}])
    life.anchor("r0", Passage("a", 0, "Le dossier complet"))
    tree, spans = life.moments[-1]
    life.rewrite(BEN, [{**p("a", ""), "content": [words("Le")]}])
    life.rewrite(BEN, [{**p("a", ""), "content": [words("Le dossier")]}])
    for remark in ("r1", "r2"):
        life.anchor(remark, Passage("a", 3, "dossier"))
    found, _whose, _told = back(life, tree, spans)
    assert words_of(found) == "Le dossier complet"
    anchored = {
        node["text"]: [one["attrs"]["id"] for one in node.get("marks", ())] for node in found[0]["content"]
    }
    assert anchored == {"Le ": [], "dossier": ["r1", "r2"], " complet": []}
