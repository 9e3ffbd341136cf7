"""What stands in a Word file beside the words of a text: contacts, services, legal references, the facts above it."""

from __future__ import annotations

from app.directory.catalogue import Desk
from app.extensions import gettext as _
from app.markup import safe_href
from drafts.cards import References, contact_of
from drafts.exchange.docx_markup import line_break, make, paragraph, run
from drafts.exchange.docx_package import Element
from drafts.exchange.docx_phrases import HYPERLINK, Phrases, written_address
from drafts.exchange.docx_template import BOX, BOX_LABEL, TABLE_TEXT
from drafts.grammar import Node
from drafts.render import long_date

# The width of the text of an A4 page with our margins, in twentieths of a point: 160 mm.
WIDTH = 9071


def contact(node: Node, references: References) -> list[Element]:
    """Whom to ask: the administration, then each counter with its address, hours and telephone."""
    lines = [paragraph(run(_("Qui contacter")), style=BOX_LABEL)]
    known = references.contacts.get(contact_of(node.get("attrs", {})))
    if known is None:
        return [*lines, paragraph(run(_("Contact à choisir, ou qui n’existe plus.")), style=BOX)]
    lines.append(paragraph(run(known.office.name, strong=True), style=BOX))
    return lines + [paragraph(*_desk(desk), style=BOX) for desk in known.desks]


def _desk(desk: Desk) -> list[Element]:
    where = ", ".join(part for part in (desk.address, desk.commune) if part)
    said = [
        desk.name,
        desk.phone and _("Téléphone : %(number)s", number=desk.phone),
        where,
        desk.hours,
        desk.email,
    ]
    return _lines([one for one in said if one])


def service(node: Node, references: References, phrases: Phrases) -> list[Element]:
    """An online service: its title, which leads there, how one signs in, and where to go without internet."""
    label = paragraph(run(_("Démarche en ligne")), style=BOX_LABEL)
    known = references.services.get(node.get("attrs", {}).get("service", ""))
    if known is None:
        return [label, paragraph(run(_("Démarche en ligne à choisir, ou qui n’existe plus.")), style=BOX)]
    address = written_address(known.href or "")
    title = run(known.title, strong=True, style=HYPERLINK if address else "")
    lines = [phrases.hyperlink(address, [title]) if address else title]
    said = [" · ".join(one for one in (known.kind, known.login, ", ".join(known.named)) if one)]
    if address:
        # Paper has no links to follow.
        said.append(address)
    if known.outage:
        said.append(_("Momentanément indisponible : %(why)s", why=known.outage))
    if known.is_town_hall:
        said.append(_("Sans internet : votre mairie"))
    elif known.desk is not None and known.desk.phone:
        said.append(_("Sans internet : %(phone)s, %(desk)s", phone=known.desk.phone, desk=known.desk.name))
    for line in said:
        lines += [line_break(), run(line)]
    return [label, paragraph(*lines, style=BOX)]


def citation(node: Node, phrases: Phrases, *, has_words: bool) -> list[Element]:
    """What follows the title of a legal text: its number, its date, and where to read it."""
    attrs = node.get("attrs", {})
    said = ", ".join(
        part for part in (attrs.get("number", "").strip(), long_date(attrs.get("date", ""))) if part
    )
    gap = ", " if has_words else ""
    found = [run(f"{gap}{said}")] if said else []
    if safe_href(attrs.get("href", "")) is not None and (address := written_address(attrs["href"])):
        gap = ", " if has_words or said else ""
        found += [
            *([run(gap)] if gap else []),
            phrases.hyperlink(address, [run(_("lire le texte"), style=HYPERLINK)]),
        ]
    return found


def facts(pairs: tuple[tuple[str, str], ...]) -> list[Element]:
    """What the reader of a paper needs beside the text, as a small table under the title."""
    rows = [
        [paragraph(run(label), style=TABLE_TEXT), paragraph(*_lines(value.splitlines() or [""]))]
        for label, value in pairs
    ]
    widths = (WIDTH * 3 // 10, WIDTH - WIDTH * 3 // 10)
    written = [
        make(
            "tr",
            *(
                make("tc", make("tcPr", make("tcW", w=width, type="dxa")), cell)
                for width, cell in zip(widths, row, strict=True)
            ),
        )
        for row in rows
    ]
    return [table(list(widths), written), paragraph()]


def table(widths: list[int], rows: list[Element]) -> Element:
    """A table with rules, as wide as the text."""
    properties = make(
        "tblPr",
        make("tblStyle", val="TableGrid"),
        make("tblW", w=5000, type="pct"),
        make("tblCellMar", make("top", w=60, type="dxa")),
        make("tblLook", val="0020"),
    )
    return make("tbl", properties, make("tblGrid", *(make("gridCol", w=width) for width in widths)), *rows)


def _lines(said: list[str]) -> list[Element]:
    found: list[Element] = []
    for number, line in enumerate(said):
        found += [*([line_break()] if number else []), run(line)]
    return found
