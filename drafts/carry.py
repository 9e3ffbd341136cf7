"""Finding words again: which stretches of inserted text are stretches of removed, or of present, text.

Everything is UTF-8 bytes, and every stretch found begins and ends between two characters. Used by
`drafts.authorship`, so that words put elsewhere keep their authors. All functions are close to linear: they run
on the loop that serves the people who type.
"""

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

# A stretch that floats free (neither of its ends is the end of something) must be this long to be the same words
# rather than the same syllable, within one update.
FLOATING = 6
# A stretch of this many bytes that goes on where the one before ended needs no comparison with others.
SURE = 48
# Words found elsewhere in the text, or among those deleted lately, must be this long.
ELSEWHERE = 12
# ELSEWHERE is found by looking every STRIDE bytes for a gram of GRAM bytes: any stretch of ELSEWHERE bytes holds
# a whole gram that begins on a stride.
GRAM = 8
STRIDE = ELSEWHERE - GRAM + 1
# Places kept for one gram, and free stretches tried for one gap: texts full of repetitions stay linear.
PLACES = 16
STRETCHES = 256

SEPARATOR = b"\xff"  # in no UTF-8 text


class Match(NamedTuple):
    """`size` bytes of inserted piece `piece` from `at` are those of source `source` from `source_at`."""

    piece: int
    at: int
    source: int
    source_at: int
    size: int


def match_moved(removed: Sequence[bytes], inserted: Sequence[bytes]) -> list[Match]:
    """What of `inserted` is `removed` put back, each removed byte used once.

    Whole pieces first (a wrap, a change of kind, a split, a join), then the longest stretches in order, then
    what is left between them when an edge on both sides says that it belongs there.
    """
    matches: list[Match] = []
    whole: dict[bytes, deque[int]] = {}
    for source, text in enumerate(removed):
        if text:
            whole.setdefault(bytes(text), deque()).append(source)
    left: list[int] = []
    for piece, text in enumerate(inserted):
        sources = whole.get(bytes(text))
        if sources:
            matches.append(Match(piece, 0, sources.popleft(), 0, len(text)))
        elif text:
            left.append(piece)
    used = {match.source for match in matches}
    rest = [source for source, text in enumerate(removed) if text and source not in used]
    if not left or not rest:
        return matches
    pool = _Pool([bytes(removed[source]) for source in rest])
    for piece in left:
        text = bytes(inserted[piece])
        found = pool.anchors(text)
        found += pool.fill(text, found)
        for at, place, size in found:
            source, source_at = pool.locate(place)
            matches.append(Match(piece, at, rest[source], source_at, size))
    return matches


