"""HTML as a text of the grammar: any page or fragment, what office suites export, and files of ours as they were.

The structure is kept and everything else is left behind; only nodes made here come out. Nothing is ever fetched.
What a file of ours says of its blocks (`drafts.exchange.html_out`) is taken at its word, whatever stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lxml import etree
from lxml.html import HtmlElement, HTMLParser

from drafts.exchange.gathering import (
    MOST_BLOCKS,
    MOST_LEVELS,
    PLAIN,
    Cell,
    ListLine,
    Paragraph,
    Shape,
    block,
    bounded,
    levels_of,
    nested_lists,
    table_of,
    words_of,
)
from drafts.exchange.html_look import Look, google_level, heading_rank, is_ignored, list_line
from drafts.exchange.html_own import attributes_of, is_said, own_kind, words_block
from drafts.exchange.inert import inert
from drafts.exchange.losses import Losses
from drafts.exchange.paper import Brought, Refused
from drafts.exchange.pictures import Pictures
from drafts.exchange.plainly import clean_text
from drafts.grammar import GRAMMAR, Node, Tree, inline_text, normalise

# A page with its pictures in it; the door of a draft takes no larger file.
MOST_BYTES = 20 * 1024 * 1024
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16(?:le|be)?|us-ascii|iso-?8859-\d{1,2}|windows-125\d|cp125\d|macintosh|latin-?1"
)
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{1,30})", re.IGNORECASE)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FURNITURE = _set("nav menu")
_ACTIVE = _set("noscript frame frameset applet")
_OBJECTS = _set("object embed audio video canvas svg math map area track source")
_FORM = _set("input button select textarea option datalist progress meter dialog")
_SILENT = _set("head title meta link base col colgroup xml w:sdtpr param hr")
_PICTURES = _set("img image v:shape v:imagedata")
_BLOCKS = _set(
    "p div section article main header footer aside address blockquote center fieldset figure figcaption form hgroup"
    " h1 h2 h3 h4 h5 h6 ul ol li dir table caption thead tbody tfoot tr td th dl dt dd details summary pre body html"
    " legend search"
)
_LOOKS = _set("s strike u code kbd samp small sub sup mark q")


@dataclass(frozen=True)
class _Around:
    """Where blocks are read: what stands in a cell or an item is plain."""

    top: bool = True
    lists: int = 0
    in_table: bool = False


def read(content: bytes) -> Brought:
    """The text of a page. Raises Refused for what is too large, too deep or no text."""
    if len(content) > MOST_BYTES:
        raise Refused("too_large")
    losses = Losses()
    source = decoded(content)
    page = inert(source)
    losses.add("active", "", page.dropped)
    tree, title, pictures = blocks_of(page.markup, page.styles, losses)
    return Brought(title or page.title[:300], tree, pictures, losses.told())


def decoded(content: bytes) -> str:
    """The characters of a file: by its mark, by what it says of itself, else UTF-8, else as Windows wrote it."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return clean_text(content.decode(encoding, "replace"))
    declared = _DECLARED.search(content[:4096])
    names = [declared[1].decode("ascii", "replace").lower()] if declared is not None else []
    for name in [*(name for name in names if _ENCODINGS.fullmatch(name)), "utf-8"]:
        try:
            return clean_text(
                content.decode("cp1252" if name in ("iso-8859-1", "latin1", "us-ascii") else name)
            )
        except (UnicodeDecodeError, LookupError):
            continue
    return clean_text(content.decode("cp1252", "replace"))


