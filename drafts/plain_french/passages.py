"""What the rules read of a text: each block that holds words, with its kind, its links and what it spells out.

Words that somebody suggests to take away are read as spaces: a rule has nothing to say of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from drafts.grammar import GRAMMAR, Node, Tree, blocks, inline_text

# The title of a law is quoted, nobody may write it more plainly.
QUOTED = frozenset({"legal"})
HEADINGS = frozenset({"heading"})
PARAGRAPHS = frozenset({"paragraph", "lead"})


@dataclass(frozen=True)
class Passage:
    """The words of one block: `text` as it stands, `read` with spaces for what is on its way out.

    `links` are (start, end) in characters; `spelled` the acronyms that a mark or a definition explains here.
    """

    block_id: str | None
    kind: str
    text: str
    read: str
    links: tuple[tuple[int, int], ...]
    spelled: frozenset[str]

    @property
    def digest(self) -> bytes:
        """Equal for two blocks of which the rules say the same."""
        told = repr((self.kind, self.text, self.read if self.read != self.text else "", self.links))
        return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def passages(tree: Tree) -> Iterator[Passage]:
    """Every block that holds words, in reading order."""
    terms = {
        id(block["content"][0])
        for block in blocks(tree)
        if block["type"] == "definition"
        and block.get("content")
        and block["content"][0].get("type") == "label"
    }
    for block in blocks(tree):
        if block["type"] in GRAMMAR.nodes and GRAMMAR.nodes[block["type"]].holds_inline:
            yield _passage(block, defines=id(block) in terms)


def _passage(block: Node, *, defines: bool) -> Passage:
    text = inline_text(block)
    read: list[str] = []
    spelled: set[str] = set()
    links: list[tuple[int, int, Any]] = []
    at = 0
    for run in block.get("content", ()):
        words: str = run.get("text", "") if run["type"] == "text" else "\n"
        marks = {mark["type"]: mark.get("attrs", {}) for mark in run.get("marks", ())}
        if "abbr" in marks and marks["abbr"].get("title"):
            spelled.add(words.strip())
        read.append(" " * len(words) if "deletion" in marks else words)
        for name in ("link", "service_link"):
            if name not in marks or "deletion" in marks:
                continue
            target = (name, *sorted(marks[name].items()))
            # Bold words inside a link part its runs, not the link.
            if links and links[-1][1:] == (at, target):
                links[-1] = (links[-1][0], at + len(words), target)
            else:
                links.append((at, at + len(words), target))
        at += len(words)
    if defines:
        spelled.update(text.replace("(", " ").replace(")", " ").split())
    kind = "heading" if block["type"] in HEADINGS else "quoted" if block["type"] in QUOTED else "paragraph"
    if kind == "paragraph" and block["type"] not in PARAGRAPHS:
        kind = "line"
    return Passage(
        block.get("attrs", {}).get("id"),
        kind,
        text,
        "".join(read),
        tuple((start, end) for start, end, _ in links),
        frozenset(spelled),
    )
