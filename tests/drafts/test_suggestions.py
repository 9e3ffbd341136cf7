"""Suggestions that wait in a text: who made them, how they are answered, and what they keep from happening."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from app.audit import AuditEntry
from app.db import Database, reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, Refused
from app.policy import Actor
from drafts import document, log, queries, review, suggestions
from drafts.appends import Stroke, put
from drafts.contributions import measure
from drafts.findings import Code
from drafts.grammar import Tree
from drafts.render import render_blocks
from drafts.suggested import suggestions_in
from labs import service as labs
from labs.roles import Right
from tests import makers
from tests.clients import Page, PageClient

WORDS = "Présentez-vous à la mairie."
Edit = Callable[[Any, str], None]


def put_in(at: str, words: str) -> Edit:
    """Put words in before `at`."""

    def edit(text: Any, ident: str) -> None:
        place = len(plain(text).partition(at)[0].encode())
        text.insert(place, words, {"insertion": {"id": ident}})

    return edit


def take_out(words: str) -> Edit:
    def edit(text: Any, ident: str) -> None:
        before = plain(text).partition(words)[0]
        start = len(before.encode())
        text.format(start, start + len(words.encode()), {"deletion": {"id": ident}})

    return edit


def plain(text: Any) -> str:
    return "".join(words for words, _marks in text.diff())


@dataclass
class Desk:
    """A draft with one who writes and two who may only suggest."""

    draft_id: int
    writer: Actor
    suggester: Actor
    other: Actor
    reader: Actor

    def suggest(self, person: Actor, *edits: Edit, number: str = "a") -> str:
        """Suggestions as a browser would have sent them: one id for all of them, returned."""
        with unit_of_work():
            draft = log.lock_draft(self.draft_id)
            client = log.issue_client_id(draft.id, person.id, person.administration_id, one_use=False)
            ident = f"{client}-{number}"

            def edit(root: Any) -> None:
                for one in edits:
                    one(root.children[1].children[0], ident)

            update = document.edit_update(log.load(draft.id).doc, client, edit)
            put(session().connection(), draft.id, draft.head_seq, [Stroke(person.id, client, update, 0)])
        return ident

    def answer(self, verb: Any, person: Actor, *idents: str) -> list[str]:
        with unit_of_work():
            return verb(person, queries.draft_numbered(self.draft_id), list(idents))

    @property
    def tree(self) -> Tree:
        with reading():
            return log.text(self.draft_id).tree

    @property
    def words(self) -> str:
        return document.plain_text(self.tree).split("\n")[1]

    @property
    def open(self) -> list[str]:
        return [one.ident for one in suggestions_in(self.tree)]

    def parts(self) -> dict[int, tuple[int, int, int]]:
        with reading():
            return {
                tally.person_id: (tally.inserted, tally.deleted, tally.attributes)
                for tally in measure(log.load(self.draft_id)).tallies
            }

    def rows(self) -> list[int | None]:
        with reading():
            return [row.person_id for row in log.rows(self.draft_id, 0)]


@pytest.fixture
def desk(db: Database) -> Desk:
    with unit_of_work():
        south, north = makers.make_administration("Province Sud"), makers.make_administration("Province Nord")
        leader, writer, suggester, other, reader = (
            makers.make_agent(place) for place in (south, south, north, north, south)
        )
        lab = makers.make_lab(leader, south, writer)
        for person, right in ((suggester, Right.SUGGEST), (other, Right.SUGGEST), (reader, Right.READ)):
            labs.add_member(leader, lab, session().get_one(makers.Person, person.id), right)
        draft = makers.make_draft(writer, lab, south, south)
        return Desk(draft.id, writer, suggester, other, reader)


def test_an_accepted_insertion_stays_its_authors(desk: Desk) -> None:
    ident = desk.suggest(desk.suggester, put_in("mairie", "grande "))
    assert desk.answer(suggestions.accept, desk.writer, ident) == [ident]
    assert desk.words == "Présentez-vous à la grande mairie." and desk.open == []
    assert desk.parts()[desk.suggester.id] == (len("grande "), 0, 0)
    assert desk.rows()[-1] == desk.suggester.id


def test_an_accepted_deletion_is_the_suggesters_and_the_log_names_who_accepted(desk: Desk) -> None:
    before = desk.parts()[desk.writer.id]
    ident = desk.suggest(desk.suggester, take_out(" à la mairie"))
    assert desk.suggester.id not in desk.parts(), "to suggest is no part in the text yet"
    desk.answer(suggestions.accept, desk.writer, ident)
    assert desk.words == "Présentez-vous."
    parts = desk.parts()
    assert parts[desk.suggester.id] == (0, len(" à la mairie"), 0)
    assert parts[desk.writer.id] == (before[0] - len(" à la mairie"), 0, before[2])
    with reading():
        entry = session().scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None and entry.act == "accept_suggestions"
        assert entry.person_id == desk.writer.id
        assert entry.detail == {"ids": [ident], "count": 1, "people": [desk.suggester.id]}


def test_what_is_rejected_was_never_there(desk: Desk) -> None:
    before, text = desk.parts(), desk.tree
    first = desk.suggest(desk.suggester, put_in("mairie", "grande "), take_out("Présentez"))
    desk.answer(suggestions.reject, desk.writer, first)
    assert desk.tree == text and desk.words == WORDS
    assert desk.parts() == before, "nobody has a part in what was refused, nor in refusing it"


def test_each_is_answered_by_itself_and_several_people_at_once(desk: Desk) -> None:
    mine = desk.suggest(desk.suggester, take_out("Présentez-vous"), put_in("Présentez", "Venez"))
    theirs = desk.suggest(desk.other, put_in("mairie", "grande "))
    kept = desk.suggest(desk.other, take_out("."), number="b")
    rows = len(desk.rows())
    assert set(desk.answer(suggestions.accept, desk.writer, mine, theirs, "77-z")) == {mine, theirs}
    assert desk.words == "Venez à la grande mairie." and desk.open == [kept]
    assert desk.rows()[rows:] == sorted([desk.suggester.id, desk.other.id])
    desk.answer(suggestions.reject, desk.writer, kept)
    assert desk.words == "Venez à la grande mairie." and desk.open == []


def test_words_put_in_where_another_takes_out_are_not_taken_out_with_it(desk: Desk) -> None:
    out = desk.suggest(desk.suggester, take_out("à la mairie"))
    put_there = desk.suggest(desk.other, put_in("mairie", "grande "))
    desk.answer(suggestions.accept, desk.writer, out)
    assert desk.words == "Présentez-vous grande ." and desk.open == [put_there]
    desk.answer(suggestions.accept, desk.writer, put_there)
    assert desk.open == [] and desk.words == "Présentez-vous grande ."


def test_who_made_it_may_withdraw_it_and_nobody_else_who_only_suggests(desk: Desk) -> None:
    ident = desk.suggest(desk.suggester, put_in("mairie", "grande "))
    theirs = desk.suggest(desk.other, put_in("mairie", "belle "))
    for person, verb, error in (
        (desk.other, suggestions.reject, Refused),
        (desk.suggester, suggestions.accept, Refused),
        (desk.reader, suggestions.reject, Refused),
    ):
        with pytest.raises(error):
            desk.answer(verb, person, ident)
    with pytest.raises(Refused):
        desk.answer(suggestions.reject, desk.suggester, ident, theirs)
    assert set(desk.open) == {ident, theirs}
    desk.answer(suggestions.reject, desk.suggester, ident)
    assert desk.open == [theirs]


def test_what_has_moved_on_is_said(desk: Desk) -> None:
    ident = desk.suggest(desk.suggester, put_in("mairie", "grande "))
    desk.answer(suggestions.reject, desk.writer, ident)
    with pytest.raises(MovedOn):
        desk.answer(suggestions.accept, desk.writer, ident)
    with pytest.raises(Invalid):
        desk.answer(suggestions.accept, desk.writer)


def test_an_open_suggestion_keeps_the_text_from_being_proposed_and_says_where(desk: Desk) -> None:
    ident = desk.suggest(desk.suggester, take_out("Présentez"))
    with reading():
        draft = queries.draft_numbered(desk.draft_id)
        _seq, found = queries.findings(draft)
        assert [(one.code, one.block_id) for one in found if one.code is Code.SUGGESTION_OPEN] == [
            (Code.SUGGESTION_OPEN, "b2")
        ]
    with unit_of_work(), pytest.raises(Invalid) as refused:
        review.submit(desk.writer, queries.draft_numbered(desk.draft_id), "Premier texte.")
    assert "b2" in [block for block, _said in refused.value.detail["faults"]]  # type: ignore[attr-defined]
    desk.answer(suggestions.accept, desk.writer, ident)
    with unit_of_work():
        revision = review.submit(desk.writer, queries.draft_numbered(desk.draft_id), "Premier texte.")
        assert b"insertion" not in revision.canonical and b"deletion" not in revision.canonical


def test_the_page_of_the_draft_says_suggestions_in_words(desk: Desk) -> None:
    desk.suggest(desk.suggester, take_out("Présentez"), put_in("mairie", "<grande> "))
    html = render_blocks(desk.tree)
    assert '<del><span class="visually-hidden">[suppression suggérée] </span>Présentez</del>' in html
    assert '<ins><span class="visually-hidden">[ajout suggéré] </span>&lt;grande&gt; </ins>' in html


def test_the_page_answers_without_javascript(desk: Desk, client: PageClient) -> None:
    mine = desk.suggest(desk.suggester, take_out("Présentez-vous"), put_in("Présentez", "Venez"))
    theirs = desk.suggest(desk.other, put_in("mairie", "grande "))
    address = f"/brouillons/{desk.draft_id}/suggestions"
    answer = f"{address}/reponse"
    client.sign_in(desk.writer)
    page = client.get(address)
    assert "Province Nord" in page.main and "2 suggestions attendent une réponse" in page.main
    assert "<del>Présentez-vous</del>" in page.source and "<ins>Venez</ins>" in page.source
    assert page.form(answer).values["id"] == mine
    client.send(answer, faire="accept")
    assert desk.words == "Venez à la grande mairie." and desk.open == [theirs]
    token = client.get(address).form(answer).values["csrf_token"]
    again = client.post(answer, {"csrf_token": token, "id": [mine], "faire": "accept"}, status=409)
    assert "déjà reçu une réponse" in again.main
    client.post(answer, {"csrf_token": token, "id": [theirs], "faire": "sign"}, status=422)
    client.post(answer, {"id": [theirs], "faire": "accept"}, status=400)
    assert desk.open == [theirs]


def test_who_may_not_write_sees_no_button_but_that_of_withdrawing(desk: Desk, client: PageClient) -> None:
    ident = desk.suggest(desk.suggester, take_out("Présentez-vous"))
    address = f"/brouillons/{desk.draft_id}/suggestions"
    for person in (desk.reader, desk.other):
        client.sign_in(person)
        assert 'name="faire"' not in client.get(address).source
    client.sign_in(desk.suggester)
    page = client.get(address)
    assert "Retirer" in page.main and "Accepter" not in page.main
    client.send(f"{address}/reponse", faire="reject")
    assert desk.open == [] and ident


def test_programs_ask_who_and_answer(desk: Desk, client: PageClient) -> None:
    ident = desk.suggest(desk.suggester, take_out("Présentez-vous"))
    address = f"/brouillons/{desk.draft_id}/suggestions"
    client.sign_in(desk.writer)
    token = client.get(f"/brouillons/{desk.draft_id}").all("div", data_draft=str(desk.draft_id))[0]
    headers = {"X-CSRFToken": token.get("data-csrf", "")}

    def say(asked: Any, status: int, **options: Any) -> Page:
        return client.post(address, json.dumps(asked), status, content_type="application/json", **options)

    told = client.get(f"{address}/auteurs").json["authors"]
    assert told == {
        ident.partition("-")[0]: {
            "person": desk.suggester.id,
            "name": desk.suggester.name,
            "administration": "Province Nord",
            "mine": False,
        }
    }
    for wrong in ({}, {"do": "accept"}, {"do": "accept", "ids": [3]}, {"do": "eat", "ids": [ident]}, [ident]):
        say(wrong, 422, headers=headers)
    say({"do": "accept", "ids": [ident]}, 400)
    done = say({"do": "accept", "ids": [ident]}, 200, headers=headers)
    assert done.json == {"done": [ident]}
    assert desk.words == " à la mairie."


def test_a_stranger_learns_nothing(desk: Desk, client: PageClient) -> None:
    ident = desk.suggest(desk.suggester, take_out("Présentez-vous"))
    with unit_of_work():
        stranger = makers.make_agent(makers.make_administration())
    client.sign_in(stranger)
    client.get(f"/brouillons/{desk.draft_id}/suggestions", status=404)
    client.get(f"/brouillons/{desk.draft_id}/suggestions/auteurs", status=404)
    with pytest.raises(Missing):
        desk.answer(suggestions.accept, stranger, ident)
    assert desk.open == [ident]
