"""The rules of easy-to-read: each finds what it is for, and lets a text be that people concerned have found easy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drafts.easy_rules import MOST_SHOWN, EasyCode, advice, stumbles

FOUND = [
    (EasyCode.LONG_SENTENCE, "Vous allez à la mairie de votre commune avec une pièce et deux photos."),
    (EasyCode.SEVERAL_IDEAS, "Vous allez à la mairie parce que vous déménagez."),
    (EasyCode.SEVERAL_IDEAS, "La carte (elle est verte) est gratuite."),
    (EasyCode.ONE_LINE, "Allez à la mairie. Apportez une photo."),
    (EasyCode.LONG_WORD, "C’est une réglementation."),
    (EasyCode.NEGATION, "Vous ne payez pas."),
    (EasyCode.NEGATION, "Il n’y a rien à payer."),
    (EasyCode.NUMBER_IN_WORDS, "Apportez deux photos."),
    (EasyCode.PERCENT, "On vous rend 50 % du prix."),
    (EasyCode.PERCENT, "Cela coûte 12 000 000 de francs."),
    (EasyCode.SIGN, "Apportez une photo, etc."),
    (EasyCode.SIGN, "Le père et/ou la mère signe."),
    (EasyCode.PASSIVE, "La carte est délivrée par la mairie."),
    (EasyCode.ACRONYM, "Demandez à la DITTT."),
    (EasyCode.HARD_FIGURE, "Avant le 12/03/2026."),
]


@pytest.mark.parametrize(
    ("code", "text"), FOUND, ids=[f"{code}-{place}" for place, (code, _) in enumerate(FOUND)]
)
def test_a_rule_finds_what_it_is_for(code: EasyCode, text: str) -> None:
    assert code in {one.code for one in stumbles(text)}


def test_a_formula_is_found_with_what_may_stand_in_its_place() -> None:
    found = [one for one in stumbles("Allez-y préalablement à votre départ.") if one.code is EasyCode.FORMULA]
    assert found and found[0].better


def test_an_easy_text_is_let_be() -> None:
    text = (
        "Vous déménagez ?\nVous changez d’adresse.\nDites-le à la mairie.\n\nApportez :\n- votre carte d’identité\n"
        "- une facture d’eau\n\nC’est gratuit.\nLa mairie vous donne un papier.\nVous gardez ce papier."
    )
    assert stumbles(text) == ()
    assert stumbles("Combien ça coûte ?", is_heading=True) == ()


@given(st.text(max_size=2000))
@settings(max_examples=40, deadline=None)
def test_whatever_is_written_is_read_and_the_list_is_bounded(text: str) -> None:
    assert len(stumbles.__wrapped__(text)) <= MOST_SHOWN


def test_each_rule_says_what_to_do(app: object) -> None:
    assert all(advice(code) for code in EasyCode)
