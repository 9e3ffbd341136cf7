"""The commands of `flask --app wsgi …`. Exit status 0: done, 1: something was found or refused, 2: bad call."""

from __future__ import annotations

import json
import sys
import time

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import make_url

from app import (
    backup_commands,
    evidence_commands,
    import_commands,
    openapi,
    purging,
    redact_command,
    schema_versions,
    seed,
    seed_reset,
    site_commands,
)
from app.accounts import cookie, passwords, service
from app.db import reading, unit_of_work
from app.doctor import command as doctor
from app.errors import DomainError
from app.policy import PortalRole
from config import Settings
from drafts import healing, refused, reopening
from publish import links


def init_app(app: Flask) -> None:
    for command in (
        migrate,
        seed_command,
        create_admin,
        draft_heal,
        refused_updates,
        check_links,
        openapi_command,
    ):
        app.cli.add_command(command)
    evidence_commands.init_app(app)
    redact_command.init_app(app)
    import_commands.init_app(app)
    site_commands.init_app(app)
    doctor.init_app(app)
    purging.init_app(app)
    backup_commands.init_app(app)


@click.command("migrate")
@with_appcontext
def migrate() -> None:
    """Bring the database to the schema of this release. A server does the same at its start; does nothing when it is there."""
    settings: Settings = current_app.config["SETTINGS"]
    schema_versions.upgrade(settings.database_url)
    click.echo(f"The database has the schema {schema_versions.newest()}.")


@click.command("seed")
@click.option("--demo", is_flag=True, help="Fill an empty database with demonstration content.")
@click.option(
    "--reset",
    is_flag=True,
    help="Empty a demonstration and fill it again, as on its first day. The keys stay.",
)
@click.option("--yes", is_flag=True, help="Do not ask again.")
@with_appcontext
def seed_command(demo: bool, reset: bool, yes: bool) -> None:
    """Make demonstration content in an empty database, or put a new demonstration in the place of one.

    A server may run meanwhile: it goes on with the old one until the new one is there, then its people are signed out.
    """
    if demo == reset:
        raise click.UsageError("Give --demo or --reset.")
    settings: Settings = current_app.config["SETTINGS"]
    schema_versions.upgrade(settings.database_url)
    if reset:
        _seed_again(current_app, settings, yes)  # type: ignore[arg-type]
    elif not seed.when_empty(current_app):  # type: ignore[arg-type]
        click.echo(
            "This database already holds something; demonstration content goes into an empty one.", err=True
        )
        sys.exit(1)


def _seed_again(app: Flask, settings: Settings, yes: bool) -> None:
    try:
        ours, others = seed_reset.refuse_anything_else(settings)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("Without a terminal, --reset needs --yes.")
            place = make_url(settings.database_url).render_as_string()
            told = (
                f"Empty {place}, with {ours} demonstration accounts and {others} others, and all they wrote?"
            )
            click.confirm(f"{told} This cannot be undone.", abort=True)
        seed_reset.reset(app, settings)
    except (seed_reset.NotADemonstration, DomainError) as error:
        click.echo(getattr(error, "detail", "") or str(error), err=True)
        sys.exit(1)
    click.echo("The demonstration is as on its first day.")


@click.command("create-admin")
@click.argument("email")
@click.argument("name")
@click.password_option()
def create_admin(email: str, name: str, password: str) -> None:
    """Create the first administrator, with a password of 12 characters at least."""
    if passwords.weakness(password):
        click.echo("Choose a longer, less common password (12 characters at least).", err=True)
        sys.exit(1)
    try:
        with unit_of_work():
            person = service.create_person(email, name, None, password)
            service.give_role(person, PortalRole.ADMINISTRATOR)
    except DomainError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    click.echo(f"{person.email} administers this portal.")


@click.command("draft-heal")
@click.argument("draft_id", type=int)
def draft_heal(draft_id: int) -> None:
    """Begin a new life of a draft with what its log still says; what cannot be replayed stays in the log only."""
    try:
        healed = healing.heal(draft_id, None, healing.ASKED)
    except DomainError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    finally:
        reopening.close()
    click.echo(f"Draft {draft_id} goes on from number {healed.seq} under the history {healed.history}.")
    if healed.left_out:
        click.echo(f"Not in the text any more: rows {', '.join(map(str, healed.left_out))}.")


@click.command("refused-updates")
@click.option("--draft", "draft_id", type=int, help="Only those of this draft.")
@click.option("--bytes", "with_bytes", is_flag=True, help="With the bytes themselves, in hexadecimal.")
def refused_updates(draft_id: int | None, with_bytes: bool) -> None:
    """List what the gate refused lately: when, which draft, which person, why, how large."""
    with reading():
        for row in refused.kept(draft_id):
            more = f" and {row.untold} more" if row.untold else ""
            line = f"{row.at:%Y-%m-%d %H:%M:%S} draft {row.draft_id} person {row.person_id} {row.code} {row.size} bytes{more}"
            click.echo(f"{line} {row.update.hex()}" if with_bytes else line)


@click.command("openapi")
@with_appcontext
def openapi_command() -> None:
    """Print the OpenAPI 3.1 document of /api/v1, as /api/openapi.json gives it."""
    settings = current_app.config["SETTINGS"]
    said = openapi.document(current_app, settings.public_url, cookie.name(settings))  # type: ignore[arg-type]
    click.echo(json.dumps(said, ensure_ascii=False, indent=1))


@click.command("check-links")
@with_appcontext
def check_links() -> None:
    """Look at every address that a live page or the directory leads to, now; politely, so it takes a while.

    Exit status 1 when one does not answer.
    """
    settings = current_app.config["SETTINGS"]
    under_way = links.Round.as_portal(settings.public_url)
    with unit_of_work():
        total = links.take_stock()
    with reading():
        left = list(links.live_links())
    bad = done = 0
    while left or under_way:
        begun = under_way.ask(left)
        waiting = under_way.urls
        left = [url for url in left if url not in waiting]
        for found in under_way.finished():
            done += 1
            with unit_of_work():
                links.note(found)
            if not found.is_there:
                bad += 1
                click.echo(f"{found.said}\t{found.url}")
            if sys.stderr.isatty():
                click.echo(f"\r{done} of {total}", nl=done == total, err=True)
        if not begun:
            time.sleep(0.1)
    under_way.close()
    click.echo(f"{done} addresses, {bad} that do not answer.")
    sys.exit(1 if bad else 0)
