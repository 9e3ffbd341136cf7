"""axe finds nothing on the pages people meet, at 1280 and at 360 pixels, and nothing runs out of the screen at 320."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app import clock
from app.accounts import mailed_links
from app.db import database, session, unit_of_work
from app.directory.models import Counter, Login, OnlineService, ServiceKind
from app.factory import create_app
from app.mail import Mail
from app.policy import Actor, PortalRole
from config import ROOT, Settings
from drafts import amending, experts, glossary, review
from drafts.glossary import TermWords
from drafts.models import Draft
from drafts.plain_french.rules import RuleCode
from drafts.queries import draft_numbered
from drafts.scopes import proposed_for
from drafts.service import replace_text
from labs import cycles, guests, joining
from labs.roles import Right
from publish import service as publication
from tests import makers
from tests.drafts.every_block import EVERY
from tests.journeys.demo import LONG_ARTICLE, MAIN_DRAFT, Demo
from tests.journeys.hands import saved, tool
from tests.live_server import LiveServer
from tests.scenes import token_for

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WIDTHS = (1280, 360)
NARROWEST = 320
LINK = [{"type": "link", "attrs": {"href": "https://exemple.nc/carte"}}]


def block(name: str, ident: str, /, *words: Any, **attrs: Any) -> dict[str, Any]:
    """A block of words or of blocks."""
    content = [{"type": "text", "text": word} if isinstance(word, str) else word for word in words]
    return {"type": name, "attrs": {"id": ident, **attrs}, "content": content}


def cell(kind: str, ident: str, words: str) -> dict[str, Any]:
    return block(kind, ident, block("paragraph", f"{ident}p", words))


# One of each block, so that nothing is found clean only because it was not there.
EVERYTHING = [
    block("lead", "b1", "Vous changez d’adresse\u202f? Prévenez d’abord la mairie, puis votre employeur."),
    block("heading", "b2", "Qui est concerné\u202f?", level=2),
    block(
        "paragraph",
        "b3",
        "Toute personne qui ",
        {"type": "text", "text": "déménage", "marks": [{"type": "strong"}]},
    ),
    block("bullet_list", "b4", block("list_item", "b5", block("paragraph", "b6", "Une pièce d’identité"))),
    block("heading", "b7", "Les délais", level=3),
    block("note", "b8", block("paragraph", "b9", "Le délai est de deux mois."), kind="warning"),
    block("paragraph", "c1", {"type": "text", "text": "La carte des mairies", "marks": LINK}, "."),
    block(
        "table",
        "c2",
        block("table_row", "c3", cell("table_header", "c4", "Démarche"), cell("table_header", "c5", "Délai")),
        block(
            "table_row", "c6", cell("table_cell", "c7", "Carte grise"), cell("table_cell", "c8", "Un mois")
        ),
    ),
    # The blocks of a procedure. Images are tried where they are brought in.
    *(
        {**node, "attrs": {**node["attrs"], "id": f"e{number}"}}
        for number, node in enumerate(EVERY)
        if node["type"] not in ("lead", "heading", "image", "contact", "service")
    ),
    {"type": "contact", "attrs": {"id": "k1", "administration": "province-du-sud"}},
    {"type": "service", "attrs": {"id": "k2", "service": "demander-le-plan"}},
]


@dataclass(frozen=True)
class World:
    """A lab with a text in writing, three in review and one that is published twice."""

    url: str
    people: dict[str, Actor]
    lab: str
    writing: int
    in_review: int
    again: int
    # Asked for in part, also of an administration that has nobody; and signed in part, then proposed again.
    parted: int
    kept: int
    article: str
    # Two links of experts: one that was opened nowhere, one that is confirmed in a browser.
    door: str
    token: str
    # A word that the article uses, and one that an agent proposes.
    term: int
    proposal: int


# The code of the second one; what is mailed is a random one.
CODE = "123456"


@pytest.fixture(scope="module")
def world(server: LiveServer, live_settings: Settings) -> Iterator[World]:
    create_app(live_settings)
    with unit_of_work():
        south = makers.make_administration("Province Sud", slug="province-du-sud")
        north = makers.make_administration("Province Nord")
        south.counters = [
            Counter(name="Hôtel de la Province", phone="20 00 27", address="6, route des Artisans", commune="Nouméa",
                    hours="Lundi au vendredi, 8 h – 16 h", email="accueil@sud.example")
        ]  # fmt: skip
        online = OnlineService(
            slug="demander-le-plan", title="Demander le plan", kind=ServiceKind.FORM, url="https://plan.example",
            login=Login.NONE, outage="jusqu’à lundi",
        )  # fmt: skip
        online.owners = [south]
        session().add(online)
        people = {
            "facilitator": makers.make_agent(south),
            "writer": makers.make_agent(south),
            "south": makers.make_agent(south, reviewer=True),
            "north": makers.make_agent(north, reviewer=True),
            "editor": makers.make_agent(north, PortalRole.PORTAL_EDITOR),
            "administrator": makers.make_agent(north, PortalRole.ADMINISTRATOR),
        }
        writer = people["writer"]
        lab = makers.make_lab(people["facilitator"], south, writer, title="Déménager sans se perdre")
        joining.ask(people["editor"], lab, "Je publie ces fiches et voudrais les lire plus tôt.")
        joining.invite(people["facilitator"], lab, [people["administrator"].id], Right.READ)
        guests.invite_guest(people["facilitator"], lab, "Camille Wéa", "rose@ailleurs.example", Right.REMARK)
        day = clock.local(clock.now()).date()
        cycle = cycles.make_cycle(people["administrator"], day, ["Une page au lieu de trois."])
        cycles.assign(people["facilitator"], cycle, lab)
        writing, in_review, again = (
            makers.make_draft(writer, lab, south, south, north, title=title, tree=EVERYTHING)
            for title in ("Écrire un texte", "Relire un texte", "Publier un texte")
        )
        review.submit(writer, in_review, "Une fiche au lieu de trois.")
        fingerprint = review.submit(writer, again, "Première version.").fingerprint
        review.sign_off(people["south"], again, south.id, fingerprint)
        review.sign_off(people["north"], again, north.id, fingerprint)
        article = publication.publish(people["editor"], again, fingerprint).slug
        alone = makers.make_administration("Mairie sans référent")
        parted, kept = (
            makers.make_draft(writer, lab, south, south, north, alone, title=title, tree=EVERYTHING)
            for title in ("Signer une partie", "Signer une fois")
        )
        for draft in (parted, kept):
            revision = review.submit(writer, draft, scopes={north.id: ["b7", "c1"], alone.id: ["b3"]})
        review.sign_off(people["north"], kept, north.id, proposed_for(revision.id)[north.id].fingerprint)
        review.retract(writer, kept)
        review.submit(writer, kept)
        door, token = (invited(writer, in_review, name) for name in ("Camille Wéa", "Dominique Naouna"))
        made = World(
            server.url, people, lab.slug, writing.id, in_review.id, again.id, parted.id, kept.id,
            f"/fiches/{article}", door, token, *words(people["editor"], writer),
        )  # fmt: skip
    with unit_of_work():
        shorter = [*EVERYTHING[:2], block("paragraph", "b3", "Toute personne qui s’en va.")]
        replace_text(writer, draft_numbered(made.again), shorter)
        review.submit(writer, draft_numbered(made.again), "Plus court.")
    wait_for(f"{server.url}{made.article}")
    yield made
    database().engine.dispose()


def words(editor: Actor, writer: Actor) -> tuple[int, int]:
    """A word of the glossary, a proposal, and a rule of plain French that is not as it was."""
    term = glossary.write(
        editor, TermWords("carte grise", "Papier d’un véhicule.", source="Code de la route")
    )
    proposal = glossary.propose(writer, TermWords("quittance", "Papier qui prouve un paiement."))
    administrator = makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)
    amending.amend(administrator, RuleCode.FORMULA, 0, {"off": True}, "Un essai.")
    session().flush()
    return term.id, proposal.id


def invited(writer: Actor, draft: Draft, name: str) -> str:
    """The secret in the link of an expert, whose code is waited for."""
    email = f"{name.split()[0].lower()}@universite.example"
    invitation = experts.invite(writer, draft, name, email, 10, "Le délai est-il le bon\u202f?")
    session().flush()
    body = session().scalars(sa.select(Mail.body).where(Mail.recipient == email)).one()
    token = body.split("/expertise/")[1].split()[0]
    invitation.code_digest = mailed_links.code_digest(token, CODE)
    invitation.code_until = clock.now() + timedelta(hours=2)
    return token


def wait_for(address: str, seconds: float = 20) -> None:
    """The outbox writes a public page a moment after its publication."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            assert time.monotonic() < give_up, f"{address} did not come"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def pages_of(browser: Browser, world: World) -> Iterator[Callable[[str], Page]]:
    """`pages_of(name)`: a page in the profile of that person, "" for a visitor, or "expert"."""
    opened: dict[str, BrowserContext] = {}

    def page_of(name: str) -> Page:
        if name not in opened:
            opened[name] = browser.new_context(locale="fr-FR")
            if name == "expert":
                page = opened[name].new_page()
                page.goto(f"{world.url}/expertise/{world.token}")
                page.get_by_label("Code reçu par courriel").fill(CODE)
                page.get_by_role("button", name="Lire le texte").click()
                expect(page.get_by_role("heading", name="Le texte à lire")).to_be_visible()
                page.close()
            elif name:
                token = token_for(world.people[name])
                opened[name].add_cookies([{"name": "openlab", "value": token, "url": world.url}])
        return opened[name].new_page()

    yield page_of
    for context in opened.values():
        context.close()


