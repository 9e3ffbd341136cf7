"""Office files with more than words: tables, images, boxes, fields, changes, controls."""

from __future__ import annotations

from typing import Any

from docx.oxml import parse_xml

from tests.drafts.exchange.office_making import NAMES, described, link, office, picture, put


@office(
    """
    table
      table_row
        table_header
          paragraph: Province
        table_header
          paragraph: Délai
      table_row
        table_cell
          paragraph: Sud
        table_cell
          paragraph: **Un** mois
    """,
    is_converted=True,
)
def table_with_a_header_row(document: Any) -> None:
    table = document.add_table(2, 2, "Table Grid")
    for cell, words in zip(table.rows[0].cells, ("Province", "Délai"), strict=True):
        cell.paragraphs[0].add_run(words).bold = True
    table.rows[0]._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {NAMES}/>"))
    table.cell(1, 0).text = "Sud"
    table.cell(1, 1).paragraphs[0].add_run("Un").bold = True
    table.cell(1, 1).paragraphs[0].add_run(" mois")


@office(
    """
    table
      table_row
        table_header
          paragraph: Quoi
        table_header
          paragraph: Combien
      table_row
        table_cell
          paragraph: Timbre
        table_cell
          paragraph: 500 F
    """
)
def first_row_in_bold(document: Any) -> None:
    table = document.add_table(2, 2)
    for place, words in enumerate(("Quoi", "Combien")):
        table.cell(0, place).paragraphs[0].add_run(words).bold = True
    table.cell(1, 0).text, table.cell(1, 1).text = "Timbre", "500 F"


