"""A text as OpenDocument: named styles, real lists and header rows; what ODF has no word for is a named section.

A section's name carries the kind of its block, the properties of the document carry its attributes, so that both survive a
save by an office suite. What is said beside the text stands in styles of its own and is left out again by the reader.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from markupsafe import Markup
from odfdo import Document, Element

from app.extensions import gettext as _
from drafts.exchange.odt_styles import LANGUAGE, STYLES
from drafts.exchange.odt_words import (
    BULLETS,
    CAPTION,
    EMPTY,
    HEADER,
    LEGAL,
    NOTHING_SAID,
    NUMBERS,
    SAID,
    STYLED,
    inline,
    said_words,
    style_name,
    words,
)
from drafts.exchange.paper import Paper
from drafts.exchange.pictures import as_png
from drafts.exchange.plainly import (
    after_words,
    before_words,
    card_lines,
    clean_text,
    label_of,
    nested,
    on_paper,
    service_address,
)
from drafts.grammar import GRAMMAR, Node, Tree

# The name of the property that says that a file is ours.
MARK = "openlab"
# As on paper: 96 dots an inch, and no picture wider than the column.
_DOTS, _WIDEST = 96 / 2.54, 17.0


def write(paper: Paper) -> bytes:
    """The file. Pictures in it are PNG, since office suites read no WebP."""
    document = Document("text")
    writer = _Writer(paper, document)
    title = Markup('<text:p text:style-name="Title">{}</text:p>').format(words(clean_text(paper.title)))
    facts = EMPTY.join(
        _paragraph(words(clean_text(_("%(label)s : %(value)s", label=label, value=value))), SAID)
        for label, value in paper.facts
    )
    text = Element.from_tag(
        str(
            Markup("<office:text>{}{}{}</office:text>").format(
                title, facts, writer.flow(on_paper(paper.tree))
            )
        )
    )
    document.body.clear()
    for child in text.children:
        document.body.append(child)
    for style in STYLES:
        document.insert_style(style)
    styles = document.styles.root
    for properties in styles.get_elements("//style:default-style/style:text-properties"):
        properties.set_attribute("fo:language", paper.language)
        properties.set_attribute("fo:country", LANGUAGE.get(paper.language, "FR"))
    for layout in styles.get_elements("//style:page-layout-properties"):
        layout.set_attribute("fo:page-width", "21cm")
        layout.set_attribute("fo:page-height", "29.7cm")
    document.meta.title = clean_text(paper.title)
    document.meta.language = paper.language
    document.meta.set_user_defined_metadata(MARK, "1")
    for name, attrs in writer.kept.items():
        document.meta.set_user_defined_metadata(name, json.dumps(attrs, ensure_ascii=False, sort_keys=True))
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _paragraph(content: Markup, style: str = "Text_20_body") -> Markup:
    return Markup('<text:p text:style-name="{}">{}</text:p>').format(style_name(style), content)


class _Writer:
    def __init__(self, paper: Paper, document: Document) -> None:
        self.known, self.pictures, self.document = paper.references, paper.pictures, document
        self.kept: dict[str, dict[str, Any]] = {}
        self.count = 0

    def name(self, kind: str, attrs: dict[str, Any]) -> str:
        """A new name for a block or a mark, under which its attributes are kept."""
        self.count += 1
        name = f"openlab-{kind}-{self.count}"
        if attrs:
            self.kept[name] = attrs
        return name

    def flow(self, tree: Tree, style: str = "Text_20_body") -> Markup:
        return EMPTY.join(self._block(node, style) for node in tree)

    def _block(self, node: Node, style: str = "Text_20_body") -> Markup:
        kind, content = node["type"], node.get("content", [])
        if GRAMMAR.nodes[kind].holds_inline:
            return self._words(node, style)
        if is_list(node):
            return self._list(node)
        if kind == "table" and is_table(content):
            return self._table(content)
        if GRAMMAR.nodes[kind].leaf:
            return self._section(node, self._card(node))
        said = _paragraph(words(label_of(node)), SAID) if label_of(node) else EMPTY
        if kind == "steps":
            inner = EMPTY.join(
                _paragraph(words(_("Étape %(number)d", number=number)), SAID) + self._block(child)
                for number, child in enumerate(content, 1)
            )
        elif kind in ("documents", "further") and is_list({"type": "bullet_list", "content": content}):
            inner = self._list({"type": "bullet_list", "content": content})
        elif kind in ("documents", "further"):
            # A list straight in it would be taken for its items.
            inner = EMPTY.join(
                self._section(child, self.flow(child.get("content", [])))
                if child["type"] == "bullet_list"
                else self._block(child)
                for child in content
            )
        else:
            inner = self.flow(content)
        return self._section(node, said + inner)

    def _section(self, node: Node, inner: Markup) -> Markup:
        name = self.name(node["type"], node.get("attrs", {}))
        return Markup('<text:section text:name="{}">{}</text:section>').format(
            name, inner or _paragraph(EMPTY, SAID)
        )

    def _words(self, node: Node, style: str) -> Markup:
        kind = node["type"]
        said = self._inline(node)
        if kind == "image":
            return self._section(node, self._picture(node) + (_paragraph(said, CAPTION) if said else EMPTY))
        if kind == "heading":
            level = node.get("attrs", {}).get("level", 2) - 1
            return Markup(
                '<text:h text:style-name="Heading_20_{0}" text:outline-level="{0}">{1}</text:h>'
            ).format(level, said)
        if kind == "paragraph":
            return _paragraph(said, style if said or style == HEADER else NOTHING_SAID)
        said = said_words(before_words(node)) + said + said_words(after_words(node))
        if kind in STYLED:
            return _paragraph(said, STYLED[kind])
        return self._section(node, _paragraph(said, LEGAL))

    def _inline(self, node: Node) -> Markup:
        return inline(
            nested(node.get("content", [])), self.name, lambda slug: service_address(slug, self.known)
        )

    def _picture(self, node: Node) -> Markup:
        attrs = node.get("attrs", {})
        content = self.pictures.get(attrs.get("image", ""))
        if content is None:
            return _paragraph(words(attrs.get("alt", "")), SAID)
        png, wide, high = as_png(content)
        where = f"Pictures/{attrs['image']}.png"
        assert self.document.container is not None
        self.document.container.set_part(where, png)
        self.document.manifest.add_full_path(where, "image/png")
        width = min(_WIDEST, wide / _DOTS)
        told = attrs.get("alt", "")
        frame = Markup(
            '<draw:frame draw:name="{}" text:anchor-type="as-char" svg:width="{:.2f}cm" svg:height="{:.2f}cm">'
            '<draw:image xlink:href="{}" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/>'
            "<svg:title>{}</svg:title><svg:desc>{}</svg:desc></draw:frame>"
        ).format(self.name("picture", {}), width, width * high / wide, where, told[:120], told)
        return _paragraph(frame)

    def _card(self, node: Node) -> Markup:
        lines = [_paragraph(words(label_of(node)), SAID)]
        for text, href in card_lines(node, self.known):
            line = words(clean_text(text))
            if href:
                line = Markup('<text:a xlink:type="simple" xlink:href="{}">{}</text:a>').format(href, line)
            lines.append(_paragraph(line, SAID))
        return EMPTY.join(lines)

    def _list(self, node: Node) -> Markup:
        style = BULLETS if node["type"] == "bullet_list" else NUMBERS
        items = EMPTY.join(
            Markup("<text:list-item>{}</text:list-item>").format(self.flow(item["content"]))
            for item in node["content"]
        )
        return Markup('<text:list text:style-name="{}">{}</text:list>').format(style_name(style), items)

    def _table(self, rows: Tree) -> Markup:
        written = []
        for row in rows:
            cells = [
                Markup('<table:table-cell office:value-type="string">{}</table:table-cell>').format(
                    self.flow(
                        cell.get("content", []),
                        HEADER if cell["type"] == "table_header" else "Table_20_Contents",
                    )
                )
                for cell in row["content"]
            ]
            written.append(Markup("<table:table-row>{}</table:table-row>").format(EMPTY.join(cells)))
        if all(cell["type"] == "table_header" for cell in rows[0]["content"]):
            written[0] = Markup("<table:table-header-rows>{}</table:table-header-rows>").format(written[0])
        return Markup(
            '<table:table table:name="{}"><table:table-column table:number-columns-repeated="{}"/>{}</table:table>'
        ).format(self.name("table", {}), len(rows[0]["content"]), EMPTY.join(written))


def is_list(node: Node) -> bool:
    """Whether ODF can say a list: items of sentences and lists, none of them empty."""
    content = node.get("content", [])
    return (
        node["type"] in ("bullet_list", "ordered_list")
        and bool(content)
        and all(
            item["type"] == "list_item"
            and bool(item.get("content"))
            and all(
                one["type"] == "paragraph" and bool(one.get("content")) or is_list(one)
                for one in item["content"]
            )
            for item in content
        )
    )


def is_table(rows: Tree) -> bool:
    """Whether ODF can say a table: rows of as many cells each, header cells of sentences."""
    width = len(rows[0].get("content", [])) if rows else 0
    return width > 0 and all(
        row["type"] == "table_row"
        and len(row.get("content", [])) == width
        and all(
            cell["type"] == "table_cell"
            or cell["type"] == "table_header"
            and _is_header(cell.get("content", []))
            for cell in row["content"]
        )
        for row in rows
    )


def _is_header(content: Tree) -> bool:
    return bool(content) and all(
        one["type"] == "paragraph" and (bool(one.get("content")) or len(content) == 1) for one in content
    )
