"""The characters of a file of words: how they were encoded is found, never asked."""

from __future__ import annotations

import re

from drafts.exchange.plainly import clean_text

_ENCODINGS = re.compile(
    r"utf-?8|utf-?16(?:le|be)?|us-ascii|iso-?8859-\d{1,2}|windows-125\d|cp125\d|macintosh|latin-?1"
)
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{1,30})", re.IGNORECASE)


def decoded(content: bytes) -> str:
    """The characters of a file: by its mark, by what it says of itself, else UTF-8, else as Windows wrote it."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return clean_text(content.decode(encoding, "replace"))
    declared = _DECLARED.search(content[:4096])
    names = [declared[1].decode("ascii", "replace").lower()] if declared is not None else []
    for name in [*(name for name in names if _ENCODINGS.fullmatch(name)), "utf-8"]:
        try:
            return clean_text(
                content.decode("cp1252" if name in ("iso-8859-1", "latin1", "us-ascii") else name)
            )
        except (UnicodeDecodeError, LookupError):
            continue
    return clean_text(content.decode("cp1252", "replace"))
