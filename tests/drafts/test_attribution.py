"""Who wrote what in a draft: shares and passages, for who may read it, made in the child and kept for a moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.errors import Unavailable
from app.policy import Actor
from drafts import attribution as room
from drafts import checkpoints, log, reopening, service
from drafts.attribution import attribution, percents
from drafts.models import Checkpoint, Draft
from drafts.queries import draft_numbered
from labs.roles import Right
from labs.service import add_member
from tests import makers
from tests.clients import PageClient

JSON = {"Accept": "application/json"}
ANA_WROTE = "Les mots d’Ana ouvrent ce texte."
BEN_WROTE = " Et Ben ajoute ceci 🎉."


def paragraph(ident: str, words: str) -> dict[str, Any]:
    return {"type": "paragraph", "attrs": {"id": ident}, "content": [{"type": "text", "text": words}]}


@dataclass(frozen=True)
class House:
    """A text that two people of two administrations wrote, somebody who may read it, and a stranger."""

    ana: Actor
    ben: Actor
    reader: Actor
    stranger: Actor
    draft: int
    south: int
    north: int

    @property
    def address(self) -> str:
        return f"/brouillons/{self.draft}/auteurs"


@pytest.fixture
def house(client: PageClient) -> Iterator[House]:
    with unit_of_work():
        south = makers.make_administration("Province Sud", acronym="PS")
        north = makers.make_administration("Province Nord")
        ana, ben, reader, stranger = (makers.make_agent(place) for place in (south, north, south, north))
        lab = makers.make_lab(ana, south, ben)
        add_member(ana, lab, session().get_one(Person, reader.id), Right.READ)
        draft = makers.make_draft(ana, lab, south, south, north, tree=[paragraph("a", ANA_WROTE)])
    write(ben, draft.id, [paragraph("a", ANA_WROTE + BEN_WROTE)])
    room._known.clear()
    yield House(ana, ben, reader, stranger, draft.id, south.id, north.id)
    reopening.close()


def write(person: Actor, draft_id: int, tree: list[dict[str, Any]]) -> None:
    with unit_of_work():
        service.replace_text(person, draft_numbered(draft_id), tree)


def made(draft_id: int) -> room.Attribution:
    with reading():
        return attribution(session().get_one(Draft, draft_id, populate_existing=True))


def test_shares_and_passages_for_who_reads_the_draft(client: PageClient, house: House) -> None:
    found = client.sign_in(house.reader).get(house.address, headers=JSON).json
    first, second = len(ANA_WROTE), len(BEN_WROTE) + 1
    assert found["blocks"] == [
        ["a", [[0, first, house.ana.id, house.south], [first, second, house.ben.id, house.north]]]
    ]
    characters = len(ANA_WROTE + BEN_WROTE)
    assert found["characters"] == characters and found["inherited"] == 0 and not found["is_cut"]
    assert [
        (one["id"], one["name"], one["acronym"], one["characters"]) for one in found["administrations"]
    ] == [
        (house.south, "Province Sud", "PS", len(ANA_WROTE)),
        (house.north, "Province Nord", "", len(BEN_WROTE)),
    ]
    assert [(one["person"], one["name"], one["administration"]) for one in found["people"]] == [
        (house.ana.id, house.ana.name, house.south),
        (house.ben.id, house.ben.name, house.north),
    ]
    assert sum(one["percent"] for one in found["administrations"]) == 100
    with reading():
        assert found["seq"] == draft_numbered(house.draft).head_seq


def test_the_page_says_the_same_without_javascript(client: PageClient, house: House) -> None:
    page = client.sign_in(house.reader).get(house.address)
    assert (
        f"{ANA_WROTE} (PS – {house.ana.name}) {BEN_WROTE.strip()} (Province Nord – {house.ben.name})"
        in page.main
    )
    assert "Province Sud (PS)" in page.main and "Accept" in page.response.headers["Vary"]
    # A browser asks for pages and, last, for everything; curl for everything.
    for accept in ("text/html,application/xhtml+xml,*/*;q=0.8", "*/*"):
        assert client.get(house.address, headers={"Accept": accept}).tree is not None
    assert house.address in client.get(f"/brouillons/{house.draft}").links()


def test_who_may_not_read_learns_nothing(client: PageClient, house: House) -> None:
    client.get(house.address, 302)
    client.get(house.address, 401, headers=JSON)
    refused = client.sign_in(house.stranger).get(house.address, 404, headers=JSON)
    nowhere = client.get("/brouillons/999999/auteurs", 404, headers=JSON)
    assert refused.json == nowhere.json and ANA_WROTE not in refused.source
    client.get(house.address, 404)


def test_deleted_words_are_in_neither_answer(client: PageClient, house: House) -> None:
    write(house.ana, house.draft, [paragraph("a", ANA_WROTE + " Un secret de passage.")])
    write(house.ben, house.draft, [paragraph("a", ANA_WROTE + BEN_WROTE)])
    client.sign_in(house.reader)
    assert "secret" not in client.get(house.address, headers=JSON).source
    assert "secret" not in client.get(house.address).source


def test_an_empty_text(client: PageClient, house: House) -> None:
    write(house.ana, house.draft, [])
    found = client.sign_in(house.ana).get(house.address, headers=JSON).json
    assert found["characters"] == 0 and found["blocks"] == [] and found["administrations"] == []
    assert "Ce texte est encore vide." in client.get(house.address).main


def test_it_follows_the_text_and_is_made_once_for_each_number(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    before = made(house.draft)
    assert made(house.draft) is before and counted.times == 1
    write(house.ben, house.draft, [paragraph("a", ANA_WROTE + BEN_WROTE + " Et encore.")])
    forget_the_rest(house.draft)
    after = made(house.draft)
    assert after.seq > before.seq and after.characters > before.characters and counted.times == 2


def test_while_it_has_just_been_made_what_was_made_will_do(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    monkeypatch.setattr(room, "REST", 1_000_000)
    before = made(house.draft)
    write(house.ben, house.draft, [paragraph("a", ANA_WROTE + BEN_WROTE + " Et encore.")])
    assert made(house.draft) is before and counted.times == 1


def test_one_at_a_time_for_a_draft(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks while another's request is being answered gets what was known, or waits for that answer."""
    started, go_on = threading.Event(), threading.Event()
    before = made(house.draft)
    write(house.ben, house.draft, [paragraph("a", ANA_WROTE + BEN_WROTE + " Et encore.")])
    forget_the_rest(house.draft)
    usual = reopening.in_child

    def slow(*arguments: Any, **more: Any) -> Any:
        started.set()
        assert go_on.wait(20)
        return usual(*arguments, **more)

    counted = Counted(monkeypatch, slow)
    answers: list[room.Attribution] = []
    first = threading.Thread(target=lambda: answers.append(made(house.draft)))
    first.start()
    assert started.wait(20)
    assert made(house.draft) is before
    room._known.clear()
    second = threading.Thread(target=lambda: answers.append(made(house.draft)))
    second.start()
    go_on.set()
    first.join(20), second.join(20)
    assert len(answers) == 2 and answers[0] is answers[1] and counted.times == 1
    assert answers[0].seq > before.seq


