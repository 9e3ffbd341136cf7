"""A guest on a telephone: from the mail to a remark in the text, and sent away while they sit there."""

from __future__ import annotations

import email
import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.policy import Actor
from config import Settings
from drafts.remark_models import Remark, RemarkMessage
from labs import guests
from labs.models import Lab
from labs.roles import Right
from labs.service import change_right
from tests.journeys.hands import STATE, saved
from tests.journeys.test_axe import faults, runs_over
from tests.journeys.test_remarks import choose, panel
from tests.live_server import LiveServer
from tests.scenes import Scene

PHONE = {"width": 360, "height": 740}
Profile = Callable[..., BrowserContext]


def letter_to(recipient: str, folder: Path, saying: str) -> str:
    """The words of the mail to somebody that says so, as the worker sends it."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        for path in sorted(folder.glob("*.eml"), reverse=True):
            found = email.message_from_bytes(path.read_bytes(), policy=default)
            assert isinstance(found, EmailMessage)
            part = found.get_body(("plain",))
            words = part.get_content() if part is not None else ""
            if found["To"] == recipient and saying in words:
                return str(words)
        time.sleep(0.2)
    raise AssertionError(f"no mail to {recipient} says {saying!r}")


def enter(page: Page, url: str, recipient: str, folder: Path) -> None:
    """Open the link of the mail and type in the code of the next one."""
    letter = letter_to(recipient, folder, "/invitation/")
    token = letter.split("/invitation/")[1].split()[0]
    page.goto(f"{url}/invitation/{token}")
    assert faults(page) == [] and runs_over(page) == []
    page.get_by_role("button", name="Recevoir le code").click()
    code = re.search(r"(\d{3}) (\d{3})", letter_to(recipient, folder, "Il vaut quinze minutes"))
    assert code is not None
    page.get_by_label("Code reçu par courriel").fill(code[0])
    assert faults(page) == [] and runs_over(page) == []
    page.get_by_role("button", name="Entrer dans le lab").click()


def invited(by: Actor, scene: Scene, address: str, right: Right) -> int:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        return guests.invite_guest(by, lab, "Camille Wéa", address, right).id


def test_a_guest_comes_by_the_mail_and_is_sent_away_while_seated(
    browser: Browser, scene: Scene, server: LiveServer, live_settings: Settings, profile: Profile
) -> None:
    who = "camille.wea@universite.example"
    link = invited(scene.facilitator, scene, who, Right.REMARK)
    context = browser.new_context(locale="fr-FR", viewport=PHONE, has_touch=True, is_mobile=True)
    context.set_default_timeout(15_000)
    page = context.new_page()
    enter(page, server.url, who, live_settings.data_dir / "mail")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lab de test")
    assert faults(page) == [] and runs_over(page) == []
    page.get_by_role("link", name="Changer d’adresse").first.click()
    page.wait_for_selector("html[data-synced]")

    # A remark on a passage, from the text itself.
    choose(page, "mairie")
    page.get_by_role("toolbar").get_by_role("button", name="Remarquer", exact=True).click()
    panel(page).get_by_label("Votre remarque").fill("Aussi à l’annexe.")
    panel(page).get_by_role("button", name="Envoyer").click()
    expect(panel(page)).to_contain_text("Aussi à l’annexe.")
    with reading():
        message = session().query(RemarkMessage).join(RemarkMessage.remark).filter(
            Remark.draft_id == scene.draft_id
        ).one()  # fmt: skip
        assert message.person_id == session().get_one(guests.GuestLink, link).person_id
    # Those who write see who is there.
    ana = profile(scene.ana, server.url).new_page()
    ana.goto(f"{server.url}/brouillons/{scene.draft_id}")
    expect(ana.locator("[data-people]")).to_contain_text("Camille Wéa")

    with unit_of_work():
        guests.close(scene.facilitator, session().get_one(Lab, scene.lab_id), link)
    began = time.monotonic()
    expect(page.locator(STATE)).to_contain_text("n’est plus accessible", timeout=2_500)
    assert time.monotonic() - began < 2
    expect(ana.locator("[data-people]")).not_to_contain_text("Camille Wéa")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connexion des agents")
    context.close()


def test_a_guest_who_may_write_writes_and_hears_when_the_right_is_taken(
    browser: Browser, scene: Scene, server: LiveServer, live_settings: Settings
) -> None:
    who = "rose.kabar@association.example"
    link = invited(scene.facilitator, scene, who, Right.WRITE)
    context = browser.new_context(locale="fr-FR")
    context.set_default_timeout(15_000)
    page = context.new_page()
    enter(page, server.url, who, live_settings.data_dir / "mail")
    page.goto(f"{server.url}/brouillons/{scene.draft_id}")
    page.wait_for_selector("html[data-synced]")
    page.locator("[data-editor] p").last.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Ou à l’annexe.")
    saved(page)
    with unit_of_work():
        person = session().get_one(Person, session().get_one(guests.GuestLink, link).person_id)
        change_right(scene.facilitator, session().get_one(Lab, scene.lab_id), person, Right.REMARK)
    expect(page.locator("[data-editor]")).to_have_attribute("aria-readonly", "true", timeout=2_500)
    context.close()