def blocks_of(markup: str, styles: str, losses: Losses) -> tuple[Tree, str, dict[str, bytes]]:
    """(blocks, the title that stood in the text, pictures) of markup that was made inert."""
    parser = HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(f"<html><body>{markup}</body></html>".encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or not markup.strip():
        return [], "", {}
    reader = _Page(Look(styles), losses)
    tree, title = reader.read(root)
    return bounded(normalise(tree)), title, reader.pictures.found


class _Page:
    """What is the same for the whole page: its look, its headings, what was lost and found."""

    def __init__(self, look: Look, losses: Losses) -> None:
        self.look = look
        self.losses = losses
        self.pictures = Pictures(losses)
        self.levels: dict[int, int] = {}
        self.own = False
        self._blocks = 0

    def count(self) -> None:
        """One more block: what is too long is given up before it is read to its end."""
        self._blocks += 1
        if self._blocks > MOST_BLOCKS:
            raise Refused("too_long")

    def read(self, root: HtmlElement) -> tuple[Tree, str]:
        self.own = any(own_kind(dom) for dom in root.iter() if isinstance(dom.tag, str))
        body = self._body(root)
        heads = [dom for dom in body.iter() if isinstance(dom.tag, str) and self._is_heading(dom)]
        ranks = [rank for dom in heads if (rank := heading_rank(dom)) is not None]
        title: HtmlElement | None = None
        if ranks and not self.own and ranks[0] == min(ranks) < 2 and ranks.count(ranks[0]) == 1:
            title, ranks = heads[0], ranks[1:]
        self.levels = levels_of(ranks)
        tree = _Reader(_Around(), self).walk(body, PLAIN).finish()
        if title is None or not tree:
            return tree, ""
        # The highest heading names the text when it stands before all else; otherwise it is one of its headings.
        words = " ".join(title.text_content().split())
        first = tree[0]
        if first["type"] == "heading" and " ".join(inline_text(first).split()) == words:
            return tree[1:], words[:300]
        return tree, words[:300]

    def _body(self, root: HtmlElement) -> HtmlElement:
        mains = [*root.iter("main"), *(dom for dom in root.iter("div") if dom.get("role") == "main")]
        articles = list(root.iter("article"))
        body: HtmlElement = (mains or (articles if len(articles) == 1 else []) or [root])[0]
        if body is not root and not self.own:
            kept, whole = body.text_content(), root.text_content()
            self.losses.add(
                "furniture", whole.replace(kept, " ", 1), int(bool(whole.replace(kept, "", 1).strip()))
            )
        return body

    def _is_heading(self, dom: HtmlElement) -> bool:
        return (
            heading_rank(dom) is not None
            and bool(dom.text_content().strip())
            and own_kind(dom) is None
            and not is_said(dom)
            and not self.look.hidden(dom)
        )


class _Reader:
    def __init__(self, around: _Around, page: _Page) -> None:
        self.around = around
        self.page = page
        self.out: list[Node | ListLine] = []
        self.paragraph = Paragraph()
        # Images that stood in a sentence follow its paragraph.
        self.images: Tree = []

    def walk(self, parent: HtmlElement, shape: Shape, skipped: HtmlElement | None = None) -> _Reader:
        self._text(parent.text, shape)
        for child in parent:
            if isinstance(child.tag, str) and child is not skipped:
                self._element(child, shape)
            self._text(child.tail, shape)
        return self

    def finish(self) -> Tree:
        self._close()
        found: Tree = []
        lines: list[ListLine] = []
        for one in [*self.out, None]:
            if isinstance(one, ListLine):
                lines.append(one)
                continue
            found.extend(nested_lists(lines, self.page.losses))
            lines = []
            if one is not None:
                found.append(one)
        return found

    def _text(self, words: str | None, shape: Shape) -> None:
        if words:
            self.paragraph.text(words, shape)

    def _element(self, dom: HtmlElement, shape: Shape) -> None:
        name = str(dom.tag)
        if self.page.own and is_said(dom):
            return
        if self.page.own and (kind := own_kind(dom)) is not None:
            self._close()
            self._own(dom, kind)
        elif name in _PICTURES:
            self._picture(dom)
        elif self._left_out(dom, name):
            return
        elif name == "br":
            self.paragraph.line_end()
            if self.paragraph.ends_twice:
                self._close()
        elif name not in _BLOCKS and dom.get("role") != "heading":
            inner = self.page.look.shape(dom, shape)
            if (
                name == "a"
                and inner.href == shape.href
                and dom.get("href")
                and not dom.get("href", "").startswith("#")
            ):
                self.page.losses.add("link", dom.text_content() or dom.get("href", ""))
            elif name in _LOOKS and dom.text_content().strip():
                self.page.losses.add("look", dom.text_content())
            self.walk(dom, inner)
        else:
            self._close()
            self._block(dom, name, self.page.look.shape(dom, shape))
            self._close()

    def _own(self, dom: HtmlElement, kind: str) -> None:
        losses = self.page.losses
        if GRAMMAR.nodes[kind].holds_inline:
            self.out.append(words_block(dom, kind, losses, self.page.pictures))
            return
        attrs = attributes_of(dom, kind, losses)
        leaf = GRAMMAR.nodes[kind].leaf
        content = (
            [] if leaf else _Reader(replace(self.around, top=False), self.page).walk(dom, PLAIN).finish()
        )
        self.out.append(block(kind, content, **attrs))

    def _block(self, dom: HtmlElement, name: str, shape: Shape) -> None:
        rank = heading_rank(dom)
        if rank is not None and self.around.top and not self._holds_blocks(dom):
            level = self.page.levels.get(rank, 2)
            if 2 <= rank != level:
                self.page.losses.add("levels", dom.text_content())
            self.walk(dom, shape)
            self._close("heading", level)
        elif self.page.own and any(own_kind(child) for child in dom):
            # What stands around blocks of ours for the sake of HTML.
            self.walk(dom, shape)
        elif name in ("ul", "ol", "dir"):
            self._list(dom, name == "ol", shape, 1)
        elif name == "table":
            self._table(dom, shape)
        elif name == "dl":
            self._terms(dom, shape)
        elif name == "details":
            self._details(dom, shape)
        elif (dom.get("role") == "note" or name == "aside") and self.around.top:
            if content := self._inner(dom, shape):
                warning = "warning" in (dom.get("class") or "")
                self.out.append(block("note", content, **({"kind": "warning"} if warning else {})))
        elif not (name == "p" and "note-label" in (dom.get("class") or "").split()):
            self.walk(dom, shape)
            self._close_line(dom)

    def _holds_blocks(self, dom: HtmlElement) -> bool:
        return any(isinstance(child.tag, str) and child.tag in _BLOCKS for child in dom.iterdescendants())

    def _left_out(self, dom: HtmlElement, name: str) -> bool:
        losses = self.page.losses
        if name in _SILENT:
            return True
        code = ""
        style = self.page.look.style(dom)
        role, named = dom.get("role"), dom.get("class") or ""
        if name in _FURNITURE or role in ("navigation", "menu", "banner", "contentinfo", "search"):
            code = "furniture"
        elif name in ("header", "footer") and self.around.top and self._of_the_page(dom):
            code = "furniture"
        elif name in _ACTIVE:
            code = "active"
        elif name in _OBJECTS:
            code = "object"
        elif name in _FORM or role == "button":
            code = "form"
        elif name == "del":
            code = "deleted"
        elif name == "a" and (dom.get("href") or "").startswith("#cmnt"):
            return True
        elif re.search(r"\b(?:MsoCommentReference|msocomanchor|msocomtxt)\b", named) or self._is_comment(
            dom, name
        ):
            code = "comments"
        elif is_ignored(style) or "Apple-interchange-newline" in named:
            return True
        elif self.page.look.hidden(dom):
            code = "hidden"
        if code and (words := dom.text_content().strip() or (name if code in ("object", "form") else "")):
            losses.add(code, words)
        return bool(code)

    def _is_comment(self, dom: HtmlElement, name: str) -> bool:
        """A comment of Google Docs: a box at the end of the page whose first link names it."""
        if name != "div":
            return False
        first = next(dom.iter("a"), None)
        return first is not None and (first.get("id") or "").startswith("cmnt") and len(dom) <= 20

    def _of_the_page(self, dom: HtmlElement) -> bool:
        return not any(parent.tag in ("article", "section", "main") for parent in dom.iterancestors())

    def _picture(self, dom: HtmlElement) -> None:
        if dom.tag == "v:shape" and dom.get("src") is None:
            self.walk(dom, PLAIN)
            return
        alt, source = clean_text((dom.get("alt") or "").strip())[:2000], dom.get("src") or ""
        if not source and not alt:
            return
        key = self.page.pictures.take_address(source, alt)
        if key is not None:
            decorative = {"decorative": 1} if dom.get("alt") == "" else {}
            self.images.append(block("image", image=key, alt=alt, **decorative))

    def _inner(self, dom: HtmlElement, shape: Shape, around: _Around | None = None) -> Tree:
        """The blocks of an element, read by themselves."""
        return _Reader(around or replace(self.around, top=False), self.page).walk(dom, shape).finish()

    def _close(self, kind: str = "paragraph", level: int | None = None) -> None:
        made = self.paragraph.block(kind, **({"level": level} if level is not None else {}))
        if made is not None:
            self.page.count()
            self.out.append(made)
        self.paragraph = Paragraph()
        self.out.extend(self.images)
        self.images = []

    def _close_line(self, dom: HtmlElement) -> None:
        """A paragraph that may be one of Word's list lines."""
        line = list_line(dom, self.paragraph, self.page.look.style(dom)) if dom.tag != "body" else None
        before = self.out[-1] if self.out else None
        made = self.paragraph.block()
        if line == "continued" and isinstance(before, ListLine):
            before.blocks.extend([made] if made is not None else [])
            self.paragraph = Paragraph()
        elif isinstance(line, ListLine):
            if made is not None:
                self.out.append(replace(line, blocks=[made]))
            self.paragraph = Paragraph()
        self._close()

    def _list(self, dom: HtmlElement, ordered: bool, shape: Shape, level: int) -> None:
        level = google_level(dom) or level
        fresh = level == 1 and (google_level(dom) is None or "start" in (dom.get("class") or "").split())
        lists = self.around.lists
        self._text_in_list(dom.text, shape)
        for child in dom:
            name = child.tag
            if (
                isinstance(name, str)
                and not (self.page.own and is_said(child))
                and not self._left_out(child, name)
            ):
                inner = self.page.look.shape(child, shape)
                if name in ("ul", "ol"):
                    # Google Docs and LibreOffice put an inner list beside the item it belongs to.
                    self._list(child, name == "ol", inner, level + 1)
                else:
                    around = replace(self.around, top=False, lists=lists + 1)
                    blocks = (
                        self._inner(child, inner, around)
                        if name == "li"
                        else self._inner_of(child, shape, around)
                    )
                    if blocks and lists >= MOST_LEVELS:
                        self.page.losses.add("lists", words_of(blocks))
                        self.out.extend(blocks)
                    elif blocks:
                        # Word on the web makes a list of each item and says the level beside it.
                        said = child.get("data-aria-level") or ""
                        deep = int(said) if said.isdecimal() and len(said) < 3 else level
                        self.out.append(ListLine(deep, ordered, fresh and not said, blocks))
                        fresh = False
            self._text_in_list(child.tail, shape)

    def _inner_of(self, child: HtmlElement, shape: Shape, around: _Around) -> Tree:
        """What stands in a list and is no item: itself, not only its words."""
        reader = _Reader(around, self.page)
        reader._element(child, shape)
        return reader.finish()

    def _text_in_list(self, words: str | None, shape: Shape) -> None:
        if words and words.strip():
            self._text(words, shape)
            self._close()

    def _table(self, dom: HtmlElement, shape: Shape) -> None:
        around = replace(self.around, top=False, in_table=True)
        rows = [row for row in dom.iter("tr") if next(row.iterancestors("table"), None) is dom]
        for caption in (child for child in dom if child.tag == "caption"):
            self.walk(caption, shape)
            self._close()
        # What only lays out a page is no table for a reader, and a table in a table is none either.
        lays_out = (
            dom.get("role") in ("presentation", "none") or sum(len(self._cells(row)) for row in rows) < 2
        )
        if self.around.in_table or lays_out:
            for row in rows:
                for cell in self._cells(row):
                    self.walk(cell, self.page.look.shape(cell, shape))
                    self._close()
            return
        table = table_of(
            (
                [
                    Cell(
                        self._inner(cell, self.page.look.shape(cell, shape), around),
                        cell.tag == "th" or row.getparent().tag == "thead",
                        _span(cell, "colspan"),
                        _span(cell, "rowspan"),
                    )
                    for cell in self._cells(row)
                ]
                for row in rows
            ),
            self.page.losses,
        )
        if table is not None:
            self.out.append(table)

    def _cells(self, row: HtmlElement) -> list[HtmlElement]:
        return [cell for cell in row if cell.tag in ("td", "th")]

    def _terms(self, dom: HtmlElement, shape: Shape) -> None:
        """Terms and what they mean."""
        label, said = Paragraph(), list[Node]()

        def end() -> None:
            nonlocal label, said
            term = label.block("label")
            if term is not None or said:
                self.out.append(block("definition", [*([term] if term else []), *said]))
            label, said = Paragraph(), []

        for child in _terms_of(dom):
            if self._left_out(child, str(child.tag)):
                continue
            if child.tag == "dd":
                said.extend(self._inner(child, self.page.look.shape(child, shape)))
                continue
            if said:
                end()
            if label.words:
                label.text(", ", PLAIN)
            label.text(child.text_content(), PLAIN)
        end()

    def _details(self, dom: HtmlElement, shape: Shape) -> None:
        """A folded part is a question with its answer."""
        summary = next((child for child in dom if child.tag == "summary"), None)
        title = Paragraph()
        title.text(summary.text_content() if summary is not None else "", PLAIN)
        label = title.block("label")
        content = _Reader(replace(self.around, top=False), self.page).walk(dom, shape, summary).finish()
        if label is None:
            self.out.extend(content)
        else:
            self.out.append(block("question", [label, *content]))


def _terms_of(dom: HtmlElement) -> Iterable[HtmlElement]:
    return (child for child in dom.iter("dt", "dd") if next(child.iterancestors("dl"), None) is dom)


def _span(cell: HtmlElement, name: str) -> int:
    given = (cell.get(name) or "1").strip()
    return int(given) if given.isdecimal() and len(given) < 6 else 1
