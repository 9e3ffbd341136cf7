"""HTML: out and in again the same, foreign pages by their structure, hostile ones bounded."""

from __future__ import annotations

import re
import time
from pathlib import Path

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.directory.catalogue import Desk, Office, Service
from drafts.cards import Contact, References
from drafts.exchange import html_in, html_out
from drafts.exchange.paper import Refused
from drafts.grammar import Tree, blocks, plain_text
from tests.drafts.every_block import EVERY
from tests.drafts.exchange.trees import PICTURES, likely, loose, paper, same

FIXED = settings(derandomize=True, max_examples=40, deadline=None, database=None)
PASTED = Path(__file__).parents[2] / "journeys" / "pasted"
_HALL = Office("province-du-sud", "Province Sud", "PS")
_DESK = Desk(
    "Guichet & accueil",
    "6 route des Artifices",
    "Nouméa",
    "20 30 40",
    "+687203040",
    "a@b.nc",
    "8 h à 15 h",
    _HALL,
)
KNOWN = References(
    contacts={("province-du-sud", 7): Contact(_HALL, (_DESK,))},
    services={
        "demander-le-plan": Service(
            "demander-le-plan", "Demander le plan", "Formulaire", "https://plan.example/", "Sans compte", "", "", (_HALL,), ("PS",), _DESK, False
        )
    },
)  # fmt: skip


def codes(losses: object) -> list[str]:
    return [loss.code for loss in losses]  # type: ignore[attr-defined]


def kinds(tree: Tree) -> list[str]:
    return [block["type"] for block in blocks(tree)]


def test_every_block_goes_out_and_comes_back() -> None:
    written = html_out.write(paper(EVERY, KNOWN))
    brought = html_in.read(written)
    assert same(brought.tree, EVERY)
    assert (brought.title, brought.losses) == ("Un titre", ())
    assert brought.pictures == PICTURES
    page = written.decode()
    for said in (
        "Pièces à fournir",
        "6 route des Artifices",
        "20 30 40",
        "8 h à 15 h",
        "https://plan.example/",
        "n° 19, 8 juin 2001",
    ):
        assert said in page
    assert "http-equiv" not in page and not re.search(r'<(?:script|link|img src="http)', page)
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    parser.parse(page)


@FIXED
@given(st.integers(0, 10**6))
def test_any_text_comes_back(seed: int) -> None:
    for tree in (likely(seed), loose(seed)):
        assert same(html_in.read(html_out.write(paper(tree))).tree, tree)


@pytest.mark.parametrize(
    "name", ["google-docs-listes", "google-docs-note", "word-numeros", "web-courriel", "libreoffice-tableau"]
)
def test_a_file_brings_what_a_paste_brings(name: str) -> None:
    """The tests of pasting say for each clipboard which blocks it becomes."""
    brought = html_in.read((PASTED / f"{name}.html").read_bytes())
    told = (PASTED / f"{name}.txt").read_text(encoding="utf-8")
    wanted = [re.split(r"[ :]", line.strip())[0] for line in told.splitlines() if line.strip()]
    assert kinds(brought.tree) == wanted


GOOGLE = """<html><head><meta content="text/html; charset=UTF-8" http-equiv="content-type"><title>Fiche</title><style>
.lst-kix_a-0 > li:before{content:"- "}ol{margin:0}.c2{font-weight:700}.c3{font-style:italic}.c9{font-weight:400;font-style:normal}</style></head>
<body class="doc-content"><p class="title"><span class="c9">La carte grise</span></p>
<h1 class="c1"><span class="c9">Qui</span></h1><p><span class="c9">Le </span><span class="c2">titulaire</span><span class="c3"> seul</span><sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup>
<span><a class="c5" href="https://www.google.com/url?q=https://gouv.nc/a?b%3Dc&amp;sa=D&amp;ust=1">voir</a></span><sup><a href="#cmnt1" id="cmnt_ref1">[a]</a></sup></p>
<ul class="c6 lst-kix_a-0 start"><li class="c7"><span>un</span></li></ul><ul class="c6 lst-kix_a-1 start"><li><span>sous</span></li></ul>
<ul class="c6 lst-kix_a-0"><li><span>deux</span></li></ul>
<hr><div><p><a href="#ftnt_ref1" id="ftnt1">[1]</a><span>&nbsp;Ou son mandataire.</span></p></div>
<div class="c10"><p><a href="#cmnt_ref1" id="cmnt1">[a]</a><span>à vérifier</span></p></div></body></html>"""


def test_an_export_of_google_docs() -> None:
    brought = html_in.read(GOOGLE.encode())
    assert brought.title == "La carte grise"
    assert kinds(brought.tree)[:2] == ["heading", "paragraph"]
    assert brought.tree[1]["content"][:3] == [
        {"type": "text", "text": "Le "},
        {"type": "text", "text": "titulaire", "marks": [{"type": "strong"}]},
        {"type": "text", "text": " seul", "marks": [{"type": "em"}]},
    ]
    assert {"type": "link", "attrs": {"href": "https://gouv.nc/a?b=c"}} in brought.tree[1]["content"][-1][
        "marks"
    ]
    assert brought.tree[2] == {
        "type": "bullet_list",
        "content": [
            {"type": "list_item", "content": [_p("un"), {"type": "bullet_list", "content": [{"type": "list_item", "content": [_p("sous")]}]}]},
            {"type": "list_item", "content": [_p("deux")]},
        ],
    }  # fmt: skip
    words = plain_text(brought.tree)
    assert "[1]\u00a0Ou son mandataire." in words and "à vérifier" not in words
    assert "comments" in codes(brought.losses)


