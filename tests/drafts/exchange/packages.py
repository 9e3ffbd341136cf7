"""Office files made by hand, good ones and hostile ones: ZIP packages with exactly the bytes a test wants."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
    '<Override PartName="/word/document.xml" ContentType="{}"/>{}</Types>'
)
RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    "{}</Relationships>"
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/>'


def body(*paragraphs: str, raw: str = "") -> str:
    words = "".join(f"<w:p><w:r><w:t>{one}</w:t></w:r></w:p>" for one in paragraphs)
    return f'<?xml version="1.0" encoding="UTF-8"?><w:document {W}><w:body>{words}{raw}</w:body></w:document>'


def word(
    document: str | bytes | None = None,
    *,
    more: dict[str, bytes | str] | None = None,
    types: str = "",
    main: str = WORD,
    relations: str = "",
) -> bytes:
    """A Word document: its body, further members, further lines of its content types and its relations."""
    members: dict[str, bytes | str] = {
        "[Content_Types].xml": TYPES.format(main, types),
        "_rels/.rels": RELATIONS.format(MAIN),
        "word/document.xml": document if document is not None else body("Bonjour."),
    }
    if relations:
        members["word/_rels/document.xml.rels"] = RELATIONS.format(relations)
    return packed(members | (more or {}))


def packed(members: dict[str, bytes | str], *, stored: tuple[str, ...] = ()) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as made:
        for name, content in members.items():
            made.writestr(ZipInfo(name), content, ZIP_STORED if name in stored else ZIP_DEFLATED)
    return out.getvalue()


def text_document(more: dict[str, bytes | str] | None = None, kind: str = "text") -> bytes:
    """An OpenDocument text."""
    members: dict[str, bytes | str] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>',
        "META-INF/manifest.xml": '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
    }
    return packed(members | (more or {}), stored=("mimetype",))
