"""The commands that make a backup, put one back, and move to another database. Exit status as in `app.cli`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask.cli import with_appcontext

from app import audit, db
from app.backup import cells, filling, making, places, restoring, sealed_keys, snapshot
from app.backup.archive import Damaged, Reader
from app.backup.restoring import Report, Wanted
from app.errors import DomainError
from app.progress import Progress
from config import Settings, SettingsError


def init_app(app: Flask) -> None:
    for command in (backup, restore, move_database):
        app.cli.add_command(command)


_keys = click.option(
    "--keys",
    is_flag=True,
    help="With the instance’s private key, under a passphrase of 12 characters at least, which is asked for.",
)
_passphrase_file = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file whose first line is the passphrase, instead of asking; for --keys.",
)


def _refused(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(1)


def _passphrase(keys: bool, file: Path | None, *, new: bool) -> str | None:
    if not keys:
        if file is not None:
            raise click.UsageError("--passphrase-file goes with --keys")
        return None
    if file is not None:
        with file.open(encoding="utf-8") as opened:
            said = opened.readline(4096).rstrip("\r\n")
    else:
        said = click.prompt("Passphrase of the keys", hide_input=True, confirmation_prompt=new, err=True)
    if new and len(said) < sealed_keys.SHORTEST:
        raise click.UsageError(f"the passphrase has {sealed_keys.SHORTEST} characters at least")
    return str(said)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_keys
@_passphrase_file
@with_appcontext
def backup(file: Path, keys: bool, passphrase_file: Path | None) -> None:
    """Write the whole instance as it is now into FILE, while it goes on running.

    One file for SQLite and PostgreSQL: every row, the public keys, the noted ends of the audit chain. Never in it: SECRET_KEY
    and sign-ins; the private key only with --keys. An older FILE is replaced when the new one is whole.
    """
    settings: Settings = current_app.config["SETTINGS"]
    passphrase = _passphrase(keys, passphrase_file, new=True)
    _say_made(file, _make(settings, file, passphrase))
    # `doctor` asks when the last one was made.
    with db.unit_of_work():
        audit.record(None, "backup", "instance", 1)
    if passphrase is None:
        click.echo(
            "Not in it: the private key (DATA_DIR/keys/instance.pem) and SECRET_KEY. Without them another machine makes a key "
            "of its own, and second factors of telephones end: keep both elsewhere (--keys puts the first one in)."
        )


def _make(settings: Settings, file: Path, passphrase: str | None) -> making.Made:
    progress = Progress("rows")
    try:
        return making.make(db.database(), settings.data_dir, file, passphrase, progress.tell)
    except snapshot.NoSchema:
        _refused("There is nothing to back up: the database has no tables yet.")
    except making.NoKey:
        _refused(f"There is no private key in {settings.data_dir / making.KEYS}: leave --keys out.")
    except (DomainError, cells.UnknownKind) as error:
        _refused(getattr(error, "message", str(error)))
    except OSError as error:
        _refused(f"{file}: {error.strerror or error}")
    finally:
        progress.end()


def _say_made(file: Path, made: making.Made) -> None:
    click.echo(
        f"{file}: {file.stat().st_size / 1e6:.1f} MB, {made.rows} rows of {made.tables} tables, {made.files} files, "
        f"schema {made.schema}."
    )
    click.echo(f"Its digest is {made.digest}: note it elsewhere, and give it as --digest to restore.")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@_keys
@_passphrase_file
@click.option("--digest", help="The digest that backup printed: any other backup is refused.")
@click.option("--replace", is_flag=True, help="Put it in the place of a database that is not empty.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.option("--despite", is_flag=True, help="Put it in place even when the checks find something.")
@click.option("--check", "only_check", is_flag=True, help="Look whether FILE is whole, and do nothing.")
@with_appcontext
def restore(
    file: Path,
    keys: bool,
    passphrase_file: Path | None,
    digest: str | None,
    replace: bool,
    yes: bool,
    despite: bool,
    only_check: bool,
) -> None:
    """Put the backup FILE into the database of DATABASE_URL, SQLite or PostgreSQL, whichever it came from.

    FILE is verified to its last byte before anything is written, made beside what is there, brought to the schema of this
    release, checked, and put in place at once. The server must be stopped. Exit status 1 when anything is refused or found.
    """
    settings: Settings = current_app.config["SETTINGS"]
    with file.open("rb") as opened:
        archive = _read(opened, digest)
        if only_check:
            return
        try:
            restoring.refuse_early(settings.database_url, archive, replace=replace)
        except restoring.Refused as error:
            _refused(str(error))
        except sa.exc.DBAPIError as error:
            _refused(
                f"The database that is there cannot be read ({_said(error)}): move it away, then restore."
            )
        passphrase = _passphrase(keys, passphrase_file, new=False)
        if replace and not yes and places.is_filled(db.database()):
            click.confirm("What is in this database now will be gone for good. Go on?", abort=True)
        wanted = Wanted(passphrase, replace=replace, despite=despite)
        report = _restore(settings.database_url, settings.data_dir, archive, wanted)
    _say_restored(report, archive, keys=keys)
    sys.exit(1 if report.wrong else 0)


def _read(opened: object, digest: str | None) -> Reader:
    progress = Progress("bytes")
    try:
        archive = Reader(opened, progress.tell)  # type: ignore[arg-type]
    except Damaged as error:
        progress.end()
        _refused(f"This backup is not whole, and nothing was changed: {error}.")
    progress.end()
    manifest = archive.manifest
    rows = sum(member.rows for member in manifest.members)
    click.echo(
        f"The backup is whole: {rows} rows, schema {manifest.schema}, of {manifest.at}, from {manifest.database}. "
        f"Its digest is {archive.digest}."
    )
    if digest is not None and digest != archive.digest:
        _refused("That is not the digest you gave: it is another backup. Nothing was changed.")
    return archive


def _restore(url: str, data_dir: Path, archive: Reader, wanted: Wanted) -> Report:
    progress = Progress("done")

    def say(words: str) -> None:
        progress.end()
        click.echo(words)

    try:
        return restoring.restore(url, data_dir, archive, wanted, say, progress.tell)
    except sealed_keys.WrongPassphrase:
        progress.end()
        _refused("The passphrase does not open the keys of this backup. Nothing was changed.")
    except (restoring.Refused, places.InUse, Damaged, filling.DoesNotFit) as error:
        progress.end()
        _refused(f"Nothing was changed. {error}")
    except DomainError as error:
        progress.end()
        _refused(f"Nothing was changed. {error.message}")
    except sa.exc.DBAPIError as error:
        progress.end()
        _refused(f"Nothing was changed. The database refused: {_said(error)}")
    except OSError as error:
        progress.end()
        _refused(f"Nothing was changed. {error.filename or data_dir}: {error.strerror or error}")
    finally:
        progress.end()


def _said(error: sa.exc.DBAPIError) -> str:
    """What the database said, without the values that it may have quoted."""
    told = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return str(told or error.orig).partition("\n")[0]


def _say_restored(report: Report, archive: Reader, *, keys: bool) -> None:
    click.echo(f"{report.rows} rows and {report.files} files are in place.")
    if report.upgraded:
        click.echo(f"The schema was {report.schema}, and was brought to that of this release.")
    click.echo(
        f"{report.drafts} drafts begin a new life: open browsers load again, and offer what they hold. Everybody signs in "
        f"anew; {report.tokens} personal tokens were taken back."
    )
    if report.erased:
        click.echo(f"Erased again: persons {', '.join(map(str, report.erased))}.")
    for draft, reference in report.redactions:
        click.echo(f"To be redacted again by hand: draft {draft}, request {reference}.")
    if not keys:
        held = archive.manifest.member(making.SEALED) is not None
        click.echo(
            "The private key was left as it is in DATA_DIR/keys."
            + (" There is one in this backup: --keys puts it in place." if held else "")
        )
    click.echo(
        "Erasures and redactions after the backup that this machine does not know of are to be done again: docs/backup.md."
    )


@click.command("move-database")
@click.argument("target", metavar="TARGET_URL")
@click.option("--replace", is_flag=True, help="Put it in the place of what is in the target.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@with_appcontext
def move_database(target: str, replace: bool, yes: bool) -> None:
    """Copy everything from DATABASE_URL into TARGET_URL, SQLite or PostgreSQL, and check it there.

    The server must be stopped. The database here stays as it is; afterwards set DATABASE_URL to TARGET_URL and start.
    People sign in anew; texts, unsent strokes of browsers and tokens go on as if nothing had happened.
    """
    settings: Settings = current_app.config["SETTINGS"]
    try:
        url = Settings.from_env({}, database_url=target, secret_key=settings.secret_key).database_url
        places.refuse_in_use(db.database())
    except (SettingsError, places.InUse) as error:
        _refused(str(error))
    if url == settings.database_url:
        raise click.UsageError("TARGET_URL is the database that is in use already")
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".moving-") as folder:
        file = Path(folder) / "moving.backup"
        _make(settings, file, None)
        try:
            with file.open("rb") as opened:
                archive = _read(opened, None)
                db.configure(url)
                if replace and not yes and places.is_filled(db.database()):
                    click.confirm("What is in the target now will be gone for good. Go on?", abort=True)
                report = _restore(url, settings.data_dir, archive, Wanted(replace=replace, moved=True))
        finally:
            db.configure(settings.database_url)
    click.echo(f"{report.rows} rows are in the new database. Set DATABASE_URL to it, then start the server.")
    sys.exit(1 if report.wrong else 0)
