"""The page of the remarks, which needs no JavaScript, and the same for the editor, as JSON."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.db import reading, session
from drafts import remark_queries
from drafts.remark_models import Remark, RemarkMessage
from tests.clients import PageClient
from tests.drafts.test_remarks import House, house, marked  # noqa: F401 - a fixture


@pytest.fixture
def page(house: House) -> str:  # noqa: F811
    return f"/brouillons/{house.draft_id}/remarques"


def send(client: PageClient, path: str, status: int, body: Any, **headers: str) -> Any:
    """A POST of JSON; what came back."""
    return client._seen(path, client.http.post(path, json=body, headers=headers), status).json


def state(house: House) -> tuple[Any, ...]:  # noqa: F811
    with reading():
        return (
            house.draft.head_seq,
            session().execute(sa.select(Remark.public_id, Remark.blocking, Remark.resolved_at)).all(),
            session().execute(sa.select(RemarkMessage.text)).all(),
        )


def test_a_walk_without_javascript(client: PageClient, house: House, page: str) -> None:  # noqa: F811
    client.sign_in(house.remarker)
    shown = client.get(page)
    assert "Aucune remarque ici." in shown.main
    answer = client.send(page, passage="b3", texte="Plutôt avant huit heures.", bloquante="y")
    assert "#r-" in answer.location
    name = answer.location.rpartition("#r-")[2]
    with reading():
        assert marked(house.tree, name) == [("b3", "Venez tôt.")]
    shown = client.follow()
    assert "Venez tôt." in shown.main and "Bloquante" in shown.main and shown.all("article", id=f"r-{name}")
    assert f"/brouillons/{house.draft_id}#b3" in shown.links()

    client.sign_in(house.writer).get(page)
    client.send(f"{page}/{name}/reponse", texte=f"D’accord, @{house.remarker.name.upper()}.")
    shown = client.follow()
    assert f"À l’attention de {house.remarker.name}" in shown.main
    assert "D’accord, @" in shown.main and not shown.offers(f"{page}/{name}/bloquante")
    client.send(f"{page}/{name}/resoudre")
    assert f"Résolue par {house.writer.name}" in client.follow().main
    assert "D’accord, @" not in client.get(page).main, "the list shows what is open"
    client.get(f"{page}?filtre=resolues")
    client.send(f"{page}/{name}/rouvrir")
    client.sign_in(house.remarker).get(page)
    client.send(f"{page}/{name}/bloquante")
    assert "Bloquante" not in client.follow().main.replace("Bloquantes", "").replace("Remarque bloquante", "")


def test_words_that_are_gone_are_shown_as_they_were(client: PageClient, house: House, page: str) -> None:  # noqa: F811
    from app.db import unit_of_work
    from drafts import service
    from tests.drafts.test_remarks import TREE

    client.sign_in(house.remarker).get(page)
    client.send(page, passage="b3", texte="Quand donc")
    with unit_of_work():
        service.replace_text(house.writer, house.draft, TREE[:2])
    shown = client.get(page)
    assert "Venez tôt." in shown.main and "Le passage a été supprimé ou réécrit." in shown.main


def test_what_was_typed_stands_in_the_refused_form(client: PageClient, house: House, page: str) -> None:  # noqa: F811
    client.sign_in(house.writer).get(page)
    client.send(page, texte="Une remarque.")
    client.follow()
    name = client.page.location if client.page else ""
    with reading():
        name = session().scalars(sa.select(Remark.public_id)).one()
    client.get(page)
    long = "mot " * 1001
    shown = client.send(page, 422, texte=long)
    assert "4 000 caractères" in shown.main.replace("\u202f", " ").replace("\u00a0", " ")
    assert shown.form(page).values["texte"].strip() == long.strip()
    shown = client.send(f"{page}/{name}/reponse", 422, texte=long)
    assert shown.form(f"{page}/{name}/reponse").values["texte"].strip() == long.strip()


def test_who_may_only_read_is_offered_nothing(client: PageClient, house: House, page: str) -> None:  # noqa: F811
    client.sign_in(house.writer).get(page)
    client.send(page, texte="Une remarque.")
    shown = client.sign_in(house.reader).get(page)
    assert "Une remarque." in shown.main
    assert not [form for form in shown.forms if form.action.startswith(page)]


def test_hand_made_posts_change_nothing(client: PageClient, house: House, page: str) -> None:  # noqa: F811
    client.sign_in(house.writer).get(page)
    client.send(page, passage="b3", texte="Une remarque.")
    before = state(house)
    name = before[1][0][0]
    client.app.config["WTF_CSRF_ENABLED"] = False
    forms = {
        page: {"texte": "Non."},
        f"{page}/{name}/reponse": {"texte": "Non."},
        f"{page}/{name}/resoudre": {},
        f"{page}/{name}/rouvrir": {},
        f"{page}/{name}/bloquante": {"bloquante": "1"},
    }
    bodies = {
        f"{page}.json": {"text": "Non.", "passages": [{"block": "b2", "start": 0, "quote": "Le guichet"}]},
        **{f"{page}/{name}.json": {"do": deed, "text": "Non."} for deed in ("answer", "resolve", "block")},
    }
    for actor, status in ((house.reader, 403), (house.stranger, 404), (house.reviewer, 404)):
        client.sign_in(actor)
        for path, data in forms.items():
            client.post(path, data, status)
        for path, body in bodies.items():
            answer = send(client, path, status, body)
            assert answer["error"]["code"] == {403: "forbidden", 404: "not_found"}[status]
    client.sign_in(house.remarker)
    assert send(client, f"{page}/{name}.json", 403, {"do": "resolve"})["error"]["message"]
    for body in (
        None,
        [],
        {"text": 3},
        {"text": "a", "passages": "b"},
        {"text": "a", "passages": [{"block": "b2", "start": -1, "quote": "x"}]},
        {"text": "a", "mentions": ["1"]},
        {"text": "a", "mentions": [house.stranger.id]},
    ):
        assert send(client, f"{page}.json", 422, body)["error"]["message"]
    assert state(house) == before


def test_the_token_of_the_page_is_asked_for(client: PageClient, house: House, page: str) -> None:  # noqa: F811
    shown = client.sign_in(house.remarker).get(f"/brouillons/{house.draft_id}")
    before = state(house)
    send(client, f"{page}.json", 400, {"text": "Non."})
    assert state(house) == before
    token = shown.all("div", data_draft=str(house.draft_id))[0].get("data-csrf")
    body = {
        "text": "@Quelqu’un, regarde.",
        "passages": [{"block": "b2", "start": 3, "quote": "guichet", "before": "Le "}],
        "blocking": True,
        "mentions": [house.writer.id],
    }
    answer = send(client, f"{page}.json", 201, body, **{"X-CSRFToken": token})
    assert answer["open"] and answer["blocking"] and answer["messages"][0]["mentions"] == [house.writer.name]
    listed = client.get(f"{page}.json?ancres=1").json
    assert [row["id"] for row in listed["remarks"]] == [answer["id"]] and listed["remarks"][0]["anchored"]
    people = client.get(f"{page}/personnes.json").json["people"]
    assert house.writer.name in [person["name"] for person in people]
    checks = client.get(f"/brouillons/{house.draft_id}/controles").json
    assert [one["code"] for one in checks["warnings"]] == ["remark_blocking"] and checks["findings"] == []
    client.sign_in(house.writer).get(f"/brouillons/{house.draft_id}")
    done = send(client, f"{page}/{answer['id']}.json", 200, {"do": "resolve"}, **{"X-CSRFToken": token})
    assert not done["open"] and done["resolved_by"] == house.writer.name


def test_names_with_an_at_sign_are_mentions(client: PageClient, house: House) -> None:  # noqa: F811
    """The longest name, whatever the case, each once; never oneself, nor who may not read the text."""
    with reading():
        draft, me, them = house.draft, house.writer, house.remarker
        named = remark_queries.mentioned_in
        assert named(me, draft, f"@{them.name} et encore @{them.name.lower()} !") == [them.id]
        assert named(me, draft, f"{them.name}, @{me.name}, @{house.stranger.name}, a@b.example") == []
