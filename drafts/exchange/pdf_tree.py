"""A text as the template of the PDF draws it: few shapes, and every word in a string of its own.

The levels of headings, the words that kinds of blocks add and the repair of a loose nesting are those of the page
(`drafts.render`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby

from app.extensions import gettext as _
from drafts.cards import References
from drafts.exchange import webp
from drafts.exchange.pdf_words import Shape, Speech, Words, boxed, paragraph
from drafts.exchange.plainly import settled
from drafts.grammar import BLOCK_LEAVES, GRAMMAR, Node, Tree, inline_text, normalise, parted_label
from drafts.outline import HEADED, made_title, titles
from drafts.render import CELLS

# Beyond it a nesting is drawn flat: it says nothing to a reader, and the typesetter bounds it too.
DEEPEST = 12
# Tables with more columns than a sheet can hold side by side keep their words as lines.
MOST_COLUMNS = 30
# The width and the height that a picture may take of an A4 sheet, in centimetres, and how large a point of it is.
WIDEST, TALLEST, CENTIMETRES = 17.0, 20.0, 2.54 / 96


@dataclass
class Drawn:
    """The shapes of one text, and the files of the pictures that stand in it: name → bytes."""

    shapes: list[Shape]
    files: dict[str, bytes] = field(default_factory=dict)


def drawn(
    tree: Tree, references: References, pictures: Mapping[str, bytes], words: Words, *, top: int = 1
) -> Drawn:
    """`top` is the level of the heading the text stands under."""
    clean = normalise(settled(normalise(tree)))
    writer = _Writer(clean, references, pictures, words, top)
    return Drawn(writer.flow(clean, 0), writer.files)


class _Writer:
    def __init__(
        self, tree: Tree, references: References, pictures: Mapping[str, bytes], words: Words, top: int
    ) -> None:
        self.pictures = pictures
        self.clean = words.clean
        self.speech = Speech(references, words)
        self.levels = _levels(tree, top)
        self.files: dict[str, bytes] = {}

    def flow(self, tree: Tree, depth: int) -> list[Shape]:
        """Blocks one after the other; items, rows and definitions that stand alone get what they lack."""
        out: list[Shape] = []
        for family, nodes in groupby(tree, key=_family):
            if family:
                out += self._adopted(list(nodes), depth)
            else:
                out += [shape for node in nodes for shape in self._block(node, depth)]
        return out

    def _adopted(self, stray: Tree, depth: int) -> list[Shape]:
        if depth >= DEEPEST:
            return [shape for node in stray for shape in self._flat(node, depth)]
        family, below = _FAMILY[stray[0]["type"]], depth + 1
        if family == "table":
            return self._table(stray, below)
        if family == "definitions":
            return [{"k": "terms", "items": [self._definition(node, below) for node in stray]}]
        return self._list(family, stray, below)

    def _block(self, node: Node, depth: int) -> list[Shape]:
        kind, content = node["type"], node.get("content", [])
        if GRAMMAR.nodes[kind].holds_inline:
            return self._text_block(node)
        if kind == "contact":
            return self.speech.contact(node)
        if kind == "service":
            return self.speech.service(node)
        if depth >= DEEPEST:
            return self._flat(node, depth)
        below = depth + 1
        if kind in ("bullet_list", "ordered_list", "steps"):
            return self._list("bullets" if kind == "bullet_list" else "numbers", content, below)
        if kind in ("documents", "further"):
            word = _("Pièces à fournir") if kind == "documents" else _("Pour aller plus loin")
            return boxed(self.clean(word), self._list("bullets", content, below))
        if kind == "note":
            warning = node.get("attrs", {}).get("kind") == "warning"
            word = _("Attention") if warning else _("À noter")
            inner = self.flow(content, below)
            return [{"k": "note", "warning": warning, "label": self.clean(word), "c": inner}] if inner else []
        if kind == "table":
            return self._table(content, below)
        if kind in HEADED:
            return self._part(node, below)
        return self.flow(content, below)

    def _flat(self, node: Node, depth: int) -> list[Shape]:
        """What stands too deep, each block of words by itself."""
        out: list[Shape] = []
        stack = list(reversed(node.get("content", [])))
        while stack:
            one = stack.pop()
            if GRAMMAR.nodes[one["type"]].holds_inline or one["type"] in BLOCK_LEAVES:
                out += self._block(one, depth)
            else:
                stack.extend(reversed(one.get("content", [])))
        return out

    # Blocks of words

    def _text_block(self, node: Node) -> list[Shape]:
        kind = node["type"]
        if kind == "image":
            return self._picture(node)
        if kind == "legal":
            return paragraph(self.speech.citation(node), "legal")
        if not inline_text(node).strip():
            return []
        said = self.speech.runs(node.get("content", []))
        if kind == "heading":
            return self._heading(node, said)
        if kind in ("cost", "delay"):
            word = _("Coût :") if kind == "cost" else _("Délai :")
            said = [{"t": self.clean(word), "b": True}, {"t": " "}, *said]
        return paragraph(said, kind)

    def _heading(self, node: Node, said: list[Shape]) -> list[Shape]:
        level = self.levels.get(id(node))
        return [{"k": "heading", "level": level, "c": said}] if level else paragraph(said)

    # Blocks of blocks

    def _part(self, node: Node, depth: int) -> list[Shape]:
        label, rest = parted_label(node)
        said: list[Shape] = []
        if node["type"] == "variant" and (words := made_title(node)):
            said = [{"t": self.clean(words)}]
        elif label is not None and inline_text(label).strip():
            said = self.speech.runs(label.get("content", []))
        return [*(self._heading(node, said) if said else []), *self.flow(rest, depth)]

    def _definition(self, node: Node, depth: int) -> Shape:
        label, rest = parted_label(node)
        term = self.speech.runs(label.get("content", [])) if label is not None else []
        return {"term": term, "c": self.flow(rest, depth)}

    def _list(self, family: str, content: Tree, depth: int) -> list[Shape]:
        items = [item for node in content if (item := self._item(node, depth))]
        return [{"k": family, "items": items}] if items else []

    def _item(self, node: Node, depth: int) -> list[Shape]:
        if node["type"] == "step":
            label, rest = parted_label(node)
            said = self.speech.runs(label.get("content", [])) if label is not None else []
            head = paragraph(said, "label") if label is not None and inline_text(label).strip() else []
            return [*head, *self.flow(rest, depth)]
        if node["type"] == "list_item":
            return self.flow(node.get("content", []), depth)
        return self.flow([node], depth)

    def _table(self, content: Tree, depth: int) -> list[Shape]:
        rows = [cells for cells in _rows(content) if cells]
        if not rows:
            return []
        width = max(map(len, rows))
        if width > MOST_COLUMNS or depth > DEEPEST:
            return [shape for cells in rows for cell in cells for shape in self._cell(cell, depth)]
        head = all(cell["type"] == "table_header" for cell in rows[0]) and len(rows) > 1
        drawn_rows = [
            [{"th": cell["type"] == "table_header", "c": self._cell(cell, depth)} for cell in cells]
            + [{"th": False, "c": []}] * (width - len(cells))
            for cells in rows
        ]
        return [{"k": "table", "width": width, "head": head, "rows": drawn_rows}]

    def _cell(self, cell: Node, depth: int) -> list[Shape]:
        return self.flow(cell.get("content", []) if cell["type"] in CELLS else [cell], depth)

    def _picture(self, node: Node) -> list[Shape]:
        attrs = node.get("attrs", {})
        caption = self.speech.runs(node.get("content", [])) if inline_text(node).strip() else []
        told = "" if attrs.get("decorative") else self.clean(attrs.get("alt", "").strip())
        content = self.pictures.get(attrs.get("image", ""), b"")
        size = webp.size_of(content)
        if size is None:
            said = paragraph([{"t": _("Image :"), "b": True}, {"t": f" {told}"}]) if told else []
            return said + paragraph(caption, "caption")
        if not told and not attrs.get("decorative"):
            told = "".join(run.get("t", " ") for run in caption).strip() or _(
                "Image sans texte de remplacement"
            )
        name = f"{attrs['image']}.webp"
        self.files[name] = content
        across, up = size
        width = min(WIDEST, across * CENTIMETRES, TALLEST * across / up)
        shape: Shape = {"k": "picture", "file": f"/{name}", "alt": told, "width": max(0.1, width)}
        return [shape, *paragraph(caption, "caption")]


_FAMILY = {
    "list_item": "bullets",
    "step": "numbers",
    "definition": "definitions",
    "table_row": "table",
    "table_header": "table",
    "table_cell": "table",
}


def _family(node: Node) -> str:
    """What a node needs around it where paragraphs stand. A definition without its term is no definition."""
    if node["type"] == "definition" and not made_title(node):
        return ""
    return _FAMILY.get(node["type"], "")


def _levels(tree: Tree, top: int) -> dict[int, int]:
    """The level of each heading that says something, by its node: in order and without a jump, which PDF/UA refuses."""
    found: dict[int, int] = {}
    open_ones: list[tuple[int, int]] = []
    for title in titles(tree):
        if not title.text:
            continue
        while open_ones and open_ones[-1][0] >= title.level:
            open_ones.pop()
        given = (open_ones[-1][1] if open_ones else top) + 1
        open_ones.append((title.level, given))
        found[id(title.node)] = given
    return found


def _rows(content: Tree) -> list[Tree]:
    """The cells of each row: stray cells beside one another make a row, anything else makes a row of its own."""
    rows: list[Tree] = []
    stray: Tree | None = None
    for node in content:
        if node["type"] in CELLS:
            if stray is None:
                stray = []
                rows.append(stray)
            stray.append(node)
            continue
        stray = None
        rows.append(list(node.get("content", [])) if node["type"] == "table_row" else [node])
    return rows
