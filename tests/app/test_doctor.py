"""`flask doctor`: a healthy instance is well, and each thing that is broken is named, with what to do."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import audit, clock, jobs, mail, schema_versions
from app.accounts import service as accounts
from app.audit import Head
from app.db import OutboxRow, session, unit_of_work
from app.doctor import command, machine
from app.doctor.findings import Finding, State, examine, ok
from app.factory import create_app
from config import Settings
from drafts import audit_heads, seal
from tests import makers, postgresql
from tests.live_server import SECRET
from tests.realtime import disks
from tests.realtime.redises import OwnRedis


def look(settings: Settings, *checks: str) -> dict[str, Finding]:
    """What the named checks find, by the names of the findings."""
    chosen = {name: command.CHECKS[name] for name in checks}
    return {finding.check: finding for finding in examine(settings, chosen)}


def is_named(found: dict[str, Finding], check: str) -> Finding:
    """The finding says that something is wrong, and what to do."""
    assert found[check].state is State.WRONG, found
    assert found[check].remedy
    return found[check]


def is_well(found: dict[str, Finding]) -> None:
    assert found and not [each for each in found.values() if each.state is State.WRONG], found


@pytest.fixture
def elsewhere(settings: Settings) -> Settings:
    """The same instance behind a proxy, seen by others."""
    return dataclasses.replace(
        settings, public_url="https://portail.example", trusted_proxies=1, smtp_url="smtp://127.0.0.1:1"
    )


def test_a_healthy_instance_is_well(app: Flask) -> None:
    with unit_of_work():
        makers.make_administration()
        audit.record(None, "backup", "instance", 1)
        audit.seal(everything=True)
    seal.sign(b"anything")
    told = app.test_cli_runner().invoke(args=["doctor"])
    assert told.exit_code == 0, told.output
    assert told.output.endswith("Everything is well.\n") and "WRONG" not in told.output
    # A check may say several things, and each says at least one; clocks and files depend on the database.
    for name in command.CHECKS:
        assert name in told.output or name in ("clock.database", "database.integrity"), name


def test_what_is_wrong_is_exit_status_one_and_a_bad_call_two(app: Flask, settings: Settings) -> None:
    (settings.data_dir / "keys").mkdir()
    (settings.data_dir / "keys" / seal.PRIVATE).write_text("no key")
    runner = app.test_cli_runner()
    told = runner.invoke(args=["doctor"])
    assert told.exit_code == 1 and "WRONG  keys" in told.output and "→ Put DATA_DIR/keys back" in told.output
    told = runner.invoke(args=["doctor", "--json"])
    said = json.loads(told.output)
    assert told.exit_code == 1 and said["well"] is False
    (line,) = [row for row in said["findings"] if row["check"] == "keys"]
    assert line["state"] == "wrong" and line["remedy"]
    assert runner.invoke(args=["doctor", "--nothing-like-that"]).exit_code == 2


def test_it_runs_as_a_program_and_finds_settings_that_are_nonsense(tmp_path: Path) -> None:
    def run(**more: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "DATA_DIR": str(tmp_path), "SECRET_KEY": SECRET, **more}
        arguments = [sys.executable, "-m", "flask", "--app", "wsgi", "doctor", "--json"]
        return subprocess.run(arguments, env=environ, capture_output=True, text=True, timeout=120)

    empty = run()
    assert empty.returncode == 1 and not json.loads(empty.stdout)["well"]
    assert not (tmp_path / "openlab.sqlite3").exists(), "a doctor makes no database"
    short = run(SECRET_KEY="court")
    assert short.returncode == 1 and "SECRET_KEY must be" in short.stderr and "Traceback" not in short.stderr


def test_a_check_that_hangs_holds_up_nobody(settings: Settings) -> None:
    never = threading.Event()

    def hangs(_settings: Settings) -> list[Finding]:
        never.wait()
        return []

    found = examine(settings, {"slow": hangs, "quick": lambda _settings: [ok("quick", "here")]}, patience=0.3)
    never.set()
    assert [(each.check, each.state) for each in found] == [("slow", State.WRONG), ("quick", State.OK)]
    assert "no answer within" in found[0].says


def test_no_secret_is_shown(app: Flask, settings: Settings) -> None:
    words = ("motdepasse-du-courriel", "motdepasse-de-redis", "jeton-de-mesure-123", settings.secret_key)
    app.config["SETTINGS"] = dataclasses.replace(
        settings,
        smtp_url=f"smtp://portail:{words[0]}@127.0.0.1:1",
        redis_url=f"redis://:{words[1]}@127.0.0.1:1/0",
        metrics_token=words[2],
    )
    for arguments in (["doctor"], ["doctor", "--json"]):
        told = app.test_cli_runner().invoke(args=arguments)
        assert told.exit_code == 1 and not [word for word in words if word in told.output]


# --- the machine ---------------------------------------------------------------------------------------------------


def test_a_zone_that_is_not_known(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    is_well(look(settings, "clock.zone"))

    def unknown(name: str) -> None:
        raise machine.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(machine, "ZoneInfo", unknown)
    assert "tzdata" in is_named(look(settings, "clock.zone"), "clock.zone").remedy


def test_a_folder_that_is_not_there(settings: Settings, tmp_path: Path) -> None:
    is_well(look(settings, "disk"))
    (tmp_path / "a-file").write_text("")
    is_named(look(dataclasses.replace(settings, data_dir=tmp_path / "a-file"), "disk"), "disk")


def test_a_disk_that_is_full_or_read_only(settings: Settings, tmp_path: Path) -> None:
    disks.needed(tmp_path)
    disk = disks.Disk(tmp_path / "disk.img", tmp_path / "mounted", megabytes=16)
    small = dataclasses.replace(settings, data_dir=disk.folder)
    try:
        found = look(small, "disk")
        assert "ext4" in found["disk.kind"].says and found["disk.write"].state is not State.WRONG
        is_named(found, "disk.free")
        subprocess.run(["mount", "-o", "remount,ro", str(disk.folder)], check=True)
        assert "Read-only" in is_named(look(small, "disk"), "disk.write").says
        subprocess.run(["mount", "-o", "remount,rw", str(disk.folder)], check=True)
        disk.fill()
        assert "No space" in is_named(look(small, "disk"), "disk.write").says
        assert not list(disk.folder.glob(".doctor*"))
    finally:
        disk.unmount()


def test_sqlite_over_the_network(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of mounts is the system's; a server of NFS for a test is not to be had."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
        f"40 22 0:50 / {tmp_path.resolve()} rw shared:2 - nfs4 server:/data rw\n"
    )
    monkeypatch.setattr(machine, "MOUNTS", mounts)
    sqlite = dataclasses.replace(settings, database_url=f"sqlite:///{tmp_path}/test.sqlite3")
    assert "nfs4" in is_named(look(sqlite, "disk"), "disk.kind").says
    is_well(look(dataclasses.replace(settings, database_url="postgresql+psycopg://h/n"), "disk"))


def test_who_may_read_keys(app: Flask, settings: Settings, elsewhere: Settings) -> None:
    seal.sign(b"anything")
    is_well(look(settings, "permissions"))
    key = settings.data_dir / "keys" / seal.PRIVATE
    key.chmod(0o640)
    assert seal.PRIVATE in is_named(look(settings, "permissions"), "permissions.keys").says
    key.chmod(0o600)
    settings.data_dir.chmod(0o755)
    assert look(settings, "permissions")["permissions.folder"].state is State.NOTE
    is_named(look(elsewhere, "permissions"), "permissions.folder")


def test_files_of_another_user(app: Flask, settings: Settings) -> None:
    # A file of somebody else is a fact of the disk. Said aloud where it cannot be made, and a failure where CI=true.
    if os.geteuid() != 0:
        pytest.skip("only root may give a file away")
    seal.sign(b"anything")
    os.chown(settings.data_dir / "keys" / seal.PRIVATE, 65534, 65534)
    assert seal.PRIVATE in is_named(look(settings, "permissions"), "permissions.owner").says


def test_a_folder_of_data_is_made_for_the_server_alone(tmp_path: Path) -> None:
    made = Settings.from_env({"DATA_DIR": str(tmp_path / "new")})
    assert stat.S_IMODE(made.data_dir.stat().st_mode) == 0o700


def test_children_that_cannot_be_started(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    is_well(look(settings, "children"))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    found = look(settings, "children")
    is_named(found, "children.texts")
    is_named(found, "children.worker")


def test_a_bundle_that_was_not_built(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_well(look(settings, "bundle"))
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    assert "make" in is_named(look(settings, "bundle"), "bundle").remedy


def test_keys_that_are_lost_broken_or_foreign(app: Flask, settings: Settings) -> None:
    folder = settings.data_dir / "keys"
    assert look(settings, "keys")["keys"].state is State.NOTE
    seal.sign(b"anything")
    seal.rotate()
    assert "with 1 before it" in look(settings, "keys")["keys"].says
    private = (folder / seal.PRIVATE).read_bytes()
    foreign = folder / f"{'ab' * 32}.pub"
    foreign.write_bytes(bytes(32))
    assert "do not follow" in is_named(look(settings, "keys"), "keys").says
    foreign.unlink()
    (folder / seal.PRIVATE).unlink()
    assert "gone" in is_named(look(settings, "keys"), "keys").says
    (folder / seal.PRIVATE).write_bytes(private[:40])
    assert "is no key" in is_named(look(settings, "keys"), "keys").says


# --- how it is set -------------------------------------------------------------------------------------------------


def test_the_secret_of_a_demonstration(settings: Settings, elsewhere: Settings) -> None:
    is_well(look(elsewhere, "secret"))
    (settings.data_dir / "secret_key").write_text(settings.secret_key + "\n")
    is_well(look(settings, "secret"))
    assert "openssl" in is_named(look(elsewhere, "secret"), "secret").remedy
    is_named(look(dataclasses.replace(settings, secret_key="court"), "secret"), "secret")


def test_addresses_that_do_not_agree(settings: Settings, elsewhere: Settings) -> None:
    is_well(look(settings, "origins", "origins.proxies"))
    is_well(look(elsewhere, "origins", "origins.proxies"))
    for changes, named in (
        ({"public_url": "https://portail.example/openlab"}, "origins.public"),
        ({"public_url": "http://portail.example"}, "origins.public"),
        ({"allowed_origins": ("http://autre.example",)}, "origins.allowed"),
        ({"allowed_origins": ("https://autre.example/chemin",)}, "origins.allowed"),
        ({"trusted_proxies": 0}, "origins.proxies"),
    ):
        is_named(look(dataclasses.replace(elsewhere, **changes), "origins", "origins.proxies"), named)
    open_port = dataclasses.replace(elsewhere, host="0.0.0.0")
    assert look(open_port, "origins.proxies")["origins.proxies"].state is State.NOTE


def test_accounts_of_the_demonstration(app: Flask, settings: Settings, elsewhere: Settings) -> None:
    is_well(look(elsewhere, "accounts"))
    with unit_of_work():
        place = makers.make_administration()
        accounts.create_person("a@dinum.example", "Agent A", place, makers.PASSWORD, is_demo=True)
    is_well(look(settings, "accounts"))
    is_named(look(elsewhere, "accounts"), "accounts")
    told = look(dataclasses.replace(elsewhere, demo=True), "accounts")
    assert told["accounts"].state is State.NOTE


def test_a_backup_that_is_old(app: Flask, settings: Settings) -> None:
    assert look(settings, "backup")["backup"].state is State.NOTE
    with unit_of_work():
        audit.record(None, "backup", "instance", 1)
    is_well(look(settings, "backup"))
    with clock.shifted(timedelta(days=3)):
        assert "3 days" in is_named(look(settings, "backup"), "backup").says


# --- the database and Redis ----------------------------------------------------------------------------------------


def test_a_schema_of_another_release(app: Flask, settings: Settings) -> None:
    is_well(look(settings, "database", "work"))
    with unit_of_work():
        session().execute(sa.text("UPDATE alembic_version SET version_num = '0001_other'"))
    try:
        found = look(settings, "database", "work")
        assert "0001_other" in is_named(found, "database.schema").says
        assert found["work"].state is State.NOTE
    finally:
        with unit_of_work():
            meant = (machine.ROOT / "migrations" / "CURRENT_HEAD").read_text().strip()
            session().execute(sa.text("UPDATE alembic_version SET version_num = :meant"), {"meant": meant})


def test_what_waits_for_too_long(app: Flask, settings: Settings) -> None:
    now = clock.now()
    with unit_of_work():
        session().add(OutboxRow(name="test.news", payload={}, noted_at=now))
        jobs.plan("test", "late", now)
        mail.write("a@dinum.example", "Objet", "Texte.")
        jobs.plan("test", "failing", now + timedelta(days=1))
        session().flush()
        session().execute(sa.update(jobs.DueRow).where(jobs.DueRow.key == "failing").values(attempts=6))
    assert is_named(look(settings, "work"), "work.failing").says.startswith("1 ")
    with clock.shifted(timedelta(minutes=16)):
        found = look(settings, "work")
    for name in ("work.news", "work.overdue", "work.failing", "work.mails"):
        assert is_named(found, name).says.startswith("1 ")


def test_a_chain_that_is_not_sealed_cut_or_not_noted(app: Flask, settings: Settings) -> None:
    with unit_of_work():
        audit.record(None, "test", "thing", 1)
    is_well(look(settings, "audit"))
    with clock.shifted(timedelta(minutes=11)):
        is_named(look(settings, "audit"), "audit.sealed")
    with unit_of_work():
        audit.seal(everything=True)
        head = audit.head()
    with clock.shifted(timedelta(minutes=11)):
        found = look(settings, "audit")
        assert found["audit.sealed"].state is State.OK and is_named(found, "audit.noted")
    folder = audit_heads.folder(settings.data_dir)
    audit_heads.note(folder, head)
    with clock.shifted(timedelta(minutes=11)):
        is_well(look(settings, "audit"))
    audit_heads.note(folder, Head(head.number + 1, "0" * 64))
    assert "cut" in is_named(look(settings, "audit"), "audit.noted").says
    (path,) = folder.glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"0" * 64, b"1" * 64))
    assert "not as it was sealed" in is_named(look(settings, "audit"), "audit.noted").says


def test_a_file_of_sqlite_that_is_damaged_or_gone(tmp_path: Path) -> None:
    path = tmp_path / "own.sqlite3"
    schema_versions.upgrade(f"sqlite:///{path}")
    settings = Settings.from_env({}, database_url=f"sqlite:///{path}", data_dir=tmp_path, secret_key=SECRET)
    create_app(settings)
    is_well(look(settings, "database", "database.integrity"))
    content = bytearray(path.read_bytes())
    content[8192:40960] = b"\xff" * (40960 - 8192)
    path.write_bytes(content)
    assert "restore" in is_named(look(settings, "database.integrity"), "database.integrity").remedy
    path.unlink()
    found = look(settings, "database", "database.integrity", "work", "audit", "accounts", "backup")
    is_named(found, "database")
    assert not path.exists() and found["work"].says.endswith("there is no database yet")


@pytest.mark.postgresql
def test_a_postgresql_that_is_unsafe_away_or_whose_clock_is_off(tmp_path: Path) -> None:
    postgresql.needed()
    with postgresql.own_database() as url:
        schema_versions.upgrade(url)
        settings = Settings.from_env({}, database_url=url, data_dir=tmp_path, secret_key=SECRET)
        create_app(settings)
        found = look(settings, "database", "clock.database", "work")
        is_well(found)
        assert "PostgreSQL" in found["database.version"].says and "agrees" in found["clock.database"].says
        for seconds, words in ((10, "ahead of"), (-10, "behind")):
            with clock.shifted(timedelta(seconds=seconds)):
                said = is_named(look(settings, "clock.database"), "clock.database").says
            assert words in said and "10.0 s" in said
        name = sa.make_url(url).database
        with unit_of_work():
            session().execute(sa.text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
        create_app(settings)
        assert "synchronous_commit=off" in is_named(look(settings, "database"), "database.safety").says
    away = Settings.from_env(
        {},
        database_url="postgresql://openlab:un-secret@127.0.0.1:1/openlab",
        data_dir=tmp_path,
        secret_key=SECRET,
    )
    create_app(away)
    found = look(away, "database", "clock.database", "work")
    assert "un-secret" not in str(found) and is_named(found, "database")
    assert found["work"].says == "not looked at: the database does not answer"


def test_a_redis_that_is_stopped_or_none(settings: Settings, tmp_path: Path) -> None:
    redis = OwnRedis(tmp_path).start()
    several = dataclasses.replace(settings, redis_url=redis.url, database_url="postgresql+psycopg://h/n")
    try:
        told = look(several, "redis")
        is_well(told)
        assert "answers after" in told["redis"].says
        one = dataclasses.replace(several, database_url="sqlite:///x")
        is_named(look(one, "redis"), "redis.database")
        redis.stop()
        assert "REDIS_URL" in is_named(look(several, "redis"), "redis").remedy
        redis.replace()
        is_named(look(several, "redis"), "redis")
        redis.restore()
        is_well(look(several, "redis"))
    finally:
        redis.stop()
