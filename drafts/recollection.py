"""Words that come into a text, and whose they are: those that were cut, deleted lately, or stand elsewhere, keep their
authors. Used by `drafts.authorship`, update by update."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator

from drafts.carry import ELSEWHERE, FLOATING, SEPARATOR, Match, Mosaic, find_elsewhere, match_moved
from drafts.runs import Cut, Fresh, Line, Memory, free, lost_characters

# A whole deleted run put back elsewhere must be this long to be known again; the same person putting it back
# where it stood (an undo) is known at any length.
WHOLE_RUN = 4
# The longest stretch that is looked for in pieces.
TILED = 1024

# Words whose authors are known: (text, authors, where it begins in them).
Known = tuple[bytes, array, int]


class Recollection:
    """`lines`: the texts of the document. `lost(person, base, others)` hears of characters that a person took out."""

    def __init__(self, lines: Callable[[], Iterator[Line]], lost: Callable[[int, int, int], None]) -> None:
        self.memory = Memory()
        self._lines = lines
        self._lost = lost

    def carry(self, person: int, cuts: list[Cut], fresh: list[Fresh]) -> None:
        """Give the fresh words their authors, of those that were cut; what is not found again is remembered."""
        if not cuts and not (fresh and self.memory) and all(p.end - p.start < ELSEWHERE for p in fresh):
            return
        taken = [bytearray(piece.end - piece.start) for piece in fresh]
        if cuts and fresh:
            texts = [bytes(piece.line.text[piece.start : piece.end]) for piece in fresh]
            for match in match_moved([cut.text for cut in cuts], texts):
                self._take(fresh[match.piece], taken[match.piece], cuts[match.source], match)
        for piece, mask in zip(fresh, taken, strict=True):
            for start, end in free(mask):
                self._recall(person, piece, mask, start, end)
        self._copy(cuts, fresh, taken)
        for piece, mask in zip(fresh, taken, strict=True):
            if FLOATING <= len(mask) <= TILED and not all(mask) and self._may_be_tiled(piece, mask):
                self._tile(piece, mask, cuts, fresh)
        for cut in cuts:
            for start, end in free(cut.kept):
                lost = Cut(
                    cut.text[start:end],
                    cut.carried[start:end],
                    cut.line,
                    cut.at + start,
                    person,
                    bytearray(end - start),
                )
                self._settle(lost, 0, end - start, 1)
                self.memory.add(lost)

    def _recall(self, person: int, piece: Fresh, mask: bytearray, start: int, end: int) -> None:
        """Words deleted lately: a whole run put back, or a long stretch of one."""
        text = bytes(piece.line.text[piece.start + start : piece.start + end])
        for cut in self.memory.whole(text):
            undone = cut.person == person and cut.line is piece.line and cut.at == piece.start + start
            if undone or len(text) >= WHOLE_RUN:
                self._take(piece, mask, cut, Match(0, start, 0, 0, len(text)))
                return
        if len(text) < ELSEWHERE or not self.memory:
            return
        recent = self.memory.recent()
        for match in find_elsewhere(text, [cut.text for cut in recent]):
            self._take(piece, mask, recent[match.source], match._replace(at=match.at + start))

    def _may_be_tiled(self, piece: Fresh, mask: bytearray) -> bool:
        """Whether looking closer is worth it, which takes milliseconds in a long text: something is known already, or it
        begins or ends with words deleted lately."""
        if any(mask):
            return True
        text = bytes(piece.line.text[piece.start : piece.end])
        return bool(self.memory) and (
            self.memory.holds(text[:FLOATING]) or self.memory.holds(text[-FLOATING:])
        )

    def _tile(self, piece: Fresh, mask: bytearray, cuts: list[Cut], fresh: list[Fresh]) -> None:
        """What is left of a piece that is all made of words deleted lately or standing elsewhere: an undo, or a
        restored version, puts back in one piece what was taken out in many. Few of them may be short: of syllables any
        sentence can be made."""
        sources = self.memory.recent()[::-1]
        known = self._known(cuts, fresh)
        mosaic = Mosaic([*(text for text, _authors, _start in known), *(cut.text for cut in sources)])
        found: list[Match] = []
        for start, end in free(mask):
            tiles = mosaic.tiles(bytes(piece.line.text[piece.start + start : piece.start + end]))
            if tiles is None:
                return
            found += (match._replace(at=match.at + start) for match in tiles)
        sure = (mosaic.is_whole(match) and match.size >= WHOLE_RUN for match in found)
        short = sum(match.size < ELSEWHERE and not one for match, one in zip(found, sure, strict=True))
        if short > len(mask) // ELSEWHERE:
            return
        for match in found:
            if match.source >= len(known):
                self._take(piece, mask, sources[match.source - len(known)], match)
            else:
                self._credit(piece, mask, known[match.source], match)

    def _known(self, cuts: list[Cut], fresh: list[Fresh]) -> list[Known]:
        """The words that stood in the text before an update: those that it took out, and those that it left there."""
        new: dict[int, list[tuple[int, int]]] = {}
        for piece in fresh:
            new.setdefault(id(piece.line), []).append((piece.start, piece.end))
        found: list[Known] = [(cut.text, cut.carried, 0) for cut in cuts]
        for line in self._lines():
            start = 0
            for from_, to in [*sorted(new.get(id(line), ())), (len(line.text), len(line.text))]:
                if from_ - start >= FLOATING:
                    found.append((bytes(line.text[start:from_]), line.carried, start))
                start = to
        return found

    def _copy(self, cuts: list[Cut], fresh: list[Fresh], taken: list[bytearray]) -> None:
        """Words that are known from elsewhere and not only moved: copied, or put in two places by an undo."""
        places = [
            (number, start, end)
            for number, mask in enumerate(taken)
            for start, end in free(mask)
            if end - start >= ELSEWHERE
        ]
        if not places:
            return
        # Looked for all together: what is known is gone through once, however many stretches there are.
        stretches, at = [], [0]
        for number, start, end in places:
            line, begins = fresh[number].line, fresh[number].start
            stretches.append(bytes(line.text[begins + start : begins + end]))
            at.append(at[-1] + end - start + 1)
        known = self._known(cuts, fresh)
        for match in find_elsewhere(SEPARATOR.join(stretches), [text for text, _authors, _start in known]):
            place = bisect_right(at, match.at) - 1
            number, start, _end = places[place]
            moved = match._replace(at=start + match.at - at[place])
            self._credit(fresh[number], taken[number], known[match.source], moved)

    @staticmethod
    def _credit(piece: Fresh, mask: bytearray, known: Known, match: Match) -> None:
        """Copied words are those of who wrote what they are copied from."""
        _text, carried, start = known
        at, from_ = piece.start + match.at, start + match.source_at
        piece.line.carried[at : at + match.size] = carried[from_ : from_ + match.size]
        piece.line.touched()
        mask[match.at : match.at + match.size] = b"\x01" * match.size

    def _take(self, piece: Fresh, mask: bytearray, cut: Cut, match: Match) -> None:
        at, stop = match.source_at, match.source_at + match.size
        place = piece.start + match.at
        piece.line.carried[place : place + match.size] = cut.carried[at:stop]
        piece.line.touched()
        mask[match.at : match.at + match.size] = b"\x01" * match.size
        if cut in self.memory:
            # Words that somebody took out in an earlier update are there again.
            self._settle(cut, at, stop, -1)
        cut.kept[at:stop] = b"\x01" * match.size

    def _settle(self, cut: Cut, start: int, end: int, sign: int) -> None:
        """Count what a person took out (sign 1), or what of it came back (-1)."""
        base, others = lost_characters(cut, start, end)
        self._lost(cut.person, sign * base, sign * others)
