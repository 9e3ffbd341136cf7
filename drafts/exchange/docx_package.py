"""A Word file as the parts it is made of: a zip of XML, opened within bounds and without trusting a word of it."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from drafts.exchange.members import DAMAGED, first_bytes, root_of
from drafts.exchange.paper import Refused

Element = etree._Element

# Thirty photos of a telephone; what is larger is no text.
LONGEST = 64 * 1024 * 1024
# What the parts may hold unpacked, all together and each XML part: a book of 1,000 pages is 10 MB of markup.
LONGEST_UNPACKED = 256 * 1024 * 1024
LONGEST_XML = 40 * 1024 * 1024
# Word writes some twenty parts and one for each picture.
MOST_PARTS = 4000

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
OFFICE_RELATIONS = R + "/"
# The same words in the strict form of the standard, which Word can write too.
_STRICT = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": W.encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": R.encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/math": b"http://schemas.openxmlformats.org/officeDocument/2006/math",
    b"http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing": b"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    b"http://purl.oclc.org/ooxml/drawingml/": b"http://schemas.openxmlformats.org/drawingml/2006/",
}
_MACRO = b"vnd.ms-word.document.macroEnabled", b"vnd.ms-word.template.macroEnabled", b"ms-office.vbaProject"
# The first bytes of what was protected by a password, and of Word files from before 2007.
_OLD = bytes.fromhex("d0cf11e0a1b11ae1")


@dataclass(frozen=True)
class Relation:
    """Where a part leads: `target` is the name of another part, or an address when `is_external`."""

    kind: str
    target: str
    is_external: bool


@dataclass(frozen=True)
class Piece:
    """A part of XML with what it refers to."""

    name: str
    root: Element
    relations: dict[str, Relation] = field(default_factory=dict)

    def of_kind(self, kind: str) -> Iterator[Relation]:
        return (one for one in self.relations.values() if one.kind == kind and not one.is_external)


class Package:
    """The parts of a file, by name. Raises Refused for what is no Word file, holds macros, or is too large."""

    def __init__(self, content: bytes) -> None:
        if content.startswith(_OLD):
            raise Refused("old_or_locked")
        if len(content) > LONGEST:
            raise Refused("too_large")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            members = self._zip.infolist()
        except DAMAGED:
            raise Refused("unreadable") from None
        if len(members) > MOST_PARTS or sum(one.file_size for one in members) > LONGEST_UNPACKED:
            raise Refused("too_large")
        self._names = {one.filename.lstrip("/").lower(): one for one in members}
        kinds = self.bytes_of("[Content_Types].xml") or b""
        if any(word in kinds for word in _MACRO) or any(
            name.endswith("vbaproject.bin") for name in self._names
        ):
            raise Refused("macros")

    def bytes_of(self, name: str, most: int = LONGEST_XML) -> bytes | None:
        """What a part holds, never more than `most` bytes; None when there is no such part."""
        member = self._names.get(name.lstrip("/").lower())
        if member is None:
            return None
        if member.flag_bits & 1:
            raise Refused("old_or_locked")
        found = first_bytes(self._zip, member, most)
        if found is None:
            raise Refused("unreadable")
        if len(found) > most:
            raise Refused("too_large")
        return found

    def main(self) -> Piece:
        """The document itself."""
        for relation in self._relations("").values():
            if relation.kind == OFFICE_RELATIONS + "officeDocument":
                if (piece := self.piece(relation.target)) is not None:
                    return piece
        raise Refused("not_word")

    def piece(self, name: str) -> Piece | None:
        """A part of XML; None when there is none of this name."""
        content = self.bytes_of(name)
        return None if content is None else Piece(name, _parsed(content), self._relations(name))

    def _relations(self, name: str) -> dict[str, Relation]:
        folder, file = posixpath.split(name)
        content = self.bytes_of(posixpath.join(folder, "_rels", f"{file}.rels"))
        if content is None:
            return {}
        found = {}
        for one in _parsed(content):
            if not isinstance(one.tag, str):
                continue
            target, kind = one.get("Target", ""), one.get("Type", "")
            is_external = one.get("TargetMode") == "External"
            if not is_external:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[one.get("Id", "")] = Relation(kind, target, is_external)
        return found


def _parsed(content: bytes) -> Element:
    """The root of an XML part, in the words of the usual form."""
    for strict, usual in _STRICT.items():
        content = content.replace(strict, usual)
    try:
        return root_of(content)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused("unreadable") from None
