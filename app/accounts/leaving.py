"""The one way out: what else has to end with a sign-in is hung here from above."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response

from app.policy import Actor

# Makes the page that somebody who has left sees instead of the sign-in page; called when the sign-out is committed.
Farewell = Callable[[], Response]
# Asked in the transaction of the sign-out, before the sign-in ends; None when it has nothing to say.
Leaving = Callable[[Actor], Farewell | None]
_leaving: list[Leaving] = []


def on_leaving(verb: Leaving) -> Leaving:
    """Register what is to be done when somebody signs out."""
    if all(verb.__qualname__ != there.__qualname__ for there in _leaving):
        _leaving.append(verb)
    return verb


def farewell_of(actor: Actor) -> Farewell | None:
    """Ask everybody who registered, in the open unit of work; the first page that is offered is shown."""
    offered = [verb(actor) for verb in _leaving]
    return next((farewell for farewell in offered if farewell is not None), None)
