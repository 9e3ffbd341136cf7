"""French on the screens is typeset as French: no-break spaces, real apostrophes, real ellipses.

A line that breaks before « ? » or a « ' » of a typewriter is the first thing a careful reader sees.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import jinja2.ext
import pytest

from tests.house.tree import parsed, served_modules, shown, tracked

TEMPLATES = tracked("*/templates/*", "*/templates/**/*")
FAULTS = (
    (re.compile(r"[^\u00a0\u202f:;?!][:;?!](?=\s|$)"), "a no-break space stands before : ; ? !"),
    (re.compile(r"«(?![\u00a0\u202f])|(?<![\u00a0\u202f])»"), "no-break spaces stand inside « »"),
    (re.compile(r"[^\W\d_]'[^\W\d_]"), "the apostrophe is ’"),
    (re.compile(r"\.\.\."), "the ellipsis is …"),
)
# An address or a time has colons of its own.
NOT_PROSE = re.compile(r"https?://\S+|\b\d{1,2}:\d{2}\b|%\(\w+\)\w|&\w+;|<[^>]*>")
GETTEXT = {"_", "gettext", "lazy_gettext", "pgettext", "ngettext", "_l", "_n"}


def in_python(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in GETTEXT:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.lineno, argument.value


def in_template(path: Path) -> Iterator[tuple[int, str]]:
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])
    found = environment.extract_translations(path.read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    for line, _function, message in found:
        for text in message if isinstance(message, tuple) else (message,):
            if isinstance(text, str):
                yield line, text


def faults(text: str) -> list[str]:
    prose = NOT_PROSE.sub("x", text)
    return [reason for pattern, reason in FAULTS if pattern.search(prose)]


def test_python_speaks_typeset_french() -> None:
    wrong = [
        f"{shown(path)}:{line}: {'; '.join(faults(text))}: {text!r}"
        for path in served_modules()
        for line, text in in_python(path)
        if faults(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_templates_speak_typeset_french() -> None:
    wrong = [
        f"{shown(path)}:{line}: {'; '.join(faults(text))}: {text!r}"
        for path in TEMPLATES
        if path.suffix in (".html", ".txt", ".xml")
        for line, text in in_template(path)
        if faults(text)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Êtes-vous sûr\u00a0?", True),
        ("Êtes-vous sûr\u202f?", True),
        ("Êtes-vous sûr ?", False),
        ("Êtes-vous sûr?", False),
        ("«\u00a0Oui\u00a0»", True),
        ("« Oui »", False),
        ("l’eau", True),
        ("l'eau", False),
        ("à 10:30, voir https://exemple.nc/a?b:c", True),
        ("%(n)s pages", True),
        ("Patience...", False),
    ],
)
def test_the_proof_reader_knows_its_rules(text: str, right: bool) -> None:
    assert (not faults(text)) is right
