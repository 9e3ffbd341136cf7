"""The page of the easy-to-read twin, without JavaScript: write, be told what is stale, say that it still holds, keep readers."""

from __future__ import annotations

from typing import Any

import pytest

from app import clock
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from drafts import easy, easy_parts
from drafts.easy_models import EasyDeed
from drafts.easy_versions import versions_of
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member
from tests.clients import Page, PageClient
from tests.drafts import review_world as w
from tests.drafts.easy_world import EASY, edit, reword, write
from tests.drafts.every_block import block
from tests.drafts.review_world import World
from tests.makers import make_agent


@pytest.fixture
def world(client: PageClient) -> World:
    with unit_of_work():
        world = w.make_world()
    client.sign_in(world.writer)
    return world


def plain(page: Page) -> str:
    return page.main.replace("\u00a0", " ").replace("\u202f", " ")


def sent(values: dict[str, str]) -> dict[str, Any]:
    """Fields whose names are no names of Python."""
    return dict(values)


def address(world: World) -> str:
    return f"/brouillons/{world.draft_id}/facile"


def texts(world: World) -> dict[str, str]:
    with reading():
        return {ident: part.text for ident, part in easy_parts.current(world.draft_id).items()}


def test_a_twin_is_written_block_by_block_with_advice(world: World, client: PageClient) -> None:
    page = client.get(address(world))
    assert "personnes concernées" in plain(page) and "4 à écrire" in plain(page)
    client.send(
        address(world), **sent({"texte-b3": "Il faut deux papiers pour la mairie. Venez.", "hors-b5": "y"})
    )
    page = client.follow()
    assert "2 passages sont enregistrés" in page.text.replace("\u00a0", " ")
    assert texts(world) == {"b3": "Il faut deux papiers pour la mairie. Venez.", "b5": ""}
    assert "Nombre en lettres" in plain(page) and "allez à la ligne après chaque phrase" in plain(page)
    assert "2 à jour, 2 à écrire" in plain(page)
    panel = client.get(f"/brouillons/{world.draft_id}")
    assert "2 passages sur 4 sont à écrire ou à revoir" in plain(panel)


def test_what_changed_is_shown_word_by_word_and_can_be_said_right(world: World, client: PageClient) -> None:
    write(world, EASY)
    edit(world, reword("b3", "Présentez-vous à la mairie avec un passeport."))
    page = client.get(address(world))
    assert "Le texte d’origine a changé" in plain(page) and "1 à revoir" in plain(page)
    assert [one.text or "" for one in page.all("del")] != [] and page.all("ins")
    # What stands in the other fields is kept by any of the buttons.
    client.send(address(world), faire="confirmer:b3", **sent({"texte-b5": "Lundi, c’est fermé."}))
    page = client.follow()
    assert "Le texte d’origine a changé" not in plain(page) and texts(world)["b5"] == "Lundi, c’est fermé."
    with reading():
        assert versions_of(world.draft_id, "b3")[0].deed is EasyDeed.CONFIRMED


def test_two_people_at_one_part_see_both_texts(world: World, client: PageClient) -> None:
    write(world, EASY)
    client.get(address(world))
    with unit_of_work():
        draft = world.draft
        easy.save(world.nord_writer, draft, [easy.Typed("b3", 1, "Le leur.")], draft.head_seq)
    page = client.send(address(world), 409, **sent({"texte-b3": "Le mien.", "texte-b5": "Autre passage."}))
    assert "Le leur." in plain(page) and page.form(address(world)).values["texte-b3"] == "Le mien."
    assert texts(world)["b3"] == "Le leur." and texts(world)["b5"] == "Autre passage."
    client.send(address(world))
    assert texts(world)["b3"] == "Le mien."


def test_what_was_refused_stands_in_the_page_as_it_was_typed(world: World, client: PageClient) -> None:
    client.get(address(world))
    page = client.send(address(world), 422, **sent({"texte-b3": "a" * 2001, "texte-b5": "Gardé."}))
    assert page.form(address(world)).values["texte-b5"] == "Gardé."
    assert page.all("a", href="#texte-b3") and texts(world) == {}


def test_words_of_a_block_that_is_gone_are_moved_or_put_away(world: World, client: PageClient) -> None:
    write(world, {"b3": EASY["b3"], "b5": EASY["b5"]})
    edit(world, lambda tree: tree.__delitem__(slice(2, 4)))
    page = client.get(address(world))
    assert "Textes faciles sans passage" in plain(page) and EASY["b5"] in plain(page)
    client.send(address(world), faire="deplacer:b3", **sent({"vers-b3": "b2"}))
    client.follow()
    client.send(address(world), faire="ranger:b5")
    page = client.follow()
    assert "Textes faciles sans passage" not in plain(page)
    assert texts(world) == {"b2": EASY["b3"]}


