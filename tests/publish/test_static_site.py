"""The portal as plain files: every link leads to a file, only what changed is written, and nothing of others is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from flask import Flask

from publish.static_site import manifest
from publish.static_site.export import Report, Wanted, export
from tests.publish.press import RICH, Press, block


class Leads(HTMLParser):
    """Every address a page leads to: (element, attribute, address, whether it says that it leaves the copy)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str, bool]] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag == "link" and given.get("rel") == "canonical":
            return
        for name in ("href", "src", "action", "srcset"):
            if name in given:
                self.found.append((tag, name, given[name] or "", "data-live" in given))


def copied(app: Flask, folder: Path, **options: object) -> Report:
    return export(app, Wanted(folder, **options))  # type: ignore[arg-type]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != manifest.NAME
    }


def pages_of(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*.html")):
        yield path, path.read_text(encoding="utf-8")


def test_first(press: Press, app: Flask, tmp_path: Path) -> None:
    press.published()
    press.published("Une deuxième fiche", RICH[:3])
    folder = tmp_path / "copie"
    report = copied(app, folder)
    print(report.total, report.written)
    again = copied(app, folder)
    assert again.written == [] and again.made == 0, again
