"""A backup is taken while twenty people type, and nobody waits for it: what was acknowledged before is in it, whole."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import schema_versions
from app.accounts.models import Person
from app.backup.archive import Reader
from app.db import database, session, unit_of_work
from app.directory.models import Administration
from app.factory import create_app
from config import Settings
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests import makers
from tests import postgresql as databases
from tests.app.backup_world import command, what_stands
from tests.live_server import SECRET, LiveServer
from tests.publish.press import set_up
from tests.realtime import typists as crowd
from tests.realtime.typists import Typist, stored_text
from tests.scenes import token_for


@dataclass(frozen=True)
class Table:
    draft_id: int
    typists: list[Typist]


def _names() -> Iterator[str]:
    for first in "abcdefghij":
        for second in "xy":
            yield first + second


@contextmanager
def typing(server: LiveServer, people: int) -> Iterator[Table]:
    """So many people at one table, all of them typing."""
    press = set_up()
    press.published()
    draft_id = press.draft("Le texte de vingt personnes")
    with unit_of_work():
        place, lab = session().get_one(Administration, press.sud), session().get_one(Lab, press.lab_id)
        agents = [makers.make_agent(place) for _number in range(people)]
        for agent in agents:
            labs.add_member(press.writer, lab, session().get_one(Person, agent.id), Right.WRITE)
    typists = [
        Typist(name, server.url, token_for(agent), draft_id, numbered=number % 2 == 1, pause=0.1)
        for number, (name, agent) in enumerate(zip(_names(), agents, strict=False))
    ]
    try:
        for typist in typists:
            typist.start()
        crowd.until(lambda: all(typist.seated for typist in typists), 120, "not everybody sits and types")
        yield Table(draft_id, typists)
    finally:
        for typist in typists:
            typist.end()


def backed_up_while_they_type(settings: Settings, folder: Path, people: int, rounds: int) -> None:
    app = create_app(settings)
    server = LiveServer(settings.data_dir, settings.database_url).start(timeout=400)
    file = folder / "under-load.backup"
    try:
        with typing(server, people) as table:
            for number in range(rounds):
                confirmed = set().union(*(typist.confirmed() for typist in table.typists))
                # This process is another one than the server's, as that of the command is.
                done = app.test_cli_runner().invoke(args=["backup", str(file)])
                assert done.exit_code == 0, done.output
                after = set().union(*(typist.confirmed() for typist in table.typists))
                assert after > confirmed, "nobody could type meanwhile"
                check_archive(file, table, confirmed)
                if rounds > 1:
                    print(
                        f"round {number + 1}/{rounds}: {len(confirmed)} words acknowledged before", flush=True
                    )
            for typist in table.typists:
                assert not typist.failures, typist.failures
    finally:
        server.stop()
    with elsewhere("postgresql" if settings.is_sqlite else "sqlite", folder) as url:
        check_restored(settings, file, url, folder / "elsewhere", table.draft_id)


def check_archive(file: Path, table: Table, confirmed: set[str]) -> None:
    """The rows of the log in the file make the text, and hold every word acknowledged before it was begun."""
    with file.open("rb") as opened:
        archive = Reader(opened)
        member = archive.manifest.member("tables/draft_update.jsonl.gz")
        assert member is not None
        names = [name for name, _kind in member.columns]
        rows = [dict(zip(names, json.loads(line), strict=True)) for line in archive.lines(member)]
    mine = [row for row in rows if row["draft_id"] == table.draft_id]
    assert [row["seq"] for row in mine] == list(range(1, len(mine) + 1))
    text = crowd.text_of_rows(b64decode(row["update_bytes"]) for row in mine)
    words = crowd.words_in(text)
    assert len(words) == len(set(words))
    assert confirmed <= set(words)


@contextmanager
def elsewhere(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'restored.sqlite3'}"
        return
    with databases.own_database() as url:
        yield url


def check_restored(settings: Settings, file: Path, url: str, data_dir: Path, draft_id: int) -> None:
    """What stands in the restored one is what stood in the source up to the number of the backup."""
    status, said = command("restore", str(file), database_url=url, data_dir=data_dir)
    assert status == 0, said
    assert said.count("ok  ") == 4
    source, there = what_stands(settings.database_url), what_stands(url)
    for name, found in there.items():
        if not name.startswith("draft "):
            assert source[name] == found, name
            continue
        seq, _fingerprint, rows = found
        assert rows == source[name][2][:seq], name
    assert stored_text(url, draft_id)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_taken_while_people_type(kind: str, tmp_path: Path) -> None:
    with a_source(kind, tmp_path) as settings:
        backed_up_while_they_type(settings, tmp_path, people=4, rounds=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_taken_again_and_again_while_twenty_type(kind: str, tmp_path: Path) -> None:
    with a_source(kind, tmp_path) as settings:
        backed_up_while_they_type(settings, tmp_path, people=20, rounds=10)


@contextmanager
def a_source(kind: str, folder: Path) -> Iterator[Settings]:
    databases.needed()
    data_dir = folder / "source"
    data_dir.mkdir()
    if kind == "sqlite":
        url = f"sqlite:///{data_dir / 'source.sqlite3'}"
        schema_versions.upgrade(url)
        yield Settings.from_env({}, database_url=url, data_dir=data_dir, secret_key=SECRET)
        return
    with databases.own_database() as url:
        schema_versions.upgrade(url)
        yield Settings.from_env({}, database_url=url, data_dir=data_dir, secret_key=SECRET)
        database().engine.dispose()
