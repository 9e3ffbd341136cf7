"""The command that copies the public portal into a folder. Exit status as in `app.cli`."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.db import reading
from app.errors import DomainError
from app.progress import Progress
from publish import pack_making, packs
from publish.static_site.export import Report, Wanted, export
from publish.static_site.manifest import NotOurs
from publish.static_site.writer import InTheWay, put

# So many names of files are told one by one.
TOLD = 40


def init_app(app: Flask) -> None:
    app.cli.add_command(export_site)
    app.cli.add_command(export_pack)


def _base_url(_context: click.Context, _option: click.Parameter, value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise click.BadParameter("give an address such as https://copie.example")
    return value.rstrip("/")


@click.command("export-site")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--base-url", default="", callback=_base_url, help="Where the copy will be served; PUBLIC_URL by default."
)
@click.option("--dry-run", is_flag=True, help="Say what would be written and taken away, and do nothing.")
@click.option(
    "--force", is_flag=True, help="Write into a folder that holds other things. None of them is taken away."
)
@click.option(
    "--everything", is_flag=True, help="Make every page again, even where nothing it depends on has changed."
)
@with_appcontext
def export_site(folder: Path, base_url: str, dry_run: bool, force: bool, everything: bool) -> None:
    """Copy the whole public portal into FOLDER as plain files, or bring the copy there up to date.

    Only what changed is written. Exit status 1 when the folder is not one of this command's, or a file of the copy was
    changed by somebody else; nothing of theirs is touched.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    progress = Progress("pages")
    try:
        report = export(app, Wanted(folder, base_url, dry_run, force, everything), progress.tell)
    except (NotOurs, InTheWay, DomainError) as error:
        click.echo(getattr(error, "message", str(error)), err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(
            f"{folder}: {error.strerror or error}; run the command again, it goes on from there", err=True
        )
        sys.exit(1)
    finally:
        progress.end()
    _say(report, dry_run)
    sys.exit(1 if report.changed_by_others else 0)


@click.command("export-pack")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--theme", "themes", multiple=True, help="The end of a theme's address; all themes without.")
@click.option(
    "--administration", "administrations", multiple=True, help="The end of an administration's address."
)
@with_appcontext
def export_pack(file: Path, themes: tuple[str, ...], administrations: tuple[str, ...]) -> None:
    """Write the mediator's pack into FILE: pages to open without a line, and a leaflet to print for each theme.

    Exit status 1 when the choice has no article, or too many.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        with reading():
            choice = packs.chosen(themes, administrations)
        done = pack_making.made(app, choice)
        put(file.resolve().parent, file.name, done.content, durable=True)
    except DomainError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    except pack_making.TooLarge:
        click.echo("this choice makes too large a file: choose fewer themes", err=True)
        sys.exit(1)
    except (OSError, InTheWay) as error:
        click.echo(f"{file}: {getattr(error, 'strerror', None) or error}", err=True)
        sys.exit(1)
    click.echo(f"{file}: {len(done.content) / 1e6:.1f} MB")


def _say(report: Report, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for verb, names in (("written", report.written), ("taken away", report.removed)):
        if dry_run:
            for name in names[:TOLD]:
                click.echo(f"{would}{verb}: {name}")
            if len(names) > TOLD:
                click.echo(f"… and {len(names) - TOLD} more")
    for name in report.changed_by_others:
        click.echo(f"changed by somebody else, left alone: {name}", err=True)
    click.echo(
        f"{report.total} files; {len(report.written)} {would}written, {len(report.removed)} {would}taken away."
    )
