"""One's own account on a telephone, without JavaScript: a lost password, the second factor, paper, and the sessions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyotp
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app import clock
from app.accounts import service as accounts
from app.db import unit_of_work
from app.policy import PortalRole
from config import Settings
from tests import makers
from tests.journeys.test_axe import faults, runs_over
from tests.journeys.test_guest import letter_to
from tests.live_server import LiveServer
from tests.scenes import Scene

PHONE = {"width": 360, "height": 740}
WHO = "eloise.martinelle@province-sud.example"
NEW = "cerf volant pirogue lundi"
HEADING = "main h1"


def looked_at(page: Page, heading: str) -> None:
    """The page that is awaited, and nothing wrong with it."""
    expect(page.locator(HEADING)).to_have_text(heading)
    assert runs_over(page) == []


def with_password(page: Page, url: str, password: str) -> None:
    page.goto(f"{url}/connexion")
    page.get_by_label("Adresse électronique professionnelle").fill(WHO)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Se connecter").click()


def test_a_lost_password_then_the_second_factor_paper_and_sessions(
    browser: Browser, scene: Scene, server: LiveServer, live_settings: Settings
) -> None:
    with unit_of_work():
        person = accounts.create_person(WHO, "Éloïse Martinelle", makers.make_administration("Province Sud"))
        accounts.give_role(person, PortalRole.PORTAL_EDITOR)
        accounts.sign_in(person.id, device="Firefox/Windows")
        accounts.sign_in(person.id, device="Safari/iPhone", shared_computer=True)
    context = browser.new_context(locale="fr-FR", viewport=PHONE, java_script_enabled=False)
    context.set_default_timeout(15_000)
    page = context.new_page()

    # The link of the mail, and a new password.
    page.goto(f"{server.url}/connexion")
    page.get_by_role("link", name="Mot de passe oublié").click()
    looked_at(page, "Mot de passe oublié")
    page.get_by_label("Adresse électronique de votre compte").fill(WHO)
    page.get_by_role("button", name="Recevoir le lien").click()
    looked_at(page, "Regardez vos courriels")
    letter = letter_to(WHO, live_settings.data_dir / "mail", "/connexion/oubli/")
    page.goto(next(line for line in letter.split() if "/connexion/oubli/" in line))
    looked_at(page, "Nouveau mot de passe")
    page.get_by_label("Nouveau mot de passe").fill(NEW)
    page.get_by_label("Le même, une seconde fois").fill(NEW)
    page.get_by_role("button", name="Changer le mot de passe").click()
    expect(page.locator(".notice")).to_contain_text("Votre mot de passe est changé.")
    letter_to(WHO, live_settings.data_dir / "mail", "vient d’être changé")

    # A role that publishes is led to the second factor, and waits for it.
    with_password(page, server.url, NEW)
    looked_at(page, "Double vérification")
    expect(page.locator("main")).to_contain_text("ni publier ni administrer")
    assert page.goto(f"{server.url}/publications").status == 403  # type: ignore[union-attr]
    page.goto(f"{server.url}/espace/compte/second-facteur")
    page.get_by_role("button", name="Commencer").click()
    expect(page.get_by_role("img", name="Code QR")).to_be_visible()
    looked_at(page, "Double vérification")
    secret = page.locator("code.by-hand").inner_text().replace(" ", "")
    page.get_by_label("Code affiché par l’application").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Activer").click()
    looked_at(page, "Vos codes de secours")
    paper = page.locator(".paper-codes code").all_inner_texts()
    assert len(paper) == 10
    assert page.goto(f"{server.url}/publications").status == 200  # type: ignore[union-attr]

    # Out, and in again with a code of the telephone: the next one, since the last has served.
    page.get_by_role("button", name="Se déconnecter").click()
    with_password(page, server.url, NEW)
    looked_at(page, "Double vérification")
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("alert")).to_contain_text("Ce code n’est pas le bon")
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30)))
    page.get_by_role("button", name="Continuer").click()
    looked_at(page, "Mon espace")

    # In another browser with a code on paper.
    other = browser.new_context(locale="fr-FR", java_script_enabled=False)
    elsewhere = other.new_page()
    with_password(elsewhere, server.url, NEW)
    elsewhere.get_by_label("Code", exact=True).fill(paper[0])
    elsewhere.get_by_role("button", name="Continuer").click()
    expect(elsewhere.locator(".notice")).to_contain_text("Il vous en reste 9.")

    # Both stand in the list, and this one ends the other.
    page.get_by_role("link", name="Éloïse Martinelle").click()
    looked_at(page, "Mon compte")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody")).to_contain_text("Chrome sur Linux")
    page.get_by_role("button", name="Fermer la session").click()
    expect(page.locator(".notice")).to_have_text("La session est fermée.")
    expect(page.locator("tbody tr")).to_have_count(1)
    elsewhere.reload()
    expect(elsewhere.locator(HEADING)).to_have_text("Connexion des agents")
    other.close()
    context.close()


PAGES = {
    "/connexion/oubli": "Mot de passe oublié",
    "/connexion/oubli/envoye": "Regardez vos courriels",
    "/connexion/oubli/faux": "Ce lien ne sert plus",
    "/espace/compte": "Mon compte",
    "/espace/compte/mot-de-passe": "Changer de mot de passe",
    "/espace/compte/second-facteur": "Double vérification",
}


def test_each_page_is_clean_on_a_telephone_and_on_a_screen(
    scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    page = profile(scene.ana, server.url, viewport=PHONE).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for size in (PHONE, {"width": 1280, "height": 800}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for path, heading in PAGES.items():
            page.goto(f"{server.url}{path}")
            looked_at(page, heading)
            assert faults(page) == [], (path, size)
    page.get_by_role("button", name="Commencer").click()
    expect(page.get_by_role("img", name="Code QR")).to_be_visible()
    assert faults(page) == []
    secret = page.locator("code.by-hand").inner_text().replace(" ", "")
    page.get_by_label("Code affiché par l’application").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Activer").click()
    looked_at(page, "Vos codes de secours")
    assert faults(page) == []
    page.goto(f"{server.url}/espace/compte/second-facteur")
    assert faults(page) == []
    assert [text for text in said if "Content Security Policy" in text] == []
