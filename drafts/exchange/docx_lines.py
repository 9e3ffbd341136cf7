"""The words of one Word paragraph: runs, links, fields, changes that are followed, and what stands among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from drafts.exchange.docx_controls import MARKS, SHOWN, read_tag
from drafts.exchange.docx_package import Element, Piece, R
from drafts.exchange.docx_source import DEEPEST_MARKUP, Field, Source, is_true, safe_link, words_of
from drafts.exchange.docx_styles import is_on, value_of, w
from drafts.exchange.paper import Refused
from drafts.grammar import Node, Tree

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/picture}pic"
_VML = "{urn:schemas-microsoft-com:vml}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_ANSWERED = "{http://schemas.microsoft.com/office/drawing/2017/decorative}decorative"
_LINK_FIELD = re.compile(r'\s*HYPERLINK\s+(?:\\[a-z]\s+)*"([^"]{1,2000})"', re.IGNORECASE)
_LOCAL_FIELD = re.compile(r"\s*HYPERLINK\s+\\l", re.IGNORECASE)
_LETTERS = {"tab": "\t", "ptab": "\t", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}
# What says how letters look and no more.
_LOOKS = ("color", "highlight", "u", "shd", "sz", "rFonts", "caps", "smallCaps")
# Beside the words of a paragraph, or nothing that is read.
_SILENT = frozenset(
    w(name)
    for name in [
        "pPr",
        "rPr",
        "proofErr",
        "bookmarkStart",
        "bookmarkEnd",
        "commentRangeStart",
        "commentRangeEnd",
        "permStart",
        "permEnd",
        "instrText",
        "delText",
        "delInstrText",
        "lastRenderedPageBreak",
        "footnoteRef",
        "endnoteRef",
        "annotationRef",
        "separator",
        "continuationSeparator",
        "sdtPr",
        "sdtEndPr",
        "fldData",
        "pgNum",
    ]
)


def local(element: Element) -> str:
    """The name of an element without its namespace; "" for what is no element."""
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def chosen(element: Element) -> Element | None:
    """Of the ways in which something is written, the one that Word itself follows."""
    choice = element.find(f"{_MC}Choice")
    return choice if choice is not None else element.find(f"{_MC}Fallback")


class Line:
    """One paragraph as it is read.

    `runs` are its words; `before` and `after` the images that stand before its first word and after it; `boxes` the text
    boxes anchored in it, whose blocks are read by others.
    """

    def __init__(self, source: Source, piece: Piece, wanted: str = "") -> None:
        self.runs: Tree = []
        self.before: Tree = []
        self.after: Tree = []
        self.boxes: list[Element] = []
        self._source = source
        self._piece = piece
        self._wanted = wanted
        self._last = " "
        self._has_words = False

    def read(self, parent: Element, marks: Tree | None = None, depth: int = 0) -> Line:
        if depth > DEEPEST_MARKUP:
            raise Refused("too_deep")
        for child in parent:
            if isinstance(child.tag, str) and child.tag not in _SILENT:
                self._child(child, marks or [], depth + 1)
        return self

    def _child(self, child: Element, marks: Tree, depth: int) -> None:
        losses, name = self._source.losses, local(child)
        if child.tag == w("r"):
            self._run(child, marks, depth)
        elif child.tag in (w("ins"), w("moveTo")):
            if words := words_of(child):
                losses.add("insertions", words)
            self.read(child, marks, depth)
        elif child.tag in (w("del"), w("moveFrom")):
            said = "".join(one.text or "" for one in child.iter(w("delText"), w("t")))
            if said:
                losses.add("deleted", said)
        elif child.tag == w("hyperlink"):
            self.read(
                child,
                self._linked(self._address(child), child.get(w("anchor")), words_of(child), marks),
                depth,
            )
        elif child.tag == w("fldSimple"):
            field = Field(child.get(w("instr"), ""), is_result=True)
            self._source.fields.append(field)
            self.read(child, marks, depth)
            self._end_field()
        elif child.tag == w("sdt"):
            self._control(child, marks, depth)
        elif str(child.tag).startswith(_MATH):
            losses.add("equations", words_of(child))
        elif child.tag == f"{_MC}AlternateContent":
            if (way := chosen(child)) is not None:
                self.read(way, marks, depth)
        elif name in ("subDoc", "control"):
            losses.add("object")
        else:
            # Wrappers such as smartTag, customXml, bdo and dir, and whatever the future brings: the words count.
            self.read(child, marks, depth)

    def _run(self, run: Element, marks: Tree, depth: int) -> None:
        look = run.find(w("rPr"))
        losses, words = self._source.losses, words_of(run)
        style = value_of(look, "rStyle")
        if is_on(look, "vanish") or self._source.styles.makes(style, "vanish"):
            if words:
                losses.add("hidden", words)
            return
        if words:
            if (
                any(value_of(look, name) not in (None, "auto", "none") for name in _LOOKS)
                or look is not None
                and (look.find(w("rFonts")) is not None)
            ):
                losses.add("look", words)
            if is_on(look, "strike") or is_on(look, "dstrike"):
                losses.add("struck", words)
            if value_of(look, "vertAlign") in ("superscript", "subscript"):
                losses.add("raised", words)
        own = [
            {"type": mark}
            for mark, name in (("strong", "b"), ("em", "i"))
            if (self._source.styles.makes(style, name) if (said := is_on(look, name)) is None else said)
        ]
        taken = {mark["type"] for mark in marks}
        self._pieces(run, [*marks, *(mark for mark in own if mark["type"] not in taken)], depth)

    def _pieces(self, run: Element, marks: Tree, depth: int) -> None:
        if depth > DEEPEST_MARKUP:
            raise Refused("too_deep")
        losses = self._source.losses
        for one in run:
            name = local(one)
            if one.tag == w("t"):
                text = one.text or ""
                is_kept = one.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
                self.say(text if is_kept else text.strip(" \n\r\t"), marks)
            elif one.tag == w("fldChar"):
                self._field(one.get(w("fldCharType"), ""))
            elif one.tag == w("instrText"):
                if self._source.fields and not self._source.fields[-1].is_result:
                    self._source.fields[-1].code = (self._source.fields[-1].code + (one.text or ""))[:4000]
            elif one.tag in _SILENT:
                continue
            elif name in _LETTERS:
                self.say(_LETTERS[name], marks)
            elif (
                one.tag == w("cr")
                or one.tag == w("br")
                and one.get(w("type"), "textWrapping") == "textWrapping"
            ):
                if self._is_shown(" "):
                    self.runs.append({"type": "hard_break"})
            elif name in ("footnoteReference", "endnoteReference"):
                self._note(name.removesuffix("Reference"), one.get(w("id"), ""))
            elif name == "sym":
                losses.add("symbols", f"{one.get(w('font'), '')} {one.get(w('char'), '')}")
            elif name == "drawing":
                self._drawing(one)
            elif name == "pict":
                self._old_drawing(one)
            elif name == "object":
                told = next(
                    (found.get("ProgID", "") for found in one.iter() if local(found) == "OLEObject"), ""
                )
                losses.add("object", told)
            elif name == "ruby":
                for part in ("rubyBase", "rt"):
                    if (found := one.find(w(part))) is not None and (words := words_of(found)):
                        self.say(words if part == "rubyBase" else f" ({words})", marks)
            elif one.tag == f"{_MC}AlternateContent":
                if (way := chosen(one)) is not None:
                    self._pieces(way, marks, depth + 1)
            elif name == "commentReference":
                losses.add("comments", self._source.comment(one.get(w("id"), "")))

    def say(self, text: str, marks: Tree) -> None:
        """More words, unless they stand in a part of a field that is not shown."""
        if not text or not self._is_shown(text):
            return
        given: Node = {"type": "text", "text": text}
        link = self._field_link()
        held = [*marks, *([link] if link and not any(mark["type"] == "link" for mark in marks) else [])]
        if held:
            given["marks"] = held
        self.runs.append(given)
        self._last = text[-1]
        self._has_words = self._has_words or not text.isspace()

    def _is_shown(self, text: str) -> bool:
        for field in self._source.fields:
            if not field.is_result or field.is_contents:
                field.left_out += text[: max(0, 200 - len(field.left_out))]
                return False
        return True

    # Fields: what Word works out, with the words it found last.

    def _field(self, kind: str) -> None:
        fields = self._source.fields
        if kind == "begin":
            if len(fields) >= DEEPEST_MARKUP:
                raise Refused("too_deep")
            fields.append(Field())
        elif kind == "separate" and fields:
            fields[-1].is_result = True
            if _LOCAL_FIELD.match(fields[-1].code):
                self._source.losses.add("internal_links")
        elif kind == "end" and fields:
            self._end_field()

    def _end_field(self) -> None:
        field = self._source.fields.pop()
        if field.is_contents:
            self._source.losses.add("contents", field.left_out)

    def _field_link(self) -> Node | None:
        for field in self._source.fields:
            if match := _LINK_FIELD.match(field.code):
                href = safe_link(match[1])
                return {"type": "link", "attrs": {"href": href}} if href else None
        return None

    # Links, notes, controls within the line.

    def _address(self, hyperlink: Element) -> str | None:
        relation = self._piece.relations.get(hyperlink.get(f"{{{R}}}id", ""))
        return relation.target if relation is not None else None

    def _linked(self, address: str | None, anchor: str | None, words: str, marks: Tree) -> Tree:
        if address is None:
            if anchor and words and not anchor.startswith("_GoBack"):
                self._source.losses.add("internal_links", words)
            return marks
        expected = next((mark["goes"] for mark in marks if "goes" in mark), None)
        if address == expected:
            # A link that only shows where the words of a control lead.
            return marks
        href = safe_link(f"{address}#{anchor}" if anchor and "#" not in address else address)
        if href is None:
            self._source.losses.add("link", words or address)
            return marks
        return [mark for mark in marks if mark["type"] not in ("link", "service_link")] + [
            {"type": "link", "attrs": {"href": href}}
        ]

    def _note(self, kind: str, ident: str) -> None:
        if not self._is_shown("(1)"):
            return
        gap = "" if self._last.isspace() else " "
        self.say(f"{gap}({self._source.note(kind, ident)})", [])

    def _control(self, control: Element, marks: Tree, depth: int) -> None:
        properties, content = control.find(w("sdtPr")), control.find(w("sdtContent"))
        if content is None:
            return
        if is_on(properties, "showingPlcHdr"):
            self._source.losses.add("placeholders", words_of(content))
            return
        known = read_tag(value_of(properties, "tag") or "", self._source.kept)
        if known is not None and known[0] == SHOWN:
            self._source.shown(known[1], content)
            return
        if known is not None and known[0] == MARKS:
            marks = [*marks, *self._own_marks(known[1], content)]
        self.read(content, marks, depth)

    def _own_marks(self, told: dict[str, Any] | None, content: Element) -> Tree:
        if told is None or not isinstance(told.get("marks"), list):
            self._source.losses.add("attributes", words_of(content))
            return []
        found: Tree = []
        for mark in told["marks"][:10]:
            if not isinstance(mark, dict) or mark.get("type") not in ("link", "service_link", "abbr"):
                continue
            attrs = mark.get("attrs")
            attrs = attrs if isinstance(attrs, dict) else {}
            href = attrs.get("href", "")
            if mark["type"] == "link" and href and safe_link(str(href)) != href:
                continue
            found.append({"type": mark["type"], "attrs": attrs, "goes": str(told.get("goes", ""))})
        return found

    # Pictures, boxes and what else is drawn.

    def _drawing(self, drawing: Element) -> None:
        told = next((one for one in drawing.iter() if local(one) == "docPr"), None)
        words = (told.get("descr") or told.get("title") or "") if told is not None else ""
        is_decorative = any(is_true(one.get("val")) for one in drawing.iter(_ANSWERED))
        boxes = self._boxes(drawing)
        pictures = [one.find(f".//{_A}blip") for one in drawing.iter(_PICTURE)]
        for blip in pictures:
            ident = blip.get(f"{{{R}}}embed", blip.get(f"{{{R}}}link", "")) if blip is not None else ""
            self._image(ident, words, is_decorative)
        kind = next((one.get("uri", "") for one in drawing.iter(f"{_A}graphicData")), "")
        if kind.endswith(("/chart", "/chartex", "/diagram")):
            self._source.losses.add("charts", words or self._diagram_words(drawing))
        elif not boxes and not pictures:
            self._source.losses.add("drawings", words)

    def _old_drawing(self, pict: Element) -> None:
        self._boxes(pict)
        for shape in pict.iter(f"{_VML}imagedata"):
            parent = shape.getparent()
            words = (parent.get("alt") if parent is not None else None) or ""
            self._image(shape.get(f"{{{R}}}id", ""), words, False)
        for path in pict.iter(f"{_VML}textpath"):
            self._source.losses.add("drawings", path.get("string", ""))

    def _boxes(self, drawing: Element) -> bool:
        found = list(_outermost(drawing))
        self.boxes += found
        return bool(found)

    def _image(self, ident: str, words: str, is_decorative: bool) -> None:
        key = self._source.picture(self._piece, ident, self._wanted, words)
        if key is None:
            return
        attrs: dict[str, Any] = {"image": key, "alt": words[:2000]}
        if is_decorative:
            attrs["decorative"] = 1
        place = self.after if self._has_words else self.before
        place.append({"type": "image", "attrs": attrs})

    def _diagram_words(self, drawing: Element) -> str:
        for one in drawing.iter(_DIAGRAM):
            relation = self._piece.relations.get(one.get(f"{{{R}}}dm", ""))
            piece = (
                self._source.package.piece(relation.target) if relation and not relation.is_external else None
            )
            if piece is not None:
                return " ".join(text.text or "" for text in piece.root.iter(f"{_A}t"))
        return ""


def _outermost(drawing: Element) -> Iterator[Element]:
    """The text boxes of a drawing, those within one another left to the outer one; none that is told twice."""
    for child in drawing:
        if child.tag == w("txbxContent"):
            yield child
        elif child.tag == f"{_MC}AlternateContent":
            if (way := chosen(child)) is not None:
                yield from _outermost(way)
        else:
            yield from _outermost(child)
