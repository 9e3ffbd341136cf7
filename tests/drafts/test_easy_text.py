"""Easy words as they are kept, and as a page; which blocks have a part."""

from __future__ import annotations

from drafts.easy_text import Signed, passages_of, render, tidy
from tests.drafts.every_block import EVERY


def test_easy_words_become_a_page_and_nothing_else() -> None:
    parts = [
        Signed("a", "Titre <b>", 3, False),
        Signed("b", "Une ligne.\nUne autre.\n- un papier\n- une <i>carte</i>\nFin.\n\nSuite.", 0, False),
        Signed("c", "", 0, True),
        Signed("d", "Plus bas", 4, False),
    ]
    assert str(render(parts)) == (
        "<h2>Titre &lt;b&gt;</h2>\n"
        "<p>Une ligne.<br>Une autre.</p><ul><li>un papier</li><li>une &lt;i&gt;carte&lt;/i&gt;</li></ul><p>Fin.</p>\n"
        "<p>Suite.</p>\n<h3>Plus bas</h3>"
    )


def test_easy_words_are_kept_tidy() -> None:
    typed = "  Un\u0020\u0020mot \r\n\r\n\r\n\r\nE\u0301te\u0301\x07 : oui\nQui ? « Vous » !\n\n"
    assert tidy(typed) == "Un mot\n\nÉté\u00a0: oui\nQui\u202f? «\u00a0Vous\u00a0»\u202f!"
    assert tidy(tidy(typed)) == tidy(typed)


def test_every_kind_of_block_with_words_has_a_part() -> None:
    found = {one.kind for one in passages_of(EVERY)}
    assert {"lead", "paragraph", "heading", "label", "cost", "delay", "legal"} <= found
    assert not found & {"contact", "service", "note", "table"}
