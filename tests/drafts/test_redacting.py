"""Words are taken out of a text and of all that was kept of it: nobody gets them any more, and nothing else changes."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import drafts.remarks as remarks
from app import audit, clock, mail, scrub
from app.db import Database, database, reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, Refused
from drafts import (
    checkpoints,
    document,
    images,
    log,
    moments,
    plain_exceptions,
    redacting,
    seal,
    versions,
)
from drafts.authorship import RunTable
from drafts.child_work import clocks
from drafts.gate import RoomIndex
from drafts.grammar import plain_text
from drafts.judged import StoredRow, take_in_all
from drafts.models import DraftUpdate, Image, ImageUse
from drafts.passage_search import Search
from drafts.passages import REMOVED, Passage
from drafts.redacted_bytes import deletion, without_words
from drafts.redacted_text import redacted_state
from drafts.retelling import words_of
from drafts.review_models import Revision
from publish import evidence, search_index
from publish.models import Edition
from publish.shelf import LOOK_EVERY_SECONDS
from tests import makers
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.easy_world import EASY, write
from tests.drafts.random_texts import lived
from tests.drafts.review_world import World
from tests.house.tree import ROOT

SECRET = "Mme Hervé l’Exilée"
WHY = {"reason": "Une personne nommée sans son accord.", "reference": "demande 2026-12"}


# Any text that several people wrote


@hypothesis_settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    words=st.sampled_from(["mairie", "permis de", "l’accord", "déposer", "dossier 🙂"]),
)
def test_nothing_but_the_words_goes_out_of_a_log(seed: int, words: str) -> None:
    life = lived(Random(seed), rows=14)
    passage = Passage(words)
    search = Search(passage)
    for row in life.rows:
        search.take(row.seq, row.update)
    search.end()
    rows = [
        StoredRow(row.seq, row.person_id, without_words(row.update, search.gone, passage, search.keys))
        for row in life.rows
    ]
    doc = document.new_document()
    assert take_in_all(doc, RoomIndex(), rows) is None
    # No row says it, the clocks are those there were, and the text is the one there was, less the words.
    assert not any(passage.stands_in_bytes(row.update) for row in rows)
    assert clocks(document.state_vector(doc)) == clocks(document.state_vector(life.doc))
    wanted = document.replay(document.state(life.doc), ())
    document.apply(wanted, deletion(search.gone))
    assert document.read_tree(doc) == document.read_tree(wanted)
    # What was never part of the words is still there, with its authors.
    before = checkpoints.of_state(
        1, len(rows), "h", document.state(life.doc), life.runs.encode(memory=True), b""
    )
    after, marks = redacted_state(before, search)
    table = RunTable.of(document.replay(after.state, ()), after.authorship)
    assert _people(life.runs, passage, life.doc, search) == [
        (letter, person) for line in table.runs() for said, person, _raw in line for letter in said
    ]
    assert bool(marks) == (before.state != after.state and bool(marks))
    # Searched again, there is nothing.
    again = Search(passage)
    for row in rows:
        again.take(row.seq, row.update)
    again.end()
    assert not again.gone


def _people(runs: RunTable, passage: Passage, doc: document.Doc, search: Search) -> list[tuple[str, int]]:
    """Letters and authors of a document once the clocks that were found are deleted under the table's eyes."""
    copy = document.replay(document.state(doc), ())
    table = RunTable.of(copy, runs.encode())
    document.apply(copy, deletion(search.gone))
    return [(letter, person) for line in table.runs() for said, person, _raw in line for letter in said]


def test_words_typed_by_two_people_over_many_rows_and_taken_back_are_found() -> None:
    """Letter by letter, backwards, in turns, and deleted again: at no time in one row."""
    rows = [document.seed_update([_p("b1", "Voici  .")], 7)]
    doc = document.replay(rows[0], ())

    def write(client: int, edit: Any) -> None:
        rows.append(document.edit_update(doc, client, lambda root: edit(_text(root))))
        document.apply(doc, rows[-1])

    for number, letter in enumerate("xreiso"):
        write(8 + number % 2, lambda text, letter=letter: text.insert(6, letter))
    assert "Voici osierx ." in plain_text(document.read_tree(doc))
    write(8, lambda text: text.__delitem__(slice(6, 9)))
    write(9, lambda text: text.__delitem__(slice(6, 9)))
    search = Search(Passage("osierx"))
    for number, row in enumerate(rows, 1):
        search.take(number, row)
    search.end()
    assert {client: sum(end - start for start, end in ranges) for client, ranges in search.gone.items()} == {
        8: 3,
        9: 3,
    }


