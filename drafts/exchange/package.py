"""Office files are ZIP packages of XML parts: every bound that is held before a reader may open one.

In this order, so that nothing large happens for a file that is refused: the end of the file, the number of its members,
their names and places, the sizes they declare, the sizes they have (inflated with a counter, kept nowhere), and the shape
of the XML parts. A package inside a package is never opened.
"""

from __future__ import annotations

import re
import stat
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from struct import Struct
from struct import error as StructError
from xml.parsers import expat  # nosec B407 # every DTD and entity is refused below, and the child is under limits
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from drafts.exchange.paper import Format, Refused

# A long report with 300 pictures has some 350 members.
MOST_MEMBERS = 2_000
# The text of a document of 1,000 pages is 20 MB of XML; pictures lie in it as they came from a camera.
LARGEST_MEMBER = 30 * 1024 * 1024
LARGEST = 100 * 1024 * 1024
# XML deflates to a thirtieth, long tables to a hundredth; zeros to a thousandth. Small parts may repeat themselves.
MOST_RATIO, RATIO_FROM = 200, 1024 * 1024
LONGEST_NAME = 255
# The readers stop at 256 (libxml2); a table in a table in a list in a section of Word is at some 60.
DEEPEST = 200
# A document of 300 pages has some 100,000.
MOST_ELEMENTS = 500_000
# Between two members stands at most a data descriptor (24 bytes); more is a place to hide something.
_GAP = 64
_END, _LOCAL = Struct("<4s4H2LH"), Struct("<4s5H3L2H")
_ENCRYPTED = 0x1
_PIECE = 256 * 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Begin = Callable[[str, dict[str, str]], None]
_XML_NAMES = (".xml", ".rels", ".rdf")
_ODT = b"application/vnd.oasis.opendocument.text"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_MANIFEST = "META-INF/manifest.xml"
_TYPES, _WORD_MAIN = "[Content_Types].xml", "word/document.xml"
# The readers know encodings by this name; in all of them markup looks as in ASCII, or there is a mark at the start.
_ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})


def ends_as_zip(content: bytes) -> bool:
    """Whether a reader of ZIP files, which begins at the end, would find one here."""
    return b"PK\x05\x06" in content[-65_557:]


def kind_of(content: bytes) -> Format:
    """The format of a package, every bound held. Raises Refused."""
    try:
        _bounded_end(content)
        with ZipFile(BytesIO(content)) as opened:
            members = opened.infolist()
            _names(members)
            begins = _places(content, members)
            _declared(members)
            kind = _kind(opened, members)
            _no_macros(members)
            types = _content_types(opened) if kind is Format.DOCX else {}
            for member in members:
                is_xml = _is_xml(member.filename, types)
                _inflated(content, member, begins[member.filename], is_xml=is_xml)
    except (BadZipFile, zlib.error, StructError, NotImplementedError, EOFError, UnicodeError) as error:
        raise Refused("broken") from error
    except RuntimeError as error:  # zipfile's word for a member with a password
        raise Refused("encrypted") from error
    return kind


def _bounded_end(content: bytes) -> None:
    """The directory stands at the very end, with nothing after it, and says how much there is before it is read."""
    at = len(content) - _END.size
    if at < 0 or content[at : at + 4] != b"PK\x05\x06":
        # A comment, a second end, or bytes after it: harmless to us, and another file to somebody else.
        raise Refused("two_things" if ends_as_zip(content) else "broken")
    _mark, disk, first_disk, here, members, size, start, comment = _END.unpack_from(content, at)
    if members > MOST_MEMBERS:
        raise Refused("too_many_members")
    if disk or first_disk or here != members or comment:
        raise Refused("broken")
    if start + size != at:
        # Bytes in front of the first member, or between the members and their directory.
        raise Refused("two_things")


def _names(members: list[ZipInfo]) -> None:
    seen: set[str] = set()
    for member in members:
        name = member.orig_filename
        parts = name.split("/")
        wrong = (
            not name
            or len(name) > LONGEST_NAME
            or name.startswith("/")
            or "\\" in name
            or ":" in name
            or ".." in parts
            or _CONTROL.search(name)
            or stat.S_ISLNK(member.external_attr >> 16)
            or name.casefold() in seen
        )
        if wrong:
            raise Refused("names")
        seen.add(name.casefold())


def _places(content: bytes, members: list[ZipInfo]) -> dict[str, int]:
    """Where the bytes of each begin. Members stand one after the other: those that share their bytes are how a small
    file becomes a large one."""
    end = 0
    found = {}
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.flag_bits & _ENCRYPTED:
            raise Refused("encrypted")
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Refused("broken")
        if not 0 <= member.header_offset - end <= (_GAP if end else 0):
            raise Refused("bomb" if member.header_offset < end else "two_things")
        mark, *_fields, name, extra = _LOCAL.unpack_from(content, member.header_offset)
        begins = member.header_offset + _LOCAL.size + name + extra
        called = content[begins - name - extra : begins - extra]
        if mark != b"PK\x03\x04" or called not in _spellings(member.orig_filename):
            raise Refused("broken")
        found[member.filename] = begins
        end = begins + member.compress_size
    if end > len(content):
        raise Refused("broken")
    return found


def _spellings(name: str) -> tuple[bytes, ...]:
    """A member's name as it may stand before its bytes: there too, or two readers find two files."""
    return name.encode("utf-8"), name.encode("cp437", "replace")


