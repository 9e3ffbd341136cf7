"""Reading the bytes of a Yjs update (version 1) without trusting them.

The reader never recurses, reads numbers of at most eight bytes, and ends exactly where the bytes end. It
knows the structure only; what the grammar allows is judged in `drafts.gate_rules`, what the document
already holds in `drafts.room_index`.

An update is a list of sections (one per client: the structs it wrote, from a clock on) and a delete set.
"""

import re
from struct import unpack_from
from typing import Any

__all__ = [
    "ANY",
    "CLOCK_LIMIT",
    "DELETED",
    "FORMAT",
    "GC",
    "STRING",
    "TYPE",
    "Deletes",
    "GateRefusal",
    "Id",
    "Section",
    "Struct",
    "low_surrogates",
    "read_update",
]

# Yrs counts clocks in 32 bits; half of that leaves room for any sum of a clock and a length.
CLOCK_LIMIT = 2**31
# The largest whole number of JavaScript, hence the largest client id that a browser can read back.
NUMBER_LIMIT = 2**53

# Content references of the format. JSON (2), binary (3), embed (5), sub-document (9) are of no use in a
# text of this grammar; a skip (10) stands for a gap and is never sent by a client.
GC, DELETED, STRING, FORMAT, TYPE, ANY = 0, 1, 4, 6, 7, 8
_NOT_IN_A_TEXT = frozenset({2, 3, 5, 9})
_XML_ELEMENT, _XML_TEXT = 3, 6

Id = tuple[int, int]
"""Client and clock."""

Struct = tuple[int, int, Id | None, Id | None, Id | str | None, str | None, Any]
"""Kind, length in clocks, origin, right origin, parent (id of a type, or name of a root), parent key, content.

Content: for STRING the text when it holds characters outside the basic plane, else None; for FORMAT the
pair (key, JSON); for TYPE the name of an XmlElement, or None for an XmlText; for ANY the list of values.
"""

Section = tuple[int, int, int, list[Struct]]
"""Client, first clock, clock after the last struct, structs."""

Deletes = list[tuple[int, list[tuple[int, int]]]]
"""For each client the ranges (first clock, clock after the last)."""

_ASTRAL = re.compile("[\U00010000-\U0010ffff]+")


