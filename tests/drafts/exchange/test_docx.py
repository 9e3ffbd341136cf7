"""Texts out to Word and in again: the same text, whatever is in it, and a document that says what it is."""

from __future__ import annotations

import copy
import io
from random import Random
from typing import Any

import pytest
from docx import Document
from docx.shared import Mm
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.directory.catalogue import Desk, Office, Service
from drafts.cards import Contact, References
from drafts.exchange.docx_in import read
from drafts.exchange.docx_out import write
from drafts.exchange.paper import Brought, Paper
from drafts.exchange.plainly import settled
from drafts.grammar import GRAMMAR, Node, Tree, blocks, normalise
from tests.drafts.every_block import EVERY, block, mark, p, words
from tests.drafts.random_texts import changed

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# To make a failure smaller would take minutes: a file is written for each try.
FEW = settings(
    derandomize=True, max_examples=40, deadline=None, database=None, phases=[Phase.explicit, Phase.generate]
)


def webp(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(out, "WEBP")
    return out.getvalue()


PICTURES = {"0a1b2c": webp(), "ff00": webp("blue"), "ab": webp("green")}
OFFICE = Office("province-du-sud", "Province du Sud", "PS")
DESK = Desk(
    "Guichet unique",
    "6 route des Artifices",
    "Nouméa",
    "20 30 40",
    "+687203040",
    "a@ps.nc",
    "7 h à 15 h",
    OFFICE,
)
SERVICE = Service(
    "demander-le-plan",
    "Demander le plan",
    "Démarche en ligne",
    "https://plan.nc/",
    "Sans compte",
    "",
    "",
    (OFFICE,),
    ("PS",),
    DESK,
    False,
)
KNOWN = References({("province-du-sud", 7): Contact(OFFICE, (DESK,))}, {"demander-le-plan": SERVICE})


def bare(tree: Tree) -> Tree:
    """The text without ids, remarks and suggestions, as the grammar would have it."""
    found = normalise(settled(normalise(tree)))

    def without(node: Node) -> Node:
        made: dict[str, Any] = {"type": node["type"]}
        for key, value in node.items():
            if key == "attrs":
                if kept := {name: told for name, told in value.items() if name != "id"}:
                    made["attrs"] = kept
            elif key == "content" and not GRAMMAR.nodes[node["type"]].holds_inline:
                made["content"] = [without(child) for child in value]
            else:
                made[key] = value
        return made

    return [without(node) for node in found]


def through(tree: Tree, **more: Any) -> Brought:
    return read(write(Paper("Une fiche", tree, pictures=PICTURES, **more)))


@pytest.mark.parametrize("references", [KNOWN, References()], ids=["known", "unknown"])
def test_every_block_comes_back(references: References) -> None:
    facts = (("État", "Brouillon"), ("Adresse", "https://portail.nc/fiches/permis"))
    brought = through(EVERY, references=references, facts=facts)
    assert brought.tree == bare(EVERY)
    assert brought.title == "Une fiche" and brought.losses == ()
    assert set(brought.pictures) == {"0a1b2c", "ff00"}
    assert all(one.startswith(b"\x89PNG") for one in brought.pictures.values()), "Word reads no WebP"


INLINE = st.lists(
    st.one_of(
        st.builds(
            words,
            st.text("abé🎉𝕏ש \t\u00a0\u00ad\u2011‑<&", min_size=1, max_size=6),
            st.sampled_from(["strong", "em", mark("link", href="https://a.nc/?b=1&c=é"), mark("link", href="tel:+687203040")]),
        ),
        st.builds(
            words,
            st.text("xyé ", min_size=1, max_size=4),
            st.sampled_from([mark("abbr", title="Un « sigle » & co"), mark("abbr"), mark("service_link", service="demander-le-plan")]),
            st.sampled_from(["strong", mark("link", href="https://b.nc/"), mark("link", href="https://b.nc/é|b")]),
        ),
        st.builds(words, st.text("mn ", min_size=1, max_size=3), st.sampled_from([mark("insertion", id="1-a"), mark("deletion", id="1-b"), mark("remark", id="r")])),
        st.builds(words, st.text("pq", min_size=1, max_size=3)),
        st.just({"type": "hard_break"}),
    ),
    max_size=3,
)  # fmt: skip
HELD = [name for name, kind in GRAMMAR.nodes.items() if kind.holds_inline]
SHELLS = [name for name, kind in GRAMMAR.nodes.items() if not kind.inline and not kind.leaf and not kind.holds_inline and name != "doc"]  # fmt: skip
LEAVES = ["contact", "service"]
ATTRS = st.fixed_dictionaries(
    {},
    optional={
        "level": st.sampled_from([2, 3, 4]),
        "kind": st.just("warning"),
        "territories": st.sampled_from(["noumea", "province-sud " + "belep " * 30, "inconnu"]),
        "administration": st.just("province-du-sud"),
        "counter": st.sampled_from([7, 8, -1]),
        "service": st.just("demander-le-plan"),
        "image": st.just("ab"),
        "alt": st.sampled_from(["Un plan", "Deux\nlignes & « guillemets »\u00a0!", "x" * 500]),
        "decorative": st.just(1),
        "width": st.just(80),
        "number": st.sampled_from(["n° 19 & 20", "x" * 70]),
        "date": st.sampled_from(["2001-06-08", "hier"]),
        "href": st.sampled_from(["https://loi.example/19", "https://loi.example/a|b"]),
    },
)


def trees() -> st.SearchStrategy[Tree]:
    leaf = st.builds(
        lambda kind, attrs, inline: {"type": kind, "attrs": attrs, "content": inline},
        st.sampled_from([*HELD, *["paragraph"] * 12, *LEAVES]),
        ATTRS,
        INLINE,
    )
    node = st.recursive(
        leaf,
        lambda inner: st.builds(
            lambda kind, attrs, content: {"type": kind, "attrs": attrs, "content": content},
            st.sampled_from(
                [*SHELLS, *["bullet_list", "ordered_list", "list_item", "table", "table_row"] * 3]
            ),
            ATTRS,
            st.lists(inner, max_size=3),
        ),
        max_leaves=8,
    )
    return st.lists(node, max_size=5)


@FEW
@given(trees())
def test_any_nesting_comes_back(tree: Tree) -> None:
    assert through(tree, references=KNOWN).tree == bare(tree)


LISTS = st.recursive(
    st.lists(st.builds(lambda text: [p("x", text)], st.text("abé", min_size=1, max_size=3)), min_size=1, max_size=3),
    lambda inner: st.lists(
        st.builds(
            lambda text, lists, after: [
                p("x", text),
                *(
                    block(kind, "x", *(block("list_item", "x", *item) for item in items))
                    for kind, items in lists
                ),
                *([p("x", after)] if after else []),
            ],
            st.text("abé", min_size=1, max_size=3),
            st.lists(st.tuples(st.sampled_from(["bullet_list", "ordered_list"]), inner), max_size=2),
            st.text("z", max_size=1),
        ),
        min_size=1,
        max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip


@FEW
@given(st.lists(st.tuples(st.sampled_from(["bullet_list", "ordered_list"]), LISTS), min_size=1, max_size=3))
def test_lists_are_lists_of_word_and_come_back(lists: list[tuple[str, list[Tree]]]) -> None:
    tree = [block(kind, "x", *(block("list_item", "x", *item) for item in items)) for kind, items in lists]
    content = write(Paper("", tree))
    assert read(content).tree == bare(tree)
    assert not Document(io.BytesIO(content)).element.body.findall(f".//{W}sdt"), (
        "no control is needed for them"
    )


def test_texts_that_people_worked_on_come_back() -> None:
    random, tree = Random(7), copy.deepcopy(EVERY)
    for number in range(60):
        tree = changed(random, tree, number)
        if number % 6 == 5:
            assert through(tree).tree == bare(tree)


def test_it_is_a_document_that_one_likes_to_get() -> None:
    header = block(
        "table_row",
        "t2",
        block("table_header", "t3", p("t4", "Province")),
        block("table_header", "t5", p("t6", "Où")),
    )
    row = block(
        "table_row",
        "t7",
        block("table_cell", "t8", p("t9", "Sud")),
        block("table_cell", "ta", p("tb", "Nouméa")),
    )
    tree = [*EVERY, block("table", "t1", header, row)]
    content = write(
        Paper("Le permis", tree, facts=(("État", "Publié"),), references=KNOWN, pictures=PICTURES)
    )
    document = Document(io.BytesIO(content))
    body = document.element.body
    section = document.sections[0]
    # Word counts in twentieths of a point, so a page is A4 within a hundredth of a millimetre.
    sides = (section.page_width or Mm(0), section.page_height or Mm(0))
    assert abs(sides[0] - Mm(210)) < Mm(0.1) and abs(sides[1] - Mm(297)) < Mm(0.1)
    core = document.core_properties
    assert (core.title, core.language, core.author) == ("Le permis", "fr-FR", "Open Lab")
    assert {one.get(f"{W}val") for one in document.styles.element.iter(f"{W}lang")} == {"fr-FR"}
    styles = [one.get(f"{W}val") for one in body.iter(f"{W}pStyle")]
    assert {"Title", "Heading2", "ListParagraph", "Caption"} <= set(styles)
    assert len(list(body.iter(f"{W}tblHeader"))) == 2
    told = [
        one.get("descr")
        for one in body.iter("{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr")
    ]
    assert told == ["La maison vue du ciel", ""]
    said = "\n".join("".join(one.text or "" for one in line.iter(f"{W}t")) for line in body.iter(f"{W}p"))
    for shown in ("État", "Publié", "Pièces à fournir", "Coût : 12 000 F CFP", "Qui contacter", "Province du Sud", "6 route des Artifices",
                  "7 h à 15 h", "20 30 40", "Demander le plan", "PUD (Plan d’urbanisme directeur)", "n° 19, 8 juin 2001", "Attention", "Province Sud"):  # fmt: skip
        assert shown.replace("\u00a0", " ") in said.replace("\u00a0", " "), shown
    addresses = {one.target_ref for one in document.part.rels.values() if one.is_external}
    assert {"https://carte.example/?a=1&b=2", "https://plan.nc/", "https://loi.example/19"} <= addresses
    tags = [one.get(f"{W}val") for one in body.iter(f"{W}tag")]
    assert "openlab:note?kind=warning" in tags and all(len(tag) <= 64 for tag in tags)
    numbers = [one.get(f"{W}val") for one in body.iter(f"{W}id")]
    assert len(numbers) == len(set(numbers))


def edited(tree: Tree, change: Any, **more: Any) -> Brought:
    """The file after somebody changed it in a word processor."""
    document = Document(
        io.BytesIO(write(Paper("Une fiche", tree, pictures=PICTURES, references=KNOWN, **more)))
    )
    change(document)
    out = io.BytesIO()
    document.save(out)
    return read(out.getvalue())


def control(document: Any, kind: str) -> Any:
    return next(
        one for one in document.element.body.iter(f"{W}sdt") if (one.find(f"{W}sdtPr/{W}tag").get(f"{W}val") + "?").startswith(f"openlab:{kind}?")
    )  # fmt: skip


def typed(document: Any, place: Any, text: str, style: str | None = None) -> None:
    """A paragraph that somebody wrote at the end of a control."""
    made = document.add_paragraph(text, style)._p
    place.find(f"{W}sdtContent").append(made)


def test_what_people_add_in_a_control_is_kept() -> None:
    tree = [
        block("cost", "a", "12 000 F"),
        block("note", "b", p("c", "Rien avant.")),
        block("contact", "d", administration="province-du-sud", counter=7),
        block("documents", "e", block("list_item", "f", p("g", "Le plan"))),
        block("steps", "h", block("step", "i", block("label", "j", "Réunir"))),
    ]

    def change(document: Any) -> None:
        typed(document, control(document, "cost"), "Gratuit le lundi.")
        typed(document, control(document, "note"), "Ni après.")
        typed(document, control(document, "contact"), "Demandez Ana.")
        typed(document, control(document, "documents"), "Le bail", "List Bullet")
        typed(document, control(document, "steps"), "Déposer", "List Number")
        document.add_heading("Une partie de plus", 1)
        next(
            one for one in document.element.body.iter(f"{W}t") if one.text == "Guichet unique"
        ).text = "Guichet B"

    brought = edited(tree, change)
    documents = block(
        "documents", "e", *(block("list_item", "f", p("g", text)) for text in ("Le plan", "Le bail"))
    )
    steps = block(
        "steps", "h", *(block("step", "i", block("label", "j", text)) for text in ("Réunir", "Déposer"))
    )
    assert brought.tree == bare(
        [
            tree[0],
            p("k", "Gratuit le lundi."),
            block("note", "b", p("c", "Rien avant."), p("l", "Ni après.")),
            tree[2],
            p("m", "Demandez Ana."),
            documents,
            steps,
            block("heading", "n", "Une partie de plus"),
        ]
    )
    # What is shown of a contact comes from the directory; that somebody wrote into it is said.
    assert [(loss.code, "Guichet B" in loss.words) for loss in brought.losses] == [("shown", True)]


def test_a_file_without_what_its_controls_kept_loses_no_words() -> None:
    tree = [block("legal", "a", "La délibération", number="n° " + "9" * 80), p("b", "Fin.")]

    def change(document: Any) -> None:
        for name, relation in list(document.part.rels.items()):
            if relation.reltype.endswith("/customXml"):
                document.part.rels.pop(name)

    brought = edited(tree, change)
    assert brought.tree == bare([block("legal", "a", "La délibération"), tree[1]])
    assert [loss.code for loss in brought.losses] == ["attributes"]


def test_pictures_that_are_not_there_and_pictures_that_were_taken_away() -> None:
    lost = block("image", "a", "Sa légende", image="nowhere", alt="La maison", width=8)
    kept = block("image", "b", "Sa légende", image="ab", alt="Une autre", width=8)

    def change(document: Any) -> None:
        drawing = next(document.element.body.iter(f"{W}drawing"))
        drawing.getparent().remove(drawing)

    brought = edited([lost, kept], change)
    assert brought.tree == bare(
        [
            block("image", "a", "Sa légende", alt="La maison", width=8),
            block("image", "b", "Sa légende", width=8),
        ]
    )
    assert brought.pictures == {}


def test_unwritable_letters_and_unsafe_links_are_left_out() -> None:
    bad = words("Cliquez\x00\x0b\ud800 ici", mark("link", href="https://good.nc@evil.example/"))
    brought = through([block("paragraph", "a", bad)])
    assert brought.tree == [{"type": "paragraph", "content": [{"type": "text", "text": "Cliquez ici"}]}]


def test_a_photo_becomes_a_jpeg_and_no_page_is_wider_than_the_paper() -> None:
    noise = Image.effect_noise((900, 700), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "WEBP", quality=90)
    content = write(
        Paper("", [block("image", "a", image="ab", alt="Du bruit")], pictures={"ab": out.getvalue()})
    )
    assert read(content).pictures["ab"].startswith(b"\xff\xd8\xff")
    extent = next(Document(io.BytesIO(content)).element.body.iter("{*}extent"))
    assert int(extent.get("cx")) <= Mm(160) and int(extent.get("cy")) <= Mm(200)
    assert [one["attrs"]["alt"] for one in blocks(read(content).tree)] == ["Du bruit"]