def _declared(members: list[ZipInfo]) -> None:
    if sum(member.file_size for member in members) > LARGEST:
        raise Refused("bomb")
    for member in members:
        packed = max(member.compress_size, 1)
        if member.file_size > LARGEST_MEMBER or (
            member.file_size > RATIO_FROM and member.file_size > MOST_RATIO * packed
        ):
            raise Refused("bomb")


def _kind(opened: ZipFile, members: list[ZipInfo]) -> Format:
    names = {member.filename for member in members}
    first = members[0] if members else None
    if first is not None and first.filename == "mimetype":
        said = opened.read(first)[:200].strip() if first.file_size <= 200 else b""
        if said == _ODT:
            if "encrypted-package" in names or b"encryption-data" in _manifest(opened, names):
                raise Refused("encrypted")
            return Format.ODT
        raise Refused("not_a_text" if b"opendocument" in said else "unknown")
    if "Index/Document.iwa" in names or "Index.zip" in names:
        raise Refused("pages")
    if _TYPES not in names:
        raise Refused("archive")
    if _WORD_MAIN not in names:
        raise Refused("not_a_text")
    return Format.DOCX


def _manifest(opened: ZipFile, names: set[str]) -> bytes:
    """Where OpenDocument says which parts are locked (ODF 1.3, part 2, 3.4.1): the rest would only look broken."""
    return opened.read(_MANIFEST) if _MANIFEST in names else b""


def _no_macros(members: list[ZipInfo]) -> None:
    for member in members:
        name = member.filename.casefold()
        if name.endswith(("vbaproject.bin", "vbadata.xml")) or name.startswith(("basic/", "scripts/")):
            raise Refused("macros")


def _content_types(opened: ZipFile) -> dict[str, str]:
    """What each part of a Word package is said to be: a part's path, or "." and an ending, in small letters."""
    found: dict[str, str] = {}

    def begin(tag: str, attrs: dict[str, str]) -> None:
        kind = attrs.get("ContentType", "").casefold()
        if tag.endswith("Default"):
            found["." + attrs.get("Extension", "").casefold()] = kind
        elif tag.endswith("Override"):
            found[attrs.get("PartName", "").lstrip("/").casefold()] = kind

    scan = _Scan(begin)
    scan.feed(opened.read(_TYPES), True)
    kinds = found.values()
    if any("macroenabled" in kind or "vba" in kind for kind in kinds):
        raise Refused("macros")
    if _WORD not in kinds:
        raise Refused("not_a_text")
    return found


def _is_xml(name: str, types: dict[str, str]) -> bool:
    """Whether a reader would parse it: by its ending, or because the package says so whatever its name."""
    name = name.casefold()
    said = types.get(name) or types.get("." + name.rpartition(".")[2], "")
    return name.endswith(_XML_NAMES) or said.endswith(("/xml", "+xml")) and not said.startswith("image/")


def _inflated(content: bytes, member: ZipInfo, begins: int, *, is_xml: bool) -> None:
    """Go through a member to its end, piece by piece: another length or sum than it said is a lie, and refused.

    Not by `zipfile`, which stops where the directory says that a member ends, whatever follows: another reader goes on.
    """
    scan = _Scan() if is_xml else None
    sum_, size = 0, 0
    for piece in _pieces(memoryview(content)[begins : begins + member.compress_size], member):
        size += len(piece)
        if size > member.file_size:
            raise Refused("bomb")
        sum_ = zlib.crc32(piece, sum_)
        if scan is not None:
            scan.feed(piece)
    if size != member.file_size or sum_ != member.CRC:
        raise Refused("broken")
    if scan is not None:
        scan.end()


def _pieces(packed: memoryview, member: ZipInfo) -> Iterator[bytes]:
    if member.compress_type == ZIP_STORED:
        for at in range(0, len(packed), _PIECE):
            yield bytes(packed[at : at + _PIECE])
        return
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(0, len(packed), _PIECE):
        waiting = bytes(packed[at : at + _PIECE])
        while waiting:
            yield stream.decompress(waiting, _PIECE)
            if stream.eof:
                break
            waiting = stream.unconsumed_tail
    while not stream.eof:
        piece = stream.decompress(b"", _PIECE)
        if not piece:
            raise Refused("broken")
        yield piece
    if stream.unused_data:
        raise Refused("two_things")


class _Scan:
    """Well-formed XML without a DTD, of bounded depth and length, looked at as it comes. Raises Refused."""

    def __init__(self, begin: Begin | None = None) -> None:
        self._depth = self._count = 0
        self._begin = begin
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.XmlDeclHandler = self._on_declaration
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        self._parser = parser

    def feed(self, piece: bytes, last: bool = False) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise Refused("broken") from error

    def end(self) -> None:
        self.feed(b"", True)

    def _on_start(self, tag: str, attrs: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST:
            raise Refused("too_deep")
        if self._count > MOST_ELEMENTS:
            raise Refused("too_long")
        if self._begin is not None:
            self._begin(tag, attrs)

    def _on_end(self, _tag: str) -> None:
        self._depth -= 1

    def _on_declaration(self, _version: str, encoding: str | None, _alone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise Refused("broken")

    def _refuse(self, *_said: object) -> None:
        # Office programs write none. With it come entities that grow, and addresses that are fetched.
        raise Refused("entities")
