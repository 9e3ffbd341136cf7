"""The seal and the evidence: what was signed can be checked afterwards, and nobody's name is in it."""

from __future__ import annotations

import dataclasses
import json
import stat
from pathlib import Path

import pytest

from app.db import Database, reading, session, unit_of_work
from drafts import evidence, review, seal
from drafts.review_models import Revision
from tests.drafts import review_world as w
from tests.drafts.review_world import World


@pytest.fixture
def world(db: Database) -> World:
    with unit_of_work():
        return w.make_world()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    seal.configure(tmp_path / "elsewhere")
    return tmp_path / "elsewhere" / "keys"


def test_the_key_is_made_once_and_read_by_nobody_else(keys: Path) -> None:
    signature, key_id = seal.sign(b"une decision")
    assert stat.S_IMODE((keys / seal.PRIVATE).stat().st_mode) == 0o600
    seal.configure(keys.parent)
    assert seal.sign(b"une decision") == (signature, key_id)
    assert sorted(path.name for path in keys.iterdir()) == sorted([seal.PRIVATE, f"{key_id}.pub"])
    assert seal.verify(b"une decision", signature, key_id)


def test_what_does_not_hold(keys: Path) -> None:
    signature, key_id = seal.sign(b"une decision")
    assert not seal.verify(b"une autre", signature, key_id)
    assert not seal.verify(b"une decision", bytes(64), key_id)
    assert not seal.verify(b"une decision", b"", key_id)
    assert not seal.verify(b"une decision", signature, "0" * 64)
    # A trusted list whose key is not the one it says, or that holds no such key.
    assert not seal.verify(b"une decision", signature, key_id, {key_id: bytes(32)})
    assert not seal.verify(b"une decision", signature, key_id, {})


def test_an_old_key_still_verifies(keys: Path) -> None:
    signature, key_id = seal.sign(b"avant")
    (keys / seal.PRIVATE).unlink()
    seal.configure(keys.parent)
    _signature, new_id = seal.sign(b"apres")
    assert new_id != key_id
    assert seal.verify(b"avant", signature, key_id)


def test_the_evidence_of_an_approved_revision(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.nord_writer, world.draft, w.adds)
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with reading():
        revision = world.revision
        found = json.loads(json.dumps(evidence.evidence(revision)))
    assert found["revision"]["fingerprint"] == fingerprint
    assert found["outcome"]["second_eyes"] == world.nord_reviewer.id
    assert {line["person"] for line in found["sign_offs"]} == {world.reviewer.id, world.nord_reviewer.id}
    assert all(evidence.holds(line) for line in found["sign_offs"])
    differences = [line["difference"]["inserted"] for line in found["contributions"]]
    assert len(" C’est gratuit.") in differences


@pytest.mark.parametrize(
    ("name", "value"), [("person", 1), ("decision", "abstained"), ("fingerprint", "0" * 64), ("revision", 99)]
)
def test_a_line_that_was_changed_does_not_hold(world: World, name: str, value: object) -> None:
    w.signed(world, world.reviewer, world.sud, w.submitted(world))
    with reading():
        line = evidence.evidence(world.revision)["sign_offs"][0]
    assert evidence.holds(line)
    assert not evidence.holds({**line, name: value})


def test_no_name_and_no_address_is_in_it(world: World) -> None:
    fingerprint = w.submitted(world)
    with unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, f"Demandé par {world.writer.name}.")
        review.sign_off(world.reviewer, world.draft, world.sud, fingerprint, f"Vu avec {world.writer.name}.")
        written = json.dumps(evidence.evidence(world.revision), ensure_ascii=False)
    people = [value for value in vars(world).values() if dataclasses.is_dataclass(value)]
    for person in people:
        assert person.name not in written and person.email not in written  # type: ignore[attr-defined]


def test_a_carried_signature_is_still_verified_against_what_was_sealed(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        review.retract(world.writer, world.draft)
        review.submit(world.writer, world.draft)
        first = session().query(Revision).order_by(Revision.id).first()
        line = evidence.evidence(world.revision)["sign_offs"][0]
    assert first is not None
    assert line["carried"] and line["revision"] == first.id
    assert evidence.holds(line)
