"""The French guides as a test reads them: which pages a part is about, and what it says stands there.

A comment that no reader sees, `[//]: # "écran : agent@province-sud /labs > Insérer"`, names a page: who opens it (`-` for a
visitor), its address, and what is pressed there first. It holds until the next such comments or the next part. Bold words are
controls of one of these pages, and words in « » stand somewhere on one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from config import ROOT

FOLDER = ROOT / "docs" / "guides" / "fr"
CHAPTERS = sorted(FOLDER.glob("*.md"))
SCREEN = re.compile(r'^\[//\]: # "écran : (?P<who>\S+) (?P<path>/\S*)(?: > (?P<press>[^"]+))?"$')
PART = re.compile(r"^## ")
QUOTED = re.compile("«\N{NO-BREAK SPACE}(.+?)\N{NO-BREAK SPACE}»")


@dataclass(frozen=True)
class Screen:
    """A page as somebody sees it, after `press` was pressed."""

    who: str
    path: str
    press: str = ""


@dataclass(frozen=True)
class Passage:
    """Some blocks of a guide and the pages they are about."""

    where: str
    screens: tuple[Screen, ...]
    controls: tuple[str, ...]
    words: tuple[str, ...]
    images: tuple[tuple[str, str], ...]
    """(file beside the guide, alternative text)"""


def passages(guide: Path) -> list[Passage]:
    """What a guide says, page by page."""
    found: list[Passage] = []
    screens: list[Screen] = []
    lines: list[str] = []
    begun = 1

    def close(next_line: int) -> None:
        nonlocal begun
        if any(line.strip() for line in lines):
            found.append(_passage(f"{guide.name}:{begun}", tuple(screens), "\n".join(lines)))
        lines.clear()
        begun = next_line

    for number, line in enumerate(guide.read_text(encoding="utf-8").splitlines(), 1):
        told = SCREEN.match(line)
        if told:
            if any(text.strip() and not text.startswith("#") for text in lines):
                close(number)
                screens = []
            screens.append(Screen(told["who"], told["path"], told["press"] or ""))
            continue
        assert not line.startswith("[//]"), f"{guide.name}:{number}: this comment names no page: {line}"
        if PART.match(line):
            close(number)
            screens = []
        lines.append(line)
    close(0)
    return found


def _passage(where: str, screens: tuple[Screen, ...], text: str) -> Passage:
    controls: list[str] = []
    words: list[str] = []
    images: list[tuple[str, str]] = []
    for block in MarkdownIt("commonmark").enable("table").parse(text):
        children = block.children or []
        bold = [index for index, token in enumerate(children) if token.type == "strong_open"]
        controls += [_until(children[index + 1 :], "strong_close") for index in bold]
        words += QUOTED.findall("".join(token.content for token in children if token.type == "text"))
        images += [(str(token.attrs["src"]), token.content) for token in children if token.type == "image"]
    # Where these pages are not named, the words before the first part tell how a guide is read.
    return Passage(where, screens, tuple(controls), tuple(words), tuple(images))


def _until(tokens: list[Token], end: str) -> str:
    """The words up to the token that ends them."""
    words = []
    for token in tokens:
        if token.type == end:
            break
        words.append(token.content)
    return "".join(words)
