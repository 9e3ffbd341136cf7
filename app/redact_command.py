"""The command that takes words out of a draft on a legal request. Exit status as in `app.cli`."""

from __future__ import annotations

import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app import mail, scrub
from app.errors import DomainError
from config import Settings
from drafts import redacting, reopening
from publish import redacting as published
from publish import search_index

# So many of each kind are shown one by one; the rest is counted.
SHOWN = 40


def init_app(app: Flask) -> None:
    # Of what the public reads, that room takes the words out.
    redacting.redacts(published.take_out)
    app.cli.add_command(redact)
    app.cli.add_command(compact)


@click.command("redact")
@click.argument("draft_id", type=int)
@click.option("--words", required=True, help="The exact passage, capitals included, within one paragraph.")
@click.option(
    "--reference", default="", help="How the request is called where it is kept. Stays; names nobody."
)
@click.option("--reason", default="", help="Why it is right to do so. Stays; names nobody.")
@click.option(
    "--image", "images", multiple=True, help="The id of an image of the draft to be taken away as well."
)
@click.option("--dry-run", is_flag=True, help="Only show what would be taken out, and where.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@with_appcontext
def redact(
    draft_id: int,
    words: str,
    reference: str,
    reason: str,
    images: tuple[str, ...],
    dry_run: bool,
    yes: bool,
) -> None:
    """Take a passage out of a draft and of all that was made of it, for ever: log, versions, editions, evidence.

    « [texte retiré] » stands where it was read. Everybody who has the text open is told to load it again. Exit
    status 1 when the words stand nowhere, or also elsewhere: what belongs to something else is listed and stays.
    """
    try:
        seen = redacting.look(None, draft_id, words)
        _show(seen)
        if dry_run:
            sys.exit(1 if seen.is_empty else 0)
        if not yes:
            click.confirm("Take all of this out? This cannot be undone.", abort=True)
        done = redacting.redact(None, draft_id, words, reason=reason, reference=reference, pictures=images)
    except DomainError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    finally:
        reopening.close()
    settings: Settings = current_app.config["SETTINGS"]
    for mail_id in done.mails:
        mail.file_of(mail_id, settings.data_dir / "mail").unlink(missing_ok=True)
    search_index.forget_unused()
    click.echo(f"Done: redaction {done.id}.")
    if not scrub.write_anew():
        click.echo(
            "The database file could not be written anew: stop the server, and run `compact`.", err=True
        )
        sys.exit(1)
    click.echo("Copies made before (backups) still hold the words until they are over: docs/privacy.md.")
    sys.exit(1 if done.seen.others or done.seen.other_drafts else 0)


@click.command("compact")
@with_appcontext
def compact() -> None:
    """Write the database anew, without the room and the bytes of what is no longer in it. People wait meanwhile.

    Exit status 1 when others kept it from being done for a minute: stop the server, and run it again.
    """
    click.echo("Writing the database anew…")
    if not scrub.write_anew():
        click.echo("Others kept the database busy. Stop the server, and run it again.", err=True)
        sys.exit(1)
    click.echo("Done.")


def _show(seen: redacting.Seen) -> None:
    click.echo(f"Drafts of the same page: {', '.join(map(str, seen.drafts))}")
    for draft_id, seq, around in seen.texts[:SHOWN]:
        click.echo(f"text of draft {draft_id}, row {seq}: {around}")
    for place in seen.places[:SHOWN]:
        click.echo(f"{place.where} [{place.key}] {' '.join(place.around)}".rstrip())
    for place in seen.others[:SHOWN]:
        click.echo(f"elsewhere, stays: {place.where} [{place.key}]")
    for draft_id in seen.other_drafts:
        click.echo(f"elsewhere, stays: the text of draft {draft_id}; it is redacted by itself")
    hidden = (
        max(0, len(seen.texts) - SHOWN) + max(0, len(seen.places) - SHOWN) + max(0, len(seen.others) - SHOWN)
    )
    if hidden:
        click.echo(f"… and {hidden} more.")
