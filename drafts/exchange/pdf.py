"""Texts as PDF/UA-1: A4, tagged, the same bytes for the same text on any machine.

What people wrote is handed to the typesetter as data (`pdf.typ` reads one JSON file and draws strings), never as markup. It
sees one folder of its own, made for the call, and no letters but ours: those of a machine would change the pages. Runs in
the worker or in a child (`drafts.exchange.setting`), never on the loop: a long text takes some tenths of a second of the
processor.
"""

from __future__ import annotations

import functools
import json
import re
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import typst
from fontTools.ttLib import TTFont

from app.extensions import day_in_words
from app.extensions import gettext as _
from app.sheet import FONTS
from drafts.exchange.paper import Paper
from drafts.exchange.pdf_tree import Drawn, drawn
from drafts.exchange.pdf_words import Shape, Words

__all__ = ["leaflet", "write"]

_TEMPLATE = Path(__file__).with_name("pdf.typ")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_ADDRESS = re.compile(r"https?://[^\s]+")
AUTHOR = "Open Lab"


def write(paper: Paper) -> bytes:
    """One text as a PDF."""
    words = _words()
    return _set(words, paper.title, [paper], cover=None)


def leaflet(papers: Sequence[Paper], title: str, date: date) -> bytes:
    """Several texts in one PDF for who hands them out: a cover, the contents with page numbers, each text on a new page."""
    words = _words()
    cover = [
        (_("Date"), day_in_words(date, "d MMMM y")),
        (_("Contenu"), _("%(count)d fiches", count=len(papers)) if len(papers) != 1 else _("1 fiche")),
    ]
    return _set(words, title, papers, cover=cover)


def _set(
    words: Words, title: str, papers: Sequence[Paper], *, cover: Sequence[tuple[str, str]] | None
) -> bytes:
    name = words.clean(title).strip() or _("Sans titre")
    articles: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}
    for paper in papers:
        # Signs that our letters do not have are counted for each text, so that its reader knows.
        words.lost = 0
        its = drawn(paper.tree, paper.references, paper.pictures, words)
        files.update(its.files)
        articles.append(_article(paper, its, words))
    bundle = {
        "title": name,
        "author": AUTHOR,
        "language": _language(papers),
        "running": _shortened(name),
        "page": _("page %(n)s sur %(m)s", n="{n}", m="{m}"),
        "contents": _("Sommaire"),
        "cover": _facts(cover, words) if cover is not None else None,
        "articles": articles,
    }
    return _compiled(bundle, files)


def _article(paper: Paper, its: Drawn, words: Words) -> dict[str, Any]:
    title = words.clean(paper.title).strip() or _("Sans titre")
    facts = _facts(paper.facts, words)
    if words.lost:
        lost = _("%(count)d, remplacés par « \ufffd »", count=words.lost)
        facts += _facts([(_("Signes que ce document ne sait pas écrire"), lost)], words)
    return {"title": title, "facts": facts, "shapes": its.shapes}


def _facts(pairs: Sequence[tuple[str, str]], words: Words) -> list[tuple[str, list[Shape]]]:
    """Each with its label; what is an address and nothing else leads there."""
    return [
        (
            words.clean(_("%(label)s :", label=label)),
            [{"k": "link", "href": value, "c": [{"t": words.clean(value)}]}]
            if _ADDRESS.fullmatch(value)
            else [{"t": words.clean(value)}],
        )
        for label, value in pairs
    ]


def _shortened(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:79].rstrip()}…"


def _language(papers: Sequence[Paper]) -> str:
    named = {paper.language for paper in papers}
    language = named.pop() if len(named) == 1 else "fr"
    return language if _LANGUAGE.fullmatch(language) else "fr"


def _compiled(bundle: dict[str, Any], files: dict[str, bytes]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="openlab-pdf-") as folder:
        root = Path(folder)
        (root / "bundle.json").write_text(json.dumps(bundle, ensure_ascii=False), encoding="utf-8")
        for name, content in files.items():
            (root / name).write_bytes(content)
        main = root / "main.typ"
        main.write_bytes(_TEMPLATE.read_bytes())
        made = typst.compile(
            main,
            root=root,
            font_paths=[FONTS],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["ua-1"],
            # No package is ever asked for; these folders hold none, whoever runs this.
            package_path=root / "none",
            package_cache_path=root / "none",
        )
    return made


def _words() -> Words:
    return Words(_letters())


@functools.cache
def _letters() -> frozenset[int]:
    """What both weights of our letters can show: PDF/UA refuses a sign without a shape."""
    found = [set(TTFont(FONTS / f"{name}.ttf").getBestCmap()) for name in ("DejaVuSans", "DejaVuSans-Bold")]
    return frozenset(set.intersection(*found))
