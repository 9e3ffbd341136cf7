"""The instance is put back to an older backup while people have newer text open: nothing of theirs is lost, nothing
comes back by itself, nothing in another's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, expect

from app import schema_versions
from app.db import database, reading, session, unit_of_work
from app.factory import create_app
from config import Settings
from drafts import log
from drafts.grammar import plain_text
from drafts.history_models import DraftVersion
from tests.journeys.conftest import open_draft
from tests.journeys.hands import caret_at_the_very_end, said, saved, text_of
from tests.live_server import SECRET, LiveServer
from tests.scenes import make_scene, token_for

NEWER = "Une phrase d’après la sauvegarde."


@pytest.fixture
def own_settings(tmp_path: Path) -> Settings:
    """A database of the test's own: it is replaced while the module's server would go on."""
    url = f"sqlite:///{tmp_path / 'own.sqlite3'}"
    schema_versions.upgrade(url)
    return Settings.from_env({}, database_url=url, data_dir=tmp_path, secret_key=SECRET)


@pytest.fixture
def own_server(own_settings: Settings) -> Iterator[LiveServer]:
    server = LiveServer(own_settings.data_dir, own_settings.database_url)
    yield server
    server.stop()


@pytest.mark.alone
def test_browsers_with_newer_text_offer_their_copy(
    own_settings: Settings,
    own_server: LiveServer,
    profile: Callable[..., BrowserContext],
    tmp_path: Path,
) -> None:
    app = create_app(own_settings)
    scene = make_scene()
    own_server.start(timeout=400)
    file = tmp_path / "portal.backup"
    ana_s, ben_s = profile(scene.ana, own_server.url), profile(scene.ben, own_server.url)
    ana, ben = (open_draft(context, own_server.url, scene.draft_id) for context in (ana_s, ben_s))
    caret_at_the_very_end(ben)
    ben.keyboard.type(" Une phrase de Ben.")
    saved(ben)
    assert app.test_cli_runner().invoke(args=["backup", str(file)]).exit_code == 0
    before = text_of(ben)
    caret_at_the_very_end(ana)
    ana.keyboard.type(f" {NEWER}")
    saved(ana)
    expect(ben.locator("[data-editor]")).to_contain_text(NEWER)
    own_server.stop()
    database().engine.dispose()
    with unit_of_work() as current:
        # What half a minute would do: the worker's lease lapses.
        current.execute(sa.text("DELETE FROM lease"))
    result = app.test_cli_runner().invoke(args=["restore", str(file), "--replace", "--yes"])
    assert result.exit_code == 0, result.output
    own_server.start(timeout=400)
    for page, context, person in ((ana, ana_s, scene.ana), (ben, ben_s, scene.ben)):
        # Sign-ins do not come back: the tab says so, with the text still in sight, and the person signs in in it.
        expect(
            page.get_by_role("link", name="Se connecter de nouveau").or_(page.locator("[data-editor]")).first
        ).to_be_visible()
        expect(page.locator("[data-save-state]")).to_have_attribute(
            "data-save-state", "refused", timeout=90_000
        )
        context.add_cookies([{"name": "openlab", "value": token_for(person), "url": own_server.url}])
        page.reload()
        page.wait_for_selector("html[data-synced]")
        offer = page.get_by_role("region", name="Votre navigateur garde une copie d’avant")
        expect(offer).to_be_visible()
        expect(offer.get_by_label("Copie d’avant")).to_have_value(f"{before} {NEWER}")
        # The text is that of the backup, and stays so.
        assert text_of(page) == before
    ana.screenshot(path=str(tmp_path / "left-behind.png"))
    with ana.expect_download() as download:
        ana.get_by_role("button", name="Télécharger la copie").click()
    assert NEWER in Path(download.value.path()).read_text(encoding="utf-8")
    ana.get_by_role("button", name="Garder cette copie…").click()
    choice = ana.get_by_label("Le garder comme version, sans changer le texte")
    expect(choice).to_be_visible(timeout=60_000)
    ana.screenshot(path=str(tmp_path / "brought.png"), full_page=True)
    choice.check()
    ana.get_by_role("button", name="Confirmer").click()
    said(ana, "Le document est gardé comme version")
    expect(ana.get_by_text("copie du navigateur").first).to_be_visible()
    with reading():
        version = session().query(DraftVersion).one()
        words = plain_text(version.tree)
        assert words.count(NEWER) == 1 and words.count("Une phrase de Ben.") == 1
        assert {person for _size, person in version.authors} == {scene.ana.id}
        loaded = log.load(scene.draft_id)
        assert NEWER not in plain_text(loaded.tree)
        assert {person for line in loaded.runs.runs() for _size, person, _raw in line} <= {
            0,
            scene.ana.id,
            scene.ben.id,
        }
    # Both go on writing in the text as it is now.
    ana.goto(f"{own_server.url}/brouillons/{scene.draft_id}")
    ana.wait_for_selector("html[data-synced]")
    expect(ana.locator("[data-left-behind]")).to_have_count(0)
    caret_at_the_very_end(ana)
    ana.keyboard.type(" Et la suite.")
    saved(ana)
    expect(ben.locator("[data-editor]")).to_contain_text("Et la suite.")
