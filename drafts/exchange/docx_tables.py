"""A Word table as rows of cells: one cell for each place of the grid, even where one reached over several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from drafts.exchange.docx_lines import chosen
from drafts.exchange.docx_package import Element
from drafts.exchange.docx_source import Source, words_of
from drafts.exchange.docx_styles import is_on, number_of, value_of, w
from drafts.grammar import Node, Tree

# Nobody reads a table wider than this; a hostile file says a million.
MOST_COLUMNS = 50

# Reads what stands in a cell.
Reader = Callable[[Element], Tree]


def table_of(source: Source, table: Element, read: Reader, *, is_exact: bool) -> Tree:
    """The blocks a table becomes: one table, or only its words where it did no more than frame them.

    `is_exact`: one of ours, in which nothing is guessed.
    """
    rows: Tree = []
    marked = 0
    look = table.find(w("tblPr"))
    for name in ("tblCaption", "tblDescription"):
        if words := value_of(look, name):
            source.losses.add("table_descriptions", words)
    for row in _each(table, "tr"):
        properties = row.find(w("trPr"))
        if properties is not None and properties.find(w("del")) is not None:
            source.losses.add("deleted", _all_words(row))
            continue
        is_header = bool(is_on(properties, "tblHeader"))
        cells = _cells(source, row, properties, read, is_header)
        marked += any(cell["type"] == "table_header" for cell in cells)
        rows.append({"type": "table_row", "content": cells})
    if not is_exact:
        if sum(len(row["content"]) for row in rows) == 1:
            source.losses.add("layout_tables", words_of(table))
            return [node for node in rows[0]["content"][0]["content"] if node.get("content")]
        if not marked and len(rows) > 1 and _all_strong(rows[0]["content"]):
            # Few people mark the row of headings: a first row in bold means one.
            rows[0]["content"] = [_header(cell) for cell in rows[0]["content"]]
    return [{"type": "table", "content": rows}] if rows else []


def _cells(source: Source, row: Element, properties: Element | None, read: Reader, is_header: bool) -> Tree:
    cells: Tree = []
    styled = False
    cells += _places(number_of(properties, "gridBefore"))
    for cell in _each(row, "tc"):
        look = cell.find(w("tcPr"))
        if look is not None and look.find(w("cellDel")) is not None:
            source.losses.add("deleted", _all_words(cell))
            continue
        lines = [one.find(w("pPr")) for one in cell.iter(w("p"))]
        is_styled = bool(lines) and all(source.styles.is_table_heading(one) for one in lines)
        styled = styled or is_styled
        kind = "table_header" if is_header or is_styled else "table_cell"
        cells.append({"type": kind, "content": read(cell)})
        width = min(MOST_COLUMNS, max(1, number_of(look, "gridSpan") or 1))
        merge = look.find(w("vMerge")) if look is not None else None
        if width > 1 or merge is not None and merge.get(w("val")) == "restart":
            source.losses.add("spans", words_of(cell))
        cells += _places(width - 1, kind)
    cells += _places(number_of(properties, "gridAfter"))
    if is_header and not styled and _all_strong(cells):
        # Bold is how Word shows a row of headings.
        cells = [_header(cell) for cell in cells]
    return cells


def _places(number: int | None, kind: str = "table_cell") -> Tree:
    """Empty cells, where another one reached over."""
    return [
        {"type": kind, "content": [{"type": "paragraph"}]}
        for _ in range(min(MOST_COLUMNS, max(0, number or 0)))
    ]


def _each(parent: Element, name: str) -> Iterator[Element]:
    """Rows or cells, those within controls and other wrappers too."""
    for child in parent:
        if child.tag == w(name):
            yield child
        elif child.tag == w("sdt"):
            if (content := child.find(w("sdtContent"))) is not None:
                yield from _each(content, name)
        elif child.tag in (w("customXml"), w("ins"), w("moveTo")):
            yield from _each(child, name)
        elif isinstance(child.tag, str) and child.tag.endswith("}AlternateContent"):
            if (way := chosen(child)) is not None:
                yield from _each(way, name)


def _all_words(element: Element) -> str:
    return " ".join(one.text or "" for one in element.iter(w("t"), w("delText")))


def _runs(node: Node) -> Iterator[Node]:
    for child in node.get("content", ()):
        if child["type"] == "text":
            yield child
        else:
            yield from _runs(child)


def _is_strong(run: Node) -> bool:
    return any(mark["type"] == "strong" for mark in run.get("marks", ()))


def _all_strong(cells: Tree) -> bool:
    """True when every word of the cells is bold, and there is one."""
    said = [run for cell in cells for run in _runs(cell) if run["text"].strip()]
    return bool(said) and all(_is_strong(run) for run in said)


def is_all_strong(cells: Tree) -> bool:
    """As a reader of somebody else's table would judge these cells."""
    return _all_strong(cells)


def _header(cell: Node) -> Node:
    return {**_plain(cell), "type": "table_header"}


def _plain(node: Node) -> Node:
    """The same without bold."""
    made: dict[str, Any] = dict(node)
    if "marks" in made:
        made["marks"] = [mark for mark in made["marks"] if mark["type"] != "strong"]
        if not made["marks"]:
            del made["marks"]
    if "content" in made:
        made["content"] = [_plain(child) for child in made["content"]]
    return made