def _p(ident: str, text: str) -> dict[str, Any]:
    return {"type": "paragraph", "attrs": {"id": ident}, "content": [{"type": "text", "text": text}]}


def _text(root: Any) -> Any:
    return root.children[0].children[0]


# A whole life of a draft


@pytest.fixture
def world(db: Database) -> World:
    """A published text in which the words stood twice: written by two people, remarked upon, signed, taken out again
    of the draft and put back."""
    with unit_of_work():
        world = w.make_world()

        def names(tree: list[dict[str, Any]]) -> None:
            w.words(tree, 2, f"Demandez à {SECRET} au guichet, ou appelez.")

        w.rewrite(world.writer, world.draft, names)
        w.rewrite(
            world.nord_writer, world.draft, lambda tree: w.words(tree, 0, f"Avec {SECRET} en une phrase.")
        )
        remarks.open_remark(world.writer, world.draft, f"Qui est {SECRET}\u00a0?")
        mail.write("autre@test.example", f"{SECRET} vous attend", f"Voyez avec {SECRET}.")
    with reading():
        made = checkpoints.prepare(world.draft_id)
    assert made is not None
    with unit_of_work():
        checkpoints.keep(made)
        moment = moments.moment(world.draft, moments.ref_of(str(world.draft.head_seq)), authors=True)
        versions.name_moment(world.writer, world.draft, moment, "Avec le nom")
    write(world, EASY | {"b3": f"Allez voir {SECRET}."})
    with unit_of_work():
        plain_exceptions.leave(
            world.writer, world.draft, "b3", "long_sentence", SECRET, f"Il faut dire {SECRET}."
        )
    w.published(world)
    with unit_of_work():
        w.rewrite(world.writer, world.draft, lambda tree: w.words(tree, 2, "Demandez au guichet."))
    return world


def held(words: str) -> set[str]:
    """Columns of any table in which the words stand, in UTF-8, UTF-16, or escaped; packed bytes are unpacked."""
    passage = Passage(words)
    found = set()
    tables = sa.MetaData()
    tables.reflect(database().engine)
    with reading():
        for table in tables.tables.values():
            for row in session().execute(sa.select(table)):
                for column, value in zip(table.c, row, strict=True):
                    raw = (
                        value
                        if isinstance(value, bytes)
                        else json.dumps(value, ensure_ascii=False, default=str).encode()
                    )
                    if (
                        passage.stands_in_bytes(raw)
                        or not isinstance(value, bytes)
                        and passage.stands_in(value)
                    ):
                        found.add(f"{table.name}.{column.name}")
    return found


def test_no_table_and_no_file_holds_the_words_afterwards(app: Flask, world: World, settings: Any) -> None:
    before = held(SECRET)
    assert {
        "revision.canonical",
        "edition.body",
        "edition_evidence.content",
        "remark_message.text",
        "mail.body",
        "easy_part.text",
        "easy_part.source_words",
        "plain_exception.words",
        "plain_exception.reason",
    } <= before
    seen = redacting.look(None, world.draft_id, SECRET)
    assert held(SECRET) == before and not seen.is_empty
    redacting.redact(None, world.draft_id, SECRET, **WHY)
    assert held(SECRET) == set()
    assert scrub.write_anew()
    if database().is_sqlite:
        path = Path(database().engine.url.database or "")
        for file in path.parent.glob(path.name + "*"):
            for form in (SECRET.encode(), SECRET.encode("utf-16-le"), json.dumps(SECRET)[1:-1].encode()):
                assert form not in file.read_bytes(), file.name
    with pytest.raises(MovedOn):
        redacting.redact(None, world.draft_id, SECRET, **WHY)


