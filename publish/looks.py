"""One look for many pages: what all of them ask for is read once, for who makes them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_seen: ContextVar[dict[str, Any] | None] = ContextVar("openlab_one_look", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """Inside one `reading()`, so that nothing is older than the rest of it."""
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def once(name: str, ask: Callable[[], T]) -> T:
    """What `ask` answers, asked once in a look; outside of one, each time."""
    seen = _seen.get()
    if seen is None:
        return ask()
    if name not in seen:
        seen[name] = ask()
    return seen[name]  # type: ignore[no-any-return]
