"""The gate in front of pycrdt: what an editor sends is read and judged before it touches a document.

pycrdt trusts its input; a few crafted bytes hang it, crash it, or make a document unopenable for ever, and
nothing catches that afterwards. So an update passes only if it is what a Yjs client of our grammar would
send: blocks of the sender's own client ids, without a gap, that refer to known content only, made of words,
marks, nodes and attributes of the grammar. The order of use is check, apply, `admit`.
"""

from bisect import bisect_right
from collections.abc import Container
from dataclasses import dataclass
from sys import maxsize

from drafts.room_index import Clocks, Knowledge, News
from drafts.settle import settle
from drafts.yupdate import Deletes, GateRefusal, read_update

__all__ = ["BULK", "STROKE", "Accepted", "Door", "GateRefusal", "RoomIndex", "check"]


@dataclass(frozen=True)
class Door:
    """The bounds of one way in: bytes, structs, deleted ranges."""

    size: int
    structs: int
    ranges: int


STROKE = Door(size=256 * 1024, structs=5_000, ranges=5_000)
# The undo of "delete all" on a text of 105,000 characters has 5,799 structs.
BULK = Door(size=4 * 1024 * 1024, structs=100_000, ranges=20_000)


class Accepted:
    """What a checked update will bring; to be handed to `RoomIndex.admit` once it has been applied."""

    __slots__ = ("deletes", "news")

    def __init__(self, news: News, deletes: Deletes) -> None:
        self.news = news
        self.deletes = deletes

    @property
    def clients(self) -> frozenset[int]:
        """The client ids that write something new."""
        return frozenset(self.news.clients)

    @property
    def is_empty(self) -> bool:
        """Whether it neither writes nor deletes anything: a resent stroke, or a diff between equals.

        An update that deletes only what is deleted already is not told apart.
        """
        return not self.news.clients and not self.deletes


class RoomIndex(Knowledge):
    """What the gate knows of one document: made from its state, extended after each applied update."""

    __slots__ = ()

    @classmethod
    def of(cls, state: bytes) -> "RoomIndex":
        """The index of a document from its full state (`doc.get_update()`), which is trusted.

        About 3 µs per struct. Raises GateRefusal when the bytes are not the state of such a document.
        """
        index = cls()
        sections, _ = read_update(state, maxsize, maxsize)
        index.extend(settle(index, sections, trusted=True))
        return index

    def admit(self, accepted: Accepted) -> None:
        """Take in what an update brought, after it was applied.

        Raises ValueError when the room has moved on since the check: then nothing may be believed any more
        and the room is to be loaded again.
        """
        self.extend(accepted.news)


def check(index: RoomIndex, update: bytes, allowed_clients: Container[int], bulk: bool = False) -> Accepted:
    """Judge one update (Yjs v1) of a sender who may write under `allowed_clients`.

    `bulk` opens the wider door, to be used in a process under limits only (`drafts.bulk_check`). Raises
    GateRefusal with code malformed, forged, schema, too_large, or resync (the sender must fetch what it
    lacks, or send again what we lack). The index is unchanged until `admit`.
    """
    door = BULK if bulk else STROKE
    if len(update) > door.size:
        raise GateRefusal("too_large", "the update has too many bytes for this door")
    sections, deletes = read_update(update, door.structs, door.ranges)
    for client, _, end, _ in sections:
        # What is known already is passed over by everybody, so a resent or a full state is harmless.
        if end > index.end(client) and client not in allowed_clients:
            raise GateRefusal("forged", "the update writes under the client id of somebody else")
    news = settle(index, sections)
    if deletes:
        _check_deletes(index, news, deletes, allowed_clients)
    if news.collected:
        _check_collected(news, deletes)
    return Accepted(news, deletes)


def _check_deletes(index: RoomIndex, news: News, deletes: Deletes, allowed_clients: Container[int]) -> None:
    """A delete set may only name what exists: beyond it, it would erase what people have yet to write."""
    for client, ranges in deletes:
        known, new = index.clients.get(client), news.clients.get(client)
        end = new.end if new is not None else known.end if known is not None else 0
        for start, stop in ranges:
            if stop > end:
                if client in allowed_clients:
                    raise GateRefusal("resync", "something is deleted that has not arrived")
                raise GateRefusal("forged", "something is deleted that somebody else has not written yet")
            if _is_low(known, new, start) or _is_low(known, new, stop):
                raise GateRefusal("malformed", "a deleted range splits a surrogate pair")


def _is_low(known: Clocks | None, new: Clocks | None, clock: int) -> bool:
    return (known is not None and known.is_low(clock)) or (new is not None and new.is_low(clock))


def _check_collected(news: News, deletes: Deletes) -> None:
    """Yjs forgets only what is deleted, and says so in the same update."""
    ranges = {client: sorted(found) for client, found in deletes}
    for client, start, stop in news.collected:
        held = ranges.get(client, [])
        at = bisect_right(held, (start, 2**53)) - 1
        # Ranges that touch are one range to Yjs, but not to every peer.
        while at >= 0 and start < stop and at < len(held) and held[at][0] <= start < held[at][1]:
            start = held[at][1]
            at += 1
        if start < stop:
            raise GateRefusal("malformed", "a collected block is not deleted")
