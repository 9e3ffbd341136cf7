"""A block tree as HTML: escaping by construction, valid whatever the nesting.

The grammar is loose (a cell may stand at the root, a paragraph straight in a list), HTML is not: what stands
where HTML would not have it is wrapped or unwrapped here. Only the tags written in this module come out, every
text and attribute goes through markupsafe, and a link target passes `app.markup.safe_href` or the link is left
out and its words stay.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from app.extensions import gettext as _
from app.markup import safe_href
from drafts.grammar import GRAMMAR, Node, Tree, blocks, inline_text, normalise
from drafts.grammar import plain_text as plain_text

EMPTY = Markup("")
# The order in which marks nest, whatever their order in the tree: the link outermost, so that a link with one
# bold word in it stays one link.
NESTING = ("link", "strong", "em")
CELLS = frozenset({"table_header", "table_cell"})
_WORD = re.compile(r"\w+(?:[’'\-]\w+)*")

# How the marks of a run wrap its words: HTML of the words -> HTML.
Wrap = Callable[[Markup], Markup]


@dataclass(frozen=True)
class Heading:
    """One line of the outline: the anchor of the heading, its level (2–4) and its words."""

    id: str
    level: int
    text: str


def render_blocks(tree: Tree, heading_offset: int = 0) -> Markup:
    """The text as HTML.

    `heading_offset` moves headings down, where the text stands below a heading of the page (a level 2 becomes
    3 with 1); never beyond h6. Every block with an id carries it as its anchor, on its own element.
    """
    return _Writer(heading_offset).flow(normalise(tree))


def outline(tree: Tree) -> list[Heading]:
    """The headings that say something, in order."""
    return [
        Heading(block.get("attrs", {}).get("id", ""), level_of(block), inline_text(block).strip())
        for block in blocks(normalise(tree))
        if block["type"] == "heading" and inline_text(block).strip()
    ]


def word_count(tree: Tree) -> int:
    """How many words there are to read."""
    return len(_WORD.findall(plain_text(normalise(tree))))


def reading_minutes(tree: Tree) -> int:
    """Minutes to read the text at 200 words a minute, at least one. 200 is what an adult reads with care."""
    return max(1, round(word_count(tree) / 200))


def level_of(block: Node) -> int:
    """The level of a heading, 2 by default."""
    level: int = block.get("attrs", {}).get("level", 2)
    return level


def render_inline(content: Iterable[Node]) -> Markup:
    """Runs and line breaks as HTML."""
    out: list[Markup] = []
    held: list[tuple[str, str]] = []
    for node in [*content, None]:
        wanted = _wraps(node) if node is not None else []
        common = 0
        while common < min(len(held), len(wanted)) and held[common] == wanted[common]:
            common += 1
        if node is not None and node["type"] == "hard_break":
            # A break inside a bold sentence does not end it.
            out.append(Markup("<br>"))
            continue
        for name, _href in reversed(held[common:]):
            out.append(Markup("</{}>").format(name))
        for name, href in wanted[common:]:
            out.append(
                Markup('<a href="{}" rel="noopener">').format(href)
                if name == "a"
                else Markup("<{}>").format(name)
            )
        held = wanted
        if node is not None:
            out.append(escape(node["text"]))
    return EMPTY.join(out)


def _wraps(node: Node) -> list[tuple[str, str]]:
    """The elements around a run, outermost first: (name, link target)."""
    found = []
    marks = {mark["type"]: mark for mark in node.get("marks", ())}
    for name in NESTING:
        if name not in marks:
            continue
        if name != "link":
            found.append((name, ""))
        elif href := safe_href(marks[name].get("attrs", {}).get("href", "")):
            found.append(("a", href))
    return found


class _Writer:
    """Writes one text; remembers which anchors it has given, since HTML wants each only once."""

    def __init__(self, heading_offset: int) -> None:
        self.heading_offset = heading_offset
        self.anchors: set[str] = set()

    def flow(self, tree: Tree) -> Markup:
        """Blocks where paragraphs and headings may stand. Stray items, rows and cells get what they lack."""
        out: list[Markup] = []
        stray: Tree = []
        for node in [*tree, None]:
            family = _family(node)
            if stray and family != _family(stray[0]):
                out.append(self._adopt(stray))
                stray = []
            if node is None:
                break
            if family:
                stray.append(node)
            else:
                out.append(self._block(node))
        return EMPTY.join(out)

    def _adopt(self, stray: Tree) -> Markup:
        return self._table(stray, EMPTY) if _family(stray[0]) == "table" else self._list("ul", stray, EMPTY)

    def _block(self, node: Node) -> Markup:
        kind = node["type"]
        content = node.get("content", [])
        if GRAMMAR.nodes[kind].holds_inline:
            return self._text_block(node, render_inline(content))
        if kind == "bullet_list":
            return self._list("ul", content, self._anchor(node))
        if kind == "ordered_list":
            return self._list("ol", content, self._anchor(node))
        if kind == "note":
            warning = node.get("attrs", {}).get("kind") == "warning"
            return Markup('<aside class="{}" role="note"{}><p class="note-label">{}</p>{}</aside>').format(
                "note note-warning" if warning else "note",
                self._anchor(node),
                _("Attention") if warning else _("À noter"),
                self.flow(content),
            )
        if kind == "table":
            return self._table(content, self._anchor(node))
        raise AssertionError(f"{kind} is not written as a block")

    def _text_block(self, node: Node, words: Markup) -> Markup:
        """A lead, heading or paragraph; nothing when it says nothing."""
        if not inline_text(node).strip():
            return EMPTY
        if node["type"] == "heading":
            level = min(6, max(1, level_of(node) + self.heading_offset))
            return Markup("<h{0}{1}>{2}</h{0}>").format(level, self._anchor(node), words)
        if node["type"] == "lead":
            return Markup('<p class="lead"{}>{}</p>').format(self._anchor(node), words)
        return Markup("<p{}>{}</p>").format(self._anchor(node), words)

    def _list(self, tag: str, content: Tree, anchor: Markup) -> Markup:
        items = [self._item(node) for node in content]
        kept = [item for item in items if item]
        return Markup("<{0}{1}>{2}</{0}>").format(tag, anchor, EMPTY.join(kept)) if kept else EMPTY

    def _item(self, node: Node) -> Markup:
        content = node.get("content", [])
        if node["type"] != "list_item":
            # A paragraph straight in a list is an item; so is whatever else stands there.
            inner = self.flow([node]) if node["type"] != "paragraph" else render_inline(content)
            anchor = (
                self._anchor(node) if node["type"] == "paragraph" and inline_text(node).strip() else EMPTY
            )
        elif len(content) == 1 and content[0]["type"] == "paragraph":
            # The usual item: its words stand in it without a paragraph around them.
            anchor, inner = self._anchor(node), render_inline(content[0].get("content", []))
            inner = inner if inline_text(content[0]).strip() else EMPTY
        else:
            anchor, inner = self._anchor(node), self.flow(content)
        return Markup("<li{}>{}</li>").format(anchor, inner) if inner else EMPTY

    def _table(self, content: Tree, anchor: Markup) -> Markup:
        rows = [row for row in _rows(content) if row[1]]
        if not rows:
            return EMPTY
        width = max(len(cells) for _, cells in rows)
        head = all(cell["type"] == "table_header" for cell in rows[0][1]) and len(rows) > 1
        written = [
            self._row(row, cells, width, head and number == 0) for number, (row, cells) in enumerate(rows)
        ]
        parts = [Markup("<thead>{}</thead>").format(written.pop(0))] if head else []
        parts.append(Markup("<tbody>{}</tbody>").format(EMPTY.join(written)))
        return Markup(
            '<div class="table-scroll" role="group" aria-label="{}" tabindex="0"><table{}>{}</table></div>'
        ).format(_("Tableau"), anchor, EMPTY.join(parts))

    def _row(self, row: Node | None, cells: Tree, width: int, head: bool) -> Markup:
        out = []
        for cell in cells:
            content = cell.get("content", []) if cell["type"] in CELLS else [cell]
            only = content[0] if len(content) == 1 and content[0]["type"] == "paragraph" else None
            anchor = self._anchor(cell) if cell["type"] in CELLS else EMPTY
            if only is not None:
                inner = render_inline(only.get("content", []))
            elif cell["type"] == "table_header":
                inner = _lines(content)
            else:
                inner = self.flow(content)
            if cell["type"] == "table_header":
                scope = "col" if head else "row"
                out.append(Markup('<th scope="{}"{}>{}</th>').format(scope, anchor, inner))
            else:
                out.append(Markup("<td{}>{}</td>").format(anchor, inner))
        # A short row is filled up, so that a screen reader counts the same columns in each.
        out += [Markup("<td></td>")] * (width - len(cells))
        return Markup("<tr{}>{}</tr>").format(
            self._anchor(row) if row is not None else EMPTY, EMPTY.join(out)
        )

    def _anchor(self, node: Node) -> Markup:
        ident = node.get("attrs", {}).get("id")
        if not ident or ident in self.anchors:
            return EMPTY
        self.anchors.add(ident)
        return Markup(' id="{}"').format(ident)


def _lines(content: Tree) -> Markup:
    """The words of blocks, one line each: a header cell may hold no heading and no note."""
    lines = [
        render_inline(block.get("content", ())) for block in blocks(content) if inline_text(block).strip()
    ]
    return Markup("<br>").join(lines)


def _family(node: Node | None) -> str:
    """What a node needs around it where paragraphs stand: a list, a table or nothing."""
    if node is None:
        return ""
    if node["type"] == "list_item":
        return "list"
    return "table" if node["type"] == "table_row" or node["type"] in CELLS else ""


def _rows(content: Tree) -> list[tuple[Node | None, Tree]]:
    """Rows of cells: stray cells beside one another make a row, anything else makes a row of its own."""
    rows: list[tuple[Node | None, Tree]] = []
    stray: Tree | None = None
    for node in content:
        if node["type"] in CELLS:
            if stray is None:
                stray = []
                rows.append((None, stray))
            stray.append(node)
            continue
        stray = None
        rows.append((node, list(node.get("content", []))) if node["type"] == "table_row" else (None, [node]))
    return rows
