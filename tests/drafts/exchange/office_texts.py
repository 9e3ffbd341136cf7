"""Office files of words: headings, lists, notes, sections, rare letters."""

from __future__ import annotations

import copy
from typing import Any

from docx.oxml import parse_xml
from docx.shared import Mm, RGBColor

from tests.drafts.exchange.office_making import (
    NAMES,
    abstract_of,
    item,
    numbering,
    office,
    part,
    put,
    renamed_styles,
)


@office("")
def empty(document: Any) -> None:
    pass


@office(
    """
    paragraph: Pour qui ?
    heading 2: Les pièces
    paragraph: Une **pièce** d’_identité_ et **_un_** bail⏎à jour.
    heading 3: Les copies
    heading 4: Certifiées
    """,
    title="Demander un logement",
    is_converted=True,
)
def headings_and_words(document: Any) -> None:
    document.add_heading("Demander un logement", 0)
    document.add_paragraph("Pour qui ?")
    document.add_heading("Les pièces", 2)
    paragraph = document.add_paragraph("Une ")
    paragraph.add_run("pièce").bold = True
    paragraph.add_run(" d’")
    paragraph.add_run("identité").italic = True
    paragraph.add_run(" et ")
    both = paragraph.add_run("un")
    both.bold = both.italic = True
    paragraph.add_run(" bail").add_break()
    paragraph.add_run("à jour.")
    document.add_heading("Les copies", 3)
    document.add_heading("Certifiées", 4)


@office(
    """
    heading 2: Première partie
    heading 3: Détail
    heading 4: Plus bas
    heading 4: Encore plus bas
    heading 2: Deuxième partie
    """,
    title="Le titre",
    losses="levels",
    is_converted=True,
)
def first_level_is_the_title(document: Any) -> None:
    document.add_heading("Le titre", 1)
    document.add_heading("Première partie", 1)
    document.add_heading("Détail", 2)
    document.add_heading("Plus bas", 3)
    document.add_heading("Encore plus bas", 5)
    document.add_heading("Deuxième partie", 1)


@office(
    """
    heading 2: Les étapes
    heading 3: La première
    bullet_list
      list_item
        paragraph: un point
    """,
    title="Le permis",
    is_converted=True,
)
def french_styles(document: Any) -> None:
    document.add_heading("Le permis", 0)
    document.add_heading("Les étapes", 2)
    document.add_heading("La première", 3)
    document.add_paragraph("un point", "List Bullet")
    names = {"Title": "Titre", "Heading2": "Titre2", "Heading3": "Titre3", "ListBullet": "Listepuces"}
    for paragraph in document.paragraphs:
        style = paragraph._p.pPr.find("{*}pStyle")
        key = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}val"
        style.set(key, names[style.get(key)])
    renamed_styles(document, names)


@office(
    """
    heading 2: Par son nom français
    heading 3: Par son niveau
    """,
    is_converted=True,
)
def outline_levels(document: Any) -> None:
    put(
        document, '<w:p><w:pPr><w:pStyle w:val="T2"/></w:pPr><w:r><w:t>Par son nom français</w:t></w:r></w:p>'
    )
    put(document, '<w:p><w:pPr><w:outlineLvl w:val="2"/></w:pPr><w:r><w:t>Par son niveau</w:t></w:r></w:p>')
    document.styles.element.append(
        parse_xml(f'<w:style {NAMES} w:type="paragraph" w:styleId="T2"><w:name w:val="Titre 2"/></w:style>')
    )


@office(
    """
    bullet_list
      list_item
        paragraph: un
        bullet_list
          list_item
            paragraph: un un
            bullet_list
              list_item
                paragraph: un un un
          list_item
            paragraph: un deux
      list_item
        paragraph: deux
    paragraph: Fin.
    """,
    is_converted=True,
)
def nested_bullets(document: Any) -> None:
    for words, style in (
        ("un", "List Bullet"),
        ("un un", "List Bullet 2"),
        ("un un un", "List Bullet 3"),
        ("un deux", "List Bullet 2"),
        ("deux", "List Bullet"),
    ):
        document.add_paragraph(words, style)
    document.add_paragraph("Fin.")


@office(
    """
    ordered_list
      list_item
        paragraph: Prendre rendez-vous
        bullet_list
          list_item
            paragraph: par téléphone
          list_item
            paragraph: au guichet
      list_item
        paragraph: Venir
        bullet_list
          list_item
            paragraph: à l’heure
            ordered_list
              list_item
                paragraph: très précisément
    """,
    is_converted=True,
)
def mixed_numbering(document: Any) -> None:
    number = numbering(document, "decimal", "bullet", "decimal")
    for words, level in (
        ("Prendre rendez-vous", 0),
        ("par téléphone", 1),
        ("au guichet", 1),
        ("Venir", 0),
        ("à l’heure", 1),
        ("très précisément", 2),
    ):
        item(document, words, number, level)


