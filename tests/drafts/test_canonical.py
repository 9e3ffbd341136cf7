"""The canonical form: the shared vectors, what leaves a fingerprint alone and what must change it."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from drafts.canonical import (
    NotCanonical,
    canonical_bytes,
    fingerprint,
    parse,
    scope_bytes,
    scope_fingerprint,
    tidy,
)
from drafts.document import read_tree, replay, seed_update
from tests.drafts.every_block import EVERY

FOLDER = Path(__file__).parents[1] / "vectors"
VECTORS = json.loads((FOLDER / "canonical.json").read_text(encoding="utf-8"))
SCOPES = json.loads((FOLDER / "scopes.json").read_text(encoding="utf-8"))


def words(text: str, *marks: str) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"marks": [{"type": mark} for mark in marks]} if marks else {})}


def block(kind: str, ident: str, *content: dict[str, Any], **attrs: Any) -> dict[str, Any]:
    return {"type": kind, "attrs": {"id": ident, **attrs}, "content": list(content)}


TREE = [
    block("lead", "b1", words("En bref.")),
    block("heading", "b2", words("Qui est concerné ?")),
    block("paragraph", "b3", words("Tout le monde.")),
    block("paragraph", "b4", words("Sauf l’État.")),
]
FIELDS = {"title": "Déménager", "cost": 1500, "themes": ["logement"]}


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vectors(vector: dict[str, Any]) -> None:
    canonical = canonical_bytes(vector["tree"], vector["fields"])
    assert canonical.decode() == vector["canonical"]
    assert fingerprint(canonical) == vector["fingerprint"]
    tree, fields = parse(canonical)
    assert canonical_bytes(tree, fields) == canonical, "the form of what was read back is the form itself"


def test_a_text_that_went_through_a_document_has_the_same_form() -> None:
    for vector in VECTORS:
        tree, _ = parse(vector["canonical"].encode())
        if all(_named(node) for node in tree):
            seen = read_tree(replay(None, [seed_update(tree, 7)]))
            assert canonical_bytes(seen, vector["fields"]).decode() == vector["canonical"], vector["name"]


def _named(node: dict[str, Any]) -> bool:
    if node["type"] in ("text", "hard_break"):
        return True
    return "id" in node.get("attrs", {}) and all(_named(child) for child in node.get("content", ()))


def test_an_open_suggestion_has_no_form() -> None:
    for mark in ("insertion", "deletion", "insertion--abcdefgh"):
        with pytest.raises(NotCanonical):
            canonical_bytes([block("paragraph", "b1", words("peut-être", mark))], {})
    canonical_bytes([block("paragraph", "b1", words("sûrement", "strong"))], {})


def test_what_json_cannot_carry_is_refused() -> None:
    for value in (2**60, float("nan"), float("inf"), "\ud800"):
        with pytest.raises(NotCanonical):
            canonical_bytes([], {"cost": value})


def test_only_the_form_is_read_back() -> None:
    for wrong in (b"", b"[]", b'{"canon":2,"blocks":[],"fields":{}}', b'{"canon":1,"blocks":[]}', b"\xff"):
        with pytest.raises(NotCanonical):
            parse(wrong)


@pytest.mark.parametrize("vector", SCOPES, ids=[vector["name"] for vector in SCOPES])
def test_vectors_of_scopes(vector: dict[str, Any]) -> None:
    form = scope_bytes(vector["tree"], vector["fields"], vector["blocks"])
    assert form.decode() == vector["canonical"]
    assert fingerprint(form) == vector["fingerprint"]
    # As it is counted again from an evidence file: out of the text itself.
    tree, fields = parse(canonical_bytes(vector["tree"], vector["fields"]))
    assert scope_fingerprint(tree, fields, vector["blocks"]) == vector["fingerprint"]


def test_the_whole_text_is_the_default_scope() -> None:
    assert scope_bytes(TREE, FIELDS) == canonical_bytes(TREE, FIELDS)


def test_a_scope_ignores_other_blocks_and_other_fields() -> None:
    seen = scope_fingerprint(TREE, FIELDS, ["b3"])
    elsewhere = [*TREE[:3], block("paragraph", "b4", words("Sauf les communes."))]
    assert scope_fingerprint(elsewhere, FIELDS, ["b3"]) == seen
    assert scope_fingerprint(TREE, {**FIELDS, "themes": ["impôts"]}, ["b3"]) == seen
    assert scope_fingerprint(TREE, FIELDS, ["b3", "b3"]) == seen
    decomposed = json.loads(unicodedata.normalize("NFD", json.dumps(TREE, ensure_ascii=False)))
    assert scope_fingerprint(decomposed, FIELDS, ["b3"]) == seen


def test_a_scope_changes_with_its_blocks_the_lead_and_the_fields_of_every_scope() -> None:
    seen = scope_fingerprint(TREE, FIELDS, ["b3", "b4"])
    others = {
        scope_fingerprint([TREE[0], TREE[1], TREE[3], TREE[2]], FIELDS, ["b3", "b4"]),
        scope_fingerprint(TREE[:3], FIELDS, ["b3", "b4"]),
        scope_fingerprint([block("lead", "b1", words("Bref.")), *TREE[1:]], FIELDS, ["b3", "b4"]),
        scope_fingerprint([*TREE[:3], block("heading", "b4", words("Sauf l’État."))], FIELDS, ["b3", "b4"]),
        scope_fingerprint(TREE, {**FIELDS, "title": "Emménager"}, ["b3", "b4"]),
        scope_fingerprint(TREE, {**FIELDS, "cost": 0}, ["b3", "b4"]),
        scope_fingerprint(TREE, FIELDS, ["b3"]),
        scope_fingerprint(TREE, FIELDS),
    }
    assert len(others) == 8 and seen not in others


def test_a_block_that_never_was_is_not_the_empty_scope() -> None:
    assert scope_fingerprint(TREE, FIELDS, ["gone"]) != scope_fingerprint(TREE, FIELDS, [])


def test_tidy_keeps_what_refers_to_something() -> None:
    assert tidy(EVERY) == EVERY
    kept = [
        block("step", "s1", {"type": "contact", "attrs": {"id": "k1", "administration": "dpass"}}),
        block("question", "q1", {"type": "service", "attrs": {"id": "k2"}}),
        block("situation", "c1", {"type": "image", "attrs": {"id": "m1", "image": "ab", "decorative": 1}}),
        block("definition", "d1", block("label", "l1", words("Un mot"))),
        block("variant", "v1", {"type": "legal", "attrs": {"id": "g1", "number": "n° 3"}}),
    ]
    assert tidy(kept) == kept
    shells = [
        block("steps", "a1", block("step", "a2", block("label", "a3"))),
        block("documents", "a4", block("list_item", "a5", {"type": "paragraph", "attrs": {"id": "a6"}})),
        block("variants", "a7", {"type": "variant", "attrs": {"id": "a8", "territories": "noumea"}}),
        block("question", "a9", {"type": "image", "attrs": {"id": "b1", "decorative": 1}}),
    ]
    assert tidy(shells) == []


def test_tidy_drops_shells_and_names_blocks() -> None:
    tree = [
        {"type": "bullet_list", "attrs": {"id": "l1"}},
        block("bullet_list", "l2", block("list_item", "i1", {"type": "paragraph", "attrs": {"id": "p1"}})),
        block("ordered_list", "l3", block("list_item", "i2", block("paragraph", "p2", words("un")))),
        block("table", "t1", {"type": "table_row", "attrs": {"id": "r1"}}),
        block("table", "t2", block("table_row", "r2", {"type": "table_cell", "attrs": {"id": "c1"}})),
        block("note", "n1", {"type": "paragraph", "attrs": {"id": "p3"}}),
        {"type": "paragraph", "content": [words("sans nom")]},
        {"type": "paragraph"},
    ]
    tidied = tidy(tree)
    assert [node["type"] for node in tidied] == ["ordered_list", "table", "paragraph", "paragraph"]
    assert all(node["attrs"]["id"] for node in tidied)
    assert tidy(tidied) == tidied
