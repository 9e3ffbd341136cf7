"""Proposing a text that could be simpler: a reason is asked for, kept and shown; each frozen version keeps its score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.db import Database, reading, session, unit_of_work
from drafts import competences, plain_exceptions, plain_frozen, review, service
from drafts.plain_french import asking
from drafts.plain_french.rules import house_rules
from drafts.plain_models import PlainOverride, RevisionReading
from drafts.review_models import Revision
from drafts.stages import Stage
from tests.clients import PageClient
from tests.drafts import review_world as w

HARD = "La carte est délivrée le lundi. Elle est remise au guichet par la CAFAT."
# What the rules find in it, by rule.
FOUND = {"passive": 2, "acronym": 1}


@pytest.fixture(scope="module", autouse=True)
def _child() -> Iterator[None]:
    yield
    asking.close()


@pytest.fixture
def world(db: Database) -> w.World:
    with unit_of_work():
        return w.make_world()


@pytest.fixture
def hard(world: w.World) -> w.World:
    """The same, with a text that could be simpler."""
    with unit_of_work():
        w.rewrite(world.writer, world.draft, lambda tree: w.words(tree, 2, HARD))
    return world


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The child dies before it reads; `undo` gives another."""
    monkeypatch.setattr(
        asking,
        "_reader",
        asking.Child(seconds=5, memory=1024, longest=asking.LONGEST, module="drafts.plain_french.work"),
    )
    yield monkeypatch
    plain_frozen._failed.clear()


def draft(world: w.World) -> str:
    return f"/brouillons/{world.draft_id}"


def readings() -> list[RevisionReading]:
    return list(session().scalars(sa.select(RevisionReading).order_by(RevisionReading.revision_id)))


def overrides() -> list[PlainOverride]:
    return list(session().scalars(sa.select(PlainOverride)))


def stage(world: w.World) -> Stage:
    with reading():
        return world.draft.stage


def test_what_is_left_wants_a_reason_that_the_reviewer_reads(client: PageClient, hard: w.World) -> None:
    client.sign_in(hard.writer).get(draft(hard))
    assert client.page is not None and "Pourquoi proposer le texte ainsi" not in client.page.main
    page = client.send(f"{draft(hard)}/proposer", 422, note="Un nouveau guichet.")
    assert "Il reste 3 passages à simplifier" in page.main and "Voix passive (2)" in page.main
    assert page.form(f"{draft(hard)}/proposer").values["note"] == "Un nouveau guichet.", (
        "nothing typed is lost"
    )
    assert f"{draft(hard)}/francais-simple" in page.links() and "Corriger d’abord" in page.main
    assert "#raison" in page.links(), "the sentence above leads to the field"
    assert stage(hard) is Stage.WRITING
    with reading():
        assert not overrides() and not readings(), "nothing was frozen"
    page = client.send(f"{draft(hard)}/proposer", 422, raison="a")
    assert "Dites pourquoi" in page.main and page.form(f"{draft(hard)}/proposer").values["raison"] == "a"
    client.send(f"{draft(hard)}/proposer", raison="Ce sont les mots de la loi.")
    page = client.sign_in(hard.reviewer).get(f"{draft(hard)}/relecture")
    assert "Ce sont les mots de la loi." in page.main and f"Raison de {hard.writer.name}" in page.main
    assert "sur 100" in page.main and "3 passages pourraient être plus simples" in page.main
    with reading():
        (kept,), (row,) = overrides(), readings()
        assert (kept.was_read, kept.person_id, kept.findings) == (True, hard.writer.id, FOUND)
        assert (row.findings, row.left, row.passed_over, row.rules) == (FOUND, 3, 0, house_rules().digest)
        assert kept.ease == row.ease and kept.revision_id == row.revision_id == hard.revision.id


