"""An empty Word document as ours begin: A4, French, real styles, numberings of its own."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.shared import Mm, Pt, RGBColor
from lxml import etree

from app import clock
from drafts.exchange.docx_controls import NAMESPACE
from drafts.exchange.docx_markup import make, paragraph, writable
from drafts.exchange.docx_package import Element, R, W
from drafts.exchange.docx_source import IDENTIFIER
from drafts.exchange.docx_styles import TABLE_HEADING, w
from drafts.exchange.paper import Paper

# Where the words of an item begin, for each level, in twentieths of a point: 7.5 mm.
STEP = 425
LEVELS = 9
_BULLETS = "•–▪"
# The level each heading has in the outline is Word's own; these are its sizes, in points.
_SIZES = {
    "Title": 24,
    "Heading 1": 20,
    "Heading 2": 16,
    "Heading 3": 13.5,
    "Heading 4": 12,
    "Heading 5": 11,
    "Heading 6": 11,
}
_INK = RGBColor(0x1F, 0x3A, 0x5F)
_FONT = "Calibri"
# What python-docx's own template brings and no text needs: 400 kB of styles that only Word of 2010 reads, a picture of itself.
_UNWANTED = ("stylesWithEffects", "thumbnail", "customXml")

LEAD, BOX_LABEL, BOX, TERM, TABLE_TEXT = "LabLead", "LabBoxLabel", "LabBox", "LabTerm", "LabTableHeading"
_BORDER = '<w:pBdr><w:left w:val="single" w:sz="18" w:space="8" w:color="1F3A5F"/></w:pBdr>'
_STYLES = f"""
<w:styles xmlns:w="{W}">
  <w:style w:type="paragraph" w:customStyle="1" w:styleId="{LEAD}"><w:name w:val="En bref"/><w:basedOn w:val="Normal"/>
    <w:qFormat/><w:pPr><w:spacing w:after="240"/></w:pPr><w:rPr><w:sz w:val="26"/></w:rPr></w:style>
  <w:style w:type="paragraph" w:customStyle="1" w:styleId="{BOX}"><w:name w:val="Encadré"/><w:basedOn w:val="Normal"/>
    <w:qFormat/><w:pPr>{_BORDER}<w:spacing w:after="80"/><w:ind w:left="200"/></w:pPr></w:style>
  <w:style w:type="paragraph" w:customStyle="1" w:styleId="{BOX_LABEL}"><w:name w:val="Titre d’encadré"/>
    <w:basedOn w:val="{BOX}"/><w:next w:val="{BOX}"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:before="160"/></w:pPr>
    <w:rPr><w:b/><w:color w:val="1F3A5F"/></w:rPr></w:style>
  <w:style w:type="paragraph" w:customStyle="1" w:styleId="{TERM}"><w:name w:val="Intitulé"/><w:basedOn w:val="Normal"/>
    <w:next w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/><w:spacing w:after="60"/></w:pPr><w:rPr><w:b/></w:rPr></w:style>
  <w:style w:type="paragraph" w:customStyle="1" w:styleId="{TABLE_TEXT}"><w:name w:val="{TABLE_HEADING.title()}"/>
    <w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/></w:pPr><w:rPr><w:b/></w:rPr></w:style>
  <w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/><w:basedOn w:val="DefaultParagraphFont"/>
    <w:rPr><w:color w:val="0B5394"/><w:u w:val="single"/></w:rPr></w:style>
