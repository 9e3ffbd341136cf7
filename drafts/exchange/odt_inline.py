"""The words of an OpenDocument paragraph: runs with their marks, and what stands in it beside its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml import etree

from drafts.exchange.addresses import address
from drafts.exchange.odt_package import get, q, tag
from drafts.exchange.odt_words import NAMED, SAID_WORDS
from drafts.exchange.plainly import clean_text
from drafts.grammar import GRAMMAR, Tree, merge_runs

if TYPE_CHECKING:
    from drafts.exchange.odt_in import OdtText

_SPACES = " \t\n\r"
# What LibreOffice shows as words and writes as elements with words in them: fields keep what they show.
_SILENT = frozenset({"text:soft-page-break", "text:change", "text:change-start", "text:change-end", "text:bookmark",
                     "text:reference-mark", "text:reference-mark-start", "text:reference-mark-end", "text:alphabetical-index-mark",
                     "text:toc-mark", "text:toc-mark-start", "text:toc-mark-end", "office:annotation-end", "text:ruby-text",
                     "text:alphabetical-index-mark-start", "text:alphabetical-index-mark-end", "text:user-index-mark"})  # fmt: skip
# A line of spaces is a mistake, or an attack on memory.
_MOST_SPACES = 100


@dataclass(frozen=True)
class Worn:
    """How words look: the marks that hold there."""

    bold: bool = False
    italic: bool = False
    href: str | None = None
    said: bool = False
    hidden: bool = False


@dataclass
class Line:
    """A paragraph that was read: its runs, the blocks that stood in it (images, text boxes), whether they hold words."""

    runs: Tree = field(default_factory=list)
    beside: Tree = field(default_factory=list)
    frames: list[etree._Element] = field(default_factory=list)


class LineReader:
    """Reads one paragraph; spaces fold as ODF says, elements for spaces stay."""

    def __init__(self, text: OdtText) -> None:
        self.text = text
        self.line = Line()
        self.marked: dict[str, tuple[str, dict[str, str]]] = {}
        self.folds = True

    def read(self, dom: etree._Element, worn: Worn) -> Line:
        self._walk(dom, worn)
        self._trim()
        self.line.runs = merge_runs(self.line.runs)
        return self.line

    def _trim(self) -> None:
        """Without the one space that XML left at the end."""
        runs = self.line.runs
        if runs and runs[-1]["type"] == "text" and self.folds and runs[-1]["text"].endswith(" "):
            runs[-1] = {**runs[-1], "text": runs[-1]["text"][:-1]}

    def _walk(self, dom: etree._Element, worn: Worn) -> None:
        self._words(dom.text, worn)
        for child in dom:
            self._element(child, tag(child), worn)
            self._words(child.tail, worn)

    def _words(self, raw: str | None, worn: Worn) -> None:
        if not raw:
            return
        out = []
        for character in raw:
            if character not in _SPACES:
                out.append(character)
                self.folds = False
            elif not self.folds:
                out.append(" ")
                self.folds = True
        self._add("".join(out), worn)

    def _add(self, text: str, worn: Worn) -> None:
        text = clean_text(text)
        if not text or worn.said:
            return
        if worn.hidden:
            self.text.losses.add("hidden", text)
            return
        given: dict[str, dict[str, str]] = {}
        if worn.bold:
            given["strong"] = {}
        if worn.italic:
            given["em"] = {}
        if worn.href is not None:
            given["link"] = {"href": worn.href}
        given.update(self.marked.values())
        marks = GRAMMAR.type_marks(given)
        self.line.runs.append({"type": "text", "text": text, **({"marks": marks} if marks else {})})

    def _element(self, dom: etree._Element, name: str, worn: Worn) -> None:
        losses = self.text.losses
        if name == "text:s":
            count = get(dom, "text:c") or "1"
            self._add(
                " " * (min(int(count), _MOST_SPACES) if count.isdecimal() and len(count) < 12 else 1), worn
            )
            self.folds = False
        elif name == "text:tab":
            self._add("\t", worn)
            self.folds = False
        elif name == "text:line-break":
            if not worn.said and not worn.hidden:
                self.line.runs.append({"type": "hard_break"})
            self.folds = True
        elif name == "text:span":
            self._walk(dom, self._spanned(dom, worn))
        elif name == "text:a":
            href = address(get(dom, "xlink:href"))
            if href is None and not get(dom, "xlink:href").startswith("#") and not self.marked:
                losses.add("link", "".join(dom.itertext()))
            # The address of a service belongs to the directory, not to the words.
            self._walk(dom, Worn(worn.bold, worn.italic, href or worn.href, worn.said, worn.hidden))
        elif name in ("text:bookmark-start", "text:bookmark-end"):
            self._bookmark(get(dom, "text:name"), name.endswith("start"))
        elif name == "text:note":
            runs = self.line.runs
            apart = bool(runs) and runs[-1].get("text", " ")[-1:].strip() != ""
            self._add(f"{' ' if apart else ''}({self.text.note(dom)})", worn)
            self.folds = False
        elif name == "office:annotation":
            losses.add("comments", " ".join(" ".join(part.itertext()) for part in dom.iter(q("text:p"))))
        elif name in ("draw:frame", "draw:a", "draw:g", "draw:custom-shape", "draw:rect", "draw:text-box"):
            self.line.frames.append(dom)
        elif name == "text:placeholder" or get(dom, "loext:showing-place-holder") == "true":
            losses.add("placeholders", "".join(dom.itertext()))
        elif name in ("text:hidden-text", "text:hidden-paragraph"):
            losses.add("hidden", get(dom, "text:string-value") or "".join(dom.itertext()))
        elif name.startswith("draw:"):
            losses.add("object", "".join(dom.itertext()))
        elif name == "text:ruby-text":
            losses.add("look", "".join(dom.itertext()))
        elif name not in _SILENT:
            # Fields show what they showed last; what is not known keeps its words.
            self._walk(dom, worn)

    def _spanned(self, dom: etree._Element, worn: Worn) -> Worn:
        style = get(dom, "text:style-name")
        looks = self.text.styles.looks("text", style)
        said = worn.said or SAID_WORDS.lower() in self.text.styles.names("text", style)
        return Worn(
            looks.get("bold", worn.bold),
            looks.get("italic", worn.italic),
            worn.href,
            said,
            looks.get("hidden", worn.hidden),
        )

    def _bookmark(self, name: str, starts: bool) -> None:
        ours = NAMED.fullmatch(name)
        if ours is None or ours[1] not in ("abbr", "service_link"):
            return
        if starts:
            self.marked[name] = (ours[1], self.text.properties.own.get(name, {}))
        else:
            self.marked.pop(name, None)
