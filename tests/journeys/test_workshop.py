"""A séance in Chromium, from its opening to its minutes: a facilitator, agents of three administrations, one of them on a
phone of 360 pixels; a cut line, one who comes late, the keyboard alone, axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import database
from app.factory import create_app
from config import Settings
from tests.journeys.test_axe import faults, runs_over
from tests.labs.workshop_world import World, make_world
from tests.live_server import LiveServer
from tests.proxy import Proxy

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


@dataclass
class Workshop:
    world: World
    url: str
    profile: Callable[..., BrowserContext]

    def sit(self, who: str, url: str = "", **more: Any) -> Page:
        """A person in the room, live."""
        page = self.profile(self.world[who], url or self.url, **more).new_page()
        page.goto((url or self.url) + self.world.address)
        expect(page.locator("[data-room]")).to_have_attribute("data-line", "up")
        return page


@pytest.fixture
def workshop(
    server: LiveServer, live_settings: Settings, profile: Callable[..., BrowserContext]
) -> Iterator[Workshop]:
    create_app(live_settings)
    yield Workshop(make_world(), server.url, profile)
    database().engine.dispose()


def part(page: Page, name: str) -> Any:
    return page.locator(f"[data-part={name}]")


def press(page: Page, name: str, **more: Any) -> None:
    page.get_by_role("button", name=name, **more).first.click()


def spoken(page: Page) -> Any:
    return page.locator("[data-announce]")


def face(page: Page) -> int:
    """The seconds that are left, as the page shows them."""
    words = page.locator("[data-timer]").inner_text()
    minutes, seconds = re.fullmatch(r"(?:\+ )?(\d+):(\d\d)", words).groups()  # type: ignore[union-attr]
    return int(minutes) * 60 + int(seconds)


def test_from_the_opening_to_the_minutes(workshop: Workshop) -> None:
    world = workshop.world
    lead = workshop.sit("facilitator")
    ana, ben, dan = (workshop.sit(who) for who in ("ana", "ben", "dan"))
    phone = workshop.sit("chloe", **PHONE)
    everybody = [lead, ana, ben, dan, phone]
    for page in everybody:
        expect(part(page, "people").get_by_role("listitem")).to_have_count(5)
    # The item and its time, the same for all.
    press(lead, "Point suivant")
    for page in everybody:
        expect(part(page, "item")).to_contain_text("Tour de table")
        expect(spoken(page)).to_contain_text("Point en cours\u00a0: Tour de table, 15\u00a0minutes.")
    press(lead, "Ajouter 5 minutes")
    for page in everybody:
        expect(page.locator("[data-timer]")).to_have_text(re.compile(r"^(20:00|19:\d\d)$"))
    faces = [face(page) for page in everybody]
    assert max(faces) - min(faces) <= 3, faces  # read one after the other
    # Hands in their order; the floor is given, and it is said to who has it.
    press(phone, "Lever la main")
    expect(part(lead, "hands").get_by_role("listitem")).to_have_count(1)
    press(ben, "Lever la main")
    expect(part(lead, "hands").get_by_role("listitem")).to_have_count(2)
    expect(part(lead, "hands").get_by_role("listitem").first).to_contain_text(world["chloe"].name)
    press(lead, "Donner la parole")
    expect(part(phone, "floor")).to_contain_text("Vous avez la parole.")
    expect(spoken(phone)).to_contain_text("Vous avez la parole.")
    expect(phone.locator("[data-notice]")).to_have_text("Vous avez la parole.")
    expect(part(ana, "floor")).to_contain_text(f"{world['chloe'].name} a la parole.")
    press(phone, "Rendre la parole")
    expect(part(ana, "floor")).to_contain_text("Personne n’a la parole.")
    # « Suivez-moi » : who wants to sees the passage beside the room.
    lead.get_by_text("Montrer un passage à tous").click()
    lead.get_by_label("Texte ou passage à montrer").select_option(str(world.draft))
    lead.get_by_label("Passage", exact=True).select_option("b2")
    ana.get_by_label("Suivre l’animateur").check()
    press(lead, "Montrer à tous")
    expect(ana.locator("[data-passage] .passage-shown")).to_have_text("Présentez-vous à la mairie.")
    expect(ben.locator("[data-passage]")).to_be_hidden()
    # A secret poll on that passage.
    lead.get_by_text("Ouvrir un sondage", exact=True).first.click()
    lead.get_by_label("Question").fill("Ce passage est-il clair\u202f?")
    lead.locator("#sondage-sur").select_option(f"{world.draft}")
    lead.get_by_label("Vote secret").check()
    lead.locator("form[data-act=poll] button").click()
    for page in (ana, ben, dan, phone):
        expect(spoken(page)).to_contain_text("Sondage ouvert\u00a0: Ce passage est-il clair")
        page.get_by_label("Non" if page is dan else "Oui").check()
        press(page, "Voter")
        expect(part(page, "polls")).to_contain_text("Votre réponse est comptée.")
    expect(part(lead, "polls")).to_contain_text("4\u00a0réponses")
    expect(part(ana, "polls")).not_to_contain_text("Oui\u00a0:")
    press(lead, "Clore le sondage")
    for page in everybody:
        expect(part(page, "polls")).to_contain_text("Oui\u00a0: 3")
        expect(part(page, "polls")).to_contain_text("Non\u00a0: 1")
    # A decision, an action, a word to somebody.
    lead.get_by_text("Noter une décision", exact=True).click()
    lead.get_by_label("Décision", exact=True).fill("On garde ce passage.")
    lead.locator("#decision-sur").select_option(str(world.draft))
    press(lead, "Noter la décision")
    expect(part(phone, "decisions")).to_contain_text(
        "On garde ce passage. sur «\u00a0Changer d’adresse\u00a0», état n°\u00a01"
    )
    lead.get_by_text("Noter une action", exact=True).click()
    lead.get_by_label("Ce qui est à faire").fill("Relire la page.")
    lead.get_by_label("Par qui").select_option(str(world["ben"].id))
    lead.get_by_label("Pour le").fill("2031-01-15")
    press(lead, "Noter l’action")
    expect(part(ben, "actions")).to_contain_text(
        f"Relire la page. {world['ben'].name}, pour le 15 janvier 2031"
    )
    ana.get_by_label("Votre message").fill("Merci Ben")
    ana.get_by_label("Pour qui").select_option(str(world["ben"].id))
    press(ana, "Envoyer")
    expect(spoken(ben)).to_contain_text(f"{world['ana'].name} vous écrit\u00a0: Merci Ben")
    expect(ana.get_by_label("Votre message")).to_have_value("")
    expect(ana.get_by_label("Votre message")).to_be_focused()
    # One who comes late has it all.
    rose = workshop.sit("rose")
    for name in ("item", "floor", "polls", "decisions", "actions", "chat", "agenda"):
        assert part(rose, name).inner_text().split(":")[0] == part(dan, name).inner_text().split(":")[0], name
    wrong = {}
    for page, who in ((lead, "facilitator"), (rose, "reader"), (phone, "phone")):
        for width in (1280, 360, 320):
            page.set_viewport_size({"width": width, "height": 800})
            wrong[f"{who} {width}"] = faults(page) + runs_over(page)
    lead.set_viewport_size({"width": 1280, "height": 800})
    assert not any(wrong.values()), wrong
    lead.get_by_text("Clore la séance", exact=True).click()
    press(lead, "Clore maintenant")
    for page in (*everybody, rose):
        expect(page.locator("[data-part=phase]")).to_contain_text("Séance close")
    lead.get_by_role("link", name="Compte rendu").click()
    expect(lead.get_by_role("heading", level=1)).to_contain_text("Compte rendu")
    for _try in range(20):
        if lead.get_by_role("heading", name="Présences").count():
            break
        lead.wait_for_timeout(1000)
        lead.reload()
    main = lead.locator("main")
    for who in ("facilitator", "ana", "ben", "chloe", "dan", "rose"):
        expect(main).to_contain_text(f"{world[who].name}, de ")
    expect(main).to_contain_text(
        "6 personnes de 3 administrations.".replace(" ", "\u00a0", 1).replace("3 ", "3\u00a0")
    )
    expect(main).to_contain_text("vote secret")
    expect(main).to_contain_text("Oui 3, Non 1.")
    assert faults(lead) == []
    lead.get_by_role("link", name="Modifier le compte rendu").click()
    lead.get_by_label("Notes de l’animateur").fill("À relire avec la mairie.")
    press(lead, "Enregistrer une nouvelle version")
    expect(main).to_contain_text("À relire avec la mairie.")
    assert faults(lead) == []
    press(lead, "Envoyer aux membres du lab")
    expect(main).to_contain_text("Le compte rendu est envoyé à 6 personnes.".replace("6 ", "6\u00a0"))


def test_what_is_sent_during_a_cut_arrives_once(workshop: Workshop, proxy: Proxy) -> None:
    world = workshop.world
    number = world.act("facilitator", "poll", question="Encore là\u202f?").number
    dan = workshop.sit("dan")
    ana = workshop.sit("ana", proxy.url)
    proxy.cut()
    expect(ana.locator("[data-room]")).to_have_attribute("data-line", "down", timeout=60_000)
    ana.get_by_label("Oui").check()
    press(ana, "Voter")
    expect(ana.locator("[data-line]").first).to_have_attribute("data-line", "down")
    expect(ana.get_by_text("1\u00a0envoi attend.")).to_be_visible()
    world.act("facilitator", "item", item="next")
    world.act("facilitator", "hand_up")
    proxy.restore()
    expect(ana.locator("[data-room]")).to_have_attribute("data-line", "up", timeout=30_000)
    expect(part(ana, "polls")).to_contain_text("Votre réponse est comptée.")
    expect(part(ana, "item")).to_contain_text("Tour de table")
    expect(part(ana, "hands").get_by_role("listitem")).to_have_count(1)
    assert abs(face(ana) - face(dan)) <= 1
    assert list(world.state()["polls"][str(number)]["votes"]) == [str(world["ana"].id)]


def test_by_keyboard_alone(workshop: Workshop) -> None:
    world = workshop.world
    ana, lead = workshop.sit("ana"), workshop.sit("facilitator")

    def reach(page: Page, words: str, key: str = "Tab") -> None:
        for _step in range(80):
            page.keyboard.press(key)
            if page.evaluate("document.activeElement?.innerText ?? ''").strip().startswith(words):
                return
        raise AssertionError(f"{words} is not reached by {key}")

    reach(ana, "Lever la main")
    ana.keyboard.press("Enter")
    expect(part(ana, "hands").get_by_role("listitem")).to_have_count(1)
    # The place of the keyboard stays on the button, which now takes the hand down.
    expect(ana.get_by_role("button", name="Baisser la main")).to_be_focused()
    reach(lead, "Point suivant")
    lead.keyboard.press("Enter")
    expect(part(lead, "item")).to_contain_text("Tour de table")
    expect(lead.get_by_role("button", name="Point suivant")).to_be_focused()
    reach(lead, "Donner la parole")
    lead.keyboard.press("Enter")
    expect(part(ana, "floor")).to_contain_text("Vous avez la parole.")
    # Its button is gone: the keyboard stands at the heading of its part, not at the top of the page.
    expect(lead.get_by_role("heading", name="Parole")).to_be_focused()
    world.act("facilitator", "poll", question="Au clavier\u202f?")
    ana.get_by_label("Oui").focus()
    ana.keyboard.press("Space")
    world.act("facilitator", "say", text="Un mot pendant que l’on choisit.")
    world.act("ben", "vote", poll=max(int(name) for name in world.state()["polls"]), choice=0)
    expect(part(ana, "polls")).to_contain_text("1\u00a0réponse")
    # What somebody else does takes neither the choice nor the place away.
    expect(ana.get_by_label("Oui")).to_be_checked()
    expect(ana.get_by_label("Oui")).to_be_focused()
    reach(ana, "Voter")
    ana.keyboard.press("Enter")
    expect(part(ana, "polls")).to_contain_text("Votre réponse est comptée.")


def test_a_refusal_stays_beside_its_form_with_what_was_typed(workshop: Workshop) -> None:
    lead = workshop.sit("facilitator")
    lead.get_by_text("Ouvrir un sondage", exact=True).first.click()
    lead.get_by_label("Question").fill("Laquelle\u202f?")
    lead.get_by_label("Réponses, une par ligne").fill("Une seule")
    lead.locator("form[data-act=poll] button").click()
    expect(lead.locator("form[data-act=poll]").get_by_role("alert")).to_contain_text(
        "de deux à huit réponses"
    )
    expect(lead.get_by_label("Réponses, une par ligne")).to_have_value("Une seule")
    assert faults(lead) == []
