"""A text of three administrations, by the screens: two write, one facilitates, three review, one publishes.

Changes are asked for, a part that was signed holds in the next version and another does not, an objection is raised and
lifted, one administration stays silent until its time has passed, the text is published at a moment, and the evidence of
that holds on a computer that has nothing but the file and the keys.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from app import clock, jobs
from app.db import session, unit_of_work
from app.policy import Actor, PortalRole
from config import ROOT
from drafts.review_models import OpenReview
from publish.schedule import PUBLISH_AT
from tests import makers
from tests.journeys.hands import caret_at_end, said, same_text, saved
from tests.journeys.test_axe import block
from tests.journeys.test_walk import answers, path_of, sign
from tests.live_server import LiveServer
from tests.scenes import Scene

pytestmark = pytest.mark.alone

TITLE = "Inscrire son enfant à la cantine"
TEXT = [
    block("lead", "b1", "Chaque province tient ses cantines : l’inscription se fait chez elle."),
    block("heading", "b2", "Dans le Nord", level=2),
    block("paragraph", "b3", "Le formulaire se remet à l’antenne de Koné."),
    block("heading", "b4", "Aux îles", level=2),
    block("paragraph", "b5", "Le formulaire se remet à Wé."),
    block("heading", "b6", "Partout", level=2),
    block("paragraph", "b7", "Il faut un justificatif de domicile."),
]
# More than the five working days that an administration has, whatever holidays stand between.
TWO_WEEKS = timedelta(days=14)


@dataclass
class Table:
    """The seven, each in a browser of their own."""

    url: str
    draft: int
    people: dict[str, Actor]
    profile: Callable[..., BrowserContext]

    def __post_init__(self) -> None:
        self.contexts: dict[str, BrowserContext] = {}

    def sit(self, who: str, path: str = "") -> Page:
        """A page of that person: the draft, or what stands below it."""
        if who not in self.contexts:
            self.contexts[who] = self.profile(self.people[who], self.url)
        page = self.contexts[who].new_page()
        page.goto(f"{self.url}/brouillons/{self.draft}{path}")
        if not path:
            page.wait_for_selector("html[data-synced]")
        return page


@pytest.fixture
def table(scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]) -> Table:
    with unit_of_work():
        south, north, islands, portal = (
            makers.make_administration(name)
            for name in ("Province du Sud", "Province du Nord", "Province des îles", "Secrétariat du portail")
        )
        people: dict[str, Actor] = {
            "facilitator": makers.make_agent(south),
            "ana": makers.make_agent(south),
            "ben": makers.make_agent(north),
            "south": makers.make_agent(south, reviewer=True),
            "north": makers.make_agent(north, reviewer=True),
            "islands": makers.make_agent(islands, reviewer=True),
            "editor": makers.make_agent(portal, PortalRole.PORTAL_EDITOR),
        }
        lab = makers.make_lab(people["facilitator"], south, people["ana"], people["ben"])
        # What stood there before they sat down is the North's: so the South's reviewer comes from outside.
        draft = makers.make_draft(people["ben"], lab, south, south, north, islands, title=TITLE, tree=TEXT)
        return Table(server.url, draft.id, people, profile)


def propose_parts(page: Page, note: str) -> None:
    """Propose the text; the North and the islands are asked for what stands under their heading."""
    page.get_by_role("link", name="Choisir ce que chaque administration signe").click()
    for place, heading in (("Province du Nord", "Dans le Nord"), ("Province des îles", "Aux îles")):
        group = page.get_by_role("group", name=re.compile(f"Passages à signer par {place}"))
        if not group.is_visible():
            page.get_by_text(place, exact=True).click()
        group.get_by_role("checkbox", name=heading, exact=True).check()
    page.get_by_label("Ce qui change pour le lecteur").fill(note)
    page.get_by_role("button", name="Proposer à la relecture").click()
    said(page, "Le texte est proposé à la relecture")


def unfold(page: Page, summary: str) -> None:
    page.locator("summary", has_text=summary).first.click()


def kept_silent(draft_id: int) -> None:
    """Two weeks pass for the review that is open. The database refuses to change when it was opened: for a moment it
    has no such rule."""
    rules = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'open_review'"
    with unit_of_work() as current:
        kept = current.execute(sa.text(rules)).all()
        for name, _words in kept:
            current.execute(sa.text(f"DROP TRIGGER {name}"))
        held = current.scalars(sa.select(OpenReview).where(OpenReview.draft_id == draft_id)).one()
        held.opened_at -= TWO_WEEKS
        current.flush()
        for _name, words in kept:
            current.execute(sa.text(words))


def time_has_come(draft_id: int) -> None:
    """The moment of the planned publication, whoever sweeps first: this process or the server's worker."""
    with unit_of_work():
        due = (
            session()
            .scalars(
                sa.select(jobs.DueRow).where(jobs.DueRow.kind == PUBLISH_AT, jobs.DueRow.key == str(draft_id))
            )
            .one()
        )
        due.due_at = clock.now()
    jobs.sweep()


