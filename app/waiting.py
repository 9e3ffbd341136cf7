"""What waits for a person: each room says what waits in it, one list shows it all, the most urgent first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from app.policy import Actor


@dataclass(frozen=True)
class Waiting:
    """One thing that waits. `about`: which text; `what`: what to do; `why`: because of whom or what; `href` leads to
    the very act. `until` is the last day; `is_news`: to know of, nothing has to be done. `replaces`: the address of an
    act that another room has a line for, which this one says better."""

    about: str
    what: str
    why: str
    href: str
    until: date | None = None
    is_late: bool = False
    is_news: bool = False
    replaces: str = ""

    @property
    def urgency(self) -> tuple[bool, bool, date]:
        """What is to be done before what is only told; what is late first, then by day, what has none last."""
        return self.is_news, not self.is_late, self.until or date.max


Source = Callable[[Actor], Iterable[Waiting]]
_sources: dict[str, Source] = {}


def source(name: str) -> Callable[[Source], Source]:
    """Register what waits in a room. Asked for every page of a person: a fixed number of queries, with a bound."""

    def register(found: Source) -> Source:
        _sources[name] = found
        return found

    return register


def waiting_for(actor: Actor) -> tuple[Waiting, ...]:
    """Everything that waits for a person, the most urgent first."""
    found = [item for each in _sources.values() for item in each(actor)]
    better = {item.replaces for item in found if item.replaces}
    found = [item for item in found if item.replaces or item.href not in better]
    return tuple(sorted(found, key=lambda item: item.urgency))
