"""A child that reads files as the product's does, with readers of a dozen lines: what stands around the readers is tried with it.

python -m tests.drafts.exchange.tiny_reader SHARED_FILE MEMORY
"""

from __future__ import annotations

import sys
import time
from io import BytesIO
from zipfile import ZipFile

from lxml import etree

from drafts.exchange import work
from drafts.exchange.paper import Brought, Format, Loss, Refused
from drafts.grammar import Tree

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def paragraph(words: str) -> dict[str, object]:
    return {"type": "paragraph", "content": [{"type": "text", "text": words}]}


def read_word(content: bytes) -> Brought:
    """The paragraphs, and every file below word/media as a picture after them."""
    with ZipFile(BytesIO(content)) as opened:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        body = etree.fromstring(opened.read("word/document.xml"), parser)
        pictures = {
            f"p{place}": opened.read(name)
            for place, name in enumerate(sorted(opened.namelist()))
            if name.startswith("word/media/")
        }
    tree: Tree = []
    for element in body.iter(f"{_W}p"):
        if words := "".join(element.itertext()).strip():
            tree.append(paragraph(words))
    tree += [{"type": "image", "attrs": {"image": key, "alt": "photo.webp"}} for key in pictures]
    return Brought("Le titre du document", tree, pictures, (Loss("comments", 2, "À revoir"),))


def read_lines(content: bytes) -> Brought:
    """A paragraph for each line. Some first words make it do what a reader should not."""
    words = content.decode()
    if words.startswith("DORS"):
        time.sleep(60)
    if words.startswith("ÉCRIS"):
        with open(words.split()[1], "w") as file:
            file.write("écrit")
    if words.startswith("PROFOND"):
        nested: Tree = [paragraph("au fond")]
        for _level in range(40):
            nested = [{"type": "bullet_list", "content": [{"type": "list_item", "content": nested}]}]
        return Brought("", nested)
    if words.startswith("NON"):
        raise Refused("encrypted")
    return Brought("", [paragraph(line) for line in words.splitlines() if line])


if __name__ == "__main__":
    sys.exit(work.serve({Format.DOCX: read_word, Format.MARKDOWN: read_lines, Format.HTML: read_lines}))