def test_the_text_says_where_and_goes_on(app: Flask, world: World) -> None:
    with reading():
        loaded = log.load(world.draft_id)
        history, vector = loaded.draft.history, clocks(document.state_vector(loaded.doc))
        whose = _without(loaded.runs, SECRET)
        seqs = list(
            session().scalars(sa.select(DraftUpdate.seq).where(DraftUpdate.draft_id == world.draft_id))
        )
    redacting.redact(None, world.draft_id, SECRET, **WHY)
    with reading():
        after = log.load(world.draft_id)
        assert after.draft.history != history
        assert f"Avec {REMOVED} en une phrase." in plain_text(after.tree)
        now = clocks(document.state_vector(after.doc))
        assert {client: now.get(client) for client in vector} == vector and len(now) == len(vector) + 1
        assert _without(after.runs, REMOVED) == whose
        # Every row is there, and every moment of the past can be read.
        assert [*seqs, max(seqs) + 1] == list(
            session().scalars(
                sa.select(DraftUpdate.seq)
                .where(DraftUpdate.draft_id == world.draft_id)
                .order_by(DraftUpdate.seq)
            )
        )
        for seq in seqs:
            assert SECRET not in words_of(log.load(world.draft_id, seq).tree)
    with unit_of_work():
        w.rewrite(world.nord_writer, world.draft, w.adds)
        assert "C’est gratuit." in plain_text(log.load(world.draft_id).tree)


def _without(runs: RunTable, words: str) -> list[tuple[str, int]]:
    """Letters with their authors, less those of some words."""
    found = []
    for line in runs.runs():
        letters = [(letter, person) for said, person, _raw in line for letter in said]
        text = "".join(letter for letter, _person in letters)
        at = text.find(words)
        found += letters if at < 0 else letters[:at] + letters[at + len(words) :]
    return found