def find_elsewhere(piece: bytes, sources: Iterable[bytes]) -> list[Match]:
    """Stretches of at least ELSEWHERE bytes of `piece` that stand in a source. `Match.piece` is 0."""
    if len(piece) < ELSEWHERE:
        return []
    grams: dict[bytes, list[int]] = {}
    for at in range(len(piece) - GRAM + 1):
        places = grams.setdefault(piece[at : at + GRAM], [])
        if len(places) < PLACES:
            places.append(at)
    taken = bytearray(len(piece))
    found: list[Match] = []
    for number, source in enumerate(sources):
        stop = len(source) - GRAM
        place = 0
        while place <= stop:
            hits = grams.get(source[place : place + GRAM])
            if hits is None:
                place += STRIDE
                continue
            best = None
            for at in hits:
                if taken[at]:
                    continue
                back = _common_end(piece, at, source, place)
                size = back + _common_start(piece, at, source, place)
                if best is None or size > best[2]:
                    best = (at - back, place - back, size)
            if best is not None:
                at, source_at, size = _whole_characters(piece, *best)
                free = taken.find(1, at, at + size)
                size = size if free < 0 else _whole_characters(piece, at, source_at, free - at)[2]
                if size >= ELSEWHERE:
                    found.append(Match(0, at, number, source_at, size))
                    taken[at : at + size] = b"\x01" * size
                    place = max(place + STRIDE, (source_at + size) // STRIDE * STRIDE)
                    continue
            place += STRIDE
    return found


class Mosaic:
    """Texts (words deleted lately, and what stands in the text) of which another may be put together again."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._whole = frozenset(texts)
        self._sizes = [len(text) for text in texts]
        self._text = SEPARATOR.join(texts)
        self._starts: list[int] = []
        start = 0
        for text in texts:
            self._starts.append(start)
            start += len(text) + 1

    def tiles(self, text: bytes) -> list[Match] | None:
        """`text` as a row of stretches of at least FLOATING bytes, or of whole texts; None when it is no such row.

        `Match.piece` is 0, `Match.source` the number of the text; the last of several that would do.
        """
        found: list[Match] = []
        at = 0
        while at < len(text):
            size = self._longest(text, at)
            if not size:
                return None
            place = self._text.rfind(text[at : at + size])
            source = bisect_right(self._starts, place) - 1
            found.append(Match(0, at, source, place - self._starts[source], size))
            at += size
        return found

    def is_whole(self, match: Match) -> bool:
        """Whether a tile is all of the text it is of."""
        return match.size == self._sizes[match.source]

    def _longest(self, text: bytes, at: int) -> int:
        """How many bytes of whole characters of `text` from `at` stand in one of the texts, or are one; 0: too few."""
        low, high = FLOATING, len(text) - at
        if high < FLOATING or text[at : at + low] not in self._text:
            return next(
                (size for size in range(min(high, low), 0, -1) if text[at : at + size] in self._whole), 0
            )
        while low < high and text[at : at + min(high, 2 * low)] in self._text:
            low = min(high, 2 * low)
        high = min(high, 2 * low)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if text[at : at + middle] in self._text else (low, middle - 1)
        return _whole_characters(text, at, 0, low)[2]


class _Pool:
    """The removed pieces in document order, and which of their bytes were found again."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.text = SEPARATOR.join(pieces)
        self.used = bytearray(len(self.text))
        self.starts: list[int] = []
        start = 0
        for piece in pieces:
            self.starts.append(start)
            start += len(piece) + 1
            if start <= len(self.text):
                self.used[start - 1] = 1
        self.grams: dict[bytes, deque[int]] | None = None

    def locate(self, place: int) -> tuple[int, int]:
        """(piece, place in the piece) of a place in the pool."""
        low, high = 0, len(self.starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.starts[middle] <= place else (low, middle)
        return low, place - self.starts[low]

    def anchors(self, text: bytes) -> list[tuple[int, int, int]]:
        """(at, place, size) of the long stretches of `text`, found from its start to its end."""
        if len(text) < FLOATING or len(self.text) < FLOATING:
            return []
        if self.grams is None:
            self.grams = {}
            for place in range(len(self.text) - FLOATING + 1):
                self.grams.setdefault(self.text[place : place + FLOATING], deque()).append(place)
        found: list[tuple[int, int, int]] = []
        at = expected = 0
        while at <= len(text) - FLOATING:
            begin, place, size = _whole_characters(text, at, *self._longest(text, at, expected))
            if size < FLOATING:
                at += 1
                continue
            found.append((begin, place, size))
            self._use(place, size)
            at, expected = begin + size, place + size
        return found

    def _longest(self, text: bytes, at: int, expected: int) -> tuple[int, int]:
        """(place, size) of the longest free stretch that goes on as `text` from `at`; the next in order first."""
        best = (expected, self._free(expected, _common_start(text, at, self.text, expected)))
        if best[1] >= SURE:
            return best
        places = (self.grams or {}).get(text[at : at + FLOATING], deque())
        while places and self.used[places[0]]:
            places.popleft()
        for place in islice(places, PLACES):
            if not self.used[place]:
                size = self._free(place, _common_start(text, at, self.text, place))
                if size > best[1]:
                    best = (place, size)
        return best

    def fill(self, text: bytes, found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Short stretches between those found, where an edge on both sides says that they belong there."""
        more: list[tuple[int, int, int]] = []
        start = 0
        for at, place, size in [*sorted(found), (len(text), -1, 0)]:
            low, high = start, at
            if place > 0 and high > low:
                free = self._free_before(place)
                back = min(_common_end(text, high, self.text, place), high - low, free)
                high = self._take(more, text, high - back, place - back, back, high)
                ahead = min(_common_start(text, low, self.text, place - free), high - low, free - back)
                self._take(more, text, low, place - free, ahead, high)
                low = max([low, *(a + s for a, _, s in more if a == low)])
            while high > low and (step := self._edge(text, low, high)) is not None:
                begin, source, length = step
                self._take(more, text, begin, source, length, high)
                low, high = (begin + length, high) if begin == low else (low, begin)
            start = at + size
        return more

    def _edge(self, text: bytes, low: int, high: int) -> tuple[int, int, int] | None:
        gap = text[low:high]
        for number, stretch in enumerate(re.finditer(rb"\x00+", self.used)):
            if number >= STRETCHES:
                return None
            free = self.text[stretch.start() : stretch.end()]
            if gap.startswith(free):
                return low, stretch.start(), len(free)
            if gap.endswith(free):
                return high - len(free), stretch.start(), len(free)
            if free.startswith(gap):
                return low, stretch.start(), len(gap)
            if free.endswith(gap):
                return low, stretch.end() - len(gap), len(gap)
        return self._ends(text, low, high)

    def _ends(self, text: bytes, low: int, high: int) -> tuple[int, int, int] | None:
        """The end of the text, as far as it is the end of a removed one: what stood behind words typed over others."""
        if high < len(text):
            return None
        best: tuple[int, int, int] | None = None
        for start, following in zip(self.starts, [*self.starts[1:], len(self.text) + 1], strict=True):
            end = following - 1
            size = min(_common_end(text, high, self.text, end), high - low, self._free_before(end))
            begin, place, size = _whole_characters(text, high - size, end - size, min(size, end - start))
            if size > 0 and (best is None or size > best[2]):
                best = (begin, place, size)
        return best

    def _take(
        self, more: list[tuple[int, int, int]], text: bytes, at: int, place: int, size: int, otherwise: int
    ) -> int:
        at, place, size = _whole_characters(text, at, place, size)
        if size <= 0:
            return otherwise
        more.append((at, place, size))
        self._use(place, size)
        return at

    def _use(self, place: int, size: int) -> None:
        self.used[place : place + size] = b"\x01" * size

    def _free(self, place: int, size: int) -> int:
        stop = self.used.find(1, place, place + size)
        return size if stop < 0 else stop - place

    def _free_before(self, place: int) -> int:
        return place - 1 - self.used.rfind(1, 0, place)


def _common_start(a: bytes, i: int, b: bytes, j: int) -> int:
    """How many bytes of `a` from `i` and of `b` from `j` are the same."""
    limit = min(len(a) - i, len(b) - j)
    size, step = 0, 16
    while size < limit:
        step = min(step, limit - size)
        if a[i + size : i + size + step] == b[j + size : j + size + step]:
            size += step
            step *= 2
        elif step == 1:
            break
        else:
            step = max(1, step // 4)
    return size


def _common_end(a: bytes, i: int, b: bytes, j: int) -> int:
    """How many bytes of `a` before `i` and of `b` before `j` are the same."""
    limit = min(i, j)
    size, step = 0, 16
    while size < limit:
        step = min(step, limit - size)
        if a[i - size - step : i - size] == b[j - size - step : j - size]:
            size += step
            step *= 2
        elif step == 1:
            break
        else:
            step = max(1, step // 4)
    return size


def _whole_characters(text: bytes, at: int, place: int, size: int) -> tuple[int, int, int]:
    """The stretch without the halves of characters at its two ends."""
    end = at + size
    while at < end and text[at] & 0xC0 == 0x80:
        at, place = at + 1, place + 1
    while end > at and end < len(text) and text[end] & 0xC0 == 0x80:
        end -= 1
    return at, place, end - at
