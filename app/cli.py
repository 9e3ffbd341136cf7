"""The commands of `flask --app wsgi …`. Exit status 0: done, 1: something was found or refused, 2: bad call."""

from __future__ import annotations

import sys

import click
from flask import Flask

from app import audit, schema_versions, seed
from app.accounts import passwords, service
from app.db import reading, unit_of_work
from app.errors import DomainError
from app.policy import PortalRole
from config import Settings


def init_app(app: Flask) -> None:
    for command in (seed_command, create_admin, audit_verify):
        app.cli.add_command(command)


@click.command("seed")
@click.option(
    "--demo", is_flag=True, required=True, help="Fill an empty database with demonstration content."
)
def seed_command(demo: bool) -> None:
    """Make demonstration content in an empty database."""
    from flask import current_app

    settings: Settings = current_app.config["SETTINGS"]
    schema_versions.upgrade(settings.database_url)
    if not seed.when_empty(current_app):  # type: ignore[arg-type]
        click.echo(
            "This database already holds something; demonstration content goes into an empty one.", err=True
        )
        sys.exit(1)


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


@click.command("audit-verify")
def audit_verify() -> None:
    """Check that no sealed audit entry was changed, moved or removed."""
    with reading():
        broken = audit.verify()
    if broken is not None:
        click.echo(f"The audit chain is broken at seal {broken}.", err=True)
        sys.exit(1)
    click.echo("The audit chain is whole.")
