"""The words of a block as Word writes them: bold, italic, breaks, links, and marks of ours within controls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import groupby
from typing import Any
from urllib.parse import quote

from drafts.cards import References
from drafts.exchange.docx_controls import MARKS
from drafts.exchange.docx_markup import Controls, line_break, make, run
from drafts.exchange.docx_package import Element, R
from drafts.exchange.docx_source import safe_link
from drafts.grammar import Node, Tree

# Of an address with other letters Word says that the file is damaged.
_PLAIN_ADDRESS = re.compile(r"(?:https?|mailto|tel):[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_KEPT_LETTERS = "-._~:/?#[]@!$&'()*+,;=%"
HYPERLINK = "Hyperlink"

# Gives the number under which the package knows an address outside.
Relate = Callable[[str], str]


class Phrases:
    """Writes words; remembers which abbreviations it has explained."""

    def __init__(self, controls: Controls, references: References, relate: Relate) -> None:
        self._controls = controls
        self._references = references
        self._relate = relate
        self._explained: set[tuple[str, str]] = set()

    def write(self, content: Tree) -> list[Element]:
        out: list[Element] = []
        for key, group in groupby(content, self._kept_marks):
            nodes = list(group)
            if not key:
                out += self._linked(nodes)
                continue
            marks: Tree = json.loads(key)
            goes = self._goes(marks)
            written = [one for node in nodes for one in self._run(node, linked=bool(goes))]
            if goes:
                written = [self.hyperlink(goes, written)]
            told: dict[str, Any] = {"marks": marks, **({"goes": goes} if goes else {})}
            out.append(self._controls.control(MARKS, told, written))
            # Beside the control: of one within another LibreOffice makes a muddle of the next paragraphs.
            out += self._explanation(marks, nodes)
        return out

    def hyperlink(self, address: str, content: list[Element]) -> Element:
        element = make("hyperlink", *content)
        element.set(f"{{{R}}}id", self._relate(address))
        return element

    def _linked(self, nodes: Tree) -> list[Element]:
        out: list[Element] = []
        for href, group in groupby(nodes, _link_of):
            written = [one for node in group for one in self._run(node, linked=bool(href))]
            out += [self.hyperlink(href, written)] if href else written
        return out

    @staticmethod
    def _run(node: Node, *, linked: bool = False) -> list[Element]:
        if node["type"] == "hard_break":
            return [line_break()]
        marks = {mark["type"] for mark in node.get("marks", ())}
        style = HYPERLINK if linked else ""
        return [run(node["text"], strong="strong" in marks, em="em" in marks, style=style)]

    @staticmethod
    def _kept_marks(node: Node) -> str:
        """The marks that Word has no word for, as a key; "" when there are none."""
        marks = node.get("marks", ())
        ours = [mark for mark in marks if mark["type"] in ("abbr", "service_link")]
        for mark in marks:
            href = mark.get("attrs", {}).get("href", "")
            # Beside another mark of ours the control says where the link leads: one place, not two.
            if mark["type"] == "link" and (ours or not _is_plain_address(href)):
                ours.append(mark)
        return json.dumps(ours) if ours else ""

    def _goes(self, marks: Tree) -> str:
        """Where words within a control lead: to the service, to the address, or nowhere."""
        for mark in marks:
            slug = mark.get("attrs", {}).get("service", "")
            service = self._references.services.get(slug) if mark["type"] == "service_link" else None
            if service is not None and service.href and (href := written_address(service.href)):
                return href
        links = [mark.get("attrs", {}).get("href", "") for mark in marks if mark["type"] == "link"]
        return next((href for link in links if (href := written_address(link))), "")

    def _explanation(self, marks: Tree, nodes: Tree) -> list[Element]:
        """What an abbreviation means, in brackets where it stands first."""
        title = next((mark.get("attrs", {}).get("title", "") for mark in marks if mark["type"] == "abbr"), "")
        words = "".join(node.get("text", " ") for node in nodes)
        if not title.strip() or (words, title) in self._explained:
            return []
        self._explained.add((words, title))
        return [self._controls.shown([run(f" ({title.strip()})")])]


def _link_of(node: Node) -> str:
    """Where a run leads as it may be written as it is."""
    for mark in node.get("marks", ()):
        href: str = mark.get("attrs", {}).get("href", "")
        if mark["type"] == "link" and _is_plain_address(href):
            return href
    return ""


def _is_plain_address(href: str) -> bool:
    """Whether Word takes an address as it stands."""
    return _PLAIN_ADDRESS.fullmatch(href) is not None and safe_link(href) == href


def written_address(href: str) -> str:
    """A safe address in the letters that Word takes; "" for any other."""
    safe = safe_link(href)
    return quote(safe, safe=_KEPT_LETTERS) if safe is not None else ""
