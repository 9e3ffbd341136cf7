"""Every visible word of a template passes through gettext, and every template can be read by Jinja."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import jinja2

from tests.house.tree import shown, tracked

ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
TEMPLATES = tracked("*/templates/*.html", "*/templates/**/*.html", "*/templates/*.xml", "*/templates/*.txt")
# What a person sees, hears or feels, besides text between tags.
SPOKEN = {"alt", "title", "aria-label", "aria-description", "aria-roledescription", "placeholder", "label"}
# Names are not translated.
NAMES = {"Open Lab", "DINUM", "JSON", "CSV", "Atom", "EUPL-1.2", "JSON-LD"}
WORD = re.compile(r"[^\W\d_]{2,}")
# Stands where Jinja writes something; it is no letter.
HOLE = "\x00"


class Words(HTMLParser):
    """Collects the visible text of a page: (line, text)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "code", "kbd"):
            self.silent += 1
        attributes = dict(attrs)
        for name, value in attrs:
            spoken = name in SPOKEN or (
                # The value of an <input> button is its face; that of a <button> is only sent.
                tag == "input" and name == "value" and attributes.get("type") in ("submit", "button", "reset")
            )
            if spoken and value:
                self.keep(value)
        if tag == "meta" and attributes.get("name") == "description":
            self.keep(attributes.get("content") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "code", "kbd"):
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.keep(data)

    def keep(self, text: str) -> None:
        bare = text.replace(HOLE, " ").strip(" \n\t–—|·:()")
        if bare not in NAMES and WORD.search(bare):
            self.found.append((self.getpos()[0], " ".join(bare.split())))


def untranslated(path: Path) -> list[tuple[int, str]]:
    """What is written in the template itself, outside expressions and {% trans %}."""
    pieces: list[str] = []
    in_block = in_trans = in_class = False
    first_name = ""
    for _line, kind, value in ENVIRONMENT.lex(path.read_text(encoding="utf-8")):
        if kind == "block_begin":
            in_block, first_name = True, ""
        elif kind == "block_end":
            in_block = False
            in_trans = first_name == "trans" or (in_trans and first_name != "endtrans")
            pieces.append("\n" * value.count("\n"))
            in_class = in_class and first_name != "endblock"
        elif in_block and kind == "name":
            # {% block body_class %} holds words of the style sheet.
            in_class = in_class or (first_name == "block" and value.endswith("_class"))
            first_name = first_name or value
        elif kind == "data" and not in_trans and not in_class:
            pieces.append(value)
        elif kind == "variable_begin":
            pieces.append(HOLE)
        else:
            # Line numbers stay true when what Jinja takes away leaves its line breaks.
            pieces.append("\n" * value.count("\n"))
    words = Words()
    words.feed("".join(pieces))
    words.close()
    return words.found


def test_there_are_templates() -> None:
    assert TEMPLATES, "no template was found: have they moved?"


def test_every_template_can_be_read() -> None:
    for path in TEMPLATES:
        ENVIRONMENT.parse(path.read_text(encoding="utf-8"), filename=shown(path))


def test_every_visible_text_can_be_translated() -> None:
    wrong = [
        f"{shown(path)}:{line}: {text}"
        for path in TEMPLATES
        if path.suffix == ".html"
        for line, text in untranslated(path)
    ]
    assert not wrong, "Put these inside {{ _('…') }}:\n" + "\n".join(wrong)


def test_the_reader_of_templates_sees_what_it_should(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '{# a remark #}<p class="note">{{ _("Traduit") }}</p>\n<img alt="Un chat">\n{% if x %}<b>Nu</b>{% endif %}\n'
        "{% block body_class %}calme{% endblock %}– Open Lab{% trans %}Aussi traduit{% endtrans %}<script>var mot;</script> · {{ n }} –",
        encoding="utf-8",
    )
    assert untranslated(page) == [(2, "Un chat"), (3, "Nu")]
