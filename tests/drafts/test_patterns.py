"""Patterns: texts to begin from, written once by the server, in the French of the screens."""

from __future__ import annotations

import runpy

import pytest

from app.db import reading, session, unit_of_work
from app.errors import Invalid
from drafts import log, patterns
from drafts.grammar import GRAMMAR, Tree, blocks, normalise, plain_text
from drafts.models import Draft
from tests import makers
from tests.clients import PageClient
from tests.house.tree import ROOT

SLUGS = [pattern.slug for pattern in patterns.patterns()]
TYPESET = runpy.run_path(str(ROOT / "make" / "typeset.py"))["typeset"]


def bare(tree: Tree) -> Tree:
    """The tree without the ids of its blocks."""
    found = []
    for node in tree:
        attrs = {name: value for name, value in node.get("attrs", {}).items() if name != "id"}
        node = {key: value for key, value in node.items() if key != "attrs"} | (
            {"attrs": attrs} if attrs else {}
        )
        if "content" in node and not GRAMMAR.nodes[node["type"]].holds_inline:
            node["content"] = bare(node["content"])
        found.append(node)
    return found


@pytest.mark.parametrize("slug", SLUGS)
def test_a_pattern_is_of_the_grammar_and_typeset(slug: str) -> None:
    tree = patterns.text_of(slug)
    assert normalise(tree) == tree
    for line in plain_text(tree).split("\n"):
        assert TYPESET(line) == line
    pattern = next(one for one in patterns.patterns() if one.slug == slug)
    assert pattern.title and pattern.summary.endswith(".")


def test_patterns_show_what_a_text_may_be_made_of() -> None:
    shown = {block["type"] for slug in SLUGS for block in blocks(patterns.text_of(slug))}
    assert shown >= {
        "lead", "heading", "steps", "documents", "cost", "delay", "legal", "question", "definition", "situations",
        "variants", "contact", "service", "further", "note",
    }  # fmt: skip


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if slug != patterns.EMPTY])
def test_two_texts_of_one_pattern_have_no_block_in_common(slug: str) -> None:
    first, second = ({block["attrs"]["id"] for block in blocks(patterns.text_of(slug))} for _ in range(2))
    assert first and len(first) == len(list(blocks(patterns.text_of(slug)))) and not first & second


def test_a_pattern_nobody_offers_is_refused() -> None:
    with pytest.raises(Invalid):
        patterns.text_of("../patterns")


def test_a_new_draft_begins_with_the_pattern_that_was_chosen(client: PageClient) -> None:
    with unit_of_work():
        place = makers.make_administration()
        writer = makers.make_agent(place)
        lab = makers.make_lab(writer, place).slug
    new = f"/labs/{lab}/brouillons/nouveau"
    client.sign_in(writer)
    page = client.get(new)
    assert page.form(new).values["modele"] == [patterns.EMPTY]
    assert "Demander une aide" in page.main and "conseils entre crochets" in page.main
    client.send(new, titre="Demander l’aide au logement", modele="aide")
    with reading():
        draft = session().query(Draft).one()
        assert draft.head_seq == 1
        assert bare(log.text(draft.id).tree) == bare(patterns.text_of("aide"))
        # The words are those of who began the text; what they leave standing, they answer for.
        assert set(log.load(draft.id).runs.shares()) == {writer.id}
    client.get(new)
    client.send(new, titre="Une page blanche")
    with reading():
        assert session().query(Draft).order_by(Draft.id.desc()).first().head_seq == 0
    client.get(new)
    assert "modèles proposés" in client.send(new, 422, titre="Autre", modele="inconnu").main
