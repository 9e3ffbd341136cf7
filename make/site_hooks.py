"""What mkdocs is told besides mkdocs.yml: pages that stand beside `docs`, those that nobody put into the navigation yet, and the
language of the guides.

`make/links.py` sees to it that a link out of `docs` leads to a file; on the site, which has no such file, its words stay.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
# What everybody looks for at the top of a repository, and the page of the site it becomes.
BESIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "SECURITY.md": "reporting.md"}
LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<target>[^)\s#]+)(?P<place>#[^)\s]*)?\)")
FRENCH = "guides/fr/"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Decisions are listed as they are found; a new page is read before somebody has found its place."""
    folder = Path(config.docs_dir)
    pages = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.md"))
    decisions = [page for page in pages if page.startswith("decisions/")]
    # The overview is the front of its tab.
    decisions.sort(key=lambda page: page != "decisions/index.md")
    named = set(_pages(config.nav))
    others = [page for page in pages if page not in named and page not in decisions]
    config.nav = [
        *(config.nav or []),
        {"Decisions": decisions},
        *([{"Further pages": others}] if others else []),
    ]
    return config


def _pages(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for below in nav.values():
            yield from _pages(below)
    else:
        for below in nav or []:
            yield from _pages(below)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, page in BESIDE.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    beside = page.file.src_uri in BESIDE.values()
    here = ROOT if beside else Path(config.docs_dir) / Path(page.file.src_uri).parent

    def on_the_site(found: re.Match[str]) -> str:
        words, target, place = found["words"], found["target"], found["place"] or ""
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            return found[0]
        leads_to = (here / target).resolve()
        if leads_to.is_relative_to(config.docs_dir):
            return f"[{words}]({leads_to.relative_to(config.docs_dir)}{place})" if beside else found[0]
        name = str(leads_to.relative_to(ROOT)) if leads_to.is_relative_to(ROOT) else ""
        if name not in BESIDE:
            return words
        return f"[{words}]({'../' * page.file.src_uri.count('/')}{BESIDE[name]}{place})"

    return LINK.sub(on_the_site, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    if page.file.src_uri.startswith(FRENCH):
        # The first one is that of the whole page.
        return output.replace('<html lang="en"', '<html lang="fr"', 1)
    return output
