"""Blocks in the making, for readers of foreign files: paragraphs, lists that come as lines, tables whose cells reach over.

The same rules as for what is pasted (`realtime/client/paragraph.ts`, `nesting.ts`, `pasted_tables.ts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from drafts.exchange.losses import Losses
from drafts.exchange.paper import Refused
from drafts.grammar import Node, Tree, blocks, inline_text, merge_runs

# Deeper lists are read by nobody; they are flattened.
MOST_LEVELS = 6
# Nobody reads a table wider than this; a hostile page says a million.
MOST_COLUMNS = 50
# A cell that reaches further down than any table of an article is long.
MOST_ROWS = 1_000
# Forty times the longest article of the portal; with ids it is still below what a draft may hold at once.
MOST_BLOCKS = 20_000
MOST_CHARACTERS = 2_000_000
# The gate and JSON readers stay far from their own bounds.
DEEPEST = 60
_SPACES = re.compile(r"[ \t\r\n\f\u00a0\u202f]+")


@dataclass(frozen=True)
class Shape:
    """How words look at one place; `pre`: line ends are line ends."""

    bold: bool = False
    italic: bool = False
    href: str | None = None
    abbr: str | None = None
    pre: bool = False


PLAIN = Shape()


def block(kind: str, content: Tree | None = None, /, **attrs: Any) -> Node:
    node: Node = {"type": kind}
    if attrs:
        node["attrs"] = attrs
    if content:
        node["content"] = content
    return node


def marks_of(shape: Shape) -> Tree:
    """Marks in the order the grammar sorts them."""
    marks: Tree = []
    if shape.abbr is not None:
        marks.append({"type": "abbr", "attrs": {"title": shape.abbr}})
    if shape.italic:
        marks.append({"type": "em"})
    if shape.href is not None:
        marks.append({"type": "link", "attrs": {"href": shape.href}})
    if shape.bold:
        marks.append({"type": "strong"})
    return marks


class Paragraph:
    """One paragraph in the making: runs of words, spaces as HTML means them."""

    def __init__(self) -> None:
        self._runs: list[tuple[str, Shape]] = []

    def text(self, raw: str, shape: Shape) -> None:
        if shape.pre:
            for number, line in enumerate(re.split(r"\r\n?|\n", raw)):
                if number:
                    self.line_end()
                if line:
                    self._runs.append((line.replace("\t", "    "), shape))
            return
        text = _SPACES.sub(lambda run: run[0] if run[0] in ("\u00a0", "\u202f") else " ", raw)
        if text[:1] in (" ", "\u00a0") and (not self._runs or self._runs[-1][0][-1] in " \n\u00a0"):
            text = text[1:]
        if text:
            self._runs.append((text, shape))

    def line_end(self) -> None:
        if not self._runs:
            return
        text, shape = self._runs[-1]
        if text != "\n" and text.endswith(" "):
            self._runs[-1] = (text[:-1], shape)
            if not text[:-1]:
                self._runs.pop()
        if self._runs:
            self._runs.append(("\n", PLAIN))

    @property
    def ends_twice(self) -> bool:
        """Two line ends in a row: how mail programs write a new paragraph."""
        return [text for text, _shape in self._runs[-2:]] == ["\n", "\n"]

    @property
    def words(self) -> str:
        return "".join(text for text, _shape in self._runs)

    def drop_start(self, length: int) -> None:
        """Takes words off the beginning: the bullet that Word writes as text."""
        left = length
        kept: list[tuple[str, Shape]] = []
        for text, shape in self._runs:
            cut = min(left, len(text))
            left -= cut
            if text[cut:]:
                kept.append((text[cut:], shape))
        if kept:
            kept[0] = (kept[0][0].lstrip(" \u00a0"), kept[0][1])
        self._runs = [run for run in kept if run[0]]

    def content(self, heavy: bool = False) -> Tree | None:
        """The runs, or None when nothing is said. `heavy`: the block is bold by itself."""
        runs = list(self._runs)
        while runs and not runs[-1][0].strip():
            runs.pop()
        if not runs or not "".join(text for text, _shape in runs).strip():
            return None
        runs[-1] = (runs[-1][0].rstrip(" \u00a0"), runs[-1][1])
        found: Tree = []
        for text, shape in runs:
            if text == "\n":
                found.append({"type": "hard_break"})
                continue
            marks = marks_of(replace(shape, bold=False) if heavy else shape)
            found.append({"type": "text", "text": text, **({"marks": marks} if marks else {})})
        return merge_runs(found)

    def block(self, kind: str = "paragraph", /, **attrs: Any) -> Node | None:
        content = self.content(kind in ("heading", "label"))
        return None if content is None else block(kind, content, **attrs)


@dataclass
class ListLine:
    """An item of a list with its level; `fresh` begins a list of its own, even right after another one."""

    level: int
    ordered: bool
    fresh: bool = False
    blocks: Tree = field(default_factory=list)


def nested_lists(lines: Sequence[ListLine], losses: Losses, depth: int = 1) -> Tree:
    """Lists within lists, from lines with levels."""
    lists: Tree = []
    at = 0
    while at < len(lines):
        first = lines[at]
        items: Tree = []
        while at < len(lines):
            line = lines[at]
            if (
                line.level < first.level
                or line.ordered != first.ordered
                or (line.fresh and line is not first)
            ):
                break
            end = at + 1
            while end < len(lines) and not lines[end].fresh and lines[end].level > first.level:
                end += 1
            inner = lines[at + 1 : end]
            if depth < MOST_LEVELS:
                items.append(block("list_item", [*line.blocks, *nested_lists(inner, losses, depth + 1)]))
            else:
                items.extend(block("list_item", one.blocks) for one in [line, *inner])
                if inner:
                    losses.add(
                        "lists", inline_text(inner[0].blocks[0]) if inner[0].blocks else "", len(inner)
                    )
            at = end
        lists.append(block("ordered_list" if first.ordered else "bullet_list", items))
    return lists


@dataclass
class Cell:
    """A cell as a file has it: how far it reaches and what stands in it."""

    blocks: Tree
    header: bool = False
    wide: int = 1
    high: int = 1


def table_of(rows: Iterable[Sequence[Cell]], losses: Losses) -> Node | None:
    """A table with one cell for each place: a cell that reached over several stands in its first, the others are empty."""
    grid: list[list[Cell]] = []
    taken: list[int] = []
    places = 0
    for row in rows:
        cells: list[Cell] = []

        def skip(cells: list[Cell] = cells) -> None:
            while len(cells) < len(taken) and taken[len(cells)] > 0:
                taken[len(cells)] -= 1
                cells.append(Cell([]))

        for cell in row:
            skip()
            if cell.wide > 1 or cell.high > 1:
                losses.add("spans", words_of(cell.blocks))
            for place in range(min(max(1, cell.wide), MOST_COLUMNS)):
                if len(cells) >= MOST_COLUMNS:
                    if place == 0 and cell.blocks:
                        # A column too many: its words join the last one.
                        cells[-1].blocks.extend(cell.blocks)
                        losses.add("spans", words_of(cell.blocks))
                    break
                while len(taken) <= len(cells):
                    taken.append(0)
                taken[len(cells)] = min(max(1, cell.high), MOST_ROWS) - 1
                cells.append(Cell(cell.blocks if place == 0 else [], cell.header))
        skip()
        if any(cell.blocks for cell in cells):
            grid.append(cells)
            places += len(cells)
            if places > MOST_BLOCKS:
                raise Refused("too_long")
    if not grid:
        return None
    # Few programs have header cells: a first row in bold means one.
    if len(grid) > 1 and not any(cell.header for cells in grid for cell in cells) and _all_strong(grid[0]):
        for cell in grid[0]:
            cell.header = True
    width = max(len(cells) for cells in grid)
    return block("table", [_row(cells, width) for cells in grid])


def _row(cells: list[Cell], width: int) -> Node:
    header = bool(cells) and all(cell.header for cell in cells)
    filled = [*cells, *(Cell([], header) for _place in range(width - len(cells)))]
    return block("table_row", [_cell(cell) for cell in filled])


def _cell(cell: Cell) -> Node:
    content = cell.blocks or [block("paragraph")]
    return (
        block("table_header", [_light(node) for node in content])
        if cell.header
        else block("table_cell", content)
    )


def _all_strong(cells: Iterable[Cell]) -> bool:
    runs = [
        run
        for cell in cells
        for inner in blocks(cell.blocks)
        for run in inner.get("content", ())
        if run["type"] == "text" and run["text"].strip()
    ]
    return bool(runs) and all({"type": "strong"} in run.get("marks", ()) for run in runs)


def _light(node: Node) -> Node:
    """Without bold: a header cell is bold by itself."""
    light = dict(node)
    if "marks" in light:
        light["marks"] = [mark for mark in light["marks"] if mark["type"] != "strong"]
        if not light["marks"]:
            del light["marks"]
    if "content" in light:
        light["content"] = merge_runs([_light(child) for child in light["content"]])
    return light


def words_of(tree: Tree) -> str:
    return " ".join(inline_text(node) for node in blocks(tree) if node.get("content"))[:200]


def bounded(tree: Tree) -> Tree:
    """The tree, or Refused when it is longer or deeper than a text may be."""
    count = characters = 0
    stack = [(node, 1) for node in tree]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST:
            raise Refused("too_deep")
        if node["type"] == "text":
            characters += len(node["text"])
        else:
            count += 1
        if count > MOST_BLOCKS or characters > MOST_CHARACTERS:
            raise Refused("too_long")
        stack.extend((child, depth + 1) for child in node.get("content", ()))
    return tree


def levels_of(ranks: Iterable[int]) -> dict[int, int]:
    """The ranks of headings found as 2, 3 and 4: the highest is 2, so that none is skipped."""
    return {rank: min(4, place + 2) for place, rank in enumerate(sorted(set(ranks)))}


# Names of the styles for what stands beneath a picture, in small letters.
CAPTIONS = frozenset({"caption", "légende", "lgende", "illustration", "figure"})


def is_bare_image(node: Node) -> bool:
    return node["type"] == "image" and not node.get("content")


def caption_of(image: Node, words: Node) -> Node:
    """The image with the words that stood beneath it."""
    return {**image, "content": words.get("content", [])} if inline_text(words).strip() else image
