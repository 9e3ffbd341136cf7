"""Pictures of a text in a Word file: in a form that Word reads, with what they say to who does not see them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from docx.shared import Emu
from lxml import etree
from PIL import Image

from drafts.exchange.docx_markup import paragraph, writable
from drafts.exchange.docx_package import Element

# The text of an A4 page is 160 mm wide; a picture higher than 200 mm leaves no room for its caption.
MOST_WIDTH, MOST_HEIGHT = Emu(160 * 36_000), Emu(200 * 36_000)
# Points of a screen, of which there are 96 to the inch.
_POINT = 914_400 // 96
# Word reads no WebP. As PNG a photo is fifty times its WebP: beyond this size, and without transparency, it becomes
# a JPEG in which nobody sees the difference.
LONGEST_PNG = 400_000
_MOST_PIXELS = 40_000_000
_NAME_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_NAME_DECORATIVE = "http://schemas.microsoft.com/office/drawing/2017/decorative"
_DECORATIVE = "{C183D7F6-B498-43B3-948B-1728B52AA6E4}"


class Pictures:
    """Puts pictures into a document; each is written once, however often it stands there."""

    def __init__(self, document: Any, given: Mapping[str, bytes]) -> None:
        self._document = document
        self._given = given
        self._made: dict[str, bytes | None] = {}
        self._number = 0

    def has(self, name: str) -> bool:
        return self._bytes(name) is not None

    def paragraph(self, name: str, words: str, *, is_decorative: bool) -> Element:
        """The picture in a paragraph of its own."""
        content = self._bytes(name)
        assert content is not None
        self._number += 1
        scratch = self._document.add_paragraph()
        shape = scratch.add_run().add_picture(io.BytesIO(content))
        with Image.open(io.BytesIO(content)) as opened:
            width, height = opened.width * _POINT, opened.height * _POINT
        share = min(1.0, MOST_WIDTH / width, MOST_HEIGHT / height)
        shape.width, shape.height = Emu(max(1, int(width * share))), Emu(max(1, int(height * share)))
        for side in "TBLR":
            # Where nothing is said LibreOffice keeps three millimetres free.
            shape._inline.set(f"dist{side}", "0")
        told = shape._inline.docPr
        told.set("id", str(10_000 + self._number))
        told.set("name", f"Image {self._number}")
        told.set("descr", writable(words))
        if is_decorative:
            listed = etree.SubElement(told, f"{{{_NAME_A}}}extLst")
            kind = etree.SubElement(listed, f"{{{_NAME_A}}}ext", uri=_DECORATIVE)
            etree.SubElement(
                kind, f"{{{_NAME_DECORATIVE}}}decorative", nsmap={"adec": _NAME_DECORATIVE}, val="1"
            )
        runs = list(scratch._p.r_lst)
        scratch._p.getparent().remove(scratch._p)
        return paragraph(*runs, keeps_next=True)

    def _bytes(self, name: str) -> bytes | None:
        if name not in self._made:
            self._made[name] = _for_word(self._given[name]) if name in self._given else None
        return self._made[name]


def _for_word(content: bytes) -> bytes | None:
    """The picture as PNG or JPEG; None when it cannot be read."""
    try:
        with Image.open(io.BytesIO(content), formats=("WEBP", "PNG", "JPEG", "GIF")) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return None
            is_see_through = opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info
            picture = opened.convert("RGBA" if is_see_through else "RGB")
    except Exception:
        # Pillow says OSError, ValueError, SyntaxError, struct.error and others of bytes it cannot read.
        return None
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    if out.tell() > LONGEST_PNG and not is_see_through:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=90, progressive=True)
    return out.getvalue()
