"""A wish in a real browser with scripts disabled: what a browser sends differs from what a test client does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.demo import Demo
from tests.journeys.looks import OUT_OF_SIGHT


@pytest.fixture
def citizen(demo: Demo) -> Iterator[Page]:
    page = demo.visitor(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    yield page
    page.context.close()


def test_a_citizen_without_scripts_files_follows_and_withdraws(demo: Demo, citizen: Page) -> None:
    citizen.goto(f"{demo.url}/recherche?q=zzzzzz")
    citizen.get_by_role("link", name="Dites-nous ce qui manque").click()
    expect(citizen.get_by_label("Expliquez")).to_have_value("zzzzzz")
    citizen.get_by_label("Votre souhait, en une phrase").fill("Savoir où jeter une vieille batterie")
    citizen.get_by_label("Expliquez").fill("La mienne est au garage.\n\nOù la porter ?")
    # Nobody writes as fast as a test: sent again, nothing has to be typed again.
    citizen.get_by_role("button", name="Envoyer mon souhait").click()
    expect(citizen.get_by_role("alert")).to_contain_text("très vite")
    citizen.wait_for_timeout(4_100)
    citizen.get_by_role("button", name="Envoyer mon souhait").click()
    expect(citizen.get_by_role("heading", level=1)).to_have_text("Est-ce l’un de ces souhaits\u202f?")
    assert citizen.evaluate(OUT_OF_SIGHT) == []
    citizen.get_by_role("button", name="Non, envoyer mon souhait").click()
    expect(citizen.get_by_role("heading", level=1)).to_have_text("Merci, votre souhait est bien arrivé")
    assert citizen.evaluate(OUT_OF_SIGHT) == []
    expect(citizen.get_by_text("La mienne est au garage.").first).to_be_visible()
    citizen.get_by_text("Retirer mon souhait").first.click()
    citizen.get_by_role("button", name="Retirer mon souhait").click()
    expect(citizen.get_by_text("Ses mots sont effacés")).to_be_visible()


def test_a_citizen_without_scripts_supports_once(demo: Demo, citizen: Page) -> None:
    citizen.goto(f"{demo.url}/souhaits?q=ruches")
    citizen.get_by_role("link", name="Déclarer mes ruches").click()
    expect(citizen.get_by_role("heading", name="2 personnes le soutiennent")).to_be_visible()
    citizen.get_by_role("button", name="Soutenir ce souhait").click()
    expect(citizen.get_by_role("heading", name="3 personnes le soutiennent")).to_be_visible()
    citizen.get_by_role("button", name="Ne plus le soutenir").click()
    expect(citizen.get_by_role("heading", name="2 personnes le soutiennent")).to_be_visible()