def test_of_a_plain_text_nothing_is_asked(client: PageClient, world: w.World) -> None:
    client.sign_in(world.writer).get(draft(world))
    client.send(f"{draft(world)}/proposer", note="Un nouveau guichet.")
    with reading():
        (row,) = readings()
        assert not overrides() and (row.left, row.findings) == (0, {}) and row.words > 0 and row.sentences > 0
    assert (
        "Aucun passage à simplifier." in client.sign_in(world.reviewer).get(f"{draft(world)}/relecture").main
    )


def test_what_stays_as_it_is_wants_no_reason(client: PageClient, hard: w.World) -> None:
    with unit_of_work():
        for rule, words in (("passive", "est délivrée"), ("passive", "est remise"), ("acronym", "CAFAT")):
            plain_exceptions.leave(hard.writer, hard.draft, "b3", rule, words, "Ce sont les mots de la loi.")
    client.sign_in(hard.writer).get(draft(hard))
    client.send(f"{draft(hard)}/proposer")
    with reading():
        (row,) = readings()
        assert (row.left, row.passed_over) == (0, 3) and not overrides()


def test_the_page_of_parts_asks_as_well(client: PageClient, hard: w.World) -> None:
    parts = f"{draft(hard)}/proposer/parties"
    client.sign_in(hard.writer).get(parts)
    page = client.send(parts, 422, parties=[f"{hard.nord}-b4"], note="Un nouveau guichet.")
    assert "Il reste 3 passages à simplifier" in page.main
    assert page.form(parts).values["parties"] == [f"{hard.nord}-b4"], "what was chosen is still chosen"
    client.send(parts, raison="Ce sont les mots de la loi.")
    assert stage(hard) is Stage.IN_REVIEW


def test_a_text_that_is_not_ready_hears_that_first(client: PageClient, hard: w.World) -> None:
    with unit_of_work():
        w.rewrite(hard.writer, hard.draft, lambda tree: tree.pop(0))
    client.sign_in(hard.writer).get(draft(hard))
    page = client.send(f"{draft(hard)}/proposer", 422)
    assert "En bref" in page.main and "Il reste 3 passages" not in page.main


def test_a_child_that_is_away_keeps_nobody_from_proposing(
    client: PageClient, hard: w.World, away: pytest.MonkeyPatch
) -> None:
    client.sign_in(hard.writer).get(draft(hard))
    client.send(f"{draft(hard)}/proposer")
    assert stage(hard) is Stage.IN_REVIEW
    page = client.sign_in(hard.reviewer).get(f"{draft(hard)}/relecture")
    assert (
        "n’était pas disponible quand le texte a été proposé" in page.main
        and "n’a pas encore été relue" in page.main
    )
    with reading():
        (kept,) = overrides()
        assert (kept.was_read, kept.reason) == (False, "") and not readings()
    assert plain_frozen.read_waiting(5.0) == 0, "the worker cannot either, and tries again"
    away.undo()
    assert plain_frozen.read_waiting(30.0) == 1
    with reading():
        assert [row.left for row in readings()] == [3]
    assert "3 passages pourraient" in client.get(f"{draft(hard)}/relecture").main


def test_a_version_that_ends_the_child_does_not_stand_in_the_way(
    hard: w.World, away: pytest.MonkeyPatch
) -> None:
    w.submitted(hard)
    for _attempt in range(plain_frozen.TRIES + 1):
        plain_frozen.read_waiting(5.0)
    away.undo()
    assert plain_frozen.read_waiting(5.0) == 0, "this process has given it up"


def test_each_frozen_version_keeps_a_score_of_its_own(hard: w.World) -> None:
    """Whoever proposes without the page, as programs do, is asked nothing; the worker reads what they froze."""
    w.submitted(hard)
    with unit_of_work():
        review.retract(hard.writer, hard.draft)
        w.rewrite(
            hard.writer, hard.draft, lambda tree: w.words(tree, 2, "Venez le lundi. On vous donne la carte.")
        )
    w.submitted(hard)
    with reading():
        assert not readings() and not overrides()
    assert plain_frozen.read_waiting(60.0) == 2
    with reading():
        assert [row.left for row in readings()] == [3, 0]
        assert readings()[1].ease > readings()[0].ease  # type: ignore[operator]
        assert plain_frozen.waiting() == 0


