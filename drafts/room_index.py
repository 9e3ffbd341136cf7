"""What the gate must know of a document to judge the next update, without asking pycrdt.

For each client: the clocks that are known, and for each of them the place it stands in (which shared type,
under which key). Neighbouring clocks of one place are one run, so a text typed by one person is a handful
of numbers however long it is. For each shared type: its rule and its depth. For each string outside the
basic plane: where a surrogate pair would be split.
"""

from array import array
from bisect import bisect_right

from drafts.gate_rules import NO_RULE, ROOT_RULE, NodeRule
from drafts.grammar import GRAMMAR
from drafts.yupdate import Id, low_surrogates

__all__ = ["NOWHERE", "NOWHERE_TYPE", "Clocks", "Knowledge", "News", "Place", "SharedType"]


class SharedType:
    """An XmlElement, an XmlText or a root of the document."""

    __slots__ = ("attributes", "children", "depth", "rule")

    def __init__(self, rule: NodeRule, depth: int) -> None:
        self.rule = rule
        self.depth = depth
        self.children = Place(self, None)
        self.attributes: dict[str, Place] | None = None

    def key(self, name: str) -> "Place":
        if self.attributes is None:
            self.attributes = {}
        place = self.attributes.get(name)
        if place is None:
            place = self.attributes[name] = Place(self, name)
        return place


class Place:
    """Where an item stands: in the sequence of a type (`key` None) or under one of its keys.

    `gone` is the same place for an item whose content was deleted: it may have been a type, so that others
    may still name it as their parent. `alive` leads back.
    """

    __slots__ = ("_gone", "alive", "heads", "key", "type")

    def __init__(self, type_: SharedType, key: str | None, alive: "Place | None" = None) -> None:
        self.type = type_
        self.key = key
        self.alive: Place = self if alive is None else alive
        self._gone: Place | None = None
        self.heads = 0

    @property
    def gone(self) -> "Place":
        if self._gone is None:
            self._gone = Place(self.type, self.key, self)
        return self._gone


# Inside a deleted block nothing is kept: what stands there is collected as it arrives.
NOWHERE_TYPE = SharedType(NO_RULE, 0)
NOWHERE = NOWHERE_TYPE.children


class Clocks:
    """A stretch of clocks of one client, from `start` to `end`, in runs of one place."""

    __slots__ = ("end", "low_first", "low_last", "places", "start", "starts")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.starts = array("q")
        self.places: list[Place] = []
        self.low_first: array[int] | None = None
        self.low_last: array[int] | None = None

    def append(self, length: int, place: Place) -> None:
        if not self.places or self.places[-1] is not place:
            self.starts.append(self.end)
            self.places.append(place)
        self.end += length

    def append_lows(self, text: str, offset: int) -> None:
        """Note the pairs of a `text` whose first unit has the clock `offset`."""
        if self.low_first is None or self.low_last is None:
            self.low_first, self.low_last = array("q"), array("q")
        for first, last in low_surrogates(text):
            first, last = first + offset, last + offset
            if first < self.start:
                # The head of the text is known already; stay on the second halves, every other clock.
                first += (self.start - first + 1) // 2 * 2
            if first <= last:
                self.low_first.append(first)
                self.low_last.append(last)

    def extend(self, news: "Clocks") -> None:
        """Append the runs of `news`, which begins where this ends."""
        if news.start != self.end:
            raise ValueError("the update was checked against another state of the room")
        starts, places = news.starts, news.places
        if self.places and self.places[-1] is places[0]:
            starts, places = starts[1:], places[1:]
        if places:
            self.starts.extend(starts)
            self.places.extend(places)
        self.end = news.end
        if news.low_first is not None and news.low_last is not None:
            if self.low_first is None or self.low_last is None:
                self.low_first, self.low_last = array("q"), array("q")
            self.low_first.extend(news.low_first)
            self.low_last.extend(news.low_last)

    def place_at(self, clock: int) -> Place:
        return self.places[bisect_right(self.starts, clock) - 1]

    def is_low(self, clock: int) -> bool:
        """Whether `clock` is the second half of a surrogate pair."""
        if self.low_first is None or self.low_last is None:
            return False
        at = bisect_right(self.low_first, clock) - 1
        return at >= 0 and clock <= self.low_last[at] and (clock - self.low_first[at]) % 2 == 0


class Knowledge:
    """What is known of one document."""

    __slots__ = ("clients", "roots", "types")

    def __init__(self) -> None:
        self.clients: dict[int, Clocks] = {}
        self.types: dict[Id, SharedType] = {}
        self.roots = {GRAMMAR.fragment: SharedType(ROOT_RULE, 0)}

    def extend(self, news: "News") -> None:
        for client, clocks in news.clients.items():
            known = self.clients.get(client)
            if known is None:
                known = self.clients[client] = Clocks(0)
            known.extend(clocks)
        if news.types:
            self.types.update(news.types)
        if news.heads:
            for place, count in news.heads.items():
                place.heads += count

    def end(self, client: int) -> int:
        """The clock after the last known one of a client; 0 for a client that has written nothing."""
        known = self.clients.get(client)
        return known.end if known is not None else 0


class News:
    """What an update brings beyond what the index knows; the index is not touched by making it."""

    __slots__ = ("clients", "collected", "heads", "points", "types")

    def __init__(self) -> None:
        self.clients: dict[int, Clocks] = {}
        self.types: dict[Id, SharedType] = {}
        self.collected: list[tuple[int, int, int]] = []
        self.heads: dict[Place, int] = {}
        self.points: dict[object, int] = {}
