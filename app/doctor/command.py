"""The command itself. Exit status 0: nothing is wrong, 1: something is, 2: bad call."""

from __future__ import annotations

import json
import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.doctor import instance, machine, outside, stores
from app.doctor.findings import Check, Finding, State, examine

# In the order in which they are shown; docs/doctor.md has a line for each finding.
CHECKS: dict[str, Check] = {
    "clock.zone": machine.zone,
    "clock.database": stores.clock_of_database,
    "disk": machine.disk,
    "permissions": machine.permissions,
    "secret": instance.secret,
    "database": stores.database_answers,
    "database.integrity": stores.integrity,
    "work": stores.work,
    "redis": stores.redis_answers,
    "mail": outside.mails,
    "origins": instance.addresses,
    "origins.proxies": instance.proxies,
    "identity": outside.providers,
    "children": machine.children,
    "bundle": machine.bundle,
    "accounts": instance.accounts,
    "audit": stores.chain,
    "backup": instance.backup,
    "keys": machine.keys,
}
_SHOWN = {State.OK: "ok   ", State.NOTE: "note ", State.WRONG: "WRONG"}


def init_app(app: Flask) -> None:
    app.cli.add_command(doctor)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Look at everything this instance stands on; say what is wrong and what to do. Changes nothing, sends nothing.

    Takes 20 seconds at most. Exit status 1 when something is wrong. Every finding is explained in docs/doctor.md.
    """
    found = examine(current_app.config["SETTINGS"], CHECKS)
    wrong = sum(finding.state is State.WRONG for finding in found)
    click.echo(_as_json(found, wrong) if as_json else _as_lines(found, wrong))
    sys.exit(1 if wrong else 0)


def _as_json(found: list[Finding], wrong: int) -> str:
    rows = [
        {"check": each.check, "state": str(each.state), "says": each.says, "remedy": each.remedy}
        for each in found
    ]
    return json.dumps({"well": not wrong, "findings": rows}, ensure_ascii=False, indent=1)


def _as_lines(found: list[Finding], wrong: int) -> str:
    width = max(len(each.check) for each in found)
    lines = []
    for each in found:
        lines.append(f"{_SHOWN[each.state]}  {each.check:<{width}}  {each.says}")
        if each.remedy:
            lines.append(f"{'':5}  {'':<{width}}  → {each.remedy}")
    lines.append(f"{wrong} of {len(found)} are wrong." if wrong else "Everything is well.")
    return "\n".join(lines)