def _p(text: str) -> dict[str, object]:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}


def test_a_page_of_a_site_brings_its_article_and_says_what_it_leaves() -> None:
    page = """<body><nav>Menu</nav><header>Bandeau</header><main><h1>Le permis</h1><p>Oui <a href="javascript:alert(1)">là</a>.</p>
    <aside class="warning">Attention aux délais.</aside><details><summary>Et après</summary>Rien.</details>
    <dl><dt>Emprise<dd>Le sol.</dl><img src="https://ailleurs.example/a.png" alt="Un plan"><img src="data:image/png;base64,iVBORw0KGgo=" alt="">
    <table><tr><th>A</th><th>B</th></tr><tr><td colspan=2>large</td></tr><tr><td rowspan=2>haut</td><td>x</td></tr><tr><td>y</td></tr></table>
    <form><label>Nom <input></label><button>Envoyer</button></form></main><footer>Pied</footer></body>"""
    brought = html_in.read(page.encode())
    assert brought.title == "Le permis"
    assert kinds(brought.tree)[:8] == [
        "paragraph",
        "note",
        "paragraph",
        "question",
        "label",
        "paragraph",
        "definition",
        "label",
    ]
    table = next(node for node in brought.tree if node["type"] == "table")
    assert [[plain_text(cell["content"]) for cell in row["content"]] for row in table["content"]] == [
        ["A", "B"], ["large", ""], ["haut", "x"], ["", "y"],
    ]  # fmt: skip
    assert [node["attrs"] for node in brought.tree if node["type"] == "image"] == [
        {"image": "picture-1", "decorative": 1}
    ]
    told = {loss.code: loss for loss in brought.losses}
    assert set(told) == {"furniture", "link", "picture_remote", "spans", "form"}
    assert told["furniture"].words == "Menu Bandeau Pied"
    assert (told["picture_remote"].words, told["spans"].count) == ("Un plan", 2)


@pytest.mark.parametrize(
    "content",
    [
        "<p>école</p>".encode("cp1252"),
        b'<meta charset="iso-8859-1">' + "<p>école</p>".encode("latin-1"),
        "<p>école</p>".encode("utf-16"),
        b"\xef\xbb\xbf" + "<p>école</p>".encode(),
        b'<meta charset="idna"><p>\xc3\xa9cole</p>',
    ],
)
def test_the_characters_are_found(content: bytes) -> None:
    assert plain_text(html_in.read(content).tree) == "école"


HOSTILE = {
    "nested": b"<div>" * 20_000 + b"x",
    "lists": b"<ul><li>" * 20_000 + b"x",
    "bold": b"<b>" * 200_000 + b"x",
    "attributes": b"<p " + b" ".join(b"a%d=1" % number for number in range(200_000)) + b">x</p>",
    "data attributes": b"<p " + b" ".join(b"data-a%d=1" % number for number in range(200_000)) + b">x</p>",
    "one attribute": b'<p title="' + b"a" * 12_000_000 + b'">x</p>',
    "open": b"<a " * 1_000_000,
    "less than": b"<" * 2_000_000,
    "comments": b"<!-- " * 500_000,
    "spans": b"<table>" + b"<tr><td colspan=99999 rowspan=99999>x<td>y" * 2_000 + b"</table>",
    "entities": b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><p>' + b"&c;" * 100_000,
    "paragraphs": b"<p>x" * 200_000,
    "titles": b"<title>" * 300_000,
    "quotes": b"<a '\"" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end_soon(name: str) -> None:
    began = time.process_time()
    try:
        brought = html_in.read(HOSTILE[name])
    except Refused as refusal:
        assert str(refusal) in ("too_deep", "too_long", "too_large")
    else:
        assert len(blocks(brought.tree)) <= 20_000
    assert time.process_time() - began < 5


def test_nothing_active_comes_in() -> None:
    brought = html_in.read((PASTED / "hostile-page.html").read_bytes())
    for node in blocks(brought.tree):
        for run in node.get("content", ()):
            for worn in run.get("marks", ()):
                assert worn["type"] != "link" or worn["attrs"]["href"].startswith(
                    ("https://", "http://", "mailto:", "tel:")
                )
    # What a file of ours says is judged by the grammar too.
    forged = b'<p data-block="legal" data-href="javascript:alert(1)">x</p><p data-block="script">y</p><p data-block="heading" data-level="99">z</p>'
    assert html_in.read(forged).tree == [
        {"type": "legal", "content": [{"type": "text", "text": "x"}]}, _p("y"), {"type": "heading", "content": [{"type": "text", "text": "z"}]},
    ]  # fmt: skip
