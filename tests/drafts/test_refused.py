"""Refused bytes are kept aside within a bound; a flood is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.db import reading, session, unit_of_work
from drafts import refused
from drafts.models import RefusedUpdate
from tests.scenes import Scene, make_scene


@pytest.fixture
def scene(app: Flask) -> Scene:
    refused.write_down()
    return make_scene()


def rows() -> list[RefusedUpdate]:
    with reading():
        return list(refused.kept())


def test_what_an_editor_never_sends_is_kept_and_the_rest_is_not(scene: Scene) -> None:
    for code in ("malformed", "forged", "schema", "resync", "rate_limited", "too_large", "forbidden"):
        refused.keep(scene.draft_id, scene.ana.id, code, b"bytes of " + code.encode())
    assert refused.write_down() == 3
    assert {(row.code, row.update) for row in rows()} == {
        (code, b"bytes of " + code.encode()) for code in ("malformed", "forged", "schema")
    }
    assert refused.write_down() == 0


def test_a_flood_is_counted_and_not_stored(scene: Scene) -> None:
    for _second in range(20):
        for number in range(1_000):
            refused.keep(scene.draft_id, scene.ana.id, "forged", b"x" * number)
        refused.write_down()
    kept = rows()
    assert len(kept) == refused.AN_HOUR
    assert sum(1 + row.untold for row in kept) == 20_000
    # Somebody else's single one is not pushed out.
    refused.keep(scene.draft_id, scene.ben.id, "malformed", b"once")
    assert refused.write_down() == 1


def test_bytes_rows_and_days_are_bounded(scene: Scene) -> None:
    refused.keep(scene.draft_id, scene.ana.id, "malformed", b"x" * 300_000)
    refused.write_down()
    assert (rows()[0].size, len(rows()[0].update)) == (300_000, 64 * 1024)
    with unit_of_work() as current:
        current.add_all(
            RefusedUpdate(
                draft_id=scene.draft_id,
                person_id=scene.ana.id,
                code="schema",
                size=64 * 1024,
                update=b"y" * 64 * 1024,
                untold=0,
                at=clock.now() - timedelta(days=31 if number % 2 else 2),
            )
            for number in range(100)
        )
    refused.keep(scene.draft_id, scene.ben.id, "malformed", b"the newest")
    refused.write_down()
    kept = rows()
    assert kept[0].update == b"the newest"
    assert sum(len(row.update) for row in kept) <= refused.BYTES
    with unit_of_work():
        refused.purge()
    assert all(row.at > clock.now() - refused.KEPT_FOR for row in rows()) and rows()
    with unit_of_work() as current:
        current.execute(sa.delete(RefusedUpdate))
        current.add_all(
            RefusedUpdate(
                draft_id=scene.draft_id, person_id=scene.ana.id, code="schema", size=1, update=b"z", untold=0,
                at=clock.now(),
            )
            for _number in range(250)
        )  # fmt: skip
    refused.keep(scene.draft_id, scene.ben.id, "malformed", b"one more")
    refused.write_down()
    assert len(rows()) == refused.ROWS


def test_an_administrator_reads_them_at_the_command_line(app: Flask, scene: Scene) -> None:
    refused.keep(scene.draft_id, scene.ana.id, "forged", b"\xca\xfe")
    refused.keep(scene.draft_id + 99, scene.ana.id, "forged", b"of a draft that is gone")
    refused.write_down()
    runner = app.test_cli_runner()
    short = runner.invoke(args=["refused-updates"])
    assert (
        short.exit_code == 0
        and f"draft {scene.draft_id} person {scene.ana.id} forged 2 bytes" in short.output
    )
    assert "cafe" not in short.output
    assert "cafe" in runner.invoke(args=["refused-updates", "--bytes", "--draft", str(scene.draft_id)]).output
    assert runner.invoke(args=["refused-updates", "--draft", "99999"]).output == ""
    with reading():
        assert session().scalar(sa.select(sa.func.count()).select_from(RefusedUpdate)) == 1
