"""A token on a telephone and on a wide screen: made, copied, used by a program, revoked; and the page for programs."""

from __future__ import annotations

import requests
from playwright.sync_api import Browser, Page, expect

from app.accounts import service as accounts
from app.db import unit_of_work
from tests import makers
from tests.journeys.test_axe import faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene

SIZES = ({"width": 360, "height": 740}, {"width": 1280, "height": 900})
WHO = "mahe.wamytan@province-nord.example"
PASSWORD = "pirogue citron lundi cerf"


def in_order(page: Page) -> None:
    """Nothing that axe finds, and nothing wider than the screen, at both sizes."""
    for size in SIZES:
        page.set_viewport_size(size)
        assert faults(page) == [] and runs_over(page) == [], (page.url, size)


def test_a_token_is_made_copied_used_and_revoked(browser: Browser, scene: Scene, server: LiveServer) -> None:
    with unit_of_work():
        accounts.create_person(WHO, "Mahé Wamytan", makers.make_administration("Province Nord"), PASSWORD)
    context = browser.new_context(locale="fr-FR", viewport=SIZES[0])
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"{server.url}/connexion?next=/espace/compte")
    page.get_by_label("Adresse électronique professionnelle").fill(WHO)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_role("link", name="Voir mes jetons").click()
    in_order(page)
    page.get_by_label("Nom du jeton").fill("Mon tableur")
    page.get_by_label("read:me").check()
    page.get_by_label("Votre mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Faire le jeton").click()
    expect(page.locator("main h1")).to_have_text("Votre nouveau jeton")
    in_order(page)
    token = page.locator("#jeton").input_value()

    def asked(path: str) -> requests.Response:
        return requests.get(f"{server.url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)

    assert asked("/api/v1/me").json()["email"] == WHO
    assert asked("/api/v1/drafts").status_code == 403
    page.get_by_role("link", name="C’est copié").click()
    expect(page.get_by_role("row", name="Mon tableur")).to_contain_text(token[:10])
    in_order(page)
    page.get_by_role("link", name="Révoquer le jeton").click()
    in_order(page)
    page.get_by_role("button", name="Révoquer").click()
    expect(page.locator(".notice")).to_contain_text("Le jeton est révoqué")
    assert asked("/api/v1/me").status_code == 401
    page.goto(f"{server.url}/api")
    in_order(page)
    context.close()
