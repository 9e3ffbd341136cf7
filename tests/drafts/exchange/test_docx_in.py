"""Files of word processors as texts: what they become, and what is said to be lost."""

from __future__ import annotations

import copy
import io
import subprocess
import time
import zipfile
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from drafts.exchange.docx_in import read
from drafts.exchange.docx_out import write
from drafts.exchange.paper import Paper, Refused
from drafts.grammar import plain_text
from tests.drafts.every_block import EVERY
from tests.drafts.exchange.office_files import FILES, OFFICE, Office
from tests.drafts.exchange.office_making import with_member
from tests.journeys.clipboard import written

CONTENT = dict(FILES)


@pytest.mark.parametrize("office", OFFICE, ids=lambda office: office.name)
def test_an_office_file_is_read(office: Office) -> None:
    brought = read(office.content)
    assert written(brought.tree) == office.expected
    assert brought.title == office.title
    assert {loss.code for loss in brought.losses} == office.losses, brought.losses


@pytest.fixture(scope="module")
def converted(soffice: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of others and one of ours as LibreOffice saves them, all in one start."""
    folder = tmp_path_factory.mktemp("office")
    made = folder / "saved"
    files = [office for office in OFFICE if office.is_converted]
    for office in files:
        (folder / f"{office.name}.docx").write_bytes(office.content)
    (folder / "ours.docx").write_bytes(write(Paper("Le permis", EVERY)))
    subprocess.run(
        [soffice, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "docx", "--outdir", made,
         *sorted(folder.glob("*.docx"))],
        check=True, capture_output=True, timeout=150,
    )  # fmt: skip
    return made


def test_what_libreoffice_saves_is_read_the_same(converted: Path) -> None:
    files = [office for office in OFFICE if office.is_converted]
    assert len(files) >= 8
    for office in files:
        brought = read((converted / f"{office.name}.docx").read_bytes())
        assert written(brought.tree) == office.expected, office.name
        assert brought.title == office.title


def test_no_word_of_ours_is_lost_in_libreoffice(converted: Path) -> None:
    brought = read((converted / "ours.docx").read_bytes())
    said = plain_text(brought.tree).split()
    # The caption and the alternative text of pictures that were not there stand in words of ours, which it does not keep apart.
    wanted = plain_text([node for node in EVERY if node["type"] not in ("image", "legal")]).split()
    assert [word for word in wanted if word not in said] == []
    assert brought.title == "Le permis"


def test_what_is_no_text_is_refused() -> None:
    plain = CONTENT["only-a-table"]
    kinds = zipfile.ZipFile(io.BytesIO(plain)).read("[Content_Types].xml")
    document = zipfile.ZipFile(io.BytesIO(plain)).read("word/document.xml")
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + document.split(b"?>", 1)[1].replace(
        b"seul", b"&b;"
    )
    deep = document.replace(b"<w:body>", b"<w:body>" + b"<w:ins>" * 150).replace(
        b"<w:sectPr", b"</w:ins>" * 150 + b"<w:sectPr"
    )
    main = b"wordprocessingml.document.main+xml"
    macro = kinds.replace(
        b"application/vnd.openxmlformats-officedocument." + main,
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
    )
    external = document.replace(b"<w:body>", b"<w:body>&#0;")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as other:
        other.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    cases = {
        "old_or_locked": [bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600],
        "unreadable": [b"", b"PK\x03\x04", plain[: len(plain) // 2], with_member(plain, "word/document.xml", bomb),
                       with_member(plain, "word/document.xml", external), with_member(plain, "word/document.xml", b"<w:")],
        "macros": [with_member(plain, "[Content_Types].xml", macro), with_member(plain, "word/vbaProject.bin", b"x")],
        "not_word": [out.getvalue()],
        "too_deep": [with_member(plain, "word/document.xml", deep)],
        "too_large": [with_member(plain, "word/media/x.bin", b"\0" * (257 * 1024 * 1024)),
                      with_member(plain, "word/document.xml", document.replace(b"<w:body>", b"<w:body>" + b"<w:p/>" * 20_001))],
    }  # fmt: skip
    for code, files in cases.items():
        for number, content in enumerate(files):
            with pytest.raises(Refused) as refused:
                read(content)
            assert str(refused.value) == code, (code, number)


def test_a_damaged_file_is_read_or_refused_and_nothing_else() -> None:
    random = Random(3)
    ours = write(Paper("Une fiche", EVERY))
    files = [content for name, content in FILES if name != "long-document"] + [ours] * 8
    refused = 0
    for _ in range(80):
        content = random.choice(files)
        root = etree.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml"))
        elements = list(root.iter(etree.Element))
        for _ in range(random.randint(1, 5)):
            element, other = random.choice(elements), random.choice(elements)
            deed = random.randrange(4)
            if deed == 0 and element.attrib:
                value = random.choice(
                    ["", "-1", "9" * 11, "x", "openlab:steps?.items=1&.whole=1", "openlab:image#1"]
                )
                element.set(random.choice(list(element.attrib)), value)
            elif deed == 1 and (parent := element.getparent()) is not None:
                parent.remove(element)
            elif deed == 2 and len(list(other.iter())) < 200:
                element.append(copy.deepcopy(other))
            else:
                element.tag = other.tag
        try:
            read(with_member(content, "word/document.xml", etree.tostring(root)))
        except Refused:
            refused += 1
    assert refused < 60, "most of them still say something"


def test_a_hostile_file_does_no_harm_and_takes_no_time() -> None:
    plain = CONTENT["only-a-table"]
    document = zipfile.ZipFile(io.BytesIO(plain)).read("word/document.xml")

    def with_body(body: str) -> bytes:
        return with_member(
            plain, "word/document.xml", document.replace(b"<w:body>", b"<w:body>" + body.encode())
        )

    tag = '<w:sdt><w:sdtPr><w:tag w:val="openlab:{}"/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>'
    word = "<w:p><w:r><w:t>mot</w:t></w:r></w:p>"
    for told, expected in (
        ("legal?href=javascript:alert(1)", "legal: mot"),
        ("heading?level=9", "heading 2: mot"),
        ("image?image=../../etc&width=abc", "image: mot"),
        ("image?image=0a1b2c", "image: mot"),
        ("doc", "paragraph: mot"),
        ("text", "paragraph: mot"),
        ("unheard-of#7", "paragraph: mot"),
        ("note?kind=bad&" + "&".join(f"{n}=1" for n in range(15)), "note\n  paragraph: mot"),
        ("contact?administration=<x>", "contact\nparagraph: mot"),
    ):
        brought = read(with_body(tag.format(told.replace("&", "&amp;").replace("<", "&lt;"), word)))
        assert written(brought.tree[:-1]) == expected
        assert all(not node.get("attrs", {}).get("href") for node in brought.tree) and not brought.pictures
        assert all(not node.get("attrs", {}).get("image") for node in brought.tree), (
            "nobody else's image is taken"
        )
    begun = time.monotonic()
    fields = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>' * 90 + "<w:r><w:t>perdu</w:t></w:r>"
    found = read(with_body(f"<w:p>{fields}{'<w:r><w:t>x</w:t></w:r>' * 30_000}</w:p>"))
    assert "fields" in {loss.code for loss in found.losses}, (
        "a field without an end takes words, and that is said"
    )
    wide = '<w:tc><w:tcPr><w:gridSpan w:val="999999"/></w:tcPr><w:p/></w:tc>'
    assert len(read(with_body(f"<w:tbl><w:tr>{wide}</w:tr></w:tbl>")).tree[0]["content"][0]["content"]) == 50
    assert time.monotonic() - begun < 10
