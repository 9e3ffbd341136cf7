"""Which block of one text became which of another, and which words of a block changed."""

import difflib
import json
import re
from collections.abc import Sequence

from drafts.grammar import Node

# A run of more words is compared as a whole (common start and end) and not word by word: difflib is quadratic,
# and a rewrite must not stall the people who type.
WORDS_COMPARED = 1_500
# A word takes the space after it along: spaces by themselves would match everywhere.
WORD = re.compile(r"\w+\s?|\W")


def pair_blocks(held: "Sequence[Node | None]", wanted: Sequence[Node]) -> dict[int, int]:
    """Which held block becomes which wanted one, both in order: {index in wanted: index in held}."""

    def sign(node: "Node | None") -> str:
        return json.dumps(node, sort_keys=True) if node is not None else "\x00"

    def name(node: "Node | None", place: str) -> str:
        ident = node.get("attrs", {}).get("id") if node is not None else None
        return f"{node['type']}:{ident}" if node is not None and ident else place

    pairs: dict[int, int] = {}
    equal = difflib.SequenceMatcher(
        None, [sign(node) for node in held], [sign(node) for node in wanted], False
    )
    gaps = [(0, 0)]
    for a, b, size in equal.get_matching_blocks():
        gaps += [(a, b), (a + size, b + size)]
        pairs.update({b + step: a + step for step in range(size)})
    # Between two stretches of equal blocks: the same id and kind, in order.
    for (a_from, b_from), (a_to, b_to) in zip(gaps[::2], gaps[1::2], strict=False):
        old, new = held[a_from:a_to], wanted[b_from:b_to]
        named = difflib.SequenceMatcher(
            None,
            [name(node, f"held {place}") for place, node in enumerate(old)],
            [name(node, f"wanted {place}") for place, node in enumerate(new)],
            False,
        )
        for a, b, size in named.get_matching_blocks():
            pairs.update({b_from + b + step: a_from + a + step for step in range(size)})
    return pairs


def word_edits(before: str, after: str) -> list[tuple[int, int, str]]:
    """(start, end, replacement) in characters of `before`, in order, that turn it into `after`."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    # Whole words are shown as changed, never half of one.
    while start and before[start - 1].isalnum():
        start -= 1
    while end and before[len(before) - end].isalnum():
        end -= 1
    stop, last = len(before) - end, len(after) - end
    a, b = WORD.findall(before[start:stop]), WORD.findall(after[start:last])
    if len(a) > WORDS_COMPARED or len(b) > WORDS_COMPARED:
        return [(start, stop, after[start:last])]
    places = [start]
    for word in a:
        places.append(places[-1] + len(word))
    return [
        (places[i], places[j], "".join(b[k:m]))
        for tag, i, j, k, m in difflib.SequenceMatcher(None, a, b, False).get_opcodes()
        if tag != "equal"
    ]
