"""The commands that bring what exists already. Exit status 0: done, 1: rows were refused, 2: bad call.

Each can be run again with the next file of the same partner: what is the same stays as it is.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.accounts import service as accounts
from app.accounts.models import Person, PersonStatus
from app.db import reading, session
from app.errors import DomainError
from app.importing import mapping as mappings
from app.importing import portal_source
from app.importing.administrations import Administrations
from app.importing.mapping import Unmapped
from app.importing.people import People
from app.importing.portal import PageTold, PortalRun
from app.importing.portal_report import Report
from app.importing.records import Importer, State, Told
from app.importing.run import Run
from app.importing.services import Services
from app.importing.table import Table, Unreadable
from app.policy import PORTAL, Act, Actor, acts_for
from config import Settings
from drafts import reopening

# So many refused rows are named; who has more of them looks at the first ones first.
MOST_NAMED = 200
# A file that lacks so much of what the last one had is more likely cut than true.
FEW = 10
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
_SIGNS = {
    State.NEW: "+", State.CHANGED: "~", State.BACK: "^", State.REMOVED: "-", State.LEFT: "=", State.BAD: "!",
}  # fmt: skip


def init_app(app: Flask) -> None:
    for command in (import_administrations, import_services, import_people, import_portal):
        app.cli.add_command(command)


def bad_call(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(2)


def administrator(email: str) -> Actor:
    """Who does it: an administrator of the portal, by their address."""
    with reading():
        number = session().scalar(
            sa.select(Person.id).where(
                Person.email == email.strip().lower(), Person.status == PersonStatus.ACTIVE
            )
        )
        actor = accounts.actor_for_person(number) if number is not None else None
        if actor is None or Act.PORTAL_ADMINISTER not in acts_for(actor, PORTAL):
            bad_call(f"--as {email}: this is no administrator of the portal.")
    return actor


def checked_partner(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise click.BadParameter("small letters, digits and hyphens, 80 at the most: province-sud")
    return value


def plain(words: str) -> str:
    """Words of a stranger's file on one line of a terminal, without what a terminal obeys."""
    line = re.sub(r"\s+", " ", words)
    return "".join(one if one.isprintable() else "\ufffd" for one in line)[:300]


def show(told: Told) -> None:
    """A line for each thing that differs, and one for each of its fields."""
    where = f"line {told.line}: " if told.line else ""
    if told.state is State.UNCHANGED:
        return
    if told.state is State.BAD:
        column = f"column {plain(told.column)}: " if told.column else ""
        click.echo(f"! {where}{column}{plain(told.sentence)}  [{plain(told.name)}]", err=True)
        return
    end = f"  ({plain(told.sentence)})" if told.sentence else ""
    click.echo(f"{_SIGNS[told.state]} {told.state} {where}{plain(told.name)}{end}")
    for name, old, new in told.differences:
        click.echo(f"    {plain(name)}: « {plain(old)} » → « {plain(new)} »")


class Listener:
    """What a run tells, shown; `quiet` after so many refused rows, which are counted all the same."""

    def __init__(self, word: str, total: int | None) -> None:
        self.word, self.total = word, total
        self.on_terminal = sys.stderr.isatty()
        self.bad = 0

    def tell(self, told: Told) -> None:
        if told.state is State.BAD:
            self.bad += 1
            if self.bad > MOST_NAMED:
                return
        if self.on_terminal:
            click.echo("\r\x1b[K", nl=False, err=True)
        show(told)

    def moved(self, done: int) -> None:
        if self.on_terminal:
            end = f" of {self.total}" if self.total is not None else ""
            click.echo(f"\r{self.word} {done}{end}", nl=False, err=True)

    def close(self) -> None:
        if self.on_terminal:
            click.echo("", err=True)
        if self.bad > MOST_NAMED:
            click.echo(f"! … and {self.bad - MOST_NAMED} more rows.", err=True)


