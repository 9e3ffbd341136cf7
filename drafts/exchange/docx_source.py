"""The file that is being read, and what is gathered on the way: pictures, notes, losses, how much there was of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.markup import safe_href
from drafts.exchange.docx_controls import Told, digest, kept_in
from drafts.exchange.docx_package import OFFICE_RELATIONS, Element, Package, Piece
from drafts.exchange.docx_styles import Numbering, Styles, w
from drafts.exchange.losses import Losses
from drafts.exchange.paper import Refused
from drafts.gate_rules import check_mark
from drafts.yupdate import GateRefusal

# What a document of ours says it is, in its properties.
IDENTIFIER = "urn:openlab:exchange:1"
# Ten times the longest law of the corpus of the territory; more than this no page shows and nobody proofreads.
MOST_BLOCKS = 20_000
MOST_CHARACTERS = 2_000_000
# The gate lets 32 levels of blocks through; markup takes some levels more for each.
MOST_LEVELS = 32
DEEPEST_MARKUP = 100
MOST_PICTURES = 500
# What images may be (drafts/image_work.py), by their first bytes.
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
# Ten megabytes is what an image may have (drafts/images.py).
LONGEST_PICTURE = 10 * 1024 * 1024


@dataclass
class Field:
    """A field that is open: its instruction, and whether its result has begun."""

    code: str = ""
    is_result: bool = False
    left_out: str = ""

    @property
    def is_contents(self) -> bool:
        """A table of contents or an index: made of what stands elsewhere in the text."""
        return self.code.strip().split(" ", 1)[0].upper() in ("TOC", "INDEX", "TOA")


class Source:
    """One file while it is read."""

    def __init__(self, content: bytes) -> None:
        self.package = Package(content)
        self.main = self.package.main()
        self.styles = Styles(self._root("styles"))
        self.numbering = Numbering(self._root("numbering"), self.styles)
        self.losses = Losses()
        self.pictures: dict[str, bytes] = {}
        self.notes: dict[tuple[str, str], int] = {}
        self.fields: list[Field] = []
        self.title: str | None = None
        self.kept: dict[str, Told] = {}
        for relation in self.main.of_kind(OFFICE_RELATIONS + "customXml"):
            if (piece := self.package.piece(relation.target)) is not None:
                self.kept.update(kept_in(piece.root))
        self.is_ours = self._identifier() == IDENTIFIER
        self._keys: dict[tuple[str, str], str] = {}
        self._blocks = self._characters = 0
        self._comments: dict[str, str] | None = None

    def related(self, kind: str) -> Iterator[Piece]:
        """The parts of one kind that the document refers to: footnotes, headers."""
        for relation in self.main.of_kind(OFFICE_RELATIONS + kind):
            if (piece := self.package.piece(relation.target)) is not None:
                yield piece

    def count(self, characters: int) -> None:
        """One more block, of so many characters."""
        self._blocks += 1
        self._characters += characters
        if self._blocks > MOST_BLOCKS or self._characters > MOST_CHARACTERS:
            raise Refused("too_large")

    def note(self, kind: str, ident: str) -> int:
        """The number of a note, in the order in which notes are called."""
        return self.notes.setdefault((kind, ident), len(self.notes) + 1)

    def comment(self, ident: str) -> str:
        """The words of a comment."""
        if self._comments is None:
            self._comments = {
                one.get(w("id"), ""): words_of(one)
                for piece in self.related("comments")
                for one in piece.root.iterfind(w("comment"))
            }
        return self._comments.get(ident, "")

    def shown(self, told: Told | None, content: Element) -> None:
        """What stands beside a text is no part of it; what somebody wrote into it is lost, and that is said."""
        words = words_of(content)
        if words and (told is None or told.get(".digest") != digest(words)):
            self.losses.add("shown", words)

    def picture(self, piece: Piece, ident: str, wanted: str, words: str) -> str | None:
        """The key of a picture; None, and a loss, when it cannot be taken. `wanted` is the name it had with us."""
        relation = piece.relations.get(ident)
        if relation is None or relation.is_external:
            self.losses.add("picture_remote", words or (relation.target if relation else ""))
            return None
        if (known := self._keys.get((relation.target, wanted))) is not None:
            return known
        content = self.package.bytes_of(relation.target, most=4 * LONGEST_PICTURE)
        is_known = content is not None and (
            content.startswith(_PICTURES) or content[:4] == b"RIFF" and content[8:12] == b"WEBP"
        )
        if (
            content is None
            or not is_known
            or len(content) > LONGEST_PICTURE
            or len(self.pictures) >= MOST_PICTURES
        ):
            self.losses.add("picture_unreadable", words or relation.target.rsplit("/", 1)[-1])
            return None
        key = wanted
        if not key or key in self.pictures and self.pictures[key] != content:
            key = f"image-{len(self.pictures) + 1}"
        self._keys[relation.target, wanted] = key
        self.pictures[key] = content
        return key

    def _root(self, kind: str) -> Element | None:
        return next((piece.root for piece in self.related(kind)), None)

    def _identifier(self) -> str:
        core = self.package.piece("docProps/core.xml")
        found = core.root.find("{http://purl.org/dc/elements/1.1/}identifier") if core is not None else None
        return (found.text or "") if found is not None else ""


def safe_link(address: str) -> str | None:
    """An address when a text may link to it: it passes the gate, and a page would show it as a link."""
    href = safe_href(address)
    if href is None or not urlsplit(href).scheme:
        return None
    try:
        check_mark("link", json.dumps({"href": href}))
    except GateRefusal:
        return None
    return href


def words_of(element: Element) -> str:
    """The words of a piece of markup as they stand, deletions left out."""
    said: list[str] = []
    for one in element.iter(
        w("t"), w("tab"), w("br"), w("p"), "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
    ):
        said.append(one.text or "" if str(one.tag).endswith("}t") else " ")
    return "".join(said).strip()


def is_true(said: str | None) -> bool:
    return said in ("1", "true", "on")
