"""A text as one HTML file that stands alone: to be read, printed, kept, and brought in again as it was.

Each block carries its kind as `data-block` and its attributes as `data-…`; what is said beside the text (labels, the lines
of a contact) carries `data-said` and is no part of it. `drafts.exchange.html_in` reads by these and by nothing else.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from app.extensions import gettext as _
from drafts.cards import References
from drafts.exchange.paper import Paper
from drafts.exchange.pictures import as_address
from drafts.exchange.plainly import (
    Words,
    after_words,
    before_words,
    card_lines,
    clean_text,
    label_of,
    nested,
    on_paper,
    service_address,
)
from drafts.grammar import GRAMMAR, Node, Tree, inline_text, parted_label
from drafts.outline import LOWEST, titles

_EMPTY = Markup("")
_STYLE = Markup(
    "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.0625rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff}"
    "[data-block]{white-space:pre-wrap}main,ul,ol,dl,table,tr,section,aside,figure,dd,"
    "li:has([data-block]),td:has([data-block]),th:has([data-block]){white-space:normal}"
    "h1,h2,h3,h4{line-height:1.25}img{max-width:100%;height:auto}"
    "table{border-collapse:collapse}th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "aside,.box{border-left:.25rem solid #595959;padding-left:.75rem;margin:1rem 0}.lead{font-size:1.2em}"
    ".label{font-weight:bold}dl.facts{font-size:.9em}dl.facts div{display:flex;gap:.5rem}dl.facts dd{margin:0}"
    "@media print{body{margin:0;max-width:none}a[href^=http]::after{content:' (' attr(href) ')';font-size:.8em}"
    "table,figure,aside{break-inside:avoid}}"
)
# What a kind is written as where nothing around it says otherwise.
_TAGS = {
    "bullet_list": "ul",
    "ordered_list": "ol",
    "steps": "ol",
    "documents": "section",
    "further": "section",
    "note": "aside",
    "question": "section",
    "situation": "section",
    "variant": "section",
    "contact": "section",
    "service": "section",
    "image": "figure",
}
_ITEMS = {"bullet_list": "list_item", "ordered_list": "list_item", "steps": "step"}
_CELLS = {"table_header": "th", "table_cell": "td"}
_BOXES = frozenset({"documents", "further", "contact", "service"})


def write(paper: Paper) -> bytes:
    """The file, in UTF-8. It asks nothing of any server: pictures are in it."""
    tree = on_paper(paper.tree)
    facts = _EMPTY.join(
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(clean_text(label), clean_text(value))
        for label, value in paper.facts
    )
    page = Markup(
        '<!DOCTYPE html>\n<html lang="{}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="generator" content="Open Lab">\n'
        "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<header data-said>\n<h1>{}</h1>\n{}</header>\n"
        "<main>\n{}</main>\n</body>\n</html>\n"
    ).format(
        paper.language,
        clean_text(paper.title),
        _STYLE,
        clean_text(paper.title),
        Markup('<dl class="facts">{}</dl>\n').format(facts) if facts else _EMPTY,
        _Writer(paper, tree).flow(tree),
    )
    return page.encode("utf-8")


class _Writer:
    def __init__(self, paper: Paper, tree: Tree) -> None:
        self.known: References = paper.references
        self.pictures = paper.pictures
        self.levels = {id(title.node): title.level for title in titles(tree)}

    def flow(self, tree: Tree, around: str = "") -> Markup:
        return _EMPTY.join(self._block(node, around) for node in tree)

    def _block(self, node: Node, around: str) -> Markup:
        """`around`: the element it stands straight in, where that asks for an element of its own."""
        kind = node["type"]
        if GRAMMAR.nodes[kind].holds_inline:
            return self._words(node, around)
        if GRAMMAR.nodes[kind].leaf:
            return _element("section", node, self._card(node))
        tag = self._tag(node, around)
        said = label_of(node)
        level = self.levels.get(id(node), 0)
        title = _EMPTY
        if said and kind == "variant":
            title = Markup("<h{0} data-said>{1}</h{0}>\n").format(min(LOWEST, level or 2), said)
        elif said:
            title = Markup('<p class="label" data-said>{}</p>\n').format(said)
        content = node.get("content", [])
        if tag == "dl":
            label, rest = parted_label(node)
            inner = self._words(label, "dl") if label is not None else _EMPTY
            return _element("dl", node, inner + Markup("<dd>\n{}</dd>\n").format(self.flow(rest)))
        if (
            kind in ("documents", "further")
            and content
            and all(one["type"] == "list_item" for one in content)
        ):
            return _element(tag, node, title + Markup("<ul>\n{}</ul>\n").format(self.flow(content, "ul")))
        if kind in ("question", "situation") and parted_label(node)[0] is not None and level:
            label, rest = parted_label(node)
            assert label is not None
            return _element(tag, node, self._words(label, f"h{min(LOWEST, level)}") + self.flow(rest))
        return _element(tag, node, title + self.flow(content, tag))

    def _tag(self, node: Node, around: str) -> str:
        """Elements that HTML allows only in one another are taken only where they are so."""
        kind, content = node["type"], node.get("content", [])
        if kind in ("list_item", "step"):
            return "li" if around in ("ul", "ol") else "div"
        if kind in _ITEMS:
            return _TAGS[kind] if all(one["type"] == _ITEMS[kind] for one in content) else "div"
        if kind == "table":
            fits = all(
                row["type"] == "table_row" and all(cell["type"] in _CELLS for cell in row.get("content", []))
                for row in content
            )
            return "table" if content and fits else "div"
        if kind == "table_row":
            return "tr" if around == "table" else "div"
        if kind in _CELLS:
            return _CELLS[kind] if around == "tr" else "div"
        if kind == "definition":
            return "dl" if parted_label(node)[0] is not None else "div"
        return _TAGS.get(kind, "div")

    def _words(self, node: Node, around: str) -> Markup:
        kind = node["type"]
        words = self._inline(nested(node.get("content", [])))
        if kind == "image":
            return self._figure(node, words)
        if before := before_words(node):
            words = Markup("<strong data-said>{}</strong>").format(before) + words
        if href := node.get("attrs", {}).get("href"):
            # The address of a legal text belongs to the block: as a link it would be one more in its words.
            words += Markup('<a data-said href="{}"> {}</a>').format(href, _("lire le texte"))
        if after := after_words(node):
            words += Markup("<span data-said>{}</span>").format(after)
        tag = "p"
        if kind == "heading":
            tag = f"h{node.get('attrs', {}).get('level', 2)}"
        elif kind == "label":
            tag = "dt" if around == "dl" else around if around.startswith("h") else "p"
        return _element(tag, node, words)

    def _figure(self, node: Node, caption: Markup) -> Markup:
        attrs = node.get("attrs", {})
        content = self.pictures.get(attrs.get("image", ""))
        told = "" if attrs.get("decorative") else attrs.get("alt", "")
        if content is not None:
            shown = Markup('<img src="{}" alt="{}">').format(as_address(content), told)
        else:
            shown = Markup("<p data-said>{}</p>").format(told) if told else _EMPTY
        if inline_text(node):
            shown += Markup("<figcaption>{}</figcaption>").format(caption)
        return _element("figure", node, shown)

    def _card(self, node: Node) -> Markup:
        lines = []
        for words, href in card_lines(node, self.known):
            lines.append(Markup('<a href="{}">{}</a>').format(href, words) if href else escape(words))
        return Markup('<p class="label" data-said>{}</p>\n<p data-said>{}</p>\n').format(
            label_of(node), Markup("<br>").join(lines)
        )

    def _inline(self, words: Words) -> Markup:
        return _EMPTY.join(
            Markup("<br>") if part is None else _text(part) if isinstance(part, str) else self._marked(part)
            for part in words.parts
        )

    def _marked(self, words: Words) -> Markup:
        inner = self._inline(words)
        if words.mark == "link":
            return Markup('<a href="{}">{}</a>').format(words.attrs["href"], inner)
        if words.mark == "abbr":
            return Markup('<abbr title="{}">{}</abbr>').format(words.attrs.get("title", ""), inner)
        if words.mark == "service_link":
            slug = words.attrs["service"]
            href = service_address(slug, self.known)
            if href and not any(isinstance(part, Words) and part.mark == "link" for part in words.parts):
                inner = Markup('<a data-way href="{}">{}</a>').format(href, inner)
            return Markup('<span data-service="{}">{}</span>').format(slug, inner)
        return Markup("<{0}>{1}</{0}>").format(words.mark, inner)


def _text(text: str) -> Markup:
    # A parser makes a line feed of a carriage return that stands as itself.
    return Markup(str(escape(text)).replace("\r", "&#13;"))  # noqa: S704 # nosec B704 # escaped in this line


def _element(tag: str, node: Node, inner: Markup) -> Markup:
    kind = node["type"]
    attrs = _EMPTY.join(
        Markup(' data-{}="{}"').format(name, value) for name, value in node.get("attrs", {}).items()
    )
    look = kind if kind in ("lead", "label") else "box" if kind in _BOXES else ""
    return Markup('<{0} data-block="{1}"{2}{3}>{4}</{0}>\n').format(
        tag, kind, attrs, Markup(' class="{}"').format(look) if look else _EMPTY, inner
    )
