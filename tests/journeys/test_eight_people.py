"""A workshop by the screens, in eight browsers: a facilitator, six agents of five administrations, and a guest on a telephone.

From the invitations to the minutes. One loses the network for a minute, one comes late, the server is stopped and started;
the minutes tell who was there, from when to when, who wrote how much, and what was decided on which state of the text.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app import clock
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.policy import Actor
from config import Settings
from drafts.models import Draft
from labs import room
from labs.models import LabSession
from labs.session_models import SessionEvent, SessionVoter
from tests import makers
from tests.journeys.hands import caret_at_the_very_end, same_text, saved
from tests.journeys.test_axe import faults, runs_over
from tests.journeys.test_guest import enter, letter_to
from tests.journeys.test_workshop import part, press, spoken
from tests.live_server import LiveServer
from tests.proxy import Proxy
from tests.scenes import Scene

# A minute without a line and a minute after somebody left are real ones.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(420)]

PHONE = {"width": 360, "height": 740}
GUEST = "lea.ixeko@association.example"
AGENTS = {  # who, of which administration: five of them
    "ana": "Province du Sud",
    "ben": "Province du Nord",
    "iris": "Province des îles",
    "chloe": "Ville de Koné",
    "dan": "Caisse des familles",
    "rose": "Ville de Koné",
}
MINUTE = 60


@dataclass
class Meeting:
    url: str
    slug: str
    draft: int
    people: dict[str, Actor]
    pages: dict[str, Page] = field(default_factory=dict)
    # When each of them came in, by this computer's clock.
    came: dict[str, datetime] = field(default_factory=dict)
    address: str = ""

    @property
    def number(self) -> int:
        return int(self.address.rsplit("/", 1)[1])

    def sit(self, who: str, context: BrowserContext, url: str = "") -> Page:
        page = self.pages[who] = context.new_page()
        page.goto((url or self.url) + self.address)
        expect(page.locator("[data-room]")).to_have_attribute("data-line", "up")
        self.came[who] = clock.now()
        return page

    def all_up(self) -> None:
        for who, page in self.pages.items():
            expect(page.locator("[data-room]"), who).to_have_attribute("data-line", "up", timeout=40_000)

    def state(self) -> dict[str, Any]:
        with reading():
            return room.state_of(self.number)


@pytest.fixture
def meeting(scene: Scene, server: LiveServer) -> Meeting:
    with unit_of_work():
        places = {name: makers.make_administration(name) for name in dict.fromkeys(AGENTS.values())}
        south = places["Province du Sud"]
        people = {"facilitator": makers.make_agent(south)}
        people |= {who: makers.make_agent(places[place]) for who, place in AGENTS.items()}
        # Two are there; who leads invites the others on screen.
        lab = makers.make_lab(people["facilitator"], south, *(people[who] for who in AGENTS if who != "rose"))
        draft = makers.make_draft(people["ana"], lab, south, places["Province du Nord"])
        return Meeting(server.url, lab.slug, draft.id, people)


def planned(lead: Page, meeting: Meeting) -> None:
    """A séance of today with three items, one of them tied to a passage of the text."""
    lead.goto(f"{meeting.url}/labs/{meeting.slug}/seances/nouvelle")
    today = clock.local(clock.now())
    # Under way at any hour of the day: of a séance that is over nobody is told.
    begins = max(today - timedelta(minutes=30), today.replace(hour=0, minute=0))
    ends = min(today + timedelta(minutes=90), today.replace(hour=23, minute=59))
    lead.get_by_label("Titre de la séance").fill("Écrire la page commune")
    lead.get_by_label("Jour").fill(today.date().isoformat())
    lead.get_by_label("Début").fill(f"{begins:%H:%M}")
    lead.get_by_label("Fin", exact=True).fill(f"{ends:%H:%M}")
    lead.get_by_label("Lieu").fill("Koné, et à distance")
    press(lead, "Prévoir la séance et prévenir les membres")
    for title, minutes in (("Tour de table", 15), ("Écrire ensemble", 60), ("Et après\u202f?", 10)):
        card = lead.locator(".card", has_text="Ajouter un point")
        card.get_by_label("Titre du point").fill(title)
        card.get_by_label("Durée en minutes").fill(str(minutes))
        if minutes == 60:
            card.get_by_label("Brouillon concerné").select_option(str(meeting.draft))
        press(lead, "Ajouter à l’ordre du jour")
        expect(lead.locator("ol.agenda")).to_contain_text(title)
    # The second item is about one passage.
    second = lead.locator("ol.agenda > li").nth(1)
    second.get_by_text("Modifier").click()
    second.get_by_role("link", name="Choisir un passage").click()
    second = lead.locator("ol.agenda > li").nth(1)
    second.get_by_label("Passage du brouillon").select_option("b2")
    second.get_by_role("button", name="Enregistrer ce point").click()
    expect(lead.locator("ol.agenda > li").nth(1)).to_contain_text("un passage")
    assert faults(lead) == []
    lead.get_by_role("link", name="Aller à la salle").click()
    meeting.address = lead.url.removeprefix(meeting.url)


def invited(lead: Page, meeting: Meeting) -> None:
    """Rose by her name, the guest by a link."""
    lead.goto(f"{meeting.url}/labs/{meeting.slug}/inviter")
    lead.get_by_label("Nom ou adresse électronique").fill(meeting.people["rose"].email)
    press(lead, "Chercher")
    lead.locator("[name=personnes]").check()
    lead.get_by_label("Ce que ces personnes pourront faire").select_option("write")
    press(lead, "Inviter", exact=True)
    expect(lead.locator("main")).to_contain_text(meeting.people["rose"].name)
    lead.goto(f"{meeting.url}/labs/{meeting.slug}/inviter/lien")
    lead.get_by_label("Nom").fill("Léa Ixeko")
    lead.get_by_label("Adresse électronique").fill(GUEST)
    press(lead, "Envoyer le lien")
    expect(lead.locator("main")).to_contain_text("Léa Ixeko")


def left_on(page: Page) -> tuple[float, str]:
    """When the item is over by the face of the clock on the page, in seconds since 1970; and what it shows."""
    now, words = page.evaluate(
        "() => [Date.now() / 1000, document.querySelector('[data-timer]').textContent]"
    )
    late, minutes, seconds = re.fullmatch(r"(\+ )?(\d+):(\d\d)", words).groups()  # type: ignore[union-attr]
    left = int(minutes) * 60 + int(seconds)
    return now + (-left if late else left), words


def same_time(meeting: Meeting) -> None:
    """Every clock shows the remaining time within a second of what the server has."""
    item = meeting.state()["item"]
    over = item["started_at"] / 1000 + item["minutes"] * 60
    for who, page in meeting.pages.items():
        shown, words = left_on(page)
        assert abs(over - shown) <= 1.5, (who, words, over - shown)


def hour(at: datetime) -> str:
    local = clock.local(at)
    return f"{local.hour} h {local:%M}"


def voted(page: Page, choice: str) -> None:
    page.get_by_label(choice, exact=True).check()
    press(page, "Voter")


def decided(lead: Page, draft: int, words: str) -> None:
    lead.get_by_text("Noter une décision", exact=True).click()
    lead.get_by_label("Décision", exact=True).fill(words)
    lead.locator("#decision-sur").select_option(str(draft))
    press(lead, "Noter la décision")


def minutes_between(first: datetime, last: datetime) -> set[str]:
    """The hours to the minute that a clock may have shown between two instants."""
    steps = range(int((last - first) / timedelta(seconds=1)) + 2)
    return {hour(first + timedelta(seconds=step)) for step in steps}


def test_a_workshop_from_its_invitation_to_its_minutes(
    meeting: Meeting,
    browser: Browser,
    server: LiveServer,
    live_settings: Settings,
    profile: Callable[..., BrowserContext],
    proxy: Proxy,
) -> None:
    people, pages = meeting.people, meeting.pages
    contexts = {who: profile(person, meeting.url) for who, person in people.items() if who != "dan"}
    contexts["dan"] = profile(people["dan"], proxy.url)
    contexts["phone"] = browser.new_context(locale="fr-FR", viewport=PHONE, has_touch=True, is_mobile=True)
    contexts["phone"].set_default_timeout(15_000)
    lead = contexts["facilitator"].new_page()
    invited(lead, meeting)
    planned(lead, meeting)

    # Who was invited answers; the calendar came by mail.
    rose = contexts["rose"].new_page()
    rose.goto(f"{meeting.url}/labs/{meeting.slug}")
    press(rose, "Accepter")
    mails = live_settings.data_dir / "mail"
    letter_to(people["ana"].email, mails, "Écrire la page commune")
    phone = contexts["phone"].new_page()
    enter(phone, meeting.url, GUEST, mails)

    opened_between = [clock.now()]
    press(lead, "Ouvrir la séance")
    expect(lead.locator("[data-room]")).to_have_attribute("data-line", "up")
    opened_between.append(clock.now())
    pages["facilitator"], meeting.came["facilitator"] = lead, clock.now()
    for who in ("ana", "ben", "iris", "chloe"):
        meeting.sit(who, contexts[who])
    dan = meeting.sit("dan", contexts["dan"], proxy.url)
    phone = meeting.sit("phone", contexts["phone"])
    for page in pages.values():
        expect(part(page, "people").get_by_role("listitem")).to_have_count(7)
    assert faults(phone) == [] and runs_over(phone) == []

    # The first item, hands, the floor.
    press(lead, "Point suivant")
    for page in pages.values():
        expect(part(page, "item")).to_contain_text("Tour de table")
    same_time(meeting)
    press(phone, "Lever la main")
    expect(part(lead, "hands").get_by_role("listitem")).to_have_count(1)
    press(lead, "Donner la parole")
    expect(spoken(phone)).to_contain_text("Vous avez la parole.")

    # Dan loses the network for a minute. The others go on: the item about the text, which two of them write in.
    proxy.cut()
    cut_at = time.monotonic()
    press(lead, "Point suivant")
    texts = {}
    for who, words in (("ana", " Dans les dix jours."), ("ben", " Ou à l’antenne de Koné.")):
        texts[who] = contexts[who].new_page()
        texts[who].goto(f"{meeting.url}/brouillons/{meeting.draft}")
        texts[who].wait_for_selector("html[data-synced]")
        caret_at_the_very_end(texts[who])
        texts[who].keyboard.type(words)
        saved(texts[who])
    assert "Dans les dix jours." in (written := same_text(*texts.values())) and "antenne de Koné" in written
    for page in texts.values():
        page.close()
    lead.get_by_text("Ouvrir un sondage", exact=True).first.click()
    lead.get_by_label("Question").fill("Publier ce passage\u202f?")
    lead.get_by_label("Vote secret").check()
    lead.locator("form[data-act=poll] button").click()
    choices = {"ana": "Oui", "ben": "Oui", "iris": "Non", "phone": "Oui"}
    for who, choice in choices.items():
        voted(pages[who], choice)
        expect(part(pages[who], "polls")).to_contain_text("Votre réponse est comptée.")
    decided(lead, meeting.draft, "On garde ce passage.")
    with reading():
        seq = session().get_one(Draft, meeting.draft).head_seq

    # Rose comes late and has it all.
    meeting.sit("rose", contexts["rose"])
    for name in ("item", "decisions", "agenda"):
        assert (
            part(pages["rose"], name).inner_text().split(":")[0]
            == part(pages["ana"], name).inner_text().split(":")[0]
        )
    expect(part(pages["rose"], "polls")).to_contain_text("4\u00a0réponses")

    # The server is stopped and started; somebody votes while it is away.
    server.stop()
    for who in ("facilitator", "chloe", "phone"):
        expect(pages[who].locator("[data-room]")).to_have_attribute("data-line", "down", timeout=40_000)
    voted(pages["chloe"], "Non")
    expect(pages["chloe"].get_by_text("1\u00a0envoi attend.")).to_be_visible()
    server.start()
    expect(dan.locator("[data-room]")).to_have_attribute("data-line", "down", timeout=60_000)
    lead.wait_for_timeout(max(0, 1000 * (MINUTE - (time.monotonic() - cut_at))))
    proxy.restore()
    meeting.all_up()
    voted(dan, "Oui")
    for page in pages.values():
        expect(part(page, "item")).to_contain_text("Écrire ensemble")
        expect(part(page, "polls")).to_contain_text("6\u00a0réponses")
        expect(part(page, "people").get_by_role("listitem")).to_have_count(8)
        expect(part(page, "decisions")).to_contain_text(f"état n°\u00a0{seq}")
    same_time(meeting)

    press(lead, "Clore le sondage")
    for page in pages.values():
        expect(part(page, "polls")).to_contain_text("Oui\u00a0: 4")
        expect(part(page, "polls")).to_contain_text("Non\u00a0: 2")
    not_told_who_voted_what(meeting, server)
    # One leaves before the end.
    pages["iris"].close()
    iris_left = clock.now()
    expect(part(lead, "people").get_by_role("listitem")).to_have_count(7)
    lead.wait_for_timeout(MINUTE * 1000)
    lead.get_by_text("Clore la séance", exact=True).click()
    closed_between = [clock.now()]
    press(lead, "Clore maintenant")
    for who, page in pages.items():
        if who != "iris":
            expect(page.locator("[data-part=phase]")).to_contain_text("Séance close")
    closed_between.append(clock.now())

    lead.get_by_role("link", name="Compte rendu").click()
    for _try in range(30):
        if lead.get_by_role("heading", name="Présences").count():
            break
        lead.wait_for_timeout(1000)
        lead.reload()
    told = re.sub("[\u00a0\u202f]", " ", lead.locator("main").inner_text())
    assert "8 personnes de 5 administrations." in told
    names = {who: person.name for who, person in people.items()} | {"phone": "Léa Ixeko"}
    places = AGENTS | {"facilitator": "Province du Sud", "phone": "Invités"}
    for who, name in names.items():
        line = next(line for line in told.splitlines() if line.startswith(f"{places[who]} :"))
        found = re.search(re.escape(name) + r", de (\d+ h \d\d) à (\d+ h \d\d)", line)
        assert found is not None, (name, line)
        came = (
            opened_between
            if who == "facilitator"
            else [meeting.came[who] - timedelta(seconds=5), meeting.came[who]]
        )
        left = [iris_left, iris_left + timedelta(seconds=5)] if who == "iris" else closed_between
        assert found[1] in minutes_between(came[0], came[1]), (who, line)
        assert found[2] in minutes_between(left[0], left[1]), (who, line)
    assert "Province du Sud, 20 caractères écrits et 0 retirés" in told
    assert "Province du Nord, 24 caractères écrits et 0 retirés" in told
    assert "On garde ce passage." in told and f"état n° {seq}" in told
    assert "vote secret" in told and "Oui 4, Non 2." in told
    assert faults(lead) == []
    for kind, begins in (("pdf", b"%PDF"), ("docx", b"PK"), ("md", b"#")):
        answer = lead.request.get(f"{meeting.url}{meeting.address}/compte-rendu.{kind}")
        assert answer.status == 200 and answer.body().startswith(begins), (kind, answer.status)
    press(lead, "Envoyer aux membres du lab")
    expect(lead.locator("main")).to_contain_text("Le compte rendu est envoyé à 8\u00a0personnes.")
    letter_to(GUEST, mails, "/compte-rendu")
    contexts["phone"].close()


def not_told_who_voted_what(meeting: Meeting, server: LiveServer) -> None:
    """A row says that each of them voted, and nothing says what: no event, no word in the log or the journal of acts."""
    with reading():
        rows = session().scalars(sa.select(SessionVoter.person_id).filter_by(session_id=meeting.number)).all()
        kinds = session().scalars(sa.select(SessionEvent.kind).filter_by(session_id=meeting.number)).all()
        audited = session().scalars(sa.select(AuditEntry.act).filter_by(object_kind="lab_session")).all()
        assert session().get_one(LabSession, meeting.number).head_number == len(kinds)
    assert len(rows) == len(set(rows)) == 6
    assert "voted" not in kinds and not [act for act in audited if "vote" in act]
    said = server.log.read_text()
    assert "choice" not in said and '"Oui"' not in said