def test_yjs_reads_the_same_and_two_go_on_writing(app: Flask, world: World) -> None:
    redacting.redact(None, world.draft_id, SECRET, **WHY)
    with reading():
        doc = log.load(world.draft_id).doc
    base = document.state(doc)
    one = document.edit_update(doc, 501, lambda root: _text(root).insert(0, "Un. "))
    document.apply(doc, one)
    two = document.edit_update(doc, 502, lambda root: _text(root).insert(4, "Deux. "))
    document.apply(doc, two)
    lines = [
        json.dumps([base64.b64encode(state).decode(), base64.b64encode(update).decode(), _picture(read)])
        for state, update, read in (
            (base, b"\x00\x00", document.replay(base, ())),
            (base, one, document.replay(base, (one,))),
            (document.state(document.replay(base, (one,))), two, doc),
        )
    ]
    told = subprocess.run(
        ["node", "tests/drafts/yjs_reads.mjs"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert told.stdout == "", told.stdout
    assert REMOVED in plain_text(document.read_tree(doc))


def _picture(doc: document.Doc) -> list[Any]:
    def read(node: Any) -> list[Any]:
        return [
            [[words, marks or {}] for words, marks in child.diff()]
            if hasattr(child, "diff")
            else [child.tag, dict(child.attributes), read(child)]
            for child in node.children
        ]

    return read(document.content(doc))


def test_what_was_sealed_says_that_it_was_redacted(app: Flask, world: World) -> None:
    with reading():
        edition = session().scalars(sa.select(Edition)).one()
        fingerprint, number = edition.fingerprint, edition.id
        assert evidence.examine(edition) == []
    redacting.redact(None, world.draft_id, SECRET, **WHY)
    with unit_of_work():
        edition = session().get_one(Edition, number)
        assert (
            edition.fingerprint == fingerprint == session().get_one(Revision, edition.revision_id).fingerprint
        )
        assert REMOVED in edition.body and evidence.examine(edition) == [] and evidence.lost() == []
        file = evidence.of(number)
        assert file is not None
        checks = evidence.evidence_file.examine(file.content, seal.public_keys())
        assert all(check.holds for check in checks), checks
        said = "\n".join(check.says for check in checks)
        assert "redaction: words were taken out of" in said and f"its fingerprint was {fingerprint}" in said
        # Who changes what is left, or has no key, is seen.
        forged = file.content.replace(REMOVED.encode(), b"[autre chose.]")
        assert any(not check.holds for check in evidence.evidence_file.examine(forged, seal.public_keys()))
        assert any(not check.holds for check in evidence.evidence_file.examine(file.content, {}))
        audit.seal(everything=True)
        assert audit.verify() is None


def test_the_database_lets_words_change_in_no_other_way(app: Flask, world: World) -> None:
    redacting.redact(None, world.draft_id, SECRET, **WHY)
    for statement in (
        sa.update(Edition).values(body="autre"),
        sa.update(Revision).values(canonical=b"autre"),
        sa.text("UPDATE edition_evidence SET content = ''"),
        sa.text("UPDATE draft_act SET reason = 'autre'"),
        sa.text("UPDATE redaction SET finished_at = NULL"),
        sa.text("DELETE FROM redacted_digest"),
    ):
        w.refused_by_database(statement)


def test_only_an_administrator_with_reason_and_reference_may(app: Flask, world: World) -> None:
    with pytest.raises((Refused, Missing)):
        redacting.redact(world.facilitator, world.draft_id, SECRET, **WHY)
    for wrong in ({"reason": ""}, {"reference": ""}, {"reason": f"Pour {SECRET}"}):
        with pytest.raises(Invalid):
            redacting.redact(None, world.draft_id, SECRET, **{**WHY, **wrong})
    for words in ("ab", "retiré"):
        with pytest.raises(Invalid):
            redacting.look(None, world.draft_id, words)
    with reading():
        assert SECRET in plain_text(log.load(world.draft_id).tree)


def test_an_image_of_the_text_goes_too_and_no_other(app: Flask, world: World) -> None:
    with unit_of_work():
        own, foreign = (makers.make_image(sign * 64) for sign in "ab")
        session().add(
            ImageUse(image_id=own, draft_id=world.draft_id, person_id=world.writer.id, at=clock.now())
        )
    with pytest.raises(Invalid):
        redacting.redact(None, world.draft_id, SECRET, **WHY, pictures=[foreign])
    with reading():
        assert SECRET in plain_text(log.load(world.draft_id).tree)
    redacting.redact(None, world.draft_id, SECRET, **WHY, pictures=[own])
    with reading():
        assert session().get_one(Image, own).content == images.NOTHING != own.encode()
        assert session().get_one(Image, foreign).content == foreign.encode()
    assert held(SECRET) == set()


def test_the_command_shows_first_and_then_does_it(app: Flask, world: World, settings: Any) -> None:
    runner = app.test_cli_runner()
    call = ["redact", str(world.draft_id), "--words", SECRET]
    looked = runner.invoke(args=[*call, "--dry-run"])
    assert looked.exit_code == 0 and "edition.body" in looked.output and SECRET not in looked.output
    done = runner.invoke(args=[*call, "--yes", "--reason", WHY["reason"], "--reference", WHY["reference"]])
    assert done.exit_code == 0, done.output
    assert held(SECRET) == set()
    assert runner.invoke(args=[*call, "--dry-run"]).exit_code == 1


def test_no_page_and_no_interface_says_the_words(app: Flask, world: World, client: PageClient) -> None:
    with reading():
        edition = session().scalars(sa.select(Edition)).one()
        slug, seqs = edition.slug, range(1, world.draft.head_seq + 1)
    words = "Hervé"
    public = [
        f"/fiches/{slug}", f"/fiches/{slug}/facile", f"/fiches/{slug}/historique", f"/recherche?q={words}", "/atom.xml", "/opendata/fiches.jsonl",
        "/opendata/fiches.csv", f"/api/v1/articles/{slug}", "/api/v1/editions", f"/preuves/{edition.id}",
        f"/preuves/{edition.id}.json", "/sitemap.xml", "/",
    ]  # fmt: skip
    draft = f"/brouillons/{world.draft_id}"
    own = [
        draft, f"{draft}/facile", f"{draft}/francais-simple", f"{draft}/historique", f"{draft}/relecture", f"{draft}/historique/v1", "/espace",
        f"/api/v1/drafts/{world.draft_id}", *(f"{draft}/historique/{seq}" for seq in seqs),
        f"{draft}/historique/comparer?de=r1&a=maintenant",
    ]  # fmt: skip
    said = _crawl(app, client, world, public, own, words)
    assert {f"/fiches/{slug}", f"/preuves/{edition.id}.json", f"/api/v1/articles/{slug}"} <= said and len(
        said
    ) > 6
    redacting.redact(None, world.draft_id, SECRET, **WHY)
    search_index.forget_unused()
    # A page that lies in memory is looked at again after a second (docs/portal.md).
    time.sleep(LOOK_EVERY_SECONDS)
    assert _crawl(app, client, world, public, own, words) <= {f"/recherche?q={words}"}


def _crawl(
    app: Flask, client: PageClient, world: World, public: list[str], own: list[str], words: str
) -> set[str]:
    """The addresses whose answer holds the words, apart from what was typed into the search."""
    visitor, agent = app.test_client(), client.sign_in(world.facilitator).http
    answers = [(path, visitor.get(path)) for path in public] + [(path, agent.get(path)) for path in own]
    return {path for path, answer in answers if Passage(words).stands_in_bytes(answer.get_data())}
