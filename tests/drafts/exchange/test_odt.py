"""OpenDocument: out and in again the same, even when LibreOffice saved it between; its own files by their structure."""

from __future__ import annotations

import subprocess
import time
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drafts.exchange import docx_in, docx_out, html_in, html_out, markdown_in, markdown_out, odt_in, odt_out
from drafts.exchange.odt_package import NAMESPACES
from drafts.exchange.paper import Paper, Refused
from drafts.grammar import Tree, blocks, plain_text
from tests.drafts.every_block import EVERY
from tests.drafts.exchange.office_files import OFFICE
from tests.drafts.exchange.office_pages import OURS, PAGES, lay
from tests.drafts.exchange.test_html import KNOWN, kinds
from tests.drafts.exchange.trees import PICTURES, likely, loose, paper, same
from tests.journeys.clipboard import written

FIXED = settings(derandomize=True, max_examples=40, deadline=None, database=None)


@pytest.fixture(scope="module")
def saved(soffice: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What LibreOffice makes of Word files, of pages and of files of ours, all in one start, by name."""
    folder, out = tmp_path_factory.mktemp("office"), tmp_path_factory.mktemp("saved")
    files = lay(folder)
    profile = tmp_path_factory.mktemp("profile").as_uri()
    done = subprocess.run(
        [soffice, f"-env:UserInstallation={profile}", "--headless", "--convert-to", "odt", "--outdir", str(out), *map(str, files)],
        capture_output=True, timeout=170, check=False,
    )  # fmt: skip
    found = {path.stem: path.read_bytes() for path in out.iterdir()}
    assert set(found) == {path.stem for path in files}, done.stderr.decode()
    return found


def test_every_block_goes_out_and_comes_back() -> None:
    content = odt_out.write(paper(EVERY, KNOWN))
    brought = odt_in.read(content)
    assert same(brought.tree, EVERY)
    assert (brought.title, brought.losses) == ("Un titre", ())
    assert {name: found[:4] for name, found in brought.pictures.items()} == dict.fromkeys(
        PICTURES, b"\x89PNG"
    )
    package = zipfile.ZipFile(BytesIO(content))
    assert package.namelist()[0] == "mimetype" and package.infolist()[0].compress_type == zipfile.ZIP_STORED
    text = package.read("content.xml").decode()
    for said in (
        "Pièces à fournir",
        "6 route des Artifices",
        "20 30 40",
        "Plan d’urbanisme directeur",
        "<table:table-header-rows>",
        "<svg:desc>La maison vue du ciel",
    ):
        assert said.replace(" ", "") in text.replace(" ", "").replace('<text:stext:c="1"/>', "")
    assert 'fo:language="fr"' in package.read("styles.xml").decode()
    assert 'fo:page-width="21cm"' in package.read("styles.xml").decode()
    assert '"Pictures/0a1b2c.png"' in package.read("META-INF/manifest.xml").decode()


@FIXED
@given(st.integers(0, 10**6))
def test_any_text_comes_back(seed: int) -> None:
    for tree in (likely(seed), loose(seed)):
        assert same(odt_in.read(odt_out.write(paper(tree))).tree, tree)


@pytest.mark.parametrize("name", OURS)
def test_a_save_by_an_office_suite_changes_nothing(saved: dict[str, bytes], name: str) -> None:
    brought = odt_in.read(saved[f"ours-{name}"])
    assert same(brought.tree, OURS[name])
    assert brought.losses == ()


# LibreOffice joins a list that begins to count anew with the one before: it says so nowhere in what it saves.
JOINED = {"restarts"}


@pytest.mark.parametrize("name", [one.name for one in OFFICE if one.is_converted and one.name not in JOINED])
def test_word_files_saved_as_opendocument_say_the_same(saved: dict[str, bytes], name: str) -> None:
    office = next(one for one in OFFICE if one.name == name)
    brought = odt_in.read(saved[f"docx-{name}"])
    assert written(brought.tree).strip() == office.expected.strip()
    assert brought.title == office.title


# What a file loses on its way from Word through LibreOffice, where it loses something.
LOST = {
    "comments": {"comments"},
    "fields": {"contents"},
    "footnotes-and-endnotes": {"notes"},
    "hyperlinks": {"link"},
    "merged-cells": {"spans"},
    "sections-headers-and-colours": {"page_margins"},
    "text-boxes": {"frame"},
    "tracked-changes": {"deleted", "insertions"},
    "what-has-no-place": {"hidden", "object"},
    "content-controls": {"placeholders"},
}


def test_what_is_lost_is_said(saved: dict[str, bytes]) -> None:
    told = {one.name: {loss.code for loss in odt_in.read(saved[f"docx-{one.name}"]).losses} for one in OFFICE}
    assert {name: lost - {"levels"} for name, lost in told.items() if lost - {"levels"}} == LOST


WANTED = {
    "titres": ["heading", "paragraph", "heading", "paragraph"],
    "lettres": ["paragraph"],
    "lignes": ["paragraph", "paragraph"],
    "liens": ["paragraph"],
    "citation": ["paragraph", "paragraph"],
    "definitions": ["paragraph", "paragraph"],
    "listes": ["paragraph", "bullet_list", "ordered_list"],
    "tableau": ["table"],
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_saved_as_opendocument(saved: dict[str, bytes], name: str) -> None:
    brought = odt_in.read(saved[f"page-{name}"])
    assert [node["type"] for node in brought.tree] == WANTED[name]


def test_office_files_go_out_in_every_format_and_come_back(saved: dict[str, bytes]) -> None:
    """Word files as they were made, and what LibreOffice makes of them, of pages and of files of ours."""
    brought = [(name, odt_in.read(content)) for name, content in saved.items()]
    brought += [(one.name, docx_in.read(one.content)) for one in OFFICE]
    assert len(brought) >= 40
    for name, found in brought:
        tree: Tree = found.tree
        if any(node["type"] == "image" for node in blocks(tree)):
            # Pictures are drawn anew before they are stored; here they are not.
            tree = [node for node in tree if node["type"] != "image"]
        out = Paper(found.title, tree, pictures=PICTURES)
        assert same(docx_in.read(docx_out.write(out)).tree, tree), name
        assert same(odt_in.read(odt_out.write(out)).tree, tree), name
        assert same(markdown_in.read(markdown_out.write(out)).tree, tree), name
        assert same(html_in.read(html_out.write(out)).tree, tree), name


def made(body: str, *, parts: dict[str, bytes] | None = None, styles: str = "") -> bytes:
    """A file as any program may write it: `body` within office:text."""
    spaces = " ".join(f'xmlns:{prefix}="{address}"' for prefix, address in NAMESPACES.items())
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:automatic-styles>{styles}</office:automatic-styles>'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        for name, value in {"content.xml": content.encode(), **(parts or {})}.items():
            package.writestr(name, value)
    return out.getvalue()


def test_words_of_an_opendocument_paragraph() -> None:
    styles = (
        '<style:style style:name="T1" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>'
        '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Titre_20_2"/>'
    )
    brought = odt_in.read(
        made(
            '<text:p text:style-name="P1">Pièces</text:p><text:p>  un\n   deux<text:s text:c="2"/>trois<text:tab/>'
            '<text:span text:style-name="T1">gras</text:span><text:line-break/>la suite<text:soft-page-break/> fin '
            '<text:a xlink:href="javascript:alert(1)">piège</text:a><text:note><text:note-citation>1</text:note-citation>'
            "<text:note-body><text:p>Une note.</text:p></text:note-body></text:note><office:annotation><text:p>privé</text:p>"
            "</office:annotation></text:p>",
            styles=styles,
        )
    )
    assert written(brought.tree).strip().split("\n")[0] == "heading 2: Pièces"
    assert plain_text(brought.tree[1:2]) == "un deux  trois\tgras\nla suite fin piège (1)"
    assert kinds(brought.tree[2:]) == ["heading", "ordered_list", "list_item", "paragraph"]
    assert [(loss.code, loss.words) for loss in brought.losses] == [
        ("link", "piège"),
        ("comments", "privé"),
        ("notes", "Une note."),
    ]


HOSTILE = {
    "no zip": b"<html>",
    "cut": made("<text:p>x</text:p>")[:200],
    "nested sections": made("<text:section>" * 20_000 + "</text:section>" * 20_000),
    "nested lists": made("<text:list><text:list-item>" * 100 + "<text:p>x</text:p>" + "</text:list-item></text:list>" * 100),
    "repeated": made(
        '<table:table><table:table-row table:number-rows-repeated="9999999"><table:table-cell table:number-columns-repeated="9999999">'
        '<text:p>x<text:s text:c="999999999"/>y</text:p></table:table-cell></table:table-row></table:table>'
    ),
    "spans": made(
        "<table:table>"
        + '<table:table-row><table:table-cell table:number-columns-spanned="99999" table:number-rows-spanned="99999"><text:p>x</text:p></table:table-cell>'
        "<table:table-cell><text:p>y</text:p></table:table-cell></table:table-row>" * 500
        + "</table:table>"
    ),
    "paragraphs": made("<text:p>x</text:p>" * 200_000),
    "zeros": made("x", parts={"styles.xml": b" " * 60_000_000}),
    "large picture": made('<text:p><draw:frame><draw:image xlink:href="Pictures/a.png"/></draw:frame></text:p>', parts={"Pictures/a.png": bytes(40_000_000)}),
    "members": made("x", parts={f"a/{number}": b"" for number in range(3_000)}),
    "entities": made("x", parts={"styles.xml": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'}),
    "outside entity": made("x", parts={"meta.xml": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'}),
    "remote picture": made('<text:p><draw:frame><draw:image xlink:href="https://ailleurs.example/a.png"/></draw:frame></text:p>'),
    "outside picture": made('<text:p><draw:frame><draw:image xlink:href="../../etc/passwd"/></draw:frame></text:p>'),
    "circular styles": made('<text:p text:style-name="A">x</text:p>', styles='<style:style style:family="paragraph" style:name="A" style:parent-style-name="A"/>'),
    "long attribute": made(f'<text:p text:style-name="{"a" * 5_000_000}">x</text:p>'),
    "forged section": made('<text:section text:name="openlab-doc-1"><text:p>x</text:p></text:section>'),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_soon(name: str) -> None:
    began = time.process_time()
    try:
        brought = odt_in.read(HOSTILE[name])
    except Refused as refusal:
        assert str(refusal) in ("too_deep", "too_long", "too_large", "unreadable", "encrypted", "no_text")
    else:
        assert len(blocks(brought.tree)) <= 20_000
        assert len(plain_text(brought.tree)) < 1_000_000
        assert not brought.pictures
    assert time.process_time() - began < 5


def test_a_file_with_a_password_is_refused() -> None:
    locked = f'<manifest:manifest xmlns:manifest="{NAMESPACES["manifest"]}"><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'
    with pytest.raises(Refused, match="encrypted"):
        odt_in.read(made("<text:p>x</text:p>", parts={"META-INF/manifest.xml": locked.encode()}))


def test_pictures_keep_their_place() -> None:
    body = '<text:p>avant<draw:frame loext:decorative="true"><draw:image xlink:href="Pictures/a.png"/></draw:frame>après</text:p>'
    brought = odt_in.read(made(body, parts={"Pictures/a.png": b"\x89PNG"}))
    assert [(node["type"], node.get("attrs")) for node in brought.tree] == [
        ("paragraph", None), ("image", {"image": "picture-1", "decorative": 1}),
    ]  # fmt: skip
    assert brought.pictures == {"picture-1": b"\x89PNG"}
