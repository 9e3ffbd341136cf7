"""Words that strangers sent, as agents read them: what may be somebody's personal data is marked where it stands."""

from __future__ import annotations

from markupsafe import Markup

from publish import personal


def marked(text: str) -> Markup:
    """The words with a <mark> around each finding, everything escaped."""
    out, at = Markup(), 0
    for found in personal.findings(text):
        out += text[at : found.start]
        out += Markup("<mark>{}</mark>").format(text[found.start : found.end])
        at = found.end
    return out + text[at:]


def without_personal(text: str) -> str:
    """The words with « […] » in the place of each finding, for who need not know them."""
    out, at = "", 0
    for found in personal.findings(text):
        out += text[at : found.start] + "[…]"
        at = found.end
    return out + text[at:]
