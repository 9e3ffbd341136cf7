"""The words of a text for the template of the PDF: runs with their links, and what the directory says of a reference.

Paper asks for what a page does not: addresses are written out, and an abbreviation says once what it means.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.directory.catalogue import Desk, Service
from app.extensions import gettext as _
from app.markup import safe_href
from drafts.cards import References, contact_of
from drafts.grammar import Node, inline_text
from drafts.marks import has_link
from drafts.render import long_date

# One shape of the template: `k` says which, the rest is what it holds.
Shape = dict[str, Any]
# A word of so many letters gets places at which a line may end. Addresses have theirs, after each stroke, and would not
# lead anywhere copied with ours in them.
LONGEST_WORD, PIECE = 28, 14
_LONG = re.compile(rf"[^\s/-]{{{LONGEST_WORD},}}")
_BREAK = "\u200b"


@dataclass
class Words:
    """Strings as our letters can show them; `lost` counts the signs for which there is none."""

    known: frozenset[int]
    lost: int = 0

    def clean(self, text: str) -> str:
        """The text without what cannot be seen, and with U+FFFD in the place of what the letters do not have."""
        out = []
        for letter in unicodedata.normalize("NFC", text):
            if letter.isspace():
                out.append(letter if letter in "\u00a0\u202f" else " ")
            elif ord(letter) in self.known:
                out.append(letter)
            elif unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Mn"):
                continue
            else:
                out.append(self._instead(letter))
        return _LONG.sub(lambda found: _with_breaks(found[0]), "".join(out))

    def _instead(self, letter: str) -> str:
        plain = "".join(one for one in unicodedata.normalize("NFKD", letter) if ord(one) in self.known)
        if not plain:
            self.lost += 1
        return plain or "\ufffd"


def _with_breaks(word: str) -> str:
    return _BREAK.join(word[at : at + PIECE] for at in range(0, len(word), PIECE))


class Speech:
    """Says the words of one text."""

    def __init__(self, references: References, words: Words) -> None:
        self.references = references
        self.clean = words.clean
        self.explained: set[tuple[str, str]] = set()

    def runs(self, content: Iterable[Node]) -> list[Shape]:
        """Runs of words; those of one link stand in one shape."""
        out: list[Shape] = []
        href, held = "", list[Shape]()
        for node in [*content, None]:
            marks = {mark["type"]: mark.get("attrs", {}) for mark in (node or {}).get("marks", ())}
            target = self._target(marks)
            if node is not None and node["type"] == "hard_break":
                target = href
            if held and target != href:
                out += self._linked(href, held)
                held = []
            href = target
            if node is None:
                break
            if node["type"] == "hard_break":
                said: list[Shape] = [{"k": "break"}]
            else:
                said = self._run(node["text"], marks)
            if href:
                held += said
            else:
                out += said
        return out

    def _target(self, marks: Mapping[str, Mapping[str, Any]]) -> str:
        if "service_link" in marks:
            service = self.references.services.get(marks["service_link"].get("service", ""))
            return (service.href or "") if service is not None else ""
        return safe_href(marks["link"].get("href", "")) or "" if "link" in marks else ""

    def _run(self, text: str, marks: Mapping[str, Mapping[str, Any]]) -> list[Shape]:
        said: Shape = {"t": self.clean(text)}
        if "strong" in marks:
            said["b"] = True
        if "em" in marks:
            said["i"] = True
        meaning = self.clean(marks.get("abbr", {}).get("title", "").strip())
        if meaning and (text, meaning) not in self.explained:
            self.explained.add((text, meaning))
            return [said, {"t": f" ({meaning})"}]
        return [said]

    def _linked(self, href: str, said: list[Shape]) -> list[Shape]:
        """A link, and on paper the address it leads to, unless that is what its words are."""
        said, after = list(said), list[Shape]()
        while said and said[-1].get("k") == "break":
            after.append(said.pop())
        spoken = "".join(run.get("t", " ") for run in said).replace(_BREAK, "").strip()
        shape: Shape = {"k": "link", "href": href, "c": said}
        if not spoken:
            return said + after
        if not href.startswith("http") or spoken in (href, href.removeprefix("https://")):
            return [shape, *after]
        return [shape, {"t": f" ({self.clean(href)})", "small": True}, *after]

    def citation(self, node: Node) -> list[Shape]:
        attrs = node.get("attrs", {})
        title = self.runs(node.get("content", [])) if inline_text(node).strip() else []
        number, day = (
            self.clean(attrs.get("number", "").strip()),
            self.clean(long_date(attrs.get("date", ""))),
        )
        parts = [title, *([{"t": part}] for part in (number, day) if part)]
        out: list[Shape] = []
        for part in parts:
            if part:
                out += [*([{"t": ", "}] if out else []), *part]
        href = safe_href(attrs.get("href", ""))
        if href is not None and not has_link(node.get("content", ())):
            out = self._linked(href, out or [{"t": self.clean(href)}])
        return out

    def contact(self, node: Node) -> list[Shape]:
        contact = self.references.contacts.get(contact_of(node.get("attrs", {})))
        if contact is None:
            return []
        office = paragraph([{"t": self.clean(contact.office.name), "b": True}])
        desks = [shape for desk in contact.desks for shape in paragraph(self._desk(desk))]
        return boxed(self.clean(_("Qui contacter")), office + desks)

    def _desk(self, desk: Desk) -> list[Shape]:
        where = ", ".join(part for part in (desk.address, desk.commune) if part)
        lines: list[list[Shape]] = [[{"t": self.clean(desk.name)}]]
        if desk.phone:
            lines.append([{"t": self.clean(_("Téléphone :")), "b": True}, {"t": " "}, *self._phone(desk)])
        if where:
            lines.append([{"t": self.clean(where)}])
        if desk.hours:
            lines.append([{"t": self.clean(_("Horaires :")), "b": True}, {"t": f" {self.clean(desk.hours)}"}])
        if desk.email:
            lines.append(self._linked(f"mailto:{desk.email}", [{"t": self.clean(desk.email)}]))
        return _in_lines(lines)

    def _phone(self, desk: Desk) -> list[Shape]:
        said: list[Shape] = [{"t": self.clean(desk.phone)}]
        return self._linked(f"tel:{desk.tel}", said) if desk.tel else said

    def service(self, node: Node) -> list[Shape]:
        service = self.references.services.get(node.get("attrs", {}).get("service", ""))
        if service is None:
            return []
        return boxed(self.clean(_("Démarche en ligne")), paragraph(self._service_lines(service)))

    def _service_lines(self, service: Service) -> list[Shape]:
        title: list[Shape] = [{"t": self.clean(service.title), "b": True}]
        facts = " · ".join(part for part in (service.kind, service.login, ", ".join(service.named)) if part)
        lines: list[list[Shape]] = [
            self._linked(service.href, title) if service.href else title,
            [{"t": self.clean(facts)}],
        ]
        if service.outage:
            word = _("Momentanément indisponible :")
            lines.append([{"t": self.clean(word), "b": True}, {"t": f" {self.clean(service.outage)}"}])
        without = self.clean(_("Sans internet :"))
        if service.is_town_hall:
            lines.append([{"t": without, "b": True}, {"t": " " + self.clean(_("votre mairie"))}])
        elif service.desk is not None and service.desk.phone:
            desk = service.desk
            rest = f", {desk.name}" + (f" ({desk.commune})" if desk.commune else "")
            lines.append([{"t": without, "b": True}, {"t": " "}, *self._phone(desk), {"t": self.clean(rest)}])
        return _in_lines(lines)


def paragraph(said: list[Shape], look: str = "paragraph") -> list[Shape]:
    return [{"k": "words", "look": look, "c": said}] if said else []


def boxed(label: str, inner: Sequence[Shape]) -> list[Shape]:
    return [{"k": "box", "label": label, "c": list(inner)}] if inner else []


def _in_lines(lines: Iterable[list[Shape]]) -> list[Shape]:
    out: list[Shape] = []
    for line in lines:
        if any(run.get("t", " ") for run in line):
            out += [*([{"k": "break"}] if out else []), *line]
    return out
