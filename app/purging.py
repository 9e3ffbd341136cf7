"""The purge: everything that the register of personal data says has an end, brought to it."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app import db, jobs, mail, privacy
from app.accounts import erasing, exporting
from app.accounts import kept_data as accounts_data
from app.importing import kept_data as importing_data
from app.oidc import kept_data as oidc_data
from drafts import kept_data as drafts_data
from labs import kept_data as labs_data
from publish import kept_data as publish_data
from publish import search_index

log = logging.getLogger(__name__)

__all__ = ["ROOMS", "chores", "purge"]

# Each registers its entries as it is imported.
ROOMS = (accounts_data, oidc_data, labs_data, drafts_data, publish_data, importing_data)


def chores() -> list[Callable[[], object]]:
    """What the register names, once each, in its order."""
    return list(dict.fromkeys(entry.chore for entry in privacy.entries() if entry.chore is not None))


def purge(data_dir: Path) -> None:
    """Every chore of the register in a transaction of its own; the files of mails that went go after the commit."""
    failed: Exception | None = None
    for chore in (*chores(), search_index.forget_unused):
        try:
            _do(chore, data_dir)
        except Exception as error:
            log.warning("a chore of the purge failed, the others go on: %s", error)
            failed = error
    if failed is not None:
        raise failed


def _do(chore: Callable[[], object], data_dir: Path) -> None:
    if chore in (jobs.sweep, search_index.forget_unused):
        # These have transactions of their own.
        chore()
        return
    with db.unit_of_work():
        done = chore()
    for number in done if isinstance(done, list) else ():
        mail.file_of(number, data_dir / "mail").unlink(missing_ok=True)


@click.command("export-person")
@click.argument("who", metavar="EMAIL_OR_ID")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def export_person(who: str, file: Path) -> None:
    """Write everything that is kept of a person into FILE, as JSON, for that person. Exit status 2: there is none."""
    with db.reading():
        found = erasing.found(who)
        told = exporting.export(found.id) if found is not None else None
    if told is None:
        click.echo("There is no such person.", err=True)
        sys.exit(2)
    # For the eyes of whoever asked alone, from its first byte on.
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as written:
        json.dump(told, written, ensure_ascii=False, indent=1)
    click.echo(f"Written: {file}")


@click.command("purge")
@with_appcontext
def purge_now() -> None:
    """Erase now what the register of personal data says has had its time. The worker does it every hour."""
    purge(current_app.config["SETTINGS"].data_dir)
    click.echo("Purged.")


def init_app(app: Flask) -> None:
    app.cli.add_command(export_person)
    app.cli.add_command(purge_now)
