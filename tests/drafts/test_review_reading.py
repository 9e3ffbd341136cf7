"""The review page as a place to read: three texts compared, remarks by block, what is awaited, and the short way."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from drafts import log, remarks, review, service
from drafts.anchors import anchored_in
from drafts.compare import Change, compare
from drafts.remark_models import Remark
from drafts.side_by_side import aligned
from tests import makers
from tests.clients import Page, PageClient
from tests.drafts.review_world import (
    TEXT,
    World,
    make_world,
    only_changes_an_attribute,
    only_makes_bold,
    published,
    rewrite,
    submitted,
    words,
)


@pytest.fixture
def world(client: PageClient) -> World:
    with unit_of_work():
        return make_world()


def page_of(world: World) -> str:
    return f"/brouillons/{world.draft_id}/relecture"


def plain(page: Page) -> str:
    return page.main.replace("\u00a0", " ").replace("\u202f", " ")


def tree(*texts: str) -> list[dict[str, Any]]:
    """Paragraphs named after their place: "b2" is the second, unless a text names another as "id=words"."""
    found = []
    for place, text in enumerate(texts, 1):
        name, _, said = text.rpartition("=")
        content = [{"type": "text", "text": said}]
        found.append({"type": "paragraph", "attrs": {"id": name or f"b{place}"}, "content": content})
    return found


# Three texts


def test_each_block_stands_once_with_both_of_its_steps() -> None:
    live = tree("a=Un.", "b=Deux.", "c=Trois.", "d=Quatre.")
    frozen = tree("a=Un.", "b=Deux bis.", "d=Quatre.", "e=Cinq.")
    now = tree("x=Nouveau.", "a=Un.", "d=Quatre.", "b=Deux ter.")
    rows = aligned(compare(live, frozen), compare(frozen, now))
    seen = [
        (
            (row.first or row.second).block_id,  # type: ignore[union-attr]
            row.first.change if row.first else None,
            row.second.change if row.second else None,
        )
        for row in rows
    ]
    assert seen == [
        ("x", None, Change.ADDED),
        ("a", Change.SAME, Change.SAME),
        ("b", Change.CHANGED, Change.CHANGED),
        ("c", Change.REMOVED, None),
        ("d", Change.SAME, Change.SAME),
        ("e", Change.ADDED, Change.REMOVED),
    ]
    assert all(row.differs for row in rows if row.first is None or row.first.block_id not in ("a", "d"))


def test_three_texts_are_compared_by_plain_links(client: PageClient, world: World) -> None:
    path = page_of(world)
    published(world)
    with unit_of_work():
        rewrite(world.writer, world.draft, only_changes_an_attribute)
        rewrite(world.writer, world.draft, lambda tree: words(tree, 0, "L’essentiel en deux phrases."))
        service.set_fields(world.writer, world.draft, title="Déménager")
    submitted(world)
    shown = client.sign_in(world.nord_reviewer).get(path)
    assert "note devenue avertissement" in shown.main and "supprimé : Changer d’adresse" in plain(shown)
    assert not [href for href in shown.links() if "vue=" in href], "nothing has moved since"
    assert "Les" not in client.get(f"{path}?vue=trois").heading

    with unit_of_work():
        rewrite(world.nord_writer, world.draft, only_makes_bold)
        service.set_fields(world.nord_writer, world.draft, title="Changer de logement")
    shown = client.get(path)
    assert {f"{path}?vue=brouillon", f"{path}?vue=trois"} <= set(shown.links())
    assert "Changer de logement" not in shown.main.replace("Voir le brouillon", "")
    shown = client.get(f"{path}?vue=brouillon")
    assert "mise en forme" in shown.main and "ajouté : Changer de logement" in plain(shown)
    assert "deux phrases" not in shown.main, "what has not moved since is left out"
    assert "deux phrases" in client.get(f"{path}?vue=brouillon&tout=1").main
    shown = client.get(f"{path}?vue=trois")
    said = plain(shown)
    assert "note devenue avertissement" in said and "mise en forme" in said
    assert "supprimé : Changer d’adresse" in said and "ajouté : Changer de logement" in said
    assert "1 bloc inchangé" in said
    assert not shown.all("script", src="") and "onclick" not in shown.source
    client.get(f"{path}?vue=quatre")  # what is no view is the page as it is


def test_a_field_alone_has_moved_the_draft(client: PageClient, world: World) -> None:
    submitted(world)
    path = page_of(world)
    assert "Le brouillon a changé" not in client.sign_in(world.reviewer).get(path).main
    with unit_of_work():
        service.set_fields(world.writer, world.draft, themes=["famille"])
    assert "Le brouillon a changé" in client.get(path).main
    assert "Thèmes : ajouté : Famille" in plain(client.get(f"{path}?vue=brouillon"))


def test_what_changed_since_the_last_reading_says_fields_and_attributes(
    client: PageClient, world: World
) -> None:
    submitted(world)
    with unit_of_work():
        review.request_changes(world.nord_reviewer, world.draft, "Dites que c’est important.")
        rewrite(world.writer, world.draft, only_changes_an_attribute)
        service.set_fields(world.writer, world.draft, title="Déménager", themes=["famille"])
    submitted(world)
    said = plain(client.sign_in(world.nord_reviewer).get(page_of(world)))
    since = said.partition("Depuis la dernière relecture")[2]
    assert "Dites que c’est important." in since and "note devenue avertissement" in since
    assert "Titre : supprimé : Changer d’adresse ajouté : Déménager" in since
    assert "Thèmes : ajouté : Famille" in since


# Remarks by block


def test_a_remark_is_made_on_a_block_of_the_frozen_text(client: PageClient, world: World) -> None:
    submitted(world)
    path = page_of(world)
    with unit_of_work():  # the draft moves on: the block has other words by now
        rewrite(world.writer, world.draft, lambda tree: words(tree, 2, "Écrivez à la mairie."))
    shown = client.sign_in(world.nord_reviewer).get(path)
    (link,) = [href for href in shown.links() if "remarquer=1" in href]
    shown = client.get(link.partition("#")[0])
    (link,) = [href for href in shown.links() if "remarque=b3" in href]
    client.get(link.partition("#")[0])
    refused = client.send(f"{path}/remarques", 422, texte="x" * 4001)
    assert refused.form(f"{path}/remarques").values["texte"].startswith("xxx")
    client.send(f"{path}/remarques", texte="Avec quel justificatif\u00a0?", bloquante="y")
    shown = client.follow()
    with reading():
        row = session().scalars(sa.select(Remark)).one()
        assert row.block_id == "b3" and row.blocking and row.revision_id == world.revision.id
        assert row.quote == "Présentez-vous à la mairie avec un justificatif."
        assert anchored_in(log.load(world.draft_id).tree) == {row.public_id: "b3"}
    said = plain(shown)
    at = [
        said.index(part) for part in ("avec un justificatif.", "Avec quel justificatif ?", "Fermé le lundi.")
    ]
    assert at == sorted(at), "it stands under the block it concerns"


def test_a_block_that_is_gone_keeps_its_remark(client: PageClient, world: World) -> None:
    submitted(world)
    path = page_of(world)
    client.sign_in(world.nord_reviewer).get(f"{path}?remarque=b5")
    with unit_of_work():
        service.replace_text(world.writer, world.draft, copy.deepcopy(TEXT[:3]))
    client.send(f"{path}/remarques", texte="Le samedi aussi.")
    assert "Le samedi aussi." in client.follow().main
    with reading():
        row = session().scalars(sa.select(Remark)).one()
        assert (row.block_id, row.quote) == ("b5", "Fermé le lundi.")
        assert anchored_in(log.load(world.draft_id).tree) == {}
    # In the next version, which does not have the block, it stands below the text with its quotation.
    with unit_of_work():
        review.retract(world.writer, world.draft)
    submitted(world)
    said = plain(client.get(path))
    assert "des passages que cette version n’a pas Personne" in said and "Fermé le lundi." in said


@pytest.mark.parametrize(("bloc", "version", "status"), [("b9", "1", 422), ("", "1", 422), ("b3", "7", 404)])
def test_a_handmade_remark_is_of_this_very_text(
    client: PageClient, world: World, bloc: str, version: str, status: int
) -> None:
    submitted(world)
    client.app.config["WTF_CSRF_ENABLED"] = False
    client.sign_in(world.nord_reviewer)
    client.post(f"{page_of(world)}/remarques", {"bloc": bloc, "version": version, "texte": "Oui."}, status)
    with reading():
        assert not session().scalars(sa.select(Remark.id)).all()


# What is left


def test_what_is_awaited_names_people_the_day_and_what_happens_then(client: PageClient, world: World) -> None:
    submitted(world)
    with unit_of_work():
        review.object_to(world.reviewer, world.draft, "La loi change.")
    said = plain(client.sign_in(world.reviewer).get(page_of(world)))
    nord = said.partition("Province Nord n’a pas encore répondu.")[2]
    assert world.nord_reviewer.name in nord and "Jusqu’au" in nord and "pourra continuer sans elle" in nord
    assert "Elle la lève, ou deux personnes" in said
    with clock.shifted(timedelta(days=20)):
        said = plain(client.sign_in(world.editor).get(page_of(world)))
        assert "En retard" in said and "peut continuer sans cette réponse" in said


# The short way: three acts, two people (editorial model, section 8)

HEAVY = (
    "Depuis la dernière relecture", "Avis d’experts", "Demander l’avis d’un expert", "Réponses attendues", "Aller de l’avant",
    "S’abstenir", "S’opposer", "Opposition", "Publié, version figée", "Ce qui a changé depuis",
)  # fmt: skip
# Words of the main part around the text itself, before anything that is folded away is opened.
MOST_WORDS = 185


def visible_words(element: Element) -> int:
    """How many words an eye meets."""
    if "visually-hidden" in (element.get("class") or "") or "only-narrow" in (element.get("class") or ""):
        return 0
    inside = list(element)
    if element.tag == "details" and element.get("open") is None:
        inside = [child for child in inside if child.tag == "summary"]
    return len((element.text or "").split()) + sum(
        visible_words(child) + len((child.tail or "").split()) for child in inside
    )


def test_the_short_way_is_three_acts_of_two_people(client: PageClient) -> None:
    with unit_of_work():
        world = make_world(alone=True)
        place = world.draft.article.lead
        place.may_publish_own = True
    clicks = 0
    draft = f"/brouillons/{world.draft_id}"
    client.sign_in(world.writer).get(draft)  # the first act: the text is written
    client.send(f"{draft}/proposer")  # the second
    clicks += 1
    shown = client.sign_in(world.reviewer).get("/espace")
    (link,) = {href for href in shown.links() if href.startswith(page_of(world))}
    shown = client.get(link.partition("#")[0])
    clicks += 1
    said = plain(shown)
    assert not [heading for heading in HEAVY if heading in said]
    count = visible_words(next(shown.tree.iter("main"))) - len(" ".join(plain_text(TEXT)).split())
    assert count < MOST_WORDS, (count, said)
    client.send(f"{draft}/relire-et-publier", relu="y")  # the third: read, signed and published
    clicks += 2  # the box and the button
    assert "La fiche est publiée" in client.follow().main and clicks <= 4
    with reading():
        assert {act.person_id for act in acts(world)} == {world.writer.id, world.reviewer.id}


def acts(world: World) -> list[Any]:
    from tests.drafts.review_world import acts as acts_of

    return [act for act in acts_of(world.draft_id) if act.person_id is not None]


def plain_text(nodes: list[dict[str, Any]]) -> list[str]:
    return [
        piece
        for node in nodes
        for piece in ([node["text"]] if "text" in node else plain_text(node.get("content", [])))
    ]


def test_remarks_of_others_do_not_appear_to_strangers(client: PageClient, world: World) -> None:
    submitted(world)
    with unit_of_work():
        remarks.open_remark(world.reviewer, world.draft, "Entre nous.")
        stranger = makers.make_agent(makers.make_administration())
    assert "Entre nous." in client.sign_in(world.nord_reviewer).get(page_of(world)).main
    assert "Entre nous." not in client.sign_in(stranger).get(page_of(world), 404).source