def verified(file: Path, keys: Path, elsewhere: Path) -> subprocess.CompletedProcess[str]:
    """The command, where there is no database."""
    environ = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{elsewhere}/none.sqlite3",
        "DATA_DIR": str(elsewhere),
    }
    command = [
        sys.executable,
        "-m",
        "flask",
        "--app",
        "wsgi",
        "evidence-verify",
        str(file),
        "--keys",
        str(keys),
    ]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)


def test_seven_people_and_one_text(table: Table, tmp_path: Path) -> None:
    # Two write, of two administrations; the facilitator sees both at the table.
    ana, ben = table.sit("ana"), table.sit("ben")
    caret_at_end(ben, "p:has-text('Koné')")
    ben.keyboard.type(" Elle est ouverte le matin.")
    caret_at_end(ana, "p:has-text('justificatif')")
    ana.keyboard.type(" Une facture convient.")
    saved(ana), saved(ben)
    assert "Une facture convient." in same_text(ana, ben)
    facilitator = table.sit("facilitator")
    for name in ("ana", "ben"):
        expect(facilitator.locator("[data-people]")).to_contain_text(table.people[name].name)
    facilitator.close()
    propose_parts(ana, "Une page pour trois provinces.")

    # The North and the islands sign their part; the South asks for something else.
    for who in ("north", "islands"):
        page = table.sit(who, "/relecture")
        expect(page.get_by_label("La partie qui vous est proposée")).to_be_checked()
        sign(page)
        said(page, "Votre visa est enregistré.")
        page.close()
    south = table.sit("south", "/relecture")
    assert answers(south).count("Visa d’une partie du texte") == 2
    unfold(south, "Demander des changements")
    south.get_by_label("Ce qu’il faut changer, et pourquoi").fill("Aux îles, c’est à la mairie de Wé.")
    south.get_by_role("button", name="Envoyer la demande").click()
    said(south, "Votre demande est envoyée.")

    # A new version: what the North signed holds, what the islands signed does not.
    ben.goto(f"{table.url}/brouillons/{table.draft}")
    ben.wait_for_selector("html[data-synced]")
    expect(ben.locator(".asked")).to_contain_text("mairie de Wé")
    caret_at_end(ben, "p:has-text('remet à Wé')")
    ben.keyboard.type(" Demandez la mairie.")
    saved(ben)
    propose_parts(ben, "Une page pour trois provinces.")
    review = path_of(ben)
    south.goto(f"{table.url}/{review}")
    lines = {line.split("\n")[0]: line for line in south.locator(".answers li").all_inner_texts()}
    assert "Visa d’une partie du texte" in lines["Province du Nord"]
    assert "Réponse attendue" in lines["Province des îles"]
    told = table.sit("north", "/relecture")
    expect(told.get_by_role("main")).to_contain_text("Il est reporté d’une version précédente")
    told.close()

    # An objection stands in the way until who raised it lifts it.
    unfold(south, "S’opposer à la publication")
    south.get_by_label("Pourquoi vous vous opposez").fill("Le justificatif n’est plus demandé.")
    south.get_by_role("button", name="S’opposer", exact=True).click()
    said(south, "Votre opposition est enregistrée.")
    expect(south.get_by_role("main")).to_contain_text("Opposition de Province du Sud")
    expect(south.get_by_role("button", name="Signer ce texte")).to_have_count(0)
    south.get_by_label("Ce qui a changé").fill("Il l’est encore pour cette rentrée.")
    south.get_by_role("button", name="Lever l’opposition").click()
    said(south, "L’opposition est levée.")
    sign(south)
    said(south, "Votre visa est enregistré.")
    assert "Visa, comme second regard" in answers(south)

    # The islands do not answer; before their time is over nobody goes on without them.
    editor = table.sit("editor", "/relecture")
    expect(editor.locator("summary", has_text="Continuer sans")).to_have_count(0)
    kept_silent(table.draft)
    editor.reload()
    unfold(editor, "Continuer sans Province des îles")
    editor.get_by_label("Pourquoi vous n’attendez plus").fill("Deux rappels sont restés sans réponse.")
    editor.get_by_role("button", name="Passer outre").click()
    said(editor, "La relecture continue sans cette réponse.")
    expect(editor.locator(".badge").first).to_have_text("Approuvé")

    # Published at a moment, and not before.
    editor.get_by_label("J’ai relu ce texte en entier. Je le publie.").check()
    unfold(editor, "Choisir un autre moment")
    editor.get_by_label("Jour").fill("2035-05-31")
    editor.get_by_label("Heure, à Nouméa").fill("06:30")
    editor.get_by_role("button", name="Programmer la publication").click()
    said(editor, "La publication est programmée.")
    slug = re.search(r"/fiches/[a-z0-9-]+", editor.get_by_role("main").inner_text())
    assert slug is not None
    reader = editor.context.browser.new_page()  # type: ignore[union-attr]
    assert reader.goto(f"{table.url}{slug[0]}").status == 404  # type: ignore[union-attr]
    time_has_come(table.draft)
    for _try in range(100):
        if reader.goto(f"{table.url}{slug[0]}").status == 200:  # type: ignore[union-attr]
            break
        reader.wait_for_timeout(200)
    expect(reader.get_by_role("main")).to_contain_text("Demandez la mairie.")
    expect(reader.locator("footer.signed")).to_contain_text("Province du Nord")

    # The evidence tells all of it, and holds where there is no database.
    reader.get_by_role("link", name="Preuve de cette version").click()
    evidence = f"{table.url}/{path_of(reader)}"
    shown = reader.get_by_role("main")
    for words in (
        "Tout correspond.",
        "Province des îles",
        "n’a pas répondu dans le délai",
        "reporté d’une version précédente",
        "Opposition levée",
    ):
        expect(shown).to_contain_text(words)
    file, keys = tmp_path / "preuve.json", tmp_path / "cles.json"
    file.write_bytes(reader.request.get(f"{evidence}.json").body())
    keys.write_bytes(reader.request.get(f"{table.url}/preuves/cles.json").body())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    held = verified(file, keys, elsewhere)
    assert held.returncode == 0 and "Everything holds." in held.stdout, held.stdout + held.stderr
    assert not (elsewhere / "none.sqlite3").exists()
    raw = file.read_bytes()
    at = raw.index(b"Demandez la mairie.")
    file.write_bytes(raw[:at] + b"d" + raw[at + 1 :])
    broken = verified(file, keys, elsewhere)
    assert broken.returncode == 1 and "NOT " in broken.stdout, broken.stdout + broken.stderr
    reader.close()
