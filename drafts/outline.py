"""The headings of a text: those that were written, and those that its parts make.

A question, a situation and the text for a territory stand under a heading of their own, one level below the
heading they follow. Page, outline and checks ask here, so that they agree on the levels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from drafts import vocabulary
from drafts.grammar import Node, Tree, inline_text, normalise, parted_label

# Where a text has not had a heading yet: below the title of the page.
TOP = 1
# HTML knows six.
LOWEST = 6
# Parts whose title is a heading in the page; the label of a step or of a definition is not.
HEADED = frozenset({"question", "situation", "variant"})


@dataclass(frozen=True)
class Heading:
    """One line of the outline: the anchor of the heading, its level (2–6) and its words."""

    id: str
    level: int
    text: str


@dataclass(frozen=True)
class Title:
    """A heading as the text has it: its block, its level, its words, and the level of the one it follows.

    `is_made` when it is the title of a part; its level is then right by itself.
    """

    node: Node
    level: int
    text: str
    after: int
    is_made: bool


def outline(tree: Tree) -> list[Heading]:
    """The headings that say something, in order."""
    return [
        Heading(title.node.get("attrs", {}).get("id", ""), title.level, title.text)
        for title in titles(normalise(tree))
        if title.text
    ]


def titles(tree: Tree) -> list[Title]:
    """Every heading of a normalised tree in document order, empty ones too."""
    return list(_Walk().titles(tree))


def level_of(block: Node) -> int:
    """The level of a heading, 2 by default."""
    level: int = block.get("attrs", {}).get("level", 2)
    return level


def territories_of(variant: Node) -> list[str]:
    """The territories a variant is for, as slugs, each once."""
    slugs: str = variant.get("attrs", {}).get("territories", "")
    return list(dict.fromkeys(slugs.split()))


def made_title(node: Node) -> str:
    """The title of a part in words: its label, or the names of its territories."""
    if node["type"] == "variant":
        return ", ".join(vocabulary.labels(territories_of(node), vocabulary.territories()))
    label, _rest = parted_label(node)
    return inline_text(label).strip() if label is not None else ""


class _Walk:
    def __init__(self) -> None:
        self.level = TOP

    def titles(self, tree: Tree) -> Iterator[Title]:
        for node in tree:
            before = self.level
            if node["type"] == "heading":
                words = inline_text(node).strip()
                yield Title(node, level_of(node), words, before, False)
                if words:
                    self.level = level_of(node)
            elif node["type"] in HEADED and (words := made_title(node)):
                self.level = min(LOWEST, before + 1)
                yield Title(node, self.level, words, before, True)
                yield from self.titles(node.get("content", []))
                self.level = before
            elif node.get("content") and node["type"] not in ("paragraph", "lead"):
                yield from self.titles(node["content"])