class GateRefusal(Exception):
    """An update that must not reach the document.

    `code` is one of malformed, forged, schema, forbidden, too_large, resync; the message is for the log, in
    English, and holds nothing that the sender wrote.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read_update(data: bytes, structs: int, ranges: int) -> tuple[list[Section], Deletes]:
    """The sections and the delete set of an update that declares at most `structs` and `ranges` of them.

    Raises GateRefusal (malformed, schema for a content that no text of ours can hold, too_large).
    """
    try:
        sections, position = _read_sections(data, structs)
        if position == len(data) - 1 and data[position] == 0:
            return sections, []
        deletes, position = _read_deletes(data, position, ranges)
    except IndexError:
        raise GateRefusal("malformed", "the update ends too early") from None
    if position != len(data):
        raise GateRefusal("malformed", "bytes follow the end of the update")
    return sections, deletes


def _number(data: bytes, position: int, first: int) -> tuple[int, int]:
    """The rest of a number whose first byte, just before `position`, says that it goes on."""
    value = first & 127
    shift = 7
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value >= NUMBER_LIMIT:
                break
            return value, position
        shift += 7
        if shift > 49:
            break
    raise GateRefusal("malformed", "a number is out of bounds")


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    byte = data[position]
    if byte < 128:
        return byte, position + 1
    return _number(data, position + 1, byte)


def _read_text(data: bytes, position: int) -> tuple[str, int]:
    size = data[position]
    position += 1
    if size > 127:
        size, position = _number(data, position, size)
    end = position + size
    raw = data[position:end]
    if len(raw) != size:
        raise GateRefusal("malformed", "a string ends too early")
    if 0 in raw:
        raise GateRefusal("malformed", "a string holds a NUL")
    try:
        # Strict UTF-8 also refuses surrogates.
        return raw.decode(), end
    except UnicodeDecodeError:
        raise GateRefusal("malformed", "a string is not UTF-8") from None


def _read_sections(data: bytes, limit: int) -> tuple[list[Section], int]:
    count, position = _read_number(data, 0)
    if count > limit:
        raise GateRefusal("too_large", "too many client sections")
    sections: list[Section] = []
    seen: set[int] = set()
    left = limit
    for _ in range(count):
        size, position = _read_number(data, position)
        if size > left:
            raise GateRefusal("too_large", "too many structs")
        if size == 0:
            raise GateRefusal("malformed", "a client section is empty")
        left -= size
        client, position = _read_number(data, position)
        if client in seen:
            raise GateRefusal("malformed", "a client has two sections")
        seen.add(client)
        start, position = _read_number(data, position)
        structs, end, position = _read_structs(data, position, size, start)
        sections.append((client, start, end, structs))
    return sections, position


def _read_structs(data: bytes, position: int, count: int, clock: int) -> tuple[list[Struct], int, int]:
    structs: list[Struct] = []
    for _ in range(count):
        info = data[position]
        position += 1
        kind = info & 31
        if kind == GC:
            # Yjs writes the reference alone; other bits would be read by nobody.
            if info:
                raise GateRefusal("malformed", "a collected block carries references")
            length, position = _read_number(data, position)
            structs.append((GC, length, None, None, None, None, None))
        else:
            origin: Id | None = None
            right: Id | None = None
            parent: Id | str | None = None
            key: str | None = None
            # The numbers of the ids are read in place: they are most of what a keystroke consists of.
            if info & 128:
                client = data[position]
                position += 1
                if client > 127:
                    client, position = _number(data, position, client)
                at = data[position]
                position += 1
                if at > 127:
                    at, position = _number(data, position, at)
                origin = (client, at)
            if info & 64:
                client = data[position]
                position += 1
                if client > 127:
                    client, position = _number(data, position, client)
                at = data[position]
                position += 1
                if at > 127:
                    at, position = _number(data, position, at)
                right = (client, at)
            elif not info & 128:
                named, position = _read_number(data, position)
                if named == 1:
                    parent, position = _read_text(data, position)
                elif named == 0:
                    client, position = _read_number(data, position)
                    at, position = _read_number(data, position)
                    parent = (client, at)
                else:
                    raise GateRefusal("malformed", "a parent is neither a root nor a block")
                if info & 32:
                    key, position = _read_text(data, position)
            if kind == STRING:
                text, position = _read_text(data, position)
                length = len(text)
                content: Any = None
                if not text.isascii() and max(text) > "\uffff":
                    length += sum(len(run) for run in _ASTRAL.findall(text))
                    content = text
            else:
                content, length, position = _read_content(data, position, kind)
            structs.append((kind, length, origin, right, parent, key, content))
        if length == 0:
            raise GateRefusal("malformed", "a block is empty")
        clock += length
        if clock >= CLOCK_LIMIT:
            raise GateRefusal("malformed", "a clock is out of bounds")
    return structs, clock, position


def _read_content(data: bytes, position: int, kind: int) -> tuple[Any, int, int]:
    """Content, length in clocks, position after it, of everything but a string."""
    if kind == FORMAT:
        name, position = _read_text(data, position)
        value, position = _read_text(data, position)
        return (name, value), 1, position
    if kind == TYPE:
        reference, position = _read_number(data, position)
        if reference == _XML_TEXT:
            return None, 1, position
        if reference == _XML_ELEMENT:
            name, position = _read_text(data, position)
            return name, 1, position
        raise GateRefusal("schema", "a shared type that no text holds")
    if kind == DELETED:
        length, position = _read_number(data, position)
        return None, length, position
    if kind == ANY:
        length, position = _read_number(data, position)
        values = []
        for _ in range(length):
            value, position = _read_any(data, position)
            values.append(value)
        return values, length, position
    if kind in _NOT_IN_A_TEXT:
        raise GateRefusal("schema", "a kind of content that no text holds")
    raise GateRefusal("malformed", "an unknown kind of content")


def _read_any(data: bytes, position: int) -> tuple[Any, int]:
    """One plain value. Lists, objects and bytes are refused unread: no attribute of the grammar holds any."""
    tag = data[position]
    position += 1
    if tag == 119:
        return _read_text(data, position)
    if tag == 125:
        byte = data[position]
        position += 1
        value = byte & 63
        shift = 6
        negative = byte & 64
        while byte & 128:
            if shift > 48:
                raise GateRefusal("malformed", "a number is out of bounds")
            byte = data[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
        return (-value if negative else value), position
    if tag == 124 or tag == 123:
        size, form = (4, ">f") if tag == 124 else (8, ">d")
        if position + size > len(data):
            raise GateRefusal("malformed", "the update ends too early")
        return unpack_from(form, data, position)[0], position + size
    if tag == 120 or tag == 121:
        return tag == 120, position
    if tag == 126:
        return None, position
    if 116 <= tag <= 127:
        raise GateRefusal("schema", "a kind of value that no attribute holds")
    raise GateRefusal("malformed", "an unknown kind of value")


def _read_deletes(data: bytes, position: int, limit: int) -> tuple[Deletes, int]:
    count, position = _read_number(data, position)
    if count > limit:
        raise GateRefusal("too_large", "too many clients in the delete set")
    deletes: Deletes = []
    seen: set[int] = set()
    left = limit
    for _ in range(count):
        client, position = _read_number(data, position)
        if client in seen:
            raise GateRefusal("malformed", "a client stands twice in the delete set")
        seen.add(client)
        size, position = _read_number(data, position)
        if size > left:
            raise GateRefusal("too_large", "too many deleted ranges")
        left -= size
        ranges = []
        for _ in range(size):
            start, position = _read_number(data, position)
            length, position = _read_number(data, position)
            if length == 0 or start + length >= CLOCK_LIMIT:
                # Beyond any clock: what it would delete is everything somebody will ever write.
                raise GateRefusal("malformed", "a deleted range is empty or out of bounds")
            ranges.append((start, start + length))
        deletes.append((client, ranges))
    return deletes, position


def low_surrogates(text: str) -> list[tuple[int, int]]:
    """The offsets, in UTF-16 units, of second halves of surrogate pairs in `text`.

    Each (first, last) stands for first, first + 2, first + 4 … last: a run of emoji is one pair of numbers.
    """
    runs = []
    before = 0
    for match in _ASTRAL.finditer(text):
        count = match.end() - match.start()
        first = match.start() + before + 1
        runs.append((first, first + 2 * (count - 1)))
        before += count
    return runs
