"""The words of a twin: which blocks have a part, when a part is stale, and how easy words become a page.

Pure: everything here is a function of a tree and of strings.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from drafts.exchange.plainly import clean_text, settled
from drafts.grammar import GRAMMAR, Tree, blocks, inline_text, normalise, parted_label
from drafts.outline import LOWEST, titles

__all__ = ["Passage", "Signed", "as_tree", "digest", "passages_of", "read_signed", "render", "tidy"]

EMPTY = Markup("")
_ITEM = re.compile(r"[-•–]\s+")
_BEFORE_COLON = re.compile(r" (?=:(?:\s|$))")
_BEFORE_HIGH = re.compile(r" (?=[;!?]+(?:\s|$))")
# Spaces of a keyboard; the no-break spaces of French are part of the words.
_SPACES = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class Passage:
    """A block of the original that holds words. `level` is that of the heading it is in a page, 0 for none."""

    block_id: str
    kind: str
    words: str
    level: int

    @property
    def digest(self) -> str:
        return digest(self.words)


@dataclass(frozen=True)
class Signed:
    """One part as it was frozen: the easy words for a block, or that the twin does without it."""

    block_id: str
    text: str
    level: int
    is_left_out: bool

    def as_json(self) -> dict[str, Any]:
        """What the canonical form holds (docs/canonical.md)."""
        if self.is_left_out:
            return {"block": self.block_id, "left_out": True}
        said: dict[str, Any] = {"block": self.block_id, "text": self.text}
        return {**said, "level": self.level} if self.level else said


def digest(words: str) -> str:
    """The digest of a block's words: equal for two spellings that a reader cannot tell apart (kinds of spaces, composed
    accents), different when a word, a figure or a mark of punctuation is."""
    said = " ".join(unicodedata.normalize("NFC", words).split())
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def passages_of(tree: Tree) -> tuple[Passage, ...]:
    """The blocks a twin has parts for, in reading order. What is only suggested has not changed the text yet."""
    tree = settled(normalise(tree))
    levels: dict[int, int] = {}
    for title in titles(tree):
        label = None if title.node["type"] == "heading" else parted_label(title.node)[0]
        levels[id(title.node if label is None else label)] = title.level
    return tuple(
        Passage(ident, block["type"], words, levels.get(id(block), 0))
        for block in blocks(tree)
        if GRAMMAR.nodes[block["type"]].holds_inline
        and (ident := block.get("attrs", {}).get("id"))
        and (words := inline_text(block)).strip()
    )


def tidy(text: str) -> str:
    """Easy words as they are kept: one space between words, one empty line at most, nothing around, in NFC.

    The spaces of French that no line breaks are put in: in a plain field, on a telephone, nobody can type them.
    """
    text = clean_text(unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    lines = [_SPACES.sub(" ", line).strip(" ") for line in text.split("\n")]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    text = _BEFORE_HIGH.sub("\u202f", _BEFORE_COLON.sub("\u00a0", text))
    return text.replace("« ", "«\u00a0").replace(" »", "\u00a0»")


def read_signed(fields: Mapping[str, Any]) -> tuple[Signed, ...]:
    """The parts of a frozen text, from the fields of its canonical form; none when it was signed without a twin."""
    return tuple(
        Signed(
            str(part["block"]),
            str(part.get("text", "")),
            int(part.get("level", 0)),
            bool(part.get("left_out", False)),
        )
        for part in fields.get("easy") or ()
    )


def as_tree(parts: Sequence[Signed]) -> Tree:
    """The easy text as a block tree, so that two of them are compared as texts are; what is left out has no block."""
    return [
        {
            "type": "heading" if part.level else "paragraph",
            "attrs": {"id": part.block_id, **({"level": part.level} if part.level > 2 else {})},
            "content": [{"type": "text", "text": part.text}],
        }
        for part in parts
        if part.text
    ]


def render(parts: Sequence[Signed], offset: int = 0) -> Markup:
    """The easy text as HTML, written here and nowhere else: paragraphs, line breaks, lists and headings.

    A heading never skips a level, although the one between may have been left out. `offset` moves headings down.
    """
    out: list[Markup] = []
    last = 1
    for part in parts:
        if part.is_left_out or not part.text:
            continue
        if part.level:
            last = min(part.level, last + 1)
            level = min(last + offset, LOWEST)
            out.append(Markup("<h{0}>{1}</h{0}>").format(level, " ".join(part.text.split("\n"))))
        else:
            out += [_paragraph(group.split("\n")) for group in part.text.split("\n\n")]
    return Markup("\n").join(out)


def _paragraph(lines: Sequence[str]) -> Markup:
    """Lines without an empty one between them: those that begin with a dash are a list."""
    out: list[Markup] = []
    place = 0
    while place < len(lines):
        is_item = _ITEM.match(lines[place]) is not None
        end = place
        while end < len(lines) and (_ITEM.match(lines[end]) is not None) is is_item:
            end += 1
        if is_item:
            items = [Markup("<li>{}</li>").format(_ITEM.sub("", line, count=1)) for line in lines[place:end]]
            out.append(Markup("<ul>{}</ul>").format(EMPTY.join(items)))
        else:
            out.append(Markup("<p>{}</p>").format(Markup("<br>").join(lines[place:end])))
        place = end
    return EMPTY.join(out)
