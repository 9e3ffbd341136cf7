"""The mirror of a document that the table of authors keeps: texts as bytes with a person beside each byte."""

import zlib
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

# How many bytes of deleted words are remembered, so that words cut in one update and pasted in a later one keep
# their authors: about ten pages.
REMEMBERED = 65_536
# What remembering one stretch costs beside its bytes, so that a million deleted letters are bounded too.
OVERHEAD = 32
# Among so many of the last stretches the one is looked for that a further letter was next to.
LATELY = 16
# 1 had no words deleted lately.
FORMAT, FORMATS = 2, (1, 2)
# Counts by person beside the authors: deleted, attributes, withdrawn.
COUNTS = 3


class AuthorshipMismatch(ValueError):
    """Stored authors that do not belong to this state of the document."""


@dataclass(slots=True, eq=False)
class Line:
    """One XmlText: its bytes and, for each byte, whose words and who sent them. An embed is one NUL."""

    text: bytearray
    carried: array
    raw: array
    tally: "dict[tuple[int, int], int] | None" = None
    packed: bytes | None = None

    def touched(self) -> None:
        self.tally = self.packed = None


@dataclass(slots=True, eq=False)
class Branch:
    """One fragment or element: its children in order. None stands for what is neither element nor text."""

    children: "list[Branch | Line | None]" = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Cut:
    """A stretch that one update took out, and where it stood. `kept` marks the bytes found again."""

    text: bytes
    carried: array
    line: Line
    at: int
    person: int
    kept: bytearray


@dataclass(slots=True, eq=False)
class Fresh:
    """A stretch that one update brought in; `is_whole` when it came with its text."""

    line: Line
    start: int
    end: int
    is_whole: bool = False


class Memory:
    """The stretches deleted lately, the oldest forgotten first."""

    def __init__(self) -> None:
        self._cuts: deque[Cut] = deque()
        self._by_text: dict[bytes, list[Cut]] = {}
        self._size = 0
        self._joined: bytes | None = None

    def __bool__(self) -> bool:
        return bool(self._cuts)

    def __contains__(self, cut: Cut) -> bool:
        return cut in self._by_text.get(cut.text, ())

    def recent(self) -> list[Cut]:
        """All that is remembered, the newest first."""
        return list(reversed(self._cuts))

    def holds(self, text: bytes) -> bool:
        """Whether these words are among them."""
        if self._joined is None:
            self._joined = b"\xff".join(cut.text for cut in self._cuts)
        return text in self._joined

    def whole(self, text: bytes) -> list[Cut]:
        """The stretches that are exactly `text`, the newest first."""
        return list(reversed(self._by_text.get(text, ())))

    def add(self, cut: Cut) -> None:
        """Remember a stretch; one that is longer than the whole memory is not kept.

        Words that a person takes out letter by letter are one stretch, as an undo puts them back.
        """
        before = next((one for one in islice(reversed(self._cuts), LATELY) if one.person == cut.person), None)
        if before is not None and before.line is cut.line:
            if cut.at + len(cut.text) == before.at:
                self._drop(before)
                cut = _joined(cut, before)
            elif cut.at == before.at:
                self._drop(before)
                cut = _joined(before, cut)
        self.put(cut)

    def put(self, cut: Cut) -> None:
        """Remember a stretch as it is."""
        if len(cut.text) + OVERHEAD > REMEMBERED:
            return
        self._cuts.append(cut)
        self._joined = None
        self._by_text.setdefault(cut.text, []).append(cut)
        self._size += len(cut.text) + OVERHEAD
        while self._size > REMEMBERED:
            self._drop(self._cuts[0])

    def _drop(self, cut: Cut) -> None:
        self._joined = None
        if self._cuts[0] is cut:
            self._cuts.popleft()
        else:
            self._cuts.remove(cut)
        self._size -= len(cut.text) + OVERHEAD
        same = self._by_text[cut.text]
        same.remove(cut)
        if not same:
            del self._by_text[cut.text]

    def pack(self, lines: Sequence[Line]) -> bytes:
        """What is remembered, the oldest first, for `unpack_memory` beside the same texts."""
        places = {id(line): place for place, line in enumerate(lines, 1)}
        body, texts = bytearray(), bytearray()
        _put(body, len(self._cuts))
        for cut in self._cuts:
            for number in (cut.person, cut.at, places.get(id(cut.line), 0), len(cut.text)):
                _put(body, number)
            for marks in (cut.carried, cut.kept):
                runs = [(mark, sum(1 for _ in run)) for mark, run in groupby(marks)]
                _put(body, len(runs))
                for mark, size in runs:
                    _put(body, mark)
                    _put(body, size)
            texts += cut.text
        return zlib.compress(bytes(body + texts), 6)

    def clear(self) -> None:
        """Forget everything."""
        self._cuts.clear()
        self._by_text.clear()
        self._size = 0
        self._joined = None


def lines_of(node: Branch | Line | None) -> Iterator[Line]:
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Line):
            yield top
        elif top is not None:
            stack.extend(reversed(top.children))


def bytes_of(text: Any) -> bytearray:
    found = bytearray()
    for words, _ in text.diff():
        found += words.encode() if isinstance(words, str) else b"\x00"
    return found


def authors(person: int, size: int) -> array:
    return array("I", (person,)) * size


def cut_out(line: Line, start: int, end: int, person: int) -> Cut:
    return Cut(
        bytes(line.text[start:end]), line.carried[start:end], line, start, person, bytearray(end - start)
    )


