"""What the office files of the tests are made with: python-docx, and raw markup for what it has no word for.

Each file says what it should become: `OFFICE` has one entry for each that was made.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from PIL import Image

NAMES = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "v": "urn:schemas-microsoft-com:vml",
        "o": "urn:schemas-microsoft-com:office:office",
    }.items()
)
NOTE_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
NOTE_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


@dataclass(frozen=True)
class Office:
    """One file: what `tests.journeys.clipboard.written` says of its tree, its title, and the codes of what it loses.

    `is_converted`: it says the same once LibreOffice has saved it as its own.
    """

    name: str
    content: bytes
    expected: str
    title: str = ""
    losses: frozenset[str] = frozenset()
    is_converted: bool = False


OFFICE: list[Office] = []


def office(
    expected: str, *, title: str = "", losses: str = "", is_converted: bool = False
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """The file that the function makes of an empty document; it may give bytes of its own."""

    def keep(maker: Callable[[Any], Any]) -> Callable[[Any], Any]:
        document = Document()
        made = maker(document)
        if not isinstance(made, bytes):
            made = saved(document)
        lines = expected.strip("\n").splitlines()
        margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        said = "\n".join(line[margin:] for line in lines).rstrip()
        name = maker.__name__.replace("_", "-")
        OFFICE.append(Office(name, made, said, title, frozenset(losses.split()), is_converted))
        return maker

    return keep


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def put(document: Any, xml: str) -> Any:
    """Raw markup at the end of the document, with the usual names declared."""
    head, tail = (
        xml.strip().split(">", 1) if not xml.strip().split(">", 1)[0].endswith("/") else (xml[:-2], "")
    )
    element = parse_xml(f"{head} {NAMES}>{tail}")
    body = document.element.body
    body.insert(len(body) - 1, element)
    return element


def part(document: Any, kind: str, xml: str) -> None:
    """A part beside the document: footnotes, endnotes."""
    blob = f'<?xml version="1.0"?><w:{kind} {NAMES}>{xml}</w:{kind}>'.encode()
    made = Part(PackURI(f"/word/{kind}.xml"), NOTE_TYPE.format(kind), blob, document.part.package)
    document.part.relate_to(made, NOTE_RELATION + kind)


def numbering(
    document: Any, *kinds: str, restart: bool = False, start: int = 1, same: int | None = None
) -> int:
    """A numbered list of one's own, its levels of these kinds; the number it has. `same` shares the definition of another."""
    root = document.part.numbering_part.element
    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    numbers = root.findall(f"{w}num")
    number = max(int(one.get(f"{w}numId")) for one in numbers) + 1
    abstracts = root.findall(f"{w}abstractNum")
    abstract = same if same is not None else max(int(one.get(f"{w}abstractNumId")) for one in abstracts) + 1
    if same is None:
        levels = "".join(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="{start if level == 0 else 1}"/><w:numFmt w:val="{kind}"/>'
            f'<w:lvlText w:val="{"•" if kind == "bullet" else f"%{level + 1}."}"/>'
            f'<w:pPr><w:ind w:left="{720 * (level + 1)}" w:hanging="360"/></w:pPr></w:lvl>'
            for level, kind in enumerate(kinds)
        )
        made = parse_xml(
            f'<w:abstractNum {NAMES} w:abstractNumId="{abstract}"><w:multiLevelType w:val="multilevel"/>{levels}</w:abstractNum>'
        )
        root.insert(root.index(numbers[0]), made)
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>' if restart else ""
    root.append(
        parse_xml(
            f'<w:num {NAMES} w:numId="{number}"><w:abstractNumId w:val="{abstract}"/>{override}</w:num>'
        )
    )
    return number


def abstract_of(document: Any, number: int) -> int:
    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    for one in document.part.numbering_part.element.findall(f"{w}num"):
        if one.get(f"{w}numId") == str(number):
            return int(one.find(f"{w}abstractNumId").get(f"{w}val"))
    raise KeyError(number)


def item(document: Any, words: str, number: int, level: int = 0) -> Any:
    return put(
        document,
        f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr></w:pPr>'
        f'<w:r><w:t xml:space="preserve">{words}</w:t></w:r></w:p>',
    )


def picture(colour: str = "red", kind: str = "PNG") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (12, 8), colour).save(out, kind)
    out.seek(0)
    return out


def link(document: Any, paragraph: Any, words: str, address: str) -> None:
    relation = document.part.relate_to(address, RT.HYPERLINK, is_external=True)
    paragraph._p.append(
        parse_xml(f'<w:hyperlink {NAMES} r:id="{relation}"><w:r><w:t>{words}</w:t></w:r></w:hyperlink>')
    )


def renamed_styles(document: Any, names: dict[str, str]) -> None:
    """Styles as a French office writes them: other ids, and other names where told."""
    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    for style in document.styles.element.findall(f"{w}style"):
        old = style.get(f"{w}styleId")
        if old in names:
            style.set(f"{w}styleId", names[old])


def described(document: Any, words: str, more: str = "") -> None:
    told = document.element.body.findall(".//{*}docPr")[-1]
    told.set("descr", words)
    if more:
        head, tail = more.split(">", 1)
        told.append(parse_xml(f"{head} {NAMES}>{tail}"))


def with_member(content: bytes, name: str, added: bytes) -> bytes:
    """The package with one more part, or with another one in its place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, added)
    return out.getvalue()
