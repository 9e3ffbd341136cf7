"""A backup of either database goes back into either, whole; one that is not whole changes nothing."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.accounts import erasing
from app.accounts.key_models import PersonalToken
from app.accounts.models import Person, SignIn
from app.backup import left_out, sealed_keys
from app.backup.archive import Damaged, Reader
from app.db import Base, reading, session, unit_of_work
from app.jobs import take_lease
from config import Settings
from drafts.models import DraftClient
from tests import makers, postgresql
from tests.app.backup_world import (
    PASSPHRASE,
    World,
    command,
    histories,
    looking_at,
    make_world,
    what_stands,
)


@pytest.fixture
def world(app: Flask, settings: Settings) -> World:
    return make_world(settings.data_dir)


@contextmanager
def elsewhere(kind: str, folder: Path) -> Iterator[str]:
    """The address of a database that has nothing in it yet."""
    folder.mkdir()
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'elsewhere.sqlite3'}"
        return
    postgresql.needed()
    with postgresql.own_database() as url:
        yield url


def backed_up(app: Flask, file: Path, *more: str, says: str = "") -> str:
    result = app.test_cli_runner().invoke(args=["backup", str(file), *more], input=says)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_everything_is_there_again_in_either_database(
    app: Flask, settings: Settings, world: World, tmp_path: Path, kind: str
) -> None:
    with unit_of_work():
        makers.sign_in(world.press.writer.id)
        session().add(a_token(world))
        session().flush()
        session().execute(sa.update(DraftClient).values(seat="here", seated_until=clock.now()))
    file, secret = tmp_path / "portal.backup", tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n")
    backed_up(app, file, "--keys", "--passphrase-file", str(secret))
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" not in file.read_bytes() and settings.secret_key.encode() not in file.read_bytes()
    before, old = what_stands(settings.database_url), histories(settings.database_url)
    pem = (settings.data_dir / "keys" / "instance.pem").read_bytes()
    assert len(before) == 4
    data_dir = tmp_path / "other"
    with elsewhere(kind, data_dir) as url:
        call = ("restore", str(file), "--keys")
        status, said = command(*call, database_url=url, data_dir=data_dir, says="une autre phrase de passe\n")
        assert status == 1 and "does not open the keys" in said
        assert not list(data_dir.glob("*.sqlite3")) and not (data_dir / "keys").exists()
        status, said = command(*call, "--passphrase-file", str(secret), database_url=url, data_dir=data_dir)
        assert status == 0, said
        assert said.count("ok  ") == 4 and "NOT " not in said
        assert what_stands(url) == before
        # Clocks may be used again: every text has another life, and no two the same.
        new = histories(url)
        assert new.keys() == old.keys() and not set(new.values()) & set(old.values())
        assert len(set(new.values())) == len(new)
        with looking_at(url):
            with reading():
                assert not session().scalars(sa.select(SignIn)).all()
                assert session().scalars(sa.select(PersonalToken.revoked_at)).one() is not None
                assert (
                    not session().scalars(sa.select(DraftClient).where(DraftClient.seat.is_not(None))).all()
                )
            with unit_of_work():
                # Numbers go on behind those that came.
                assert makers.make_person().id > world.press.editor.id
        status, said = command("audit-verify", database_url=url, data_dir=data_dir)
        assert status == 0, said
        key = data_dir / "keys" / "instance.pem"
        assert key.read_bytes() == pem and key.stat().st_mode & 0o777 == 0o600
        # Backed up again, the rows are the same letter by letter.
        again = tmp_path / "again.backup"
        status, said = command("backup", str(again), database_url=url, data_dir=data_dir)
        assert status == 0, said
        for table in ("edition", "edition_evidence", "revision", "draft_update", "audit_seal", "article_act"):
            assert lines_of(again, table) == lines_of(file, table), table


def a_token(world: World) -> PersonalToken:
    return PersonalToken(
        token_digest="a" * 64, person_id=world.press.writer.id, name="Tableur", prefix="olab_abc", scopes=[],
        second_factor=True, made_at=clock.now(), expires_at=clock.now() + timedelta(days=30),
    )  # fmt: skip


def lines_of(file: Path, table: str) -> list[bytes]:
    with file.open("rb") as opened:
        archive = Reader(opened)
        member = archive.manifest.member(f"tables/{table}.jsonl.gz")
        assert member is not None
        return list(archive.lines(member))


def test_what_is_cut_or_altered_is_refused_by_its_name(
    app: Flask, settings: Settings, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "portal.backup"
    backed_up(app, file)
    content = file.read_bytes()
    with tarfile.open(file) as tar:
        places = {info.name: (info.offset_data, info.size) for info in tar}
    at, size = places["tables/edition.jsonl.gz"]
    harmed = {
        "cut": (content[: at + size // 2], "tables/edition.jsonl.gz"),
        "cut between two": (content[: at - 512], "manifest.json"),
        "one byte": (content[: at + 20] + bytes([content[at + 20] ^ 1]) + content[at + 21 :], "tables/edition.jsonl.gz"),
        "the manifest": (content.replace(b'"database": ', b'"database":  ', 1), "manifest"),
        "something else": (b"not a backup", "the beginning of the file"),
        "nothing": (b"", "the beginning of the file"),
    }  # fmt: skip
    before = what_stands(settings.database_url)
    for name, (bytes_, member) in harmed.items():
        file.write_bytes(bytes_)
        with file.open("rb") as opened, pytest.raises(Damaged) as refusal:
            Reader(opened)
        assert member in str(refusal.value), name
        result = app.test_cli_runner().invoke(args=["restore", str(file), "--replace", "--yes"])
        assert result.exit_code == 1 and member in result.output, name
    assert what_stands(settings.database_url) == before


def test_a_database_that_is_not_empty_is_replaced_only_when_asked(
    app: Flask, settings: Settings, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "portal.backup"
    said = backed_up(app, file)
    before = what_stands(settings.database_url)
    with unit_of_work():
        later = makers.make_person(name="Venue Ensuite").id
        erasing.erase(None, world.press.nord_reviewer.id)
    world.press.rewrite(world.draft_id, [])
    changed = what_stands(settings.database_url)
    assert changed != before

    def restored(*more: str, says: str = "") -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["restore", str(file), *more], input=says)
        return result.exit_code, result.output

    status, told = restored()
    assert status == 1 and "is not empty" in told
    status, told = restored("--replace", says="n\n")
    assert status == 1 and "gone for good" in told
    status, told = restored("--replace", "--yes", "--digest", "0" * 64)
    assert status == 1 and "another backup" in told
    assert take_lease("worker", "somewhere", 30)
    status, told = restored("--replace", "--yes")
    assert status == 1 and "Stop it" in told
    assert what_stands(settings.database_url) == changed
    with unit_of_work() as current:
        current.execute(sa.text("DELETE FROM lease"))
    digest = said.partition("Its digest is ")[2][:64]
    status, told = restored("--replace", "--yes", "--digest", digest)
    assert status == 0, told
    assert what_stands(settings.database_url) == before
    with reading():
        assert session().get(Person, later) is None
        # Who was erased since stays erased, although the backup knows the name.
        person = session().get_one(Person, world.press.nord_reviewer.id)
        assert person.name == erasing.ERASED and person.erased_at is not None
    assert f"Erased again: persons {world.press.nord_reviewer.id}" in told
    # The end of the chain that was replaced is kept, and what is there now holds.
    assert list(settings.data_dir.glob("audit.before-*/heads-*.jsonl"))
    result = app.test_cli_runner().invoke(args=["audit-verify"])
    assert result.exit_code == 0, result.output


def test_a_broken_database_is_not_taken_for_an_empty_one(
    app: Flask, settings: Settings, world: World, tmp_path: Path
) -> None:
    file, other = tmp_path / "portal.backup", tmp_path / "other"
    backed_up(app, file)
    other.mkdir()
    broken = other / "broken.sqlite3"
    broken.write_bytes(b"What a failing disk left." * 100)
    status, said = command("restore", str(file), database_url=f"sqlite:///{broken}", data_dir=other)
    assert status == 1 and "move it away" in said
    assert broken.read_bytes().startswith(b"What a failing disk left.")


def test_keys_are_in_a_backup_only_when_asked(
    app: Flask, settings: Settings, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "portal.backup"
    assert "Not in it: the private key" in backed_up(app, file)
    with file.open("rb") as opened:
        assert Reader(opened).manifest.member("keys.sealed") is None
    result = app.test_cli_runner().invoke(args=["backup", str(file), "--keys"], input="court\ncourt\n")
    assert result.exit_code == 2 and "12 characters" in result.output
    result = app.test_cli_runner().invoke(
        args=["restore", str(file), "--keys", "--replace", "--yes"], input=f"{PASSPHRASE}\n"
    )
    assert result.exit_code == 1 and "without --keys" in result.output


def test_sealed_keys_open_with_their_passphrase_only() -> None:
    sealed = sealed_keys.seal(b"the key", PASSPHRASE)
    assert sealed_keys.open_sealed(sealed, PASSPHRASE) == b"the key"
    told = json.loads(sealed)
    altered = json.dumps({**told, "nonce": told["salt"][:16]}).encode()
    for content, passphrase in ((sealed, PASSPHRASE + "."), (altered, PASSPHRASE), (b"{}", PASSPHRASE)):
        with pytest.raises(sealed_keys.WrongPassphrase):
            sealed_keys.open_sealed(content, passphrase)


def test_a_backup_of_a_newer_release_is_refused(
    app: Flask, settings: Settings, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "portal.backup"
    with unit_of_work() as current:
        before = current.scalar(sa.text("SELECT version_num FROM alembic_version"))
        current.execute(sa.text("UPDATE alembic_version SET version_num = '9999_later'"))
    backed_up(app, file)
    with unit_of_work() as current:
        current.execute(sa.text("UPDATE alembic_version SET version_num = :before"), {"before": before})
    result = app.test_cli_runner().invoke(args=["restore", str(file), "--replace", "--yes"])
    assert result.exit_code == 1 and "newer" in result.output


def test_a_database_moves_and_its_lives_go_on(
    app: Flask, settings: Settings, world: World, tmp_path: Path
) -> None:
    postgresql.needed()
    before, lives = what_stands(settings.database_url), histories(settings.database_url)
    with postgresql.own_database() as url:
        result = app.test_cli_runner().invoke(args=["move-database", url])
        assert result.exit_code == 0, result.output
        assert result.output.count("ok  ") == 4
        assert what_stands(url) == before
        # What browsers keep unsent arrives as if nothing had happened.
        assert histories(url) == lives
    assert what_stands(settings.database_url) == before


def test_nothing_that_is_kept_leads_to_what_is_left_out() -> None:
    """A reference from a table that is in a backup to one that is not would lead nowhere after a restore."""
    tables = Base.metadata.tables
    assert tables.keys() >= left_out.TABLES and left_out.COLUMNS.keys() <= tables.keys()
    wrong = [
        f"{table.name}.{key.parent.name}"
        for table in tables.values()
        if table.name not in left_out.TABLES
        for key in table.foreign_keys
        if key.column.table.name in left_out.TABLES
    ]
    assert not wrong, f"Leave these tables out of backups too, or keep what they lead to: {wrong}"
