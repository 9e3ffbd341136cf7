"""French on the screens is typeset as French: no-break spaces, real apostrophes, real ellipses.

A line that breaks before « ? » or a « ' » of a typewriter is the first thing a careful reader sees.
"""

from __future__ import annotations

import runpy

import pytest

from tests.house.tree import ROOT, shown

TYPESET = runpy.run_path(str(ROOT / "make" / "typeset.py"))


def test_the_screens_speak_typeset_french() -> None:
    wrong = []
    for path in TYPESET["files"]():
        before, after = path.read_text(encoding="utf-8"), TYPESET["corrected"](path)
        pairs = zip(before.splitlines(), after.splitlines(), strict=True)
        wrong += [f"{shown(path)}:{n}: {old.strip()}" for n, (old, new) in enumerate(pairs, 1) if old != new]
    assert not wrong, "`make format` puts these right:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("typed", "typeset"),
    [
        ("Êtes-vous sûr ?", "Êtes-vous sûr\u00a0?"),
        ("Êtes-vous sûr?", "Êtes-vous sûr\u00a0?"),
        ("Êtes-vous sûr\u202f?", "Êtes-vous sûr\u202f?"),
        ("« Oui »", "«\u00a0Oui\u00a0»"),
        ("« Est-ce ouvert ? »", "«\u00a0Est-ce ouvert\u00a0?\u00a0»"),
        ("l'eau", "l’eau"),
        ("à 10:30, voir https://exemple.nc/a?b:c", "à 10:30, voir https://exemple.nc/a?b:c"),
        ("%(n)s pages : %(name)s ?", "%(n)s pages\u00a0: %(name)s\u00a0?"),
        ("Patience...", "Patience…"),
    ],
)
def test_the_typesetter_knows_its_rules(typed: str, typeset: str) -> None:
    assert TYPESET["typeset"](typed) == typeset
    assert TYPESET["typeset"](typeset) == typeset


def test_only_what_is_said_on_a_screen_is_touched() -> None:
    places = TYPESET["places_in_python"]('log("Non : rien")\nx = _("Oui : tout", name="a : b")\n')
    assert [(start, end) for start, end, _quote in places] == [(25, 35)]
    places = TYPESET["places_in_template"]("<a title=\"a : b\">{{ _('Oui : tout') }}</a>")
    assert [(start, end) for start, end, _quote in places] == [(23, 33)]
