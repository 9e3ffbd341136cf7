"""A block tree as HTML: escaping by construction, valid whatever the nesting.

The grammar is loose (a cell may stand at the root, a paragraph straight in a list), HTML is not: what stands
where HTML would not have it is wrapped or unwrapped here. Only the tags written in this module and in
`drafts.marks` and `drafts.cards` come out, every text and attribute goes through markupsafe, and a link target
passes `app.markup.safe_href` or the link is left out and its words stay.
"""

import re
from datetime import date
from itertools import groupby

from babel.dates import format_date
from markupsafe import Markup

from app.extensions import gettext as _
from app.markup import safe_href
from drafts.cards import NOTHING, References, fill, place
from drafts.grammar import (
    BLOCK_LEAVES,
    GRAMMAR,
    Node,
    Tree,
    blocks,
    inline_text,
    normalise,
    parted_label,
)
from drafts.grammar import plain_text as plain_text
from drafts.marks import EMPTY, has_link, render_inline
from drafts.outline import HEADED, LOWEST, made_title, titles

CELLS = frozenset({"table_header", "table_cell"})
# A wider picture than any that is stored would only be a mistake.
MOST_PIXELS = 10_000
_WORD = re.compile(r"\w+(?:[’'\-]\w+)*")


def render_blocks(
    tree: Tree, heading_offset: int = 0, references: References = NOTHING, *, says_missing: bool = False
) -> Markup:
    """The text as HTML.

    `heading_offset` moves headings down, where the text stands below a heading of the page (a level 2 becomes
    3 with 1); never beyond h6. Every block with an id carries it as its anchor, on its own element. What is
    not among `references` is left out, or said with `says_missing`, where somebody can put it right.
    """
    return fill(stored_form(tree, heading_offset), references, says_missing=says_missing)


def render_parts(
    tree: Tree, heading_offset: int = 0, references: References = NOTHING, *, says_missing: bool = False
) -> list[tuple[frozenset[str], Markup]]:
    """As `render_blocks`, in the pieces that stand beneath one another: (the ids of the blocks in it, its HTML)."""
    clean = normalise(tree)
    writer = _Writer(clean, heading_offset)
    pieces: list[Tree] = []
    for node in clean:
        if pieces and _family(node) and _family(node) == _family(pieces[-1][-1]):
            pieces[-1].append(node)
        else:
            pieces.append([node])
    return [
        (
            frozenset(ident for block in blocks(piece) if (ident := block.get("attrs", {}).get("id"))),
            fill(writer.flow(piece), references, says_missing=says_missing),
        )
        for piece in pieces
    ]


def stored_form(tree: Tree, heading_offset: int = 0) -> Markup:
    """The text as HTML to be kept: contacts, services and their addresses are places for `cards.fill`."""
    clean = normalise(tree)
    return _Writer(clean, heading_offset).flow(clean)


def word_count(tree: Tree) -> int:
    """How many words there are to read."""
    return len(_WORD.findall(plain_text(normalise(tree))))


def reading_minutes(words: int) -> int:
    """Minutes to read so many words at 200 a minute, at least one. 200 is what an adult reads with care."""
    return max(1, round(words / 200))


