"""Help where people are: the guides under /aide, « Comment faire » on the pages, first steps and empty places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import session, unit_of_work
from app.directory.models import Administration
from app.guides import chapters, how_to
from app.policy import Actor, PortalRole
from labs import service as labs
from labs.roles import Right
from tests import makers
from tests.clients import PageClient
from tests.guides import guides
from tests.house.tree import ROOT


@pytest.fixture
def helped(app: Flask, tmp_path: Path) -> Path:
    folder = guides(tmp_path / "guides")
    app.config["GUIDES"] = folder
    return folder


def cookie_for(actor: Actor) -> dict[str, str]:
    with unit_of_work():
        return {"Cookie": f"openlab={makers.sign_in(actor.id)}"}


def agent_as(place: Administration, role: PortalRole) -> Actor:
    """A reviewer is one for their administration; the other roles are held for the portal."""
    if role is PortalRole.REVIEWER:
        return makers.make_agent(place, reviewer=True)
    return makers.make_agent(place, role)


def test_a_chapter_is_read_without_an_account_and_without_the_internet(
    client: PageClient, helped: Path
) -> None:
    shown = client.http.get("/aide/agents")
    assert shown.status_code == 200 and "<h1>Écrire une fiche</h1>" in shown.text
    assert '<h2 id="signer-un-texte" tabindex="-1">' in shown.text and 'id="signer-un-texte_1"' in shown.text
    assert 'href="#signer-un-texte"' in shown.text and 'href="/aide/referents#signer-un-texte"' in shown.text
    assert 'src="/aide/images/ecran.webp"' in shown.text and "<table>" in shown.text
    assert "écran" not in shown.text.replace("ecran.webp", "")
    # Words are words, and nobody else is asked for anything.
    assert "<script>alert" not in shown.text and "javascript:" not in re.sub(r">[^<]*<", "><", shown.text)
    assert "example.org" not in shown.text
    assert client.http.get("/aide").text.count('href="/aide/agents"') == 1


def test_a_chapter_that_is_missing_names_those_that_exist(client: PageClient, helped: Path) -> None:
    for name in ("moderateurs", "inconnu", "agents.md", "%2e%2e", "index"):
        shown = client.http.get(f"/aide/{name}")
        assert shown.status_code == 404 and 'href="/aide/agents"' in shown.text, name
    for path in helped.glob("*.md"):
        path.unlink()
    assert client.http.get("/aide/agents").status_code == 404
    assert "Aucun guide n’est installé" in client.http.get("/aide").text


def test_pictures_come_from_their_folder_only(client: PageClient, helped: Path) -> None:
    shown = client.http.get("/aide/images/ecran.webp")
    assert shown.status_code == 200 and shown.content_type == "image/webp" and shown.data[:4] == b"RIFF"
    (helped / "secret.png").write_bytes(b"x")
    (helped / "images" / "dehors.png").symlink_to(helped / "secret.png")
    (helped / "images" / "page.html").write_text("x")
    (helped / "images" / "dossier.png").mkdir()
    for name in (
        "absente.webp",
        "..%2fsecret.png",
        "dehors.png",
        "page.html",
        "dossier.png",
        "ECRAN.webp",
        "x" * 300,
    ):
        assert client.http.get(f"/aide/images/{name}").status_code == 404, name


def test_a_chapter_is_read_again_when_it_changes(client: PageClient, helped: Path) -> None:
    assert "Écrire une fiche" in client.http.get("/aide/agents").text
    (helped / "agents.md").write_text("# Un autre titre\n\nUne phrase.\n")
    assert "<h1>Un autre titre</h1>" in client.http.get("/aide/agents").text


def test_the_texts_of_how_to_are_short_and_lead_to_a_chapter(app: Flask) -> None:
    served = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert len(how_to.PAGES) >= 10
    for endpoint in how_to.PAGES:
        assert endpoint in served, endpoint
        with app.test_request_context():
            found = how_to.of_page(endpoint)
        assert found is not None and found.chapter in chapters.NAMES
        assert 1 <= len(found.sentences) <= 5, endpoint
        for sentence in found.sentences:
            assert len(sentence.split()) <= 20, sentence


def test_how_to_is_on_its_pages_and_needs_no_script(client: PageClient, helped: Path, app: Flask) -> None:
    with unit_of_work():
        place = makers.make_administration()
        agent = makers.make_agent(place)
        lab = makers.make_lab(agent, place)
        draft = makers.make_draft(agent, lab, place)
        address = f"/labs/{lab.slug}"
    headers = cookie_for(agent)
    http = app.test_client(use_cookies=False)
    for page in ("/espace", address, f"/brouillons/{draft.id}", f"/brouillons/{draft.id}/historique"):
        shown = http.get(page, headers=headers).text
        assert shown.count('<details class="how-to">') == 1, page
        assert "Comment faire" in shown and re.search(r'href="/aide/\w+"[^>]*>Lire le guide', shown), page
    assert "how-to" not in http.get("/labs", headers=headers).text


@pytest.mark.parametrize(
    ("role", "href"),
    [
        (PortalRole.ADMINISTRATOR, "/admin"),
        (PortalRole.PORTAL_EDITOR, "/publications"),
        (PortalRole.MODERATOR, "/moderation"),
        (PortalRole.MEDIATOR, "/souhaits/saisie"),
        (PortalRole.REVIEWER, "/espace#ce-qui-m-attend"),
    ],
)
def test_first_steps_go_by_the_roles_of_a_person_and_lead_where_they_may_go(
    app: Flask, helped: Path, role: PortalRole, href: str
) -> None:
    with unit_of_work():
        place = makers.make_administration()
        person = agent_as(place, role)
    http, headers = app.test_client(use_cookies=False), cookie_for(person)
    shown = http.get("/espace", headers=headers).text
    assert '<details class="first-steps" open>' in shown
    steps = shown.split('<details class="first-steps"')[1].split("</details>")[0]
    buttons = re.findall(r'class="button second" href="([^"]+)"', steps)
    assert buttons == [href, "/labs"]
    for button in buttons:
        assert http.get(button, headers=headers).status_code == 200, button


def test_first_steps_fold_once_somebody_is_in_a_lab(app: Flask, helped: Path) -> None:
    with unit_of_work():
        place = makers.make_administration()
        leader, person = makers.make_agent(place), makers.make_agent(place)
        for _ in range(2):
            labs.add_member(
                leader, makers.make_lab(leader, place), session().get_one(Person, person.id), Right.WRITE
            )
    shown = app.test_client(use_cookies=False).get("/espace", headers=cookie_for(person)).text
    assert '<details class="first-steps">' in shown


def test_empty_places_say_what_they_are_for_and_what_to_do(app: Flask, helped: Path) -> None:
    with unit_of_work():
        place = makers.make_administration()
        roles = {
            "/moderation": PortalRole.MODERATOR,
            "/moderation/souhaits": PortalRole.MODERATOR,
            "/publications": PortalRole.PORTAL_EDITOR,
            "/admin": PortalRole.ADMINISTRATOR,
            "/espace": PortalRole.REVIEWER,
        }
        people = {page: agent_as(place, role) for page, role in roles.items()}
        leader = makers.make_agent(place)
        people[f"/labs/{makers.make_lab(leader, place).slug}"] = leader
    http = app.test_client(use_cookies=False)
    for page, person in people.items():
        shown = http.get(page, headers=cookie_for(person)).text
        empty = re.search(r'<div class="nothing">.*?</div>', shown, re.DOTALL)
        assert page == "/admin" or (empty is not None and "<a href=" in empty[0]), page


def test_an_administrator_alone_is_told_to_open_a_first_account(app: Flask, helped: Path) -> None:
    with unit_of_work():
        person = makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)
    shown = app.test_client(use_cookies=False).get("/admin", headers=cookie_for(person)).text
    assert 'class="button" href="/admin/personnes/nouvelle"' in shown


def test_the_chapters_of_the_tree_can_be_read() -> None:
    """Those that are written; each begins with its title, and its pictures are there."""
    for found in chapters.chapters():
        assert found.title and found.sections, found.name
        source = (chapters.FOLDER / f"{found.name}.md").read_text(encoding="utf-8")
        for name in re.findall(r"\]\((?:\./)?images/([^)]+)\)", source):
            assert chapters.picture(name) is not None, f"{found.name}: {name}"
    assert chapters.FOLDER == ROOT / "docs" / "guides" / "fr"
