"""The gate's index as bytes, to be kept with a checkpoint.

Reading a full state block by block takes 34 to 59 ms on a paper of 260,000 edits, too long for the loop that
serves people who type; its index is a few numbers, and these are read back in less than a millisecond. The bytes
are believed as they stand: whoever keeps them keeps a digest beside them.

A line of JSON with names and counts, then columns of whole numbers, eight bytes each, little-endian.
"""

import json
import sys
from array import array
from collections.abc import Iterable

from drafts.gate import RoomIndex
from drafts.gate_rules import NO_RULE, ROOT_RULE, RULES, TEXT_RULE, NodeRule
from drafts.room_index import NOWHERE_TYPE, Clocks, Place, SharedType

__all__ = ["FORMAT", "pack", "unpack"]

# Kept in what is digested: an index of another form, or of other rules, is made again and not misread.
FORMAT = "1"
_ROOT, _TEXT, _NONE = "/root", "/text", "/none"


def pack(index: RoomIndex) -> bytes:
    """The index as bytes."""
    types: dict[SharedType, int] = {}
    for shared in (NOWHERE_TYPE, *index.roots.values(), *index.types.values()):
        types.setdefault(shared, len(types))
    places: dict[Place, int] = {}
    for clocks in index.clients.values():
        for place in clocks.places:
            places.setdefault(place, len(places))
    keys = _Names()
    rules = _Names()
    columns = [
        [rules.number(_name_of(shared.rule)) for shared in types],
        [shared.depth for shared in types],
        [types[shared] for shared in index.roots.values()],
        *_transposed(((*id_, types[shared]) for id_, shared in index.types.items()), 3),
        *_transposed(
            (
                (
                    types[place.type],
                    -1 if place.key is None else keys.number(place.key),
                    place.alive is not place,
                    place.heads,
                )
                for place in places
            ),
            4,
        ),
        list(index.clients),
        [clocks.start for clocks in index.clients.values()],
        [clocks.end for clocks in index.clients.values()],
        [len(clocks.starts) for clocks in index.clients.values()],
        [-1 if clocks.low_first is None else len(clocks.low_first) for clocks in index.clients.values()],
        [start for clocks in index.clients.values() for start in clocks.starts],
        [places[place] for clocks in index.clients.values() for place in clocks.places],
        [first for clocks in index.clients.values() for first in clocks.low_first or ()],
        [last for clocks in index.clients.values() for last in clocks.low_last or ()],
    ]
    head = {
        "roots": list(index.roots),
        "rules": rules.names,
        "keys": keys.names,
        "columns": [len(column) for column in columns],
    }
    return json.dumps(head).encode() + b"\n" + b"".join(_written(column) for column in columns)


def unpack(data: bytes) -> RoomIndex:
    """The index that was packed. Raises ValueError for bytes that are no such index."""
    line, newline, rest = data.partition(b"\n")
    if not newline:
        raise ValueError("no index")
    head = json.loads(line)
    sizes = head["columns"]
    if sum(sizes) * 8 != len(rest) or len(sizes) != 19:
        raise ValueError("an index of another size")
    columns, at = [], 0
    for size in sizes:
        columns.append(_read(rest[at : at + size * 8]))
        at += size * 8
    return _built(head, *columns)


def _built(head: dict[str, list[str]], *columns: "array[int]") -> RoomIndex:
    (
        type_rules, type_depths, roots, type_clients, type_clocks, type_numbers,
        place_types, place_keys, place_gone, place_heads,
        clients, starts, ends, runs, lows, run_starts, run_places, low_first, low_last,
    ) = columns  # fmt: skip
    rules = [_rule_of(name) for name in head["rules"]]
    types = [SharedType(rules[rule], depth) for rule, depth in zip(type_rules, type_depths, strict=True)]
    types[0] = NOWHERE_TYPE
    index = RoomIndex()
    index.roots = {name: types[number] for name, number in zip(head["roots"], roots, strict=True)}
    index.types = {
        (client, clock): types[number]
        for client, clock, number in zip(type_clients, type_clocks, type_numbers, strict=True)
    }
    places = []
    for number, key, gone, heads in zip(place_types, place_keys, place_gone, place_heads, strict=True):
        place = types[number].children if key < 0 else types[number].key(head["keys"][key])
        if gone:
            place = place.gone
        if heads:
            place.heads = heads
        places.append(place)
    run = low = 0
    for client, start, end, run_count, low_count in zip(clients, starts, ends, runs, lows, strict=True):
        clocks = index.clients[client] = Clocks(start)
        clocks.end = end
        clocks.starts = run_starts[run : run + run_count]
        clocks.places = [places[number] for number in run_places[run : run + run_count]]
        run += run_count
        if low_count >= 0:
            clocks.low_first = low_first[low : low + low_count]
            clocks.low_last = low_last[low : low + low_count]
            low += low_count
    return index


class _Names:
    """Names by number, in the order of their first use."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
        return found


_NAME_OF = {id(rule): name for name, rule in RULES.items()}
_NAME_OF.update({id(ROOT_RULE): _ROOT, id(TEXT_RULE): _TEXT, id(NO_RULE): _NONE})


def _name_of(rule: NodeRule) -> str:
    return _NAME_OF[id(rule)]


def _rule_of(name: str) -> NodeRule:
    if name in (_ROOT, _TEXT):
        return ROOT_RULE if name == _ROOT else TEXT_RULE
    return RULES.get(name, NO_RULE)


def _transposed(rows: Iterable[tuple[int, ...]], width: int) -> list[list[int]]:
    columns: list[list[int]] = [[] for _ in range(width)]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns


def _written(column: list[int]) -> bytes:
    numbers = array("q", column)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _read(data: bytes) -> "array[int]":
    numbers = array("q")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
