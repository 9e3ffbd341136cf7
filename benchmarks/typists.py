"""The text everybody types into, and what each typist types: recorded strokes, each in a region of their own.

The text is `friendsforever` as Yjs holds it at its end, deleted letters and all (26,078 strokes, 21,362 letters).
A typist goes through a part of `automerge-paper` from a place of their own; cursor moves and deletions are the
recorded ones, kept between the first and the last letter of the region. So no stroke depends on another typist's,
all of them can be made before the clock runs, and the text they end in is known without any CRDT.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice

import pycrdt

from benchmarks.trace import concurrent, sequential

# The writers of the text at the start. Yjs puts the words of the lower id first, as in the recording.
FIRST_WRITERS = (11, 12)
BLOCK = "b1"
# Five keys a second, as a quick typist; ±40 %, since nobody is a metronome.
JITTER = 0.4


@cache
def first_text() -> str:
    return concurrent("friendsforever").end


@cache
def first_state() -> bytes:
    """The document at the start, as one update: a fragment `content`, a paragraph, one text."""
    trace = concurrent("friendsforever")
    docs: list[pycrdt.Doc] = [pycrdt.Doc(client_id=number) for number in FIRST_WRITERS]
    made: tuple[list[bytes], list[bytes]] = ([], [])
    watches = [
        doc.observe(lambda event, mine=mine: mine.append(event.update))
        for doc, mine in zip(docs, made, strict=True)
    ]
    block = content_of(docs[0]).children.append(pycrdt.XmlElement("paragraph", {"id": BLOCK}))
    block.children.append(pycrdt.XmlText(""))
    docs[1].apply_update(docs[0].get_update())
    texts = [text_of(doc) for doc in docs]
    for mine in made:
        mine.clear()
    seen = [0, 0]
    # What comes from the other one must not be taken for one's own stroke.
    own: tuple[list[bytes], list[bytes]] = ([], [])
    for stroke in trace.strokes:
        agent, other = stroke.agent, 1 - stroke.agent
        for update in own[other][seen[agent] : stroke.seen]:
            docs[agent].apply_update(update)
        seen[agent] = max(seen[agent], stroke.seen)
        made[agent].clear()
        if stroke.inserted:
            texts[agent].insert(stroke.position, stroke.inserted)
        else:
            del texts[agent][stroke.position]
        own[agent].append(made[agent][0])
    for update in own[1][seen[0] :]:
        docs[0].apply_update(update)
    del watches
    if str(text_of(docs[0])) != trace.end:
        raise RuntimeError("the text at the start is not the recorded one")
    state: bytes = docs[0].get_update()
    return state


def content_of(doc: pycrdt.Doc) -> pycrdt.XmlFragment:
    return doc.get("content", type=pycrdt.XmlFragment)


def text_of(doc: pycrdt.Doc) -> pycrdt.XmlText:
    """The one text of the document. All of it is ASCII, so pycrdt's bytes are letters."""
    text = content_of(doc).children[0].children[0]
    assert isinstance(text, pycrdt.XmlText)
    return text


@cache
def _paper() -> list[tuple[int, int, str]]:
    return sequential("automerge-paper")


@dataclass(frozen=True, slots=True)
class Key:
    """One stroke: its update, and the clock of the letter it puts in (-1 when it takes one out)."""

    update: bytes
    clock: int


class Typist:
    """Somebody at a place of the text: region `number` of `among`, from the fraction `part` of the recording on."""

    def __init__(self, client_id: int, state: bytes, number: int, among: int, part: float) -> None:
        self.client_id = client_id
        self._doc: pycrdt.Doc = pycrdt.Doc(client_id=client_id)
        self._doc.apply_update(state)
        self._text = text_of(self._doc)
        whole = first_text()
        cuts = [len(whole) * part // among for part in range(among + 1)]
        self._start, end = cuts[number], cuts[number + 1]
        self.region = list(whole[self._start : end])
        first = int(len(_paper()) * part)
        self._strokes = chain(islice(_paper(), first, None), islice(_paper(), first))
        self._made: list[bytes] = []
        self._watch = self._doc.observe(lambda event: self._made.append(event.update))
        self._clock = 0
        self.typed = 0

    def state(self) -> bytes:
        """All that this typist knows: the text at the start and their own strokes."""
        state: bytes = self._doc.get_update()
        return state

    def keys(self, count: int) -> list[Key]:
        return [self._key() for _ in range(count)]

    def _key(self) -> Key:
        position, deleted, inserted = next(self._strokes)
        if self.typed == 0:
            self._shift = len(self.region) // 2 - position
        self.typed += 1
        # The first and the last letter of a region stay, so that no insertion touches a neighbour's.
        at = min(max(position + self._shift, 1), len(self.region) - 1)
        if deleted and len(self.region) < 4:
            deleted, inserted = 0, "x"
        self._made.clear()
        clock = -1
        if deleted:
            at = min(at, len(self.region) - 2)
            del self._text[self._start + at]
            del self.region[at]
        else:
            self._text.insert(self._start + at, inserted)
            self.region[at:at] = inserted
            clock, self._clock = self._clock, self._clock + len(inserted)
        return Key(self._made[0], clock)


def moments(count: int, rate: float, seed: int) -> list[float]:
    """When somebody strikes `count` keys at `rate` a second, beginning anywhere in the first interval."""
    chance = random.Random(seed)  # nosec B311 # dice of the bench, the same at each run
    at = chance.random() / rate
    found = []
    for _ in range(count):
        found.append(at)
        at += (1 + chance.uniform(-JITTER, JITTER)) / rate
    return found