def test_an_exception_made_later_does_not_change_what_was_left(hard: w.World) -> None:
    w.submitted(hard)
    with unit_of_work():
        plain_exceptions.leave(hard.writer, hard.draft, "b3", "acronym", "CAFAT", "Tout le monde la connaît.")
    plain_frozen.read_waiting(60.0)
    with reading():
        assert [(row.left, row.passed_over) for row in readings()] == [(3, 0)]


def test_who_types_in_between_has_the_new_text_read(
    client: PageClient, world: w.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []

    def look(draft_id: int) -> plain_frozen.Look | None:
        looked.append(found := seen(draft_id))
        if len(looked) == 1:
            with unit_of_work():
                w.rewrite(world.nord_writer, world.draft, lambda tree: w.words(tree, 2, HARD))
        return found

    seen = plain_frozen.look
    monkeypatch.setattr(plain_frozen, "look", look)
    client.sign_in(world.writer).get(draft(world))
    page = client.send(f"{draft(world)}/proposer", 422)
    assert len(looked) == 2 and "Il reste 3 passages à simplifier" in page.main


def test_somebody_who_never_stops_typing_keeps_nobody_from_proposing(
    client: PageClient, world: w.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(draft_id: int) -> plain_frozen.Look | None:
        found = seen(draft_id)
        with unit_of_work():
            w.rewrite(world.nord_writer, world.draft, w.adds)
        return found

    seen = plain_frozen.look
    monkeypatch.setattr(plain_frozen, "look", look)
    client.sign_in(world.writer).get(draft(world))
    client.send(f"{draft(world)}/proposer")
    with reading():
        assert [kept.was_read for kept in overrides()] == [False]


def test_a_minor_correction_is_asked_nothing(client: PageClient, hard: w.World) -> None:
    """It answers for what it changes, and stays one act."""
    w.published(hard)
    with unit_of_work():
        live = session().get_one(Revision, hard.draft.article.live_revision_id)
        again = service.revise(hard.writer, hard.draft.lab, live)
        w.rewrite(hard.writer, again, w.adds)
        path = f"/brouillons/{again.id}"
    client.sign_in(hard.writer).get(path)
    client.send(f"{path}/proposer")
    with reading():
        assert not overrides() and [row.left for row in readings()] == [3]


def test_the_same_text_under_other_names_keeps_its_score(client: PageClient, hard: w.World) -> None:
    client.sign_in(hard.writer).get(draft(hard))
    client.send(f"{draft(hard)}/proposer", 422)
    client.send(f"{draft(hard)}/proposer", raison="Ce sont les mots de la loi.")
    with unit_of_work():
        competences.change_competences(
            hard.reviewer, hard.draft, [hard.sud, hard.nord, hard.iles], "Les îles aussi."
        )
    with reading():
        first, second = readings()
        assert (first.left, first.ease) == (
            second.left,
            second.ease,
        ) and second.revision_id == hard.revision.id


def test_the_database_wants_a_reason_too(hard: w.World) -> None:
    w.submitted(hard)
    with reading():
        number = session().scalars(sa.select(Revision.id)).one()
    row = {
        "revision_id": number,
        "person_id": hard.writer.id,
        "findings": {},
        "ease": 50.0,
        "at": clock.now(),
    }
    for wrong in ({"was_read": True, "reason": ""}, {"was_read": False, "reason": "Parce que."}):
        assert "reason_is_said" in w.refused_by_database(sa.insert(PlainOverride).values(**row, **wrong))
    numbers = {
        "words": 1,
        "sentences": 1,
        "findings": {},
        "left": 0,
        "passed_over": 0,
        "rules": "1",
        "at": clock.now(),
    }
    bad = sa.insert(RevisionReading).values(revision_id=number, **{**numbers, "ease": 101.0})
    assert "ease_bounded" in w.refused_by_database(bad)
