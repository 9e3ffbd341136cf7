"""The past of a draft: its time line, any moment, named versions, differences, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock, worker
from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, Refused, Unavailable
from app.policy import Act, Actor, acts_for
from app.worker import fill_milestones, fold_timelines
from drafts import (
    bin,
    checkpoints,
    contributions,
    document,
    healing,
    history_queries,
    log,
    moments,
    reopening,
    rescue,
    restoring,
    review,
    service,
    timeline,
    versions,
)
from drafts.appends import Stroke, put
from drafts.child import ChildDied
from drafts.grammar import plain_text
from drafts.history_models import DraftRestoration, DraftStretch, DraftVersion
from drafts.models import Checkpoint, DraftUpdate
from drafts.moments import Ref, ref_of
from drafts.queries import draft_numbered
from drafts.retelling import spans_of
from labs.roles import Right
from labs.service import add_member
from tests import makers
from tests.clients import PageClient
from tests.drafts.every_block import p


@dataclass(frozen=True)
class House:
    """A draft that Ana and Ben wrote in three steps; somebody who may suggest, and a reader."""

    ana: Actor
    ben: Actor
    suggester: Actor
    reader: Actor
    stranger: Actor
    draft: int
    # The numbers after each step.
    steps: tuple[int, int, int]

    @property
    def address(self) -> str:
        return f"/brouillons/{self.draft}/historique"


FIRST = [p("a", "Les mots d’Ana ouvrent ce texte."), p("b", "Encore des mots d’Ana.")]
SECOND = [*FIRST, p("c", "Bénédicte ajoute un secret bien gardé.")]
THIRD = [p("a", "Les mots d’Ana et de Bénédicte ouvrent ce texte.")]


@pytest.fixture
def morning() -> Iterator[None]:
    """Nine o'clock in Nouméa: midnight ends a stretch of work, and a test may run just before it."""
    now = clock.local(clock.now())
    nine = (now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    with clock.shifted(nine - now):
        yield


@pytest.fixture
def house(morning: None, client: PageClient) -> Iterator[House]:
    with unit_of_work():
        south, north = makers.make_administration("Province Sud"), makers.make_administration("Province Nord")
        ana, ben, suggester, reader, stranger = (
            makers.make_agent(place) for place in (south, north, north, south, north)
        )
        lab = makers.make_lab(ana, south, ben)
        add_member(ana, lab, session().get_one(Person, reader.id), Right.READ)
        add_member(ana, lab, session().get_one(Person, suggester.id), Right.SUGGEST)
        draft = makers.make_draft(ana, lab, south, south, north, tree=FIRST)
    numbers = [1]
    for who, tree in ((ben, SECOND), (ana, THIRD)):
        with unit_of_work():
            numbers.append(service.replace_text(who, draft_numbered(draft.id), tree))
    # What the worker remembers is of this process, and the drafts of the test before had the same numbers.
    worker._folded.clear()
    worker._complete.clear()
    yield House(ana, ben, suggester, reader, stranger, draft.id, tuple(numbers))  # type: ignore[arg-type]
    moments.close()
    reopening.close()


def text_at(house: House, ref: str) -> str:
    with reading():
        return plain_text(moments.moment(draft_numbered(house.draft), ref_of(ref)).tree)


def go_back(house: House, who: Actor, ref: str, **more: Any) -> int | None:
    with reading():
        back = restoring.way_back(who, draft_numbered(house.draft), ref_of(ref))
    with unit_of_work():
        done = restoring.restore(who, draft_numbered(house.draft), back, **more)
        return done.id if done is not None else None


def name(house: House, who: Actor, words: str, ref: str = "maintenant") -> int:
    with reading():
        found = moments.moment(draft_numbered(house.draft), ref_of(ref), authors=True)
    with unit_of_work():
        return versions.name_moment(who, draft_numbered(house.draft), found, words).id


def whose(house: House) -> list[tuple[str, int]]:
    with reading():
        loaded = log.load(house.draft)
        return [(words, person) for line in loaded.runs.runs() for words, person, _raw in line]


def text_now(house: House) -> str:
    with reading():
        return plain_text(log.text(house.draft).tree)


# Who may


def test_the_past_is_for_those_who_write(house: House) -> None:
    with reading():
        draft = draft_numbered(house.draft)
        assert {
            who: Act.DRAFT_HISTORY in acts_for(getattr(house, who), draft)
            for who in ("ana", "ben", "suggester", "reader", "stranger")
        } == {"ana": True, "ben": True, "suggester": False, "reader": False, "stranger": False}


@pytest.mark.parametrize("who", ["reader", "suggester", "stranger"])
def test_without_the_right_there_is_no_such_page(client: PageClient, house: House, who: str) -> None:
    version = name(house, house.ana, "Avant la coupe", str(house.steps[1]))
    client.sign_in(getattr(house, who))
    token = token_of(client)
    refs = [str(house.steps[1]), f"v{version}", "maintenant", "0"]
    for ref in refs:
        for path in ("", "/restaurer", "/nom", "/supprimer"):
            assert "secret" not in client.get(f"{house.address}/{ref}{path}", 404).source
        for path in ("/restaurer", "/nom", "/supprimer"):
            client.post(f"{house.address}/{ref}{path}", token, 404)
        client.get(f"{house.address}/comparer?de={ref}&a=maintenant", 404)
    client.post(f"{house.address}/nommer", {"nom": "x", **token}, 404)
    if who == "stranger":
        client.get(house.address, 404)
        return
    page = client.get(f"{house.address}?restauration=1")
    assert "secret" not in page.source and "Avant la coupe" not in page.source
    assert "La vie du texte" not in page.main and not page.offers(f"{house.address}/nommer")
    client.sign_out().get(f"{house.address}/1", 302)


def test_frozen_versions_are_compared_by_who_reads(client: PageClient, house: House) -> None:
    lead = {**p("l", "En bref."), "type": "lead"}
    with unit_of_work():
        service.replace_text(house.ben, draft_numbered(house.draft), [lead, *THIRD])
        review.submit(house.ana, draft_numbered(house.draft), "Une première fois.")
    with unit_of_work():
        review.retract(house.ana, draft_numbered(house.draft), "")
        service.replace_text(house.ben, draft_numbered(house.draft), [lead, p("a", "Tout autre chose.")])
        review.submit(house.ana, draft_numbered(house.draft), "Une seconde fois.")
    client.sign_in(house.reader)
    page = client.get(house.address)
    assert f"{house.address}/r1" in page.links()
    assert "ouvrent ce texte" in client.get(f"{house.address}/r1").main
    assert not any("restaurer" in link for link in client.page.links())  # type: ignore[union-attr]
    page = client.get(f"{house.address}/comparer?de=r1&a=r2")
    assert "Tout autre chose" in page.main and page.all("del")
    assert f"{house.address}/comparer?de=r2&a=r1" in page.links()
    client.get(f"{house.address}/comparer?de=r1&a=maintenant", 404)
    client.get(f"{house.address}/comparer?de=r1&a=r3", 404)


# Moments


def test_any_moment_is_read(client: PageClient, house: House) -> None:
    client.sign_in(house.ana)
    for seq, tree in zip(house.steps, (FIRST, SECOND, THIRD), strict=True):
        assert text_at(house, str(seq)) == plain_text(tree)
    page = client.get(f"{house.address}/{house.steps[1]}")
    assert "secret bien gardé" in page.main and "il se lit, il ne s’écrit pas" in page.main
    assert "Le texte était vide" in client.get(f"{house.address}/0").main
    for wrong in ("99999", "v1", "r1", "x", "-1", "1" * 30, "v0"):
        client.get(f"{house.address}/{wrong}", 404)


def test_a_moment_whose_child_dies_says_what_to_do(
    client: PageClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying:
        def ask(self, *_asked: object) -> object:
            raise ChildDied

    monkeypatch.setattr(moments, "_child", Dying())
    page = client.sign_in(house.ana).get(f"{house.address}/1", 503)
    assert "Réessayez dans un instant" in page.main
    # The text itself is none the worse for it.
    assert "ouvrent" in client.get(f"/brouillons/{house.draft}").main
    monkeypatch.undo()


def test_who_comes_when_too_many_wait_is_asked_to_try_again(house: House) -> None:
    places = moments._places
    for _number in range(moments.WAITING):
        assert places.acquire(blocking=False)
    try:
        with pytest.raises(Unavailable, match="D’autres personnes"):
            text_at(house, "1")
    finally:
        for _number in range(moments.WAITING):
            places.release()
    assert text_at(house, "1") == plain_text(FIRST)


def test_moments_of_an_earlier_life_stay_readable(house: House) -> None:
    version = name(house, house.ana, "Ancienne", str(house.steps[1]))
    healing.heal(house.draft, None, healing.ASKED)
    with unit_of_work():
        service.replace_text(house.ben, draft_numbered(house.draft), [p("z", "Une nouvelle vie.")])
    assert text_at(house, str(house.steps[0])) == plain_text(FIRST)
    assert text_at(house, f"v{version}") == plain_text(SECOND)
    assert go_back(house, house.ben, f"v{version}") is not None
    assert text_now(house) == plain_text(SECOND)
    assert {person for words, person in whose(house) if "Ana" in words} == {house.ana.id}


# Named versions


def test_a_version_is_named_renamed_and_taken_away(client: PageClient, house: House) -> None:
    client.sign_in(house.ben).get(house.address)
    assert "Donnez un nom" in client.send(f"{house.address}/nommer", 422, nom="").main
    client.get(f"{house.address}/{house.steps[1]}")
    assert "Donnez un nom" in client.send(f"{house.address}/nommer", 422, nom=" ").main
    client.get(f"{house.address}/{house.steps[1]}")
    page = client.send(f"{house.address}/nommer", nom="Avant la réunion")
    page = client.get(page.location)
    assert "La version est nommée" in page.main and "Avant la réunion" in page.main
    with reading():
        version = session().scalars(sa.select(DraftVersion)).one()
        assert (version.seq, version.tree, version.made_by) == (house.steps[1], SECOND, house.ben.id)
        assert sum(size for size, _person in version.authors) == len(plain_text(SECOND).replace("\n", ""))
    ref = f"{house.address}/v{version.id}"
    assert "secret bien gardé" in client.get(ref).main
    # Another writer renames it, and does not take it away.
    client.sign_in(house.ana).get(f"{ref}/nom")
    client.send(f"{ref}/nom", nom="Avant la réunion du 3")
    assert "Avant la réunion du 3" in client.follow().main
    assert f"{ref}/supprimer" not in client.page.links()  # type: ignore[union-attr]
    assert "n’est pas à vous" in client.get(f"{ref}/supprimer").main
    with pytest.raises(Refused), unit_of_work():
        draft = draft_numbered(house.draft)
        versions.remove(house.ana, draft, versions.version_of(draft, version.id))
    client.sign_in(house.ben).get(f"{ref}/supprimer")
    client.send(f"{ref}/supprimer")
    assert "est supprimée" in client.follow().main
    client.get(ref, 404)
    with reading():
        acts = set(session().scalars(sa.select(AuditEntry.act)))
        assert {"name_version", "rename_version", "remove_version"} <= acts


def test_versions_of_another_draft_are_not_found_here(client: PageClient, house: House) -> None:
    version = name(house, house.ana, "Ici")
    with unit_of_work():
        draft = draft_numbered(house.draft)
        other = makers.make_draft(house.ana, draft.lab, draft.article.lead, title="Ailleurs").id
    client.sign_in(house.ana)
    for path in ("", "/nom", "/supprimer", "/restaurer"):
        client.get(f"/brouillons/{other}/historique/v{version}{path}", 404)


def test_names_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MOST", 1)
    name(house, house.ana, "Une")
    with pytest.raises(Invalid, match="supprimez-en"):
        name(house, house.ana, "Deux")
    with pytest.raises(Refused):
        name(house, house.reader, "Trois")


# Differences


def test_two_moments_are_compared_block_by_block(client: PageClient, house: House) -> None:
    client.sign_in(house.ana)
    address = f"{house.address}/comparer?de={house.steps[0]}&a=maintenant"
    page = client.get(address)
    assert "2 blocs changent" in page.main
    said = ["".join(element.itertext()) for element in page.all("ins")]
    assert any("et de Bénédicte" in words for words in said)
    assert "tout=1" in " ".join(page.links()) and f"{house.address}/1/restaurer" in page.links()
    assert "inchangé" not in client.get(f"{address}&tout=1").main
    same = client.get(f"{house.address}/comparer?de=maintenant&a={house.steps[2]}")
    assert "Les deux textes sont les mêmes" in same.main
    for wrong in ("de=1", "de=1&a=x", "de=1&a=9999", ""):
        client.get(f"{house.address}/comparer?{wrong}", 404)


def test_formatting_and_attributes_are_differences_and_remarks_are_not(house: House) -> None:
    strong, remark = {"type": "strong"}, {"type": "remark", "attrs": {"id": "r1"}}

    def text(level: int, *marks: Any) -> list[dict[str, Any]]:
        run = {"type": "text", "text": "Titre", **({"marks": list(marks)} if marks else {})}
        return [{"type": "heading", "attrs": {"id": "h", "level": level}, "content": [run]}]

    assert [one.change for one in moments.between(text(3), text(3, remark))] == ["same"]
    (change,) = moments.between(text(3), text(4, strong))
    assert change.change == "changed" and [one.name for one in change.attributes] == ["level"]
    assert [stretch.change for stretch in change.stretches] == ["marked"]


# The way back


def test_a_moment_comes_back_with_its_authors(house: House) -> None:
    before = whose(house)
    with reading():
        then = moments.moment(
            draft_numbered(house.draft), Ref(ref_of("1").kind, house.steps[1]), authors=True
        )
    go_back(house, house.ben, str(house.steps[1]))
    with reading():
        loaded = log.load(house.draft)
        assert loaded.tree == SECOND == then.tree
        assert spans_of(loaded.tree, loaded.runs.runs()) == [tuple(one) for one in then.authors or ()]
    # And the way back from it.
    with reading():
        done = session().scalars(sa.select(DraftRestoration)).one()
    go_back(house, house.ana, str(done.first_seq - 1))
    assert "".join(words for words, _person in whose(house)) == "".join(words for words, _person in before)
    assert people(whose(house)) == people(before)


def people(runs: list[tuple[str, int]]) -> list[int]:
    return [person for words, person in runs for _letter in words]


def test_rows_that_come_back_are_registered_to_their_authors(house: House) -> None:
    go_back(house, house.ben, str(house.steps[1]))
    with reading():
        done = session().scalars(sa.select(DraftRestoration)).one()
        rows = session().scalars(sa.select(DraftUpdate).where(DraftUpdate.seq >= done.first_seq)).all()
        assert {row.person_id for row in rows} == {house.ana.id, house.ben.id}
        for row in rows:
            client = session().get_one(log.DraftClient, (house.draft, row.client_id))
            assert (client.person_id, client.one_use) == (row.person_id, True)


def test_who_restores_has_a_hand_in_the_text(house: House) -> None:
    """Else they could go back to what others wrote, and read it with fresh eyes."""
    with unit_of_work():
        draft = draft_numbered(house.draft)
        extra = makers.make_agent(draft.article.lead)
        add_member(house.ana, draft.lab, session().get_one(Person, extra.id), Right.WRITE)
    go_back(house, extra, str(house.steps[0]))
    with reading():
        assert extra.id in contributions.measure(log.load(house.draft)).writers


def test_nothing_happens_when_the_text_reads_so_already(client: PageClient, house: House) -> None:
    assert go_back(house, house.ana, str(house.steps[2])) is None
    client.sign_in(house.ana)
    assert "déjà ainsi" in client.get(f"{house.address}/{house.steps[2]}/restaurer").heading
    page = client.post(f"{house.address}/{house.steps[2]}/restaurer", token_of(client))
    assert "rien n’a changé" in client.get(page.location).main


def token_of(client: PageClient) -> dict[str, Any]:
    forms = client.get("/espace").forms
    return {"csrf_token": next(one.values["csrf_token"] for one in forms if "csrf_token" in one.names)}


def test_the_whole_way_back_on_the_screen(client: PageClient, house: House) -> None:
    version = name(house, house.ana, "Avant la coupe", str(house.steps[1]))
    with unit_of_work():
        service.set_fields(house.ana, draft_numbered(house.draft), title="Un autre titre")
    client.sign_in(house.ben)
    action = f"{house.address}/v{version}/restaurer"
    page = client.get(action)
    assert "3 blocs changent" in page.main and "secret" in page.main and "leurs auteurs" in page.main
    assert "champs" not in page.form(action).values
    page = client.send(action)
    page = client.follow()
    assert "Version « Avant la coupe » restaurée" in page.main.replace("\u00a0", " ")
    undo = next(link for link in page.links() if link.endswith("/restaurer"))
    assert text_now(house) == plain_text(SECOND)
    with reading():
        assert draft_numbered(house.draft).title == "Un autre titre"
    client.get(undo)
    client.send(undo)
    assert text_now(house) == plain_text(THIRD)
    assert "restaurée par" in client.follow().main
    client.get(action)
    client.send(action, champs="y")
    with reading():
        assert draft_numbered(house.draft).title == "Changer d’adresse"
    client.post(action, status=400)


def test_a_way_back_of_another_life_is_refused(house: House) -> None:
    with reading():
        back = restoring.way_back(house.ana, draft_numbered(house.draft), ref_of("1"))
    healing.heal(house.draft, None, healing.ASKED)
    with pytest.raises(MovedOn), unit_of_work():
        restoring.restore(house.ana, draft_numbered(house.draft), back)
    for who in (house.reader, house.suggester):
        with pytest.raises(Refused), reading():
            restoring.way_back(who, draft_numbered(house.draft), ref_of("1"))
    with pytest.raises(Missing), reading():
        restoring.way_back(house.stranger, draft_numbered(house.draft), ref_of("1"))


def test_what_is_written_while_it_is_worked_out_stays(house: House) -> None:
    with reading():
        back = restoring.way_back(house.ana, draft_numbered(house.draft), ref_of("1"))
    with unit_of_work():
        tree = [
            p("a", "Les mots d’Ana et de Bénédicte ouvrent vraiment ce texte."),
            p("n", "Un mot nouveau."),
        ]
        service.replace_text(house.ben, draft_numbered(house.draft), tree)
    with unit_of_work():
        restoring.restore(house.ana, draft_numbered(house.draft), back)
    text = text_now(house)
    assert "vraiment" in text and "Un mot nouveau." in text and "Encore des mots d’Ana." in text
    assert "et de Bénédicte" not in text


def rescued(house: House) -> int:
    with reading():
        found = rescue.look(house.draft)
    with unit_of_work():
        return rescue.put_back(found)


def restored_while_ben_types(house: House) -> None:
    """The way back to the beginning is worked out, somebody types into a block that goes, and then it is gone."""
    with reading():
        back = restoring.way_back(house.ana, draft_numbered(house.draft), ref_of("0"))
        tree = log.text(house.draft).tree
    with unit_of_work():
        tree[0]["content"][0]["text"] = tree[0]["content"][0]["text"].replace("ouvrent", "ouvrent aussitôt")
        service.replace_text(house.ben, draft_numbered(house.draft), tree)
    with unit_of_work():
        restoring.restore(house.ana, draft_numbered(house.draft), back)


def test_what_is_typed_into_a_block_that_goes_is_put_back(house: House) -> None:
    """Before the rows are written, and by somebody who has not heard of them yet."""
    with reading():
        offline = document.replay(document.state(log.load(house.draft).doc), ())
    restored_while_ben_types(house)
    assert text_now(house) == ""
    for words in ("hors ", "ligne "):
        before = document.state_vector(offline)
        with offline.transaction():
            document.content(offline).children[0].children[0].insert(0, words)
        with unit_of_work() as current:
            draft = log.lock_draft(house.draft)
            update = document.diff(offline, before)
            row = [Stroke(house.ben.id, offline.client_id, update, 0)]
            put(current.connection(), draft.id, draft.head_seq, row)
    assert rescued(house) > 0
    assert "aussitôt" in text_now(house) and "hors" in text_now(house) and "ligne" in text_now(house)
    assert "Ana" not in text_now(house)
    assert {person for words, person in whose(house) if words.strip()} == {house.ben.id}
    # Once is enough.
    assert rescued(house) == 0
    with unit_of_work():
        service.replace_text(house.ben, draft_numbered(house.draft), [])
    assert rescued(house) == 0 and text_now(house) == ""


def add_some(root: Any) -> None:
    """Three paragraphs, of which the last alone has an id."""
    for words in ("Avec un nom.", "Sans nom.", "Sans nom."):
        block = root.children.insert(0, document.Element("paragraph"))
        block.children.append(document.Text(words))
    root.children[2].attributes["id"] = "n"


def test_putting_back_touches_nothing_that_others_are_writing(house: House) -> None:
    """Worked out before they typed, written after: in blocks of every kind, also such as have no id of their own."""
    restored_while_ben_types(house)
    with unit_of_work() as current:
        draft = log.lock_draft(house.draft)
        nameless = document.edit_update(log.load(house.draft).doc, 77, add_some)
        put(current.connection(), draft.id, draft.head_seq, [Stroke(house.ben.id, 77, nameless, 0)])
    with reading():
        live = document.replay(document.state(log.load(house.draft).doc), ())
        found = rescue.look(house.draft)
    assert found.rows
    before = document.state_vector(live)
    with live.transaction():
        for number, block in enumerate(document.content(live).children):
            block.children[0].insert(0, f"<{number}>")
    typed = len(document.content(live).children)
    with unit_of_work() as current:
        draft = log.lock_draft(house.draft)
        row = [Stroke(house.ben.id, live.client_id, document.diff(live, before), 0)]
        put(current.connection(), draft.id, draft.head_seq, row)
    with unit_of_work():
        assert rescue.put_back(found) > 0
    text = text_now(house)
    assert typed == 3 and "aussitôt" in text and text.count("Sans nom.") == 2
    assert [number for number in range(typed) if text.count(f"<{number}>") != 1] == []


def test_words_that_somebody_took_out_stay_out(house: House) -> None:
    go_back(house, house.ana, "1")
    with unit_of_work():
        service.replace_text(house.ben, draft_numbered(house.draft), [*FIRST, p("x", "À jeter.")])
    with unit_of_work():
        service.replace_text(house.ben, draft_numbered(house.draft), FIRST)
    assert rescued(house) == 0 and text_now(house) == plain_text(FIRST)


def test_a_week_later_nobody_looks_any_more(house: House) -> None:
    go_back(house, house.ana, "1")
    for age, looks in ((timedelta(seconds=5), True), (timedelta(days=8), False)):
        with clock.shifted(age):
            with reading():
                assert rescue.due() == [house.draft]
            rescued(house)
            with reading():
                left = session().scalar(sa.select(DraftRestoration.look_at))
                assert (left is not None) is looks


# The time line


def later(minutes: float) -> Any:
    return clock.shifted(timedelta(minutes=minutes))


def write_at(house: House, who: Actor, minutes: float, words: str) -> None:
    with later(minutes), unit_of_work():
        draft = draft_numbered(house.draft)
        tree = [*log.text(draft.id).tree, p(f"t{minutes}", words)]
        service.replace_text(who, draft, tree)


def stretches(house: House, fold: bool) -> list[tuple[int, int, set[int]]]:
    if fold:
        with reading():
            folded = timeline.unfolded(house.draft)
        with unit_of_work():
            timeline.keep(folded)
    with reading():
        page = history_queries.timeline_page(draft_numbered(house.draft))
        return [
            (int(entry.before) + 1, int(entry.after), {work.who.id for work in entry.work})
            for day in page.days
            for entry in day.entries
            if entry.kind == "stretch"
        ]


@pytest.mark.parametrize("fold", [False, True])
def test_strokes_are_told_as_stretches_of_work(house: House, fold: bool) -> None:
    write_at(house, house.ben, 5, "Encore.")
    write_at(house, house.ben, 30, "Après une pause.")
    ana, ben = house.ana.id, house.ben.id
    assert stretches(house, fold) == [(5, 5, {ben}), (1, 4, {ana, ben})]
    # What is written down goes on growing.
    write_at(house, house.ana, 35, "Aussitôt après.")
    assert stretches(house, fold) == [(5, 6, {ana, ben}), (1, 4, {ana, ben})]
    assert stretches(house, True) == stretches(house, False)


def test_an_hour_and_a_day_end_a_stretch(house: House) -> None:
    now = clock.local(clock.now())
    for minutes in range(8, 80, 8):
        write_at(house, house.ana, minutes, "Sans pause.")
    found = stretches(house, True)
    assert len(found) >= 2
    midnight = (24 * 60) - now.hour * 60 - now.minute
    write_at(house, house.ana, 1440 + midnight - 3, "Le soir.")
    write_at(house, house.ana, 1440 + midnight + 3, "Le lendemain.")
    assert len(stretches(house, True)) == len(found) + 2


def test_how_much_is_said_in_characters(house: House) -> None:
    write_at(house, house.ben, 60, "Dix signes")
    with reading():
        folded, complete = timeline.tail(house.draft)
    part = folded[-1].parts[house.ben.id]
    assert complete and (part.strokes, part.added, part.removed) == (1, 10, 0)


def test_acts_versions_and_restorations_stand_between_stretches(house: House) -> None:
    version = name(house, house.ben, "Repère", "1")
    go_back(house, house.ana, f"v{version}")
    with reading():
        page = history_queries.timeline_page(draft_numbered(house.draft))
    kinds = [entry.kind for day in page.days for entry in day.entries]
    assert kinds[0] == "restoration" and {"act", "version", "stretch"} <= set(kinds)
    # The words that came back are not the work of this moment.
    assert [one[:2] for one in stretches(house, True)] == [(1, 3)]
    with reading():
        mine = history_queries.timeline_page(draft_numbered(house.draft), person=house.ben.id)
    assert {entry.kind for day in mine.days for entry in day.entries} == {"stretch", "version"}


def test_a_long_life_comes_in_pages(
    client: PageClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_queries, "PAGE", 3)
    for number in range(1, 8):
        write_at(house, house.ana if number % 2 else house.ben, number * 20, f"Ajout {number}.")
    fold_timelines()
    seen: list[str] = []
    before: int | None = None
    for _page in range(4):
        with reading():
            page = history_queries.timeline_page(draft_numbered(house.draft), before)
        seen += [entry.after for day in page.days for entry in day.entries if entry.kind == "stretch"]
        acts = sum(entry.kind == "act" for day in page.days for entry in day.entries)
        before = page.older
        if before is None:
            assert acts == 1
            break
    assert seen == ["10", "9", "8", "7", "6", "5", "4", "3"]
    client.sign_in(house.ana)
    page_ = client.get(house.address)
    assert any("avant=" in link for link in page_.links())
    mine = client.get(f"{house.address}?personne={house.ben.id}")
    assert mine.main.count("Voir le texte à ce moment") == 3
    client.get(next(link for link in page_.links() if "avant=" in link))


def test_a_person_whose_name_is_erased_is_a_person(client: PageClient, house: House) -> None:
    with unit_of_work():
        session().get_one(Person, house.ben.id).name = ""
    assert "une personne" in client.sign_in(house.ana).get(house.address).main


def test_the_worker_folds_everything_and_once(house: House) -> None:
    write_at(house, house.ben, 20, "Plus tard.")
    fold_timelines()
    with reading():
        assert timeline.behind() == [] and timeline.waiting_rows(house.draft) == 0
        assert len(session().scalars(sa.select(DraftStretch)).all()) == 2
        folded = timeline.unfolded(house.draft, 0)
    # A fold of somebody who was slower changes nothing.
    with unit_of_work():
        timeline.keep(folded)
    with reading():
        assert len(session().scalars(sa.select(DraftStretch)).all()) == 2


# Milestones


def test_milestones_stay_and_missing_ones_are_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "MILESTONE_EVERY", 5)
    for number in range(40):
        with unit_of_work():
            tree = [p("a", f"Le mot {number}.")]
            service.replace_text(house.ana, draft_numbered(house.draft), tree)
        if number < 20:
            with reading():
                made = checkpoints.prepare(house.draft)
            with unit_of_work():
                checkpoints.keep(made)

    def held() -> list[int]:
        with reading():
            return list(session().scalars(sa.select(Checkpoint.seq).order_by(Checkpoint.seq)))

    assert held() == [4, 5, 10, 15, 20, 21, 22, 23]
    for _turn in range(10):
        fill_milestones()
    assert all(b - a <= 10 for a, b in zip(held(), [*held()[1:], 43], strict=True))
    for seq in (7, 12, 30, 41):
        assert text_at(house, str(seq)) == f"Le mot {seq - 4}."


def test_a_purged_draft_has_no_past(house: House) -> None:
    name(house, house.ana, "Repère")
    go_back(house, house.ana, "1")
    fold_timelines()
    with unit_of_work():
        bin.put_away(house.ana, draft_numbered(house.draft))
        assert bin.purge(house.draft) == 0
    with reading():
        for kind in (DraftVersion, DraftRestoration, DraftStretch):
            assert session().scalars(sa.select(kind)).first() is None
