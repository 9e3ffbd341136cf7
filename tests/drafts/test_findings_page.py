"""The checks while one writes: what the server would say at submit, told beforehand and by the same words."""

from __future__ import annotations

import pytest

from app.db import reading, session, unit_of_work
from app.directory.models import Counter, Kind, Login, OnlineService, ServiceKind
from app.errors import Invalid
from app.policy import Actor
from drafts import review, service
from drafts.models import Draft
from drafts.queries import draft_numbered
from tests import makers
from tests.clients import PageClient
from tests.drafts.every_block import EVERY, block, p


@pytest.fixture
def written(client: PageClient) -> tuple[Actor, int]:
    """A draft whose text refers to what the directory has, and to what it has not: (its writer, its id)."""
    with unit_of_work():
        south = makers.make_administration("Province du Sud", slug="province-du-sud", kind=Kind.PROVINCE)
        south.counters = [Counter(name="Guichet de Nouméa", phone="20 00 30")]
        session().flush()
        online = OnlineService(
            slug="demander-le-plan", title="Demander le plan", kind=ServiceKind.FORM, url="https://plan.example",
            login=Login.NONE,
        )  # fmt: skip
        online.owners = [south]
        session().add(online)
        writer = makers.make_agent(south)
        lab = makers.make_lab(writer, south)
        draft = makers.make_draft(writer, lab, south, south, title="Construire", tree=[])
        text = [
            *[node for node in EVERY if node["type"] not in ("contact", "image")],
            block("contact", "c1", administration="province-du-sud", counter=south.counters[0].id),
            block("contact", "c2", administration="province-du-sud", counter=south.counters[0].id + 1),
            block("question", "q9", p("q8", "Une réponse sans question.")),
        ]
        service.replace_text(writer, draft, text)
        return writer, draft.id


def test_what_would_keep_a_text_from_being_proposed_is_told_while_it_is_written(
    client: PageClient, written: tuple[Actor, int]
) -> None:
    writer, draft_id = written
    told = client.sign_in(writer).get(f"/brouillons/{draft_id}/controles").json
    with reading():
        assert told["seq"] == draft_numbered(draft_id).head_seq
    assert [(one["code"], one["block"]) for one in told["findings"]] == [
        ("label_missing", "q9"),
        ("contact_unknown", "c2"),
    ]
    with pytest.raises(Invalid) as caught, unit_of_work():
        review.submit(writer, session().get_one(Draft, draft_id))
    assert caught.value.detail["faults"] == [(one["block"], one["message"]) for one in told["findings"]]
    with unit_of_work():
        draft = session().get_one(Draft, draft_id)
        service.set_fields(writer, draft, territories=["province-sud", "lifou", "noumea"])
        service.replace_text(
            writer, draft, [node for node in EVERY if node["type"] not in ("contact", "image")]
        )
    assert client.get(f"/brouillons/{draft_id}/controles").json["findings"] == []


def test_the_checks_are_for_those_who_may_read_the_draft(
    client: PageClient, written: tuple[Actor, int]
) -> None:
    _writer, draft_id = written
    path = f"/brouillons/{draft_id}/controles"
    with unit_of_work():
        stranger = makers.make_agent(makers.make_administration("Mairie de Thio"))
    assert client.http.get(path, headers={"Accept": "application/json"}).status_code == 401
    client.sign_in(stranger)
    answer = client.http.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 404 and answer.json["error"]["code"] == "not_found"
    assert client.http.get("/brouillons/999999/controles").status_code == 404


def test_the_page_of_a_draft_shows_what_it_refers_to_and_says_what_is_not_there(
    client: PageClient, written: tuple[Actor, int]
) -> None:
    writer, draft_id = written
    page = client.sign_in(writer).get(f"/brouillons/{draft_id}")
    assert "Guichet de Nouméa" in page.main and "Demander le plan" in page.main
    assert page.main.count("Contact à choisir, ou qui n’existe plus.") == 1
    assert "tel:+687200030" in page.source
    page = client.send(f"/brouillons/{draft_id}/proposer", 422, note="Une première version.")
    assert "#q9" in page.links() and "#c2" in page.links()
