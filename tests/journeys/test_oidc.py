"""Coming in by a provider, in Chromium, against a real and certified one (npm oidc-provider) in three profiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import database
from app.factory import create_app
from config import Settings
from tests.app.oidc_providers import PROFILES, RealProvider
from tests.live_server import LiveServer, free_port
from tests.scenes import Scene, make_scene

# What each profile adds to the settings of the portal.
SETTINGS = {"franceconnect": {}, "google": {"CREATE": "1"}, "bare": {"LOGOUT": "local"}}


@pytest.fixture(scope="module")
def server(live_settings: Settings) -> Iterator[LiveServer]:
    port = free_port()
    log = live_settings.data_dir / "providers.log"
    providers = [RealProvider(name, f"http://127.0.0.1:{port}", log) for name in PROFILES]
    live = None
    try:
        environ: dict[str, str] = {}
        for provider in providers:
            environ |= provider.start().environ(**SETTINGS[provider.profile])
        # Nobody listens at this one.
        environ |= {
            "OIDC_ETEINT_ISSUER": f"http://127.0.0.1:{free_port()}",
            "OIDC_ETEINT_CLIENT_ID": "open-lab",
            "OIDC_ETEINT_LABEL": "Eteint",
        }
        live = LiveServer(live_settings.data_dir, live_settings.database_url, port=port, **environ).start()
        yield live
    finally:
        if live is not None:
            live.stop()
        for provider in providers:
            provider.stop()


@pytest.fixture
def scene(server: LiveServer, live_settings: Settings) -> Iterator[Scene]:
    create_app(live_settings)
    yield make_scene()
    database().engine.dispose()


def at_provider(page: Page, profile: str, login: str) -> None:
    """Say at the provider's sign-in page who one is."""
    expect(page.get_by_role("heading", name=profile)).to_be_visible()
    page.get_by_label("Nom").fill(login)
    page.get_by_role("button", name="Continuer").click()


def sign_out(page: Page) -> None:
    page.locator("#sign-out button").click()


@pytest.mark.parametrize("profile_name", PROFILES)
def test_link_sign_out_and_come_back(
    server: LiveServer, scene: Scene, profile: Callable[..., BrowserContext], profile_name: str
) -> None:
    label, login = profile_name.capitalize(), f"ana-{scene.ana.id}"
    page = profile(scene.ana, server.url).new_page()
    page.goto(f"{server.url}/espace")
    page.get_by_role("link", name="Mes connexions").click()
    page.get_by_role("button", name=f"Lier {label} à mon compte").click()
    at_provider(page, profile_name, login)
    expect(page.get_by_role("status")).to_contain_text(f"{label} ouvre désormais votre compte.")
    assert page.url == f"{server.url}/espace/compte/connexions"
    # The sign-in of before was one of a password: leaving it concerns no provider.
    sign_out(page)
    page.wait_for_url("**/connexion")

    page.goto(f"{server.url}/connexion?next=/labs")
    page.get_by_role("link", name=f"Se connecter avec {label}", exact=True).click()
    page.wait_for_url("**/labs")  # the provider still knows who it is
    expect(page.locator(".who-name")).to_contain_text(scene.ana.name)

    sign_out(page)
    if profile_name == "franceconnect":
        page.get_by_role("button", name="Yes, sign me out").click()
        expect(page.get_by_role("heading", name="Vous êtes déconnecté")).to_be_visible()
        assert page.url.startswith(f"{server.url}/connexion/oidc/franceconnect/sortie?state=")
        page.reload()  # a way back is good once
        expect(page.get_by_role("heading", name="Demande refusée")).to_be_visible()
    else:
        expect(page.get_by_text(f"Votre session chez {label} est encore ouverte.")).to_be_visible()
    page.goto(f"{server.url}/espace")
    expect(page).to_have_url(re.compile("/connexion"))

    page.get_by_role("link", name=f"Se connecter avec {label}", exact=True).click()
    if profile_name == "franceconnect":
        at_provider(page, profile_name, login)  # it had been signed out there
    page.wait_for_url("**/espace")
    page.goto(f"{server.url}/espace/compte/connexions")
    page.get_by_role("link", name=f"Retirer {label}").click()
    page.get_by_role("button", name=f"Retirer {label}").click()
    # Nobody is left outside: an account without a password keeps its last way in.
    expect(page.get_by_role("alert")).to_contain_text("C’est votre seul moyen d’entrer.")


def fresh(browser_profile: Callable[..., BrowserContext], scene: Scene, url: str) -> Page:
    context = browser_profile(scene.ana, url)
    context.clear_cookies()
    return context.new_page()


def test_somebody_new_gets_an_account_that_waits(
    server: LiveServer, scene: Scene, profile: Callable[..., BrowserContext]
) -> None:
    page = fresh(profile, scene, server.url)
    page.goto(f"{server.url}/connexion?next=/labs")
    page.get_by_role("link", name="Se connecter avec Google", exact=True).click()
    at_provider(page, "google", f"nouveau-{scene.lab_id}")
    expect(page.get_by_text("Votre compte attend un administrateur du portail.")).to_be_visible()
    assert page.url == f"{server.url}/espace/compte/connexions"
    answer = page.goto(f"{server.url}/labs")
    assert answer is not None and answer.status == 403


@pytest.mark.parametrize(
    ("login", "says"),
    [
        ("inconnu", "cette identité n’est liée à aucun compte"),
        ("faible", "pas avec le niveau de sécurité demandé"),
        ("", "Vous avez interrompu la connexion"),
    ],
)
def test_who_is_refused_is_told_why_and_may_use_a_password(
    server: LiveServer, scene: Scene, profile: Callable[..., BrowserContext], login: str, says: str
) -> None:
    page = fresh(profile, scene, server.url)
    page.goto(f"{server.url}/connexion?next=/labs")
    page.get_by_role("link", name="Se connecter avec Franceconnect", exact=True).click()
    if login:
        at_provider(page, "franceconnect", login)
    else:
        page.get_by_role("button", name="Renoncer").click()
    expect(page.get_by_text(says)).to_be_visible()
    page.get_by_role("link", name="Se connecter avec un mot de passe").click()
    assert page.url == f"{server.url}/connexion?next=/labs"
    expect(page.get_by_label("Mot de passe")).to_be_visible()


def test_a_provider_that_is_down_leaves_the_password(
    server: LiveServer, scene: Scene, profile: Callable[..., BrowserContext]
) -> None:
    page = fresh(profile, scene, server.url)
    page.goto(f"{server.url}/connexion")
    with page.expect_navigation() as answer:
        page.get_by_role("link", name="Se connecter avec Eteint", exact=True).click()
    assert answer.value is not None and answer.value.status == 503
    expect(page.get_by_text("Eteint ne répond pas en ce moment.")).to_be_visible()
    page.get_by_role("link", name="Se connecter avec un mot de passe").click()
    expect(page.get_by_label("Mot de passe")).to_be_visible()
