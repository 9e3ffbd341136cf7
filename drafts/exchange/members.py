"""Members of a ZIP that a stranger made, and the XML in them: read so far and no further, nothing outside of it believed."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib

from lxml import etree

# What reading a bad member raises: `NotImplementedError` for a method of compression that Python does not know,
# `RuntimeError` for one with a password, and each decompressor has an error of its own.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    KeyError,
    OSError,
    ValueError,
)


def first_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo | str, most: int) -> bytes | None:
    """What a member holds, never more than `most` + 1 bytes whatever size it declares; None for one that is damaged."""
    try:
        with archive.open(member) as opened:
            return opened.read(most + 1)
    except DAMAGED:
        return None


def root_of(content: bytes) -> etree._Element:
    """The root of an XML part. Its own entities, outer files and the network are out of reach.

    Raises etree.XMLSyntaxError, ValueError; the latter for a part with a document type, which no office suite writes: who
    does wants to have entities expanded.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    root = etree.fromstring(content, parser)
    if root.getroottree().docinfo.doctype:
        raise ValueError("a document type")
    return root
