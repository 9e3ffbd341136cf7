"""An instance of an earlier schema becomes one of today, with everything that was in it (tests/upgrades/README.md)."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import db
from app.backup import left_out
from app.backup.archive import Reader
from app.db import reading, session
from app.factory import create_app
from config import Settings
from drafts import document, log, seal
from drafts.models import Draft
from drafts.review_models import Revision
from publish.models import Address, Edition
from tests import makers, postgresql
from tests.app.backup_world import SECRET, command
from tests.clients import PageClient
from tests.house.tree import ROOT
from tests.realtime.typists import text_of_rows

FILES = sorted((ROOT / "tests" / "upgrades").glob("*.backup.gz"))
# Tables that a migration puts rows into, or takes rows out of, by what it finds in others.
CHANGED = {"alembic_version", "audit_entry", "article_act", "audit_seal"}


def rows_of(archive: Reader, table: str) -> list[dict[str, Any]]:
    member = archive.manifest.member(f"tables/{table}.jsonl.gz")
    assert member is not None, table
    names = [name for name, _kind in member.columns]
    return [dict(zip(names, json.loads(line), strict=True)) for line in archive.lines(member)]


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'today.sqlite3'}"
        return
    postgresql.needed()
    with postgresql.own_database() as url:
        yield url


def test_there_are_three_of_them_at_least() -> None:
    assert len(FILES) >= 3
    assert all(file.stat().st_size <= 300 * 1024 for file in FILES)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("packed", FILES, ids=lambda packed: packed.name.partition(".")[0])
def test_an_earlier_instance_is_upgraded_with_all_that_is_in_it(
    app: Any, packed: Path, kind: str, tmp_path: Path
) -> None:
    data_dir = tmp_path / "today"
    data_dir.mkdir()
    file = tmp_path / packed.name.removesuffix(".gz")
    file.write_bytes(gzip.decompress(packed.read_bytes()))
    with empty(kind, data_dir) as url, file.open("rb") as opened:
        status, said = command("restore", str(file), database_url=url, data_dir=data_dir)
        assert status == 0, said
        assert said.count("ok  ") == 4 and f"The schema was {file.stem}" in said
        archive = Reader(opened)
        settings = Settings.from_env({}, database_url=url, data_dir=data_dir, secret_key=SECRET)
        try:
            today = create_app(settings)
            look_at_rows(archive)
            look_at_texts(archive)
            look_at_pages(today)
        finally:
            db.database().engine.dispose()
            db.configure(app.config["SETTINGS"].database_url)
            seal.configure(app.config["SETTINGS"].data_dir)


def look_at_rows(archive: Reader) -> None:
    """Nothing that was there is gone, and what was signed is what it was."""
    with reading() as current:
        for member in archive.manifest.members:
            table = member.name.removeprefix("tables/").removesuffix(".jsonl.gz")
            if member.columns and table not in left_out.TABLES | CHANGED:
                there = current.scalar(sa.text(f'SELECT count(*) FROM "{table}"'))
                assert there == member.rows, table
        then = {row["id"]: row["fingerprint"] for row in rows_of(archive, "edition")}
        assert then and dict(session().execute(sa.select(Edition.id, Edition.fingerprint)).all()) == then  # type: ignore[arg-type]
        forms = {row["id"]: b64decode(row["canonical"]) for row in rows_of(archive, "revision")}
        assert dict(session().execute(sa.select(Revision.id, Revision.canonical)).all()) == forms  # type: ignore[arg-type]


def look_at_texts(archive: Reader) -> None:
    """Each text reads as its rows of then do, by a reader that shares nothing with the server."""
    updates: dict[int, list[bytes]] = {}
    for row in rows_of(archive, "draft_update"):
        updates.setdefault(row["draft_id"], []).append(b64decode(row["update_bytes"]))
    assert updates
    for draft_id, rows in updates.items():
        with reading():
            words = document.plain_text(log.load(draft_id).tree)
        assert "".join(words.split()) == "".join(text_of_rows(rows).split()), draft_id


def look_at_pages(today: Any) -> None:
    client = PageClient(today)
    with reading():
        slugs = list(session().scalars(sa.select(Address.slug).where(Address.is_current).limit(3)))
        draft = session().scalars(sa.select(Draft).order_by(Draft.id).limit(1)).one()
        writer = makers.actor(session().get_one(makers.Person, draft.created_by))
    assert slugs
    for path in ("/", "/recherche?q=logement", *(f"/fiches/{slug}" for slug in slugs)):
        client.get(path)
    client.sign_in(writer)
    for path in ("/espace", f"/brouillons/{draft.id}", f"/brouillons/{draft.id}/historique"):
        client.get(path)
