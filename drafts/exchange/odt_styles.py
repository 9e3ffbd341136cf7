"""The named styles of an OpenDocument file of ours."""

from __future__ import annotations

from drafts.exchange.odt_words import (
    BULLETS,
    CAPTION,
    LEGAL,
    NOTHING_SAID,
    NUMBERS,
    SAID,
    SAID_WORDS,
    STYLED,
    style_name,
)

# The country that belongs to a language where a file names both.
LANGUAGE = {"fr": "FR", "en": "GB"}


def _paragraph(
    shown: str, text: str = "", look: str = 'fo:margin-top="0.1cm" fo:margin-bottom="0.2cm"'
) -> str:
    return (
        f'<style:style style:name="{style_name(shown)}" style:display-name="{shown}" style:family="paragraph" '
        f'style:parent-style-name="Text_20_body"><style:paragraph-properties {look}/>'
        f"<style:text-properties {text}/></style:style>"
    )


def _list(shown: str, numbered: bool) -> str:
    levels = []
    for level in range(1, 11):
        sign = (
            f'<text:list-level-style-number text:level="{level}" style:num-format="{"1aI"[(level - 1) % 3]}" style:num-suffix=".">'
            if numbered
            else f'<text:list-level-style-bullet text:level="{level}" text:bullet-char="{"•–▪"[(level - 1) % 3]}">'
        )
        at = 0.63 * (level + 1)
        levels.append(
            f'{sign}<style:list-level-properties text:list-level-position-and-space-mode="label-alignment">'
            f'<style:list-level-label-alignment text:label-followed-by="listtab" fo:text-indent="-0.63cm" fo:margin-left="{at:.2f}cm"/>'
            f"</style:list-level-properties></text:list-level-style-{'number' if numbered else 'bullet'}>"
        )
    return f'<text:list-style style:name="{style_name(shown)}" style:display-name="{shown}">{"".join(levels)}</text:list-style>'


def _heading(level: int, size: int) -> str:
    return (
        f'<style:style style:name="Heading_20_{level}" style:display-name="Heading {level}" style:family="paragraph" '
        f'style:parent-style-name="Heading" style:next-style-name="Text_20_body" style:default-outline-level="{level}">'
        f'<style:paragraph-properties fo:margin-top="0.5cm" fo:margin-bottom="0.2cm" fo:keep-with-next="always"/>'
        f'<style:text-properties fo:font-size="{size}pt" fo:font-weight="bold"/></style:style>'
    )


STYLES = (
    (
        '<style:style style:name="Text_20_body" style:display-name="Text body" style:family="paragraph" '
        'style:parent-style-name="Standard"><style:paragraph-properties fo:margin-bottom="0.25cm"/></style:style>'
    ),
    (
        '<style:style style:name="Heading" style:family="paragraph" style:parent-style-name="Standard" '
        'style:next-style-name="Text_20_body"/>'
    ),
    (
        '<style:style style:name="Title" style:family="paragraph" style:parent-style-name="Heading">'
        '<style:text-properties fo:font-size="22pt" fo:font-weight="bold"/></style:style>'
    ),
    _heading(1, 18),
    _heading(2, 15),
    _heading(3, 13),
    (
        '<style:style style:name="Table_20_Contents" style:display-name="Table Contents" style:family="paragraph" '
        'style:parent-style-name="Standard"/>'
    ),
    (
        '<style:style style:name="Table_20_Heading" style:display-name="Table Heading" style:family="paragraph" '
        'style:parent-style-name="Table_20_Contents"><style:text-properties fo:font-weight="bold"/></style:style>'
    ),
    (
        '<style:style style:name="Strong_20_Emphasis" style:display-name="Strong Emphasis" style:family="text">'
        '<style:text-properties fo:font-weight="bold"/></style:style>'
    ),
    '<style:style style:name="Emphasis" style:family="text"><style:text-properties fo:font-style="italic"/></style:style>',
    (
        f'<style:style style:name="{style_name(SAID_WORDS)}" style:display-name="{SAID_WORDS}" style:family="text">'
        '<style:text-properties fo:color="#404040"/></style:style>'
    ),
    _paragraph(SAID, 'fo:color="#404040" fo:font-size="10pt"', 'fo:margin-bottom="0cm"'),
    _paragraph(NOTHING_SAID),
    _paragraph(CAPTION, 'fo:font-size="10pt"'),
    _paragraph(LEGAL),
    _paragraph(STYLED["lead"], 'fo:font-size="14pt"'),
    _paragraph(STYLED["cost"]),
    _paragraph(STYLED["delay"]),
    _paragraph(
        STYLED["label"],
        'fo:font-size="13pt"',
        'fo:margin-top="0.3cm" fo:keep-with-next="always"',
    ),
    _list(BULLETS, False),
    _list(NUMBERS, True),
)