def test_a_long_tail_waits_for_its_checkpoint(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with reading():
        head = draft_numbered(house.draft).head_seq
    monkeypatch.setattr(room, "MOST_ROWS", head - 1)
    with pytest.raises(Unavailable):
        made(house.draft)
    with reading():
        kept = checkpoints.prepare(house.draft)
    with unit_of_work():
        assert kept is not None
        checkpoints.keep(kept)
    assert made(house.draft).seq == head
    with reading():
        assert session().query(Checkpoint).count() == 1


def test_rows_are_fetched_by_the_breath(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        write(house.ben, house.draft, [paragraph("a", ANA_WROTE + BEN_WROTE + " Et encore." * number)])
    monkeypatch.setattr(log, "ROWS_AT_ONCE", 2)
    with reading():
        loaded = log.load(house.draft)
    found = made(house.draft)
    assert found.seq == loaded.seq and found.characters == sum(loaded.runs.shares().values())


def test_of_a_damaged_text_what_was_written_before(client: PageClient, house: House) -> None:
    with unit_of_work() as current:
        draft = log.lock_draft(house.draft)
        log.put(current.connection(), draft.id, draft.head_seq, [log.Stroke(house.ben.id, 7, b"\x01\xff", 0)])
    found = client.sign_in(house.ana).get(house.address, headers=JSON).json
    assert found["is_damaged"] and found["characters"] == len(ANA_WROTE + BEN_WROTE)
    assert "Une partie de ce texte ne peut plus être relue" in client.get(house.address).main


def test_words_of_the_published_version_count_for_its_authors() -> None:
    """See tests/drafts/test_review_contributions.py for the proportion; here both are said to be inherited."""
    assert percents({1: 1, 2: 1, 3: 1}) == {1: 34, 2: 33, 3: 33}
    assert percents({1: 0}) == {1: 0} and percents({}) == {}
    assert percents({5: 999, 6: 1}) == {5: 100, 6: 0}


class Counted:
    """How often an answer is made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, work: Any = None) -> None:
        self.times = 0
        usual = work or reopening.in_child

        def count(*arguments: Any, **more: Any) -> Any:
            self.times += 1
            return usual(*arguments, **more)

        monkeypatch.setattr(room.reopening, "in_child", count)


def forget_the_rest(draft_id: int) -> None:
    """As if some seconds had gone by."""
    known = room._known[draft_id]
    room._known[draft_id] = room._Known(known.history, known.made, 0.0)