def runs_of(line: Line) -> Iterator[tuple[tuple[int, int], int]]:
    for pair, run in groupby(zip(line.carried, line.raw, strict=True)):
        yield pair, sum(1 for _ in run)


def characters(text: bytes | bytearray) -> int:
    return len(text.decode())


def lost_characters(cut: Cut, start: int, end: int) -> tuple[int, int]:
    """Characters of a cut not found again yet: (of the live edition, of others than who took them out)."""
    base = others = 0
    for byte, author, kept in zip(
        cut.text[start:end], cut.carried[start:end], cut.kept[start:end], strict=True
    ):
        if not kept and byte & 0xC0 != 0x80 and byte != 0:
            base += author == 0
            others += author not in (0, cut.person)
    return base, others


def free(mask: bytearray) -> Iterator[tuple[int, int]]:
    """The stretches of a mask that are not marked."""
    start = mask.find(0)
    while start >= 0:
        end = mask.find(1, start)
        if end < 0:
            end = len(mask)
        yield start, end
        start = mask.find(0, end)


def _joined(one: Cut, other: Cut) -> Cut:
    return Cut(
        one.text + other.text,
        one.carried + other.carried,
        one.line,
        one.at,
        one.person,
        one.kept + other.kept,
    )


def unpack_memory(packed: bytes, lines: Sequence[Line]) -> Memory:
    """What `Memory.pack` wrote. A text that is not there any more is a line that nothing can be put back into."""
    body = zlib.decompress(packed)
    numbers = _Numbers(body)
    memory = Memory()
    cuts = []
    for _ in range(next(numbers)):
        person, at, place, size = (next(numbers) for _ in range(4))
        carried, kept = array("I"), bytearray()
        for _ in range(next(numbers)):
            carried += authors(next(numbers), next(numbers))
        for _ in range(next(numbers)):
            mark = bytes([next(numbers)])
            kept += mark * next(numbers)
        line = lines[place - 1] if place else Line(bytearray(), array("I"), array("I"))
        cuts.append(Cut(b"\x00" * size, carried, line, at, person, kept))
    start = numbers.at
    for cut in cuts:
        size = len(cut.text)
        cut.text, start = body[start : start + size], start + size
        if not len(cut.text) == len(cut.carried) == len(cut.kept) == size:
            raise AuthorshipMismatch("cut short or damaged")
        memory.put(cut)
    return memory


def pack(lines: Sequence[Line], counts: Sequence[dict[int, int]], memory: Memory | None = None) -> bytes:
    """The authors of texts in document order, and counts by person: format, CRC-32 of the texts, packed numbers.

    With `memory`, the words deleted lately too, behind them.
    """
    body = bytearray()
    _put(body, len(lines))
    for line in lines:
        if line.packed is None:
            packed = bytearray()
            runs = list(runs_of(line))
            _put(packed, len(runs))
            for (carried, raw), size in runs:
                for number in (size, carried, raw):
                    _put(packed, number)
            line.packed = bytes(packed)
        body += line.packed
    for count_by_person in counts:
        people = {person: count for person, count in count_by_person.items() if count}
        _put(body, len(people))
        for person, count in sorted(people.items()):
            _put(body, person)
            _put(body, count)
    pressed = zlib.compress(bytes(body), 6)
    head = bytes([FORMAT]) + _digest(lines).to_bytes(4, "big") + len(pressed).to_bytes(4, "big")
    return head + pressed + (memory.pack(lines) if memory is not None else b"")


def unpack(stored: bytes, lines: Sequence[Line]) -> tuple[list[dict[int, int]], Memory]:
    """Give the lines their stored authors; the three counts by person, and the words deleted lately.

    Raises AuthorshipMismatch when they are not the authors of these very texts; the lines may then be half done.
    """
    if len(stored) < 9 or stored[0] not in FORMATS:
        raise AuthorshipMismatch("not authors of this format")
    if int.from_bytes(stored[1:5], "big") != _digest(lines):
        raise AuthorshipMismatch("authors of another state of the text")
    end = 9 + int.from_bytes(stored[5:9], "big")
    packed, remembered = (stored[5:], b"") if stored[0] == 1 else (stored[9:end], stored[end:])
    try:
        numbers = _Numbers(zlib.decompress(packed))
        if next(numbers) != len(lines):
            raise AuthorshipMismatch("another number of texts")
        for line in lines:
            carried, raw = array("I"), array("I")
            for _ in range(next(numbers)):
                size = next(numbers)
                if len(carried) + size > len(line.text):
                    raise AuthorshipMismatch("a longer text")
                carried += authors(next(numbers), size)
                raw += authors(next(numbers), size)
            if len(carried) != len(line.text):
                raise AuthorshipMismatch("a shorter text")
            line.carried, line.raw = carried, raw
            line.touched()
        counts = [{next(numbers): next(numbers) for _ in range(next(numbers))} for _ in range(COUNTS)]
        memory = unpack_memory(remembered, lines) if remembered else Memory()
    except (zlib.error, IndexError, OverflowError, ValueError) as error:
        raise AuthorshipMismatch("cut short or damaged") from error
    return counts, memory


def _digest(lines: Sequence[Line]) -> int:
    digest = 0
    for line in lines:
        digest = zlib.crc32(b"\xff", zlib.crc32(line.text, digest))
    return digest


def _put(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


class _Numbers:
    """The numbers of a packed body one after the other; `at` is where the next begins."""

    def __init__(self, body: bytes) -> None:
        self._body, self.at = body, 0

    def __next__(self) -> int:
        number = shift = 0
        while True:
            byte = self._body[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number