</w:styles>
"""


class Template:
    """The document that is being written."""

    def __init__(self, paper: Paper) -> None:
        self.document: Any = Document(io.BytesIO(_base()))
        self._language = "fr-FR" if paper.language in ("", "fr") else writable(paper.language)[:20]
        self._style()
        self._page()
        self._tell(paper)
        root = self.document.part.numbering_part.element
        self._numbering = root
        self._next = max((int(one.get(w("numId"))) for one in root.findall(w("num"))), default=0)
        self._definitions = (self._define(ordered=False), self._define(ordered=True))

    def begin_list(self, *, ordered: bool, level: int) -> int:
        """The number of a list of its own, which begins at 1 whatever stands before it."""
        self._next += 1
        override = make("lvlOverride", make("startOverride", val=1), ilvl=level)
        self._numbering.append(
            make("num", make("abstractNumId", val=self._definitions[ordered]), override, numId=self._next)
        )
        return self._next

    def relate(self, address: str) -> str:
        """The name the package has for an address outside."""
        return str(self.document.part.relate_to(address, RT.HYPERLINK, is_external=True))

    def finished(self, content: list[Element], kept: bytes | None) -> bytes:
        """The file, with its text and with what its controls keep beside them."""
        body = self.document.element.body
        for element in content:
            body.insert(len(body) - 1, element)
        if kept is not None:
            self._keep(kept)
        out = io.BytesIO()
        self.document.save(out)
        return out.getvalue()

    def _style(self) -> None:
        styles = self.document.styles
        for style in parse_xml(_STYLES):
            styles.element.append(style)
        for language in styles.element.iter(w("lang")):
            language.set(w("val"), self._language)
        normal = styles["Normal"]
        _set_font(normal)
        normal.font.size = Pt(11)
        normal.paragraph_format.space_after = Pt(6)
        normal.paragraph_format.line_spacing = 1.15
        for name, size in _SIZES.items():
            style = styles[name]
            _set_font(style)
            style.font.size, style.font.bold, style.font.color.rgb = Pt(size), True, _INK
            style.font.italic = False
            style.paragraph_format.space_before = Pt(0 if name == "Title" else size)
            style.paragraph_format.space_after = Pt(6)
        # The title of the document is the first level of its outline, so that none is skipped.
        title = styles["Title"].element.get_or_add_pPr()
        for border in title.findall(w("pBdr")):
            title.remove(border)
        title.append(make("outlineLvl", val=0))
        styles["Caption"].font.color.rgb = RGBColor(0x44, 0x44, 0x44)

    def _page(self) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(25)
        section.top_margin = section.bottom_margin = Mm(22)
        field = make("fldSimple", make("r", make("t")), instr=" PAGE ")
        field[0][0].text = "1"
        footer = section.footer
        footer.is_linked_to_previous = False
        for old in list(footer._element):
            footer._element.remove(old)
        footer._element.append(paragraph(field, style="Footer"))

    def _tell(self, paper: Paper) -> None:
        core = self.document.core_properties
        # 255 characters are what the standard gives a property.
        core.title = writable(paper.title)[:255]
        core.author = core.last_modified_by = "Open Lab"
        core.language, core.identifier = self._language, IDENTIFIER
        core.comments = core.keywords = core.subject = core.category = ""
        core.created = core.modified = clock.now().replace(tzinfo=None, microsecond=0)
        core.revision = 1

    def _define(self, *, ordered: bool) -> int:
        """A numbering with all its levels."""
        others = [int(one.get(w("abstractNumId"))) for one in self._numbering.findall(w("abstractNum"))]
        definition = max(others, default=-1) + 1
        levels = []
        for level in range(LEVELS):
            mark = f"%{level + 1}." if ordered else _BULLETS[level % len(_BULLETS)]
            place = make("pPr", make("ind", left=STEP * (level + 1), hanging=STEP - 85))
            levels.append(
                make(
                    "lvl",
                    make("start", val=1),
                    make("numFmt", val="decimal" if ordered else "bullet"),
                    make("lvlText", val=mark),
                    make("lvlJc", val="left"),
                    place,
                    ilvl=level,
                )
            )
        made = make(
            "abstractNum", make("multiLevelType", val="multilevel"), *levels, abstractNumId=definition
        )
        first = self._numbering.find(w("num"))
        first.addprevious(made)
        return definition

    def _keep(self, kept: bytes) -> None:
        """What does not fit into tags, as a custom XML part: Word keeps such parts when it saves."""
        package = self.document.part.package
        part = Part(PackURI("/customXml/item1.xml"), "application/xml", kept, package)
        told = etree.tostring(
            parse_xml(
                '<ds:datastoreItem xmlns:ds="http://schemas.openxmlformats.org/officeDocument/2006/customXml" '
                'ds:itemID="{7B0B6A0E-5C1D-4C0B-9E43-0A0F6C1D7A11}"><ds:schemaRefs>'
                f'<ds:schemaRef ds:uri="{NAMESPACE}"/></ds:schemaRefs></ds:datastoreItem>'
            ),
            xml_declaration=True,
            encoding="UTF-8",
            standalone=False,
        )
        kind = "application/vnd.openxmlformats-officedocument.customXmlProperties+xml"
        part.relate_to(Part(PackURI("/customXml/itemProps1.xml"), kind, told, package), f"{R}/customXmlProps")
        self.document.part.relate_to(part, f"{R}/customXml")


@cache
def _base() -> bytes:
    """What python-docx begins with, without what no text of ours needs. Made once: its styles take a tenth of a second."""
    document: Any = Document()
    for part in (document.part, document.part.package):
        for name, relation in list(part.rels.items()):
            if relation.reltype.rsplit("/", 1)[-1] in _UNWANTED:
                part.rels.pop(name)
    styles = document.styles.element
    for style in styles.findall(w("style")):
        is_table = style.get(w("type")) == "table"
        if is_table and style.get(w("styleId")) not in ("TableNormal", "TableGrid"):
            styles.remove(style)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _set_font(style: Any) -> None:
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in list(fonts.attrib):
        del fonts.attrib[key]
    for key in ("ascii", "hAnsi", "cs"):
        fonts.set(w(key), _FONT)
