"""The copy of the portal in a real browser: opened from a disk and sent by a server of files, with scripts and without."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app import db
from app.factory import create_app
from config import ROOT, Settings
from publish.static_site.export import Wanted, export
from tests.publish import press as presses
from tests.publish.press import RICH, block
from tests.publish.test_static_site import World, make_world

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
LOOKED_AT = (
    "index.html", "fiches/inscrire-un-eleve/index.html", "recherche/index.html?q=eleves", "fiches/index.html",
    "copie/index.html", "demarches/index.html", "souhaits/index.html", "appels/index.html", "plan-du-site/index.html",
)  # fmt: skip


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def copy(live_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, World]]:
    """A copy of a dozen articles, made once for all tests here."""
    app = create_app(live_settings)
    press = presses.set_up()
    world = make_world(press, articles=4)
    press.published("Demander une bourse d’études", [
        block("lead", "Les étudiants demandent une bourse à la province.", id="b1"),
        block("paragraph", "Les travaux à rendre sont des dossiers régionaux.", id="b2"),
    ], both=False, themes=["education"], life_events=[])  # fmt: skip
    press.published("Être hébergé", RICH, both=False, themes=["sante"], life_events=[])
    folder = tmp_path_factory.mktemp("copie")
    export(app, Wanted(folder, force=True))
    db.database().engine.dispose()
    yield folder, world


@pytest.fixture(scope="module")
def roots(copy: tuple[Path, World]) -> Iterator[tuple[str, ...]]:
    """Where the copy is opened: on the disk, and at a server of files."""
    folder, _world = copy
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder.as_uri() + "/", f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`opened(address, width, scripts)`: a page in a profile of its own; what the browser complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(address: str, width: int = 1280, *, scripts: bool = True) -> Page:
        context = browser.new_context(
            locale="fr-FR", viewport={"width": width, "height": 800}, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def test_a_reader_goes_through_the_copy(roots: tuple[str, ...], opened: Callable[..., Page]) -> None:
    for root in roots:
        page = opened(root + "index.html")
        page.get_by_role("link", name="fiches publiées").click()
        page.get_by_role("link", name="Inscrire un élève").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Inscrire un élève")
        expect(page.locator(".copy")).to_contain_text("Copie du portail")
        page.get_by_role("link", name="À propos de cette copie").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("À propos de cette copie")
        # A redirection of the portal is one here, without a server.
        page.goto(root + "fiches/fiche-menee/index.html")
        page.wait_for_url("**/fiches/inscrire-un-eleve/index.html")


def test_the_search_finds_what_is_typed(roots: tuple[str, ...], opened: Callable[..., Page]) -> None:
    for root in roots:
        page = opened(root + "fiches/inscrire-un-eleve/index.html")
        for typed, found in (
            ("eleves", "Inscrire un élève"), ("ÉLÈVE", "Inscrire un élève"), ("l’étudiante", "Demander une bourse d’études"),
            ("bourses", "Demander une bourse d’études"), ("cheval", "Les chevaux à la maison"), ("région", "Demander une bourse d’études"),
            ("héberg", "Être hébergé"), ("inscrire un eleve", "Inscrire un élève"), ("travail", "Demander une bourse d’études"),
        ):  # fmt: skip
            page.get_by_role("searchbox").fill(typed)
            page.get_by_role("button", name="Rechercher").click()
            expect(page.locator("#resultats h2")).to_contain_text("trouvée")
            expect(page.locator("#resultats .cards a").filter(has_text=found), typed).to_have_count(1)
        expect(page.locator("#resultats h2")).to_be_focused()
        page.locator("#resultats .cards a").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Demander une bourse d’études")
        page.goto(root + "recherche/index.html?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%20bourse")
        expect(page.locator("#resultats h2")).to_be_visible()
        expect(page.locator("main img")).to_have_count(0)
        page.goto(root + "recherche/index.html?q=zzzzqqqq")
        expect(page.locator("#resultats h2")).to_contain_text("Aucune fiche")


def test_without_scripts_the_lists_are_there(roots: tuple[str, ...], opened: Callable[..., Page]) -> None:
    for root in roots:
        page = opened(root + "recherche/index.html", scripts=False)
        expect(page.get_by_text("La recherche a besoin de JavaScript")).to_be_visible()
        page.get_by_role("link", name="Toutes les fiches, de A à Z").click()
        page.get_by_role("link", name="Être hébergé").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Être hébergé")
        page.goto(root + "recherche/index.html")
        page.get_by_role("link", name="Toutes les fiches, par thème").click()
        expect(page.get_by_role("link", name="Être hébergé")).to_be_visible()


def test_pages_of_the_copy_are_for_everybody(roots: tuple[str, ...], browser: Browser) -> None:
    """axe, which asks for a browser that lets its script in; and nothing runs out of a telephone's screen."""
    context = browser.new_context(locale="fr-FR", bypass_csp=True)
    page = context.new_page()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for name in LOOKED_AT:
            page.goto(roots[0] + name)
            if "?q=" in name:
                expect(page.locator("#resultats h2")).to_be_visible()
            page.evaluate(AXE)
            found = page.evaluate(
                "() => axe.run().then(result => result.violations.map(one => [one.id, one.nodes.map(n => n.html)]))"
            )
            assert found == [], (name, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    context.close()
