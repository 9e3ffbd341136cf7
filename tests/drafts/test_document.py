"""The living document: what is read is what was written, ids are repaired alike everywhere, broken bytes are told."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import XmlText

from drafts.authorship import RunTable
from drafts.document import (
    Doc,
    DocumentBroken,
    Element,
    Text,
    apply,
    content,
    diff,
    new_document,
    plain_text,
    read_tree,
    replay,
    rewrite_update,
    seed_update,
    state,
    state_vector,
)
from drafts.gate import RoomIndex, check
from drafts.grammar import GRAMMAR, blocks, normalise, with_ids
from tests.drafts.every_block import EVERY

FIXED = settings(derandomize=True, max_examples=60, deadline=None, database=None)


def words(text: str, *marks: Any) -> dict[str, Any]:
    typed = [mark if isinstance(mark, dict) else {"type": mark} for mark in marks]
    return {"type": "text", "text": text, **({"marks": typed} if typed else {})}


def block(kind: str, ident: str | None, /, *content: dict[str, Any], **attrs: Any) -> dict[str, Any]:
    node: dict[str, Any] = {"type": kind}
    if ident is not None:
        attrs = {"id": ident, **attrs}
    if attrs:
        node["attrs"] = attrs
    if content:
        node["content"] = list(content)
    return node


LINK = {"type": "link", "attrs": {"href": "https://service.gouv.nc/?a=1&b=é"}}
BREAK = {"type": "hard_break"}
TREE = [
    block("lead", "b1", words("En bref : "), words("é🎉", "em", "strong")),
    block("heading", "b2", words("Qui est concerné ?"), level=3),
    block(
        "bullet_list",
        "b3",
        block(
            "list_item", "b4", block("paragraph", "b5", words("gras", "strong"), BREAK, words("lien", LINK))
        ),
    ),
    block("note", "b6", block("paragraph", "b7", words("Attention")), kind="warning"),
    block(
        "table",
        "b8",
        block(
            "table_row",
            "b9",
            block("table_header", "b10", block("paragraph", "b11", words("Province"))),
            block("table_cell", "b12", block("paragraph", "b13")),
        ),
    ),
    block("paragraph", "b14"),
]


def test_what_is_seeded_is_read_back() -> None:
    doc = replay(None, [seed_update(TREE, 42)])
    assert read_tree(doc) == TREE
    assert read_tree(replay(state(doc), [])) == TREE
    assert plain_text(TREE).splitlines()[:4] == ["En bref : é🎉", "Qui est concerné ?", "gras", "lien"]


def test_a_seed_is_laid_out_as_the_editor_would() -> None:
    root = content(replay(None, [seed_update(TREE, 42)]))
    heading = root.children[1]
    assert (heading.tag, dict(iter(heading.attributes))) == ("heading", {"id": "b2", "level": 3.0})
    item = root.children[2].children[0].children[0]
    assert [child.tag if isinstance(child, Element) else child.diff() for child in item.children] == [
        [("gras", {"strong": {}})],
        "hard_break",
        [("lien", {"link": {"href": LINK["attrs"]["href"]}})],
    ]
    assert list(root.children[5].children) == [], "an empty paragraph holds no text"
    level_two = content(replay(None, [seed_update([block("heading", "h")], 42)])).children[0]
    assert dict(iter(level_two.attributes)) == {"id": "h", "level": 2.0}, (
        "defaults other than null are written"
    )


def test_every_block_of_the_grammar_is_written_and_read_back() -> None:
    names = {node["type"] for node in blocks(EVERY)} | {"doc", "text", "hard_break"}
    assert names == set(GRAMMAR.nodes), "the text of the tests leaves a block of the grammar out"
    doc = replay(None, [seed_update(EVERY, 42)])
    assert read_tree(doc) == EVERY == with_ids(normalise(EVERY))
    other = [*EVERY[:1], *reversed(EVERY[1:])]
    changed = [
        {**node, "attrs": {**node["attrs"], "counter": 9, "administration": "kone"}}
        if node["type"] == "contact"
        else node
        for node in other
    ]
    for number, wanted in enumerate((changed, EVERY, [], EVERY)):
        apply(doc, rewrite_update(doc, wanted, 50 + number))
        assert read_tree(doc) == wanted


def test_a_leaf_that_holds_something_reads_as_a_leaf_and_is_written_anew() -> None:
    doc = replay(None, [seed_update([block("contact", "k", administration="dpass")], 42)])
    with doc.transaction():
        leaf = content(doc).children[0]
        leaf.children.append(XmlText("perdu"))
    assert read_tree(doc) == [block("contact", "k", administration="dpass")]
    apply(doc, rewrite_update(doc, [block("contact", "k", administration="kone")], 43))
    assert read_tree(doc) == [block("contact", "k", administration="kone")]


def test_a_seed_stands_under_the_client_id_it_was_given() -> None:
    doc = replay(None, [seed_update(TREE, 123_456)])
    vector = state_vector(doc)
    assert vector[0] == 1, "one client"
    other = new_document(client_id=123_456)
    apply(other, state(doc))
    with other.transaction():
        content(other).children.append(Element("paragraph"))
    assert state_vector(other)[0] == 1, "and it was this one"


def test_words_after_bold_words_are_not_bold() -> None:
    tree = [
        block(
            "paragraph",
            "b1",
            words("a", "strong"),
            words("b"),
            words("c", "em"),
            words("d", LINK),
            words("e"),
        )
    ]
    assert read_tree(replay(None, [seed_update(tree, 1)])) == tree


def test_difference_and_state_vector_bring_a_peer_up_to_date() -> None:
    doc = replay(None, [seed_update(TREE, 42)])
    peer = replay(state(doc), [])
    apply(doc, rewrite_update(doc, TREE[:2], 43))
    apply(peer, diff(doc, state_vector(peer)))
    assert read_tree(peer) == TREE[:2]
    assert read_tree(replay(None, [diff(doc, b"")])) == TREE[:2]


@pytest.mark.parametrize("bad", [b"", b"\x01\x02\x03", b"\xff" * 40, b"\x01\x01"])
def test_bytes_that_are_no_update_are_told(bad: bytes) -> None:
    with pytest.raises(DocumentBroken):
        apply(new_document(), bad)
    good = seed_update(TREE, 42)
    with pytest.raises(DocumentBroken) as told:
        replay(None, [good, bad, good])
    assert told.value.row == 1
    with pytest.raises(DocumentBroken) as told:
        replay(bad, [good])
    assert told.value.row is None
    assert read_tree(replay(None, [good])) == TREE


def test_a_panic_is_told_and_a_stop_goes_through() -> None:
    class Panicking:
        def apply_update(self, update: bytes) -> None:
            raise type("PanicException", (BaseException,), {})("index out of range")

    class Stopping:
        def apply_update(self, update: bytes) -> None:
            raise KeyboardInterrupt

    with pytest.raises(DocumentBroken):
        apply(Panicking(), b"")  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        apply(Stopping(), b"")  # type: ignore[arg-type]


# Ids


def drawn(*blocks: tuple[str, dict[str, Any]]) -> Doc:
    doc = new_document(client_id=5)
    with doc.transaction():
        for name, attrs in blocks:
            element = content(doc).children.append(Element(name))
            for key, value in attrs.items():
                element.attributes[key] = value
            element.children.append(Text(name))
    return doc


def idents(doc: Doc) -> list[str]:
    return [node["attrs"]["id"] for node in blocks(read_tree(doc))]


def test_the_first_in_document_order_keeps_a_doubled_id() -> None:
    doc = drawn(*[("paragraph", {"id": "b1"})] * 3, ("paragraph", {}), ("paragraph", {"id": "not an id!"}))
    seen = idents(doc)
    assert seen[0] == "b1"
    assert len(set(seen)) == 5
    assert idents(replay(state(doc), [])) == seen, "everybody derives the same"


def test_a_derived_id_never_takes_one_that_stands_later() -> None:
    taken = idents(drawn(("paragraph", {"id": "b1"}), ("paragraph", {})))[1]
    doc = drawn(("paragraph", {"id": "b1"}), ("paragraph", {}), ("paragraph", {"id": taken}))
    assert idents(doc)[2] == taken
    assert len(set(idents(doc))) == 3


def test_typing_in_a_block_does_not_change_its_derived_id() -> None:
    doc = drawn(("paragraph", {"id": "b1"}), ("paragraph", {}))
    before = idents(doc)
    content(doc).children[1].children[0].insert(0, "more ")
    assert idents(doc) == before


# Any nesting


def test_whatever_stands_anywhere_is_read() -> None:
    doc = new_document(client_id=5)
    with doc.transaction():
        root = content(doc)
        root.children.append(Text("stray"))
        root.children.append(Element("hard_break"))
        unknown = root.children.append(Element("script"))
        unknown.children.append(Text("alert(1)"))
        items = root.children.append(Element("bullet_list"))
        items.attributes["id"] = "l"
        items.children.append(Text("straight in the list"))
        heading = root.children.append(Element("heading"))
        heading.attributes["level"] = "3"
        heading.children.append(Text("before "))
        inner = heading.children.append(Element("paragraph"))
        inner.children.append(Text("inside"))
        text = root.children.append(Element("paragraph")).children.append(Text("embed"))
        text.insert_embed(2, {"image": "x"})
        text.insert(0, "odd ", {"blink": {}, "strong": True, "em--abcdefgh": {}, "link": {"href": 7}})
    seen = read_tree(doc)
    assert [node["type"] for node in seen] == ["paragraph", "bullet_list", "heading", "paragraph"]
    assert seen[0]["content"] == [words("stray"), BREAK]
    assert seen[1]["content"][0]["content"] == [words("straight in the list")]
    assert seen[2]["content"] == [words("before inside")]
    assert "level" not in seen[2]["attrs"]
    assert seen[3]["content"] == [
        words("odd ", "em", {"type": "link"}, "strong"),
        words("embed"),
    ]
    assert normalise(seen) == seen
    apply(doc, rewrite_update(doc, seen, 6))
    assert read_tree(doc) == seen


# Rewriting


def test_nothing_to_change_is_no_update() -> None:
    doc = replay(None, [seed_update(TREE, 42)])
    assert rewrite_update(doc, TREE, 43) == b""


def test_rewriting_touches_only_what_differs() -> None:
    doc = replay(None, [seed_update(TREE, 42)])
    runs = RunTable.of(doc)
    wanted = [
        block("lead", "b1", words("En très bref : "), words("é🎉", "em")),
        TREE[1],
        block("paragraph", "new", words("Ajouté")),
        *TREE[2:],
    ]
    update = rewrite_update(doc, wanted, 43)
    assert read_tree(doc) == TREE, "the document itself is left as it is"
    with runs.recording(7):
        apply(doc, update)
    assert read_tree(doc) == wanted
    assert runs.shares()[7] == len("très ") + len("Ajouté")
    assert runs.contributions()[7].deleted == 0


@st.composite
def trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    inline = st.lists(
        st.one_of(
            st.builds(
                lambda text, marks: words(text, *sorted(marks)),
                st.text("abé🎉 ", min_size=1, max_size=6),
                st.sets(st.sampled_from(["strong", "em"])),
            ),
            st.builds(lambda text: words(text, LINK), st.text("xyé", min_size=1, max_size=4)),
            st.just(BREAK),
        ),
        max_size=4,
    )
    ident = st.sampled_from([f"b{number}" for number in range(12)]) | st.none()
    leaf = st.builds(
        lambda kind, name, content: block(kind, name, *content),
        st.sampled_from(
            ["paragraph", "lead", "heading", "label", "cost", "legal", "image", "contact", "service"]
        ),
        ident,
        inline,
    )
    levelled = st.builds(lambda name, content: block("heading", name, *content, level=4), ident, inline)
    node = st.recursive(
        leaf | levelled,
        lambda inner: st.builds(
            lambda kind, name, content: block(kind, name, *content),
            st.sampled_from(
                [
                    "bullet_list",
                    "list_item",
                    "note",
                    "table",
                    "table_row",
                    "table_cell",
                    "steps",
                    "step",
                    "question",
                    "variant",
                ]
            ),
            ident,
            st.lists(inner, max_size=3),
        ),
        max_leaves=6,
    )
    return with_ids(normalise(draw(st.lists(node, max_size=6))))


@FIXED
@given(trees(), trees(), trees())
def test_any_text_becomes_any_other(
    first: list[dict[str, Any]], second: list[dict[str, Any]], third: list[dict[str, Any]]
) -> None:
    doc = replay(None, [seed_update(first, 1)])
    assert read_tree(doc) == first
    log = [state(doc)]
    runs = RunTable.of(doc)
    for client, tree in ((2, second), (3, third), (4, first)):
        update = rewrite_update(doc, tree, client)
        if update:
            log.append(update)
            with runs.recording(client):
                apply(doc, update)
        assert read_tree(doc) == tree
        assert rewrite_update(doc, tree, 9) == b""
    assert read_tree(replay(None, log)) == first
    assert runs.repairs == 0


@FIXED
@given(trees(), trees())
def test_what_the_server_writes_passes_the_gate(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    doc = new_document()
    index = RoomIndex.of(state(doc))
    for client, tree in ((5, first), (6, second)):
        update = rewrite_update(doc, tree, client) if client == 6 or not tree else seed_update(tree, client)
        if update:
            index.admit(check(index, update, {client}))
            apply(doc, update)
        assert read_tree(doc) == tree


def test_the_grammar_is_the_one_the_editor_reads() -> None:
    assert GRAMMAR.schema == 3
    assert GRAMMAR.fragment == "content"
    assert GRAMMAR.nodes["heading"].attributes["level"].values == (2, 3, 4)
    for value in (True, 2.5, float("nan"), float("inf"), "3", None, 5, [3]):
        assert GRAMMAR.nodes["heading"].attributes["level"].cast(value) == 2
    assert GRAMMAR.nodes["heading"].attributes["level"].cast(3.0) == 3
