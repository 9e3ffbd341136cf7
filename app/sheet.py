"""Sheets to read and to file, as PDF: A4 with our letters and our few shapes.

Text stays text, in French, with a title and headings that a reader can jump between; the letters travel with it. Setting
one takes some tenths of a second: the worker does it, never the loop of people typing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from app.extensions import gettext as _

FONTS = Path(__file__).parent / "fonts"
_INK = (27, 36, 48)
_LAGOON = (0, 88, 107)
# fontTools tells of every table it leaves out.
logging.getLogger("fontTools").setLevel(logging.ERROR)


class Sheet(FPDF):
    """A4 with our letters and our few shapes."""

    def __init__(self) -> None:
        super().__init__(format="A4")
        self.add_font("sans", "", FONTS / "DejaVuSans.ttf")
        self.add_font("sans", "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_margins(18, 18)
        self.set_auto_page_break(True, 20)
        self.set_font("sans", "", 9)
        self.set_text_color(*_INK)

    def start_section(self, name: str, level: int = 0, strict: bool = True) -> None:
        """A heading that stands in the outline too, never alone at the foot of a page."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(0 if level == 0 else 4)
        super().start_section(name, level, strict)
        self.set_font("sans", "B", 16 if level == 0 else 11)
        self.set_text_color(*_LAGOON)
        self.multi_cell(0, None, name, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font("sans", "", 9)
        self.set_text_color(*_INK)
        self.ln(2)

    def words(self, text: str) -> None:
        self.multi_cell(0, 5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(2)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        self.lines([], ([name, value] for name, value in rows), widths=(24, 76))

    def lines(self, head: list[str], rows: Iterable[list[str]], widths: tuple[int, ...]) -> None:
        style = FontFace(emphasis="B", fill_color=(246, 242, 234))
        with self.table(
            col_widths=widths, text_align="LEFT", first_row_as_headings=bool(head), headings_style=style,
            borders_layout="HORIZONTAL_LINES", line_height=5, padding=0.8, width=self.epw,
        ) as table:  # fmt: skip
            for row in [head, *rows] if head else rows:
                table.row(row)

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("sans", "", 8)
        self.cell(0, 5, _("Open Lab – page %(page)s", page=self.page_no()), align="R")