@office(
    """
    ordered_list
      list_item
        paragraph: a
      list_item
        paragraph: b
    ordered_list
      list_item
        paragraph: encore a
    paragraph: Entre deux.
    ordered_list
      list_item
        paragraph: encore b
    """,
    losses="numbers",
    is_converted=True,
)
def restarts(document: Any) -> None:
    first = numbering(document, "decimal")
    second = numbering(document, restart=True, same=abstract_of(document, first))
    item(document, "a", first)
    item(document, "b", first)
    item(document, "encore a", second)
    document.add_paragraph("Entre deux.")
    item(document, "encore b", second)


@office(
    """
    ordered_list
      list_item
        paragraph: Un
        paragraph: qui continue
      list_item
        paragraph: Deux
    """,
    is_converted=True,
)
def item_of_two_paragraphs(document: Any) -> None:
    number = numbering(document, "decimal")
    item(document, "Un", number)
    document.add_paragraph("qui continue", "List Continue").paragraph_format.left_indent = Mm(12.7)
    item(document, "Deux", number)


@office(
    """
    paragraph: Le délai (1) court (2) dès la demande.
    heading 2: Notes
    ordered_list
      list_item
        paragraph: Sauf **jours fériés**.
      list_item
        paragraph: Article 3.
        paragraph: Et suivants.
    """,
    losses="notes",
    is_converted=True,
)
def footnotes_and_endnotes(document: Any) -> None:
    part(
        document,
        "footnotes",
        '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
        '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:footnote>'
        '<w:footnote w:id="1"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t xml:space="preserve"> Sauf </w:t></w:r>'
        "<w:r><w:rPr><w:b/></w:rPr><w:t>jours fériés</w:t></w:r><w:r><w:t>.</w:t></w:r></w:p></w:footnote>",
    )
    part(
        document,
        "endnotes",
        '<w:endnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:endnote>'
        '<w:endnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:endnote>'
        '<w:endnote w:id="1"><w:p><w:r><w:endnoteRef/></w:r><w:r><w:t xml:space="preserve"> Article 3.</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>Et suivants.</w:t></w:r></w:p></w:endnote>",
    )
    put(
        document,
        '<w:p><w:r><w:t>Le délai</w:t></w:r><w:r><w:footnoteReference w:id="1"/></w:r>'
        '<w:r><w:t xml:space="preserve"> court</w:t></w:r><w:r><w:endnoteReference w:id="1"/></w:r>'
        '<w:r><w:t xml:space="preserve"> dès la demande.</w:t></w:r></w:p>',
    )


@office(
    """
    paragraph: Première section.
    paragraph: Deuxième section, en couleur.
    """,
    losses="page_margins look",
    is_converted=True,
)
def sections_headers_and_colours(document: Any) -> None:
    document.add_paragraph("Première section.")
    document.sections[0].header.paragraphs[0].text = "Province Sud — confidentiel"
    document.add_section()
    run = document.add_paragraph().add_run("Deuxième section, en couleur.")
    run.font.color.rgb = RGBColor(200, 0, 0)
    run.underline = True


@office(
    """
    paragraph: Nom\u00a0:\tDupont, co\u00adopé\u00adra\u00adtion, 12\u202f000\u00a0F, porte\u2011à\u2011porte.
    paragraph: 🌺 𝕏 שלום مرحبا
    """.replace("\u00a0", "␣"),
    is_converted=True,
)
def rare_letters(document: Any) -> None:
    put(
        document,
        "<w:p><w:r><w:t>Nom\u00a0:</w:t><w:tab/><w:t>Dupont, co</w:t><w:softHyphen/><w:t>opé\u00adra\u00adtion, 12\u202f000\u00a0F, porte</w:t>"
        "<w:noBreakHyphen/><w:t>à</w:t><w:noBreakHyphen/><w:t>porte.</w:t></w:r></w:p>",
    )
    document.add_paragraph("🌺 𝕏 שלום مرحبا")


@office(
    "\n".join(
        f"    heading 2: Partie {number}\n    paragraph: {'Une phrase. ' * 20}".rstrip()
        for number in range(150)
    )
)
def long_document(document: Any) -> None:
    style = document.styles["Heading 2"]
    first = document.add_paragraph("Partie 0", style)._p
    words = document.add_paragraph(("Une phrase. " * 20).rstrip())._p
    for number in range(1, 150):
        for model in (first, words):
            body = document.element.body
            made = copy.deepcopy(model)
            if model is first:
                made.r_lst[0].text = f"Partie {number}"
            body.insert(len(body) - 1, made)


@office(
    """
    paragraph: Une ligne
    heading 2: Titre numéroté
    """,
    losses="numbers",
    is_converted=True,
)
def numbered_heading_and_spacing(document: Any) -> None:
    for words in ("", "Une ligne", "  ", ""):
        document.add_paragraph(words)
    number = numbering(document, "decimal")
    heading = document.add_heading("Titre numéroté", 2)
    heading._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {NAMES}><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>')
    )
