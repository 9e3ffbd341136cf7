"""A text as a Word file that people like to get, from which the same text can be read again (docs/exchange.md).

What Word has a word for is written as Word does. The other blocks stand as people read them within content controls that
say what they are (drafts/exchange/docx_controls.py). A block of the first kind in a shape that Word does not know, such as
a list without items, is written like the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.extensions import gettext as _
from drafts.exchange import docx_cards as cards
from drafts.exchange.docx_controls import Keeper
from drafts.exchange.docx_in import LISTS, NOTHING
from drafts.exchange.docx_markup import Controls, make, paragraph, run
from drafts.exchange.docx_package import Element
from drafts.exchange.docx_phrases import Phrases
from drafts.exchange.docx_pictures import Pictures
from drafts.exchange.docx_shapes import is_list, is_table, is_whole_table, says
from drafts.exchange.docx_styles import w
from drafts.exchange.docx_template import BOX, BOX_LABEL, LEAD, LEVELS, STEP, TABLE_TEXT, TERM, Template
from drafts.exchange.paper import Paper
from drafts.exchange.plainly import settled
from drafts.grammar import GRAMMAR, Node, Tree, inline_text, normalise, parted_label
from drafts.outline import HEADED, made_title, titles

# Word's outline has nine levels; six have a style of ours.
_LOWEST = 6


def write(paper: Paper) -> bytes:
    """The paper as a docx file. Open suggestions are not in it: the text is written as it stands without them."""
    return _Writer(paper).write()


@dataclass(frozen=True)
class Where:
    """Where blocks stand: within so many lists, within a box, in a cell of headings."""

    lists: int = 0
    in_box: bool = False
    in_header: bool = False


class _Writer:
    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.tree = normalise(settled(normalise(paper.tree)))
        self.levels = {id(title.node): min(_LOWEST, title.level) for title in titles(self.tree)}
        self.template = Template(paper)
        self.keeper = Keeper()
        self.controls = Controls(self.keeper)
        self.phrases = Phrases(self.controls, paper.references, self.template.relate)
        self.pictures = Pictures(self.template.document, paper.pictures)

    def write(self) -> bytes:
        content: list[Element] = []
        if self.paper.title.strip():
            content.append(paragraph(run(self.paper.title), style="Title"))
        if self.paper.facts:
            content.append(self.controls.shown(cards.facts(self.paper.facts)))
        content += self.flow(self.tree, Where())
        if not content or content[-1].tag != w("p"):
            # A document ends with a paragraph.
            content.append(paragraph())
        return self.template.finished(content, self.keeper.part())

    def flow(self, tree: Tree, where: Where) -> list[Element]:
        """Blocks beneath one another."""
        found: list[Element] = []
        for node in tree:
            written = self.block(node, where)
            if found and written and found[-1].tag == w("tbl"):
                # Word makes one table of two that touch, and sets words close beneath one.
                found.append(paragraph())
            found += written
        return found

    def block(self, node: Node, where: Where) -> list[Element]:
        kind = node["type"]
        if kind == "paragraph" and says(node):
            return [self.words(node, where)]
        if kind == "heading" and inline_text(node).strip():
            level = node.get("attrs", {}).get("level", 2)
            return [paragraph(*self.phrases.write(node["content"]), style=f"Heading{level}")]
        if kind in LISTS:
            return self.whole_list(node, where)
        if kind == "table" and is_table(node):
            table = self.table(node)
            return [self.control(node, [table], {".whole": 1})] if is_whole_table(node) else [table]
        if GRAMMAR.nodes[kind].holds_inline:
            return [self.text_block(node, where)]
        return [self.part(node, where)]

    def control(self, node: Node, content: list[Element], more: Mapping[str, Any] | None = None) -> Element:
        """What Word has no word for, with what it is."""
        if not content or content[-1].tag == w("tbl"):
            content = [*content, paragraph()]
        told = {**node.get("attrs", {}), **(more or {})}
        told.pop("id", None)
        return self.controls.control(node["type"], told, content, _alias(node["type"]))

    def words(self, node: Node, where: Where, number: tuple[int, int] | None = None) -> Element:
        """A paragraph, in the look of the place it stands in; `number` makes it the first of an item."""
        inline = self.phrases.write(node.get("content", []))
        if where.in_header:
            return paragraph(*inline, style=TABLE_TEXT)
        if number is not None:
            return paragraph(*inline, style="ListParagraph", number=number)
        if where.lists:
            return paragraph(*inline, style="ListContinue", indent=STEP * min(where.lists, LEVELS))
        return paragraph(*inline, style=BOX if where.in_box else "")

    # Blocks of words.

    def text_block(self, node: Node, where: Where) -> Element:
        if node["type"] == "image":
            return self.image(node)
        inline, said = self.phrases.write(node.get("content", [])), bool(inline_text(node).strip())
        style = {"lead": LEAD, "label": TERM, "cost": BOX, "delay": BOX, "legal": BOX}.get(node["type"], "")
        if node["type"] in ("cost", "delay"):
            label = _("Coût :") if node["type"] == "cost" else _("Délai :")
            inline.insert(0, self.controls.shown([run(f"{label} ", strong=True)]))
        elif node["type"] == "legal" and (more := cards.citation(node, self.phrases, has_words=said)):
            inline.append(self.controls.shown(more))
        if where.in_header:
            style = TABLE_TEXT
        return self.control(node, [paragraph(*inline, style=style)])

    def image(self, node: Node) -> Element:
        attrs = dict(node.get("attrs", {}))
        name, words = attrs.get("image", ""), attrs.get("alt", "")
        caption = paragraph(*self.phrases.write(node.get("content", [])), style="Caption")
        if not name or not self.pictures.has(name):
            # There is no picture to show: what it says takes its place, and it is nobody's image.
            attrs.pop("image", None)
            stead = words.strip() or _("sans texte de remplacement")
            shown = self.controls.shown([paragraph(run(_("(image : %(alt)s)", alt=stead)))])
            return self.control({**node, "attrs": attrs}, [shown, caption])
        # What a picture says and whether it says anything stand at the picture, where Word lets one change them.
        attrs.pop("alt", None)
        decorative = bool(attrs.pop("decorative", 0))
        picture = self.pictures.paragraph(name, words, is_decorative=decorative)
        content = [picture, caption] if node.get("content") else [picture]
        return self.control({**node, "attrs": attrs}, content)

    # Lists.

    def whole_list(self, node: Node, where: Where) -> list[Element]:
        if is_list(node, where.lists):
            return self.items(node, where.lists)
        return [self.control(node, self.framed_items(node, where))]

    def items(self, node: Node, level: int) -> list[Element]:
        """A list as Word has it: numbered paragraphs, with what belongs to them indented below."""
        number = self.template.begin_list(ordered=node["type"] == "ordered_list", level=level)
        found: list[Element] = []
        for item in node["content"]:
            first, *rest = item["content"]
            found.append(self.words(first, Where(), (number, level)))
            for one in rest:
                if one["type"] in LISTS:
                    found += self.items(one, level + 1)
                else:
                    found.append(self.words(one, Where(lists=level + 1)))
        return found

    def framed_items(self, node: Node, where: Where) -> list[Element]:
        """A list of which each item stands in a control of its own, with a number before its first paragraph."""
        content: Tree = node.get("content", [])
        number = None
        if where.lists < LEVELS and not where.in_header:
            ordered = node["type"] in ("ordered_list", "steps")
            number = (self.template.begin_list(ordered=ordered, level=where.lists), where.lists)
        found: list[Element] = []
        for item in content:
            if item["type"] in ("list_item", "step"):
                found.append(self.framed_item(item, where, number))
            elif item["type"] in LISTS:
                # What stands here as a list of Word is taken for items that somebody added.
                found.append(self.control(item, self.framed_items(item, where)))
            else:
                found += self.block(item, where)
        return found

    def framed_item(self, item: Node, where: Where, number: tuple[int, int] | None) -> Element:
        inside = replace(where, lists=where.lists + 1)
        content: Tree = item.get("content", [])
        label, rest = parted_label(item)
        if label is not None:
            title = self.control(label, [self.title(label, number)])
            return self.control(item, [title, *self.flow(rest, inside)])
        if number is not None and content and content[0]["type"] == "paragraph" and says(content[0]):
            first = self.words(content[0], Where(), number)
            return self.control(item, [first, *self.flow(content[1:], inside)], {".numbered": 1})
        return self.control(item, self.flow(content, inside))

    def title(self, label: Node, number: tuple[int, int] | None = None) -> Element:
        return paragraph(*self.phrases.write(label.get("content", [])), style=TERM, number=number)

    # Tables.

    def table(self, node: Node) -> Element:
        rows: Tree = node["content"]
        width = max(len(row["content"]) for row in rows)
        column = max(1, cards.WIDTH // width)
        written = []
        is_head = True
        for row in rows:
            is_head = is_head and all(cell["type"] == "table_header" for cell in row["content"])
            look = [make("trPr", make("cantSplit"), *([make("tblHeader")] if is_head else []))]
            written.append(make("tr", *look, *(self.cell(cell, column) for cell in row["content"])))
        return cards.table([column] * width, written)

    def cell(self, cell: Node, width: int) -> Element:
        where = Where(in_header=cell["type"] == "table_header")
        style = TABLE_TEXT if where.in_header else ""
        content: Tree = cell.get("content", [])
        if not content:
            inner = [self.controls.control(NOTHING, {}, [paragraph(style=style)])]
        elif content == [{"type": "paragraph"}]:
            inner = []
        else:
            inner = self.flow(content, where)
        if not inner or inner[-1].tag != w("p"):
            # A cell ends with a paragraph.
            inner.append(paragraph(style=style))
        return make("tc", make("tcPr", make("tcW", w=width, type="dxa")), *inner)

    # Parts.

    def part(self, node: Node, where: Where) -> Element:
        kind, content = node["type"], node.get("content", [])
        if kind == "contact":
            return self.control(node, [self.controls.shown(cards.contact(node, self.paper.references))])
        if kind == "service":
            shown = cards.service(node, self.paper.references, self.phrases)
            return self.control(node, [self.controls.shown(shown)])
        if kind in HEADED:
            return self.headed(node, where)
        if kind == "steps":
            return self.control(node, self.framed_items(node, where))
        if kind in ("documents", "further"):
            word = _("Pièces à fournir") if kind == "documents" else _("Pour aller plus loin")
            return self.control(node, *self.listed(node, word, where))
        if kind == "note":
            warns = node.get("attrs", {}).get("kind") == "warning"
            inner = self.flow(content, replace(where, in_box=True))
            return self.control(node, [self.label(_("Attention") if warns else _("À noter")), *inner])
        label, rest = parted_label(node)
        if label is not None:
            return self.control(node, [self.control(label, [self.title(label)]), *self.flow(rest, where)])
        return self.control(node, self.flow(content, where))

    def label(self, words: str) -> Element:
        return self.controls.shown([paragraph(run(words), style=BOX_LABEL)])

    def listed(self, node: Node, word: str, where: Where) -> tuple[list[Element], dict[str, Any]]:
        """Documents to bring and further reading: items beneath a label, which Word shows as a list."""
        shape: Node = {"type": "bullet_list", "content": node.get("content", [])}
        if is_list(shape, where.lists):
            return [self.label(word), *self.items(shape, where.lists)], {".items": 1}
        return [self.label(word), *self.framed_items(shape, where)], {}

    def headed(self, node: Node, where: Where) -> Element:
        """A question, a situation, the text for a territory: under a heading of the level it has in the outline."""
        label, rest = parted_label(node)
        style = f"Heading{self.levels.get(id(node), _LOWEST)}"
        found: list[Element] = []
        if node["type"] == "variant" and (words := made_title(node)):
            found.append(self.controls.shown([paragraph(run(words), style=style)]))
        elif label is not None:
            inline = self.phrases.write(label.get("content", []))
            found.append(self.control(label, [paragraph(*inline, style=style if made_title(node) else TERM)]))
        return self.control(node, found + self.flow(rest, where))


def _alias(kind: str) -> str:
    """What Word shows at a control."""
    return {
        "lead": _("En bref"),
        "label": _("Intitulé"),
        "steps": _("Étapes"),
        "step": _("Étape"),
        "documents": _("Pièces à fournir"),
        "further": _("Pour aller plus loin"),
        "cost": _("Coût"),
        "delay": _("Délai"),
        "legal": _("Texte de référence"),
        "question": _("Question et réponse"),
        "definition": _("Définition"),
        "situations": _("Situations"),
        "situation": _("Situation"),
        "variants": _("Selon le territoire"),
        "variant": _("Texte d’un territoire"),
        "contact": _("Contact"),
        "service": _("Démarche en ligne"),
        "image": _("Image"),
        "note": _("Note"),
    }.get(kind, "")