def summary(counts: Counter[State]) -> str:
    words = {
        State.NEW: "new",
        State.CHANGED: "changed",
        State.BACK: "back",
        State.REMOVED: "no longer in the file",
        State.LEFT: "left as they are here",
        State.UNCHANGED: "unchanged",
        State.BAD: "refused",
    }
    return ", ".join(f"{counts[state]} {word}" for state, word in words.items()) + "."


def table_options(kind: str) -> Callable[[Any], Any]:
    """What all tables share."""
    options = (
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option(
            "--partner", required=True, callback=checked_partner,
            help="Whose file this is: a word of your own, best the address of the administration here. "
            "Mapping and keys are kept under it.",
        ),
        click.option("--as", "email", required=True, help="E-mail of the administrator who does it."),
        click.option(
            "--map", "maps", multiple=True, metavar='"THEIR COLUMN=OUR_FIELD"',
            help="Which column is which field; kept for the next file of this partner.",
        ),
        click.option(
            "--set", "constants", multiple=True, metavar="OUR_FIELD=VALUE",
            help="What stands in a field that the file does not have; kept as well.",
        ),
        click.option("--dry-run", is_flag=True, help="Only tell what would be done."),
        click.option("--skip-bad", is_flag=True, help="Do the good rows although some are refused."),
        click.option(
            "--removed", type=click.Choice(["keep", "mark"]), default="keep", show_default=True,
            help=f"What becomes of {kind} that the file no longer has: told and kept, or put away as by hand.",
        ),
        click.option("--many", is_flag=True, help="Put away although the file lacks more than half of them."),
    )  # fmt: skip

    def wrap(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return wrap


def fields_of(importer: type[Any]) -> str:
    lines = [f"{one.name}{' (needed)' if one.needed else ''}: {one.says}" for one in importer.fields]
    return "\b\nFields:\n" + "\n".join(f"  {line}" for line in lines)


@click.command("import-administrations", epilog=fields_of(Administrations))
@table_options("administrations")
@with_appcontext
def import_administrations(**given: Any) -> None:
    """Bring administrations and their counters from a CSV FILE; one row for each counter, those of one administration
    one after the other. With --removed=mark an administration is closed, and a counter removed."""
    run_table(Administrations(mark_removed=given["removed"] == "mark"), **given)


@click.command("import-services", epilog=fields_of(Services))
@table_options("services")
@with_appcontext
def import_services(**given: Any) -> None:
    """Bring online services from a CSV FILE. With --removed=mark a service is withdrawn."""
    run_table(Services(given["partner"]), **given)


@click.command("import-people", epilog=fields_of(People))
@table_options("people")
@click.option("--invite", is_flag=True, help="Mail those who have no password yet, once.")
@with_appcontext
def import_people(invite: bool, **given: Any) -> None:
    """Bring agents from a CSV FILE: accounts, and roles for their own administration. Nobody is mailed without --invite.
    With --removed=mark an account is suspended."""
    run_table(People(given["partner"], invite=invite), **given)


def run_table(
    importer: Importer,
    *,
    file: Path,
    partner: str,
    email: str,
    maps: tuple[str, ...],
    constants: tuple[str, ...],
    dry_run: bool,
    skip_bad: bool,
    removed: str,
    many: bool,
) -> None:
    """Rehearse, and then do it: what is told and what is done are the same acts."""
    actor = administrator(email)
    try:
        table = Table(file)
        with reading():
            mapping = mappings.understood(
                table.header, importer.fields, mappings.kept(partner, importer.kind), maps, constants
            )
        run = Run(actor, partner, importer, table, mapping, mark_removed=removed == "mark")
        counts = _listened(run, run.rehearse, "checked", None, quiet=not dry_run)
        if counts[State.BAD] and not skip_bad:
            click.echo(f"{summary(counts)} Nothing was written: mend these rows, or give --skip-bad.")
            sys.exit(1)
        there = counts[State.UNCHANGED] + counts[State.CHANGED] + counts[State.REMOVED]
        if removed == "mark" and counts[State.REMOVED] > max(FEW, there // 2) and not many:
            click.echo(
                f"{summary(counts)} Nothing was written: the file lacks more than half. Is it whole? --many"
            )
            sys.exit(1)
        if dry_run:
            click.echo(f"{summary(counts)} Nothing was written: this was a dry run.")
            sys.exit(1 if counts[State.BAD] else 0)
        total = sum(counts.values()) - counts[State.REMOVED]
        counts = _listened(run, run.do, "done", total, quiet=False)
    except (Unreadable, Unmapped) as error:
        bad_call(str(error))
    except DomainError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    click.echo(summary(counts))
    sys.exit(1 if counts[State.BAD] else 0)


def _listened(
    run: Run, act: Callable[[], Counter[State]], word: str, total: int | None, *, quiet: bool
) -> Counter[State]:
    """Run it with everything shown; `quiet`: refused rows alone, since the rest is shown when it is done."""
    listener = Listener(word, total)
    run.tell = (
        (lambda told: listener.tell(told) if told.state is State.BAD else None) if quiet else listener.tell
    )
    run.moved = listener.moved
    try:
        return act()
    finally:
        listener.close()


@click.command(
    "import-portal",
    epilog="""\b
pages.csv, or the table itself, has the columns:
"""
    + "\n".join(
        f"  {one.name}{' (needed)' if one.needed else ''}: {one.says}" for one in portal_source.FIELDS
    ),
)
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--as", "email", required=True, help="E-mail of an administrator who writes in the lab.")
@click.option("--lab", required=True, metavar="SLUG", help="The lab in which the drafts are made.")
@click.option("--lead", required=True, metavar="ADMINISTRATION", help="Who leads and answers for the pages.")
@click.option(
    "--name",
    callback=lambda context, parameter, value: checked_partner(context, parameter, value) if value else "",
    help="How this portal is called here; the same one each time. Without it: the name of the folder or file.",
)
@click.option(
    "--map", "maps", multiple=True, metavar='"THEIR COLUMN=OUR_FIELD"', help="For the table of pages."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--skip-bad", is_flag=True, help="Do the good pages although some are refused.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write what each page lost, as CSV."
)
@with_appcontext
def import_portal(
    source: Path,
    email: str,
    lab: str,
    lead: str,
    name: str,
    maps: tuple[str, ...],
    dry_run: bool,
    skip_bad: bool,
    report: Path | None,
) -> None:
    """Bring the pages of an older portal: one draft each, in a lab, and their addresses for ever.

    SOURCE is a folder or a zip (a mirror as wget leaves it, or with a pages.csv), or a CSV with the pages in a column.
    """
    settings: Settings = current_app.config["SETTINGS"]
    actor = administrator(email)
    name = name or re.sub(r"[^a-z0-9]+", "-", source.resolve().stem.lower()).strip("-")[:80] or "portal"
    run: PortalRun | None = None
    try:
        found = portal_source.opened(source, maps)
        run = PortalRun(actor, found, name, lab, lead, settings.public_url)
        run.look()
        counts = _portal_listened(
            run, run.rehearse, "checked", quiet=not dry_run, report=report if dry_run else None
        )
        if dry_run or (counts[State.BAD] and not skip_bad):
            why = "this was a dry run." if dry_run else "mend these pages, or give --skip-bad."
            click.echo(f"{summary(counts)} Nothing was written: {why}")
            sys.exit(1 if counts[State.BAD] else 0)
        counts = _portal_listened(run, run.do, "done", quiet=False, report=report)
    except Unreadable as error:
        bad_call(str(error))
    except OSError as error:
        bad_call(f"{error.filename}: {error.strerror}")
    except DomainError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    finally:
        if run is not None:
            run.close()
        reopening.close()
    click.echo(summary(counts))
    sys.exit(1 if counts[State.BAD] else 0)


def _portal_listened(
    run: PortalRun, act: Callable[[], Counter[State]], word: str, *, quiet: bool, report: Path | None
) -> Counter[State]:
    listener = Listener(word, len(run.source.pages))
    with Report(report) as written:

        def tell(one: PageTold) -> None:
            if not quiet or one.told.state is State.BAD:
                listener.tell(one.told)
            written.add(one)

        run.tell, run.moved = tell, listener.moved
        try:
            return act()
        finally:
            listener.close()