def faults(page: Page) -> list[str]:
    """What axe finds wrong, one line a rule.

    A colour that is on its way (a button under the pointer, 0.12 s) is measured where it arrives, not between.
    """
    page.evaluate(AXE)
    page.evaluate("Promise.allSettled(document.getAnimations().map(animation => animation.finished))")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {rule['help']}: " + " | ".join(node["html"][:140] for node in rule["nodes"][:3])
        for rule in found["violations"]
    ]


def runs_over(page: Page) -> list[str]:
    """By how much a narrow page scrolls sideways, and the elements that may make it do so."""
    return page.evaluate(  # type: ignore[no-any-return]
        """() => {
            const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
            const scrolls = element => {
                for (let at = element.parentElement; at; at = at.parentElement) {
                    if (getComputedStyle(at).overflowX === 'auto') return true;
                }
                return false;
            };
            // What is pushed sideways inside a box of its own is no fault.
            return over <= 0 ? [] : [`${over} pixels too wide`, ...[...document.querySelectorAll('body *')]
                .filter(element => element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element))
                .slice(0, 5).map(element => element.outerHTML.slice(0, 120))];
        }"""
    )


# (who, address): {…} is filled from the world.
PAGES = [
    ("", "/"),
    ("", "{article}"),
    ("", "{article}/historique"),
    ("", "/preuves/1"),
    ("", "/preuves/cles"),
    ("", "/administrations"),
    ("", "/opendata"),
    ("", "/api"),
    ("", "{article}/telecharger"),
    ("", "/glossaire"),
    ("writer", "/espace/glossaire"),
    ("writer", "/espace/glossaire/nouveau"),
    ("writer", "/espace/glossaire/{term}"),
    ("editor", "/espace/glossaire"),
    ("editor", "/espace/glossaire/{term}"),
    ("editor", "/espace/glossaire/{proposal}"),
    ("administrator", "/admin/francais-simple"),
    ("administrator", "/admin/francais-simple/formula"),
    ("administrator", "/admin/francais-simple/acronym"),
    ("administrator", "/admin/francais-simple/formula/origine"),
    ("writer", "/brouillons/{writing}/importer"),
    ("writer", "/brouillons/{writing}/exporter"),
    ("writer", "/espaces-connectes/classeur"),
    ("writer", "/espace/compte/jetons"),
    ("", "/recherche?q=adresse"),
    ("", "/connexion"),
    ("writer", "/espace"),
    ("south", "/espace"),
    ("writer", "/labs"),
    ("facilitator", "/labs/{lab}"),
    ("south", "/labs/{lab}"),
    ("editor", "/labs/{lab}"),
    ("administrator", "/labs/{lab}"),
    ("facilitator", "/labs/{lab}/presentation"),
    ("facilitator", "/labs/{lab}/portes"),
    ("facilitator", "/labs/{lab}/portes/liens/fermer"),
    ("facilitator", "/labs/{lab}/inviter?q=personne"),
    ("facilitator", "/labs/{lab}/inviter/lien"),
    ("facilitator", "/labs/{lab}/inviter/liste"),
    ("administrator", "/cycles"),
    ("administrator", "/cycles/1"),
    ("facilitator", "/cycles/1"),
    ("administrator", "/cycles/1/modifier"),
    ("writer", "/labs/{lab}/brouillons/nouveau"),
    ("writer", "/brouillons/{writing}"),
    ("south", "/brouillons/{in_review}"),
    ("writer", "/brouillons/{writing}/auteurs"),
    ("writer", "/brouillons/{writing}/champs"),
    ("writer", "/brouillons/{in_review}/historique"),
    ("writer", "/brouillons/{again}/historique"),
    ("writer", "/brouillons/{again}/historique/1"),
    ("south", "/brouillons/{again}/historique/r1"),
    ("writer", "/brouillons/{again}/historique/comparer?de=1&a=maintenant"),
    ("writer", "/brouillons/{again}/historique/1/restaurer"),
    ("writer", "/brouillons/{writing}/dupliquer"),
    ("writer", "/brouillons/{writing}/corbeille"),
    ("writer", "/brouillons/{in_review}/corbeille"),
    ("writer", "/labs/{lab}/corbeille"),
    ("writer", "/brouillons/{writing}/relecture"),
    ("north", "/brouillons/{in_review}/relecture"),
    ("writer", "/brouillons/{again}/relecture"),
    ("editor", "/brouillons/{again}/relecture"),
    ("editor", "{article}/vie"),
    ("south", "{article}/vie"),
    ("writer", "{article}/corriger"),
    ("editor", "/publications"),
    ("editor", "/verifications"),
    ("north", "/brouillons/{in_review}/relecture?remarquer=1"),
    ("north", "/brouillons/{in_review}/relecture?remarque=b3"),
    ("writer", "/brouillons/{again}/experts"),
    ("writer", "/brouillons/{in_review}/experts"),
    ("", "/expertise/{door}"),
    ("", "/expertise/nulle-part"),
    ("expert", "/expertise/{token}"),
    ("north", "/brouillons/{again}/relecture?vue=trois"),
    ("north", "/brouillons/{again}/relecture?vue=trois&tout=1"),
    ("writer", "/brouillons/{again}/relecture?vue=brouillon"),
    ("writer", "/preuves/1"),
    ("writer", "/brouillons/{in_review}/remarques"),
    ("writer", "/brouillons/{writing}/suggestions"),
    ("writer", "/espace/avis"),
    ("writer", "/espace/avis/reglages"),
    ("writer", "/brouillons/{writing}/proposer/parties"),
    ("writer", "/brouillons/{writing}/francais-simple"),
    ("north", "/brouillons/{in_review}/francais-simple"),
    ("writer", "/brouillons/{writing}/administrations"),
    ("south", "/brouillons/{again}/administrations"),
    ("north", "/brouillons/{parted}/relecture"),
    ("editor", "/brouillons/{parted}/relecture"),
    ("north", "/brouillons/{kept}/relecture"),
    ("editor", "/espace"),
    ("writer", "/brouillons/999999"),
]


