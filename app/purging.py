"""The purge: everything that the register of personal data says has an end, brought to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app import db, jobs, mail, privacy
from app.accounts import kept_data as accounts_data
from drafts import kept_data as drafts_data
from labs import kept_data as labs_data
from publish import kept_data as publish_data
from publish import search_index

__all__ = ["ROOMS", "chores", "purge"]

# Each registers its entries as it is imported.
ROOMS = (accounts_data, labs_data, drafts_data, publish_data)


def chores() -> list[Callable[[], object]]:
    """What the register names, once each, in its order."""
    return list(dict.fromkeys(entry.chore for entry in privacy.entries() if entry.chore is not None))


def purge(data_dir: Path) -> None:
    """Every chore of the register in a transaction of its own; the files of mails that went go after the commit."""
    for chore in chores():
        if chore is jobs.sweep:
            # Rows with a date have a transaction each.
            chore()
            continue
        with db.unit_of_work():
            done = chore()
        for number in done if isinstance(done, list) else ():
            mail.file_of(number, data_dir / "mail").unlink(missing_ok=True)
    search_index.forget_unused()


@click.command("purge")
@with_appcontext
def purge_now() -> None:
    """Erase now what the register of personal data says has had its time. The worker does it every hour."""
    purge(current_app.config["SETTINGS"].data_dir)
    click.echo("Purged.")


def init_app(app: Flask) -> None:
    app.cli.add_command(purge_now)
