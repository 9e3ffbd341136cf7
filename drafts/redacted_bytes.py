"""Yjs updates without certain words: the same blocks under the same clocks, some of them as deleted.

A block whose words go is cut where they begin and end, as Yjs itself cuts it; what goes becomes deleted content of the
same length. So every other block finds its neighbours, and no client's clock moves. What stands in one value (an
attribute, the address of a link) has the length of one clock whatever it says: there the words are replaced.

The bytes have passed the gate before; the reader here is not for what a peer sends.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from drafts.gate_rules import check_attribute, check_mark
from drafts.grammar import GRAMMAR
from drafts.lib0 import varint
from drafts.passages import Passage
from drafts.yupdate import ANY, DELETED, FORMAT, GC, STRING, TYPE, GateRefusal, Id

__all__ = ["Block", "Keys", "Ranges", "blocks_of", "cut_in", "deletion", "without_words"]

# Attributes that people write; the others are names and numbers of the grammar's.
WRITTEN = frozenset({"number", "date", "href", "alt"})
# A skip, which only stands for a gap.
_SKIP = 10
Ranges = dict[int, list[tuple[int, int]]]
"""For each client the ranges (first clock, clock after the last), in order and apart."""

Keys = dict[Id, str]
"""Under which key of its block a value stands, by its id."""


class Block(NamedTuple):
    """One struct: whose it is, from which clock on, how many, and where it stands in the bytes.

    `head` are its bytes up to the content, without the first; `right` those of its right origin.
    """

    client: int
    clock: int
    size: int
    kind: int
    info: int
    head: bytes
    origin: Id | None
    right: bytes
    key: str | None
    content: bytes
    text: str
    whole: bytes


@dataclass
class _Reader:
    data: bytes
    at: int = 0
    sections: list[tuple[int, int, list[Block]]] = field(default_factory=list)

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def raw(self) -> bytes:
        size = self.number()
        self.at += size
        return self.data[self.at - size : self.at]

    def id(self) -> Id:
        client = self.number()
        return client, self.number()

    def read(self) -> None:
        for _section in range(self.number()):
            count, client, clock = self.number(), self.number(), self.number()
            blocks = []
            for _block in range(count):
                blocks.append(self.block(client, clock))
                clock += blocks[-1].size
            self.sections.append((client, blocks[0].clock if blocks else clock, blocks))

    def block(self, client: int, clock: int) -> Block:
        begins = self.at
        info = self.data[self.at]
        self.at += 1
        kind = info & 31
        origin: Id | None = None
        right = b""
        key = None
        if kind not in (GC, _SKIP):
            if info & 128:
                origin = self.id()
            if info & 64:
                from_ = self.at
                self.id()
                right = self.data[from_ : self.at]
            if not info & 192:
                if self.number():
                    self.raw()
                else:
                    self.id()
                if info & 32:
                    key = self.raw().decode()
        head = self.data[begins + 1 : self.at]
        from_ = self.at
        size, text = self.content(kind)
        return Block(
            client,
            clock,
            size,
            kind,
            info,
            head,
            origin,
            right,
            key,
            self.data[from_ : self.at],
            text,
            self.data[begins : self.at],
        )

    def content(self, kind: int) -> tuple[int, str]:
        if kind in (GC, DELETED, _SKIP):
            return self.number(), ""
        if kind == STRING:
            text = self.raw().decode()
            return units(text), text
        if kind == FORMAT:
            self.raw()
            self.raw()
            return 1, ""
        if kind == TYPE:
            if self.number() == 3:
                self.raw()
            return 1, ""
        if kind == ANY:
            count = self.number()
            for _value in range(count):
                self.any()
            return count, ""
        raise ValueError("a kind of content that no text holds")

    def any(self) -> str | None:
        """One plain value: its text when it is one."""
        tag = self.data[self.at]
        self.at += 1
        if tag == 119:
            return self.raw().decode()
        if tag == 125:
            while self.data[self.at] & 128:
                self.at += 1
            self.at += 1
        elif tag in (123, 124):
            self.at += 8 if tag == 123 else 4
        elif tag not in (120, 121, 126, 127):
            raise ValueError("a kind of value that no attribute holds")
        return None


def units(text: str) -> int:
    """The length of a text in clocks: UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def blocks_of(update: bytes) -> Iterator[Block]:
    """The blocks that an update brings, in the order of its bytes."""
    reader = _Reader(update)
    reader.read()
    for _client, _clock, blocks in reader.sections:
        yield from blocks


