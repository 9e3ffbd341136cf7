"""The chapters of the French guides, from Markdown files of the tree to HTML: help that needs no internet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from config import ROOT

FOLDER = ROOT / "docs" / "guides" / "fr"
# In the order in which the list shows them; the names are addresses, and stay.
NAMES = ("agents", "animateurs", "referents", "editeurs", "moderateurs", "mediateurs", "administrateurs")
# What a picture of a guide is called, and the kinds that are served.
PICTURE = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}\.(webp|png)")
KINDS = {"webp": "image/webp", "png": "image/png"}
# "agents.md", "agents.md#proposer": how chapters name one another in their files, so that they read on a forge too.
_OTHER = re.compile(rf"(?:\./)?({'|'.join(NAMES)})\.md(#[\w-]+)?")
_PICTURE_OF_CHAPTER = re.compile(rf"(?:\./)?images/({PICTURE.pattern})")


@dataclass(frozen=True)
class Chapter:
    name: str
    title: str
    # Everything below the title, which the page writes itself.
    body: Markup
    # (anchor, words) of its sections.
    sections: tuple[tuple[str, str], ...]


def chapter(name: str, folder: Path = FOLDER) -> Chapter | None:
    """None for a name that is none of ours, and for a chapter that is not written yet."""
    if name not in NAMES:
        return None
    path = folder / f"{name}.md"
    try:
        return _rendered(path, path.stat().st_mtime_ns)
    except OSError:
        return None


def chapters(folder: Path = FOLDER) -> list[Chapter]:
    """Those that are written, in their order."""
    return [found for name in NAMES if (found := chapter(name, folder)) is not None]


def picture(name: str, folder: Path = FOLDER) -> bytes | None:
    """The bytes of a picture of the guides; None for anything that is not a file of that folder."""
    images = (folder / "images").resolve()
    path = images / name
    if not PICTURE.fullmatch(name) or not path.is_file() or path.resolve().parent != images:
        return None
    return path.read_bytes()


@lru_cache(maxsize=2 * len(NAMES))
def _rendered(path: Path, _stamp: int) -> Chapter:
    # No HTML of its own, and no link of another scheme: a chapter is words. What is written is escaped by the renderer.
    reader = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table")
    tokens = reader.parse(path.read_text(encoding="utf-8"))
    title, tokens = _without_title(tokens, path.stem)
    sections = _anchored(tokens)
    for token in tokens:
        for child in token.children or ():
            _settle(child)
    html = reader.renderer.render(tokens, reader.options, {})
    html = html.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    return Chapter(path.stem, title, Markup(html), sections)  # noqa: S704 # nosec B704 # rendered without HTML, of our own files


def _without_title(tokens: Sequence[Token], name: str) -> tuple[str, list[Token]]:
    if len(tokens) >= 3 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return tokens[1].content, list(tokens[3:])
    return name.capitalize(), list(tokens)


def _anchored(tokens: Sequence[Token]) -> tuple[tuple[str, str], ...]:
    """Give each heading its anchor; the sections are the headings of the second level."""
    found: list[tuple[str, str]] = []
    taken: dict[str, int] = {}
    for token, inside in zip(tokens, tokens[1:], strict=False):
        if token.type != "heading_open":
            continue
        words = "".join(child.content for child in inside.children or ())
        anchor = slug(words)
        taken[anchor] = taken.get(anchor, 0) + 1
        if taken[anchor] > 1:
            anchor = f"{anchor}_{taken[anchor] - 1}"
        token.attrSet("id", anchor)
        token.attrSet("tabindex", "-1")
        if token.tag == "h2":
            found.append((anchor, words))
    return tuple(found)


def slug(words: str) -> str:
    """As MkDocs makes anchors, so that a link within the guides holds here and there."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def _settle(token: Token) -> None:
    """Addresses of files become those of pages; a picture is asked for when it comes near."""
    if token.type == "image":
        match = _PICTURE_OF_CHAPTER.fullmatch(str(token.attrGet("src") or ""))
        token.attrSet("src", f"/aide/images/{match[1]}" if match else "")
        token.attrSet("loading", "lazy")
    elif token.type == "link_open":
        match = _OTHER.fullmatch(str(token.attrGet("href") or ""))
        if match:
            token.attrSet("href", f"/aide/{match[1]}{match[2] or ''}")
