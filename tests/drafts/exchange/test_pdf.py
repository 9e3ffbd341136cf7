"""A text as PDF/UA-1, read back as a screen reader would: structure, names, order, and nothing outside of it."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.directory.catalogue import Desk, Office, Service
from drafts.cards import Contact, References
from drafts.exchange import pdf, webp
from drafts.exchange.paper import Paper
from drafts.grammar import GRAMMAR, blocks, inline_text, normalise
from tests.drafts.every_block import EVERY, block, mark, p, words
from tests.drafts.exchange.tagged_pdf import Element, Tagged

OFFICE = Office("province-du-sud", "Province du Sud", "PS")
DESK = Desk(
    "Accueil du Sud", "1, rue des Bois", "Nouméa", "20 00 30", "+687200030", "accueil@sud.example", "8 h – 16 h", OFFICE
)  # fmt: skip
SERVICE = Service(
    "demander-le-plan", "Demander le plan", "Démarche", "https://www.sud.example/plan", "NC Connect", "", "En panne lundi",
    (OFFICE,), ("Province du Sud",), DESK, False,
)  # fmt: skip
KNOWN = References({("province-du-sud", 7): Contact(OFFICE, (DESK,))}, {SERVICE.slug: SERVICE})
FACTS = (("État", "Brouillon"), ("Adresse", "https://portail.example/fiches/permis"))


def picture(width: int = 80, height: int = 60, **how: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA" if how.get("lossless") else "RGB", (width, height), (20, 120, 90)).save(
        out, "WEBP", **how
    )
    return out.getvalue()


PICTURES = {"0a1b2c": picture(), "ff00": picture(lossless=True)}


def paper(tree: list[dict[str, Any]], title: str = "Obtenir un permis") -> Paper:
    return Paper(title, tree, facts=FACTS, references=KNOWN, pictures=PICTURES)


def said(text: str) -> str:
    """Words without spaces and places where lines may end."""
    return re.sub(r"[\s\u200b]", "", text)


def checked(content: bytes) -> Tagged:
    """What holds for every PDF of ours."""
    found = Tagged(content)
    assert "<pdfuaid:part>1</pdfuaid:part>" in found.xmp
    assert found.pdf.Root.MarkInfo.Marked is True
    assert str(found.pdf.Root.Lang) == "fr"
    assert found.pdf.Root.ViewerPreferences.DisplayDocTitle is True
    assert str(found.pdf.docinfo.Title).strip()
    assert not found.untagged
    assert not found.orphans
    assert any(re.fullmatch(r"page 1 sur \d+", words) for words in found.artifacts)
    level = 0
    for heading in found.root.all("H1", "H2", "H3", "H4", "H5", "H6"):
        assert int(heading.role[1]) <= level + 1
        level = int(heading.role[1])
    for figure in found.root.all("Figure"):
        assert str(figure.node.Alt).strip()
    for one in found.root.all("L"):
        # A list within an item follows it in the list around it.
        assert {child.role for child in one.children} <= {"LI", "L"}
        for item in (child for child in one.children if child.role == "LI"):
            assert [child.role for child in item.children] in (["Lbl", "LBody"], ["LBody"])
    for table in found.root.all("Table"):
        _check_table(table)
    annotations = [one for page in found.pdf.pages for one in page.get("/Annots", [])]
    held = [one.objgen for element in found.root.all() for one in element.objects]
    assert sorted(held) == sorted(one.objgen for one in annotations)
    assert all(str(one.Contents).strip() for one in annotations)
    assert all(page.get("/Tabs") == "/S" for page in found.pdf.pages if "/Annots" in page)
    return found


def _check_table(table: Element) -> None:
    rows = [row for part in table.children for row in ([part] if part.role == "TR" else part.children)]
    assert {row.role for row in rows} == {"TR"}
    assert len({len(row.children) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row.children):
        assert cell.role in ("TH", "TD")
        assert cell.role == "TD" or str(cell.attribute("Table", "/Scope")) == "/Column"


@pytest.fixture(scope="module")
def every() -> Tagged:
    return checked(pdf.write(paper(EVERY)))


def test_every_block_is_read_aloud_in_the_order_of_the_text(every: Tagged) -> None:
    at = 0
    spoken = said(every.root.words)
    for one in blocks(normalise(EVERY)):
        if GRAMMAR.nodes[one["type"]].holds_inline and (line := said(inline_text(one))):
            if any(run.get("marks") for run in one["content"]):
                line = said(one["content"][0]["text"])
            assert line in spoken[at:], one
            at = spoken.index(line, at) + len(line)


def test_what_kinds_of_blocks_say_beside_their_words_is_there(every: Tagged) -> None:
    spoken = every.root.words
    for words_ in (
        "Pièces à fournir", "Pour aller plus loin", "Coût\u00a0:", "Délai\u00a0:", "Attention", "Qui contacter", "Démarche en ligne",
        "Province du Sud", "Accueil du Sud", "20 00 30", "8 h – 16 h", "accueil@sud.example", "NC Connect", "Sans internet\u00a0:",
        "En panne lundi", "n° 19, 8 juin 2001", "PUD (Plan d’urbanisme directeur)", "Province Nord, Province des îles Loyauté",
    ):  # fmt: skip
        assert words_ in spoken, words_
    assert every.bookmarks()[:2] == ["Obtenir un permis", "Avant de commencer"]


def test_links_say_where_they_lead(every: Tagged) -> None:
    leads = [str(one.A.URI) for page in every.pdf.pages for one in page.get("/Annots", [])]
    for address in (
        "https://www.sud.example/plan",
        "https://carte.example/?a=1&b=2",
        "https://loi.example/19",
        "tel:+687200030",
        "mailto:accueil@sud.example",
        "https://portail.example/fiches/permis",
    ):
        assert address in leads
    assert "(https://loi.example/19)" in every.root.words


def test_an_image_has_its_words_and_a_decorative_one_none(every: Tagged) -> None:
    assert [str(one.node.Alt) for one in every.root.all("Figure")] == ["La maison vue du ciel"]
    drawn = [name for page in every.pdf.pages for name in page.Resources.get("/XObject", {})]
    assert len(drawn) == 2
    untold = checked(
        pdf.write(paper([block("image", "i", image="ff00"), block("image", "j", "Un plan", image="0a1b2c")]))
    )
    assert [str(one.node.Alt) for one in untold.root.all("Figure")] == [
        "Image sans texte de remplacement",
        "Un plan",
    ]


def test_a_picture_that_is_none_leaves_its_words() -> None:
    gone = paper([block("image", "i", "Une légende", image="absent", alt="Le plan")])
    spoken = checked(pdf.write(gone)).root.words
    assert "Image\u00a0: Le plan" in spoken
    assert "Une légende" in spoken


@pytest.mark.parametrize("how", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}])
def test_the_size_of_a_picture_is_read_from_its_head(how: dict[str, Any]) -> None:
    assert webp.size_of(picture(123, 45, **how)) == (123, 45)
    assert webp.size_of(b"RIFF") is None
    assert webp.size_of(b"RIFF0000WEBPVP9 " + b"\0" * 30) is None


def test_a_long_table_repeats_its_header_over_the_pages() -> None:
    rows = [
        block("table_row", f"r{row}", *(block("table_header" if row == 0 else "table_cell", f"c{row}-{column}",
              p(f"p{row}-{column}", f"Case {row}.{column}")) for column in range(5)))
        for row in range(61)
    ]  # fmt: skip
    found = checked(pdf.write(paper([block("table", "t", *rows)])))
    assert len(found.pdf.pages) > 1
    (table,) = found.root.all("Table")
    assert sum(1 for _cell in table.all("TD")) == 300
    assert [cell.words for cell in table.all("TH")] == [f"Case 0.{column}" for column in range(5)]
    assert [said(cell.words) for cell in table.all("TD")][-1] == "Case60.4"


def test_rows_of_unequal_length_and_stray_cells_make_a_table() -> None:
    tree = [
        block("table", "t",
              block("table_row", "r", block("table_header", "a", p("b", "Seule"))),
              block("table_row", "s", block("table_cell", "c", p("d", "un")), block("table_cell", "e", p("f", "deux")))),
        block("table_cell", "g", p("h", "perdue")),
        block("list_item", "i", p("j", "seul")),
        block("definition", "k", p("l", "sans terme")),
    ]  # fmt: skip
    spoken = said(checked(pdf.write(paper(tree))).root.words)
    assert spoken.endswith("Seuleundeuxperdue•seulsansterme")


def test_levels_that_jump_are_put_right() -> None:
    tree = [
        block("heading", "a", "Un", level=4),
        block("heading", "b", "Deux", level=2),
        block("heading", "c", "Trois", level=4),
        block("question", "d", block("label", "e", "Quatre ?"), block("heading", "f", "Cinq", level=4)),
        block("heading", "g", "Six", level=3),
    ]
    found = checked(pdf.write(paper(tree)))
    roles = [(one.role, one.words.strip()) for one in found.root.all("H2", "H3", "H4", "H5")]
    assert [role for role, _words in roles] == ["H2", "H2", "H3", "H4", "H3", "H3"]


def test_a_text_is_never_markup() -> None:
    hostile = [
        '#read("/etc/passwd")', "]#[", "@etiquette <etiquette>", "$x^2$ *gras* _it_ `code`", '#import "@preview/a:0.1.0"', "\\u{41} // fin", "/* "
    ]  # fmt: skip
    found = checked(
        pdf.write(paper([p(f"b{at}", line) for at, line in enumerate(hostile)], title=hostile[0]))
    )
    spoken = said(found.root.words)
    assert said("".join(hostile)) in spoken
    assert str(found.pdf.docinfo.Title) == hostile[0]


def test_what_nests_too_deep_is_drawn_flat() -> None:
    inner = p("x", "au fond")
    for depth in range(60):
        inner = block(("list_item", "bullet_list", "note", "table_cell")[depth % 4], f"d{depth}", inner)
    assert said(checked(pdf.write(paper([inner]))).root.words).endswith("aufond")


def test_signs_without_a_letter_of_ours_are_counted() -> None:
    found = checked(pdf.write(paper([p("a", "漢字 🙂 ﬁn e\u0301te\u0301\x00\x07\u202e\u200d\ud800")])))
    assert "\ufffd\ufffd \ufffd fin été" in found.root.words
    assert "3, remplacés par" in found.root.words
    plain = checked(pdf.write(paper([p("a", "été")], title=" ")))
    assert "remplacés" not in plain.root.words
    assert plain.bookmarks() == ["Sans titre"]


def test_suggestions_and_what_is_not_known_leave_no_trace() -> None:
    tree = [
        block("paragraph", "a", words("Le "), words("nouveau ", mark("insertion", id="1-a")), words("texte", mark("deletion", id="1-b"))),
        block("contact", "b", administration="inconnue"),
        block("service", "c", service="inconnue"),
        block("paragraph", "d", words("mots", mark("service_link", service="inconnue"))),
    ]  # fmt: skip
    assert said(checked(pdf.write(paper(tree))).root.words).endswith("Letextemots")


def test_the_same_text_gives_the_same_bytes() -> None:
    assert pdf.write(paper(EVERY)) == pdf.write(paper(EVERY))


def test_a_leaflet_has_a_cover_contents_and_a_page_for_each_text() -> None:
    papers = [
        Paper("Première fiche", EVERY, facts=FACTS),
        paper([p("a", "Un mot.")], "Deuxième"),
        paper([], "Troisième"),
    ]
    content = pdf.leaflet(papers, "Se loger #1", date(2026, 11, 30))
    found = checked(content)
    assert [one.words.strip() for one in found.root.all("H1")] == [
        "Se loger #1",
        "Sommaire",
        "Première fiche",
        "Deuxième",
        "Troisième",
    ]
    assert "30 novembre 2026" in found.root.words
    assert "3 fiches" in found.root.words
    assert [name for name in found.bookmarks() if "fiche" in name or "ième" in name] == [
        "Première fiche",
        "Deuxième",
        "Troisième",
    ]
    pages = len(found.pdf.pages)
    (contents,) = found.root.all("TOC")
    entries = [re.sub(r"[.\s\u2060]+", " ", entry.words).strip() for entry in contents.all("TOCI")]
    assert entries == ["Première fiche 3", f"Deuxième {pages - 1}", f"Troisième {pages}"]


LETTERS = st.text(
    st.characters(codec="utf-8") | st.sampled_from("#[]$*_`@<>\\/éœ’«»\u00a0\n\t~=-+"), max_size=60
)
MARKS = st.lists(
    st.sampled_from(
        [
            {"type": "strong"},
            {"type": "em"},
            mark("link", href="https://x.example/#a"),
            mark("abbr", title="Une abréviation"),
        ]
    ),
    max_size=3,
)
RUNS = st.lists(st.builds(lambda text, marks: words(text, *marks), LETTERS, MARKS), max_size=3)
KINDS = st.sampled_from([name for name, kind in GRAMMAR.nodes.items() if name != "doc" and not kind.inline])


def _leaf(kind: str, runs: list[Any], level: int) -> dict[str, Any]:
    attrs = {"level": level} if kind == "heading" else {"image": "0a1b2c"} if kind == "image" else {}
    return {"type": kind, "attrs": attrs, "content": runs}


TREES = st.lists(
    st.recursive(
        st.builds(_leaf, KINDS, RUNS, st.sampled_from([2, 3, 4])),
        lambda inner: st.builds(
            lambda kind, content: {"type": kind, "content": content}, KINDS, st.lists(inner, max_size=4)
        ),
        max_leaves=12,
    ),
    max_size=5,
)


@settings(max_examples=15, deadline=None)
@given(LETTERS, TREES)
def test_any_text_becomes_a_whole_document(title: str, tree: list[dict[str, Any]]) -> None:
    found = checked(pdf.write(paper(tree, title)))
    spoken = said(found.root.words)
    for one in blocks(normalise(tree)):
        if not GRAMMAR.nodes[one["type"]].holds_inline or one["type"] in ("label", "legal", "image"):
            continue
        for run in one.get("content", []):
            plain = "".join(re.findall(r"[A-Za-zÀ-ÿ0-9#\[\]$*@`~]+", run.get("text", ""))[:1])
            assert said(plain)[:14] in spoken


def test_only_the_folder_of_the_call_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    bad = tmp_path / "bad.typ"
    bad.write_text('#set document(title: "x")\n#read("/../../etc/hostname")')
    monkeypatch.setattr(pdf, "_TEMPLATE", bad)
    with pytest.raises(Exception, match="(?i)root|found|denied"):
        pdf.write(paper([]))


def test_the_bytes_are_a_pdf_that_others_open(every: Tagged) -> None:
    assert every.pdf.pdf_version == "1.7"
    assert not pikepdf.open(io.BytesIO(pdf.write(paper([])))).check_pdf_syntax()
