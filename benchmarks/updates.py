"""What the generator reads in a Yjs update (format v1): which ids are in it, and the envelope of y-protocols.

Only the kinds that typing makes are understood. Anything else raises, so that a measurement cannot pass over it.
"""

from __future__ import annotations

from dataclasses import dataclass

GC, DELETED, STRING, SKIP = 0, 1, 4, 10


@dataclass(frozen=True, slots=True)
class Run:
    """Ids of one client that lie next to one another: `first` to `end` - 1."""

    client: int
    first: int
    end: int


def varint(data: bytes, at: int) -> tuple[int, int]:
    """(the number at `at`, where it ends)."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def with_length(data: bytes) -> bytes:
    return as_varint(len(data)) + data


def bytes_at(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = varint(data, at)
    return data[at : at + size], at + size


def runs(update: bytes) -> tuple[Run, ...]:
    """The ids an update brings, deleted again or not."""
    found: list[Run] = []
    clients, at = varint(update, 0)
    for _ in range(clients):
        structs, at = varint(update, at)
        client, at = varint(update, at)
        clock, at = varint(update, at)
        for _ in range(structs):
            kind, length, at = _struct(update, at)
            if kind != SKIP:
                if found and found[-1].client == client and found[-1].end == clock:
                    found[-1] = Run(client, found[-1].first, clock + length)
                else:
                    found.append(Run(client, clock, clock + length))
            clock += length
    return tuple(found)


def _struct(data: bytes, at: int) -> tuple[int, int, int]:
    """(kind, length in clocks, where it ends)."""
    info = data[at]
    kind = info & 0x1F
    at += 1
    if kind in (GC, SKIP):
        length, at = varint(data, at)
        return kind, length, at
    for bit in (0x80, 0x40):
        if info & bit:
            _client, at = varint(data, at)
            _clock, at = varint(data, at)
    if not info & 0xC0:
        at = _parent(data, at)
        if info & 0x20:
            _name, at = bytes_at(data, at)
    if kind == DELETED:
        length, at = varint(data, at)
        return kind, length, at
    if kind == STRING:
        text, at = bytes_at(data, at)
        return kind, len(text.decode().encode("utf-16-le")) // 2, at
    raise ValueError(f"a struct of kind {kind}: typing makes none")


def _parent(data: bytes, at: int) -> int:
    is_root, at = varint(data, at)
    if is_root:
        return bytes_at(data, at)[1]
    _client, at = varint(data, at)
    return varint(data, at)[1]