class _Writer:
    """Writes one text; remembers which anchors it has given, since HTML wants each only once."""

    def __init__(self, tree: Tree, heading_offset: int) -> None:
        self.heading_offset = heading_offset
        self.levels = {id(title.node): title.level for title in titles(tree)}
        self.anchors: set[str] = set()

    def flow(self, tree: Tree) -> Markup:
        """Blocks where paragraphs and headings may stand. Stray items, rows and cells get what they lack."""
        out: list[Markup] = []
        for family, nodes in groupby(tree, key=_family):
            together = list(nodes)
            out += [self._adopt(together)] if family else map(self._block, together)
        return EMPTY.join(out)

    def _adopt(self, stray: Tree) -> Markup:
        family = _family(stray[0])
        if family == "table":
            return self._table(stray, EMPTY)
        if family == "definitions":
            written = [self._definition(node) for node in stray]
            return Markup("<dl>{}</dl>").format(EMPTY.join(written))
        return self._list(family, stray, EMPTY)

    def _block(self, node: Node) -> Markup:
        kind = node["type"]
        content = node.get("content", [])
        if GRAMMAR.nodes[kind].holds_inline:
            return self._text_block(node, render_inline(content))
        if kind in BLOCK_LEAVES:
            return place(node, self._ident(node))
        if kind in ("bullet_list", "ordered_list", "steps"):
            look = Markup(' class="steps"') if kind == "steps" else EMPTY
            return self._list("ul" if kind == "bullet_list" else "ol", content, look + self._anchor(node))
        if kind in ("documents", "further"):
            word = _("Pièces à fournir") if kind == "documents" else _("Pour aller plus loin")
            anchor, inner = self._anchor(node), self._list("ul", content, EMPTY)
            return (
                Markup('<div class="box"{}><p class="label">{}</p>{}</div>').format(anchor, word, inner)
                if inner
                else EMPTY
            )
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
        if kind in HEADED:
            return self._part(node)
        # A definition without its term, and the parts that only keep others together.
        anchor, inner = self._anchor(node), self.flow(content)
        return Markup("<div{}>{}</div>").format(anchor, inner) if inner else EMPTY

    def _text_block(self, node: Node, words: Markup) -> Markup:
        """A block of words; nothing when it says nothing."""
        kind = node["type"]
        if kind == "image":
            return self._figure(node, words)
        words = _told(node, words)
        if not words:
            return EMPTY
        if kind == "heading":
            return self._heading(node, node, words)
        look = Markup(' class="{}"').format(kind) if kind in ("lead", "cost", "delay", "legal") else EMPTY
        return Markup("<p{}{}>{}</p>").format(look, self._anchor(node), words)

    def _heading(self, node: Node, anchored: "Node | None", words: Markup) -> Markup:
        level = min(LOWEST, max(1, self.levels[id(node)] + self.heading_offset))
        anchor = self._anchor(anchored) if anchored is not None else EMPTY
        return Markup("<h{0}{1}>{2}</h{0}>").format(level, anchor, words)

    def _part(self, node: Node) -> Markup:
        """A question, a situation or the text for a territory: its heading, then its blocks."""
        anchor = self._anchor(node)
        label, rest = parted_label(node)
        title = EMPTY
        if node["type"] == "variant" and (words := made_title(node)):
            title = self._heading(node, None, Markup("{}").format(words))
        elif label is not None and made_title(node):
            title = self._heading(node, label, render_inline(label.get("content", [])))
        inner = self.flow(rest)
        return Markup("<div{}>{}{}</div>").format(anchor, title, inner) if title or inner else EMPTY

    def _definition(self, node: Node) -> Markup:
        label, rest = parted_label(node)
        anchor, term = self._anchor(node), self._anchor(label) if label is not None else EMPTY
        words = render_inline(label.get("content", [])) if label is not None else EMPTY
        return Markup("<div{}><dt{}>{}</dt><dd>{}</dd></div>").format(anchor, term, words, self.flow(rest))

    def _figure(self, node: Node, caption: Markup) -> Markup:
        attrs = node.get("attrs", {})
        has_caption = bool(inline_text(node).strip())
        if not attrs.get("image"):
            return Markup("<p{}>{}</p>").format(self._anchor(node), caption) if has_caption else EMPTY
        # The browser keeps the place free while the picture comes.
        size = EMPTY.join(
            Markup(' {}="{}"').format(name, attrs[name])
            for name in ("width", "height")
            if 0 < attrs.get(name, 0) <= MOST_PIXELS
        )
        told = "" if attrs.get("decorative") else attrs.get("alt", "").strip()
        return Markup('<figure{}><img src="/images/{}.webp"{} loading="lazy" alt="{}">{}</figure>').format(
            self._anchor(node),
            attrs["image"],
            size,
            told,
            Markup("<figcaption>{}</figcaption>").format(caption) if has_caption else EMPTY,
        )

    def _list(self, tag: str, content: Tree, anchor: Markup) -> Markup:
        items = [self._item(node) for node in content]
        kept = [item for item in items if item]
        return Markup("<{0}{1}>{2}</{0}>").format(tag, anchor, EMPTY.join(kept)) if kept else EMPTY

    def _item(self, node: Node) -> Markup:
        content = node.get("content", [])
        if node["type"] == "step":
            anchor = self._anchor(node)
            label, rest = parted_label(node)
            inner = self._step_label(label) + self.flow(rest)
        elif node["type"] != "list_item":
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

    def _step_label(self, label: "Node | None") -> Markup:
        if label is None or not inline_text(label).strip():
            return EMPTY
        return Markup('<p class="label"{}>{}</p>').format(
            self._anchor(label), render_inline(label.get("content", []))
        )

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
        ident = self._ident(node)
        return Markup(' id="{}"').format(ident) if ident else EMPTY

    def _ident(self, node: Node) -> str:
        """The id of a block the first time it is met, "" when there is none to give."""
        ident: str = node.get("attrs", {}).get("id", "")
        if ident in self.anchors:
            return ""
        self.anchors.add(ident)
        return ident


def _told(node: Node, words: Markup) -> Markup:
    """The words of a block with what its kind adds to them; empty when it says nothing."""
    says = bool(inline_text(node).strip())
    if node["type"] == "legal":
        return _citation(node, words if says else EMPTY)
    if not says:
        return EMPTY
    if node["type"] == "cost":
        return Markup("<strong>{}</strong> {}").format(_("Coût :"), words)
    if node["type"] == "delay":
        return Markup("<strong>{}</strong> {}").format(_("Délai :"), words)
    return words


def _citation(node: Node, title: Markup) -> Markup:
    """A legal reference as lawyers write it: title, number, date; the title leads to the text."""
    attrs = node.get("attrs", {})
    number, day = attrs.get("number", "").strip(), long_date(attrs.get("date", ""))
    href = safe_href(attrs.get("href", ""))
    if href is not None and not has_link(node.get("content", ())):
        said = title or number or day
        linked = Markup('<a href="{}" rel="noopener">{}</a>').format(href, said or href)
        parts = [linked, number if title else "", day if title or number else ""]
    else:
        parts = [title, number, day]
        if href is not None:
            parts.append(Markup('<a href="{}" rel="noopener">{}</a>').format(href, _("lire le texte")))
    return Markup(", ").join(part for part in parts if part)


def long_date(day: str) -> str:
    """An ISO date as it is said (1er mai 2005); what is none, as it was written."""
    try:
        known = date.fromisoformat(day)
    except ValueError:
        return day.strip()
    said: str = format_date(known, "d MMMM y", locale="fr")
    return f"1er{said[1:]}" if known.day == 1 else said


def _lines(content: Tree) -> Markup:
    """The words of blocks, one line each: a header cell may hold no heading and no note."""
    lines = [
        _told(block, render_inline(block.get("content", ())))
        for block in blocks(content)
        if GRAMMAR.nodes[block["type"]].holds_inline
    ]
    return Markup("<br>").join(line for line in lines if line)


def _family(node: Node) -> str:
    """What a node needs around it where paragraphs stand: a list, a table, a list of terms or nothing."""
    if node["type"] in ("list_item", "step"):
        return "ul" if node["type"] == "list_item" else "ol"
    if node["type"] == "definition":
        label, _rest = parted_label(node)
        return "definitions" if label is not None and inline_text(label).strip() else ""
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
