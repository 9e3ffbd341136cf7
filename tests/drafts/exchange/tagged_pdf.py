"""A tagged PDF as a screen reader meets it: its tree of elements, with the words of each by the marks in the pages.

Written for the tests alone, with no knowledge of how our PDF is made: what is not understood fails.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf


@dataclass
class Element:
    """One element of the structure. `role` is that of PDF 1.7; `pieces` are its words and children in reading order."""

    role: str
    node: Any
    pieces: list[str | Element] = field(default_factory=list)
    objects: list[Any] = field(default_factory=list)

    @property
    def children(self) -> list[Element]:
        return [piece for piece in self.pieces if isinstance(piece, Element)]

    @property
    def words(self) -> str:
        return "".join(piece if isinstance(piece, str) else piece.words for piece in self.pieces)

    def all(self, *roles: str) -> Iterator[Element]:
        if not roles or self.role in roles:
            yield self
        for child in self.children:
            yield from child.all(*roles)

    def attribute(self, owner: str, name: str) -> Any:
        given = self.node.get("/A")
        for one in given if isinstance(given, pikepdf.Array) else [given] if given is not None else []:
            if isinstance(one, pikepdf.Dictionary) and one.get("/O") == f"/{owner}" and name in one:
                return one[name]
        return None


class Tagged:
    """An opened PDF. `root` is the top of its structure, `untagged` what is drawn outside any mark."""

    def __init__(self, content: bytes) -> None:
        self.pdf = pikepdf.open(io.BytesIO(content))
        self.untagged: list[str] = []
        self.artifacts: list[str] = []
        self._words: dict[tuple[Any, int], str] = {}
        for page in self.pdf.pages:
            self._read(page)
        tree = self.pdf.Root.StructTreeRoot
        self._roles = {str(key): str(value) for key, value in tree.get("/RoleMap", {}).items()}
        self._used: set[tuple[Any, int]] = set()
        self.root = Element("Root", tree)
        self._fill(self.root, tree.K, None)

    @property
    def xmp(self) -> str:
        return self.pdf.Root.Metadata.read_bytes().decode()

    @property
    def orphans(self) -> list[str]:
        """Words that carry a mark which no element claims."""
        return [words for key, words in self._words.items() if key not in self._used and words.strip()]

    def bookmarks(self) -> list[str]:
        with self.pdf.open_outline() as outline:
            found, stack = [], list(reversed(outline.root))
            while stack:
                item = stack.pop()
                found.append(item.title)
                stack.extend(reversed(item.children))
            return found

    def _fill(self, element: Element, kids: Any, page: Any) -> None:
        for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
            if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
                role = str(kid.S)
                for _step in range(8):
                    role = self._roles.get(role, role)
                child = Element(role.removeprefix("/"), kid)
                element.pieces.append(child)
                if "/K" in kid:
                    self._fill(child, kid.K, kid.get("/Pg", page))
            elif isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/OBJR":
                element.objects.append(kid.Obj)
            else:
                mark = kid if isinstance(kid, int) else int(kid.MCID)
                where = page if isinstance(kid, int) else kid.get("/Pg", page)
                key = (where.objgen, int(mark))
                assert key not in self._used, "a mark belongs to two elements"
                self._used.add(key)
                element.pieces.append(self._words[key])

    def _read(self, page: Any) -> None:
        fonts = {name: _letters(font) for name, font in page.Resources.get("/Font", {}).items()}
        font: dict[bytes, str] = {}
        stack: list[tuple[str, int | None, str | None]] = []
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in ("BDC", "BMC"):
                given = operands[1] if len(operands) > 1 else {}
                if isinstance(given, pikepdf.Name):
                    given = page.Resources.Properties[given]
                mark = given.get("/MCID") if len(operands) > 1 else None
                said = given.get("/ActualText") if len(operands) > 1 else None
                stack.append(
                    (
                        str(operands[0]),
                        None if mark is None else int(mark),
                        None if said is None else str(said),
                    )
                )
                if mark is not None:
                    self._words.setdefault((page.objgen, int(mark)), "")
                if said is not None:
                    self._say(page, stack[:-1] if mark is None else stack, str(said))
            elif name == "EMC":
                stack.pop()
            elif name == "Tf":
                font = fonts[str(operands[0])]
            elif name in ("Tj", "TJ"):
                shown = operands[0] if name == "TJ" else [operands[0]]
                codes = b"".join(bytes(one) for one in shown if isinstance(one, pikepdf.String))
                words = "".join(font[codes[at : at + 2]] for at in range(0, len(codes), 2))
                if not any(actual is not None for _tag, _mark, actual in stack):
                    self._say(page, stack, words)
            elif name in ("S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "Do", "sh") and not stack:
                self.untagged.append(name)
        assert not stack

    def _say(self, page: Any, stack: list[tuple[str, int | None, str | None]], words: str) -> None:
        if any(tag == "/Artifact" for tag, _mark, _actual in stack):
            self.artifacts.append(words)
            return
        marks = [mark for _tag, mark, _actual in stack if mark is not None]
        if not marks:
            self.untagged.append(words)
            return
        key = (page.objgen, marks[-1])
        self._words[key] = self._words.get(key, "") + words


def _letters(font: Any) -> dict[bytes, str]:
    """Code → letters, by the ToUnicode map of a font whose codes are two bytes."""
    assert "/ToUnicode" in font, "a font that cannot be read aloud"
    text = font.ToUnicode.read_bytes().decode("latin-1")
    found: dict[bytes, str] = {}
    for part in re.findall(r"beginbfchar(.*?)endbfchar", text, re.DOTALL):
        for code, letters in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]*)>", part):
            found[bytes.fromhex(code)] = bytes.fromhex(letters).decode("utf-16-be")
    for part in re.findall(r"beginbfrange(.*?)endbfrange", text, re.DOTALL):
        for first, last, letters in re.findall(
            r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", part
        ):
            base = int.from_bytes(bytes.fromhex(letters), "big")
            for step in range(int(last, 16) - int(first, 16) + 1):
                code = (int(first, 16) + step).to_bytes(2, "big")
                found[code] = (base + step).to_bytes(len(letters) // 2, "big").decode("utf-16-be")
    return found
