"""Which shapes of the grammar Word knows: a list, a table that its own reader takes for just this.

The grammar is loose (a paragraph may stand straight in a list, a cell may hold nothing); Word is not. What these
functions say no to is written within controls.
"""

from __future__ import annotations

from drafts.exchange.docx_in import LISTS
from drafts.exchange.docx_tables import is_all_strong
from drafts.exchange.docx_template import LEVELS
from drafts.grammar import Node, Tree

CELLS = frozenset({"table_header", "table_cell"})


def says(node: Node) -> bool:
    """Whether a block of words would be seen: spaces alone are taken for a gap between paragraphs."""
    return any(run["type"] == "hard_break" or run["text"].strip() for run in node.get("content", ()))


def is_list(node: Node, level: int) -> bool:
    """Items that begin with a paragraph and go on with paragraphs and lists, on the nine levels of Word."""
    if level >= LEVELS or not node.get("content"):
        return False
    for item in node["content"]:
        content: Tree = item.get("content", [])
        if item["type"] != "list_item" or not content or not _is_paragraph(content[0]):
            return False
        for one in content[1:]:
            if not _is_paragraph(one) and not (one["type"] in LISTS and is_list(one, level + 1)):
                return False
    return True


def is_table(node: Node) -> bool:
    """Rows of cells, those of headings holding nothing but paragraphs."""
    return bool(node.get("content")) and all(
        row["type"] == "table_row"
        and row.get("content")
        and all(cell["type"] in CELLS and _is_cell(cell) for cell in row["content"])
        for row in node["content"]
    )


def is_whole_table(node: Node) -> bool:
    """A table that a reader of other people's files would take for something else: a frame, a row of headings."""
    rows: Tree = node["content"]
    cells = [cell for row in rows for cell in row["content"]]
    if len(cells) == 1:
        return True
    has_headings = any(cell["type"] == "table_header" for cell in cells)
    return not has_headings and len(rows) > 1 and is_all_strong(rows[0]["content"])


def _is_paragraph(node: Node) -> bool:
    return node["type"] == "paragraph" and says(node)


def _is_cell(cell: Node) -> bool:
    content: Tree = cell.get("content", [])
    if cell["type"] == "table_cell" or content == [{"type": "paragraph"}]:
        return True
    return all(_is_paragraph(one) for one in content)
