"""How a command that takes a while says how far it is: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys

import click

# So many lines without a terminal, however much there is to do.
LINES = 10


class Progress:
    """`what` is counted: "pages", "rows"."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._on_a_terminal = sys.stderr.isatty()
        self._bar_is_open = False
        self._told = 0

    def tell(self, done: int, total: int) -> None:
        if not total:
            return
        if self._on_a_terminal:
            filled = 30 * done // total
            click.echo(
                f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {total} {self._what}", nl=False, err=True
            )
            self._bar_is_open = True
        elif done * LINES // total > self._told:
            self._told = done * LINES // total
            click.echo(f"{done} of {total} {self._what}", err=True)

    def end(self) -> None:
        """Other lines follow, or another count from nothing."""
        if self._bar_is_open:
            click.echo(err=True)
            self._bar_is_open = False
        self._told = 0
