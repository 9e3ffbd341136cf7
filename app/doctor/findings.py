"""What a check says, and how the checks are run: side by side, each with an end, whatever the other side does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from app import logs
from app.errors import Unavailable
from config import Settings

# A server that is away is found out after 5 s (of a connection) or 10 (of an answer); beyond this it hangs.
PATIENCE_SECONDS = 20.0


class State(StrEnum):
    OK = "ok"
    # Worth knowing, and no reason for an exit status.
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do about it. Never a secret, a person or somebody's words."""

    check: str
    state: State
    says: str
    remedy: str = ""


Check = Callable[[Settings], Iterable[Finding]]


class NotThere(Exception):
    """What the check stands on is not there, which another check says."""


def ok(check: str, says: str) -> Finding:
    return Finding(check, State.OK, says)


def note(check: str, says: str, remedy: str = "") -> Finding:
    return Finding(check, State.NOTE, says, remedy)


def wrong(check: str, says: str, remedy: str) -> Finding:
    return Finding(check, State.WRONG, says, remedy)


def examine(
    settings: Settings, checks: dict[str, Check], patience: float = PATIENCE_SECONDS
) -> list[Finding]:
    """What each check says, in the order of `checks`. One that has no answer in time is left behind and named."""
    said: dict[str, list[Finding]] = {}
    threads = []
    for name, check in checks.items():
        # Left behind when it hangs (in the resolver of the system, for instance): it does not hold up the exit.
        thread = threading.Thread(
            target=lambda name=name, check=check: said.update({name: _looked(name, check, settings)}),
            daemon=True,
        )
        thread.start()
        threads.append(thread)
    give_up = time.monotonic() + patience
    for thread in threads:
        thread.join(max(0.0, give_up - time.monotonic()))
    slow = f"no answer within {patience:g} s"
    return [
        finding
        for name in checks
        for finding in said.get(name, [wrong(name, slow, "Look whether what is asked there hangs.")])
    ]


def _looked(name: str, check: Check, settings: Settings) -> list[Finding]:
    try:
        return list(check(settings))
    except NotThere as missing:
        return [note(name, f"not looked at: {missing}")]
    except Unavailable:
        return [note(name, "not looked at: the database does not answer")]
    except Exception as error:
        return [
            wrong(name, f"could not be looked at: {logs.describe(error)}", "See the line above or the log.")
        ]
