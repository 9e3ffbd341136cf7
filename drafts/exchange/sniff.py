"""What a file is: by its bytes first, by its name second, and refused when the two disagree.

A file that is two things at once (a PDF that is a ZIP as well, a web page called .docx) is read as one thing here and as
another elsewhere: such files are made to get past somebody. Runs in the child only (`drafts.exchange.work`).
"""

from __future__ import annotations

import re

from drafts.exchange import package
from drafts.exchange.paper import Format, Refused

# What a name says, where it says something.
_CALLED = {
    "docx": Format.DOCX,
    "odt": Format.ODT,
    "md": Format.MARKDOWN,
    "markdown": Format.MARKDOWN,
    "txt": Format.MARKDOWN,
    "html": Format.HTML,
    "htm": Format.HTML,
    "xhtml": Format.HTML,
}
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
# (the first bytes, the code of the refusal): what people send instead, each with a sentence that says what to do.
_OTHERS = (
    (b"{\\rtf", "rtf"),
    (b"MIME-Version:", "mhtml"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"RIFF", "image"),
    (b"PK\x05\x06", "broken"),
    (b"PK\x07\x08", "broken"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"Rar!", "archive"),
)
# Where a reader of PDF looks for its head (ISO 32000-1, annex H.3.4.1 of older readers: the first 1,024 bytes).
_PDF_WITHIN = 1024
_MARKUP = re.compile(
    r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
# How much of a text is looked at to know what it is.
_LOOK = 64 * 1024


def sniff(content: bytes, name: str) -> Format:
    """The format of a file. Raises Refused for what is none of ours, or more than one thing."""
    if not content:
        raise Refused("empty")
    # Before anything else: a PDF in front of a ZIP begins as neither.
    if b"%PDF-" in content[:_PDF_WITHIN]:
        raise Refused("pdf")
    if content.startswith(_OLE):
        # A document with a password is an OLE file with this stream ([MS-OFFCRYPTO] 2.3.4).
        raise Refused("encrypted" if "EncryptedPackage".encode("utf-16-le") in content else "old_office")
    for first, code in _OTHERS:
        if content.startswith(first):
            raise Refused(code)
    found = package.kind_of(content) if content.startswith(b"PK\x03\x04") else _text(content, name)
    called = _CALLED.get(_ending(name))
    if called is not None and called is not found:
        raise Refused("two_things")
    return found


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _text(content: bytes, name: str) -> Format:
    """HTML or Markdown. A web page may be in UTF-16, as Word saves it; a NUL in any other text is no text."""
    if package.ends_as_zip(content):
        # Words in front of a ZIP: the other readers of such a file begin at its end.
        raise Refused("two_things")
    start = content[:_LOOK]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        words = start.decode("utf-16", "replace")
    elif b"\x00" in content:
        raise Refused("unknown")
    else:
        words = start.decode("utf-8-sig", "replace")
    if _MARKUP.match(words):
        return Format.HTML
    called = _CALLED.get(_ending(name))
    # A piece of a page has no head of its own: there the name tells it from Markdown, in which tags may stand too.
    if called is Format.HTML and "<" in words:
        return Format.HTML
    if called is Format.MARKDOWN:
        return Format.MARKDOWN
    if called is not None:
        raise Refused("two_things")
    raise Refused("unknown")