def test_an_older_version_is_brought_back(world: World, client: PageClient) -> None:
    write(world, EASY)
    write(world, {"b3": "Autre."}, 1)
    page = client.get(address(world))
    (link,) = [href for href in page.links() if "/versions" in href]
    client.get(link)
    client.send(f"{address(world)}/versions")
    client.follow()
    assert texts(world)["b3"] == EASY["b3"]


def test_a_proposal_waits_for_the_twin_or_goes_without_it(world: World, client: PageClient) -> None:
    write(world, {"b3": EASY["b3"]})
    client.get(f"/brouillons/{world.draft_id}")
    page = client.send(f"/brouillons/{world.draft_id}/proposer", 422)
    assert "facile" in plain(page) and page.all("a", href=address(world))
    told = client.get(f"/brouillons/{world.draft_id}/controles").json["findings"]
    assert [(one["code"], one["field"]) for one in told] == [("easy_not_ready", "facile")]
    client.get(address(world))
    client.send(f"{address(world)}/joindre")
    page = client.follow()
    assert "proposé sans sa version facile" in plain(page)
    client.get(f"/brouillons/{world.draft_id}")
    client.send(f"/brouillons/{world.draft_id}/proposer")
    assert "Version facile" not in plain(client.follow())


def test_who_signs_reads_the_twin_beside_the_text(world: World, client: PageClient) -> None:
    write(world, EASY)
    client.get(f"/brouillons/{world.draft_id}")
    client.send(f"/brouillons/{world.draft_id}/proposer")
    page = client.follow()
    assert "Version facile à lire (FALC), signée avec le texte" in plain(page)
    assert "Apportez une facture." in plain(page) and "Aucune personne concernée ne l’a encore lue" in plain(
        page
    )
    assert "Le brouillon a changé depuis" not in plain(page)
    write(world, {"b5": "Lundi : fermé."}, 1)
    assert "Le brouillon a changé depuis" in plain(client.get(f"/brouillons/{world.draft_id}/relecture"))


def test_readings_are_said_and_taken_back(world: World, client: PageClient) -> None:
    client.get(address(world))
    page = client.send(f"{address(world)}/lectures", 422, combien="0", quand="")
    assert "Donnez une date" in plain(page)
    today = clock.local(clock.now()).date().isoformat()
    page = client.send(f"{address(world)}/lectures", 422, combien="3", quand=today, nommer="y")
    assert (
        "Pour montrer un nom" in plain(page)
        and page.form(f"{address(world)}/lectures").values["combien"] == "3"
    )
    client.send(f"{address(world)}/lectures", qui="Le groupe du mardi", lieu="Koné")
    page = client.follow()
    assert "3 lecteurs (" in plain(page) and "Le groupe du mardi (nom montré au public)" in plain(page)
    client.send(f"{address(world)}/lectures/retirer")
    assert "Le groupe du mardi" not in plain(client.follow())


def test_who_reads_only_is_shown_no_form(world: World, client: PageClient) -> None:
    write(world, EASY)
    with unit_of_work():
        reader = make_agent(session().get_one(Administration, world.iles))
        lab, person = session().get_one(Lab, world.lab_id), session().get_one(Person, reader.id)
        add_member(world.facilitator, lab, person, Right.READ)
    client.sign_in(reader)
    page = client.get(address(world))
    assert EASY["b5"] in plain(page) and not page.all("textarea") and not page.all("button", name="faire")
    client.post(
        address(world),
        {
            "version-b5": "1",
            "texte-b5": "Autre.",
            "csrf_token": page.form(address(world)).values["csrf_token"],
        },
        403,
    )
    assert texts(world)["b5"] == EASY["b5"]


def test_a_long_text_comes_in_pages(world: World, client: PageClient) -> None:
    def longer(tree: list) -> None:  # type: ignore[type-arg]
        tree += [block("paragraph", f"x{n}", {"type": "text", "text": f"Phrase {n}."}) for n in range(50)]

    edit(world, longer)
    client.get(f"{address(world)}?page=2")
    client.send(address(world), **sent({"texte-x49": "La fin."}))
    assert client.page is not None and "page=2" in client.page.location
    assert texts(world) == {"x49": "La fin."}
