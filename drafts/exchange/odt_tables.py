"""Tables of an OpenDocument file: one cell for each place, in files of ours the cells as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from drafts.exchange.gathering import MOST_COLUMNS, Cell, block, table_of
from drafts.exchange.odt_package import get, q, tag
from drafts.exchange.odt_words import HEADER
from drafts.grammar import Node, Tree

if TYPE_CHECKING:
    from drafts.exchange.odt_in import OdtText


def table(text: OdtText, dom: etree._Element) -> Tree:
    rows: list[tuple[etree._Element, bool]] = []
    _rows(text, dom, False, rows)
    if text.properties.is_ours:
        written = [
            block("table_row", [_own_cell(text, cell, head) for cell in _cells(text, row)])
            for row, head in rows
        ]
        return [block("table", written)] if written else []
    if sum(len(_cells(text, row)) for row, _head in rows) < 2:
        return [node for row, _head in rows for cell in _cells(text, row) for node in text.flow(cell)]
    found: list[list[Cell]] = []
    for row, head in rows:
        cells: list[Cell] = []
        for cell in _cells(text, row):
            content = text.flow(cell)
            again = min(_number(get(cell, "table:number-columns-repeated")), MOST_COLUMNS)
            wide, high = (
                _number(get(cell, "table:number-columns-spanned")),
                _number(get(cell, "table:number-rows-spanned")),
            )
            cells += [Cell(content, head or _is_header(text, cell), wide, high)] * again
        found.append(cells)
    table = table_of(found, text.losses)
    return [table] if table is not None else []


def _rows(text: OdtText, dom: etree._Element, head: bool, rows: list[tuple[etree._Element, bool]]) -> None:
    for child in dom:
        name = tag(child)
        if name == "table:table-row":
            rows.append((child, head))
        elif name in ("table:table-header-rows", "table:table-rows", "table:table-row-group"):
            _rows(text, child, head or name == "table:table-header-rows", rows)


def _cells(text: OdtText, row: etree._Element) -> list[etree._Element]:
    for covered in row.iterchildren(q("table:covered-table-cell")):
        text.losses.add("hidden", words := "".join(covered.itertext()), int(bool(words.strip())))
    return list(row.iterchildren(q("table:table-cell")))


def _is_header(text: OdtText, cell: etree._Element) -> bool:
    lines = [dom for dom in cell if tag(dom) in ("text:p", "text:h")]
    return bool(lines) and all(
        HEADER.lower() in text.styles.names("paragraph", get(dom, "text:style-name"))[:4] for dom in lines
    )


def _own_cell(text: OdtText, cell: etree._Element, head: bool) -> Node:
    kind = "table_header" if head or _is_header(text, cell) else "table_cell"
    content = text.flow(cell)
    lines = [dom for dom in cell if tag(dom) in ("text:p", "text:h")]
    return block(kind, content or ([block("paragraph")] if lines else []))


def _number(given: str) -> int:
    return max(1, int(given)) if given.isdecimal() and len(given) < 8 else 1