def without_words(update: bytes, gone: Ranges, passage: Passage, keys: Mapping[Id, str]) -> bytes:
    """The update with deleted content where `gone` says that words stood, and no value that holds the passage.

    The very same bytes when there is nothing to change.
    """
    reader = _Reader(update)
    reader.read()
    out = bytearray(varint(len(reader.sections)))
    changed = False
    for client, clock, blocks in reader.sections:
        body = bytearray()
        count = 0
        for block in blocks:
            for part in _parts(block, gone.get(client, ()), passage, keys):
                changed = changed or part != block.whole
                body += part
                count += 1
        out += varint(count) + varint(client) + varint(clock) + body
    return bytes(out + update[reader.at :]) if changed else update


def _parts(
    block: Block, gone: Sequence[tuple[int, int]], passage: Passage, keys: Mapping[Id, str]
) -> Iterator[bytes]:
    if block.kind == STRING:
        cuts = list(cut_in(gone, block.clock, block.clock + block.size))
        yield from _words(block, cuts) if cuts else (block.whole,)
    elif block.kind == FORMAT:
        yield block.whole[: len(block.head) + 1] + _mark(block.content, passage)
    elif block.kind == ANY:
        key = block.key or keys.get((block.client, block.clock)) or ""
        yield block.whole[: len(block.head) + 1] + _values(block.content, key, passage)
    else:
        yield block.whole


def cut_in(gone: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The ranges of `gone` as far as they stand between two clocks."""
    at = max(0, bisect_right(gone, (start, 2**63)) - 1)
    for first, last in gone[at:]:
        if first >= end:
            return
        if last > start:
            yield max(first, start), min(last, end)


def _words(block: Block, cuts: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """A text in pieces: those that stay, and deleted content in the place of those that go."""
    wide = block.text.encode("utf-16-le")
    at = block.clock
    for start, end in [*cuts, (block.clock + block.size, block.clock + block.size)]:
        if at < start:
            words = wide[2 * (at - block.clock) : 2 * (start - block.clock)].decode("utf-16-le").encode()
            yield _piece(block, at, STRING, varint(len(words)) + words)
        if start < end:
            yield _piece(block, start, DELETED, varint(end - start))
        at = end


def _piece(block: Block, clock: int, kind: int, content: bytes) -> bytes:
    if clock == block.clock:
        return bytes([block.info & ~31 | kind]) + block.head + content
    # As Yjs cuts a block: the later piece has its left neighbour in the earlier one, and the same right origin.
    info = kind | 128 | (64 if block.right else 0)
    return bytes([info]) + varint(block.client) + varint(clock - 1) + block.right + content


def _mark(content: bytes, passage: Passage) -> bytes:
    reader = _Reader(content)
    name, value = reader.raw().decode(), reader.raw().decode()
    if value == "null" or not (passage.stands_in(value) or "\\" in value):
        return content
    said = json.loads(value)
    kept = passage.out_of_value(said)
    if kept == said:
        return content
    told = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    try:
        check_mark(name, told)
    except GateRefusal:
        # A link that leads nowhere any more is no link.
        told = "null"
    return _raw(name) + _raw(told)


def _values(content: bytes, key: str, passage: Passage) -> bytes:
    if key and key not in WRITTEN:
        return content
    reader = _Reader(content)
    out = bytearray(varint(reader.number()))
    while reader.at < len(content):
        from_ = reader.at
        value = reader.any()
        if value is None or not passage.stands_in(value):
            out += content[from_ : reader.at]
        else:
            out += bytes([119]) + _raw(_written(passage.out_of(value), value))
    return bytes(out)


def _written(kept: str, before: str) -> str:
    """An attribute without the words; nothing where what is left of an address is none."""
    href = GRAMMAR.marks["link"]["href"]
    kept = kept[: href.longest]
    for value in (before, kept):
        try:
            check_attribute(href, value)
        except GateRefusal:
            return kept if value is before else ""
    return kept


def _raw(text: str) -> bytes:
    encoded = text.encode()
    return varint(len(encoded)) + encoded


def deletion(gone: Ranges) -> bytes:
    """An update that deletes these clocks, and brings nothing."""
    ranges = {client: found for client, found in gone.items() if found}
    out = bytearray(b"\x00") + varint(len(ranges))
    for client, found in ranges.items():
        out += varint(client) + varint(len(found))
        for start, end in found:
            out += varint(start) + varint(end - start)
    return bytes(out)
