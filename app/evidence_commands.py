"""The commands about seals, evidence, the audit chain, refusals and erasure. Exit status as in `app.cli`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import BinaryIO, NoReturn

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app import audit, mail, refusals
from app.accounts import erasing
from app.db import reading, session, unit_of_work
from app.errors import DomainError
from config import Settings
from drafts import audit_heads, evidence_file, forgetting, seal, trusted_keys
from publish import evidence
from publish.models import Edition


def init_app(app: Flask) -> None:
    for command in (
        audit_verify,
        evidence_verify,
        key_rotate,
        key_export,
        refused_acts,
        erase_person,
        erase_expert,
    ):
        app.cli.add_command(command)


def _bad_call(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(2)


@click.command("audit-verify")
@click.option(
    "--head", "noted", metavar="NUMBER:DIGEST", help="An end of the chain that you noted elsewhere."
)
@click.option(
    "--heads",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A copy of the noted heads; DATA_DIR/audit when not given.",
)
@with_appcontext
def audit_verify(noted: str | None, folder: Path | None) -> None:
    """Check the audit chain against its noted heads, then every edition against its evidence.

    Names the first entry that was changed, moved, added or removed, and each edition that is not as it was
    sealed. Prints the end of the chain: note it elsewhere, and give it as --head the next time.
    """
    given = _head(noted)
    settings: Settings = current_app.config["SETTINGS"]
    wrong = []
    try:
        # First what was noted, then the chain: it only grows.
        heads = list(audit_heads.noted(folder or audit_heads.folder(settings.data_dir), seal.public_keys()))
    except audit_heads.HeadBroken as error:
        heads = []
        wrong.append(f"noted heads: {error}")
    if given is not None:
        heads = sorted([*heads, given], key=lambda one: one.number)
    with reading():
        broken = audit.verify(iter(heads))
        end = audit.head()
    if broken is not None:
        wrong.append(f"audit chain: {broken.says}")
    if not heads and end.number:
        click.echo("No head was noted outside the database: a missing end of the chain would not be seen.")
    elif heads and end.number > heads[-1].number:
        click.echo(f"Seals {heads[-1].number + 1} to {end.number} came after the last noted head.")
    wrong += _editions()
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        sys.exit(1)
    click.echo(f"The audit chain is whole; its end is {end}")


def _head(noted: str | None) -> audit.Head | None:
    if noted is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}:[0-9a-f]{64}", noted):
        _bad_call("--head is a number, a colon and 64 hexadecimal digits, as audit-verify prints them.")
    number, _colon, digest = noted.partition(":")
    return audit.Head(int(number), digest)


def _editions() -> list[str]:
    """What of the editions and their evidence is not as it was sealed."""
    with reading():
        wrong = evidence.lost()
        ids = evidence.all_ids()
    on_terminal = sys.stderr.isatty()
    for done, edition_id in enumerate(ids, 1):
        with reading():
            edition = session().get(Edition, edition_id)
            if edition is not None:
                wrong += evidence.examine(edition)
        if on_terminal:
            click.echo(f"\r{done} of {len(ids)} editions", nl=done == len(ids), err=True)
    click.echo(f"{len(ids)} editions looked at.")
    return wrong


@click.command("evidence-verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The trusted key file (key-export). Without it: the keys of this instance.",
)
@click.option(
    "--root", metavar="KEY", help="Trust only this key of the file, and those that it sealed step by step."
)
def evidence_verify(file: Path, keys: Path | None, root: str | None) -> None:
    """Check the evidence FILE of an edition. Needs no database, and believes no key in the file itself.

    One line for each check. Exit status 1 when one does not hold, 2 when a file cannot be read.
    """
    try:
        content = keys.read_bytes()[: trusted_keys.LARGEST_FILE + 1] if keys else _own_keys()
        trusted = trusted_keys.read(content, root)
        with file.open("rb") as opened:
            raw = opened.read(evidence_file.LARGEST_FILE + 1)
    except (OSError, trusted_keys.KeysUnreadable) as error:
        _bad_call(f"Unreadable: {error}")
    try:
        checks = evidence_file.examine(raw, trusted)
    except evidence_file.NotEvidence as error:
        click.echo(f"NOT   {error}")
        sys.exit(1)
    for check in checks:
        click.echo(f"{'ok  ' if check.holds else 'NOT '}  {check.says}")
    bad = sum(not check.holds for check in checks)
    click.echo(f"{bad} of {len(checks)} checks do not hold." if bad else "Everything holds.")
    sys.exit(1 if bad else 0)


def _own_keys() -> bytes:
    known = seal.public_keys()
    if not known:
        _bad_call("There is no key here to trust: give a key file with --keys.")
    return trusted_keys.written(known, seal.successions())


@click.command("key-rotate")
@click.confirmation_option(
    "--yes", prompt="Seal with a new key from now on, and destroy the private key so far?"
)
def key_rotate() -> None:
    """Seal with a new key from now on. Old public keys stay, and the old key seals the new one."""
    with unit_of_work():
        old, new = seal.rotate()
        audit.record(None, "key_rotate", "key", new, before=old)
    click.echo(f"The key {new} seals from now on; {old} sealed it.")
    click.echo("Give the new key file (key-export) to those who verify.")


@click.command("key-export")
@click.argument("file", type=click.File("wb"), default="-")
def key_export(file: BinaryIO) -> None:
    """Write the trusted key file, to FILE or to the screen: every public key this instance ever sealed with."""
    seal.current_id()  # made at the first need
    file.write(trusted_keys.written(seal.public_keys(), seal.successions()))


@click.command("refused-acts")
@click.option("--person", "person_id", type=int, help="Only those of this person; 0 is who is not signed in.")
def refused_acts(person_id: int | None) -> None:
    """List who was refused what, and how often, hour by hour."""
    with reading():
        for row in refusals.kept(person_id):
            click.echo(f"{row.hour:%Y-%m-%d %H}h person {row.person_id} {row.act} {row.count}")


@click.command("erase-person")
@click.argument("who", metavar="EMAIL_OR_ID")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@with_appcontext
def erase_person(who: str, yes: bool) -> None:
    """Erase name, address, password, sign-ins and mails of a person, for ever. What they did stays, under a number.

    Evidence and audit hold numbers only, and verify as before.
    """
    settings: Settings = current_app.config["SETTINGS"]
    with reading():
        found = erasing.found(who)
    if found is None:
        _bad_call("There is no such person. An expert without an account: erase-expert.")
    if not yes:
        click.confirm(
            f"Erase {found.name} <{found.email}> (person {found.id})? This cannot be undone.", abort=True
        )
    try:
        with unit_of_work():
            mails = erasing.erase(None, found.id)
    except DomainError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    _remove_files(settings, mails)
    click.echo(f"Person {found.id} is erased.")


def _remove_files(settings: Settings, mails: list[int]) -> None:
    for mail_id in mails:
        mail.file_of(mail_id, settings.data_dir / "mail").unlink(missing_ok=True)


@click.command("erase-expert")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@with_appcontext
def erase_expert(email: str, yes: bool) -> None:
    """Erase name, address, links and mails of an expert at once. What they advised stays, under a number.

    Without this command it is done by itself, thirty days after their link is over and once the review has ended.
    """
    settings: Settings = current_app.config["SETTINGS"]
    with reading():
        names = forgetting.experts_called(email)
    if not names:
        _bad_call("Nobody was asked for advice at this address.")
    if not yes:
        click.confirm(f"Erase {', '.join(names)} <{email}>? This cannot be undone.", abort=True)
    with unit_of_work():
        mails = forgetting.erase_expert(None, email)
    _remove_files(settings, mails)
    click.echo("The expert is erased.")
