"""The commands that the documents tell people to type, found in code blocks and in the middle of sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.house.tree import ROOT

# What a line of a block begins with when it is to be typed. A block in which one line is has no other lines than such.
HEADS = frozenset(
    """
    apt apt-get bash certbot chmod chown cp crontab curl docker export flask git install journalctl kill make mkdir mount mv
    nginx npm npx openssl pg_dump pg_restore pip podman psql python python3 restic rm rsync scp sh sqlite3 ssh sudo systemctl
    tar unzip useradd wget
    """.split()  # noqa: SIM905 - forty words in a list of their own lines say no more
)
SHELLS = frozenset({"bash", "console", "sh", "shell"})
# In a sentence a word like `make` is only named; these are told to be typed.
IN_A_SENTENCE = re.compile(r"^(flask --app|make [a-z]|python3? (-m|wsgi)|(\.venv/bin/)?(flask|python) )")
VARIABLE = re.compile(r"^[A-Z_]+=\S*$")


@dataclass(frozen=True)
class Command:
    """One command as it is written, spaces made one and comments taken out."""

    text: str
    where: str


def documents() -> list[Path]:
    """README, CONTRIBUTING and everything under docs; decisions tell of what was tried once."""
    pages = (page for page in (ROOT / "docs").rglob("*.md") if "decisions" not in page.parts)
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(pages)]


def commands() -> list[Command]:
    return [command for page in documents() for command in _commands(page)]


def _commands(page: Path) -> list[Command]:
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        line = token.map[0] + 1 if token.map else 0
        where = f"{page.relative_to(ROOT)}:{line}"
        if token.type in ("fence", "code_block"):
            found += [Command(text, where) for text in _typed(token.content, token.info.strip())]
        for child in token.children or []:
            if child.type == "code_inline" and IN_A_SENTENCE.match(child.content):
                found.append(Command(_tidy(child.content), where))
    return found


def _typed(block: str, language: str) -> list[str]:
    lines = [_tidy(line) for line in re.sub(r"\\\n\s*", " ", block).splitlines()]
    lines = [line for line in lines if line]
    if language in SHELLS or (not language and any(_head(line) in HEADS for line in lines)):
        # `a && b` on one line are two commands.
        return [part for line in lines for part in re.split(r"\s*&&\s*", line.removeprefix("$ "))]
    return []


def _head(line: str) -> str:
    words = [word for word in line.removeprefix("$ ").split() if not VARIABLE.match(word)]
    return words[0].rsplit("/", 1)[-1] if words else ""


def _tidy(line: str) -> str:
    return " ".join(re.sub(r"(^|\s)#\s.*$", "", line).split())
