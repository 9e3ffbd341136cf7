"""The audit chain: whatever is done to a row, the verifier names the first one; a cut end is seen from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import audit, clock, worker
from app.audit import AuditEntry, AuditSeal
from app.db import Database, reading, session, unit_of_work
from drafts import audit_heads, seal


@pytest.fixture
def chain(db: Database) -> list[int]:
    """Six acts, chained: the ids of their entries."""
    for number in range(6):
        with unit_of_work():
            audit.record(None, "test", "thing", number, number=number)
    with unit_of_work():
        assert audit.seal() == 6
    with reading():
        return list(session().scalars(sa.select(AuditSeal.entry_id).order_by(AuditSeal.number)))


def past_the_triggers(*statements: sa.Executable) -> None:
    with unit_of_work() as current:
        if current.get_bind().dialect.name == "sqlite":
            for name in current.scalars(
                sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'")
            ).all():
                current.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            current.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            current.execute(statement)


def verified(*heads: audit.Head) -> audit.Break | None:
    with reading():
        return audit.verify(iter(heads))


def entry(entry_id: int, **values: object) -> sa.Update:
    return sa.update(AuditEntry).where(AuditEntry.id == entry_id).values(**values)


@pytest.mark.parametrize(
    "change",
    [
        {"act": "tesT"}, {"person_id": 7}, {"object_kind": "thinG"}, {"object_id": "22"}, {"detail": {"number": 22}},
        {"detail": {}}, {"at": clock.now() - timedelta(days=1)},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_changed_entry_is_named(chain: list[int], change: dict[str, object]) -> None:
    assert verified() is None
    past_the_triggers(entry(chain[2], **change))
    found = verified()
    assert found is not None and (found.number, found.entry_id) == (3, chain[2])


def swapped(chain: list[int]) -> list[sa.Executable]:
    """The contents of the second and third entry change places."""
    values = [
        {"object_id": str(number), "detail": {"number": number}, "at": sa.select(AuditEntry.at).where(AuditEntry.id == chain[number]).scalar_subquery()}
        for number in (1, 2)
    ]  # fmt: skip
    return [entry(chain[1], **values[1]), entry(chain[2], **values[0])]


BREAKS: dict[str, tuple[Callable[[list[int]], list[sa.Executable]], int]] = {
    "a seal changed": (
        lambda chain: [sa.update(AuditSeal).where(AuditSeal.number == 4).values(digest="0" * 64)],
        4,
    ),
    "a seal missing": (lambda chain: [sa.delete(AuditSeal).where(AuditSeal.number == 2)], 2),
    "a row missing": (
        lambda chain: [
            sa.delete(AuditSeal).where(AuditSeal.number == 5),
            sa.delete(AuditEntry).where(AuditEntry.id == chain[4]),
        ],
        5,
    ),
    "two rows swapped": (swapped, 2),
    "two seals swapped": (
        lambda chain: [
            sa.update(AuditSeal).where(AuditSeal.number == 2).values(number=99),
            sa.update(AuditSeal).where(AuditSeal.number == 3).values(number=2),
            sa.update(AuditSeal).where(AuditSeal.number == 99).values(number=3),
        ],
        2,
    ),
    "a row slipped in": (
        lambda chain: [
            sa.insert(AuditEntry).values(
                id=900, at=clock.now(), act="test", object_kind="thing", object_id="x", detail={}
            ),
            sa.insert(AuditSeal).values(number=7, entry_id=900, digest="1" * 64),
        ],
        7,
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_first_broken_row_is_named(chain: list[int], what: str) -> None:
    change, number = BREAKS[what]
    past_the_triggers(*change(chain))
    found = verified()
    assert found is not None and found.number == number, found


def test_an_entry_that_was_added_beside_the_chain_is_named(chain: list[int]) -> None:
    long_ago = clock.now() - 2 * audit.GRACE
    past_the_triggers(
        sa.insert(AuditEntry).values(id=900, at=long_ago, act="test", object_kind="thing", object_id="x", detail={})
    )  # fmt: skip
    found = verified()
    assert found is not None and found.entry_id == 900
    with unit_of_work():
        audit.record(None, "test", "thing", 1)
    past_the_triggers(sa.delete(AuditEntry).where(AuditEntry.id == 900))
    assert verified() is None, "what was done a moment ago waits for the sealer"


def test_a_cut_or_rewritten_end_is_seen_from_outside(chain: list[int]) -> None:
    with reading():
        head = audit.head()
    assert head.number == 6 and verified(head) is None
    past_the_triggers(
        sa.delete(AuditSeal).where(AuditSeal.number > 4), sa.delete(AuditEntry).where(AuditEntry.id >= chain[4])
    )  # fmt: skip
    assert verified() is None, "by itself a shorter chain looks whole"
    found = verified(head)
    assert found is not None and found.number == 5 and "seal 6 was noted" in found.says
    for number in (4, 5):  # and made as long again, with other words
        with unit_of_work():
            audit.record(None, "other", "thing", number)
    with unit_of_work():
        audit.seal()
    found = verified(head)
    assert found is not None and found.number == 6 and "was noted" in found.says


def test_the_database_refuses_all_that(chain: list[int]) -> None:
    for table in (AuditEntry, AuditSeal):
        with pytest.raises(sa.exc.IntegrityError), unit_of_work():
            session().execute(sa.delete(table))


def test_the_worker_seals_and_notes_the_end_outside(app: Flask, db: Database, tmp_path: Path) -> None:
    worker._noted = (None, 0.0)
    run = app.test_cli_runner().invoke
    for number in range(3):
        with unit_of_work():
            audit.record(None, "test", "thing", number)
        worker.seal_audit(tmp_path)
    with reading():
        head = audit.head()
    assert head.number == 3
    noted = list(audit_heads.noted(audit_heads.folder(tmp_path), seal.public_keys()))
    assert [one.number for one in noted] == [1], "one a minute, so that the file stays small"
    said = run(args=["audit-verify"])
    assert (
        said.exit_code == 0
        and f"its end is {head}" in said.output
        and "Seals 2 to 3 came after" in said.output
    )
    assert run(args=["audit-verify", "--head", str(head)]).exit_code == 0
    assert run(args=["audit-verify", "--head", f"3:{'0' * 64}"]).exit_code == 1
    assert run(args=["audit-verify", "--head", "nonsense"]).exit_code == 2
    past_the_triggers(sa.delete(AuditSeal), sa.delete(AuditEntry))
    said = run(args=["audit-verify"])
    assert said.exit_code == 1 and "its end is missing" in said.output
    path = next(audit_heads.folder(tmp_path).iterdir())
    path.write_bytes(path.read_bytes().replace(b'"number":1', b'"number":0'))
    said = run(args=["audit-verify"])
    assert said.exit_code == 1 and f"{path.name}, line 1, is not as it was sealed" in said.output


def test_a_line_cut_by_a_crash_hinders_nobody(tmp_path: Path) -> None:
    seal.configure(tmp_path)
    where = audit_heads.folder(tmp_path)
    audit_heads.note(where, audit.Head(1, "1" * 64))
    path = next(where.iterdir())
    with path.open("ab") as file:
        file.write(b'{"at":"20')
    assert [one.number for one in audit_heads.noted(where, seal.public_keys())] == [1]
    audit_heads.note(where, audit.Head(2, "2" * 64))
    assert path.read_bytes().count(b"\n") == 3


def test_two_sealers_at_one_moment_make_one_chain(db: Database) -> None:
    for number in range(20):
        with unit_of_work():
            audit.record(None, "test", "thing", number)
    together = threading.Barrier(2)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            together.wait()
            for _round in range(10):
                with unit_of_work():
                    audit.seal(limit=2)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed and verified() is None
    with reading():
        assert audit.head().number == 20 and not audit.is_waiting(everything=True)
