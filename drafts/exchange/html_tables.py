"""Tables and lists of terms of foreign HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from lxml.html import HtmlElement

from drafts.exchange.gathering import PLAIN, Cell, Paragraph, Shape, block, table_of
from drafts.exchange.html_left import left_out
from drafts.grammar import Node

if TYPE_CHECKING:
    from drafts.exchange.html_in import Reader as _Reader


def table(reader: _Reader, dom: HtmlElement, shape: Shape) -> None:
    around = replace(reader.around, top=False, in_table=True)
    rows = [row for row in dom.iter("tr") if next(row.iterancestors("table"), None) is dom]
    for caption in (child for child in dom if child.tag == "caption"):
        reader.walk(caption, shape)
        reader.close()
    # What only lays out a page is no table for a reader, and a table in a table is none either.
    lays_out = dom.get("role") in ("presentation", "none") or sum(len(_cells(row)) for row in rows) < 2
    if reader.around.in_table or lays_out:
        for row in rows:
            for cell in _cells(row):
                reader.walk(cell, reader.page.look.shape(cell, shape))
                reader.close()
        return
    table = table_of(
        (
            [
                Cell(
                    reader.inner(cell, reader.page.look.shape(cell, shape), around),
                    cell.tag == "th" or next(row.iterancestors(), row).tag == "thead",
                    _span(cell, "colspan"),
                    _span(cell, "rowspan"),
                )
                for cell in _cells(row)
            ]
            for row in rows
        ),
        reader.page.losses,
    )
    if table is not None:
        reader.out.append(table)


def _cells(row: HtmlElement) -> list[HtmlElement]:
    return [cell for cell in row if cell.tag in ("td", "th")]


def terms(reader: _Reader, dom: HtmlElement, shape: Shape) -> None:
    """Terms and what they mean."""
    label, said = Paragraph(), list[Node]()

    def end() -> None:
        nonlocal label, said
        term = label.block("label")
        if term is not None or said:
            reader.out.append(block("definition", [*([term] if term else []), *said]))
        label, said = Paragraph(), []

    for child in _terms_of(dom):
        if left_out(reader.page, child, str(child.tag), reader.around.top):
            continue
        if child.tag == "dd":
            said.extend(reader.inner(child, reader.page.look.shape(child, shape)))
            continue
        if said:
            end()
        if label.words:
            label.text(", ", PLAIN)
        label.text(child.text_content(), PLAIN)
    end()


def _terms_of(dom: HtmlElement) -> Iterable[HtmlElement]:
    return (child for child in dom.iter("dt", "dd") if next(child.iterancestors("dl"), None) is dom)


def _span(cell: HtmlElement, name: str) -> int:
    given = (cell.get(name) or "1").strip()
    return int(given) if given.isdecimal() and len(given) < 6 else 1