@pytest.mark.parametrize(("who", "path"), PAGES, ids=[f"{who or 'visitor'} {path}" for who, path in PAGES])
def test_axe_finds_nothing(pages_of: Callable[[str], Page], world: World, who: str, path: str) -> None:
    page = pages_of(who)
    address = world.url + path.format(**vars(world))
    wrong: dict[str, list[str]] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(address)
        if page.query_selector("[data-editor-root]"):
            page.wait_for_selector("html[data-synced]")
        wrong[f"{width}"] = faults(page)
        # What is folded away is read as well.
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        wrong[f"{width}, unfolded"] = faults(page)
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    wrong["out of the screen"] = runs_over(page)
    page.close()
    assert not any(wrong.values()), "\n".join(
        f"{at}: {line}" for at, lines in wrong.items() for line in lines
    )


def test_axe_finds_nothing_in_a_refused_form(pages_of: Callable[[str], Page], world: World) -> None:
    page = pages_of("")
    page.goto(f"{world.url}/connexion")
    page.click("main button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert faults(page) == []
    # What is wrong is where the keyboard is, and each sentence leads to its field.
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#email'")
    page.close()


# (who, address) on demonstration content: what the small world above has not.
DEMO_PAGES = [
    ("", "/fiches/demenager-de-noumea-a-kone"),
    ("", "/themes/logement"),
    ("", "/situations/demenager"),
    ("", "/administrations/province-sud"),
    ("", "/demarches"),
    ("", "/demarches?genre=form&compte=none"),
    ("", "/espaces-connectes"),
    ("", "/etat"),
    ("", "/plan-du-site"),
    ("", "/accessibilite"),
    ("", "/donnees-personnelles"),
    ("", "/mentions-legales"),
    ("", "/recherche?q=zzzzzz"),
    ("", "/recherche?q=permi+de+conduir"),
    ("", "/recherche?q=demenagment&theme=logement"),
    ("editeur@dinum.example", "/recherche/synonymes"),
    ("editeur@dinum.example", "/recherche/sans-resultat"),
    ("", "/nulle-part"),
    ("", "/preuves/1"),
    ("referent@province-nord.example", "/preuves/1"),
    ("editeur@dinum.example", "/espace"),
    ("editeur@dinum.example", "/publications"),
    ("editeur@dinum.example", "/verifications"),
    ("agent@province-sud.example", "/labs/demenager/seances/2"),
    ("editeur@dinum.example", "/brouillons/5/relecture"),
    ("referent@cafat.example", "/espace"),
    ("", "/souhaits?etat=prevus&q=zzzzzz"),
    ("", "/souhaits/17"),
    ("mediateur@province-sud.example", "/souhaits/saisie"),
    ("mediateur@province-sud.example", "/espace"),
    ("moderateur@dinum.example", "/moderation/souhaits"),
    ("moderateur@dinum.example", "/souhaits/20/suite"),
    ("animateur@dinum.example", "/souhaits/8/suite"),
    ("animateur@dinum.example", "/labs/demenager"),
    ("animateur@dinum.example", "/labs/nouveau?souhait=1"),
    ("animateur@dinum.example", "/labs/demenager/brouillons/nouveau?souhait=8"),
    ("moderateur@dinum.example", "/moderation"),
    ("agent@province-sud.example", f"/fiches/{LONG_ARTICLE}/vie/commentaires"),
]


@pytest.mark.parametrize(("who", "path"), DEMO_PAGES, ids=[f"{who} {path}" for who, path in DEMO_PAGES])
def test_axe_finds_nothing_on_demonstration_content(demo: Demo, who: str, path: str) -> None:
    page = demo.sit(who, path) if who else demo.visitor()
    wrong = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{demo.url}{path}")
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        wrong[f"{width}"] = faults(page)
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    wrong["out of the screen"] = runs_over(page)
    page.close() if who else page.context.close()
    assert not any(wrong.values()), wrong


def test_axe_finds_nothing_where_two_people_write(demo: Demo) -> None:
    """Cursors with names, a selection, and the toolbar of a table."""
    south, north = (
        demo.sit(f"agent@province-{place}.example", "/labs/demenager") for place in ("sud", "nord")
    )
    for page in (south, north):
        page.get_by_role("main").get_by_role("link", name=MAIN_DRAFT, exact=True).first.click()
        page.wait_for_selector("html[data-synced]")
    north.locator("[data-editor] p").first.dblclick()
    south.locator("[data-editor] p").last.click()
    tool(south, "Tableau")
    expect(south.locator("[data-person]")).to_have_count(2)
    expect(south.locator(".cursor-name").first).to_be_attached()
    wrong = {}
    for width in (*WIDTHS, NARROWEST):
        south.set_viewport_size({"width": width, "height": 800})
        wrong[f"{width}"] = faults(south) + runs_over(south)
    south.get_by_role("toolbar").get_by_role("button", name="Supprimer le tableau").click()
    saved(south)
    south.close(), north.close()
    assert not any(wrong.values()), wrong
