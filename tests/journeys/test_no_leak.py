"""Before publication nothing of a draft is public, and reading leaves no trace on the reader's computer."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote

from playwright.sync_api import Page

from config import ROOT
from tests.journeys.demo import Demo
from tests.journeys.hands import caret_at_the_very_end, saved, tool

# Words that stand in no other text: of the title, of the text, and of the names of the people who write.
TITLE, TEXT = "Niaoulizade", "balancelloire"
PEOPLE = ("Martinelle", "Gohoupwé", "Courtelonne", "Tiahoupwa", "Vaillantin", "Hnamejö")
WRITER = "agent@province-sud.example"
# The kinds of page, and what stands for their variable parts.
PARTS = {
    "<slug>": "province-sud",
    "<draft_id>": "1",
    "<session_id>": "1",
    "<person_id>": "1",
    "<image>": "0" * 64,
    "<moment>": "1",
    "<number>": "1",
    "<edition>": "1",
    "<token>": "x" * 43,
    "<service>": "signaler-un-changement-d-adresse",
    "<code>": "bcdfg",
    "<form>": "pdf",
    "<wish_id>": "1",
    "<office_id>": "1",
    "<space_id>": "1",
    "<service_id>": "1",
    "<identity_id>": "1",
    "<name>": "nulle-part",
    "<file_id>": "1",
    "<key>": "nulle-part",
    "<token_id>": "1",
    "<term_id>": "1",
    "<chapter>": "agents",
    "<picture>": "agents-espace.webp",
}


def addresses(demo: Demo) -> list[str]:
    """Every address that can be asked for with GET, and every page the site itself lists."""
    named = [
        line.split(" ", 1)[1]
        for line in (ROOT / "tests" / "house" / "urls.txt").read_text().splitlines()
        if line.startswith("GET ")
    ]
    assert len(named) > 25
    for part, value in PARTS.items():
        named = [address.replace(part, value) for address in named]
    assert not [address for address in named if "<" in address]
    return list(dict.fromkeys([*named, *listed(demo), *asked()]))


def listed(demo: Demo) -> list[str]:
    status, _headers, body = demo.fetch("/sitemap.xml")
    assert status == 200
    found = re.findall(r"<loc>https?://[^/<]+([^<]*)</loc>", body.decode())
    assert len(found) > 30
    return [address or "/" for address in found]


def asked() -> list[str]:
    """What somebody who had heard of the draft would try."""
    slug = TITLE.lower()
    return [
        f"/fiches/{slug}",
        f"/fiches/{slug}/historique",
        f"/api/v1/articles/{slug}",
        f"/recherche?q={TITLE}",
        f"/recherche?q={TEXT}",
        f"/recherche?q={TITLE[:8]}",
        f"/recherche?q={quote(PEOPLE[0])}",
        f"/connexion?next=/fiches/{slug}",
        "/nulle-part",
        "/static/nulle-part.js",
        "/api/nulle-part",
        "/brouillons/999999",
    ]


def told(address: str, headers: dict[str, str], body: bytes) -> str:
    """All that an answer says, without the words that the question itself brought along."""
    said = " ".join([*headers.values(), body.decode("utf-8", "replace")])
    asked = [value for _name, value in parse_qsl(address.partition("?")[2])]
    for brought in (address, quote(address, safe=""), *asked):
        if brought:
            said = re.sub(re.escape(brought), "", said, flags=re.IGNORECASE)
    return said


def test_nothing_of_a_draft_is_public(demo: Demo) -> None:
    page = written(demo)
    draft = page.url
    known = PEOPLE + (TITLE, TEXT)
    asked_for = [*addresses(demo), draft.removeprefix(demo.url), f"{draft.removeprefix(demo.url)}/relecture"]
    leaks = []
    for address in asked_for:
        status, headers, body = demo.fetch(address)
        assert status < 500, address
        said = told(address, headers, body).casefold()
        leaks += [f"{address} ({status}) says {word}" for word in known if word.casefold() in said]
    assert not leaks, "\n".join(leaks)

    # The same once it is proposed: a review is no publication.
    page.get_by_role("button", name="Proposer à la relecture").click()
    page.wait_for_url("**/relecture")
    for address in [*asked(), "/", "/atom.xml", "/sitemap.xml", "/plan-du-site", "/api/v1/articles"]:
        _status, headers, body = demo.fetch(address)
        said = told(address, headers, body).casefold()
        assert TITLE.casefold() not in said and TEXT not in said, address
    page.close()


def written(demo: Demo) -> Page:
    """A new draft, typed by a person."""
    page = demo.sit(WRITER, "/labs/demenager/brouillons/nouveau")
    page.get_by_label("Titre").fill(TITLE)
    page.get_by_role("button", name="Créer le brouillon").click()
    page.wait_for_selector("html[data-synced]")
    page.locator("[data-editor]").click()
    page.keyboard.type(f"En bref : {TEXT}.")
    tool(page, "Chapeau «\u00a0en bref\u00a0»")
    caret_at_the_end_of_lead(page)
    page.keyboard.press("Enter")
    page.keyboard.type(f"Le texte parle de {TEXT}.")
    caret_at_the_very_end(page)
    saved(page)
    return page


def caret_at_the_end_of_lead(page: Page) -> None:
    page.keyboard.press("Control+End")
    page.wait_for_timeout(150)


def test_reading_sets_no_cookie(demo: Demo) -> None:
    """Every page of the site, and every address a visitor may ask for: no cookie, also where it says no.

    The door of the agents is no reading: its form carries a token.
    """
    setting = [
        address
        for address in addresses(demo)
        if "set-cookie" in demo.fetch(address)[1] and not address.startswith("/connexion")
    ]
    assert not setting


def test_reading_stores_nothing(demo: Demo) -> None:
    """A browser that has read its way through the site keeps nothing of it."""
    page = demo.visitor()
    for address in ("/", *listed(demo)[:12], "/recherche?q=adresse", "/nulle-part", "/fiches/absente"):
        page.goto(f"{demo.url}{address}")
        kept = page.evaluate(
            """async () => ({
                local: localStorage.length, session: sessionStorage.length, cookie: document.cookie,
                databases: indexedDB.databases ? (await indexedDB.databases()).length : 0,
                caches: 'caches' in window ? (await caches.keys()).length : 0,
                workers: 'serviceWorker' in navigator
                    ? (await navigator.serviceWorker.getRegistrations()).length : 0,
            })"""
        )
        assert not any(kept.values()), (address, kept)
    assert page.context.cookies() == []
    page.context.close()
