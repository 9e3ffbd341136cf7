"""What the gate costs a keystroke, beside what pycrdt needs to apply it: over `automerge-paper`.

The strokes are made first, by one replica, each as an update of its own. Then the same bytes pass the gate
(check and admit, as in a tick), and are applied to a document by pycrdt, in alternating slices, so that a noisy
machine disturbs both alike. The ratio means more than the microseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pycrdt

from benchmarks.trace import sequential
from drafts import document
from drafts.gate import RoomIndex, check

WRITER = 7
# The strokes of the whole trace.
WHOLE = 259_778
SLICE = 500


def updates_of(strokes: list[tuple[int, int, str]], writer: int = WRITER) -> tuple[bytes, list[bytes]]:
    """(the empty paragraph, one update per stroke), as a client sends them. The trace must be ASCII."""
    doc: pycrdt.Doc = pycrdt.Doc(client_id=writer)
    found: list[bytes] = []
    # The subscription ends with the object that stands for it.
    watch = doc.observe(lambda event: found.append(event.update))
    content = doc.get("content", type=pycrdt.XmlFragment)
    with doc.transaction():
        block = content.children.append(pycrdt.XmlElement("paragraph", {"id": "b1"}))
        text = block.children.append(pycrdt.XmlText(""))
    for position, deleted, inserted in strokes:
        if not inserted.isascii():
            raise ValueError("positions are taken as bytes: an ASCII trace is needed")
        with doc.transaction():
            if deleted:
                del text[position : position + deleted]
            if inserted:
                text.insert(position, inserted)
    del watch
    if len(found) != len(strokes) + 1:
        raise RuntimeError(f"{len(strokes)} strokes gave {len(found) - 1} updates")
    return found[0], found[1:]


def measure(strokes: int | None, progress: Callable[[int], None] = lambda _done: None) -> dict[str, Any]:
    """µs per stroke in the gate and in pycrdt's apply, and their ratio; `strokes` None takes the whole trace."""
    first, updates = updates_of(sequential("automerge-paper", strokes))
    doc = document.new_document()
    document.apply(doc, first)
    index = RoomIndex.of(document.state(doc))
    allowed = {WRITER}
    gate = apply = 0.0
    for start in range(0, len(updates), SLICE):
        part = updates[start : start + SLICE]
        began = time.perf_counter()
        for update in part:
            index.admit(check(index, update, allowed))
        between = time.perf_counter()
        for update in part:
            document.apply(doc, update)
        ended = time.perf_counter()
        gate, apply = gate + between - began, apply + ended - between
        progress(start + len(part))
    return {
        "strokes": len(updates),
        "bytes_per_stroke": round(sum(map(len, updates)) / len(updates), 1),
        "characters_at_the_end": len(document.plain_text(document.read_tree(doc))),
        "gate_us_per_stroke": round(gate / len(updates) * 1e6, 2),
        "apply_us_per_stroke": round(apply / len(updates) * 1e6, 2),
        "gate_to_apply": round(gate / apply, 2),
    }
