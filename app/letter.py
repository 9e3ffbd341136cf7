"""The one layout of a mail: plain text in, the same words as HTML out.

Styles stand on the elements and nothing is fetched: mail programs drop style sheets, and a picture fetched from us would
tell when somebody reads.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_ADDRESS = re.compile(r"https?://[^\s<>\"«»]+[^\s<>\"«»).,;:!?…]")
_PAGE = (
    "margin:0;padding:24px 12px;background:#f6f2ea;color:#1b2430;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;line-height:1.55"
)
_CARD = "max-width:38em;margin:0 auto;padding:20px 24px;background:#fff;border-top:4px solid #00586b"
_PARAGRAPH = "margin:0 0 16px"
_LINK = "color:#00586b"


def html(subject: str, body: str) -> str:
    """A whole document. Paragraphs are parted by empty lines; addresses become links, everything else is escaped."""
    paragraphs = [
        part.strip("\n") for part in re.split(r"\n\s*\n", body.replace("\r\n", "\n")) if part.strip()
    ]
    return Markup(
        '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        '<body style="{}"><div style="{}"><p style="margin:0 0 16px;font-weight:700">Open Lab</p>{}</div></body></html>\n'
    ).format(subject, _PAGE, _CARD, Markup("").join(_paragraph(part) for part in paragraphs))


def _paragraph(words: str) -> Markup:
    lines = Markup("<br>").join(_linked(line) for line in words.split("\n"))
    return Markup('<p style="{}">{}</p>').format(_PARAGRAPH, lines)


def _linked(line: str) -> Markup:
    out, at = Markup(""), 0
    for found in _ADDRESS.finditer(line):
        out += escape(line[at : found.start()])
        out += Markup('<a href="{0}" style="{1}">{0}</a>').format(found[0], _LINK)
        at = found.end()
    return out + escape(line[at:])