@office(
    """
    table
      table_row
        table_cell
          paragraph: large
        table_cell
          paragraph
        table_cell
          paragraph: c
      table_row
        table_cell
          paragraph: haut
        table_cell
          paragraph: e
        table_cell
          paragraph: f
      table_row
        table_cell
          paragraph
        table_cell
          paragraph: h
        table_cell
          paragraph: i
    """,
    losses="spans",
    is_converted=True,
)
def merged_cells(document: Any) -> None:
    table = document.add_table(3, 3)
    for place, words in enumerate("abcdefghi"):
        table.cell(place // 3, place % 3).text = words
    table.cell(0, 0).merge(table.cell(0, 1)).text = "large"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "haut"


@office(
    """
    table
      table_row
        table_cell
          paragraph: seul
        table_cell
          paragraph: ici
    """
)
def only_a_table(document: Any) -> None:
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "seul", "ici"


@office(
    """
    table
      table_row
        table_cell
          paragraph: dehors
        table_cell
          paragraph: avant
          table
            table_row
              table_cell
                paragraph: dedans
              table_cell
                paragraph: aussi
    paragraph: Un encadré.
    """,
    losses="layout_tables",
    is_converted=True,
)
def table_in_a_table(document: Any) -> None:
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "dehors", "avant"
    inner = table.cell(0, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "dedans", "aussi"
    document.add_paragraph()
    document.add_table(1, 1).cell(0, 0).text = "Un encadré."


@office(
    """
    paragraph: Le nouveau délai est de deux mois.
    paragraph: Un seul paragraphe à la fin.
    table
      table_row
        table_cell
          paragraph: reste
        table_cell
          paragraph: là
    """,
    losses="deleted insertions",
)
def tracked_changes(document: Any) -> None:
    who = 'w:author="Ana" w:date="2026-01-01T00:00:00Z"'
    put(
        document,
        f'<w:p><w:r><w:t xml:space="preserve">Le </w:t></w:r><w:ins w:id="1" {who}><w:r><w:t xml:space="preserve">nouveau </w:t></w:r></w:ins>'
        f'<w:r><w:t xml:space="preserve">délai est de </w:t></w:r><w:del w:id="2" {who}><w:r><w:delText>trois</w:delText></w:r></w:del>'
        f'<w:moveFrom w:id="3" {who}><w:r><w:t>semaines</w:t></w:r></w:moveFrom>'
        f'<w:ins w:id="4" {who}><w:r><w:t>deux</w:t></w:r><w:del w:id="5" {who}><w:r><w:delText> ou dix</w:delText></w:r></w:del></w:ins>'
        '<w:r><w:t xml:space="preserve"> mois.</w:t></w:r></w:p>',
    )
    put(
        document,
        f'<w:p><w:pPr><w:rPr><w:del w:id="6" {who}/></w:rPr></w:pPr><w:r><w:t xml:space="preserve">Un seul </w:t></w:r></w:p>',
    )
    put(document, "<w:p><w:r><w:t>paragraphe à la fin.</w:t></w:r></w:p>")
    table = document.add_table(2, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "reste", "là"
    table.cell(1, 0).text = "supprimée"
    table.rows[1]._tr.get_or_add_trPr().append(parse_xml(f'<w:del {NAMES} w:id="7" {who}/>'))


@office("paragraph: Le dossier est complet.", losses="comments")
def comments(document: Any) -> None:
    run = document.add_paragraph().add_run("Le dossier est complet.")
    document.add_comment(run, text="En est-on sûr ?", author="Ana", initials="A")


@office(
    """
    paragraph: Avant.
    image: Le plan
    paragraph: Une image dans le texte.
    image
    image
    """,
    is_converted=True,
)
def images(document: Any) -> None:
    document.add_paragraph("Avant.")
    document.add_picture(picture())
    described(document, "La maison vue du ciel")
    document.add_paragraph("Le plan", "Caption")
    paragraph = document.add_paragraph("Une image ")
    paragraph.add_run().add_picture(picture("blue", "JPEG"))
    paragraph.add_run("dans le texte.")
    document.add_picture(picture())
    described(
        document,
        "",
        '<a:extLst><a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}"><adec:decorative val="1" '
        'xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative"/></a:ext></a:extLst>',
    )


@office(
    """
    paragraph: Voyez [le site](https://gouv.nc/a?b=1&c=2), [un courriel](mailto:a@b.nc), le piège et plus bas.
    """,
    losses="link internal_links",
    is_converted=True,
)
def hyperlinks(document: Any) -> None:
    paragraph = document.add_paragraph("Voyez ")
    link(document, paragraph, "le site", "https://gouv.nc/a?b=1&c=2")
    paragraph.add_run(", ")
    link(document, paragraph, "un courriel", "mailto:a@b.nc")
    paragraph.add_run(", ")
    link(document, paragraph, "le piège", "javascript:alert(1)")
    paragraph.add_run(" et ")
    paragraph._p.append(
        parse_xml(f'<w:hyperlink {NAMES} w:anchor="_Toc1"><w:r><w:t>plus bas</w:t></w:r></w:hyperlink>')
    )
    paragraph._p.append(parse_xml(f'<w:bookmarkStart {NAMES} w:id="0" w:name="_GoBack"/>'))
    paragraph._p.append(parse_xml(f'<w:bookmarkEnd {NAMES} w:id="0"/>'))
    paragraph.add_run(".")


@office(
    """
    paragraph: Avant la boîte.
    paragraph: Dans la boîte.
    paragraph: Après.
    paragraph: Autre boîte.
    """,
    losses="frame",
    is_converted=True,
)
def text_boxes(document: Any) -> None:
    inner = "<w:txbxContent><w:p><w:r><w:t>Dans la boîte.</w:t></w:r></w:p></w:txbxContent>"
    put(
        document,
        '<w:p><w:r><w:t xml:space="preserve">Avant </w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:inline>'
        '<wp:docPr id="1" name="x"/><a:graphic><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape">'
        f"<wps:wsp><wps:txbx>{inner}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape><v:textbox>{inner}</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
        "<w:r><w:t>la boîte.</w:t></w:r></w:p>",
    )
    put(
        document,
        "<w:p><w:r><w:t>Après.</w:t></w:r><w:r><w:pict><v:shape><v:textbox><w:txbxContent><w:p><w:r><w:t>Autre boîte.</w:t></w:r></w:p>"
        "</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>",
    )


@office(
    """
    paragraph: Mis à jour le 3 mai, page 12, [ici](https://gouv.nc/).
    """,
    losses="contents",
)
def fields(document: Any) -> None:
    def run(inside: str) -> str:
        return f"<w:r>{inside}</w:r>"

    begin, middle, end = (
        run(f'<w:fldChar w:fldCharType="{kind}"/>') for kind in ("begin", "separate", "end")
    )
    put(
        document,
        '<w:p><w:r><w:t xml:space="preserve">Mis à jour le </w:t></w:r><w:fldSimple w:instr=" DATE "><w:r><w:t>3 mai</w:t></w:r></w:fldSimple>'
        '<w:r><w:t xml:space="preserve">, page </w:t></w:r>'
        + begin
        + run("<w:instrText> PAGEREF _x \\h </w:instrText>")
        + middle
        + run("<w:t>12</w:t>")
        + end
        + run('<w:t xml:space="preserve">, </w:t>')
        + begin
        + run('<w:instrText xml:space="preserve"> HYPERLINK "https://gouv.nc/" </w:instrText>')
        + middle
        + run("<w:t>ici</w:t>")
        + end
        + run("<w:t>.</w:t>")
        + "</w:p>",
    )
    put(
        document,
        "<w:p>"
        + begin
        + run('<w:instrText xml:space="preserve"> TOC \\o "1-3" </w:instrText>')
        + middle
        + run("<w:t>Chapitre 1</w:t><w:tab/><w:t>3</w:t>")
        + "</w:p>",
    )
    put(document, "<w:p>" + run("<w:t>Chapitre 2</w:t>") + end + "</w:p>")


@office(
    """
    paragraph: Avant.
    paragraph: Le nom du demandeur et ☒ lu
    paragraph: Après.
    """,
    losses="placeholders",
    is_converted=True,
)
def content_controls(document: Any) -> None:
    document.add_paragraph("Avant.")
    put(
        document,
        '<w:sdt><w:sdtPr><w:tag w:val="autre"/></w:sdtPr><w:sdtContent><w:p><w:r><w:t xml:space="preserve">Le nom </w:t></w:r>'
        "<w:sdt><w:sdtPr><w:text/></w:sdtPr><w:sdtContent><w:r><w:t>du demandeur</w:t></w:r></w:sdtContent></w:sdt>"
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r><w:t>Cliquez ici</w:t></w:r></w:sdtContent></w:sdt>"
        '<w:r><w:t xml:space="preserve"> et ☒ lu</w:t></w:r></w:p></w:sdtContent></w:sdt>',
    )
    document.add_paragraph("Après.")


@office(
    """
    paragraph: La formule :
    paragraph: Un m2 rayé visible
    """,
    losses="equations charts object hidden struck raised symbols",
)
def what_has_no_place(document: Any) -> None:
    put(
        document,
        "<w:p><w:r><w:t>La formule :</w:t></w:r><m:oMath><m:r><m:t>E=mc²</m:t></m:r></m:oMath></w:p>",
    )
    put(
        document,
        '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="g" descr="Les ventes"/><a:graphic>'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart r:id="rId99"/></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing></w:r></w:p>",
    )
    put(
        document,
        '<w:p><w:r><w:object><o:OLEObject Type="Embed" ProgID="Excel.Sheet.12"/></w:object></w:r></w:p>',
    )
    put(
        document,
        '<w:p><w:r><w:t>Un m</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>2</w:t></w:r>'
        '<w:r><w:t xml:space="preserve"> </w:t></w:r><w:r><w:rPr><w:strike/></w:rPr><w:t xml:space="preserve">rayé </w:t></w:r>'
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>caché</w:t></w:r><w:r><w:t>visible</w:t></w:r>"
        '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r></w:p>',
    )
